package review

import (
	"fmt"
	"strings"
	"time"

	"firebreak/record"
)

// TimelineNote says what a timeline of so many rows leaves out.
func (r Review) TimelineNote(rows int) string {
	s := "Entries are in the order of the record. Only events of the evidence that people marked are shown."
	if r.LeftOut > 0 {
		s += fmt.Sprintf(" %s no row of their own, because another row tells what they tell.", counted(r.LeftOut, "entry has", "entries have"))
	}
	if n := len(r.Timeline) - rows; n > 0 {
		s += fmt.Sprintf(" %s not shown here: see the JSON form.", counted(n, "row is", "rows are"))
	}
	return s
}

// Unsure says that nobody knows whether the action took effect.
func (a Action) Unsure() bool { return a.open() }

// Final says that the action is done and cannot be undone.
func (a Action) Final() bool { return a.HowUndone() == irrevocable }

// Says is what became of the run in one sentence.
func (r Run) Says() string { return runSentence(r) }

// Alarming says that the step should have ended otherwise, or at all.
func (s Step) Alarming() bool {
	return s.State == stepFailed || s.State == stepUnreached || s.State == stepOpen
}

// Remark is what there is to say about a step besides its state.
func (s Step) Remark() string { return stepRemark(s) }

func stepRemark(s Step) string {
	parts := make([]string, 0, 2+len(s.Answers))
	for _, p := range []string{s.Why, s.Note} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	for _, a := range s.Answers {
		parts = append(parts, fmt.Sprintf("%s %v", first(a.Question, a.Name), a.Answer))
	}
	if s.Attempts > 1 {
		parts = append(parts, fmt.Sprintf("%d attempts", s.Attempts))
	}
	return strings.Join(parts, "; ")
}

// Broken lists the exhibits that a check found not to match their seal.
func (r Review) Broken() []string { return r.broken() }

// Sized is the exhibit's size in words.
func (x Exhibit) Sized() string {
	if x.Erased != "" {
		return record.ErasedMark
	}
	return size(x.Size)
}

// Moment is one of the times between which the events are.
func (x Ingestion) Moment(t time.Time) string {
	if x.Erased && t.IsZero() {
		return record.ErasedMark
	}
	return When(t)
}

// Says is the collection in one sentence, without its stop.
func (c Collection) Says() string { return collectionSentence(c) }

func collectionSentence(c Collection) string {
	s, _ := describeCollection(c.Collection)
	s += ", profile " + given(c.Profile)
	if c.AsRoot {
		return s + ", as root"
	}
	return s + ", NOT as root"
}

// Remark is what there is to say about an exhibit besides its hash.
func (x Exhibit) Remark() string { return exhibitRemark(x) }

func exhibitRemark(x Exhibit) string {
	parts := append([]string{}, x.Deviations...)
	if x.Erased != "" {
		parts = append(parts, "ERASED with its content, by erasure "+x.Erased)
	}
	if x.Changed {
		parts = append(parts, "changed while it was read")
	}
	if x.ClockOffset != 0 {
		parts = append(parts, "clock of the source off by "+span(x.ClockOffset))
	}
	for _, c := range x.Checks {
		if c.OK {
			parts = append(parts, "checked "+stamp(c.Time)+": as sealed")
		} else {
			parts = append(parts, "CHECKED "+stamp(c.Time)+": DOES NOT MATCH, found "+given(c.Found))
		}
	}
	return strings.Join(parts, "; ")
}

// Says is what became of the evidence in one sentence.
func (in Ingested) Says() string { return ingestSentence(in) }

func ingestSentence(in Ingested) string {
	s := fmt.Sprintf("%s seen, %s made of them, %s of these new, %s rejected", counted64(in.Seen, "record was", "records were"),
		counted64(in.Events, "event", "events"), grouped(in.Added), grouped(in.Rejected))
	if !in.First.IsZero() {
		s += ", from " + stamp(in.First) + " to " + stamp(in.Last)
	}
	return s + "."
}

// SteadyWords is what the uptime says of a jump of the clock.
func (j ClockJump) SteadyWords() string {
	if !j.Known {
		return "unknown"
	}
	return span(j.Steady)
}

// VerifyWords say what a seal is good for, and what it is not.
const VerifyWords = verifyWords

const verifyWords = "Keep the seal somewhere else: whoever holds it can show that the record was changed afterwards. " +
	"Without a copy outside the machine, the holder of its key could have rewritten everything. " +
	"To check the record, its signatures and its evidence:"

// When writes a time for people, "unknown" when there is none.
func When(t time.Time) string {
	if t.IsZero() {
		return "unknown"
	}
	return stamp(t)
}

// Day writes a date for people.
func Day(t time.Time) string { return day(t) }

// Span writes a duration for people, in at most two units.
func Span(d time.Duration) string { return span(d) }

// Grouped writes 4812331 as 4,812,331.
func Grouped(n int64) string { return grouped(n) }

// Counted writes a number with what it counts.
func Counted(n int64, one, many string) string { return counted64(n, one, many) }

// Brief is the beginning of a hash, enough to compare by eye.
func Brief(hash string) string { return brief(hash) }
