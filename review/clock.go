package review

import (
	"time"

	"firebreak/record"
)

// drift is how far the wall clock may run from the machine's own uptime before
// a review says so.
const drift = 2 * time.Second

// wallClock is how most durations are measured.
const wallClock = "wall clock"

// ClockJump is a place in the record where the wall clock and the time that
// really passed do not agree: somebody set the clock, the machine slept, or
// the next entry was written on another machine.
type ClockJump struct {
	After  int64         `json:"after_seq"`
	Before int64         `json:"before_seq"`
	Wall   time.Duration `json:"wall_ns"`             // what the wall clock says passed
	Steady time.Duration `json:"steady_ns,omitempty"` // what the uptime says passed, when it is known
	Known  bool          `json:"steady_known"`
}

func (b *builder) clock() {
	for i := 1; i < len(b.entries); i++ {
		before, e := b.entries[i-1], b.entries[i]
		wall := e.Time.Sub(before.Time)
		steady, known := steadily(before, e)
		switch {
		case known && (wall-steady > drift || steady-wall > drift), !known && wall < -drift:
			b.r.ClockJumps = append(b.r.ClockJumps, ClockJump{before.Seq, e.Seq, wall, steady, known})
		}
	}
}

// steadily is the time between two entries by the machine's uptime. It is not
// known across a restart or between two machines.
func steadily(from, to record.Entry) (time.Duration, bool) {
	if from.Boot == "" || from.Boot != to.Boot || to.Mono < from.Mono {
		return 0, false
	}
	return time.Duration(to.Mono - from.Mono), true
}

// Point is one end of a duration.
type Point struct {
	Time time.Time `json:"time,omitzero"`
	What string    `json:"what"`
	Seq  int64     `json:"seq,omitempty"` // the entry it was taken from
}

// Duration is how long a part of the incident took: what is meant, both ends,
// and how it was measured. When it is not known, Reason says why.
type Duration struct {
	Key        string        `json:"key"` // exposure, detect, acknowledge, contain, eradicate, recover, total
	Title      string        `json:"title"`
	Definition string        `json:"definition"`
	From       Point         `json:"from"`
	To         Point         `json:"to"`
	Known      bool          `json:"known"`
	Took       time.Duration `json:"took_ns,omitempty"`
	Measured   string        `json:"measured,omitempty"` // "wall clock" or "uptime"
	Note       string        `json:"note,omitempty"`
	Hours      bool          `json:"to_the_hour,omitempty"` // its ends are shown to the hour, so it may be up to an hour more or less
	Reason     string        `json:"reason,omitempty"`      // why it is not known
}

// Shown is the length in words, "unknown" when it is not known.
func (d Duration) Shown() string {
	if !d.Known {
		return "unknown"
	}
	return length(d.Took, d.Hours)
}

// Length is a time between two moments of the review in words: of one whose moments
// are shown to the hour, no finer than that.
func (r Review) Length(d time.Duration) string { return length(d, r.ToTheHour()) }

// ToTheHour says that the readers are shown times to the hour (package audience).
func (r Review) ToTheHour() bool { return r.Readers.Profile == record.PublicProfile }

func length(d time.Duration, hours bool) string {
	switch {
	case !hours:
		return span(d)
	case d < time.Hour:
		return "less than an hour"
	}
	return "about " + span(d.Round(time.Hour))
}

// end is one end of a duration while it is being worked out. Without an entry
// of its own it is a time that people or evidence told.
type end struct {
	at    time.Time
	what  string
	entry *record.Entry // written at that very moment
	told  int64         // entry that tells of the moment
	why   string        // why the moment is not known
}

func (e end) point() Point {
	p := Point{Time: e.at.UTC(), What: e.what, Seq: e.told}
	if e.entry != nil {
		p.Seq = e.entry.Seq
	}
	return p
}

// measure fills in how long it took. Between two entries of one machine's
// uptime a clock that was set back cannot make it wrong; where it can, a
// negative result is not shown as a duration but as the reason for having none.
func (d Duration) measure(from, to end) Duration {
	d.From, d.To = from.point(), to.point()
	if d.Reason = first(from.why, to.why); d.Reason != "" {
		return d
	}
	d.Took, d.Measured, d.Known = to.at.Sub(from.at), wallClock, true
	if from.entry != nil && to.entry != nil {
		if steady, ok := steadily(*from.entry, *to.entry); ok {
			switch {
			case steady-d.Took > drift:
				d.Note = "the wall clock was set back in between and would say " + span(d.Took)
				d.Took, d.Measured = steady, "uptime"
			case d.Took-steady > drift:
				d.Note = "the machine's uptime says " + span(steady) + ": it slept, or the wall clock was set forward in between"
			}
		}
	}
	if d.Took < 0 {
		d.Reason = "its end is " + span(-d.Took) + " before its beginning by the wall clock: one of the two times is wrong"
		d.Took, d.Measured, d.Known = 0, "", false
	}
	return d
}
