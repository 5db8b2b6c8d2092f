package review_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"firebreak/incident"
	"firebreak/playbooks"
	"firebreak/record"
	"firebreak/review"
)

// TestTheProposalApplies lets patch apply what the review proposes to the playbook
// that was followed, and reads the result.
func TestTheProposalApplies(t *testing.T) {
	r := build(t, rich(t))
	if len(r.Proposals) != 1 || r.Proposals[0].Diff == "" {
		t.Fatalf("%+v", r.Proposals)
	}
	tool, err := exec.LookPath("patch")
	if err != nil {
		t.Skip("patch is not installed: tools/needs installs it")
	}
	dir := t.TempDir()
	file := filepath.Join(dir, r.Proposals[0].File)
	if err := os.WriteFile(file, []byte(playbook), 0o600); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(tool, "-p1", "--fuzz=0", "--no-backup-if-mismatch")
	c.Dir, c.Stdin = dir, strings.NewReader(string(r.Patch()))
	if said, err := c.CombinedOutput(); err != nil || strings.Contains(string(said), "offset") {
		t.Fatalf("%v: %s\n%s", err, said, r.Patch())
	}
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	p, err := playbooks.Parse("stolen-key.yaml", src)
	if err != nil {
		t.Fatalf("%v\n%s", err, src)
	}
	if _, ok := p.Step("ask-the-hoster-who-203-0-113-9-is"); !ok {
		t.Errorf("the step that people added is not in it:\n%s", src)
	}
	for _, want := range []string{"# 2026-0007: It was passed over: it is in the note above (#58).", "# 2026-0007: It failed, 1 attempt: no access to the second"} {
		if !strings.Contains(string(src), want) {
			t.Errorf("no %q in\n%s", want, src)
		}
	}
}

// TestDeviations: each kind, by its entries.
func TestDeviations(t *testing.T) {
	s := newStory(t)
	book := `
playbook: v1
id: small
name: Small
version: 1.0.0
owner: us
phases:
  identify:
    - {id: first, manual: First., due: 10m}
    - {id: second, needs: [], manual: Second.}
    - {id: third, needs: [], manual: Third., due: 1h}
  contain:
    - {id: fourth, needs: [], manual: Fourth.}
`
	s.then(0, record.IncidentOpened, "", record.Opened{Title: "x", Severity: incident.SEV3})
	s.then(0, record.RunStarted, "", record.Started{Run: "r1", Playbook: "small", Name: "Small", Version: "1.0.0", Source: book})
	s.then(time.Minute, record.StepDone, "second", record.StepEnd{Run: "r1"})
	s.then(2*time.Hour, record.StepDone, "first", record.StepEnd{Run: "r1"})
	s.then(0, record.StepSkipped, "third", record.StepSkip{Run: "r1", Reason: "not here"})
	s.enter(0, incident.Contain)
	s.enter(0, incident.Recover)
	s.then(time.Minute, record.StepDone, "fourth", record.StepEnd{Run: "r1"})
	var got []string
	r := build(t, s)
	for _, d := range r.Deviations {
		got = append(got, d.Step+" "+d.Kind)
		if len(d.Seqs) == 0 {
			t.Errorf("%+v names no entry", d)
		}
	}
	want := []string{"first overdue", "second out of order", "third skipped", "fourth out of order"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if d := r.Deviations[0]; !strings.Contains(d.Text, "due 10m") || !strings.Contains(d.Text, "1 h 51 min later") {
		t.Errorf("%+v", d)
	}
}

func TestNothingToPropose(t *testing.T) {
	s := newStory(t)
	s.then(0, record.IncidentOpened, "", record.Opened{Title: "x", Severity: incident.SEV3})
	if r := build(t, s); !strings.Contains(string(r.Patch()), "followed no playbook") {
		t.Errorf("%s", r.Patch())
	}
	s.then(0, record.RunStarted, "", record.Started{Run: "r1", Playbook: "p", Name: "P", Source: "playbook: v99"})
	r := build(t, s)
	if len(r.Proposals) != 1 || r.Proposals[0].Diff != "" || !strings.Contains(r.Proposals[0].Reason, "cannot be read") {
		t.Errorf("%+v", r.Proposals)
	}
}

// TestEveryLineNamesItsEntries walks what the review says of the rich record: each
// statement points at entries that there are.
func TestEveryLineNamesItsEntries(t *testing.T) {
	s := rich(t)
	r := build(t, s)
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	for _, section := range []string{"impact", "factors", "parts", "deviations", "techniques", "indicators", "subjects", "controls", "items", "decisions", "communications", "releases", "findings"} {
		list, _ := doc[section].([]any)
		if len(list) == 0 {
			t.Errorf("the rich record has nothing for %s", section)
		}
		for _, x := range list {
			line, _ := x.(map[string]any)
			seqs := []any{line["seq"]}
			if many, ok := line["entries"].([]any); ok {
				seqs = many
			}
			for _, n := range seqs {
				if seq, ok := n.(float64); !ok || seq < 1 || int(seq) > len(s.entries) {
					t.Errorf("%s: %v names no entry", section, line)
				}
			}
		}
	}
	for _, f := range r.Gaps {
		for _, g := range f.Gaps {
			if len(g.Seqs) == 0 {
				t.Errorf("%s %s names no entry", f.Key, g.Ref)
			}
		}
	}
	for _, m := range r.Moments {
		if m.Known && m.Seq == 0 {
			t.Errorf("%s names no entry", m.Key)
		}
	}
}

// TestTheLatestWordCounts: what was corrected or taken back is not in the review.
func TestTheLatestWordCounts(t *testing.T) {
	r := build(t, rich(t))
	for _, m := range r.Impact {
		if m.Measure == "people" {
			t.Errorf("taken back, and there: %+v", m)
		}
		if m.Measure == "records" && (m.Certainty != "excluded" || len(m.Earlier) != 1) {
			t.Errorf("%+v", m)
		}
	}
	moments := map[string]review.Moment{}
	for _, m := range r.Moments {
		moments[m.Key] = m
	}
	if m := moments["contained"]; !m.Stated || m.Reason != "the key was gone" || m.Implied.IsZero() || !m.Implied.After(m.At) {
		t.Errorf("%+v", m)
	}
	if m := moments["recovered"]; m.Stated || !m.Known {
		t.Errorf("%+v", m)
	}
	for _, x := range r.Techniques {
		if x.ID == "T1496" {
			t.Errorf("taken back, and there: %+v", x)
		}
	}
	for _, x := range r.Indicators {
		if x.Value == "192.0.2.77" {
			t.Errorf("taken back, and there: %+v", x)
		}
	}
	for _, f := range r.Factors {
		if strings.Contains(f.Text, "Jun") {
			t.Errorf("corrected, and there: %+v", f)
		}
	}
	if i := r.Items[0]; i.State != "done" || i.Overdue || len(i.History) != 1 || i.Link != "acme/widgets#41" {
		t.Errorf("%+v", i)
	}
	if r.Standing.State != record.ReviewReviewed || r.Standing.Stale || len(r.Standing.Moves) != 2 || r.Standing.Moves[1].Signer != "jun@example.org" {
		t.Errorf("%+v", r.Standing)
	}
}

func TestAnEmptyRecordSaysWhatIsMissing(t *testing.T) {
	s := newStory(t)
	s.then(0, record.IncidentOpened, "", record.Opened{Title: "x", Severity: incident.SEV3})
	sections := map[string]bool{}
	r, err := review.Build(s.entries, review.Extra{})
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range r.Missing {
		sections[g.Section] = true
		if g.What == "" || !strings.HasPrefix(g.How, "firebreak ") || strings.Contains(g.How, "%!") {
			t.Errorf("%+v", g)
		}
	}
	for _, want := range strings.Fields("summary impact moments detection decisions factors mitigators wrong luck surprises lessons techniques indicators communications clocks items evidence integrity") {
		if !sections[want] {
			t.Errorf("nothing is said to be missing of %s", want)
		}
	}
}
