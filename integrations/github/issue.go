package github

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/google/go-github/v62/github"

	"firebreak/incident"
	"firebreak/integrations"
)

// issueCreate opens an issue. GitHub knows no idempotency, so the body carries
// a hidden mark that a later look finds.
type issueCreate struct{ *hub }

// Describe implements integrations.Action.
func (issueCreate) Describe() integrations.Description {
	return integrations.Description{
		Name: "github.issue.create", Title: "Open an issue", System: "github",
		Danger: incident.Low, Reversible: true, Idempotency: "marker", Scopes: []string{"repo", "issues:write"},
		Tested: integrations.Emulated,
		Params: []integrations.Param{
			repoParam(),
			{Name: "title", Title: "Title", Type: "string", Required: true, Match: `[^\r\n]{1,256}`},
			{Name: "body", Title: "Text", Type: "string"},
			{Name: "labels", Title: "Labels", Type: "list", Match: `[^\r\n,]{1,50}`},
		},
		Result: []integrations.Param{{Name: "repo", Type: "string"}, {Name: "number", Type: "int"}, {Name: "url", Type: "string"}},
	}
}

// Pages that a search for a mark reads, newest first, 100 a page: an attempt of
// unknown outcome is minutes old, not thousands of issues.
const pages = 5

// marked looks for the newest issue that carries the key. Where it is known who
// we are, somebody else's copy of the mark does not count.
func (s session) marked(ctx context.Context, repo, key string) (*github.Issue, error) {
	who, err := s.identity(ctx)
	if err != nil {
		return nil, err
	}
	owner, name := split(repo)
	opts := &github.IssueListByRepoOptions{
		State: "all", Sort: "created", Direction: "desc", Creator: who,
		ListOptions: github.ListOptions{PerPage: 100},
	}
	for range pages {
		issues, resp, err := s.Issues.ListByRepo(ctx, owner, name, opts)
		if err != nil {
			return nil, s.fail("list issues", err)
		}
		for _, i := range issues {
			if integrations.Marked(i.GetBody(), key) && (who == "" || i.GetUser().GetLogin() == who) {
				return i, nil
			}
		}
		if resp.NextPage == 0 {
			break
		}
		opts.Page = resp.NextPage
	}
	return nil, nil // nothing found is not a failure
}

// Prior implements integrations.Action.
func (a issueCreate) Prior(ctx context.Context, c integrations.Call) (integrations.Prior, error) {
	r, found, err := a.Find(ctx, c)
	if err != nil {
		return integrations.Prior{}, err
	}
	state := map[string]any{"exists": found}
	if found {
		state["number"] = r.Data["number"]
	}
	return integrations.Prior{State: state}, nil
}

// Plan implements integrations.Action.
func (a issueCreate) Plan(ctx context.Context, c integrations.Call, prior integrations.Prior) (integrations.Plan, error) {
	v, err := integrations.Read(a.Describe(), c.Params)
	if err != nil {
		return integrations.Plan{}, err
	}
	p, err := a.planIn(ctx, c, prior, v.Text("repo"))
	if err != nil {
		return integrations.Plan{}, err
	}
	c.Seal = integrations.SealPlace
	body, err := json.Marshal(newIssue(c, v))
	if err != nil {
		return integrations.Plan{}, fmt.Errorf("encode issue: %w", err)
	}
	owner, repo := split(v.Text("repo"))
	p.Target = v.Text("repo")
	p.Effects = []string{fmt.Sprintf("an issue %q appears in %s, for all who can read the repository", v.Text("title"), v.Text("repo"))}
	p.Requests = []integrations.Request{a.request("POST", fmt.Sprintf("repos/%s/%s/issues", owner, repo), string(body))}
	p.Proof = "the issue can be read back"
	p.Undo = "close the issue; who was notified stays notified"
	p.Unchanged, _ = prior.State["exists"].(bool)
	return p, nil
}

func newIssue(c integrations.Call, v integrations.Values) *github.IssueRequest {
	req := &github.IssueRequest{Title: github.String(v.Text("title")), Body: github.String(integrations.Text(v.Text("body"), c))}
	if labels := v.List("labels"); len(labels) > 0 {
		req.Labels = &labels
	}
	return req
}

// Do implements integrations.Action.
func (a issueCreate) Do(ctx context.Context, c integrations.Call, _ integrations.Plan) (integrations.Receipt, error) {
	v, err := integrations.Read(a.Describe(), c.Params)
	if err != nil {
		return integrations.Receipt{}, err
	}
	ctx, s, err := a.open(ctx)
	if err != nil {
		return integrations.Receipt{}, err
	}
	owner, repo := split(v.Text("repo"))
	made, _, err := s.Issues.Create(ctx, owner, repo, newIssue(c, v))
	if err != nil {
		return integrations.Receipt{}, s.fail("create issue", err)
	}
	return a.receipt(s, v, made), nil
}

func (a issueCreate) receipt(s session, v integrations.Values, made *github.Issue) integrations.Receipt {
	url := s.seen.Clean(made.GetHTMLURL())
	return integrations.Receipt{
		Ref: v.Text("repo") + "#" + strconv.Itoa(made.GetNumber()), URL: url, At: a.now(),
		Data: map[string]any{"repo": v.Text("repo"), "number": made.GetNumber(), "url": url},
	}
}

// Verify implements integrations.Action.
func (a issueCreate) Verify(ctx context.Context, c integrations.Call, r integrations.Receipt) (integrations.Verification, error) {
	v, err := integrations.Read(a.Describe(), c.Params)
	if err != nil {
		return integrations.Verification{}, err
	}
	n, err := integrations.Number(r.Data, "number")
	if err != nil {
		return integrations.Verification{}, err
	}
	ctx, s, err := a.open(ctx)
	if err != nil {
		return integrations.Verification{}, err
	}
	found, err := s.issue(ctx, v.Text("repo"), int(n))
	if err != nil {
		return integrations.Verification{}, err
	}
	state := map[string]any{"number": found.GetNumber(), "state": s.seen.Clean(found.GetState())}
	if !integrations.Marked(found.GetBody(), c.Key) {
		return integrations.Verification{Says: fmt.Sprintf("issue #%d is not ours", n), State: state}, nil
	}
	return integrations.Verification{
		OK: found.GetState() == "open", Says: fmt.Sprintf("issue #%d is %s", n, s.seen.Clean(found.GetState())), State: state,
	}, nil
}

func (s session) issue(ctx context.Context, repo string, number int) (*github.Issue, error) {
	owner, name := split(repo)
	found, _, err := s.Issues.Get(ctx, owner, name, number)
	return found, s.fail(fmt.Sprintf("read issue #%d", number), err)
}

// Find implements integrations.Finder.
func (a issueCreate) Find(ctx context.Context, c integrations.Call) (integrations.Receipt, bool, error) {
	v, err := integrations.Read(a.Describe(), c.Params)
	if err != nil {
		return integrations.Receipt{}, false, err
	}
	ctx, s, err := a.open(ctx)
	if err != nil {
		return integrations.Receipt{}, false, err
	}
	found, err := s.marked(ctx, v.Text("repo"), c.Key)
	if err != nil || found == nil {
		return integrations.Receipt{}, false, err
	}
	return a.receipt(s, v, found), true, nil
}

// Inverse implements integrations.Reverter.
func (issueCreate) Inverse(c integrations.Call, _ integrations.Prior, r integrations.Receipt) (integrations.Call, error) {
	n, err := integrations.Number(r.Data, "number")
	if err != nil {
		return integrations.Call{}, fmt.Errorf("invert %s: %w", c.Action, err)
	}
	return integrations.Call{
		Action: "github.issue.close", Connection: c.Connection, Incident: c.Incident, Step: c.Step,
		Params: map[string]any{"repo": c.Params["repo"], "number": n},
	}, nil
}

// issueState closes an issue or opens it again.
type issueState struct {
	*hub
	want string // "closed" or "open"
}

// Describe implements integrations.Action.
func (a issueState) Describe() integrations.Description {
	d := integrations.Description{
		Name: "github.issue.close", Title: "Close an issue", System: "github",
		Danger: incident.Low, Reversible: true, Idempotency: "native", Scopes: []string{"repo", "issues:write"},
		Tested: integrations.Emulated,
		Params: []integrations.Param{
			repoParam(),
			{Name: "number", Title: "Number of the issue", Type: "int", Required: true, Match: `[1-9][0-9]{0,9}`},
		},
		Result: []integrations.Param{{Name: "repo", Type: "string"}, {Name: "number", Type: "int"}},
	}
	if a.want == "open" {
		d.Name, d.Title = "github.issue.reopen", "Open an issue again"
	}
	return d
}

// Prior implements integrations.Action.
func (a issueState) Prior(ctx context.Context, c integrations.Call) (integrations.Prior, error) {
	v, err := integrations.Read(a.Describe(), c.Params)
	if err != nil {
		return integrations.Prior{}, err
	}
	ctx, s, err := a.open(ctx)
	if err != nil {
		return integrations.Prior{}, err
	}
	found, err := s.issue(ctx, v.Text("repo"), int(v.Int("number")))
	if err != nil {
		return integrations.Prior{}, err
	}
	return integrations.Prior{State: map[string]any{
		"number": found.GetNumber(), "title": s.seen.Clean(found.GetTitle()), "state": s.seen.Clean(found.GetState()),
	}}, nil
}

// Plan implements integrations.Action.
func (a issueState) Plan(ctx context.Context, c integrations.Call, prior integrations.Prior) (integrations.Plan, error) {
	v, err := integrations.Read(a.Describe(), c.Params)
	if err != nil {
		return integrations.Plan{}, err
	}
	p, err := a.planIn(ctx, c, prior, v.Text("repo"), integrations.Target{Kind: "issue", ID: fmt.Sprintf("%s#%d", v.Text("repo"), v.Int("number")), Name: text(prior.State, "title")})
	if err != nil {
		return integrations.Plan{}, err
	}
	body, err := json.Marshal(a.edit())
	if err != nil {
		return integrations.Plan{}, fmt.Errorf("encode issue: %w", err)
	}
	owner, repo := split(v.Text("repo"))
	p.Target = fmt.Sprintf("%s#%d", v.Text("repo"), v.Int("number"))
	p.Effects = []string{fmt.Sprintf("issue %q becomes %s", text(prior.State, "title"), a.want)}
	p.Requests = []integrations.Request{a.request("PATCH", fmt.Sprintf("repos/%s/%s/issues/%d", owner, repo, v.Int("number")), string(body))}
	p.Proof = "the state that GitHub gives for the issue"
	p.Unchanged = text(prior.State, "state") == a.want
	if inverse, err := a.Inverse(c, prior, integrations.Receipt{}); err == nil {
		p.Undo, p.Inverse = "set the issue's state back", &inverse
	}
	return p, nil
}

func (a issueState) edit() *github.IssueRequest {
	reason := "completed"
	if a.want == "open" {
		reason = "reopened"
	}
	return &github.IssueRequest{State: github.String(a.want), StateReason: github.String(reason)}
}

// Do implements integrations.Action.
func (a issueState) Do(ctx context.Context, c integrations.Call, _ integrations.Plan) (integrations.Receipt, error) {
	v, err := integrations.Read(a.Describe(), c.Params)
	if err != nil {
		return integrations.Receipt{}, err
	}
	ctx, s, err := a.open(ctx)
	if err != nil {
		return integrations.Receipt{}, err
	}
	owner, repo := split(v.Text("repo"))
	if _, _, err := s.Issues.Edit(ctx, owner, repo, int(v.Int("number")), a.edit()); err != nil {
		return integrations.Receipt{}, s.fail("edit issue", err)
	}
	return a.receipt(v), nil
}

func (a issueState) receipt(v integrations.Values) integrations.Receipt {
	return integrations.Receipt{
		Ref: fmt.Sprintf("%s#%d", v.Text("repo"), v.Int("number")), At: a.now(),
		Data: map[string]any{"repo": v.Text("repo"), "number": v.Int("number")},
	}
}

// Verify implements integrations.Action.
func (a issueState) Verify(ctx context.Context, c integrations.Call, _ integrations.Receipt) (integrations.Verification, error) {
	prior, err := a.Prior(ctx, c)
	if err != nil {
		return integrations.Verification{}, err
	}
	state := text(prior.State, "state")
	return integrations.Verification{OK: state == a.want, Says: "the issue is " + state, State: prior.State}, nil
}

// Find implements integrations.Finder: the state itself tells.
func (a issueState) Find(ctx context.Context, c integrations.Call) (integrations.Receipt, bool, error) {
	v, err := integrations.Read(a.Describe(), c.Params)
	if err != nil {
		return integrations.Receipt{}, false, err
	}
	seen, err := a.Verify(ctx, c, integrations.Receipt{})
	return a.receipt(v), seen.OK, err
}

// Inverse implements integrations.Reverter. What was already so is not undone.
func (a issueState) Inverse(c integrations.Call, prior integrations.Prior, _ integrations.Receipt) (integrations.Call, error) {
	if text(prior.State, "state") == a.want {
		return integrations.Call{}, fmt.Errorf("invert %s: the issue was %s before", c.Action, a.want)
	}
	inverse := integrations.Call{
		Action: "github.issue.reopen", Connection: c.Connection, Incident: c.Incident, Step: c.Step,
		Params: map[string]any{"repo": c.Params["repo"], "number": c.Params["number"]},
	}
	if a.want == "open" {
		inverse.Action = "github.issue.close"
	}
	return inverse, nil
}
