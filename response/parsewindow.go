package response

import (
	"io"
	"slices"
	"time"

	"firebreak/forensics/parse"
	"firebreak/timeline"
)

// inWindow leaves out the events of one file that lie outside the times that are
// wanted, and counts them.
type inWindow struct {
	window      *parse.Window // nil: all are wanted
	events      int64         // that are outside
	recovered   int64         // of those
	first, last time.Time     // of the others
}

func (r ParseRequest) window(in io.Reader) *inWindow {
	if r.After.IsZero() && r.Before.IsZero() {
		return &inWindow{}
	}
	at, _ := in.(io.ReaderAt) // a pipe is none
	return &inWindow{window: &parse.Window{After: r.After, Before: r.Before, At: at}}
}

// of is the events of the batch that are wanted.
func (w *inWindow) of(es []timeline.Event) []timeline.Event {
	if w.window == nil {
		return es
	}
	return slices.DeleteFunc(es, func(e timeline.Event) bool {
		if w.window.Holds(e.Time) {
			if w.first.IsZero() || e.Time.Before(w.first) {
				w.first = e.Time
			}
			if e.Time.After(w.last) {
				w.last = e.Time
			}
			return false
		}
		w.events++
		if e.Attributes.Has("recovered") {
			w.recovered++
		}
		return true
	})
}

// settle takes what is outside off the account.
func (w *inWindow) settle(sum *Parsed) {
	if w.window == nil {
		return
	}
	recovered := min(w.recovered, sum.Recovered) // what was exported may say of itself that it was
	sum.Recovered -= recovered
	sum.Events -= w.events - recovered
	sum.Seen -= w.events
	sum.Outside = w.events + w.window.Passed
	sum.First, sum.Last = w.first, w.last
}
