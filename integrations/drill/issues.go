package drill

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"
)

func showIssue(i issue) map[string]any {
	labels := []any{}
	for _, l := range i.Labels {
		labels = append(labels, map[string]any{"name": l})
	}
	return map[string]any{
		"id": 5000 + i.Number, "number": i.Number, "title": i.Title, "body": i.Body, "state": i.State, "labels": labels,
		"user": map[string]any{"login": user}, "comments": len(i.Comments),
		"created_at": i.Created.Format(time.RFC3339), "html_url": fmt.Sprintf("https://github.com/%s/issues/%d", i.Repo, i.Number),
	}
}

func showComment(i issue, c comment) map[string]any {
	return map[string]any{
		"id": c.ID, "body": c.Body, "user": map[string]any{"login": user}, "created_at": c.Created.Format(time.RFC3339),
		"html_url":  fmt.Sprintf("https://github.com/%s/issues/%d#issuecomment-%d", i.Repo, i.Number, c.ID),
		"issue_url": fmt.Sprintf("https://api.github.com/repos/%s/issues/%d", i.Repo, i.Number),
	}
}

func (gitHub) issues(s *state, r *http.Request) (int, any, error) {
	q := r.URL.Query()
	want := q.Get("state")
	if want == "" {
		want = "open"
	}
	found := []any{}
	for _, i := range slices.Backward(s.Issues) {
		if i.Repo != repoOf(r) || want != "all" && i.State != want || q.Get("creator") != "" && q.Get("creator") != user {
			continue
		}
		found = append(found, showIssue(i))
	}
	return http.StatusOK, page(r, found), nil
}

// page cuts out the page that was asked for. It sends no Link header: a drill
// never has as many as a hundred.
func page(r *http.Request, all []any) []any {
	size, err := strconv.Atoi(r.URL.Query().Get("per_page"))
	if err != nil || size < 1 || size > 100 {
		size = 30
	}
	n, err := strconv.Atoi(r.URL.Query().Get("page"))
	if err != nil || n < 1 {
		n = 1
	}
	from := min((n-1)*size, len(all))
	return all[from:min(from+size, len(all))]
}

func findIssue(s *state, r *http.Request) (*issue, error) {
	for i := range s.Issues {
		if x := &s.Issues[i]; x.Repo == repoOf(r) && strconv.Itoa(x.Number) == r.PathValue("number") {
			return x, nil
		}
	}
	return nil, notFound
}

func (gitHub) issue(s *state, r *http.Request) (int, any, error) {
	i, err := findIssue(s, r)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, showIssue(*i), nil
}

func (g gitHub) addIssue(s *state, r *http.Request) (int, any, error) {
	var in struct {
		Title  string   `json:"title"`
		Body   string   `json:"body"`
		Labels []string `json:"labels"`
	}
	if err := decode(r, &in); err != nil {
		return 0, nil, err
	}
	if in.Title == "" {
		return 0, nil, refuse(http.StatusUnprocessableEntity, "Validation Failed: title is missing")
	}
	if !slices.ContainsFunc(s.Workflows, func(x workflow) bool { return x.Repo == repoOf(r) }) {
		return 0, nil, notFound
	}
	i := issue{Repo: repoOf(r), Number: len(s.Issues) + 1, Title: in.Title, Body: in.Body, Labels: in.Labels, State: "open", Created: g.now().UTC()}
	s.Issues = append(s.Issues, i)
	g.effect(s, "github", "issue opened", fmt.Sprintf("%s#%d", i.Repo, i.Number), in.Body)
	return http.StatusCreated, showIssue(i), nil
}

func (g gitHub) editIssue(s *state, r *http.Request) (int, any, error) {
	i, err := findIssue(s, r)
	if err != nil {
		return 0, nil, err
	}
	var in struct {
		State string  `json:"state"`
		Title *string `json:"title"`
		Body  *string `json:"body"`
	}
	if err := decode(r, &in); err != nil {
		return 0, nil, err
	}
	if in.State != "" && in.State != "open" && in.State != "closed" {
		return 0, nil, refuse(http.StatusUnprocessableEntity, "Validation Failed: state")
	}
	if in.State != "" && i.State != in.State {
		g.effect(s, "github", "issue "+in.State, issueName(*i), "")
		i.State = in.State
	}
	before := *i
	if in.Title != nil {
		i.Title = *in.Title
	}
	if in.Body != nil {
		i.Body = *in.Body
	}
	if i.Title != before.Title || i.Body != before.Body {
		g.effect(s, "github", "issue written anew", issueName(*i), "")
	}
	return http.StatusOK, showIssue(*i), nil
}

func issueName(i issue) string { return fmt.Sprintf("%s#%d", i.Repo, i.Number) }

func (gitHub) comments(s *state, r *http.Request) (int, any, error) {
	i, err := findIssue(s, r)
	if err != nil {
		return 0, nil, err
	}
	out := []any{}
	for _, c := range i.Comments {
		out = append(out, showComment(*i, c))
	}
	return http.StatusOK, page(r, out), nil
}

func (g gitHub) addComment(s *state, r *http.Request) (int, any, error) {
	i, err := findIssue(s, r)
	if err != nil {
		return 0, nil, err
	}
	var in struct {
		Body string `json:"body"`
	}
	if err := decode(r, &in); err != nil {
		return 0, nil, err
	}
	if in.Body == "" {
		return 0, nil, refuse(http.StatusUnprocessableEntity, "Validation Failed: body is missing")
	}
	c := comment{s.id(), in.Body, g.now().UTC()}
	i.Comments = append(i.Comments, c)
	g.effect(s, "github", "comment added", fmt.Sprintf("%s/comments/%d", i.Repo, c.ID), in.Body)
	return http.StatusCreated, showComment(*i, c), nil
}

func findComment(s *state, r *http.Request) (*issue, int, error) {
	for i := range s.Issues {
		x := &s.Issues[i]
		for n, c := range x.Comments {
			if x.Repo == repoOf(r) && strconv.FormatInt(c.ID, 10) == r.PathValue("id") {
				return x, n, nil
			}
		}
	}
	return nil, 0, notFound
}

func (gitHub) comment(s *state, r *http.Request) (int, any, error) {
	i, n, err := findComment(s, r)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, showComment(*i, i.Comments[n]), nil
}

func (g gitHub) deleteComment(s *state, r *http.Request) (int, any, error) {
	i, n, err := findComment(s, r)
	if err != nil {
		return 0, nil, err
	}
	g.effect(s, "github", "comment deleted", fmt.Sprintf("%s/comments/%d", i.Repo, i.Comments[n].ID), "")
	i.Comments = slices.Delete(i.Comments, n, n+1)
	return http.StatusNoContent, nil, nil
}
