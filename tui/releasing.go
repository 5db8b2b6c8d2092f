package tui

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"firebreak/response"
)

// releasing shows a release of the review, and what was taken out of it, before it
// leaves.
type releasing struct {
	a     *app
	d     response.ReleaseDraft
	draft string
	top   int
	page  int
	rows  int
	wrong string
}

// Title implements overlay.
func (r *releasing) Title() string { return "Release " + r.d.ID }

// Actions implements overlay.
func (r *releasing) Actions() []action {
	table := []action{
		{id: "release.send", title: "release it", foot: "release", keys: []string{"y"}, writes: true, after: true, run: r.send},
		{id: "release.leave", title: "go back and release nothing", foot: "do not", keys: []string{"n"}, run: func() tea.Cmd {
			r.a.close(r)
			return r.a.tell("not released; f makes it again")
		}},
	}
	return append(table, mover(func(n int) tea.Cmd {
		r.top = min(max(r.top+min(max(n, -r.rows), r.rows), 0), max(r.rows-r.page, 0))
		return nil
	}, func() int { return max(r.page-1, 1) }, nil, nil)...)
}

// Key implements overlay.
func (r *releasing) Key(tea.KeyMsg) tea.Cmd { return nil }

func (r *releasing) send() tea.Cmd {
	if r.top+r.page < r.rows {
		r.wrong = "read to the last line first"
		return nil
	}
	a, d := r.a, r.d
	a.close(r)
	return a.start(errand{
		key: "release", title: "release " + d.ID, long: true,
		do: func(ctx context.Context, told response.ProgressFunc) (string, error) {
			touch(ctx, a.desk, told)
			out, err := a.desk.Release(ctx, d)
			return "released: " + strings.Join(slices.Sorted(maps.Values(out.Paths)), ", "), err
		},
		then: func() tea.Cmd { a.draft(r.draft, ""); return nil },
	})
}

// View implements overlay.
func (r *releasing) View(w, h int) []line {
	return r.a.boxed(r.Title(), func(w int) []line {
		ls := r.lines(w)
		r.rows, r.page = len(ls), max(h-5, 1)
		return ls
	}, func(w int) []line {
		var out []line
		if r.wrong != "" {
			out = append(out, wrap(bad, "! "+r.wrong, w)...)
		}
		return append(out, nil, line{{hotkey, "y"}, {usual, " release it    "}, {hotkey, "n"}, {usual, " do not"}})
	}, &r.top, w, h)
}

func (r *releasing) lines(w int) []line {
	d := r.d
	head := line{{strong, d.ID}, {usual, "  profile " + string(d.Profile)}}
	if d.Draft {
		head = head.with(sp(warn, "  DRAFT: nobody has reviewed it, and every page says so"))
	}
	out := []line{head}
	out = append(out, labelled("For     ", d.For, w)...)
	out = append(out, labelled("Over    ", number(d.Size)+" entries", w)...)
	out = append(out, labelled("Files   ", strings.Join(slices.Sorted(maps.Keys(d.Files)), ", ")+fmt.Sprintf(", %s bytes", number(d.Bytes)), w)...)
	for _, t := range d.Warnings {
		out = append(out, wrap(warn, "! "+t, w)...)
	}
	return append(append(out, nil), wrap(usual, d.Found.Text(), w)...)
}
