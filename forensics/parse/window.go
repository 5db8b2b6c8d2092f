package parse

import (
	"io"
	"time"
)

// Window says which times of a file are wanted. It lets a reader pass over the
// rest where the format tells how; who asks looks at the times of the events that
// come, too.
type Window struct {
	After, Before time.Time // at After or later, earlier than Before; zero is no bound

	// At is the file as it was given, where it can be read at any place. What is
	// packed is read from front to back.
	At io.ReaderAt

	// Passed is how many records were passed over without being read. It is set
	// by File.
	Passed int64
}

// Holds reports whether the time is wanted. An event without one is not.
func (w *Window) Holds(t time.Time) bool {
	return !t.IsZero() && (w.After.IsZero() || !t.Before(w.After)) && (w.Before.IsZero() || t.Before(w.Before))
}
