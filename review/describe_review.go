package review

import (
	"fmt"

	"firebreak/record"
)

// reviewDescriber puts into words what became of the review, and of deadlines.
func reviewDescriber(k record.Kind) func(record.Entry) (string, bool, error) {
	switch k { //nolint:exhaustive // describer has the others
	case record.ReviewText:
		return line(func(p record.PartText) (string, bool) {
			return fmt.Sprintf("wrote the review's %s, version %d", partWords(p.Part), p.Version), false
		})
	case record.ReviewMoved:
		return line(func(p record.ReviewMove) (string, bool) {
			return fmt.Sprintf("the review is %s, after %s", given(string(p.To)), given(string(p.From))) + because(p.Reason), false
		})
	case record.ReviewReleased:
		return line(func(p record.Release) (string, bool) {
			s := fmt.Sprintf("release %s of the review over %s, profile %s", given(p.ID), counted64(p.Size, "entry", "entries"), given(string(p.Profile)))
			if p.To != "" {
				s += ", for " + p.To
			}
			return s + because(p.Reason), false
		})
	case record.ClockStarted:
		return lineOf(func(e record.Entry, p record.ClockStart) (string, bool) {
			at := atOf(e, p.At)
			if at == "" {
				return given(p.Event) + " is taken back as the start of deadlines" + because(p.Reason), false
			}
			return fmt.Sprintf("%s at %s: deadlines count from it", given(p.Event), at) + because(p.Reason), false
		})
	case record.ClockChosen:
		return line(func(p record.ClockChoice) (string, bool) {
			word := "does not apply"
			if p.Applies {
				word = "applies"
			}
			return fmt.Sprintf("deadline %s %s", given(p.Clock), word) + because(p.Reason), false
		})
	case record.ClockMet:
		return lineOf(func(e record.Entry, p record.Submission) (string, bool) {
			at := atOf(e, p.At)
			if at == "" {
				return fmt.Sprintf("deadline %s: it is taken back that it was met", given(p.Clock)) + because(p.Note), false
			}
			s := fmt.Sprintf("deadline %s: done at %s", given(p.Clock), at)
			if p.To != "" {
				s += ", to " + p.To
			}
			if p.Proof != "" {
				s += ", proof " + p.Proof
			}
			return s, false
		})
	}
	return nil
}

// partWords name a part in a sentence: "summary for the public".
func partWords(key string) string {
	part, readers := record.PartReaders(key)
	if readers == "" {
		return given(part)
	}
	return part + " for " + ReadersWord(readers)
}
