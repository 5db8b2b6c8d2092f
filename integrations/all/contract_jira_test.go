package all

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"firebreak/integrations"
	"firebreak/integrations/conform"
	"firebreak/integrations/drill"
)

// TestJiraContract puts Atlassian's own description of the platform's API v3
// before the drill's Jira, and goes through every action.
func TestJiraContract(t *testing.T) {
	s := load(t, "jira-platform.v3.json", "/")
	d, err := drill.Open(t.TempDir(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer closing(t, d)
	server := httptest.NewServer(s.before(d.Jira()))
	defer server.Close()
	all := d.Connections()
	c := all[slices.IndexFunc(all, func(c integrations.Connection) bool { return c.Kind == "jira" })]
	c.BaseURL, c.Dial = server.URL, nil
	r, err := integrations.NewRegistry(Systems(), []integrations.Connection{c})
	if err != nil {
		t.Fatal(err)
	}
	w := conform.World{Registry: r, Changes: func(t *testing.T) int {
		t.Helper()
		e, err := d.Effects()
		if err != nil {
			t.Fatal(err)
		}
		return len(e)
	}}
	for _, one := range casesOfChat() {
		if one.Connection == "jira" {
			conform.Cycle(t, func(*testing.T) conform.World { return w }, one)
		}
	}
	for _, wrong := range s.wrong {
		t.Error(wrong)
	}
	for request, why := range s.alien {
		// The search with pages by token is younger than some descriptions.
		if !strings.HasSuffix(request, "/search/jql") {
			t.Errorf("%s: %s", request, why)
		}
	}
	if len(s.seen) < 12 {
		t.Errorf("only %d operations were called", len(s.seen))
	}
}
