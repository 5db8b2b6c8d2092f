package cmd_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestStatsOfAnEncryptedWorkspace: what one key does not open is named, and the
// page in the clear goes outside of the workspace only.
func TestStatsOfAnEncryptedWorkspace(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	key := ageKey(t)
	b.want(0, "init", "--identity", key)
	one, two := b.open("Mallory \x1b[2J was here"), b.open("two")
	other := newBench(t)
	other.want(0, "init", "--identity", ageKey(t))
	strange := other.open("of another workspace")
	sealed, err := os.ReadFile(filepath.Join(other.home, "incidents", strange, "key.age"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(b.home, "incidents", two, "key.age"), sealed, 0o600); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Incidents []struct {
			Incident, Title string
		}
		NotCounted []struct{ Incident, Why string } `json:"not_counted"`
	}
	b.into(&got, "stats")
	if len(got.Incidents) != 1 || got.Incidents[0].Incident != one || len(got.NotCounted) != 1 || got.NotCounted[0].Incident != two || got.NotCounted[0].Why == "" {
		t.Fatalf("%+v", got)
	}
	if out := b.want(0, "stats").out; !strings.Contains(out, "NOT COUNTED\n  "+two) {
		t.Errorf("the page does not say what is not counted:\n%s", out)
	}
	b.want(2, "stats", "--html", filepath.Join(b.home, "stats.html"))
	b.want(2, "handover", one, "--html", filepath.Join(b.home, "shift.html"))
	page := filepath.Join(b.dir, "stats.html")
	r := b.want(0, "stats", "--html", page)
	if text := readFile(t, page); !strings.Contains(r.err, "encrypted, and "+page+" is not") || strings.Contains(text, "Mallory") || !strings.Contains(text, one) {
		t.Errorf("%s, titles in the page: %v", r.err, strings.Contains(text, "Mallory"))
	}
	b.want(0, "stats", "--html", page, "--profile", "full")
	if text := readFile(t, page); !strings.Contains(text, "1 incident") {
		t.Error("the page has no incident")
	}
	b.want(3, "stats", "--profile", "public")
	for _, bad := range [][]string{{"--since", "last week"}, {"--by", "person"}, {"--explain", "mttr"}, {"--severity", "high"}, {"--zone", "Mars/Olympus"}, {"--html", page, "--explain", "contain"}} {
		b.want(2, append([]string{"stats"}, bad...)...)
	}
}

// TestHandoverAtTheCommandLine: without a yes nothing is recorded.
func TestHandoverAtTheCommandLine(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.open("an odd process", "--playbook", "generic", "--var", "what=x")
	before := len(b.activity(id))
	b.want(0, "handover", id)
	b.want(2, "handover", id, "--to", "grace")
	b.want(2, "handover", id, "--role", "commander")
	if n := len(b.activity(id)); n != before {
		t.Errorf("%d entries came without a yes", n-before)
	}
	if out := b.want(0, "handover", id, "--to", "grace", "--role", "commander", "--yes").out; !strings.Contains(out, "LOOK AT FIRST") || !strings.Contains(out, "handed on to grace") {
		t.Errorf("it says\n%s", out)
	}
	var page struct {
		Last     struct{ To string }
		Incident struct{ Roles map[string]string }
		Through  int
		Sections []struct{ Section string }
	}
	if err := json.Unmarshal([]byte(b.want(0, "handover", id, "--json").out), &page); err != nil {
		t.Fatal(err)
	}
	if page.Last.To != "grace" || page.Incident.Roles["commander"] != "grace" || page.Through != before+2 || len(page.Sections) != 12 {
		t.Errorf("%+v", page)
	}
	md := filepath.Join(b.dir, "shift.md")
	b.want(0, "handover", id, "--md", md)
	if text := readFile(t, md); !strings.HasPrefix(text, "# Handover "+id) {
		t.Errorf("%.200s", text)
	}
	b.verified(id)
}
