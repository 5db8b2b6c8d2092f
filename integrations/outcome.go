package integrations

import (
	"errors"
	"fmt"
	"time"
)

// Outcome is what is known about the effect of a failed Do.
type Outcome string

// The outcomes. Anything not known to be one of the others is Ambiguous.
const (
	NotSent   Outcome = "not-sent"  // no byte of the request left: repeat at will
	Rejected  Outcome = "rejected"  // the other side said no
	Throttled Outcome = "throttled" // it said later; nothing was done
	// Accepted is a success: the other side has taken the request and works on it
	// (202). Its effect is read back; nothing is sent again.
	Accepted  Outcome = "accepted"
	Ambiguous Outcome = "ambiguous" // it may have happened: look first
)

// Error is a failure of the other side or of the way there. Hint, where there
// is one, tells the responder what to do.
type Error struct {
	Outcome Outcome
	After   time.Duration // how long to wait, when Throttled
	Hint    string
	Err     error
}

// Error is "outcome: cause".
func (e *Error) Error() string { return fmt.Sprintf("%s: %v", e.Outcome, e.Err) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// OutcomeOf returns the outcome that err carries, Ambiguous when it carries
// none.
func OutcomeOf(err error) Outcome {
	var e *Error
	if errors.As(err, &e) {
		return e.Outcome
	}
	return Ambiguous
}
