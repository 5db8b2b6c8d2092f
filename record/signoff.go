package record

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"firebreak/incident"
)

// ReviewNamespace is that of the signatures under moves of a review.
const ReviewNamespace = "firebreak-review"

// ReviewStates are the states of a review in their order.
func ReviewStates() []ReviewState {
	return []ReviewState{ReviewDraft, ReviewInReview, ReviewReviewed, ReviewClosed}
}

// Before says whether a review that far is less far than in the other state.
func (s ReviewState) Before(other ReviewState) bool {
	return slices.Index(ReviewStates(), s) < slices.Index(ReviewStates(), other)
}

// Next is the state after this one, "" after the last.
func (s ReviewState) Next() ReviewState {
	all := ReviewStates()
	if i := slices.Index(all, s); i >= 0 && i+1 < len(all) {
		return all[i+1]
	}
	return ""
}

// ParseReviewState reads a state as people write it: in-review is one word, too.
func ParseReviewState(text string) (ReviewState, error) {
	s := ReviewState(strings.ReplaceAll(strings.ToLower(text), "-", " "))
	if slices.Contains(ReviewStates(), s) {
		return s, nil
	}
	return "", fmt.Errorf("state of a review %.40q: want draft, in-review, reviewed or closed", text)
}

// SignOff is what a person signs who moves a review: from which state to which,
// over which head of the record.
type SignOff struct {
	Incident incident.ID
	From, To ReviewState
	Size     int64
	Root     string // hex
}

const (
	signOffTitle = "firebreak review sign-off v1"
	maxSignOff   = 1 << 10
)

// Text is the one form of the statement.
func (s SignOff) Text() string {
	return fmt.Sprintf("%s\nincident: %s\nfrom: %s\nto: %s\nentries: %d\nroot: %s\n", signOffTitle, s.Incident, s.From, s.To, s.Size, s.Root)
}

// ParseSignOff reads what Text wrote, and nothing else. Errors are ErrMalformed.
func ParseSignOff(text string) (SignOff, error) {
	wrong := func(format string, args ...any) (SignOff, error) {
		return SignOff{}, fmt.Errorf("sign-off: "+format+": %w", append(args, ErrMalformed)...)
	}
	if len(text) > maxSignOff {
		return wrong("longer than %d bytes", maxSignOff)
	}
	lines := strings.Split(text, "\n")
	names := []string{"incident", "from", "to", "entries", "root"}
	if len(lines) != len(names)+2 || lines[0] != signOffTitle {
		return wrong("it is not one")
	}
	values := make([]string, len(names))
	for i, name := range names {
		value, ok := strings.CutPrefix(lines[i+1], name+": ")
		if !ok {
			return wrong("line %d is not its %s", i+2, name)
		}
		values[i] = value
	}
	id, err := incident.ParseID(values[0])
	size, numErr := strconv.ParseInt(values[3], 10, 64)
	if err = errors.Join(err, numErr); err != nil {
		return wrong("%w", err)
	}
	s := SignOff{id, ReviewState(values[1]), ReviewState(values[2]), size, values[4]}
	if s.Text() != text || !slices.Contains(ReviewStates(), s.From) || !slices.Contains(ReviewStates(), s.To) {
		return wrong("it is not in the one form that it is written in")
	}
	return s, nil
}

// Over says whether the statement is of that move.
func (s SignOff) Over(m ReviewMove) bool {
	return s.From == m.From && s.To == m.To && s.Size == m.Size && s.Root == m.Root
}
