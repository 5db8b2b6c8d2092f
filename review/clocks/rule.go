package clocks

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"firebreak/playbooks"
	"firebreak/record"
)

// Event is what a deadline counts from. People say when it was; two of them follow
// from something else.
type Event string

// The events. Previous is the submission of the rule named in After, YearEnd the end
// of the year of Discovered. Opened, Closed and Told are the program's own, for the
// deadlines of the house.
const (
	Aware          Event = "aware"           // it is known that it happened
	Suspected      Event = "suspected"       // it is suspected
	Discovered     Event = "discovered"      // it is known, or would be with reasonable diligence
	Determined     Event = "determined"      // a decision was taken: it is material, it is a breach
	Classified     Event = "classified"      // it was classified as major
	Paid           Event = "paid"            // a ransom was paid
	Previous       Event = "previous"        // the stage before was submitted
	NotifiedPeople Event = "notified_people" // individuals were told
	FixAvailable   Event = "fix_available"   // there is a corrective or mitigating measure
	YearEnd        Event = "year_end"        // the year of discovery ends

	Closed Event = "closed" // the incident was closed
	Told   Event = "told"   // an audience was told the last time
)

// Events are those that people can state, in the order in which they tend to come.
func Events() []Event {
	return []Event{Suspected, Aware, Discovered, Classified, Determined, Paid, NotifiedPeople, FixAvailable}
}

// Means is the event in words.
func (e Event) Means() string {
	switch e {
	case Aware:
		return "it is known that it happened"
	case Suspected:
		return "it is suspected"
	case Discovered:
		return "it is known, or would have been with reasonable diligence"
	case Determined:
		return "it was decided that it is one: a breach, material, to be notified"
	case Classified:
		return "it was classified as major"
	case Paid:
		return "a ransom was paid"
	case Previous:
		return "the stage before was submitted"
	case NotifiedPeople:
		return "individuals were told"
	case FixAvailable:
		return "a corrective or mitigating measure is available"
	case YearEnd:
		return "the year of its discovery ends"
	case Closed:
		return "the incident was closed"
	case Told:
		return "they were told the last time"
	}
	return string(e)
}

func fileEvents() []string {
	out := []string{string(Previous), string(YearEnd)}
	for _, e := range Events() {
		out = append(out, string(e))
	}
	return out
}

// Period is how long a deadline runs. One of the fields is set; none is a duty
// without a number.
type Period struct {
	Time         time.Duration // elapsed: hours run through weekends and holidays
	Days, Months int           // of the calendar, to the end of the last day
	BusinessDays int           // to the end of the last day
}

// IsZero says that there is no number.
func (p Period) IsZero() bool { return p == Period{} }

// String is the period as files write it: 72h, 30d, 4bd, 1mo.
func (p Period) String() string {
	switch {
	case p.Months > 0:
		return strconv.Itoa(p.Months) + "mo"
	case p.BusinessDays > 0:
		return strconv.Itoa(p.BusinessDays) + "bd"
	case p.Days > 0:
		return strconv.Itoa(p.Days) + "d"
	case p.Time > 0 && p.Time%time.Hour == 0:
		return strconv.Itoa(int(p.Time/time.Hour)) + "h"
	case p.Time > 0:
		return strconv.Itoa(int(p.Time/time.Minute)) + "min"
	}
	return ""
}

// MarshalText writes the period as String does.
func (p Period) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// Words is the period as a sentence has it: 72 hours, 4 business days, 1 month.
func (p Period) Words() string {
	count := func(n int, one string) string {
		if n == 1 {
			return "1 " + one
		}
		return strconv.Itoa(n) + " " + one + "s"
	}
	switch {
	case p.Months > 0:
		return count(p.Months, "month")
	case p.BusinessDays > 0:
		return count(p.BusinessDays, "business day")
	case p.Days > 0:
		return count(p.Days, "day")
	case p.Time > 0 && p.Time%time.Hour == 0:
		return count(int(p.Time/time.Hour), "hour")
	case p.Time > 0:
		return count(int(p.Time/time.Minute), "minute")
	}
	return ""
}

// mostPeriod bounds each number of a period: ten years of days.
const mostPeriod = 3660

// ParsePeriod reads 30min, 72h, 30d, 4bd or 1mo. The second value says whether it is
// one.
func ParsePeriod(s string) (Period, bool) {
	digits := strings.TrimRight(s, "abcdefghijklmnopqrstuvwxyz")
	n, err := strconv.Atoi(digits)
	if err != nil || n <= 0 || n > mostPeriod || digits[0] == '+' {
		return Period{}, false
	}
	switch s[len(digits):] {
	case "min":
		return Period{Time: time.Duration(n) * time.Minute}, true
	case "h":
		return Period{Time: time.Duration(n) * time.Hour}, true
	case "d":
		return Period{Days: n}, true
	case "bd":
		return Period{BusinessDays: n}, true
	case "mo":
		return Period{Months: n}, true
	}
	return Period{}, false
}

// Rest is what becomes of a last day that is no working day.
type Rest string

// Keep leaves it; Move takes the next working day; Unsure leaves it and says that it
// may move: the notes of the rule have more.
const (
	Keep   Rest = "keep"
	Move   Rest = "next_working_day"
	Unsure Rest = "see_notes"
)

// Confidence is how sure a rule is.
type Confidence string

// Primary: the text of the law or of the regulator was read. Secondary: pages of
// others that say what it says. Remembered: nobody looked it up. Own: people of this
// workspace wrote it.
const (
	Primary    Confidence = "primary"
	Secondary  Confidence = "secondary"
	Remembered Confidence = "remembered"
	Own        Confidence = "own"
)

// Ask is one thing that a notification has to say, and what of the record answers
// it. What no part of the record answers is left to a person.
type Ask struct {
	Text string   `json:"text"`
	From []string `json:"from,omitempty"`
}

// Backstop is a second limit: whichever is earlier holds, until its own is over.
type Backstop struct {
	Start  Event  `json:"start"`
	Within Period `json:"within"`
}

// Rule is one deadline as a law, a contract or the house has it.
type Rule struct {
	ID         string         `json:"clock"`
	Regime     string         `json:"regime"`          // what the configuration names: GDPR
	Place      string         `json:"place,omitempty"` // EU, UK, US, US-CA
	Duty       string         `json:"duty"`
	Who        string         `json:"who,omitempty"`
	When       string         `json:"when,omitempty"` // what makes it apply
	Start      Event          `json:"start"`
	After      string         `json:"after,omitempty"`    // the rule whose submission it counts from
	OfLast     bool           `json:"of_last,omitempty"`  // the last of several submissions
	Within     Period         `json:"within,omitzero"`    // none: a duty without a number
	Soft       string         `json:"soft,omitempty"`     // what holds before the number does
	Backstop   *Backstop      `json:"backstop,omitempty"` //
	Rest       Rest           `json:"non_working_day,omitempty"`
	Ends       string         `json:"ends,omitempty"` // time of the last day, as in 17:30; its end without
	Zone       string         `json:"zone,omitempty"` // where the text itself says where days are counted
	To         string         `json:"to,omitempty"`
	Readers    record.Profile `json:"readers,omitempty"` // what a draft may show; regulator without
	Content    []Ask          `json:"content,omitempty"`
	Exceptions []string       `json:"exceptions,omitempty"`
	Phased     bool           `json:"phased,omitempty"` // may be given in parts
	Also       string         `json:"also,omitempty"`   // to be done besides
	Counting   string         `json:"counting,omitempty"`
	Notes      string         `json:"notes,omitempty"`
	Watch      string         `json:"watch,omitempty"` // what may change soon
	Since      string         `json:"since,omitempty"` // in force from this day on
	Citation   string         `json:"citation,omitempty"`
	Sources    []string       `json:"sources,omitempty"`
	Confidence Confidence     `json:"confidence"`
	Checked    string         `json:"checked,omitempty"` // the day on which the sources were looked at
	File       string         `json:"file,omitempty"`    // of a rule of one's own
	Line       int            `json:"-"`

	loc *time.Location // of Zone
}

// Profile is what a draft for this rule may show.
func (r Rule) Profile() record.Profile { return cmp.Or(r.Readers, record.RegulatorProfile) }

// Limit is the deadline in words: 72 hours, without undue delay, where feasible.
func (r Rule) Limit() string {
	words := r.Within.Words()
	if r.Backstop != nil {
		words += ", " + r.Backstop.Within.Words() + " from " + string(r.Backstop.Start) + " at the latest"
	}
	switch {
	case words == "":
		return r.Soft
	case r.Soft == "":
		return words
	}
	return words + " (" + r.Soft + ")"
}

// Book is all rules that are known, and which of them are on.
type Book struct {
	rules []Rule
	at    map[string]int
	on    map[string]bool
}

// Rules are all of them: ours first, then those of the workspace.
func (b *Book) Rules() []Rule { return slices.Clone(b.rules) }

// Rule finds one by its id.
func (b *Book) Rule(id string) (Rule, bool) {
	i, ok := b.at[id]
	if !ok {
		return Rule{}, false
	}
	return b.rules[i], true
}

// IDs are the ids of all rules.
func (b *Book) IDs() []string {
	out := make([]string, len(b.rules))
	for i, r := range b.rules {
		out[i] = r.ID
	}
	return out
}

// On says whether a rule is shown without anybody having said that it applies.
func (b *Book) On(id string) bool { return b.on[id] }

// Checked is the oldest day on which sources of the rules that are on were looked
// at; "" where none has one.
func (b *Book) Checked() string {
	oldest := ""
	for _, r := range b.rules {
		if b.on[r.ID] && r.Checked != "" && (oldest == "" || r.Checked < oldest) {
			oldest = r.Checked
		}
	}
	return oldest
}

// stale is how long what was looked up is taken for current.
const stale = 180 * 24 * time.Hour

// Stale says that a day on which something was looked at is too long ago.
func Stale(checked string, now time.Time) bool {
	t, err := time.Parse(time.DateOnly, checked)
	return err == nil && now.Sub(t) > stale
}

// Choice is which rules are on.
type Choice struct {
	Regimes []string // regimes and places: GDPR, US-TX
	Also    []string // ids
	All     bool     // what is only remembered too
}

// Calendars are the business days by regime or place; "default" is for the others.
type Calendars map[string]playbooks.Calendar

// DefaultCalendar is the name of the calendar of all that have none of their own.
const DefaultCalendar = "default"

func (c Calendars) of(r Rule) playbooks.Calendar {
	for _, name := range []string{r.Regime, r.Place} {
		for key, cal := range c {
			if name != "" && strings.EqualFold(key, name) {
				return cal
			}
		}
	}
	return c[DefaultCalendar]
}
