package review

import (
	"fmt"

	"firebreak/record"
)

// drillDescriber is describer for what only an exercise has.
func drillDescriber(k record.Kind) func(record.Entry) (string, bool, error) {
	switch k { //nolint:exhaustive // describer has the others
	case record.DrillBegun:
		return line(func(p record.Exercise) (string, bool) {
			pace := fmt.Sprintf("its clock runs at %g times the world's", p.Speed)
			switch p.Speed {
			case 0:
				pace = "its clock is moved by hand"
			case 1:
				pace = "its clock runs as the world's"
			}
			return fmt.Sprintf("the exercise %s %s begins, seed %d; %s", given(first(p.Name, p.Scenario)), p.Version, p.Seed, pace), false
		})
	case record.DrillClock:
		return line(func(p record.ClockMove) (string, bool) {
			return fmt.Sprintf("the clock of the exercise moves on by %s%s", span(p.By), because(p.Reason)), false
		})
	case record.DrillInject:
		return lineOf(func(e record.Entry, p record.Inject) (string, bool) {
			s := fmt.Sprintf("inject %s: %s", given(p.Inject), first(p.Title, e.Absent("title"), withheld))
			if p.From != "" {
				s += ", from " + p.From
			}
			if p.To != "" {
				s += ", for the " + string(p.To)
			}
			if p.Due > 0 {
				s += ", to be answered by " + span(p.Due) + " into the exercise"
			}
			return s, false
		})
	case record.DrillAnswered:
		return line(func(p record.InjectAnswer) (string, bool) {
			s := "inject " + given(p.Inject) + " answered"
			if p.Choice != "" {
				s += ": " + p.Choice
			}
			return s + because(p.Note), false
		})
	case record.DrillEnded:
		return line(func(p record.Reason) (string, bool) { return "the exercise has ended" + because(p.Reason), false })
	case record.DrillReported:
		return line(func(p record.DrillReport) (string, bool) {
			return fmt.Sprintf("report of the exercise written over %s, root %s: %d %% of the points", counted64(p.Size, "entry", "entries"), brief(p.Root), p.Percent), false
		})
	}
	return nil
}
