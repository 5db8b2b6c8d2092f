package cmd_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// portable is as much of an export as the tests look at.
type portable struct {
	Incidents []struct {
		Incident struct{ ID string }
		Entries  []struct {
			Seq    int64
			Erased []string
			Fields map[string]any
		}
		Exhibits []struct{ Exhibit, Title, SHA256, Erased, File string }
		Events   []struct{ Message, Exhibit string }
		LeftOut  int64 `json:"events_left_out"`
	}
}

func readPortable(t *testing.T, text string) portable {
	t.Helper()
	var p portable
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPortableExport(t *testing.T) {
	t.Parallel()
	p := plant(t)
	p.want(0, "note", p.id, "hostile \x1b]0;title\x07 text \u202e and ann@example.org")
	file := filepath.Join(p.dir, "all.json")
	p.want(0, "export", p.id, "--portable", "--to", file)
	first := readFile(t, file)
	if out := p.want(0, "export", p.id, "--portable", "--to", "-").out; out != first {
		t.Error("the standard output and the file differ")
	}
	if strings.ContainsAny(first, "\x1b\x07\u202e") {
		t.Error("the export holds what a terminal obeys")
	}
	all := readPortable(t, first)
	if len(all.Incidents) != 1 || len(all.Incidents[0].Exhibits) != 2 || len(all.Incidents[0].Events) != 800 || all.Incidents[0].LeftOut != 0 || len(all.Incidents[0].Entries) < 10 {
		t.Errorf("%d exhibits, %d events", len(all.Incidents[0].Exhibits), len(all.Incidents[0].Events))
	}
	for _, mark := range slices.Concat(gone, kept) {
		if mark != "GONE-bytes" && mark != "KEPT-bytes" && !strings.Contains(first, mark) {
			t.Errorf("%s is missing", mark)
		}
	}
	few := readPortable(t, p.want(0, "export", p.id, "--portable", "--to", "-", "--events", "10").out)
	if len(few.Incidents[0].Events) != 10 || few.Incidents[0].LeftOut != 790 {
		t.Errorf("%d events, %d left out", len(few.Incidents[0].Events), few.Incidents[0].LeftOut)
	}

	p.want(0, "open", "another incident", "--as", "carol")
	person := readPortable(t, p.want(0, "export", "--person", "gone-USER", "--portable", "--to", "-").out)
	if len(person.Incidents) != 1 || person.Incidents[0].Incident.ID != p.id || len(person.Incidents[0].Events) != 400 {
		t.Fatalf("%+v", person)
	}
	for _, e := range person.Incidents[0].Entries {
		if b, err := json.Marshal(e.Fields); err != nil || !strings.Contains(string(b), "GONE-user") {
			t.Errorf("entry %d does not name the person: %s, %v", e.Seq, b, err)
		}
	}
	if none := readPortable(t, p.want(0, "export", "--person", "nobody-at-all", "--portable", "--to", "-").out); len(none.Incidents) != 0 {
		t.Errorf("%+v", none)
	}
	if carol := readPortable(t, p.want(0, "export", "--person", "carol", "--portable", "--to", "-").out); len(carol.Incidents) != 1 {
		t.Errorf("whoever acted is named too: %+v", carol)
	}

	with := filepath.Join(p.dir, "with.json")
	p.want(0, "export", p.id, "--portable", "--to", with, "--evidence")
	for _, x := range readPortable(t, readFile(t, with)).Incidents[0].Exhibits {
		if b, err := os.ReadFile(filepath.Join(p.dir, x.File)); err != nil || !strings.Contains(string(b), strings.TrimSuffix(x.Title, "-title.log")+"-bytes") {
			t.Errorf("the bytes of %s: %d, %v", x.Exhibit, len(b), err)
		}
	}
	if out := p.want(0, "show", p.id, "activity").out; strings.Count(out, "portable export") != 2 {
		t.Errorf("that evidence was handed out is not recorded: %s", out)
	}
	p.want(1, "export", p.id, "--portable", "--to", with, "--evidence") // the folder is there
	if left, err := filepath.Glob(filepath.Join(p.dir, ".*.part")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	for _, args := range [][]string{{p.id}, {"--portable"}, {p.id, "--portable"}, {p.id, "--to", file}, {p.id, "--portable", "--to", "-", "--evidence"}, {"--person", "ab", "--portable", "--to", "-"}} {
		p.want(2, append([]string{"export"}, args...)...)
	}

	p.ask()
	p.want(0, "erase", p.id, "--do", "x1")
	after := readPortable(t, p.want(0, "export", p.id, "--portable", "--to", "-").out)
	if x := after.Incidents[0].Exhibits[0]; x.Erased != "x1" || x.SHA256 != "(erased)" || len(after.Incidents[0].Events) != 400 {
		t.Errorf("after the erasure: %+v", x)
	}
	p.want(0, "export", p.id, "--portable", "--to", filepath.Join(p.dir, "later.json"), "--evidence")
	if files, err := os.ReadDir(filepath.Join(p.dir, "later.json.evidence")); err != nil || len(files) != 1 {
		t.Errorf("%d files of evidence, %v", len(files), err)
	}
}
