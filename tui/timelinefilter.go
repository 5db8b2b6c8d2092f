package tui

import (
	"context"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	tea "github.com/charmbracelet/bubbletea"

	"firebreak/internal/term"
	"firebreak/response"
	"firebreak/timeline"
)

// filterLine is the filter of the timeline while it is typed: the text, the
// ways to go on with it, and the filters that were used before.
type filterLine struct {
	filter
	offers offers
	before []string // the oldest first
	past   int      // which of them stands in the field; -1 is what is typed
	typed  string   // what was typed before they were walked through
}

// offers are the ways to go on with what is typed.
type offers struct {
	open bool
	list query[[]response.Completion]
	text string // that they were asked for
	place
}

const filtersKept = 50

// remember keeps a filter that was used, the newest last.
func (f *filterLine) remember(text string) {
	text = strings.TrimSpace(text)
	if text == "" {
		return
	}
	f.before = slices.DeleteFunc(f.before, func(s string) bool { return s == text })
	f.before = append(f.before, text)
	f.before = f.before[max(len(f.before)-filtersKept, 0):]
	f.past = -1
}

// leave takes the filter away. It is among those that were used before, so that
// a slip of the finger loses nothing.
func (f *filterLine) leave() {
	f.remember(f.field.String())
	f.back()
	f.shut()
	f.past = -1
}

func (f *filterLine) shut() {
	f.offers.open = false
	f.offers.list.forget()
}

// walk goes through the filters that were used before; by -1 to an older one.
func (f *filterLine) walk(by int) {
	if f.past < 0 {
		f.typed, f.past = f.field.String(), len(f.before)
	}
	to := f.past + by
	switch {
	case to < 0:
		return
	case to >= len(f.before):
		f.past, f.field = -1, newField(f.typed)
		return
	}
	f.past, f.field = to, newField(f.before[to])
}

// typingKeys are what the footer says of the keys while the filter is typed.
func (t *timelineScreen) typingKeys() []action {
	if t.filter.offers.open && len(t.filter.offers.list.value) > 0 {
		return []action{{foot: "take it", keys: []string{"enter"}}, {foot: "next", keys: []string{"tab"}}, {foot: "before", keys: []string{"shift+tab"}}, {foot: "close the list", keys: []string{"esc"}}}
	}
	return []action{{foot: "keep", keys: []string{"enter"}}, {foot: "complete", keys: []string{"tab"}}, {foot: "earlier filters", keys: []string{"up"}}, {foot: "clear", keys: []string{"esc"}}}
}

// typing takes a key while the filter is typed.
func (t *timelineScreen) typing(k tea.KeyMsg) tea.Cmd {
	f := &t.filter
	name := keyName(k)
	if f.offers.open && len(f.offers.list.value) > 0 {
		n := len(f.offers.list.value)
		switch name {
		case "tab", "down":
			f.offers.at = (f.offers.at + 1) % n
			return nil
		case "shift+tab", "up":
			f.offers.at = (f.offers.at + n - 1) % n
			return nil
		case "enter":
			return t.accept(f.offers.list.value[f.offers.at])
		}
	}
	switch name {
	case "enter":
		f.shut()
		f.remember(f.field.String())
		cmd := t.apply()
		f.on = t.wrong != nil // what is wrong is mended where it was typed
		return cmd
	case "tab":
		f.offers.open = true
		return t.offered()
	case "up", "down":
		f.walk(map[string]int{"up": -1, "down": 1}[name])
	default:
		if !f.field.key(k) {
			return nil
		}
		f.past = -1
	}
	t.turn++
	return t.after(debounce, settled{t.turn})
}

// offered asks how the text can go on at the cursor, while the list is open.
func (t *timelineScreen) offered() tea.Cmd {
	f := &t.filter
	if !f.on || !f.offers.open {
		return nil
	}
	id, text := t.id, f.field.String()
	at := len(string(f.field.text[:f.field.at]))
	if f.offers.list.loaded && f.offers.text == text {
		return nil
	}
	f.offers.text = text
	return f.offers.list.ask(t.ctx, func(ctx context.Context) ([]response.Completion, error) { return t.desk.Complete(ctx, id, text, at) }, func() tea.Cmd {
		f.offers.place = place{}
		switch err := f.offers.list.err; {
		case errors.Is(err, context.Canceled):
			return nil
		case err != nil:
			f.shut()
			return t.readFailed(err)
		case len(f.offers.list.value) == 1 && f.field.String() == text:
			return t.accept(f.offers.list.value[0])
		}
		return nil
	})
}

// accept puts a completion into the field. A field's name goes on with its
// values.
func (t *timelineScreen) accept(c response.Completion) tea.Cmd {
	f := &t.filter
	text := f.field.String()
	if f.offers.text != text || c.From < 0 || c.To > len(text) || c.From > c.To {
		return nil
	}
	head := text[:c.From] + c.Insert
	if !strings.HasSuffix(c.Insert, ":") && !strings.HasSuffix(c.Insert, ".") {
		if rest := text[c.To:]; rest == "" || rest[0] != ' ' {
			head += " "
		}
	}
	f.field = newField(head + text[c.To:])
	f.field.at = utf8.RuneCountInString(head)
	f.offers.open = strings.HasSuffix(c.Insert, ":") || strings.HasSuffix(c.Insert, ".")
	f.offers.list.forget()
	t.turn++
	return tea.Batch(t.offered(), t.after(debounce, settled{t.turn}))
}

// filterLines draw the field, what is wrong with it, and the completions.
func (t *timelineScreen) filterLines(w, h int) []line {
	const prompt = " / "
	var out []line
	f := &t.filter
	from := f.field.seen(w - len(prompt))
	if f.on {
		out = append(out, f.field.one(prompt, w, true))
	}
	if t.wrong != nil {
		out = append(out, t.fault(len(prompt), from, w)...)
	}
	if f.on && t.wrong == nil {
		for _, n := range t.notes[:min(len(t.notes), 2)] {
			out = append(out, look(faint, "   note: "+n))
		}
	}
	if !f.on || !f.offers.open {
		return out
	}
	switch {
	case !f.offers.list.loaded:
		return append(out, look(faint, "   looking for what fits"))
	case len(f.offers.list.value) == 0:
		return append(out, look(faint, "   nothing is known that fits here"))
	}
	list := f.offers.list.value
	room := max(min(h-len(out), offersShown), 1)
	a, b := f.offers.visible(len(list), room)
	n := 0
	for _, c := range list[a:b] {
		n = max(n, term.Width(term.Safe(c.Text)))
	}
	n = min(n, max(w-18, 8))
	for i := a; i < b; i++ {
		l := append(line{{usual, "  "}}, clip(look(usual, list[i].Text), n)...)
		if c := list[i].Count; c > 0 {
			l = append(l, sp(faint, "  "+number(c)))
		}
		out = append(out, row(l, i == f.offers.at, w))
	}
	if rest := len(list) - (b - a); rest > 0 {
		out = append(out, look(faint, "   "+number(int64(rest))+" more; tab and shift+tab move, typing narrows"))
	}
	return out
}

const offersShown = 8

// fault puts a caret under the place that is wrong and says what it is.
func (t *timelineScreen) fault(indent, from, w int) []line {
	var fe *timeline.FilterError
	if !errors.As(t.wrong, &fe) {
		return []line{look(bad, " ! "+t.wrong.Error())}
	}
	says := fe.Problem
	if fe.Hint != "" {
		says += "; " + fe.Hint
	}
	text := t.filter.field.String()
	if !t.filter.on || fe.Text != text {
		return []line{look(bad, " ! "+fe.Error())}
	}
	at := utf8.RuneCountInString(text[:min(max(fe.Offset, 0), len(text))])
	if at < from {
		return []line{look(bad, " ! "+fe.Error())}
	}
	col := indent + term.Width(term.Safe(string(t.filter.field.text[from:at])))
	if at > t.filter.field.at {
		col++ // the cursor stands before it
	}
	if col >= w {
		return []line{look(bad, " ! "+fe.Error())}
	}
	if col+2+term.Width(term.Safe(says)) <= w {
		return []line{look(bad, spaces(col)+"^ "+says)}
	}
	return append([]line{look(bad, spaces(col)+"^")}, wrap(bad, "   "+says, w)...)
}
