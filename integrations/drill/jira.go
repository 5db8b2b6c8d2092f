package drill

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// What is in the drill's Jira.
const (
	JiraProject = "SEC"
	JiraIssue   = "SEC-1"
	JiraOther   = "SEC-2"
	jiraMail    = "responder@acme.example"
)

type jiraIssue struct {
	ID       string            `json:"id"`
	Key      string            `json:"key"`
	Project  string            `json:"project"`
	Type     string            `json:"type"`
	Summary  string            `json:"summary"`
	Body     json.RawMessage   `json:"body,omitempty"`
	Labels   []string          `json:"labels,omitempty"`
	Status   string            `json:"status"`
	Comments []jiraComment     `json:"comments,omitempty"`
	Links    []jiraLink        `json:"links,omitempty"`
	Props    []json.RawMessage `json:"properties,omitempty"`
}

type jiraComment struct {
	ID    string          `json:"id"`
	Body  json.RawMessage `json:"body"`
	Props json.RawMessage `json:"properties,omitempty"`
}

type jiraLink struct {
	ID   string `json:"id"`
	Type string `json:"type"`
	In   string `json:"in"`
	Out  string `json:"out"`
}

func newJira() []jiraIssue {
	return []jiraIssue{
		{ID: "10001", Key: JiraIssue, Project: JiraProject, Type: "Task", Summary: "Payments: latency", Status: "To Do"},
		{ID: "10002", Key: JiraOther, Project: JiraProject, Type: "Task", Summary: "Rotate the deploy keys", Status: "To Do"},
	}
}

// jiraWays are the transitions of the drill's workflow.
var jiraWays = map[string][]struct{ ID, Name, To string }{
	"To Do":       {{"11", "Start", "In Progress"}},
	"In Progress": {{"12", "Stop", "To Do"}, {"13", "Resolve", "Done"}},
	"Done":        {{"14", "Reopen", "In Progress"}},
}

// Jira is the handler that speaks as Jira Cloud's REST API v3 does, for the calls
// that the adapter makes.
func (w *World) Jira() http.Handler {
	j := jiraAPI{w}
	mux := http.NewServeMux()
	for pattern, f := range map[string]call{
		"GET /rest/api/3/myself":                      j.myself,
		"GET /rest/api/3/mypermissions":               j.mine,
		"GET /rest/api/3/search/jql":                  j.search,
		"POST /rest/api/3/issue":                      j.create,
		"GET /rest/api/3/issue/{key}":                 j.issue,
		"GET /rest/api/3/issue/{key}/transitions":     j.ways,
		"POST /rest/api/3/issue/{key}/transitions":    j.move,
		"GET /rest/api/3/issue/{key}/comment":         j.comments,
		"POST /rest/api/3/issue/{key}/comment":        j.comment,
		"GET /rest/api/3/issue/{key}/comment/{id}":    j.oneComment,
		"DELETE /rest/api/3/issue/{key}/comment/{id}": j.uncomment,
		"POST /rest/api/3/issueLink":                  j.link,
		"GET /rest/api/3/issueLink/{id}":              j.oneLink,
		"DELETE /rest/api/3/issueLink/{id}":           j.unlink,
	} {
		mux.HandleFunc(pattern, j.serve(f))
	}
	mux.HandleFunc("/", func(rw http.ResponseWriter, _ *http.Request) { jiraError(rw, notFound) })
	return w.faulty("jira", mux)
}

type jiraAPI struct{ *World }

func jiraError(rw http.ResponseWriter, err error) {
	status, message := statusOf(err)
	answer(rw, status, map[string]any{"errorMessages": []string{message}, "errors": map[string]any{}})
}

func (j jiraAPI) serve(f call) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		var status int
		var body any
		err := j.run(r, func(s *state) (err error) {
			if user, token, ok := r.BasicAuth(); !ok || user != jiraMail || token != s.Secrets.Jira {
				return refuse(http.StatusUnauthorized, "Client must be authenticated to access this resource.")
			}
			status, body, err = f(s, r)
			return err
		})
		if err != nil {
			jiraError(rw, err)
			return
		}
		answer(rw, status, body)
	}
}

func (jiraAPI) myself(*state, *http.Request) (int, any, error) {
	return http.StatusOK, map[string]any{"accountId": "5b10a2844c20165700ede21g", "displayName": "Firebreak", "emailAddress": jiraMail}, nil
}

func (jiraAPI) mine(_ *state, r *http.Request) (int, any, error) {
	may := map[string]any{}
	for p := range strings.SplitSeq(r.URL.Query().Get("permissions"), ",") {
		may[p] = map[string]any{"key": p, "havePermission": p != "ADMINISTER"}
	}
	return http.StatusOK, map[string]any{"permissions": may}, nil
}

func (s *state) jira(key string) (*jiraIssue, error) {
	for i := range s.Jira {
		if s.Jira[i].Key == key || s.Jira[i].ID == key {
			return &s.Jira[i], nil
		}
	}
	return nil, refuse(http.StatusNotFound, "Issue does not exist or you do not have permission to see it.")
}

func showJira(i jiraIssue) map[string]any {
	links := []any{}
	for _, l := range i.Links {
		one := map[string]any{"id": l.ID, "type": map[string]any{"name": l.Type}}
		if l.In == i.Key {
			one["outwardIssue"] = map[string]any{"key": l.Out}
		} else {
			one["inwardIssue"] = map[string]any{"key": l.In}
		}
		links = append(links, one)
	}
	return map[string]any{"id": i.ID, "key": i.Key, "fields": map[string]any{
		"summary": i.Summary, "labels": i.Labels, "status": map[string]any{"name": i.Status}, "issuelinks": links,
		"project": map[string]any{"key": i.Project},
	}}
}

// search understands the one query that the adapter asks.
func (jiraAPI) search(s *state, r *http.Request) (int, any, error) {
	_, label, ok := strings.Cut(r.URL.Query().Get("jql"), `labels = "`)
	label, _, closed := strings.Cut(label, `"`)
	if !ok || !closed {
		return 0, nil, refuse(http.StatusBadRequest, "Error in the JQL Query")
	}
	out := []any{}
	for _, i := range s.Jira {
		if slices.Contains(i.Labels, label) {
			out = append(out, showJira(i))
		}
	}
	return http.StatusOK, map[string]any{"issues": out, "isLast": true}, nil
}

// document says whether a text is in Atlassian's document format, which v3 wants.
func document(raw json.RawMessage) bool {
	var d struct {
		Type    string            `json:"type"`
		Version int               `json:"version"`
		Content []json.RawMessage `json:"content"`
	}
	return json.Unmarshal(raw, &d) == nil && d.Type == "doc" && d.Version == 1 && len(d.Content) > 0
}

func (j jiraAPI) create(s *state, r *http.Request) (int, any, error) {
	var in struct {
		Fields struct {
			Project struct{ Key string }  `json:"project"`
			Type    struct{ Name string } `json:"issuetype"`
			Summary string                `json:"summary"`
			Body    json.RawMessage       `json:"description"`
			Labels  []string              `json:"labels"`
		} `json:"fields"`
		Props []json.RawMessage `json:"properties"`
	}
	if err := decode(r, &in); err != nil {
		return 0, nil, err
	}
	f := in.Fields
	switch {
	case f.Project.Key != JiraProject:
		return 0, nil, refuse(http.StatusBadRequest, "project: valid project is required")
	case f.Summary == "" || f.Type.Name == "":
		return 0, nil, refuse(http.StatusBadRequest, "summary: You must specify a summary of the issue.")
	case len(f.Body) > 0 && !document(f.Body):
		return 0, nil, refuse(http.StatusBadRequest, "description: Operation value must be an Atlassian Document")
	}
	n := s.id()
	i := jiraIssue{
		ID: fmt.Sprint(n), Key: fmt.Sprintf("%s-%d", JiraProject, n), Project: JiraProject, Type: f.Type.Name, Summary: f.Summary,
		Body: f.Body, Labels: f.Labels, Status: "To Do", Props: in.Props,
	}
	s.Jira = append(s.Jira, i)
	key := ""
	for _, l := range f.Labels {
		if k, ok := strings.CutPrefix(l, "firebreak-"); ok {
			key = "firebreak-key:" + k
		}
	}
	j.effect(s, "jira", "issue created", i.Key, key)
	return http.StatusCreated, map[string]any{"id": i.ID, "key": i.Key, "self": "http://jira.drill.invalid/rest/api/3/issue/" + i.ID}, nil
}

func (jiraAPI) issue(s *state, r *http.Request) (int, any, error) {
	i, err := s.jira(r.PathValue("key"))
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, showJira(*i), nil
}

func (jiraAPI) ways(s *state, r *http.Request) (int, any, error) {
	i, err := s.jira(r.PathValue("key"))
	if err != nil {
		return 0, nil, err
	}
	out := []any{}
	for _, w := range jiraWays[i.Status] {
		out = append(out, map[string]any{"id": w.ID, "name": w.Name, "to": map[string]any{"name": w.To}})
	}
	return http.StatusOK, map[string]any{"transitions": out}, nil
}

func (j jiraAPI) move(s *state, r *http.Request) (int, any, error) {
	i, err := s.jira(r.PathValue("key"))
	if err != nil {
		return 0, nil, err
	}
	var in struct {
		Transition struct {
			ID string `json:"id"`
		} `json:"transition"`
	}
	if err := decode(r, &in); err != nil {
		return 0, nil, err
	}
	for _, w := range jiraWays[i.Status] {
		if w.ID == in.Transition.ID {
			i.Status = w.To
			j.effect(s, "jira", "issue moved to "+w.To, i.Key, "")
			return http.StatusNoContent, nil, nil
		}
	}
	return 0, nil, refuse(http.StatusBadRequest, "It seems that you have tried to perform an illegal workflow operation.")
}

func showJiraComment(c jiraComment) map[string]any {
	out := map[string]any{"id": c.ID, "body": c.Body, "author": map[string]any{"accountId": "5b10a2844c20165700ede21g"}}
	if len(c.Props) > 0 {
		out["properties"] = c.Props
	}
	return out
}

// comments gives two a page, so that pages are walked.
func (jiraAPI) comments(s *state, r *http.Request) (int, any, error) {
	i, err := s.jira(r.PathValue("key"))
	if err != nil {
		return 0, nil, err
	}
	at := 0
	if _, err := fmt.Sscan(r.URL.Query().Get("startAt"), &at); err != nil {
		at = 0
	}
	all := slices.Clone(i.Comments)
	slices.Reverse(all)
	at = min(max(at, 0), len(all))
	out := []any{}
	for _, c := range all[at:min(at+2, len(all))] {
		out = append(out, showJiraComment(c))
	}
	return http.StatusOK, map[string]any{"comments": out, "startAt": at, "maxResults": 2, "total": len(all)}, nil
}

func (j jiraAPI) comment(s *state, r *http.Request) (int, any, error) {
	i, err := s.jira(r.PathValue("key"))
	if err != nil {
		return 0, nil, err
	}
	var in struct {
		Body  json.RawMessage `json:"body"`
		Props json.RawMessage `json:"properties"`
	}
	if err := decode(r, &in); err != nil {
		return 0, nil, err
	}
	if !document(in.Body) {
		return 0, nil, refuse(http.StatusBadRequest, "Comment body is not valid!")
	}
	c := jiraComment{fmt.Sprint(s.id()), in.Body, in.Props}
	i.Comments = append(i.Comments, c)
	j.effect(s, "jira", "comment added", i.Key+"/"+c.ID, "")
	return http.StatusCreated, showJiraComment(c), nil
}

func (s *state) jiraComment(r *http.Request) (*jiraIssue, int, error) {
	i, err := s.jira(r.PathValue("key"))
	if err != nil {
		return nil, 0, err
	}
	n := slices.IndexFunc(i.Comments, func(c jiraComment) bool { return c.ID == r.PathValue("id") })
	if n < 0 {
		return nil, 0, refuse(http.StatusNotFound, "Can not find a comment for the id")
	}
	return i, n, nil
}

func (jiraAPI) oneComment(s *state, r *http.Request) (int, any, error) {
	i, n, err := s.jiraComment(r)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, showJiraComment(i.Comments[n]), nil
}

func (j jiraAPI) uncomment(s *state, r *http.Request) (int, any, error) {
	i, n, err := s.jiraComment(r)
	if err != nil {
		return 0, nil, err
	}
	j.effect(s, "jira", "comment deleted", i.Key+"/"+i.Comments[n].ID, "")
	i.Comments = slices.Delete(i.Comments, n, n+1)
	return http.StatusNoContent, nil, nil
}

func (j jiraAPI) link(s *state, r *http.Request) (int, any, error) {
	var in struct {
		Type struct{ Name string } `json:"type"`
		In   struct{ Key string }  `json:"inwardIssue"`
		Out  struct{ Key string }  `json:"outwardIssue"`
	}
	if err := decode(r, &in); err != nil {
		return 0, nil, err
	}
	a, err := s.jira(in.In.Key)
	if err != nil {
		return 0, nil, err
	}
	b, err := s.jira(in.Out.Key)
	if err != nil {
		return 0, nil, err
	}
	if in.Type.Name != "Relates" && in.Type.Name != "Blocks" {
		return 0, nil, refuse(http.StatusNotFound, "No issue link type with name '"+in.Type.Name+"' found.")
	}
	same := func(l jiraLink) bool { return l.Type == in.Type.Name && l.In == a.Key && l.Out == b.Key }
	if slices.ContainsFunc(a.Links, same) {
		return http.StatusCreated, nil, nil // Jira keeps one
	}
	l := jiraLink{fmt.Sprint(s.id()), in.Type.Name, a.Key, b.Key}
	a.Links, b.Links = append(a.Links, l), append(b.Links, l)
	j.effect(s, "jira", "issues linked", a.Key+" "+b.Key, "")
	return http.StatusCreated, nil, nil
}

func (jiraAPI) oneLink(s *state, r *http.Request) (int, any, error) {
	for _, i := range s.Jira {
		for _, l := range i.Links {
			if l.ID == r.PathValue("id") {
				return http.StatusOK, map[string]any{
					"id": l.ID, "type": map[string]any{"name": l.Type},
					"inwardIssue": map[string]any{"key": l.In}, "outwardIssue": map[string]any{"key": l.Out},
				}, nil
			}
		}
	}
	return 0, nil, refuse(http.StatusNotFound, "No issue link with id exists.")
}

func (j jiraAPI) unlink(s *state, r *http.Request) (int, any, error) {
	gone := false
	for n := range s.Jira {
		before := len(s.Jira[n].Links)
		s.Jira[n].Links = slices.DeleteFunc(s.Jira[n].Links, func(l jiraLink) bool { return l.ID == r.PathValue("id") })
		gone = gone || len(s.Jira[n].Links) != before
	}
	if !gone {
		return 0, nil, refuse(http.StatusNotFound, "No issue link with id exists.")
	}
	j.effect(s, "jira", "link removed", r.PathValue("id"), "")
	return http.StatusNoContent, nil, nil
}
