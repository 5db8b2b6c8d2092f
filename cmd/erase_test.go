package cmd_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"firebreak/integrations/drill"
)

// dieEnv names the step of an erasure at which the program kills itself.
const dieEnv = "FIREBREAK_TEST_DIE"

func dieAt(at string) func(string) {
	return func(step string) {
		if step != at {
			return
		}
		self, err := os.FindProcess(os.Getpid())
		if err == nil {
			err = self.Kill()
		}
		fmt.Fprintln(os.Stderr, err)
		select {} // until it takes effect
	}
}

// planted is an incident with marks in every place that an erasure has to reach.
type planted struct {
	*bench
	id string
	// unseal opens a file of an encrypted incident; nil in a plain one.
	unseal func(path string, b []byte) []byte
}

// The marks. Those with GONE in them are erased, those with KEPT stay.
var (
	gone = []string{"GONE-note", "GONE-bytes", "GONE-title", "GONE-user", "GONE-answer", "GONE-owner"}
	kept = []string{"KEPT-note", "KEPT-bytes", "KEPT-title", "KEPT-user", "KEPT-answer", "KEPT-comment"}
)

func plant(t *testing.T, setUp ...string) planted {
	t.Helper()
	v := newVendors(t, 0)
	b := newBench(t, v.env...)
	b.write(".config/firebreak/config.yaml", v.config())
	if setUp != nil {
		b.want(0, setUp...)
	}
	p := planted{bench: b}
	log := func(mark string) string {
		var lines strings.Builder
		for i := range 400 { // enough to make SQLite move rows between pages
			fmt.Fprintf(&lines, "Nov 20 03:%02d:%02d web-1 sshd[4711]: Accepted publickey for %s-user from 203.0.113.66 port 50%03d ssh2 %s-bytes\n", i/60, i%60, mark, i, mark)
		}
		return b.write(mark+"-title.log", lines.String())
	}
	b.want(0, "open", "odd process", "--playbook", b.write("fast.yaml", readFile(t, "testdata/fast.yaml")))
	p.find()
	b.want(0, "note", p.id, "the GONE-note of somebody", "--as", "ann")
	b.want(0, "note", p.id, "the KEPT-note of somebody")
	b.want(0, "step", "start", p.id, "look")
	b.want(0, "step", "done", p.id, "look", "--answer", "address=203.0.113.66", "--note", "GONE-answer")
	b.want(0, "ingest", p.id, log("GONE"))
	b.want(0, "ingest", p.id, log("KEPT"))
	b.want(0, "search", p.id, "GONE-user", "--limit", "1", "--star")
	b.want(0, "search", p.id, "KEPT-user", "--limit", "1", "--star", "--comment", "KEPT-comment")
	b.want(0, "note", p.id, "KEPT-answer")
	b.want(0, "review", p.id, "--item", "ask GONE-owner", "--owner", "GONE-owner")
	return p
}

// find reads the incident's id.
func (p *planted) find() {
	p.t.Helper()
	var list struct{ ID string }
	if err := json.Unmarshal([]byte(p.want(0, "list", "--json").out), &list); err != nil {
		p.t.Fatal(err)
	}
	p.id = list.ID
}

func (p planted) digest(what string) string {
	p.t.Helper()
	var v struct{ Digest string }
	if err := json.Unmarshal([]byte(p.want(0, "show", p.id, what, "--json").out), &v); err != nil {
		p.t.Fatal(err)
	}
	return v.Digest
}

// seqOf finds the entry that tells of something.
func (p planted) seqOf(text string) string {
	p.t.Helper()
	for _, a := range p.activity(p.id) {
		if strings.Contains(a.Text, text) {
			return fmt.Sprint(a.Seq)
		}
	}
	p.t.Fatalf("no entry tells of %s", text)
	return ""
}

// ask asks for everything that is marked as gone and has two people agree.
func (p planted) ask() {
	p.t.Helper()
	p.want(0, "erase", p.id, "--basis", "GDPR Art. 17(1)(a)", "--as", "ann", "--exhibit", "e1", "--field", p.seqOf("GONE-note")+".text",
		"--field", p.seqOf("GONE-answer")+".*", "--field", p.seqOf("follow-up")+".*")
	p.agree()
}

// agree has two people agree to x1.
func (p planted) agree() {
	p.t.Helper()
	for _, who := range []string{"ann", "bob"} {
		p.want(0, "erase", p.id, "--agree", "x1", "--digest", p.digest("x1")[:12], "--as", who)
	}
}

// look counts the marks in all files of the incident's folder: as they are,
// within base64, and within compressed evidence.
func (p planted) look(marks []string) map[string]int {
	p.t.Helper()
	found := map[string]int{}
	z, err := zstd.NewReader(nil)
	if err != nil {
		p.t.Fatal(err)
	}
	defer z.Close()
	err = filepath.WalkDir(filepath.Join(p.home, "incidents"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if p.unseal != nil {
			for _, mark := range marks {
				if bytes.Contains(b, []byte(mark)) {
					p.t.Errorf("%s is in the clear in %s", mark, path)
				}
			}
			b = append(b, p.unseal(path, b)...)
		} else if plain, err := z.DecodeAll(b, nil); err == nil {
			b = append(b, plain...)
		}
		for _, mark := range marks {
			for _, form := range forms(mark) {
				if bytes.Contains(b, []byte(form)) {
					found[mark]++
				}
			}
		}
		return nil
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return found
}

// forms are a text as it is, and within base64 at each of the three places.
func forms(what string) []string {
	out := []string{what}
	for skip := range 3 {
		b := base64.RawURLEncoding.EncodeToString([]byte(strings.Repeat("\x00", skip) + what))
		end := len(b)
		if (skip+len(what))%3 != 0 {
			end--
		}
		out = append(out, b[(skip*8+5)/6:end])
	}
	return out
}

// erased wants that nothing marked as gone is anywhere, and the rest is.
func (p planted) erased() {
	p.t.Helper()
	for mark, n := range p.look(gone) {
		p.t.Errorf("%s is still in %d places", mark, n)
	}
	for _, mark := range kept {
		if p.look([]string{mark})[mark] == 0 {
			p.t.Errorf("%s is gone", mark)
		}
	}
	r := p.want(0, "verify", p.id, "--json")
	var report struct {
		Erased         int
		ErasedExhibits int `json:"erased_exhibits"`
		Exhibits       int
		Notes          []string
	}
	if err := json.Unmarshal([]byte(r.out), &report); err != nil {
		p.t.Fatal(err)
	}
	if report.Erased < 10 || report.ErasedExhibits != 1 || report.Exhibits != 1 || !strings.Contains(r.out, `erased with a record: erasure \"x1\"`) || strings.Contains(r.out, "not finished") {
		p.t.Errorf("verify says %s", r.out)
	}
	if out := p.want(0, "show", p.id, "e1").out; !strings.Contains(out, "by erasure x1") {
		p.t.Errorf("the exhibit is shown as %s", out)
	}
	if out := p.want(0, "show", p.id, "activity").out; !strings.Contains(out, "note: (erased)") {
		p.t.Errorf("the activity is %s", out)
	}
	p.want(0, "search", p.id, "KEPT-user", "--count")
	if out := p.want(0, "search", p.id, "GONE-user", "--count").out; strings.TrimSpace(out) != "0" {
		p.t.Errorf("%s events are left", out)
	}
	p.want(0, "ingest", p.id, "--rebuild")
	if found := p.look(gone); len(found) > 0 {
		p.t.Errorf("the rebuilt timeline has %v", found)
	}
}

// TestErase plants marks everywhere and erases them through the real program.
func TestErase(t *testing.T) {
	t.Parallel()
	p := plant(t)
	for _, mark := range gone {
		if p.look([]string{mark})[mark] == 0 {
			t.Fatalf("%s was not planted", mark)
		}
	}
	p.ask()
	p.want(0, "close", p.id, "--reason", "over") // a closed incident can be erased from
	if out := p.want(0, "erase", p.id, "--do", "x1").out; !strings.Contains(out, "x1  done") {
		t.Errorf("erase says %s", out)
	}
	p.erased()
	for _, name := range []string{"review.md", "review.html", "review.json"} {
		b := readFile(t, filepath.Join(p.home, "incidents", p.id, "exports", name))
		if !strings.Contains(b, "(erased)") || strings.Contains(b, "withheld") {
			t.Errorf("%s does not say what was erased", name)
		}
	}
	p.want(0, "erase", p.id, "--do", "x1") // again: nothing is left to do
	p.want(3, "erase", p.id, "--exhibit", "e1", "--basis", "again")
	p.want(1, "erase", p.id, "--field", p.seqOf("note: (erased)")+".text", "--basis", "again")
}

// TestEraseInDrill reaches the state of the drill's stand-ins too.
func TestEraseInDrill(t *testing.T) {
	t.Parallel()
	eraseInDrill(t, false)
}

func eraseInDrill(t *testing.T, sealed bool) {
	t.Helper()
	v := newVendors(t, 0)
	p := planted{bench: newBench(t, v.env...)}
	file := ageKey(t)
	if sealed {
		p.want(0, "init", "--identity", file)
	}
	p.want(0, "drill", p.write("fast.yaml", readFile(t, "testdata/fast.yaml")), "--auto")
	p.find()
	p.want(0, "open", "--again", p.id, "--reason", "once more")
	before := map[int64]bool{}
	for _, a := range p.activity(p.id) {
		before[a.Seq] = true
	}
	var a struct{ Action, State, Digest string }
	if err := json.Unmarshal([]byte(p.want(0, "plan", p.id, "github.issue.comment", "--with", "repo="+drill.Repo, "--with", "number=1", "--with", "body=a message about GONE-drill", "--json").out), &a); err != nil {
		t.Fatal(err)
	}
	if a.State == "planned" {
		p.want(0, "approve", p.id, a.Action, "--digest", a.Digest)
	}
	p.want(0, "do", p.id, a.Action)
	p.want(0, "note", p.id, "a KEPT-note")
	marks := []string{"GONE-drill"}
	state := readFolder(t, filepath.Join(p.home, "incidents", p.id, "drill"))
	if sealed {
		p.unseal = p.unsealer(file).open
		state = string(p.unseal(drill.StateFile, []byte(state)))
	}
	if !strings.Contains(state, marks[0]) {
		t.Fatal("nothing was planted in the drill's state")
	}
	var args []string
	for _, x := range p.activity(p.id) {
		if !before[x.Seq] && x.Kind != "note" && x.Kind != "action.sending" {
			args = append(args, "--field", fmt.Sprint(x.Seq)+".*")
		}
	}
	p.want(0, append([]string{"erase", p.id, "--basis", "exercise", "--reason", "an exercise"}, args...)...)
	p.agree()
	p.want(0, "erase", p.id, "--do", "x1")
	if found := p.look(marks); len(found) > 0 {
		t.Errorf("left: %v", found)
	}
	if len(p.look([]string{"KEPT-note"})) == 0 {
		t.Error("what has nothing to do with it is gone")
	}
	p.want(0, "verify", p.id)
	p.want(0, "show", p.id, a.Action)
}

func readFolder(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			all.WriteString(readFile(t, path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

// eraseSteps are those between which an erasure can be killed.
var eraseSteps = []string{"noted", "recorded", "blobs", "events", "files", "outside", "vacuumed", "scrubbed"}

// TestEraseKilled kills the program between any two steps; the next command
// that opens the incident ends what was begun.
func TestEraseKilled(t *testing.T) {
	t.Parallel()
	for _, at := range eraseSteps {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			p := plant(t)
			p.killedAt(at)
		})
	}
}
