package tui

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"firebreak/internal/term"
	"firebreak/response"
)

// raw shows the record of an event as it lies in the evidence: as text with
// every escape shown, or in hex.
type raw struct {
	t    *timelineScreen
	e    response.MarkedEvent
	read query[response.RawEvent]
	hex  bool
	top  int
	page int
	rows int
	base int // the row that the record begins in
	went bool
	told atomic.Pointer[response.Progress]
	made drawn
}

// drawn are rows that are made once for a width and a way to write them, not
// anew for each key.
type drawn struct {
	rows []line
	w    int
	hex  bool
}

func (t *timelineScreen) raw(e response.MarkedEvent) tea.Cmd {
	r := &raw{t: t, e: e, page: 10}
	id, event := t.id, e.ID.String()
	return tea.Batch(t.push(r), r.read.ask(t.ctx, func(ctx context.Context) (response.RawEvent, error) {
		return t.desk.Raw(ctx, id, event, func(p response.Progress) { r.told.Store(&p) })
	}, func() tea.Cmd {
		r.made = drawn{}
		if err := r.read.err; err != nil && !errors.Is(err, context.Canceled) {
			t.close(r)
			return t.fail("read the record in the evidence", err)
		}
		return nil
	}), r.pulse())
}

// pulse draws how far the reading is, while it goes on.
func (r *raw) pulse() tea.Cmd {
	return r.t.after(200*time.Millisecond, answer(func() (bool, tea.Cmd) {
		if !r.read.busy {
			return false, nil
		}
		return true, r.pulse()
	}))
}

func (r *raw) Title() string { return "Raw" }

func (r *raw) Actions() []action {
	table := []action{
		{id: "raw.hex", title: "as text, or in hex", foot: "hex", keys: []string{"tab", "x"}, run: func() tea.Cmd { r.hex, r.went = !r.hex, false; return nil }},
		{id: "raw.record", title: "back to where the record begins", foot: "record", keys: []string{"o"}, run: func() tea.Cmd { r.went = false; return nil }},
		{id: "raw.close", title: "close it", foot: "close", keys: []string{"enter"}, run: func() tea.Cmd { r.t.close(r); return nil }},
	}
	return append(table, mover(func(n int) tea.Cmd {
		r.top = min(max(r.top+min(max(n, -r.rows), r.rows), 0), max(r.rows-r.page, 0))
		return nil
	}, func() int { return max(r.page-1, 1) }, nil, nil)...)
}

func (r *raw) closed() { r.read.stop() }

func (r *raw) Key(tea.KeyMsg) tea.Cmd { return nil }

func (r *raw) View(w, h int) []line {
	v := r.read.value
	return r.t.framed("The record in the evidence", func(int) []line {
		if !r.read.loaded {
			out := []line{look(faint, fmt.Sprintf("reading %s up to byte %s", r.e.Exhibit, number(r.e.Offset)))}
			if p := r.told.Load(); p != nil && p.Total > 0 {
				out = append(out, line{{usual, fmt.Sprintf("%s of %s MiB, %d %%", number(p.Done), number(p.Total), p.Done*100/p.Total)}, {faint, "   esc stops"}})
			}
			return out
		}
		size := plural(int64(len(v.Bytes)), "byte")
		if v.More {
			size = "the first " + size + " of it"
		}
		out := []line{
			{{usual, fmt.Sprintf("%s at %s, %s, read by ", v.Exhibit, number(v.Offset), size)}, {usual, v.Parser}},
			{{faint, v.Source}},
		}
		return append(out, nil)
	}, func(w int) []line {
		if !r.read.loaded {
			return nil
		}
		if r.made.rows == nil || r.made.w != w || r.made.hex != r.hex {
			if r.hex {
				r.made.rows, r.base = hexLines(v, w)
			} else {
				r.made.rows, r.base = rawLines(v, w)
			}
			r.made.w, r.made.hex = w, r.hex
		}
		out := r.made.rows
		r.rows, r.page = len(out), max(h-5, 1)
		if !r.went {
			r.top, r.went = max(r.base-2, 0), true
		}
		return out
	}, nil, &r.top, w, h)
}

// rawLines write the record as text, every escape shown: its lines behind a
// ">", and what is before and behind it without. A line whose end is not there
// has a "~" at it.
func rawLines(v response.RawEvent, w int) (out []line, base int) {
	out = textLines(out, span{faint, "  "}, v.Before, w)
	base = len(out)
	out = textLines(out, span{strong, "> "}, v.Bytes, w)
	if v.More {
		out = append(out, look(warn, "> (the record goes on)"))
	}
	return textLines(out, span{faint, "  "}, v.After, w), base
}

func textLines(out []line, front span, b []byte, w int) []line {
	if len(b) == 0 {
		return out
	}
	for _, l := range strings.SplitAfter(string(b), "\n") {
		if l == "" {
			continue
		}
		body, whole := strings.CutSuffix(l, "\n")
		rows := term.Wrap(term.Safe(body), max(w-3, 4))
		if len(rows) == 0 {
			rows = []string{""}
		}
		for i, r := range rows {
			l := line{front, {front.mark, r}}
			if i == len(rows)-1 && !whole {
				l = append(l, sp(faint, "~"))
			}
			out = append(out, l)
		}
	}
	return out
}

// hexLines write the bytes with their offsets and what they are in ASCII; rows
// with bytes of the record have a ">", and those bytes stand out.
func hexLines(v response.RawEvent, w int) (out []line, base int) {
	per := int64(16)
	if w < 70 {
		per = 8
	}
	all := slices.Concat(v.Before, v.Bytes, v.After)
	start := v.Offset - int64(len(v.Before))
	from, to := v.Offset, v.Offset+int64(len(v.Bytes))
	for row := start - start%per; row < start+int64(len(all)); row += per {
		front := " "
		if row+per > from && row < to {
			front = ">"
		}
		if row <= from && from < row+per {
			base = len(out)
		}
		l, text := line{{strong, front}, {faint, fmt.Sprintf("%08x ", row)}}, line{}
		for i := range per {
			at := row + i
			m, digits, char := faint, "  ", " "
			if at >= start && at < start+int64(len(all)) {
				b := all[at-start]
				digits, char = fmt.Sprintf("%02x", b), "."
				if b >= 0x20 && b < 0x7f {
					char = string(rune(b))
				}
			}
			if at >= from && at < to {
				m = strong
			}
			if i%2 == 1 {
				digits += " "
			}
			l, text = append(l, sp(m, digits)), append(text, sp(m, char))
		}
		l = append(append(joined(l), sp(faint, "|")), append(joined(text), sp(faint, "|"))...)
		out = append(out, l)
	}
	return out, base
}

// joined puts spans of one look together: the less of them, the less is sent.
func joined(l line) line {
	var out line
	for _, s := range l {
		if n := len(out); n > 0 && out[n-1].mark == s.mark {
			out[n-1].text += s.text
			continue
		}
		out = append(out, s)
	}
	return out
}
