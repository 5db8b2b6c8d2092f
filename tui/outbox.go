package tui

import (
	"context"

	tea "github.com/charmbracelet/bubbletea"

	"firebreak/response"
)

// stuck lists the actions that have not come to a good end: they wait in the
// outbox, are unknown, or failed.
func (a *app) stuck() []response.ActionView {
	var out []response.ActionView
	for _, v := range a.board.value.Actions {
		switch v.State {
		case response.Queued, response.Unknown, response.Failed:
			out = append(out, v)
		case response.Planned, response.Approved, response.Sending, response.Sent, response.Verified, response.Rejected, response.Dropped:
		}
	}
	return out
}

// outbox lists what is not sent yet, unknown or failed; enter says what can be
// done about it.
func (a *app) outbox() tea.Cmd {
	id := a.id
	var rows []response.OutboxRow
	return a.start(errand{
		key: "outbox", title: "read the outbox",
		do: func(ctx context.Context, _ response.ProgressFunc) (says string, err error) {
			rows, err = a.desk.Outbox(ctx, id, false)
			return "", err
		},
		then: func() tea.Cmd {
			if a.id != id {
				return nil
			}
			return a.chooseRow(rows)
		},
	})
}

func (a *app) chooseRow(rows []response.OutboxRow) tea.Cmd {
	if len(rows) == 0 {
		return a.tell("nothing waits, failed or is unknown")
	}
	var cs []choice
	waits := false
	for _, r := range rows {
		waits = waits || r.State == response.Queued || r.State == response.Approved || r.State == response.Unknown && !r.NeedsHuman
		cs = append(cs, choice{text: a.rowLine(r), run: func() tea.Cmd { return a.chooseVerb(r) }})
	}
	if waits {
		cs = append(cs, choice{text: say("Send what waits, and look for what is unknown, until nothing is left"), run: a.runOutbox, why: a.readOnly()})
	}
	return a.choose("Outbox", "What has not come to a good end. What may have happened is never sent again by itself.", "open", cs)
}

// rowLine is one row of the outbox.
func (a *app) rowLine(r response.OutboxRow) line {
	how := warn
	if r.NeedsHuman || r.MayHaveHappened {
		how = bad
	}
	word := string(r.State)
	if r.Class != "" {
		word += " " + r.Class
	}
	l := line{{usual, r.Action + " "}, {how, word + " "}, {usual, r.Title + " "}, {faint, "over " + r.Connection}}
	if !r.NextTry.IsZero() {
		l = append(l, sp(faint, " next "+clock(r.NextTry, a.now())))
	}
	return l
}

// chooseVerb offers what can be done about one row.
func (a *app) chooseVerb(r response.OutboxRow) tea.Cmd {
	if why := a.readOnly(); why != "" {
		return a.tell(why)
	}
	v, known := a.action(r.Action)
	unsent := r.State == response.Queued || r.State == response.Approved || r.State == response.Failed && !r.MayHaveHappened && known && v.NotSent()
	because := func(yes bool, why string) string {
		if yes {
			return ""
		}
		return why
	}
	cs := []choice{
		{text: say("Send it now, with the same key"), why: because(unsent, "it is not known that it was not sent"), run: func() tea.Cmd { return a.retry(r) }},
		{text: say("Look what became of it; nothing is sent"), why: because(r.State == response.Unknown, "its outcome is not unknown"), run: func() tea.Cmd { return a.lookUp(v) }},
		{text: say("Send it once more, whatever happened, with a reason"), why: because(r.State == response.Unknown || r.State == response.Failed, "it is still in the outbox"), run: func() tea.Cmd { return a.sendAgain(r) }},
		{text: say("Give it up, with a reason"), run: func() tea.Cmd { return a.giveUp(r) }},
	}
	text := r.Action + " is " + string(r.State)
	if r.Says != "" {
		text += ": " + r.Says
	}
	if r.MayHaveHappened {
		text += ". IT MAY HAVE HAPPENED."
	}
	return a.choose(r.Title, text, "do", cs)
}

func (a *app) retry(r response.OutboxRow) tea.Cmd {
	id := a.id
	return a.start(errand{
		key: "action:" + r.Action, title: "send: " + r.Title, sends: true, long: true,
		do: func(ctx context.Context, told response.ProgressFunc) (string, error) {
			after, err := a.desk.Retry(ctx, id, r.Action, false, "", told)
			return string(after.State) + ": " + r.Title, err
		},
	})
}

// sendAgain plans it once more; where that needs an approval, the plan is shown.
func (a *app) sendAgain(r response.OutboxRow) tea.Cmd {
	id, draft := a.id, "again:"+string(a.id)+":"+r.Action
	return a.typed(&prompt{
		title: "Send once more: " + r.Title, text: "Why? It is a new action with a key of its own: it may be done twice.", draft: draft,
		submit: func(text string, _ bool) tea.Cmd {
			var after response.ActionView
			return a.start(errand{
				key: "action:" + r.Action, title: "send once more: " + r.Title, sends: true, long: true,
				do: func(ctx context.Context, told response.ProgressFunc) (says string, err error) {
					after, err = a.desk.Retry(ctx, id, r.Action, true, text, told)
					return string(after.State) + ": " + r.Title, err
				},
				then: func() tea.Cmd {
					a.draft(draft, "")
					if a.id != id || after.State != response.Planned {
						return nil
					}
					return a.review(after, true)
				},
			})
		},
	})
}

func (a *app) giveUp(r response.OutboxRow) tea.Cmd {
	id := a.id
	return a.reasoned("Give up "+r.Title, "drop:"+string(id)+":"+r.Action, "action:"+r.Action, "given up: "+r.Title, func(ctx context.Context, reason string) error {
		_, err := a.desk.Drop(ctx, id, r.Action, reason)
		return err
	})
}

// runOutbox works the outbox until nothing is left in it that goes on by itself.
func (a *app) runOutbox() tea.Cmd {
	id := a.id
	return a.start(errand{
		key: "outbox.run", title: "work the outbox", sends: true, long: true,
		do: func(ctx context.Context, told response.ProgressFunc) (string, error) {
			done, err := a.desk.RunOutbox(ctx, id, false, told)
			says := plural(int64(len(done.Delivered)), "action") + " delivered"
			if n := len(done.Failed); n > 0 {
				says += ", " + number(int64(n)) + " left to a person"
			}
			return says, err
		},
	})
}
