package github

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"firebreak/integrations"
)

// hostile serves fixed answers by path, and counts the writes.
func hostile(t *testing.T, answers map[string]any) (map[string]integrations.Action, *int) {
	t.Helper()
	writes := new(int)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			*writes++
		}
		v, ok := answers[r.URL.Path]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			v = map[string]any{"message": "Not Found"}
		}
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(v); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(s.Close)
	as, err := actions(integrations.Connection{
		Name: "github", Kind: "github", BaseURL: s.URL, Now: time.Now,
		Secret: func(context.Context, string) (string, error) { return "ghp_secret0123456789", nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]integrations.Action{}
	for _, a := range as {
		out[a.Describe().Name] = a
	}
	return out, writes
}

type m = map[string]any

// TestSomebodyElsesMark has another user copy the mark of an issue that was
// never made, and of a comment.
func TestSomebodyElsesMark(t *testing.T) {
	mark := "x " + integrations.Mark("key1")
	as, writes := hostile(t, map[string]any{
		"/user":                          m{"login": "us"},
		"/repos/a/b/issues":              []m{{"number": 9, "body": mark, "user": m{"login": "mallory"}}},
		"/repos/a/b/issues/9":            m{"number": 9, "body": mark, "state": "open"},
		"/repos/a/b/issues/9/comments":   []m{{"id": 5, "body": mark, "user": m{"login": "mallory"}}},
		"/repos/a/b/issues/comments/5":   m{"id": 5, "body": mark, "user": m{"login": "mallory"}},
		"/repos/a/b/issues/comments/6":   m{"id": 6, "body": "an ordinary comment", "user": m{"login": "us"}},
		"/repos/a/b/actions/workflows/1": m{"id": 1, "state": strings.Repeat("ghp_secret0123456789 ", 3), "path": "\x1b]0;x\a"},
	})
	for name, params := range map[string]m{"github.issue.create": {"repo": "a/b", "title": "t"}, "github.issue.comment": {"repo": "a/b", "number": 9, "body": "b"}} {
		_, found, err := as[name].(integrations.Finder).Find(t.Context(), integrations.Call{Action: name, Params: params, Key: "key1"})
		if err != nil || found {
			t.Errorf("%s: found somebody else's: %v, %v", name, found, err)
		}
	}
	for _, id := range []int{5, 6} {
		call := integrations.Call{Action: "github.comment.delete", Params: m{"repo": "a/b", "comment_id": id}}
		if _, err := as[call.Action].Prior(t.Context(), call); integrations.OutcomeOf(err) != integrations.Rejected || err == nil {
			t.Errorf("comment %d: %v", id, err)
		}
		if _, err := as[call.Action].Do(t.Context(), call, integrations.Plan{}); integrations.OutcomeOf(err) != integrations.Rejected || err == nil {
			t.Errorf("comment %d: %v", id, err)
		}
	}
	if *writes != 0 {
		t.Errorf("%d writes", *writes)
	}
	// A server that echoes our token gets it no further.
	p, err := as["github.workflow.disable"].Prior(t.Context(), integrations.Call{Params: m{"repo": "a/b", "workflow": "1"}})
	if err != nil || strings.Contains(p.State["state"].(string), "ghp_") {
		t.Errorf("%v, %v", p, err)
	}
}

// TestWhatWasSoIsNotUndone holds the promise that only our own change is
// undone.
func TestWhatWasSoIsNotUndone(t *testing.T) {
	as, _ := hostile(t, map[string]any{
		"/user":                              m{"login": "us"},
		"/repos/a/b":                         m{"id": 7, "full_name": "a/b"},
		"/repos/a/b/actions/workflows/x.yml": m{"id": 1, "state": "disabled_inactivity"},
		"/repos/a/b/issues/1":                m{"number": 1, "state": "closed"},
	})
	for name, params := range map[string]m{
		"github.workflow.disable": {"repo": "a/b", "workflow": "x.yml"},
		"github.deploykey.delete": {"repo": "a/b", "key_id": 1}, // there is none
		"github.issue.close":      {"repo": "a/b", "number": 1},
	} {
		call := integrations.Call{Action: name, Params: params}
		prior, err := as[name].Prior(t.Context(), call)
		if err != nil {
			t.Fatal(err)
		}
		p, err := as[name].Plan(t.Context(), call, prior)
		if err != nil || !p.Unchanged || p.Undo != "" || p.Inverse != nil {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
		if _, err := as[name].(integrations.Reverter).Inverse(call, prior, integrations.Receipt{}); err == nil {
			t.Errorf("%s has an inverse", name)
		}
	}
}

// TestWithoutASecret describes without one, and sends nothing without one.
func TestWithoutASecret(t *testing.T) {
	as, err := actions(integrations.Connection{Name: "github", Kind: "github"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = as[0].Prior(t.Context(), integrations.Call{Params: m{"repo": "a/b", "workflow": "x.yml"}})
	if err == nil || integrations.OutcomeOf(err) != integrations.NotSent {
		t.Errorf("%v", err)
	}
}

func TestNotify(t *testing.T) {
	c := integrations.Connection{Settings: map[string]string{"repo": "a/b"}}
	name, params, err := notify(c, integrations.Message{Subject: "s\nt", Body: "b", Fields: m{"labels": []any{"x"}}})
	if err != nil || name != "github.issue.create" || params["title"] != "s t" || params["repo"] != "a/b" || params["labels"] == nil {
		t.Errorf("%s %v %v", name, params, err)
	}
	name, params, err = notify(c, integrations.Message{Subject: "s", Body: "b", Fields: m{"number": 3, "repo": "c/d", "labels": []any{"x"}}})
	if err != nil || name != "github.issue.comment" || params["body"] != "s\n\nb" || params["repo"] != "c/d" || params["labels"] != nil {
		t.Errorf("%s %v %v", name, params, err)
	}
	if _, _, err = notify(integrations.Connection{}, integrations.Message{}); err == nil {
		t.Error("to no repository")
	}
}
