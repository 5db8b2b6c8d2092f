package all

import (
	"io"
	"testing"
	"time"

	"firebreak/integrations"
	"firebreak/integrations/drill"
)

func closing(t *testing.T, c io.Closer) {
	t.Helper()
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

func TestRegistryOfTheDrill(t *testing.T) {
	w, err := drill.Open(t.TempDir(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer closing(t, w)
	r, err := integrations.NewRegistry(Systems(), w.Connections())
	if err != nil {
		t.Fatal(err)
	}
	a, _, err := r.Lookup("github.workflow.disable", "")
	if err != nil {
		t.Fatal(err)
	}
	call := integrations.Call{Action: "github.workflow.disable", Connection: "github", Key: "k1", Incident: "2026-0001", Params: map[string]any{"repo": drill.Repo, "workflow": drill.Workflow}}
	prior, err := a.Prior(t.Context(), call)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := a.Plan(t.Context(), call, prior)
	if err != nil {
		t.Fatal(err)
	}
	rec, err := a.Do(t.Context(), call, plan)
	if err != nil {
		t.Fatal(err)
	}
	v, err := a.Verify(t.Context(), call, rec)
	if err != nil || !v.OK {
		t.Fatal(v, err)
	}
	for _, m := range []string{"github", "pagerduty", "webhook", "slack", "chat", "email", "jira"} {
		name, params, err := r.Notification(m, integrations.Message{Subject: "s", Body: "b"})
		if err != nil {
			t.Fatal(err)
		}
		a, _, err := r.Lookup(name, m)
		if err != nil {
			t.Fatal(err)
		}
		if err := integrations.Check(a.Describe(), params); err != nil {
			t.Error(err)
		}
	}
}
