package cmd_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// leaks is a report of gitleaks with these leaks in it.
func leaks(ids ...string) string {
	var out []string
	for _, id := range ids {
		out = append(out, fmt.Sprintf(`{"RuleID":"generic-api-key","Description":"Generic API Key","StartLine":3,"Match":"key = %s","Secret":"%s","File":"%s.env","Commit":"c0ffee","Date":"2026-11-20T03:00:00Z","Fingerprint":"c0ffee:%s.env:generic-api-key:3"}`, canary, canary, id, id))
	}
	return "[" + strings.Join(out, ",") + "]"
}

// canary is a secret that a scanner found.
const canary = "q9-Zx-canary-of-the-scan-77"

type takenJSON struct {
	Incident, Exhibit, Format, Playbook            string
	Findings, New, Again, Resolved, Reopened, Gone int
	Open                                           int
	Events                                         int64
	Opened, Same                                   bool
}

func TestIntakeDryRunTouchesNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	file := b.write("leaks.json", leaks("a", "b"))
	r := b.want(0, "intake", file, "--dry-run", "--json")
	lines := strings.Split(strings.TrimSpace(r.out), "\n")
	var f struct{ Key, Kind, Severity, Fingerprint, Pointer, State string }
	if err := json.Unmarshal([]byte(lines[1]), &f); err != nil || len(lines) != 2 || f.Kind != "secret" || f.Pointer != "/1" || f.Fingerprint != "c0ffee:b.env:generic-api-key:3" {
		t.Errorf("%v %+v in %s", err, f, r.out)
	}
	if text := b.want(0, "intake", file, "--dry-run").out; !strings.Contains(text, "2 findings (gitleaks): 2 high") || strings.Contains(text+r.out, canary) {
		t.Errorf("%s", text)
	}
	if _, err := os.Stat(b.home); err == nil {
		t.Error("a dry run made a workspace")
	}
	b.want(2, "intake", file)
	b.want(2, "intake", file, "--dry-run", "--open")
	b.want(2, "intake", file, "--incident", "1", "--title", "x")
}

func TestIntakeSaysWhatIsNew(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.open("leaks")
	take := func(text string) (j takenJSON) {
		t.Helper()
		b.into(&j, "intake", b.write("leaks.json", text), "--incident", id)
		return j
	}
	first := take(leaks("a", "b"))
	if first.New != 2 || first.Open != 2 || first.Events != 2 || first.Format != "gitleaks" || first.Exhibit != "e1" {
		t.Errorf("%+v", first)
	}
	entries := len(b.activity(id))
	if again := take(leaks("a", "b")); !again.Same || again.Exhibit != "e1" || len(b.activity(id)) != entries {
		t.Errorf("the same twice: %+v", again)
	}
	if next := take(leaks("b", "c")); next.New != 1 || next.Again != 1 || next.Gone != 1 || next.Open != 2 {
		t.Errorf("one gone: %+v", next)
	}
	if back := take(leaks("a", "b", "c")); back.Reopened != 1 || back.Again != 2 || back.Open != 3 {
		t.Errorf("it came back: %+v", back)
	}
	if none := take("[]"); none.Gone != 0 || none.Findings != 0 {
		t.Errorf("an empty list is of nobody: %+v", none)
	}
	alert := func(status string) string {
		return `{"version":"4","groupKey":"g","status":"` + status + `","externalURL":"http://am","alerts":[{"status":"` + status + `","labels":{"alertname":"Odd","severity":"critical"},"annotations":{},"startsAt":"2026-11-20T03:00:00Z","endsAt":"2026-11-20T04:00:00Z","fingerprint":"f1"}]}`
	}
	if a := take(alert("firing")); a.New != 1 || a.Gone != 0 {
		t.Errorf("an alert takes nothing away: %+v", a)
	}
	if a := take(alert("resolved")); a.Resolved != 1 || a.Open != 3 {
		t.Errorf("resolved: %+v", a)
	}
	events := func() string { return b.want(0, "search", id, "source:finding", "--json").out }
	before := events()
	b.want(0, "ingest", id, "--rebuild")
	if after := events(); after != before || !strings.Contains(before, `"severity":"high"`) {
		t.Error("the timeline made again is another one")
	}
	if n := strings.Count(b.want(0, "search", id, "source:finding attr.finding_kind:secret", "--json").out, "\n"); n != 7 {
		t.Errorf("%d events of leaks, want 7", n)
	}
	b.verified(id)
	if text := b.want(0, "show", id, "activity").out; !strings.Contains(text, "gitleaks reports 2 findings (exhibit e2): 1 new, 1 seen again, 1 gone") {
		t.Errorf("%s", text)
	}
	b.secretNowhere(id)
}

// secretNowhere looks for the secret that the scanner found in everything but the
// sealed bytes.
func (b *bench) secretNowhere(id string) {
	b.t.Helper()
	for _, args := range [][]string{{"show", id}, {"show", id, "activity", "--json"}, {"search", id, "--json"}, {"show", id, "evidence", "--json"}} {
		if strings.Contains(b.want(0, args...).out, canary) {
			b.t.Errorf("%v shows the secret", args)
		}
	}
	for _, pattern := range []string{"incident.db*", "timeline.db*", "heads"} {
		files, err := filepath.Glob(filepath.Join(b.home, "incidents", id, pattern))
		if err != nil {
			b.t.Fatal(err)
		}
		for _, name := range files {
			if strings.Contains(readFile(b.t, name), canary) {
				b.t.Errorf("%s holds the secret", name)
			}
		}
	}
}

func TestIntakeOpens(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var j takenJSON
	b.into(&j, "intake", b.write("falco.jsonl", `{"output":"shell","priority":"Critical","rule":"Terminal shell in container","time":"2026-11-21T03:12:00Z","output_fields":{"container.id":"c1","proc.name":"bash"}}`+"\n"), "--open")
	if !j.Opened || j.Playbook != "kubernetes-compromise" || j.Open != 1 {
		t.Errorf("%+v", j)
	}
	j = takenJSON{}
	b.into(&j, "intake", b.write("leaks.json", leaks("a")), "--open", "--playbook", "-", "--title", "Mine", "--severity", "sev1")
	if j.Playbook != "" {
		t.Errorf("%+v", j)
	}
	if text := b.want(0, "list").out; !strings.Contains(text, "SEV1") || !strings.Contains(text, "Mine") {
		t.Errorf("%s", text)
	}
	b.write("books/own.yaml", strings.Replace(strings.Replace(b.want(0, "playbook", "show", "generic").out, "id: generic", "id: our-leaks", 1), "labels: [generic]", "labels: [\"alert:secret\"]", 1))
	b.write(".config/firebreak/config.yaml", "playbooks: ["+b.dir+"/books]\n")
	b.into(&j, "intake", b.write("leaks.json", leaks("b")), "--open")
	if j.Playbook != "our-leaks" {
		t.Errorf("one's own label does not win: %+v", j)
	}
}

// What is broken leaves nothing behind, and is told in one line with a hint.
func TestIntakeOfWhatIsBroken(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.open("broken")
	entries := len(b.activity(id))
	for name, text := range map[string]string{
		"empty": "", "cut": leaks("a")[:40], "error": `{"error":{"code":"ENOAUDIT","summary":"no \u001b[31maudit"}}`, "unknown": `{"a":1}`, "twice": `{"runs":[],"version":"2.1.0","version":"x"}`,
	} {
		r := b.want(1, "-q", "intake", b.write(name+".json", text), "--incident", id)
		if n := strings.Count(strings.TrimSpace(r.err), "\n"); n != 1 || !strings.Contains(r.err, "hint:") || r.out != "" {
			t.Errorf("%s: %d lines: %s", name, n+1, r.err)
		}
	}
	if got := b.activity(id); len(got) != entries {
		t.Errorf("it left %v", got[entries:])
	}
	r := b.want(2, "intake", b.write("x.json", "{}"), "--dry-run", "--mapping", b.write("m.yaml", "intake: v1\ntool: x\nlist: items\nfields: {titel: '@.a'}\n"))
	if !strings.Contains(r.err, "m.yaml:3:7:") || !strings.Contains(r.err, "m.yaml:4:") {
		t.Errorf("%s", r.err)
	}
}

func TestIntakeByMapping(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.open("own scanner")
	m := b.write("m.yaml", "intake: v1\ntool: Own\nkind: code\nlist: $.items[*]\nfields: {title: '@.t', key: '@.id', severity: '@.s'}\n")
	var j takenJSON
	b.into(&j, "intake", b.write("own.json", `{"items":[{"id":1,"t":"one","s":"high"},{"id":2,"t":"two","s":"low"}]}`), "--mapping", m, "--incident", id)
	if j.New != 2 || j.Format != "mapped" || j.Events != 2 {
		t.Errorf("%+v", j)
	}
	if err := os.Remove(m); err != nil {
		t.Fatal(err)
	}
	before := b.want(0, "search", id, "source:finding", "--json").out
	b.want(0, "ingest", id, "--rebuild")
	if after := b.want(0, "search", id, "source:finding", "--json").out; after != before || strings.Count(after, "\n") != 2 {
		t.Errorf("made again without the file: %s", after)
	}
	b.verified(id)
}

// Of very many findings the entry says that the exhibit has them; what is new and
// what is gone is known all the same.
func TestIntakeOfVeryMany(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.open("very many")
	var ids []string
	for i := range 6000 {
		ids = append(ids, fmt.Sprint("f", i))
	}
	var j takenJSON
	b.into(&j, "intake", b.write("leaks.json", leaks(ids...)), "--incident", id)
	if j.New != 6000 || j.Events != 6000 {
		t.Errorf("%+v", j)
	}
	b.into(&j, "intake", b.write("leaks.json", leaks(append(slices.Clone(ids[10:]), "new")...)), "--incident", id)
	if j.New != 1 || j.Again != 5990 || j.Gone != 10 || j.Open != 5991 {
		t.Errorf("%+v", j)
	}
	r := b.want(0, "show", id, "activity", "--json")
	if len(r.out) > 8<<10 {
		t.Errorf("the record says %d bytes", len(r.out))
	}
	b.verified(id)
}
