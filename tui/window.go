package tui

import (
	"context"
	"slices"
	"time"

	tea "github.com/charmbracelet/bubbletea"
)

// window is a cursor in a sequence far too long to hold. It keeps at most
// windowPages pages around the cursor and asks for the next one before the
// cursor gets there.
type window[T any] struct {
	ctx    func() context.Context
	fetch  func(edge[T]) func(context.Context) ([]T, error)
	failed func(error) tea.Cmd
	landed func() tea.Cmd // after a jump; may be nil
	rows   []T
	place
	atStart bool
	atEnd   bool
	loaded  bool
	want    int // rows the cursor wants to go on once the page under way is here
	read    query[[]T]
}

// edge says which page is asked for: the first (zero), the last, the one from
// a time on, or the one beside a row that is there.
type edge[T any] struct {
	last          bool
	at            time.Time
	after, before *T
	n             int
}

const (
	windowPage  = 200
	windowPages = 3
)

// start goes to the first page, end to the last.
func (w *window[T]) start() tea.Cmd { return w.jump(edge[T]{n: windowPage}) }
func (w *window[T]) end() tea.Cmd   { return w.jump(edge[T]{last: true, n: windowPage}) }

// jump replaces everything by another page; the rows stay in sight until it is
// here.
func (w *window[T]) jump(e edge[T]) tea.Cmd { return w.seek(e, nil) }

// seek is jump, and goes to the end instead when the page is not what is
// looked for.
func (w *window[T]) seek(e edge[T], found func([]T) bool) tea.Cmd { return w.land(e, found, nil) }

// aim is jump with the cursor on the row that is looked for, if the page has
// it.
func (w *window[T]) aim(e edge[T], at func(T) bool) tea.Cmd { return w.land(e, nil, at) }

func (w *window[T]) land(e edge[T], found func([]T) bool, at func(T) bool) tea.Cmd {
	w.want = 0
	return w.read.ask(w.ctx(), w.fetch(e), func() tea.Cmd {
		if w.read.err != nil {
			return w.failed(w.read.err)
		}
		if found != nil && !found(w.read.value) {
			return w.end()
		}
		w.rows, w.loaded, w.place = w.read.value, true, place{}
		short := len(w.rows) < windowPage
		w.atStart = !e.last && e.at.IsZero() || e.last && short
		w.atEnd = e.last || short
		if e.last {
			w.at = max(len(w.rows)-1, 0)
		}
		if at != nil {
			w.at = max(slices.IndexFunc(w.rows, at), 0)
		}
		if w.landed == nil {
			return w.near()
		}
		return tea.Batch(w.near(), w.landed())
	})
}

// by moves the cursor. Where the rows end before the sequence does, the way
// that is left is gone once the next page is there: no key is lost to a slow
// one.
func (w *window[T]) by(n int) tea.Cmd {
	if len(w.rows) == 0 {
		return nil
	}
	const most = windowPages * windowPage // a key that is held down ends somewhere
	to := w.at + w.want + n
	w.move(to-w.at, len(w.rows))
	switch {
	case to >= len(w.rows) && !w.atEnd:
		w.want = min(to-w.at, most)
	case to < 0 && !w.atStart:
		w.want = max(to-w.at, -most)
	default:
		w.want = 0
	}
	return w.near()
}

// near asks for the page that the cursor comes close to, when none is under
// way.
func (w *window[T]) near() tea.Cmd {
	if w.read.busy || len(w.rows) == 0 {
		return nil
	}
	switch {
	case !w.atEnd && w.at >= len(w.rows)-windowPage/2:
		last := w.rows[len(w.rows)-1]
		return w.grow(edge[T]{after: &last, n: windowPage}, func(page []T) {
			w.atEnd = len(page) < windowPage
			w.rows = append(w.rows, page...)
			if cut := len(w.rows) - windowPages*windowPage; cut > 0 {
				w.rows = append([]T(nil), w.rows[cut:]...)
				w.at, w.top, w.atStart = max(w.at-cut, 0), max(w.top-cut, 0), false
			}
		})
	case !w.atStart && w.at < windowPage/2:
		first := w.rows[0]
		return w.grow(edge[T]{before: &first, n: windowPage}, func(page []T) {
			w.atStart = len(page) < windowPage
			w.rows = append(append([]T(nil), page...), w.rows...)
			w.at, w.top = w.at+len(page), w.top+len(page)
			if most := windowPages * windowPage; len(w.rows) > most {
				w.rows, w.atEnd = w.rows[:most:most], false
			}
		})
	}
	return nil
}

func (w *window[T]) grow(e edge[T], put func([]T)) tea.Cmd {
	return w.read.ask(w.ctx(), w.fetch(e), func() tea.Cmd {
		if w.read.err != nil {
			w.want = 0
			return w.failed(w.read.err)
		}
		put(w.read.value)
		if n := w.want; n != 0 {
			w.want = 0
			return w.by(n)
		}
		return w.near()
	})
}

// loosen says that rows may have come at the ends.
func (w *window[T]) loosen() tea.Cmd {
	if len(w.rows) == 0 {
		return w.start()
	}
	w.atEnd = false
	return w.near()
}

// selected is the row under the cursor.
func (w *window[T]) selected() (T, bool) {
	if len(w.rows) == 0 {
		var none T
		return none, false
	}
	return w.rows[min(w.at, len(w.rows)-1)], true
}
