package response

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"firebreak/config"
	"firebreak/playbooks/drill/scenarios"
	"firebreak/playbooks/pack"
)

// ownScenario is an exercise on a short playbook of one's own.
const ownScenario = `scenario: v1
id: lights-out
name: The lights go out
version: 1.0.0
playbook: lock-out
when: 2026-11-20T09:00:00Z
length: 10m
pace: {manual: 1m, automatic: 1m}
roles: [commander]
about: "{{ who }} calls."
draw: {who: [ada, ben, cem]}
expect:
  - {id: blocked, says: It was blocked, done: block}
`

// scenarioState is what can be done with a scenario: of the list, and for whoever
// wants to hold it by its id and by its file.
func (b *bench) scenarioState(id, file string) (listed KnownScenario, byID, byFile error) {
	b.Helper()
	all, err := b.s.s.Scenarios()
	b.must(err)
	for _, k := range all {
		if k.ID == id {
			listed = k
		}
	}
	_, byID = b.s.StartExercise(b.Context(), NewExercise{Scenario: id, Seed: 1})
	_, byFile = b.s.StartExercise(b.Context(), NewExercise{Scenario: file, Seed: 1})
	return listed, byID, byFile
}

func TestScenariosOfAPack(t *testing.T) {
	ada := newPerson(t, "ada")
	b := newBench(t, config.Config{})
	folder := b.packed()
	file := filepath.Join(folder, "scenarios", "lights-out.yaml")
	b.must(os.MkdirAll(filepath.Dir(file), 0o700))
	b.must(os.WriteFile(file, []byte(ownScenario), 0o600))
	make1 := func(version string) {
		t.Helper()
		_, err := b.s.MakePack(t.Context(), folder, pack.Head{ID: "acme", Version: version}, false)
		b.must(err)
	}
	preview := func(state PackState) {
		t.Helper()
		k, byID, byFile := b.scenarioState("lights-out", file)
		if k.Pack == nil || k.Pack.State != state || k.May() == nil {
			t.Fatalf("%+v", k)
		}
		for _, err := range []error{byID, byFile} {
			b.want(CodeRefused, err)
			if !strings.HasPrefix(err.Error(), "scenario lights-out") {
				t.Error(err)
			}
		}
	}
	make1("1.0.0")
	preview(PackUnsigned)
	signPack(t, ada, folder)
	preview(PackStranger)
	b.trust("ada", ada.public())
	preview(PackNew)
	p, err := b.s.s.Pack("acme")
	b.must(err)
	if len(p.Scenarios) != 1 || p.Scenarios[0].ID != "lights-out" || p.Scenarios[0].Playbook != "lock-out" {
		t.Errorf("%+v", p.Scenarios)
	}
	b.accept(p)
	k, byID, byFile := b.scenarioState("lights-out", file)
	b.must(k.May())
	b.must(errors.Join(byID, byFile))
	// The seed draws from what was signed.
	one, err := b.s.s.Scenario("lights-out", 1)
	b.must(err)
	for seed := int64(2); seed < 20; seed++ {
		if other, err := b.s.s.Scenario("lights-out", seed); err != nil || other.About != one.About {
			b.must(err)
			one = nil
			break
		}
	}
	if one != nil {
		t.Error("every seed draws the same")
	}

	// What is played and reported says of which pack it is.
	sc, err := b.s.s.Scenario("lights-out", 7)
	b.must(err)
	if of, err := b.s.s.packOf(sc); err != nil || of == nil || of.ID != "acme" || of.Version != "1.0.0" || of.Digest != p.Digest {
		t.Errorf("the scenario is of the pack %+v, %v", of, err)
	}

	// One changed byte is no longer what was signed.
	b.must(os.WriteFile(file, []byte(strings.Replace(ownScenario, "1.0.0", "1.0.1", 1)), 0o600))
	preview(PackChanged)
	// A scenario that does not fit its playbook is not packed.
	b.must(os.WriteFile(file, []byte(strings.Replace(ownScenario, "done: block", "done: blocked", 1)), 0o600))
	_, err = b.s.MakePack(t.Context(), folder, pack.Head{Version: "1.1.0"}, false)
	b.want(CodeUsage, err)
	if !strings.Contains(err.Error(), "DR010") {
		t.Error(err)
	}
	// A better one of the same signer asks for no more: nobody is asked again.
	b.must(os.WriteFile(file, []byte(strings.Replace(ownScenario, "1.0.0", "1.0.2", 1)), 0o600))
	make1("1.1.0")
	signPack(t, ada, folder)
	if k, byID, _ := b.scenarioState("lights-out", file); byID != nil || k.Version != "1.0.2" {
		t.Errorf("%s: %v", k.Version, byID)
	}
}

// A broken scenario in a pack keeps nothing of it from being looked at closely.
func TestBrokenScenarioHidesNoRequest(t *testing.T) {
	ada := newPerson(t, "ada")
	b := newBench(t, config.Config{})
	folder := b.packed()
	b.trust("ada", ada.public())
	_, err := b.s.MakePack(t.Context(), folder, pack.Head{ID: "acme", Version: "1.0.0"}, false)
	b.must(err)
	m, _, err := pack.Read(os.DirFS(folder))
	b.must(err)
	m.Capabilities.Actions = nil // the manifest lies, and what would show it cannot be built
	b.must(os.MkdirAll(filepath.Join(folder, "scenarios"), 0o700))
	b.put(folder, "scenarios/x.yaml", "no scenario")
	m.Files = append(m.Files, pack.Listed{Path: "scenarios/x.yaml", Size: 11, SHA256: hashHex([]byte("no scenario"))})
	m.Files[1], m.Files[2] = m.Files[2], m.Files[1]
	text, err := m.Text()
	b.must(err)
	b.put(folder, pack.File, string(text))
	signPack(t, ada, folder)
	b.pack(PackChanged)
}

func TestScenariosOfTheWorkspace(t *testing.T) {
	b := newBench(t, config.Config{})
	dir := filepath.Join(b.home, "scenarios")
	b.must(os.MkdirAll(dir, 0o700))
	b.must(os.MkdirAll(filepath.Join(b.home, "playbooks"), 0o700))
	b.put(b.home, "playbooks/lock-out.yaml", packedBook)
	b.put(dir, "lights-out.yaml", ownScenario)
	src, err := scenarios.Load("leaked-token", 1)
	b.must(err)
	b.put(dir, "mine.yaml", strings.Replace(string(src.Source), "name: A token in a public gist", "name: Ours", 1)) // in the place of the built-in one
	k, byID, byFile := b.scenarioState("lights-out", filepath.Join(dir, "lights-out.yaml"))
	b.must(errors.Join(byID, byFile))
	if k.File != filepath.Join(dir, "lights-out.yaml") || k.Pack != nil {
		t.Errorf("%+v", k)
	}
	if sc, err := b.s.s.Scenario("leaked-token", 1); err != nil || sc.Name != "Ours" {
		t.Errorf("%v", err)
	}
	if _, err := b.s.StartExercise(t.Context(), NewExercise{Playbook: "lock-out", Seed: 3}); err != nil { // by the playbook it is for
		t.Error(err)
	}
	// What cannot be read is told, hides no other, and no other takes its place.
	b.put(dir, "ransomware-file-server.yaml", "scenario: v1\nid: ransomware-file-server\n")
	all, err := b.s.s.Scenarios()
	b.want(CodePartial, err)
	if len(all) < 5 {
		t.Errorf("%d scenarios", len(all))
	}
	if _, err := b.s.s.Scenario("ransomware-file-server", 1); err == nil || !strings.Contains(err.Error(), "DR004") {
		t.Error(err)
	}
	if _, err := b.s.s.Scenario("lights-out", 1); err != nil {
		t.Error(err)
	}
	_, err = b.s.s.Scenario("lights-off", 1)
	b.want(CodeNotFound, err)
}

// An exercise is checked as one, against the playbook of the folder around its own.
func TestLintOfAScenario(t *testing.T) {
	b := newBench(t, config.Config{})
	folder := b.packed() // a pack or not: its files are there
	l, err := b.s.s.Linter()
	b.must(err)
	for text, want := range map[string]string{
		ownScenario: "",
		strings.Replace(ownScenario, "done: block", "done: blocked", 1):              "DR010",
		strings.Replace(ownScenario, "length: 10m", "lengthy: 10m", 1):               "DR002",
		strings.Replace(ownScenario, "playbook: lock-out", "playbook: elsewhere", 1): "", // of another pack: nothing can be said
	} {
		ps, err := l.Source("x.yaml", filepath.Join(folder, "scenarios", "x.yaml"), []byte(text))
		b.must(err)
		if got := len(ps) > 0 && ps[0].Code == want; got != (want != "") || want == "" && len(ps) > 0 {
			t.Errorf("want %q: %v", want, ps)
		}
	}
}
