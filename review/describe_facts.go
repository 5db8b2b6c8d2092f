package review

import (
	"fmt"
	"strings"
	"time"

	"firebreak/record"
)

// factDescriber puts into words what people found out, said and decided.
func factDescriber(k record.Kind) func(record.Entry) (string, bool, error) {
	switch k { //nolint:exhaustive // describer has the others
	case record.MomentStated:
		return lineOf(func(e record.Entry, p record.Moment) (string, bool) {
			at := atOf(e, p.At)
			if at == "" {
				return "takes back when it " + momentWord(p.Moment) + because(p.Reason), false
			}
			word := momentWord(p.Moment)
			if p.Moment == "occurred" {
				word = "it " + word
			}
			return word + " at " + at + because(p.Reason), false
		})
	case record.ImpactStated:
		return line(describeImpact)
	case record.SubjectNamed:
		return line(func(p record.Subject) (string, bool) {
			if p.Withdrawn {
				return fmt.Sprintf("takes back what was said of %s %s", given(p.Kind), given(p.Value)), false
			}
			return fmt.Sprintf("%s %s is %s", given(p.Kind), given(p.Value), subjectWord(p.Role)) + because(p.Note), false
		})
	case record.TechniqueSeen:
		return line(func(p record.Technique) (string, bool) {
			what := "technique " + given(p.Technique)
			if p.Name != "" {
				what += " (" + p.Name + ")"
			}
			if p.Withdrawn {
				return what + " taken back" + because(p.Text), false
			}
			return what + " was used" + because(p.Text), false
		})
	case record.FactorNamed:
		return line(func(p record.Factor) (string, bool) {
			return fmt.Sprintf("%s factor %s%s: %s", given(p.Category), given(p.ID), withdrawn(p.Withdrawn), given(p.Text)), false
		})
	case record.ControlJudged:
		return line(func(p record.Control) (string, bool) {
			s := fmt.Sprintf("control %s%s (%s): %s", given(p.ID), withdrawn(p.Withdrawn), strings.Join(p.Refs, ", "), given(p.Held))
			if p.Text != "" {
				s += ", " + p.Text
			}
			return s, false
		})
	case record.DecisionTaken:
		return line(describeDecided)
	case record.ShiftHandedOn:
		return line(func(p record.HandedOn) (string, bool) {
			s := "handed on to " + given(p.To)
			if p.Text != "" {
				s += ": " + p.Text
			}
			return s, false
		})
	case record.ItemChanged:
		return line(describeItemChange)
	}
	return nil
}

// momentWord is what the incident did, or what was done to it.
func momentWord(m string) string {
	if m == "occurred" {
		return m
	}
	return "was " + given(m)
}

// atOf is the time of a fact, or the mark of one that was withheld or erased; ""
// where the fact has none, which takes it back.
func atOf(e record.Entry, at time.Time) string {
	if at.IsZero() {
		return e.Absent("at")
	}
	return minuteOf(at)
}

func subjectWord(role string) string {
	switch role {
	case "attacker":
		return "the attacker's"
	case "victim":
		return "affected"
	case "responder":
		return "a responder's"
	case "third-party":
		return "a third party's"
	case "none":
		return "none of this incident's"
	}
	return given(role)
}

func withdrawn(yes bool) string {
	if yes {
		return " taken back"
	}
	return ""
}

func minuteOf(t time.Time) string { return t.UTC().Format("2006-01-02 15:04Z") }

func describeImpact(p record.Impact) (string, bool) {
	s := "impact, " + given(p.Measure)
	for _, of := range []string{p.Class, p.Place} {
		if of != "" {
			s += ", " + of
		}
	}
	if p.Withdrawn {
		return s + " taken back" + because(first(p.Text, p.Basis)), false
	}
	s += ": " + strings.TrimSpace(bounds(p.Low, p.High)+" "+p.Unit)
	if p.Low == nil && p.High == nil {
		s = strings.TrimRight(s, ": ")
	}
	if !p.From.IsZero() {
		s += " from " + minuteOf(p.From)
	}
	if !p.To.IsZero() {
		s += " to " + minuteOf(p.To)
	}
	if p.Text != "" {
		s += ", " + p.Text
	}
	return s + " (" + given(p.Certainty) + ")", false
}

// bounds writes a number that lies between two.
func bounds(low, high *float64) string {
	number := func(f float64) string { return strings.TrimSuffix(fmt.Sprintf("%.2f", f), ".00") }
	switch {
	case low == nil && high == nil:
		return ""
	case low == nil:
		return "at most " + number(*high)
	case high == nil:
		return "at least " + number(*low)
	case *low == *high:
		return number(*low)
	}
	return number(*low) + " to " + number(*high)
}

func describeDecided(p record.Decided) (string, bool) {
	if p.Withdrawn {
		return fmt.Sprintf("decision %s taken back", given(p.ID)) + because(p.Reason), false
	}
	s := fmt.Sprintf("decision %s: %s", given(p.ID), given(p.Choice))
	if p.By != "" {
		s += ", taken by " + p.By
	}
	return s + because(p.Reason), false
}

func describeItemChange(p record.ItemChange) (string, bool) {
	var parts []string
	if p.State != "" {
		parts = append(parts, p.State)
	}
	for _, c := range []struct {
		name  string
		value *string
	}{{"", p.Text}, {"owner ", p.Owner}, {"", p.Class}, {"seen by: ", p.Verify}, {"answers ", p.Factor}} {
		if c.value != nil {
			parts = append(parts, c.name+given(*c.value))
		}
	}
	if p.Due != nil {
		parts = append(parts, "due "+day(*p.Due))
	}
	if p.Link != "" {
		parts = append(parts, "tracked at "+p.Link)
	}
	s := fmt.Sprintf("follow-up %s: %s", given(p.ID), strings.Join(parts, ", "))
	if p.Source != "" {
		s += ", as " + p.Source + " says"
	}
	return s + because(p.Reason), false
}
