package cmd_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"firebreak/internal/testkit"
	"firebreak/internal/testkit/mishap"
)

const wholeWork = `playbook: v1
id: whole-work
name: Whole work
version: 1.0.0
vars:
  hosts: {type: list, default: [web-1, web-2, web-3]}
  more: {type: bool, default: true}
phases:
  contain:
    - id: all
      for_each: hosts
      as: host
      do:
        - {id: issue, action: github.issue.create, with: {repo: acme/payments, title: "{{ host }}"}, irreversible: it stays}
        - {id: tell, action: github.issue.create, with: {repo: acme/payments, title: "{{ host }} is contained"}, irreversible: it stays}
    - id: beside
      needs: []
      parallel:
        - {id: one, action: github.issue.create, with: {repo: acme/payments, title: one}, irreversible: it stays}
        - {id: two, action: github.issue.create, with: {repo: acme/payments, title: "Two."}, irreversible: it stays}
        - {id: which, switch: more, cases: {true: [{id: yes, action: github.issue.create, with: {repo: acme/payments, title: "yes"}, irreversible: it stays}]}}
    - {id: rotate, needs: [], playbook: rotate-all@1, with: {repo: acme/payments}}
    - {id: watch, needs: [], action: github.issue.create, with: {repo: acme/payments, title: again}, irreversible: it stays, repeat: {every: 1s, max: 2}}
    - {id: loop, needs: [], if: more, then: [{id: round, action: github.issue.create, with: {repo: acme/payments, title: "A round."}, irreversible: it stays}], repeat: {every: 1s, max: 2}}
`

const rotateAll = `playbook: v1
id: rotate-all
name: Rotate all
version: 1.0.0
vars:
  repo: {type: string, prompt: "Repo?", required: true}
phases:
  contain:
    - {id: both, for_each: '["a", "b"]', do: [{id: key, action: github.issue.create, with: {repo: "{{ repo }}", title: "key {{ item }}"}, irreversible: it stays}]}
`

// TestKillInTheWholeLanguage kills the program each time before another fsync of
// its run: in the middle of items, of parallel steps, of a called playbook, of a
// repetition and of a round. Each time the run goes on where it was. What was
// under way is unknown until somebody looks; nothing is done twice, and nothing
// is left out.
func TestKillInTheWholeLanguage(t *testing.T) {
	t.Parallel()
	step := 61
	if testkit.Soak() {
		step = 1
	}
	kills := 0
	for n := 1; ; n += step {
		b := newBench(t)
		b.write("workspace/playbooks/rotate-all.yaml", rotateAll)
		b.want(0, "drill", b.write("whole.yaml", wholeWork), "--plain") // nobody types: it is opened and left
		var shown struct{ Incident struct{ ID string } }
		b.into(&shown, "show", "last")
		id := shown.Incident.ID
		c := b.command(context.Background(), "run", id, "--auto")
		var out bytes.Buffer
		c.Stdout, c.Stderr = &out, &out
		w := mishap.Start(t, c, mishap.Plan{Kinds: []mishap.Kind{mishap.Sync}, Name: "/incidents/", Nth: n, Then: mishap.Kill})
		err := c.Wait()
		_, hit := w.End(t)
		if !hit && err != nil {
			t.Fatalf("%v\n%s", err, out.String())
		}
		if testkit.Soak() {
			t.Logf("killed at sync %d", n)
		}
		b.goOn(id)
		b.doneOnce(id)
		b.verified(id)
		if !hit {
			break
		}
		kills++
	}
	if kills < 3 {
		t.Errorf("only %d kills", kills)
	}
	t.Logf("%d kills", kills)
}

// goOn runs the incident to its end, and looks what became of what is unknown.
func (b *bench) goOn(id string) {
	b.t.Helper()
	for range 60 {
		r := b.run("run", id, "--auto", "--json")
		var w struct {
			Done    bool
			Steps   []string
			Unknown []string
			Until   string
		}
		if err := json.Unmarshal([]byte(r.out), &w); err != nil {
			b.t.Fatalf("run --auto: exit %d: %v: %s%s", r.code, err, r.out, r.err)
		}
		switch {
		case w.Done:
			return
		case len(w.Unknown) > 0:
			for _, a := range w.Unknown {
				if r := b.run("do", id, a, "--look"); r.code != 0 && r.code != 1 {
					b.t.Fatalf("look at %s: %d %s", a, r.code, r.err)
				}
			}
		case len(w.Steps) > 0:
			for _, s := range w.Steps { // one whose action was not sent, as a look has shown
				b.want(0, "step", "reopen", id, s, "--reason", "it was not sent")
			}
		}
	}
	b.t.Fatalf("it does not end: %s", b.run("show", id).out)
}

// doneOnce compares what the other sides got with what was to be done.
func (b *bench) doneOnce(id string) {
	b.t.Helper()
	text, err := os.ReadFile(filepath.Join(b.home, "incidents", id, "drill", "drill.json"))
	if err != nil {
		files, _ := filepath.Glob(filepath.Join(b.home, "incidents", id, "drill", "*"))
		b.t.Fatalf("%v: %v", err, files)
	}
	var world struct {
		Issues []struct{ Title string }
	}
	if err := json.Unmarshal(text, &world); err != nil {
		b.t.Fatal(err)
	}
	got := map[string]int{}
	for _, i := range world.Issues {
		got[i.Title]++
	}
	for _, word := range []string{"web-1", "web-2", "web-3", "one", "yes", "key a", "key b", "web-1 is contained", "web-2 is contained", "web-3 is contained", "Two."} {
		if got[word] != 1 {
			b.t.Errorf("%s was done %d times", word, got[word])
		}
	}
	for _, word := range []string{"again", "A round."} {
		if got[word] != 2 {
			b.t.Errorf("%s was done %d times", word, got[word])
		}
	}
	if b.t.Failed() {
		b.t.Fatal(fmt.Sprint(got), b.run("show", id, "activity").out)
	}
}
