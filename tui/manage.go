package tui

import (
	"context"
	"errors"
	"maps"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"firebreak/incident"
	"firebreak/record"
	"firebreak/response"
)

// The commands of the palette that change the incident itself.

// assign gives a role to a person.
func (a *app) assign() tea.Cmd {
	id := a.id
	f := &form{title: "Give a role", draft: "assign:" + string(id), send: "Assign", text: "An empty person takes the role away."}
	f.entries = []*entry{
		{name: "role", label: "Role", hint: "commander, investigator, scribe, approver, comms, legal"},
		{name: "person", label: "Person"},
	}
	f.submit = func(in map[string]string) (tea.Cmd, error) {
		if in["role"] == "" {
			return nil, errors.New("name a role")
		}
		return a.start(errand{
			key: "assign", title: "give the role " + in["role"],
			do: func(ctx context.Context, _ response.ProgressFunc) (string, error) {
				return in["role"] + ": " + in["person"], a.desk.Assign(ctx, id, incident.Role(strings.ToLower(in["role"])), in["person"])
			},
			then: func() tea.Cmd { f.sent(); return nil },
		}), nil
	}
	return a.fill(f)
}

func (a *app) closeIncident() tea.Cmd {
	id, draft := a.id, "close:"+string(a.id)
	text := "Why? The reason is recorded."
	if n := len(a.board.value.Contained); n > 0 {
		text = plural(int64(n), "containment") + " still in force: closing undoes nothing. " + text
	}
	return a.typed(&prompt{
		title: "Close the incident", text: text, draft: draft,
		submit: func(text string, _ bool) tea.Cmd {
			return a.start(errand{
				key: "close", title: "Close the incident",
				do: func(ctx context.Context, told response.ProgressFunc) (string, error) {
					touch(ctx, a.desk, told) // whoever closes signs, where there is a key
					return "closed", a.desk.CloseIncident(ctx, id, text)
				},
				then: func() tea.Cmd { a.draft(draft, ""); return nil },
			})
		},
	})
}

func (a *app) reopenIncident() tea.Cmd {
	id := a.id
	return a.reasoned("Open the incident again", "reopen:"+string(id), "close", "open again", func(ctx context.Context, reason string) error {
		return a.desk.Reopen(ctx, id, reason)
	})
}

func (a *app) setSeverity() tea.Cmd {
	id, draft := a.id, "severity:"+string(a.id)
	var to incident.Severity
	return a.typed(&prompt{
		title: "Set the severity", text: "sev1 is the worst, sev4 the least. Now " + a.board.value.Incident.Severity.String() + ".", draft: draft,
		check: func(s string) (err error) { to, err = incident.ParseSeverity(s); return err },
		submit: func(string, bool) tea.Cmd {
			return a.start(errand{
				key: "severity", title: "set the severity",
				do: func(ctx context.Context, _ response.ProgressFunc) (string, error) {
					return "now " + to.String(), a.desk.Change(ctx, id, record.Changed{Severity: &to})
				},
				then: func() tea.Cmd { a.draft(draft, ""); return nil },
			})
		},
	})
}

func (a *app) addItem() tea.Cmd {
	id, draft := a.id, "item:"+string(a.id)
	return a.typed(&prompt{
		title: "Follow-up for the review", text: "What has to be done after the incident?", draft: draft,
		submit: func(text string, _ bool) tea.Cmd {
			return a.start(errand{
				key: "item", title: "add a follow-up",
				do: func(ctx context.Context, _ response.ProgressFunc) (string, error) {
					n, err := a.desk.AddItem(ctx, id, record.Item{Text: text})
					return "follow-up " + n, err
				},
				then: func() tea.Cmd { a.draft(draft, ""); return nil },
			})
		},
	})
}

// giveValues asks for the values that the playbook needs and nobody gave when
// the incident was opened.
func (a *app) giveValues() tea.Cmd {
	id := a.id
	f := &form{title: "What the playbook needs to know", draft: "values:" + string(id), send: "Give", text: "A field that stays empty can be given later."}
	for _, q := range a.board.value.Missing {
		f.entries = append(f.entries, &entry{name: q.Name, label: q.Text, hint: hintFor(q), check: func(text string) error {
			_, err := q.Read(text)
			return err
		}})
	}
	f.submit = func(in map[string]string) (tea.Cmd, error) {
		given := maps.Clone(in)
		maps.DeleteFunc(given, func(_, text string) bool { return text == "" })
		if len(given) == 0 {
			return nil, errors.New("nothing is filled in")
		}
		return a.start(errand{
			key: "values", title: "give values to the playbook",
			do: func(ctx context.Context, _ response.ProgressFunc) (string, error) {
				return plural(int64(len(given)), "value") + " given", a.desk.SetVariables(ctx, id, given)
			},
			then: func() tea.Cmd { f.sent(); return nil },
			failed: func(err error) bool {
				if response.CodeOf(err) != response.CodeUsage || a.id != id {
					return false
				}
				f.wrong, f.at = err.Error(), 0
				_ = a.pushSelf(f)
				return true
			},
		}), nil
	}
	return a.fill(f)
}

// addStep adds a manual step to the run, in the phase that goes on.
func (a *app) addStep() tea.Cmd {
	id := a.id
	f := &form{title: "Add a step to this run", draft: "addstep:" + string(id), send: "Add", text: "The playbook's file stays as it is; the review shows the step as added."}
	phase := &entry{name: "phase", label: "Phase", hint: "identify, contain, eradicate, recover, learn"}
	phase.field = newField(a.board.value.Incident.Phase.String())
	f.entries = []*entry{{name: "title", label: "Title"}, {name: "text", label: "What to do"}, phase}
	f.submit = func(in map[string]string) (tea.Cmd, error) {
		ph, err := incident.ParsePhase(in["phase"])
		if err != nil {
			return nil, err
		}
		if in["title"] == "" {
			return nil, errors.New("give it a title")
		}
		return a.start(errand{
			key: "addstep", title: "add a step",
			do: func(ctx context.Context, _ response.ProgressFunc) (string, error) {
				n, err := a.desk.AddStep(ctx, id, record.AdHoc{Title: in["title"], Text: in["text"], Phase: ph})
				return "added " + n, err
			},
			then: func() tea.Cmd { f.sent(); return nil },
		}), nil
	}
	return a.fill(f)
}
