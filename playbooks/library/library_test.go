package library_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"firebreak/forensics"
	"firebreak/incident"
	"firebreak/integrations"
	"firebreak/integrations/all"
	"firebreak/playbooks"
	"firebreak/playbooks/library"
	"firebreak/playbooks/simulate"
	"firebreak/timeline"
)

var t0 = time.Date(2026, 11, 20, 3, 0, 0, 0, time.UTC)

func list(t *testing.T) []*playbooks.Playbook {
	t.Helper()
	found, err := library.List()
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestListIsSortedAndNamedByTheFiles(t *testing.T) {
	ids, err := library.IDs()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range list(t) {
		got = append(got, p.ID)
	}
	if !slices.IsSorted(got) || !slices.Equal(got, ids) {
		t.Errorf("List: %v, want the files %v", got, ids)
	}
}

func TestLoadUnknown(t *testing.T) {
	for _, id := range []string{"", "nothing", "../library", "a/b", ".."} {
		if _, err := library.Load(id); !errors.Is(err, incident.ErrNotFound) {
			t.Errorf("Load(%q): %v, want not found", id, err)
		}
	}
}

// The README says how many playbooks there are.
func TestCountsOfTheREADME(t *testing.T) {
	services := 0
	for _, p := range list(t) {
		if service(p) {
			services++
		}
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	said := fmt.Sprintf("%d are built in: %d for incidents", len(list(t)), len(list(t))-services)
	if !strings.Contains(string(readme), said) || services != 5 || !strings.Contains(string(readme), "and five services") {
		t.Errorf("there are %d services; the README does not say: %s", services, said)
	}
}

// catalog is what the real integrations and collectors declare.
func catalog(t testing.TB) playbooks.Catalog {
	t.Helper()
	c := playbooks.Catalog{Actions: map[string]playbooks.ActionInfo{}, Collectors: []string{forensics.Volatile, forensics.Triage, forensics.Logs}}
	for _, d := range forensics.Collectors() {
		c.Collectors = append(c.Collectors, d.Name)
	}
	params := func(in []integrations.Param) (out []playbooks.ParamInfo) {
		for _, p := range in {
			out = append(out, playbooks.ParamInfo{Name: p.Name, Type: p.Type, Required: p.Required, Match: p.Match})
		}
		return out
	}
	for _, sys := range all.Systems() {
		c.Notify = append(c.Notify, sys.Kind)
		actions, err := sys.Actions(integrations.Connection{Name: sys.Kind, Kind: sys.Kind})
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range actions {
			d := a.Describe()
			c.Actions[d.Name] = playbooks.ActionInfo{Params: params(d.Params), Result: params(d.Result), ReadOnly: d.ReadOnly, Reversible: d.Reversible, Danger: d.Danger}
		}
	}
	return c
}

func TestLintsClean(t *testing.T) {
	c := catalog(t)
	for _, p := range list(t) {
		for _, problem := range playbooks.Lint(p, c) {
			t.Error(problem)
		}
	}
}

// What a manual step tells people to type behind a slash must be a filter.
func TestFiltersParse(t *testing.T) {
	line := regexp.MustCompile(`(?m)^\s*/ (.+)$`)
	n := 0
	for _, p := range list(t) {
		for _, s := range p.Steps() {
			for _, m := range line.FindAllStringSubmatch(s.Manual, -1) {
				n++
				if _, err := timeline.ParseFilter(m[1], t0); err != nil {
					t.Errorf("%s step %s: filter %s: %v", p.ID, s.ID, m[1], err)
				}
			}
		}
	}
	if n < 20 {
		t.Errorf("only %d filters found", n)
	}
}

// BenchmarkLint100 reads and lints a hundred playbooks of the library.
func BenchmarkLint100(b *testing.B) {
	c := catalog(b)
	ids, err := library.IDs()
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		for i := range 100 {
			p, err := library.Load(ids[i%len(ids)])
			if err != nil {
				b.Fatal(err)
			}
			if found := playbooks.Lint(p, c).Errors(); len(found) > 0 {
				b.Fatal(found)
			}
		}
	}
}

// Each built-in playbook has tests beside it, of three ways at least; they go as
// they expect, and reach every step.
func TestLibrarysOwnTests(t *testing.T) {
	find := func(ref playbooks.Reference) (*playbooks.Playbook, error) { return library.Load(ref.ID) }
	for _, p := range list(t) {
		name, src, err := library.Test(p.ID)
		if err != nil {
			t.Errorf("%s has no tests: %v", p.ID, err)
			continue
		}
		t.Run(p.ID, func(t *testing.T) {
			test, err := playbooks.ParseTest(name, src)
			if err != nil {
				t.Fatal(err)
			}
			if len(test.Cases) < 3 {
				t.Errorf("%d cases, want 3 or more", len(test.Cases))
			}
			for _, problem := range playbooks.CheckTest(test, p, find) {
				t.Error(problem)
			}
			r := simulate.Run(test, p, simulate.World{Find: find}, nil)
			for _, c := range r.Cases {
				for _, f := range c.Failures {
					t.Errorf("%s: %s:%d: %s\n  it went: %s (%s)", c.Name, name, f.Line, f.Message, strings.Join(c.Path, " "), c.End)
				}
			}
			for _, u := range r.Unreached {
				t.Errorf("%s:%d: no case reaches step %s", p.File, u.Line, u.Step)
			}
		})
	}
}

// The library has the one layout.
func TestLibraryIsFormatted(t *testing.T) {
	files, err := filepath.Glob("*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(err, "no files")
	}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		out, err := playbooks.Format(file, src)
		if err != nil {
			t.Error(err)
		} else if !bytes.Equal(out, src) {
			t.Errorf("%s is laid out otherwise: firebreak playbook fmt -w %s", file, file)
		}
	}
}

// A message of what is TLP:RED is refused by every connection that does not say
// so: a playbook of that label sends none, and runs none that does.
func TestRedOnesTellNobody(t *testing.T) {
	books, red := map[string]*playbooks.Playbook{}, 0
	for _, p := range list(t) {
		books[p.ID] = p
	}
	var tells func(*playbooks.Playbook) []string
	tells = func(p *playbooks.Playbook) (found []string) {
		for _, s := range p.Steps() {
			if s.Verb == playbooks.VerbNotify {
				found = append(found, p.ID+" step "+s.ID)
			}
			if called := books[s.Playbook.ID]; called != nil {
				found = append(found, tells(called)...)
			}
		}
		return found
	}
	for _, p := range books {
		if p.TLP != incident.TLPRed {
			continue
		}
		red++
		if found := tells(p); len(found) > 0 {
			t.Errorf("%s is TLP:RED and tells somebody: %v", p.ID, found)
		}
	}
	if red != 2 {
		t.Errorf("%d playbooks are TLP:RED, want insider and out-of-band-comms", red)
	}
}

// TestClocksAreSaidInWords: what a runbook says of a deadline is more than its id.
func TestClocksAreSaidInWords(t *testing.T) {
	all, err := library.List()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		for _, c := range p.Clocks {
			if playbooks.LawOf(c.Use) == "" {
				t.Errorf("%s: clock %s has no words", p.ID, c.Use)
			}
		}
	}
}
