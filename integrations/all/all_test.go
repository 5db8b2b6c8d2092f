package all

import (
	"io"
	"strings"
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
	var names []string
	for _, l := range r.List() {
		if strings.Contains("aws cloudflare crowdstrike defender entra okta", l.Connection) {
			continue // the cases of these say what there is
		}
		names = append(names, l.Description.Name+"@"+l.Connection)
	}
	want := "github.comment.delete@github github.deploykey.create@github github.deploykey.delete@github github.issue.close@github github.issue.comment@github github.issue.create@github github.issue.reopen@github github.workflow.disable@github github.workflow.enable@github http.read@http http.request@http linux.nft.block@host linux.nft.unblock@host linux.process.continue@host linux.process.stop@host linux.run@host pagerduty.event.acknowledge@pagerduty pagerduty.event.resolve@pagerduty pagerduty.event.trigger@pagerduty pagerduty.incident.note@pagerduty webhook.send@webhook"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("actions:\n got %s\nwant %s", got, want)
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
	for _, m := range []string{"github", "pagerduty", "webhook"} {
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
