package tui

import (
	"context"

	tea "github.com/charmbracelet/bubbletea"
)

// answer is what a finished command brings back. It runs in Update, so only
// there does anything change; it reports whether the screen has to be drawn.
type answer func() (changed bool, next tea.Cmd)

// query is one question to the desk whose answer a screen shows. Asking again
// cancels the former question; an overtaken answer is dropped.
type query[T any] struct {
	value  T
	err    error
	loaded bool
	busy   bool
	turn   int
	cancel context.CancelFunc
}

// ask sends the question. then, which may be nil, runs in Update after an
// answer that still counts.
func (q *query[T]) ask(ctx context.Context, get func(context.Context) (T, error), then func() tea.Cmd) tea.Cmd {
	q.stop()
	ctx, q.cancel = context.WithCancel(ctx)
	turn := q.turn
	q.busy = true
	return func() tea.Msg {
		v, err := get(ctx)
		return answer(func() (bool, tea.Cmd) {
			if turn != q.turn {
				return false, nil
			}
			q.busy = false
			q.cancel()
			q.err = err
			if err == nil {
				q.value, q.loaded = v, true
			}
			if then == nil {
				return true, nil
			}
			return true, then()
		})
	}
}

// stop drops the question under way, if there is one.
func (q *query[T]) stop() {
	if q.cancel != nil {
		q.cancel()
	}
	q.turn++
	q.busy = false
}

// forget drops the value too.
func (q *query[T]) forget() {
	q.stop()
	var none T
	q.value, q.err, q.loaded = none, nil, false
}
