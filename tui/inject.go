package tui

import (
	"context"
	"fmt"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"firebreak/incident"
	"firebreak/response"
)

// exerciseSeen is what the screens keep of a drill with a scenario.
type exerciseSeen struct {
	id     incident.ID
	seen   int       // injects that were told of
	asked  time.Time // when it was looked for new ones last
	busy   bool
	broken bool // looking has failed, and was told
}

const pulseEvery = 2 * time.Second

// pulses brings in what the scenario has for now, every other second, and tells of
// what has come.
func (m *Model) pulses() tea.Cmd {
	x := m.board.value.Exercise
	if m.id == "" || !m.board.loaded || x == nil {
		return nil
	}
	e := &m.exercise
	if e.id != m.id {
		*e = exerciseSeen{id: m.id, seen: len(x.Injects)}
		for _, i := range x.Injects { // what waits when the screens open is told, too
			if i.State == "open" || i.State == "late" {
				e.seen = len(x.Injects) - 1
			}
		}
	}
	var told tea.Cmd
	if n := len(x.Injects); n > e.seen {
		e.seen = n
		told = m.tell("inject: " + x.Injects[n-1].Title + "  (I reads)")
	}
	if x.Over || e.busy || e.broken || m.readOnly() != "" || m.now().Sub(e.asked) < pulseEvery {
		return told
	}
	e.busy, e.asked = true, m.now()
	id := m.id
	return tea.Batch(told, func() tea.Msg {
		err := m.desk.Pulse(m.ctx, id, nil)
		return answer(func() (bool, tea.Cmd) {
			if e.id == id {
				e.busy = false
			}
			if err != nil && m.ctx.Err() == nil {
				e.broken = true
				return true, m.fail("bring in what the exercise has", err)
			}
			return false, nil
		})
	})
}

// exercising says why there are no injects to read, "" when there are.
func (a *app) exercising() string {
	switch x := a.board.value.Exercise; {
	case x == nil:
		return "no exercise with a scenario"
	case len(x.Injects) == 0:
		return "nothing has come in yet"
	}
	return ""
}

// injects leads to what has come in: to the one that waits, or to a list.
func (a *app) injects() tea.Cmd {
	x := a.board.value.Exercise
	var waits []response.InjectView
	for _, i := range x.Injects {
		if i.State == "open" || i.State == "late" {
			waits = append(waits, i)
		}
	}
	if len(waits) == 1 {
		return a.inject(waits[0].ID)
	}
	var cs []choice
	for n := len(x.Injects) - 1; n >= 0; n-- {
		i := x.Injects[n]
		mk := faint
		switch i.State {
		case "open":
			mk = warn
		case "late":
			mk = bad
		}
		cs = append(cs, choice{
			text: line{{faint, onClock(i.At) + " "}, {mk, fmt.Sprintf("%-9s", i.State)}, {usual, i.Title}},
			run:  func() tea.Cmd { return a.inject(i.ID) },
		})
	}
	return a.choose("What the exercise brought in", "The newest first. Open ones want an answer.", "open", cs)
}

func (a *app) inject(id string) tea.Cmd { return a.push(&injectBox{a: a, id: id}) }

// injectBox shows one inject and takes its answer.
type injectBox struct {
	a   *app
	id  string
	top int
	place
}

func (b *injectBox) value() response.InjectView {
	if x := b.a.board.value.Exercise; x != nil {
		for _, i := range x.Injects {
			if i.ID == b.id {
				return i
			}
		}
	}
	return response.InjectView{ID: b.id}
}

func (b *injectBox) waits() bool {
	i := b.value()
	return (i.State == "open" || i.State == "late") && b.a.readOnly() == "" && !b.a.board.value.Exercise.Over
}

func (b *injectBox) Title() string { return "Inject " + b.id }

func (b *injectBox) Actions() []action {
	if !b.waits() {
		return append([]action{{id: "inject.close", title: "close it", foot: "close", keys: []string{"enter"}, run: func() tea.Cmd { b.a.close(b); return nil }}},
			mover(func(n int) tea.Cmd { b.top += n; return nil }, func() int { return 5 }, nil, nil)...)
	}
	i := b.value()
	table := []action{{id: "inject.answer", title: "give the selected answer", foot: "answer", keys: []string{"enter"}, run: b.answer}}
	table = append(table, mover(func(n int) tea.Cmd { b.move(n, len(i.Choices)); return nil }, func() int { return 5 }, nil, nil)...)
	return table
}

func (b *injectBox) Key(tea.KeyMsg) tea.Cmd { return nil }

func (b *injectBox) answer() tea.Cmd {
	i := b.value()
	if len(i.Choices) == 0 {
		b.a.close(b)
		draft := "inject:" + string(b.a.id) + ":" + i.ID
		return b.a.typed(&prompt{title: i.Title, text: i.Question, draft: draft, submit: func(text string, _ bool) tea.Cmd {
			return b.a.answerInject(i.ID, "", text, draft)
		}})
	}
	ch := i.Choices[min(b.at, len(i.Choices)-1)]
	b.a.close(b)
	return b.a.ask("Answer the inject "+i.ID+"?", ch.Text+"\n\nThe first answer counts.", "answer", func() tea.Cmd { return b.a.answerInject(i.ID, ch.ID, "", "") })
}

func (a *app) answerInject(inject, choice, note, draft string) tea.Cmd {
	id := a.id
	return a.start(errand{
		key: "inject " + inject, title: "answer the inject " + inject,
		do: func(ctx context.Context, _ response.ProgressFunc) (string, error) {
			late, err := a.desk.AnswerInject(ctx, id, inject, choice, note)
			if late {
				return "answered " + inject + ", too late", err
			}
			return "answered " + inject, err
		},
		then: func() tea.Cmd { a.draft(draft, ""); return nil },
	})
}

func (b *injectBox) View(w, h int) []line {
	i := b.value()
	title := b.Title()
	if b.a.board.value.Exercise != nil {
		title += ", " + onClock(i.At) + " into the exercise"
	}
	head := func(w int) []line {
		out := wrap(strong, i.Title, w)
		from := ""
		if i.From != "" {
			from = "from " + i.From
		}
		if i.To != "" {
			from = strings.TrimPrefix(from+", for the "+b.a.roleOf(string(i.To)), ", ")
		}
		if from != "" {
			out = append(out, wrap(faint, from, w)...)
		}
		return append(out, nil)
	}
	body := func(w int) []line {
		var out []line
		for _, p := range strings.Split(strings.TrimSpace(i.Text), "\n\n") { // a file's lines are shorter or longer than the box
			if len(out) > 0 {
				out = append(out, nil)
			}
			out = append(out, wrap(usual, strings.ReplaceAll(p, "\n", " "), w)...)
		}
		return out
	}
	tail := func(w int) []line { return b.tail(i, w) }
	return b.a.framed(title, head, body, tail, &b.top, w, h)
}

// tail is the question, the time that is left, and the answers.
func (b *injectBox) tail(i response.InjectView, w int) []line {
	if i.State == "answered" {
		return []line{nil, {{good, "answered by " + i.By + ": "}, {usual, i.Answer}}}
	}
	if !b.waits() {
		return nil
	}
	left := b.a.board.value.Exercise.At(b.a.now())
	mk, says := warn, "answer within "+onClock(max(i.Due-left, 0))
	if left > i.Due {
		mk, says = bad, "LATE since "+onClock(left-i.Due)
	}
	out := []line{nil}
	out = append(out, wrap(strong, i.Question, w)...)
	out = append(out, look(mk, says), nil)
	for n, ch := range i.Choices {
		for at, l := range wrap(usual, ch.Text, w-2) {
			if at > 0 {
				l = append(line{{usual, " "}}, l...)
			}
			out = append(out, row(l, n == b.at && at == 0, w))
		}
	}
	return out
}

// onClock is seconds on the clock of an exercise.
func onClock(s int64) string { return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60) }
