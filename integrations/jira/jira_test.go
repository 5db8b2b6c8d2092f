package jira

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"firebreak/integrations"
	"firebreak/integrations/drill"
)

type m = map[string]any

// site answers each path as it is told and keeps the requests.
func site(t *testing.T, answers map[string]string) (string, *[]seen) {
	t.Helper()
	got := new([]seen)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		*got = append(*got, seen{r.Method, r.URL.RequestURI(), r.Header.Get("Authorization"), string(b)})
		a, ok := answers[r.Method+" "+r.URL.Path]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			a = `{"errorMessages":["Issue does not exist"],"errors":{}}`
		}
		_, _ = io.WriteString(w, a)
	}))
	t.Cleanup(s.Close)
	return s.URL, got
}

type seen struct{ method, uri, auth, body string }

func open(t *testing.T, base string, settings map[string]string) map[string]integrations.Action {
	t.Helper()
	return named(t, integrations.Connection{
		Name: "jira", Kind: "jira", BaseURL: base, Settings: settings, Now: time.Now,
		Secret: func(context.Context, string) (string, error) { return "ATATT-0123456789", nil },
	})
}

func named(t *testing.T, c integrations.Connection) map[string]integrations.Action {
	t.Helper()
	as, err := actions(c)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]integrations.Action{}
	for _, a := range as {
		out[a.Describe().Name] = a
	}
	return out
}

func inDrill(t *testing.T) map[string]integrations.Action {
	t.Helper()
	w, err := drill.Open(t.TempDir(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, c := range w.Connections() {
		if c.Kind == "jira" {
			return named(t, c)
		}
	}
	t.Fatal("the drill has no Jira")
	return nil
}

// TestCloud files an issue as Jira Cloud wants it: version 3, a document, mail
// and token.
func TestCloud(t *testing.T) {
	base, got := site(t, map[string]string{"POST /rest/api/3/issue": `{"id":"10010","key":"SEC-7","self":"x"}`})
	a := open(t, base, map[string]string{"mail": "ada@example.org"})["jira.issue.create"]
	c := integrations.Call{
		Action: "jira.issue.create", Params: m{"project": "SEC", "summary": "Leaked\tkey", "text": "one\ntwo\n\n\x1b[2J[x|https://evil]", "labels": []any{"incident"}, "priority": "High"},
		Key: "k1", Incident: "2026-0007", Seal: "head",
	}
	r, err := a.Do(t.Context(), c, integrations.Plan{})
	if err != nil || r.Ref != "SEC-7" || r.URL != base+"/browse/SEC-7" {
		t.Fatalf("%+v, %v", r, err)
	}
	want := `{"fields":{"description":{"type":"doc","version":1,"content":[{"type":"paragraph","content":[{"type":"text","text":"one"},{"type":"hardBreak"},{"type":"text","text":"two"}]},{"type":"paragraph","content":[{"type":"text","text":"[2J[x|https://evil]"}]},{"type":"paragraph","content":[{"type":"text","text":"Firebreak record: head"}]}]},"issuetype":{"name":"Task"},"labels":["firebreak-k1","incident"],"priority":{"name":"High"},"project":{"key":"SEC"},"summary":"Leaked\tkey"}}`
	if (*got)[0].body != want || (*got)[0].auth != "Basic YWRhQGV4YW1wbGUub3JnOkFUQVRULTAxMjM0NTY3ODk=" {
		t.Errorf("%+v", (*got)[0])
	}
}

// TestDataCenter does the same by version 2: wiki text that obeys nothing, and a
// bearer's token.
func TestDataCenter(t *testing.T) {
	base, got := site(t, map[string]string{
		"POST /jira/rest/api/2/issue": `{"id":"10010","key":"SEC-7"}`,
		"GET /jira/rest/api/2/search": `{"issues":[{"id":"1","key":"SEC-8","fields":{"labels":["firebreak-k1x"]}},{"id":"2","key":"SEC-7","fields":{"labels":["firebreak-k1"],"status":{"name":"Open"}}}]}`,
	})
	a := open(t, base+"/jira", map[string]string{"api": "2"})["jira.issue.create"]
	c := integrations.Call{Action: "jira.issue.create", Params: m{"project": "SEC", "summary": "x", "text": "{code}a{code} [~admin] !http://evil/x.png! -b-"}, Key: "k1", Incident: "2026-0007"}
	if _, err := a.Do(t.Context(), c, integrations.Plan{}); err != nil {
		t.Fatal(err)
	}
	var in struct {
		Fields struct{ Description string }
	}
	if err := json.Unmarshal([]byte((*got)[0].body), &in); err != nil {
		t.Fatal(err)
	}
	if want := `\{code\}a\{code\} \[\~admin\] \!http://evil/x.png\! \-b\-`; in.Fields.Description != want || (*got)[0].auth != "Bearer ATATT-0123456789" {
		t.Errorf("%q: want %q", in.Fields.Description, want)
	}
	r, found, err := a.(integrations.Finder).Find(t.Context(), c)
	if err != nil || !found || r.Ref != "SEC-7" {
		t.Errorf("%+v, %v, %v", r, found, err)
	}
	if uri := (*got)[1].uri; !strings.Contains(uri, "jql=project+%3D+%22SEC%22+AND+labels+%3D+%22firebreak-k1%22") {
		t.Errorf("%s", uri)
	}
}

// TestTransitions goes only where the workflow leads, and says where that is.
func TestTransitions(t *testing.T) {
	as := inDrill(t)
	move := func(status string) error {
		_, err := as["jira.issue.transition"].Do(t.Context(), integrations.Call{Action: "jira.issue.transition", Params: m{"issue": drill.JiraIssue, "status": status}, Key: "k"}, integrations.Plan{})
		return err
	}
	var e *integrations.Error
	if err := move("Done"); !errors.As(err, &e) || e.Outcome != integrations.Rejected || !strings.Contains(e.Hint, "In Progress") {
		t.Errorf("%v", err)
	}
	for _, s := range []string{"in progress", "In Progress", "done"} {
		if err := move(s); err != nil {
			t.Errorf("%s: %v", s, err)
		}
	}
	// There is no way from Done to To Do: the undo is refused, not half done.
	if err := move("To Do"); integrations.OutcomeOf(err) != integrations.Rejected || err == nil {
		t.Errorf("%v", err)
	}
}

// TestOnlyOurOwn deletes no comment that somebody else wrote.
func TestOnlyOurOwn(t *testing.T) {
	base, got := site(t, map[string]string{
		"GET /rest/api/3/issue/SEC-1/comment/7": `{"id":"7","body":{},"properties":[{"key":"other","value":{"key":"x"}},{"key":"firebreak","value":"junk"}]}`,
	})
	a := open(t, base, nil)["jira.comment.delete"]
	c := integrations.Call{Action: "jira.comment.delete", Params: m{"issue": "SEC-1", "comment": "7"}, Key: "k"}
	if _, err := a.Do(t.Context(), c, integrations.Plan{}); integrations.OutcomeOf(err) != integrations.Rejected || err == nil {
		t.Errorf("%v", err)
	}
	for _, s := range *got {
		if s.method != http.MethodGet {
			t.Errorf("it sent %+v", s)
		}
	}
}

// TestComplaint says in one line why Jira refuses, with the names of the fields.
func TestComplaint(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"errorMessages":["no\nway"],"errors":{"b":"two","a":"one `+r.Header.Get("Authorization")+`"}}`)
	}))
	defer s.Close()
	_, err := open(t, s.URL, nil)["jira.issue.create"].Do(t.Context(), integrations.Call{Params: m{"project": "SEC", "summary": "x"}, Key: "k"}, integrations.Plan{})
	if err == nil || !strings.Contains(err.Error(), "no way; a: one Bearer ***; b: two") {
		t.Errorf("%v", err)
	}
}

func TestNotify(t *testing.T) {
	c := integrations.Connection{Settings: map[string]string{"project": "SEC", "type": "Incident"}}
	name, params, err := notify(c, integrations.Message{Subject: strings.Repeat("s", 900), Body: "b"})
	if err != nil || name != "jira.issue.create" || params["project"] != "SEC" || params["type"] != "Incident" || len(params["summary"].(string)) > 250 {
		t.Errorf("%s %v %v", name, params, err)
	}
	name, params, err = notify(c, integrations.Message{Subject: "s", Body: "b", Fields: m{"issue": "SEC-1"}})
	if err != nil || name != "jira.issue.comment" || params["text"] != "s\n\nb" {
		t.Errorf("%s %v %v", name, params, err)
	}
	thread := integrations.Thread{Name: "2026-0007", Before: []integrations.Earlier{
		{Action: "jira.issue.create", Params: m{"project": "SEC"}, Data: m{"issue": "SEC-7"}},
		{Action: "jira.issue.comment", Params: m{"issue": "SEC-7"}},
	}}
	name, params, err = notify(c, integrations.Message{Subject: "s", Body: "b", Thread: thread, Update: true})
	if err != nil || name != "jira.issue.comment" || params["issue"] != "SEC-7" {
		t.Errorf("the next message: %s %v %v", name, params, err)
	}
	// A step that is done again has to be known as the same: it files, as before.
	if name, _, err = notify(c, integrations.Message{Subject: "s", Body: "b", Thread: thread}); err != nil || name != "jira.issue.create" {
		t.Errorf("a step that is done again: %s %v", name, err)
	}
	if name, _, err = notify(c, integrations.Message{Subject: "s", Body: "b", Thread: thread, Update: true, Fields: m{"project": "HR"}}); err != nil || name != "jira.issue.create" {
		t.Errorf("in another project: %s %v", name, err)
	}
	if _, _, err := notify(integrations.Connection{}, integrations.Message{Body: "b"}); err == nil {
		t.Error("an issue in no project")
	}
	for _, settings := range []map[string]string{{"api": "4"}, {"mail": "a:b@example.org"}} {
		if _, err := actions(integrations.Connection{Name: "jira", Kind: "jira", Settings: settings}); err == nil {
			t.Errorf("%v was taken", settings)
		}
	}
	none := named(t, integrations.Connection{Name: "jira", Kind: "jira"})["jira.issue.create"]
	var e *integrations.Error
	if _, err := none.Prior(t.Context(), integrations.Call{Params: m{"project": "SEC", "summary": "x"}}); !errors.As(err, &e) || e.Outcome != integrations.Rejected || e.Hint == "" {
		t.Errorf("without an address: %v", err)
	}
}

// FuzzBody makes documents of any text: they must be what Jira takes.
func FuzzBody(f *testing.F) {
	f.Add("one\n\n\n\ntwo\n")
	f.Add("")
	f.Add("\x00\xff\r\n\u2028")
	f.Fuzz(func(t *testing.T, text string) {
		doc, ok := (&desk{api: "3"}).body(text).(document)
		if !ok || len(doc.Content) == 0 {
			t.Fatalf("%q: %+v", text, doc)
		}
		for _, p := range doc.Content {
			for _, n := range p.Content {
				if n.Type == "text" && n.Text == "" || strings.ContainsAny(n.Text, "\n\x00\x1b") {
					t.Fatalf("%q: node %+v", text, n)
				}
			}
		}
		if s, ok := (&desk{api: "2"}).body(text).(string); !ok || strings.Contains(strings.ReplaceAll(s, `\\`, ""), "[~") {
			t.Fatalf("%q: %q", text, s)
		}
	})
}
