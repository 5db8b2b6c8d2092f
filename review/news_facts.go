package review

import (
	"fmt"
	"slices"
	"strings"

	"firebreak/record"
)

// tidings are what people found out, said and decided since: of each thing the
// latest word.
type tidings struct {
	o      NewsOptions
	order  []string                // of what is new, by kind and what it is about
	latest map[string]record.Entry // the last word on each
	items  map[string]string       // the texts of follow-ups, the earlier ones too
}

func newTidings(o NewsOptions) *tidings {
	return &tidings{o: o, latest: map[string]record.Entry{}, items: map[string]string{}}
}

// mostTold is how many lines of one kind the news has; what is more is counted.
const mostTold = 8

// sees says whether the readers get a field at all.
func (t *tidings) sees(e record.Entry, field string) bool {
	return (t.o.Readers == "" || t.o.Readers.Discloses(e.Kind, field)) && e.Absent(field) == ""
}

// take keeps an entry that is new.
func (t *tidings) take(e record.Entry, isNew bool) {
	about := ""
	switch e.Kind { //nolint:exhaustive // the others are no facts
	case record.MomentStated:
		about = keyOf(e, func(p record.Moment) string { return p.Moment })
	case record.ImpactStated:
		about = keyOf(e, func(p record.Impact) string { return p.Measure + "\x00" + p.Class + "\x00" + p.Place })
		if !t.sees(e, "class") || !t.sees(e, "place") { // it cannot be told which of them it replaces
			about += fmt.Sprintf("\x00%d", e.Seq)
		}
	case record.SubjectNamed:
		about = keyOf(e, func(p record.Subject) string { return p.Kind + "\x00" + p.Value })
	case record.TechniqueSeen:
		about = keyOf(e, func(p record.Technique) string { return p.Technique })
	case record.FactorNamed:
		about = keyOf(e, func(p record.Factor) string { return p.ID })
	case record.ControlJudged:
		about = keyOf(e, func(p record.Control) string { return p.ID })
	case record.DecisionTaken:
		about = keyOf(e, func(p record.Decided) string { return p.ID })
	case record.ItemAdded:
		about = keyOf(e, func(p record.Item) string {
			t.items[p.ID] = p.Text
			return p.ID
		})
	case record.ItemChanged:
		about = keyOf(e, func(p record.ItemChange) string {
			if p.Text != nil {
				t.items[p.ID] = *p.Text
			}
			return p.ID
		})
	case record.ClockStarted:
		about = keyOf(e, func(p record.ClockStart) string { return p.Event + "\x00" + strings.Join(p.Clocks, " ") })
	case record.ClockChosen:
		about = keyOf(e, func(p record.ClockChoice) string { return p.Clock })
	case record.ClockMet:
		about = keyOf(e, func(p record.Submission) string { return p.Clock })
	case record.ReviewText:
		about = keyOf(e, func(p record.PartText) string { return p.Part })
	case record.ReviewMoved:
		about = "review"
	case record.ReviewReleased:
		about = keyOf(e, func(p record.Release) string { return p.ID })
	}
	if about == "" || !isNew {
		return
	}
	key := string(e.Kind) + "\x00" + about
	if _, there := t.latest[key]; !there {
		t.order = append(t.order, key)
	}
	t.latest[key] = e
}

// keyOf is what an entry is about; "" where it cannot be read.
func keyOf[P any](e record.Entry, of func(P) string) string {
	var p P
	if e.Decode(&p) != nil {
		return ""
	}
	return of(p)
}

// lines are the news, what it did first.
func (t *tidings) lines() []string {
	var out []string
	for _, k := range []record.Kind{
		record.MomentStated, record.ImpactStated, record.SubjectNamed, record.TechniqueSeen, record.FactorNamed, record.ControlJudged,
		record.ClockStarted, record.ClockChosen, record.ClockMet, record.ItemAdded, record.ItemChanged,
		record.ReviewText, record.ReviewMoved, record.ReviewReleased,
	} {
		out = append(out, t.of(k)...)
	}
	return out
}

// of are the lines of one kind.
func (t *tidings) of(k record.Kind) []string {
	var out []string
	silent := 0
	for _, key := range t.order {
		e := t.latest[key]
		if e.Kind != k {
			continue
		}
		switch line := oneLine(t.line(e)); {
		case line == "":
			silent++
		case !slices.Contains(out, line):
			out = append(out, line)
		}
	}
	if k == record.ItemAdded && silent > 0 {
		out = append(out, counted(silent, "follow-up was promised", "follow-ups were promised"))
	}
	if more := len(out) - mostTold; more > 0 {
		out = append(out[:mostTold], fmt.Sprintf("and %d more of these", more))
	}
	return out
}

// decided are the decisions, and how many there are whose choice these readers may
// not see.
func (t *tidings) decided() (said []string, unsaid, back int) {
	for _, key := range t.order {
		e := t.latest[key]
		var p record.Decided
		if e.Kind != record.DecisionTaken || e.Decode(&p) != nil {
			continue
		}
		switch {
		case p.Withdrawn:
			back++
		case p.Choice == "":
			unsaid++
		default:
			said = append(said, "Decided: "+oneLine(p.Choice))
		}
	}
	return said, unsaid, back
}

// line is one of them as its readers may have it; "" where nothing is left to say.
func (t *tidings) line(e record.Entry) string {
	public := t.o.Readers == record.PublicProfile
	switch e.Kind { //nolint:exhaustive // see take
	case record.MomentStated:
		return told(e, func(p record.Moment) string {
			switch {
			case !p.At.IsZero():
				return fmt.Sprintf("It %s at %s", momentWord(p.Moment), minuteOf(p.At))
			case !t.sees(e, "at"):
				return "" // that somebody knows when is no news
			}
			return "Taken back: when it " + momentWord(p.Moment)
		})
	case record.ImpactStated:
		return told(e, t.impact)
	case record.SubjectNamed:
		return told(e, func(p record.Subject) string {
			switch {
			case record.Gone(p.Value) || public && p.Role != "attacker":
				return "" // who was affected is not the public's, nor how many they are
			case p.Withdrawn:
				return fmt.Sprintf("Taken back: what was said of %s %s", p.Kind, p.Value)
			}
			return fmt.Sprintf("Known now: %s %s is %s", p.Kind, p.Value, subjectWord(p.Role))
		})
	case record.TechniqueSeen:
		return told(e, func(p record.Technique) string {
			what := strings.TrimSpace(p.Technique + " " + p.Name)
			if p.Withdrawn {
				return "Taken back: the attacker used " + what
			}
			return "The attacker used " + what
		})
	case record.FactorNamed:
		return told(e, func(p record.Factor) string {
			switch {
			case p.Text == "":
				return ""
			case p.Withdrawn:
				return "No longer held to have helped it: " + p.Text
			}
			return fmt.Sprintf("What helped it (%s): %s", given(p.Category), p.Text)
		})
	case record.ControlJudged:
		return told(e, func(p record.Control) string {
			switch {
			case p.Held == "" || len(p.Refs) == 0:
				return ""
			case p.Withdrawn:
				return "Taken back: what was said of the control " + strings.Join(p.Refs, ", ")
			}
			return fmt.Sprintf("Control %s: %s", strings.Join(p.Refs, ", "), p.Held)
		})
	case record.ClockStarted, record.ClockChosen, record.ClockMet:
		return t.clock(e)
	case record.ItemAdded:
		return told(e, func(p record.Item) string {
			switch {
			case p.Text == "":
				return ""
			case p.Due.IsZero():
				return "Promised: " + p.Text
			}
			return fmt.Sprintf("Promised until %s: %s", day(p.Due), p.Text)
		})
	case record.ItemChanged:
		return told(e, t.item)
	}
	return t.review(e)
}

// told is a line of an entry's payload.
func told[P any](e record.Entry, say func(P) string) string { return keyOf(e, say) }

func (t *tidings) impact(p record.Impact) string {
	if !p.Withdrawn && p.Low == nil && p.High == nil && p.From.IsZero() && p.Text == "" && p.Certainty != "excluded" {
		return ""
	}
	text, _ := describeImpact(p)
	return "Effect" + strings.TrimPrefix(text, "impact")
}

func (t *tidings) clock(e record.Entry) string {
	switch e.Kind { //nolint:exhaustive // the three that deadlines are made of
	case record.ClockStarted:
		return told(e, func(p record.ClockStart) string {
			switch {
			case p.Event == "" || p.At.IsZero() && !t.sees(e, "at"):
				return ""
			case p.At.IsZero():
				return fmt.Sprintf("Deadlines count from %q no longer", p.Event)
			}
			return fmt.Sprintf("Deadlines count from %s (%s)", minuteOf(p.At), p.Event)
		})
	case record.ClockChosen:
		return told(e, func(p record.ClockChoice) string {
			switch {
			case p.Clock == "":
				return ""
			case p.Applies:
				return "Deadline " + p.Clock + " applies"
			}
			return "Deadline " + p.Clock + " does not apply"
		})
	}
	return told(e, func(p record.Submission) string {
		switch {
		case p.Clock == "" || p.At.IsZero() && !t.sees(e, "at"):
			return ""
		case p.At.IsZero():
			return "Deadline " + p.Clock + ": taken back that it was met"
		case p.To != "":
			return fmt.Sprintf("Deadline %s: done at %s, to %s", p.Clock, minuteOf(p.At), p.To)
		}
		return fmt.Sprintf("Deadline %s: done at %s", p.Clock, minuteOf(p.At))
	})
}

// item says what became of a follow-up.
func (t *tidings) item(p record.ItemChange) string {
	text := t.items[p.ID]
	if text == "" {
		return ""
	}
	switch {
	case p.State != "":
		return fmt.Sprintf("Follow-up %s is %s: %s", p.ID, p.State, text)
	case p.Due != nil && !p.Due.IsZero():
		return fmt.Sprintf("Follow-up %s is due %s now: %s", p.ID, day(*p.Due), text)
	case p.Owner != nil && *p.Owner != "":
		return fmt.Sprintf("Follow-up %s is %s's now: %s", p.ID, *p.Owner, text)
	}
	return fmt.Sprintf("Follow-up %s was changed: %s", p.ID, text)
}

// review says how far the review is. The public hears of what was released for it.
func (t *tidings) review(e record.Entry) string {
	public := t.o.Readers == record.PublicProfile
	switch e.Kind { //nolint:exhaustive // the others are no news of the review
	case record.ReviewText:
		return told(e, func(p record.PartText) string {
			if public {
				return ""
			}
			return "Written for the review: " + partWords(p.Part)
		})
	case record.ReviewMoved:
		return told(e, func(p record.ReviewMove) string {
			if public {
				return ""
			}
			return "The review is " + given(string(p.To))
		})
	case record.ReviewReleased:
		return told(e, func(p record.Release) string {
			if public && p.Profile != record.PublicProfile {
				return ""
			}
			return fmt.Sprintf("The review was released: %s, profile %s", p.ID, given(string(p.Profile)))
		})
	}
	return ""
}
