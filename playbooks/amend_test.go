package playbooks_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"firebreak/incident"
	"firebreak/playbooks"
	"firebreak/playbooks/library"
)

const amended = `playbook: v1
id: small
name: Small
version: 1.0.0
owner: us
phases:
  identify:
    # what was there
    - id: look
      title: Look
      manual: |
        Look at it.

        Then look again.

  # contain comes next
  contain:
    - parallel:
        - {id: one, manual: One.}
        - {id: two, manual: Two.}
      id: both
    - {id: block, manual: Block.}
  learn:
  - id: talk
    manual: Talk.`

func changes() []playbooks.Amendment {
	return []playbooks.Amendment{
		{Step: "look", Remark: "it took \x1b[31mlong\u202e: is the time right?"},
		{Step: "two", Remark: "skipped"},
		{Phase: incident.Contain, Title: `Ask "them": {{ who }} # now`, Text: "Line one.\nLine two: - [x]"},
		{Phase: incident.Recover, Title: "Build again", Text: ""},
		{Phase: incident.Learn, Title: "Talk", Text: "Talk more."},
		{Phase: incident.Learn, Title: "Прочее", Text: "Other."},
	}
}

func TestAmend(t *testing.T) {
	for name, src := range map[string]string{
		"no end of line":   amended,
		"as usual":         amended + "\n",
		"a blank end":      amended + "\n\n\n",
		"carriage returns": strings.ReplaceAll(amended, "\n", "\r\n") + "\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			out, left, err := playbooks.Amend("small.yaml", []byte(src), changes())
			if err != nil || len(left) > 0 {
				t.Fatalf("left %v, %v", left, err)
			}
			p, err := playbooks.Parse("small.yaml", out)
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			var ids []string
			for _, s := range p.Steps() {
				ids = append(ids, s.Phase.String()+"/"+s.ID)
			}
			want := "identify/look contain/both contain/one contain/two contain/block contain/ask-them-who-now recover/build-again learn/talk learn/talk-2 learn/step"
			if got := strings.Join(ids, " "); got != want {
				t.Errorf("got %s\n%s", got, out)
			}
			s, _ := p.Step("ask-them-who-now")
			if s.Title != `Ask "them": { { who }} # now` || s.Manual != "Line one.\nLine two: - [x]" {
				t.Errorf("%q %q", s.Title, s.Manual)
			}
			if bytes.ContainsAny(out, "\x1b\u202e") {
				t.Error("what a terminal obeys is in the file")
			}
			before, err := playbooks.Parse("small.yaml", []byte(src))
			if err != nil {
				t.Fatal(err)
			}
			if was, is := playbooks.Lint(before, playbooks.Catalog{}), playbooks.Lint(p, playbooks.Catalog{}); len(is) > len(was) {
				t.Errorf("lint: %v, before %v", is, was)
			}
			diff := playbooks.Insertions("small.yaml", []byte(src), out)
			applied(t, "small.yaml", src, diff, string(out))
		})
	}
}

// applied lets patch apply a difference, where there is one.
func applied(t *testing.T, file, src, diff, want string) {
	t.Helper()
	tool, err := exec.LookPath("patch")
	if err != nil {
		t.Skip("patch is not installed: tools/needs installs it")
	}
	dir := t.TempDir()
	at := filepath.Join(dir, file)
	if err := os.WriteFile(at, []byte(src), 0o600); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(tool, "-p1", "--binary", "--no-backup-if-mismatch", "--fuzz=0")
	c.Dir, c.Stdin = dir, strings.NewReader(diff)
	if said, err := c.CombinedOutput(); err != nil || strings.Contains(string(said), "offset") {
		t.Fatalf("patch: %v: %s\n%s", err, said, diff)
	}
	if got, err := os.ReadFile(at); err != nil || string(got) != want {
		t.Errorf("%v: got\n%s\nwant\n%s", err, got, want)
	}
}

// TestAmendTheLibrary puts something into each playbook that comes with the
// program: all are written in a form that leaves room.
func TestAmendTheLibrary(t *testing.T) {
	books, err := library.List()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range books {
		src := p.Source
		var list []playbooks.Amendment
		for _, s := range p.Steps() {
			list = append(list, playbooks.Amendment{Step: s.ID, Remark: "seen"})
		}
		for _, ph := range incident.Phases() {
			list = append(list, playbooks.Amendment{Phase: ph, Title: "One more thing", Text: "Do it."})
		}
		out, left, err := playbooks.Amend(p.File, src, list)
		if err != nil {
			t.Fatalf("%s: %v", p.ID, err)
		}
		for _, a := range left {
			t.Errorf("%s: no room for %+v", p.ID, a)
		}
		if playbooks.Insertions(p.ID+".yaml", src, out) == "" {
			t.Errorf("%s: no difference", p.ID)
		}
	}
}

func TestNoRoomToAmend(t *testing.T) {
	src := "playbook: v1\nid: flow\nname: Flow\nversion: 1.0.0\nowner: us\nphases: {identify: [{id: look, manual: Look.}, {id: see, manual: See.}]}\n"
	list := []playbooks.Amendment{{Step: "see", Remark: "why"}, {Step: "gone", Remark: "why"}, {Phase: incident.Contain, Title: "Block"}, {Title: "Nowhere"}}
	out, left, err := playbooks.Amend("flow.yaml", []byte(src), list)
	if err != nil || len(left) != len(list) || string(out) != src {
		t.Errorf("%v, left %v\n%s", err, left, out)
	}
	if d := playbooks.Insertions("flow.yaml", []byte(src), out); d != "" {
		t.Errorf("a difference of nothing: %s", d)
	}
	if _, _, err := playbooks.Amend("bad.yaml", []byte("playbook: v2\n"), list); err == nil {
		t.Error("a file that cannot be read was amended")
	}
}

func FuzzAmend(f *testing.F) {
	f.Add(amended, "a remark", "A title")
	f.Add("playbook: v1\nid: x\nname: X\nversion: 1.0.0\nowner: us\nphases:\n  identify:\n    -\n      id: look\n      manual: |+\n        a\n\n", "r", "t: {")
	f.Fuzz(func(t *testing.T, src, remark, title string) {
		p, err := playbooks.Parse("f.yaml", []byte(src))
		if err != nil || len(src) > 20_000 || len(p.Steps()) == 0 {
			return
		}
		list := []playbooks.Amendment{{Step: p.Steps()[0].ID, Remark: remark}, {Phase: incident.Learn, Title: "t" + title, Text: remark}}
		out, left, err := playbooks.Amend("f.yaml", []byte(src), list)
		if err != nil {
			t.Fatal(err)
		}
		after, err := playbooks.Parse("f.yaml", out)
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if len(after.Steps())-len(p.Steps()) > 1 || len(left) == 0 && len(after.Steps()) == len(p.Steps()) {
			t.Errorf("%d steps became %d, left %d", len(p.Steps()), len(after.Steps()), len(left))
		}
	})
}
