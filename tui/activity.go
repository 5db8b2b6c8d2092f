package tui

import (
	"context"
	"errors"

	tea "github.com/charmbracelet/bubbletea"

	"firebreak/response"
)

// activity is the record as people read it: one line an entry, the newest
// last.
type activity struct {
	*app
	win   window[response.Activity]
	asked int64
	page  int
}

func newActivity(a *app) *activity {
	v := &activity{app: a, asked: -1, page: 10}
	v.win = window[response.Activity]{ctx: func() context.Context { return v.ctx }, fetch: v.fetch, failed: func(err error) tea.Cmd {
		if errors.Is(err, context.Canceled) {
			return nil
		}
		return v.fail("read the record", err)
	}}
	return v
}

func (v *activity) Title() string          { return "Activity" }
func (v *activity) Typing() bool           { return false }
func (v *activity) Back() (tea.Cmd, bool)  { return nil, false }
func (v *activity) Update(tea.Msg) tea.Cmd { return nil }

// Load goes to the end, and stays there while the cursor is there.
func (v *activity) Load() tea.Cmd {
	size := v.board.value.Head.Size
	if !v.board.loaded || v.asked == size {
		return nil
	}
	atEnd := !v.win.loaded || v.win.atEnd && v.win.at >= len(v.win.rows)-1 // not loaded: the first page is under way still
	v.asked = size
	if atEnd {
		return v.win.end()
	}
	return v.win.loosen()
}

// fetch turns an edge into numbers of entries, which have no gaps.
func (v *activity) fetch(e edge[response.Activity]) func(context.Context) ([]response.Activity, error) {
	id, before, n := v.id, int64(0), e.n
	switch {
	case e.before != nil:
		before = e.before.Seq
		if before <= 1 {
			return func(context.Context) ([]response.Activity, error) { return nil, nil }
		}
	case e.after != nil:
		before = e.after.Seq + int64(n) + 1
	case !e.last:
		before = int64(n) + 1
	}
	return func(ctx context.Context) ([]response.Activity, error) { return v.desk.Activity(ctx, id, before, n) }
}

func (v *activity) Actions() []action {
	table := []action{{id: "entry.open", title: "open the entry", foot: "open", keys: []string{"enter"}, run: func() tea.Cmd {
		e, ok := v.win.selected()
		if !ok {
			return nil
		}
		return v.push(v.read("Entry "+number(e.Seq), func(w int) []line {
			out := wrap(strong, e.Text, w)
			out = append(out, nil)
			for _, f := range [][2]string{{"Time   ", stamp(e.Time)}, {"Who    ", e.Actor}, {"Kind   ", string(e.Kind)}, {"Phase  ", e.Phase.String()}, {"Step   ", e.Step}} {
				out = append(out, labelled(f[0], f[1], w)...)
			}
			return out
		}))
	}}}
	return append(table, mover(v.win.by, func() int { return v.page }, v.win.start, v.win.end)...)
}

func (v *activity) View(w, h int) string {
	head := ends(line{{strong, " Activity  "}, {usual, plural(v.board.value.Head.Size, "entry of the record")}}, look(faint, " newest last"), w)
	if n := v.board.value.Head.Size; n != 1 {
		head = ends(line{{strong, " Activity  "}, {usual, number(n) + " entries of the record"}}, look(faint, " newest last"), w)
	}
	out := []line{head}
	v.page = max(h-1, 1)
	from, to := v.win.visible(len(v.win.rows), v.page)
	for i := from; i < to; i++ {
		out = append(out, row(activityLine(v.brief(v.win.rows[i]), w-1, v.now()), i == v.win.at, w))
	}
	if !v.win.loaded {
		out = append(out, look(faint, " reading"))
	}
	return v.paint.block(out, w, h)
}
