package tui

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"firebreak/incident"
	"firebreak/playbooks"
	"firebreak/record"
	"firebreak/response"
)

// doneStep marks a manual step done, asking first what the step asks.
func (a *app) doneStep(s response.StepView) tea.Cmd {
	id, draft := a.id, "step:"+string(a.id)+":"+s.ID
	if s.Verb == playbooks.VerbWait || s.Verb == playbooks.VerbIf {
		return a.reasoned("End the wait: "+s.Title, "wait:"+string(id)+":"+s.ID, "step:"+s.ID, "the wait is over", func(ctx context.Context, reason string) error {
			return a.desk.FinishWait(ctx, id, s.ID, reason)
		})
	}
	send := func(answers map[string]string, note string, sent func(), wrong func(error) bool) tea.Cmd {
		return a.start(errand{
			key: "step:" + s.ID, title: "mark done: " + s.Title,
			do: func(ctx context.Context, _ response.ProgressFunc) (string, error) {
				return "done: " + s.Title, a.desk.DoneStep(ctx, id, s.ID, answers, note)
			},
			then:   func() tea.Cmd { sent(); return nil },
			failed: wrong,
		})
	}
	if len(s.Ask) == 0 {
		return send(nil, "", func() {}, nil)
	}
	const note = "\x00note"
	f := &form{title: s.Title, text: s.Text, draft: draft, send: "Done"}
	for _, q := range s.Ask {
		e := &entry{name: q.Name, label: q.Text, hint: hintFor(q), check: func(text string) error {
			if text == "" && q.Default == nil {
				return fmt.Errorf("no answer; %s says that nobody knows", playbooks.Unknown)
			}
			_, err := q.Read(text)
			return err
		}}
		if q.Default != nil {
			e.field = newField(written(q, fmt.Sprint(q.Default)))
		}
		f.entries = append(f.entries, e)
	}
	f.entries = append(f.entries, &entry{name: note, label: "Note", hint: "may stay empty"})
	f.submit = func(answers map[string]string) (tea.Cmd, error) {
		text := answers[note]
		answers = maps.Clone(answers)
		delete(answers, note)
		return send(answers, text, f.sent, func(err error) bool {
			if response.CodeOf(err) != response.CodeUsage || a.id != id {
				return false
			}
			f.wrong, f.at = err.Error(), 0
			_ = a.pushSelf(f)
			return true
		}), nil
	}
	cmd := a.fill(f)
	if !a.board.value.Incident.Drill {
		return cmd
	}
	return tea.Batch(cmd, func() tea.Msg {
		offered, err := a.desk.DrillAnswers(a.ctx, id, s.ID)
		return answer(func() (bool, tea.Cmd) {
			if err != nil {
				return true, a.fail("read the drill's answers", err)
			}
			for _, q := range s.Ask {
				f.offer(q.Name, written(q, offered[q.Name]))
			}
			return true, nil
		})
	})
}

// written is an answer as people write it: yes and no, not true and false.
func written(q playbooks.Question, text string) string {
	if q.Type == playbooks.Bool {
		switch text {
		case "true":
			return "yes"
		case "false":
			return "no"
		}
	}
	return text
}

// hintFor says how an answer is written. "unknown" is an answer to anything.
func hintFor(q playbooks.Question) string {
	hint := ""
	switch q.Type {
	case playbooks.Bool:
		hint = "yes, no"
	case playbooks.Int, playbooks.Float:
		hint = "a number"
	case playbooks.List:
		hint = "with commas between"
	case playbooks.Secret:
		hint = "a reference such as env:NAME, never the secret"
	case playbooks.String:
		hint = "text"
	}
	return hint + " or " + playbooks.Unknown
}

// reasoned asks for a reason and then does something with it.
func (a *app) reasoned(title, draft, key, done string, do func(context.Context, string) error) tea.Cmd {
	return a.typed(&prompt{
		title: title, text: "Why? The reason is recorded.", draft: draft,
		submit: func(text string, _ bool) tea.Cmd {
			return a.start(errand{
				key: key, title: title,
				do: func(ctx context.Context, _ response.ProgressFunc) (string, error) {
					return done, do(ctx, text)
				},
				then: func() tea.Cmd { a.draft(draft, ""); return nil },
			})
		},
	})
}

func (a *app) skipStep(s response.StepView) tea.Cmd {
	id := a.id
	return a.reasoned("Skip "+s.Title, "skip:"+string(id)+":"+s.ID, "step:"+s.ID, "skipped: "+s.Title, func(ctx context.Context, reason string) error {
		return a.desk.SkipStep(ctx, id, s.ID, reason)
	})
}

func (a *app) reopenStep(s response.StepView) tea.Cmd {
	id := a.id
	return a.reasoned("Open again "+s.Title, "reopen:"+string(id)+":"+s.ID, "step:"+s.ID, "open again: "+s.Title, func(ctx context.Context, reason string) error {
		return a.desk.ReopenStep(ctx, id, s.ID, reason)
	})
}

// runStep performs an automatic step. A step that plans an action opens the
// approval by itself when the plan is there.
func (a *app) runStep(s response.StepView) tea.Cmd {
	id := a.id
	if v, ok := a.action(s.ActionID); ok && v.State == response.Approved && v.Approvals > 0 {
		return a.carryOut(id, v)
	}
	switch {
	case s.Verb == playbooks.VerbNotify:
		return a.ask("Send this message?", s.Text, "send", func() tea.Cmd { return a.performStep(s) })
	case s.Verb.Acts() && s.State == playbooks.Ready && s.Danger == incident.Low:
		return a.planLow(s)
	}
	return a.performStep(s)
}

// planLow plans an action that needs no approval by rule, and asks all the same:
// one key sends nothing.
func (a *app) planLow(s response.StepView) tea.Cmd {
	id := a.id
	var plan response.ActionView
	return a.start(errand{
		key: "step:" + s.ID, title: s.Title,
		do: func(ctx context.Context, _ response.ProgressFunc) (_ string, err error) {
			plan, err = a.desk.PlanStep(ctx, id, s.ID)
			return "planned: " + s.Title, err
		},
		then: func() tea.Cmd {
			if a.id != id {
				return nil
			}
			return a.review(plan, true)
		},
	})
}

// performStep performs one step.
func (a *app) performStep(s response.StepView) tea.Cmd {
	id := a.id
	if s.Verb == playbooks.VerbReview { // a person ends the step, after reading it
		return a.writeReview()
	}
	var plan response.ActionView
	return a.start(errand{
		key: "step:" + s.ID, title: s.Title, long: true,
		do: func(ctx context.Context, told response.ProgressFunc) (says string, err error) {
			err = a.desk.RunStep(ctx, id, s.ID, told)
			if !s.Verb.Acts() || err != nil && response.CodeOf(err) != response.CodeRefused {
				return "done: " + s.Title, err
			}
			v, waits, boardErr := planOf(ctx, a.desk, id, s.ID)
			if waits { // that the plan needs an approval is no failure
				plan = v
				return "planned: " + s.Title, nil
			}
			return "done: " + s.Title, errors.Join(err, boardErr)
		},
		then: func() tea.Cmd {
			if plan.Action == "" || a.id != id {
				return nil
			}
			return a.review(plan, true)
		},
	})
}

// planOf finds the plan of a step that waits for an approval.
func planOf(ctx context.Context, d desk, id incident.ID, step string) (v response.ActionView, waits bool, err error) {
	b, err := d.Board(ctx, id)
	if err != nil {
		return v, false, err
	}
	for _, v := range b.Actions {
		if v.Step == step && v.State == response.Planned && v.Reverts == "" {
			return v, true, nil
		}
	}
	return v, false, nil
}

// advance performs all the automatic steps that need nobody.
func (a *app) advance() tea.Cmd {
	id := a.id
	return a.start(errand{
		key: "advance", title: "run the automatic steps", long: true,
		do: func(ctx context.Context, told response.ProgressFunc) (string, error) {
			w, err := a.desk.Advance(ctx, id, told)
			if err != nil {
				return "", err
			}
			b, err := a.desk.Board(ctx, id)
			return waits(w, b), err
		},
	})
}

// waits says what an automatic run has stopped at.
func waits(w response.Waiting, b response.Board) string {
	title, resting := map[string]string{}, false
	for _, p := range b.Phases {
		for _, s := range p.Steps {
			title[s.ID] = s.Title
			resting = resting || s.Verb == playbooks.VerbWait && s.State == playbooks.Running && s.Until.Equal(w.Until)
		}
	}
	titles := func(ids []string) string {
		out := make([]string, len(ids))
		for i, id := range ids {
			out[i] = cmp.Or(title[id], id)
		}
		return strings.Join(out, ", ")
	}
	switch {
	case w.Done:
		return "the run has ended"
	case w.Reason != "":
		return "waits: " + w.Reason
	case len(w.Steps) > 0:
		return "waits for a person: " + titles(w.Steps)
	case len(w.Others) > 0:
		return "another process performs " + titles(w.Others)
	case resting:
		return "waits until " + w.Until.UTC().Format("15:04:05Z") + "; space ends the wait"
	case !w.Until.IsZero():
		return "tries again at " + w.Until.UTC().Format("15:04:05Z") + "; r runs it now"
	}
	return "nothing can be done now"
}

// lookUp reads back what became of an action whose outcome is unknown.
func (a *app) lookUp(v response.ActionView) tea.Cmd {
	id := a.id
	return a.start(errand{
		key: "action:" + v.Action, title: "look: " + v.Title, long: true,
		do: func(ctx context.Context, told response.ProgressFunc) (string, error) {
			after, err := a.desk.LookTelling(ctx, id, v.Action, told)
			return string(after.State) + ": " + v.Title, err
		},
	})
}

// revert plans the inverse of an action and shows that plan for approval.
func (a *app) revert(v response.ActionView) tea.Cmd {
	id, draft := a.id, "revert:"+string(a.id)+":"+v.Action
	return a.typed(&prompt{
		title: "Plan the undo of " + v.Title, text: "Why? The undo is a plan of its own and needs an approval too.", draft: draft,
		submit: func(text string, _ bool) tea.Cmd {
			var plan response.ActionView
			return a.start(errand{
				key: "revert:" + v.Action, title: "plan the undo of " + v.Title,
				do: func(ctx context.Context, _ response.ProgressFunc) (says string, err error) {
					plan, err = a.desk.Revert(ctx, id, v.Action, text)
					return "planned: " + plan.Title, err
				},
				then: func() tea.Cmd {
					a.draft(draft, "")
					if a.id != id {
						return nil
					}
					return a.review(plan, true)
				},
			})
		},
	})
}

// note writes down what somebody saw or decided.
func (a *app) note(step string) tea.Cmd {
	id, draft := a.id, "note:"+string(a.id)
	return a.typed(&prompt{
		title: "Note", text: "What happened, or what was decided? It goes into the record with your name and the time.", draft: draft, flag: "this is a decision",
		submit: func(text string, decision bool) tea.Cmd {
			return a.start(errand{
				key: "note", title: "note",
				do: func(ctx context.Context, _ response.ProgressFunc) (string, error) {
					return "noted", a.desk.Note(ctx, id, step, text, decision)
				},
				then: func() tea.Cmd { a.draft(draft, ""); return nil },
			})
		},
	})
}

// approvals opens the plan that waits, or the list when several do.
func (a *app) approvals() tea.Cmd {
	vs := a.waiting()
	switch len(vs) {
	case 0:
		return a.tell("no plan waits for an approval")
	case 1:
		return a.review(vs[0], false)
	}
	var cs []choice
	for _, v := range vs {
		cs = append(cs, choice{
			text: line{{usual, v.Title + "  "}, {faint, v.Target + "  "}, {warn, "danger " + v.Danger.String() + "  "}, {faint, needs(v)}},
			run:  func() tea.Cmd { return a.review(v, false) },
		})
	}
	return a.choose("Approvals", "Each is shown in full before you decide.", "open", cs)
}

// writeReview writes the post-incident review and says where it went.
func (a *app) writeReview() tea.Cmd {
	id := a.id
	var w response.Written
	return a.start(errand{
		key: "review", title: "write the review", long: true,
		do: func(ctx context.Context, _ response.ProgressFunc) (says string, err error) {
			w, err = a.desk.Review(ctx, id)
			return "review written", err
		},
		then: func() tea.Cmd {
			return a.pushSelf(a.read("Review written", func(n int) []line {
				out := wrap(usual, "Built from the record as it is now. Writing it again later includes what happened since.", n)
				out = append(out, nil)
				if w.Sealed {
					out = append(wrap(usual, "Sealed, as the incident is. A copy that can be read: firebreak review "+string(a.id)+" --to FOLDER", n), nil)
				}
				out = append(out, labelled("Markdown  ", w.Markdown, n)...)
				out = append(out, labelled("HTML      ", w.HTML, n)...)
				return append(out, labelled("JSON      ", w.JSON, n)...)
			}))
		},
	})
}

// verify recomputes the whole record and says what it found.
func (a *app) verify() tea.Cmd {
	id := a.id
	var r record.Report
	return a.start(errand{
		key: "verify", title: "verify the record", long: true,
		do: func(ctx context.Context, told response.ProgressFunc) (says string, err error) {
			r, err = a.desk.Verify(ctx, id, told)
			if err == nil && len(r.Problems) > 0 {
				return "", fmt.Errorf("%s found", plural(int64(len(r.Problems)), "problem"))
			}
			return "the record is intact", err
		},
		then: func() tea.Cmd { return a.pushSelf(a.read("Verified", func(w int) []line { return reportLines(r, w) })) },
		failed: func(error) bool {
			if len(r.Problems) > 0 {
				_ = a.pushSelf(a.read("The record is NOT intact", func(w int) []line { return reportLines(r, w) }))
			}
			return false
		},
	})
}

func reportLines(r record.Report, w int) []line {
	var out []line
	for _, p := range r.Problems {
		out = append(out, wrap(bad, "! "+p.String(), w)...)
	}
	if len(r.Problems) == 0 {
		out = append(out, look(good, "No problem found."))
	}
	for _, n := range r.Notes {
		out = append(out, labelled("- ", n, w)...)
	}
	return out
}
