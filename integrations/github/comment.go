package github

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/google/go-github/v62/github"

	"firebreak/incident"
	"firebreak/integrations"
)

// commentCreate comments on an issue, with a hidden mark like issueCreate.
type commentCreate struct{ *hub }

// Describe implements integrations.Action.
func (commentCreate) Describe() integrations.Description {
	return integrations.Description{
		Name: "github.issue.comment", Title: "Comment on an issue", System: "github",
		Danger: incident.Low, Reversible: true, Idempotency: "marker", Scopes: []string{"repo", "issues:write"},
		Tested: integrations.Emulated,
		Params: []integrations.Param{
			repoParam(),
			{Name: "number", Title: "Number of the issue", Type: "int", Required: true, Match: `[1-9][0-9]{0,9}`},
			{Name: "body", Title: "Text", Type: "string", Required: true},
		},
		Result: []integrations.Param{{Name: "repo", Type: "string"}, {Name: "comment_id", Type: "int"}, {Name: "url", Type: "string"}},
	}
}

// comment looks for the comment that carries the key.
func (s session) comment(ctx context.Context, v integrations.Values, key string) (*github.IssueComment, error) {
	who, err := s.identity(ctx)
	if err != nil {
		return nil, err
	}
	owner, repo := split(v.Text("repo"))
	opts := &github.IssueListCommentsOptions{ListOptions: github.ListOptions{PerPage: 100}}
	for range 50 { // GitHub sorts an issue's comments oldest first, whatever is asked
		comments, resp, err := s.Issues.ListComments(ctx, owner, repo, int(v.Int("number")), opts)
		if err != nil {
			return nil, s.fail("list comments", err)
		}
		for _, c := range comments {
			if integrations.Marked(c.GetBody(), key) && (who == "" || c.GetUser().GetLogin() == who) {
				return c, nil
			}
		}
		if resp.NextPage == 0 {
			return nil, nil // nothing found is not a failure
		}
		opts.Page = resp.NextPage
	}
	return nil, rejected("look at the issue by hand", "list comments: the issue has more than 5000")
}

// Prior implements integrations.Action.
func (a commentCreate) Prior(ctx context.Context, c integrations.Call) (integrations.Prior, error) {
	v, err := integrations.Read(a.Describe(), c.Params)
	if err != nil {
		return integrations.Prior{}, err
	}
	ctx, s, err := a.open(ctx)
	if err != nil {
		return integrations.Prior{}, err
	}
	issue, err := s.issue(ctx, v.Text("repo"), int(v.Int("number")))
	if err != nil {
		return integrations.Prior{}, err
	}
	found, err := s.comment(ctx, v, c.Key)
	if err != nil {
		return integrations.Prior{}, err
	}
	return integrations.Prior{State: map[string]any{"title": s.seen.Clean(issue.GetTitle()), "exists": found != nil}}, nil
}

// Plan implements integrations.Action.
func (a commentCreate) Plan(ctx context.Context, c integrations.Call, prior integrations.Prior) (integrations.Plan, error) {
	v, err := integrations.Read(a.Describe(), c.Params)
	if err != nil {
		return integrations.Plan{}, err
	}
	p, err := a.planIn(ctx, c, prior, v.Text("repo"), integrations.Target{Kind: "issue", ID: fmt.Sprintf("%s#%d", v.Text("repo"), v.Int("number")), Name: text(prior.State, "title")})
	if err != nil {
		return integrations.Plan{}, err
	}
	c.Seal = integrations.SealPlace
	body, err := json.Marshal(newComment(c, v))
	if err != nil {
		return integrations.Plan{}, fmt.Errorf("encode comment: %w", err)
	}
	owner, repo := split(v.Text("repo"))
	p.Target = fmt.Sprintf("%s#%d", v.Text("repo"), v.Int("number"))
	p.Effects = []string{fmt.Sprintf("a comment appears on %q, for all who can read the repository", text(prior.State, "title"))}
	p.Requests = []integrations.Request{a.request("POST", fmt.Sprintf("repos/%s/%s/issues/%d/comments", owner, repo, v.Int("number")), string(body))}
	p.Proof = "the comment can be read back"
	p.Undo = "delete the comment; who was notified stays notified"
	p.Unchanged, _ = prior.State["exists"].(bool)
	return p, nil
}

func newComment(c integrations.Call, v integrations.Values) *github.IssueComment {
	return &github.IssueComment{Body: github.String(integrations.Text(v.Text("body"), c))}
}

// Do implements integrations.Action.
func (a commentCreate) Do(ctx context.Context, c integrations.Call, _ integrations.Plan) (integrations.Receipt, error) {
	v, err := integrations.Read(a.Describe(), c.Params)
	if err != nil {
		return integrations.Receipt{}, err
	}
	ctx, s, err := a.open(ctx)
	if err != nil {
		return integrations.Receipt{}, err
	}
	owner, repo := split(v.Text("repo"))
	made, _, err := s.Issues.CreateComment(ctx, owner, repo, int(v.Int("number")), newComment(c, v))
	if err != nil {
		return integrations.Receipt{}, s.fail("create comment", err)
	}
	return a.receipt(s, v, made), nil
}

func (a commentCreate) receipt(s session, v integrations.Values, made *github.IssueComment) integrations.Receipt {
	url := s.seen.Clean(made.GetHTMLURL())
	return integrations.Receipt{
		Ref: v.Text("repo") + "/comments/" + strconv.FormatInt(made.GetID(), 10), URL: url, At: a.now(),
		Data: map[string]any{"repo": v.Text("repo"), "comment_id": made.GetID(), "url": url},
	}
}

// Verify implements integrations.Action.
func (a commentCreate) Verify(ctx context.Context, c integrations.Call, _ integrations.Receipt) (integrations.Verification, error) {
	r, found, err := a.Find(ctx, c)
	if err != nil {
		return integrations.Verification{}, err
	}
	if !found {
		return integrations.Verification{Says: "the comment is not there"}, nil
	}
	return integrations.Verification{OK: true, Says: "the comment is there", State: r.Data}, nil
}

// Find implements integrations.Finder.
func (a commentCreate) Find(ctx context.Context, c integrations.Call) (integrations.Receipt, bool, error) {
	v, err := integrations.Read(a.Describe(), c.Params)
	if err != nil {
		return integrations.Receipt{}, false, err
	}
	ctx, s, err := a.open(ctx)
	if err != nil {
		return integrations.Receipt{}, false, err
	}
	found, err := s.comment(ctx, v, c.Key)
	if err != nil || found == nil {
		return integrations.Receipt{}, false, err
	}
	return a.receipt(s, v, found), true, nil
}

// Inverse implements integrations.Reverter.
func (commentCreate) Inverse(c integrations.Call, _ integrations.Prior, r integrations.Receipt) (integrations.Call, error) {
	id, err := integrations.Number(r.Data, "comment_id")
	if err != nil {
		return integrations.Call{}, fmt.Errorf("invert %s: %w", c.Action, err)
	}
	return integrations.Call{
		Action: "github.comment.delete", Connection: c.Connection, Incident: c.Incident, Step: c.Step,
		Params: map[string]any{"repo": c.Params["repo"], "comment_id": id},
	}, nil
}

// commentDelete deletes a comment that Firebreak wrote, and no other.
type commentDelete struct{ *hub }

// Describe implements integrations.Action.
func (commentDelete) Describe() integrations.Description {
	return integrations.Description{
		Name: "github.comment.delete", Title: "Delete a comment of our own", System: "github",
		Danger: incident.Low, Idempotency: "native", Scopes: []string{"repo", "issues:write"},
		Tested: integrations.Emulated,
		Params: []integrations.Param{
			repoParam(),
			{Name: "comment_id", Title: "Id of the comment", Type: "int", Required: true, Match: `[1-9][0-9]{0,17}`},
		},
		Result: []integrations.Param{{Name: "repo", Type: "string"}, {Name: "comment_id", Type: "int"}},
	}
}

// Prior implements integrations.Action.
func (a commentDelete) Prior(ctx context.Context, c integrations.Call) (integrations.Prior, error) {
	v, err := integrations.Read(a.Describe(), c.Params)
	if err != nil {
		return integrations.Prior{}, err
	}
	ctx, s, err := a.open(ctx)
	if err != nil {
		return integrations.Prior{}, err
	}
	return s.own(ctx, v)
}

// own reads a comment and refuses one that Firebreak did not write.
func (s session) own(ctx context.Context, v integrations.Values) (integrations.Prior, error) {
	owner, repo := split(v.Text("repo"))
	found, _, err := s.Issues.GetComment(ctx, owner, repo, v.Int("comment_id"))
	if missing(err) {
		return integrations.Prior{State: map[string]any{"exists": false}}, nil
	}
	if err != nil {
		return integrations.Prior{}, s.fail("read comment", err)
	}
	who, err := s.identity(ctx)
	if err != nil {
		return integrations.Prior{}, err
	}
	stranger := who != "" && found.GetUser().GetLogin() != who
	if stranger || !strings.Contains(found.GetBody(), "<!-- firebreak-key:") {
		return integrations.Prior{}, rejected("delete it on GitHub, if it must go", "delete comment %d: Firebreak did not write it", v.Int("comment_id"))
	}
	return integrations.Prior{State: map[string]any{"exists": true, "body": s.seen.Clean(found.GetBody())}}, nil
}

// Plan implements integrations.Action.
func (a commentDelete) Plan(ctx context.Context, c integrations.Call, prior integrations.Prior) (integrations.Plan, error) {
	v, err := integrations.Read(a.Describe(), c.Params)
	if err != nil {
		return integrations.Plan{}, err
	}
	p, err := a.planIn(ctx, c, prior, v.Text("repo"), integrations.Target{Kind: "comment", ID: strconv.FormatInt(v.Int("comment_id"), 10)})
	if err != nil {
		return integrations.Plan{}, err
	}
	owner, repo := split(v.Text("repo"))
	p.Target = fmt.Sprintf("%s/comments/%d", v.Text("repo"), v.Int("comment_id"))
	p.Requests = []integrations.Request{a.request("DELETE", fmt.Sprintf("repos/%s/%s/issues/comments/%d", owner, repo, v.Int("comment_id")), "")}
	p.Proof = "GitHub no longer knows the comment's id"
	if exists, _ := prior.State["exists"].(bool); !exists {
		p.Unchanged = true
		p.Effects = []string{"none: there is no such comment"}
		return p, nil
	}
	p.Effects = []string{"our comment goes away"}
	return p, nil
}

// Do implements integrations.Action.
func (a commentDelete) Do(ctx context.Context, c integrations.Call, _ integrations.Plan) (integrations.Receipt, error) {
	v, err := integrations.Read(a.Describe(), c.Params)
	if err != nil {
		return integrations.Receipt{}, err
	}
	ctx, s, err := a.open(ctx)
	if err != nil {
		return integrations.Receipt{}, err
	}
	prior, err := s.own(ctx, v)
	if err != nil {
		return integrations.Receipt{}, err
	}
	if exists, _ := prior.State["exists"].(bool); !exists {
		return a.receipt(v), nil
	}
	owner, repo := split(v.Text("repo"))
	if _, err := s.Issues.DeleteComment(ctx, owner, repo, v.Int("comment_id")); err != nil && !missing(err) {
		return integrations.Receipt{}, s.fail("delete comment", err)
	}
	return a.receipt(v), nil
}

func (a commentDelete) receipt(v integrations.Values) integrations.Receipt {
	return integrations.Receipt{
		Ref: fmt.Sprintf("%s/comments/%d", v.Text("repo"), v.Int("comment_id")), At: a.now(),
		Data: map[string]any{"repo": v.Text("repo"), "comment_id": v.Int("comment_id")},
	}
}

// Verify implements integrations.Action.
func (a commentDelete) Verify(ctx context.Context, c integrations.Call, _ integrations.Receipt) (integrations.Verification, error) {
	prior, err := a.Prior(ctx, c)
	if err != nil {
		return integrations.Verification{}, err
	}
	if exists, _ := prior.State["exists"].(bool); exists {
		return integrations.Verification{Says: "the comment is there", State: prior.State}, nil
	}
	return integrations.Verification{OK: true, Says: "GitHub knows no such comment", State: prior.State}, nil
}

// Find implements integrations.Finder: the state itself tells.
func (a commentDelete) Find(ctx context.Context, c integrations.Call) (integrations.Receipt, bool, error) {
	v, err := integrations.Read(a.Describe(), c.Params)
	if err != nil {
		return integrations.Receipt{}, false, err
	}
	seen, err := a.Verify(ctx, c, integrations.Receipt{})
	return a.receipt(v), seen.OK, err
}
