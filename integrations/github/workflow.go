package github

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/google/go-github/v62/github"

	"firebreak/incident"
	"firebreak/integrations"
)

// States of a workflow, as GitHub names them.
const (
	active   = "active"
	disabled = "disabled_manually"
)

// workflow disables or enables one workflow. Both calls are idempotent.
type workflow struct {
	*hub
	enable bool
}

// Describe implements integrations.Action.
func (w workflow) Describe() integrations.Description {
	d := integrations.Description{
		Name: "github.workflow.disable", Title: "Disable a workflow", System: "github",
		Danger: incident.Medium, Reversible: true, Idempotency: "native", Scopes: []string{"repo", "actions:write"},
		Tested: integrations.Described,
		Params: []integrations.Param{
			repoParam(),
			{
				Name: "workflow", Title: "File name or id", Type: "string", Required: true,
				Match: `[0-9]{1,18}|\.?[A-Za-z0-9_-][A-Za-z0-9._-]{0,98}\.ya?ml`,
			},
		},
		Result: []integrations.Param{{Name: "repo", Type: "string"}, {Name: "workflow", Type: "string"}},
	}
	if w.enable {
		d.Name, d.Title = "github.workflow.enable", "Enable a workflow"
	}
	return d
}

// Prior implements integrations.Action.
func (w workflow) Prior(ctx context.Context, c integrations.Call) (integrations.Prior, error) {
	v, err := integrations.Read(w.Describe(), c.Params)
	if err != nil {
		return integrations.Prior{}, err
	}
	ctx, s, err := w.open(ctx)
	if err != nil {
		return integrations.Prior{}, err
	}
	found, err := s.workflow(ctx, v)
	if err != nil {
		return integrations.Prior{}, err
	}
	return integrations.Prior{State: map[string]any{
		"id": found.GetID(), "name": s.seen.Clean(found.GetName()),
		"path": s.seen.Clean(found.GetPath()), "state": s.seen.Clean(found.GetState()),
	}}, nil
}

// workflow fetches the workflow that the parameters name.
func (s session) workflow(ctx context.Context, v integrations.Values) (*github.Workflow, error) {
	owner, repo := split(v.Text("repo"))
	name := v.Text("workflow")
	var found *github.Workflow
	var err error
	if id, isNumber := number(name); isNumber {
		found, _, err = s.Actions.GetWorkflowByID(ctx, owner, repo, id)
	} else {
		found, _, err = s.Actions.GetWorkflowByFileName(ctx, owner, repo, name)
	}
	return found, s.fail("read workflow "+name, err)
}

// Plan implements integrations.Action.
func (w workflow) Plan(ctx context.Context, c integrations.Call, prior integrations.Prior) (integrations.Plan, error) {
	v, err := integrations.Read(w.Describe(), c.Params)
	if err != nil {
		return integrations.Plan{}, err
	}
	p, err := w.planIn(ctx, c, prior, v.Text("repo"), integrations.Target{Kind: "workflow", ID: id(prior.State, "id"), Name: v.Text("repo") + "/" + v.Text("workflow")})
	if err != nil {
		return integrations.Plan{}, err
	}
	state, name, repo := text(prior.State, "state"), v.Text("workflow"), v.Text("repo")
	p.Target = repo + "/" + name
	owner, short := split(repo)
	verb := map[bool]string{false: "disable", true: "enable"}[w.enable]
	p.Requests = []integrations.Request{w.request("PUT", fmt.Sprintf("repos/%s/%s/actions/workflows/%s/%s", owner, short, name, verb), "")}
	if w.enable {
		p.Effects = []string{fmt.Sprintf("workflow %s of %s runs again on its events", name, repo)}
	} else {
		p.Effects = []string{
			fmt.Sprintf("workflow %s of %s no longer starts: releases, checks and schedules that use it stop", name, repo),
			"runs that are under way go on",
		}
	}
	p.Proof = "the state that GitHub gives for the workflow"
	p.Unchanged = w.done(state)
	if !w.enable && strings.HasPrefix(state, "disabled_") && state != disabled {
		p.Warnings = append(p.Warnings, "the workflow is off already: "+state)
	}
	if inverse, err := w.Inverse(c, prior, integrations.Receipt{}); err == nil {
		p.Undo, p.Inverse = "set the workflow's state back to "+state, &inverse
	}
	return p, nil
}

// done says whether the state is what the action wants.
func (w workflow) done(state string) bool {
	if w.enable {
		return state == active
	}
	return strings.HasPrefix(state, "disabled_")
}

// Do implements integrations.Action.
func (w workflow) Do(ctx context.Context, c integrations.Call, _ integrations.Plan) (integrations.Receipt, error) {
	v, err := integrations.Read(w.Describe(), c.Params)
	if err != nil {
		return integrations.Receipt{}, err
	}
	ctx, s, err := w.open(ctx)
	if err != nil {
		return integrations.Receipt{}, err
	}
	owner, repo := split(v.Text("repo"))
	name := v.Text("workflow")
	id, isNumber := number(name)
	switch {
	case w.enable && isNumber:
		_, err = s.Actions.EnableWorkflowByID(ctx, owner, repo, id)
	case w.enable:
		_, err = s.Actions.EnableWorkflowByFileName(ctx, owner, repo, name)
	case isNumber:
		_, err = s.Actions.DisableWorkflowByID(ctx, owner, repo, id)
	default:
		_, err = s.Actions.DisableWorkflowByFileName(ctx, owner, repo, name)
	}
	if err != nil {
		return integrations.Receipt{}, s.fail("set workflow "+name, err)
	}
	return w.receipt(v), nil
}

func (w workflow) receipt(v integrations.Values) integrations.Receipt {
	return integrations.Receipt{
		Ref: v.Text("repo") + "/" + v.Text("workflow"), At: w.now(),
		Data: map[string]any{"repo": v.Text("repo"), "workflow": v.Text("workflow")},
	}
}

// Verify implements integrations.Action.
func (w workflow) Verify(ctx context.Context, c integrations.Call, _ integrations.Receipt) (integrations.Verification, error) {
	prior, err := w.Prior(ctx, c)
	if err != nil {
		return integrations.Verification{}, err
	}
	state := text(prior.State, "state")
	return integrations.Verification{OK: w.done(state), Says: "the workflow is " + state, State: prior.State}, nil
}

// Find implements integrations.Finder: the state itself tells.
func (w workflow) Find(ctx context.Context, c integrations.Call) (integrations.Receipt, bool, error) {
	v, err := integrations.Read(w.Describe(), c.Params)
	if err != nil {
		return integrations.Receipt{}, false, err
	}
	seen, err := w.Verify(ctx, c, integrations.Receipt{})
	return w.receipt(v), seen.OK, err
}

// Inverse implements integrations.Reverter. What was already so is not undone.
func (w workflow) Inverse(c integrations.Call, prior integrations.Prior, _ integrations.Receipt) (integrations.Call, error) {
	state := text(prior.State, "state")
	inverse := integrations.Call{
		Action: "github.workflow.enable", Connection: c.Connection, Incident: c.Incident, Step: c.Step,
		Params: map[string]any{"repo": c.Params["repo"], "workflow": c.Params["workflow"]},
	}
	if w.enable {
		inverse.Action = "github.workflow.disable"
	}
	if state == "" || w.done(state) {
		return integrations.Call{}, fmt.Errorf("invert %s: the workflow was %s before", c.Action, state)
	}
	return inverse, nil
}

func number(s string) (int64, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}
