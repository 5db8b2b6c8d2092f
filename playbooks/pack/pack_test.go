package pack_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"firebreak/playbooks"
	"firebreak/playbooks/pack"
)

const book = `playbook: v1
id: %s
name: Block
version: 1.0.0
phases:
  contain:
    - {id: block, action: %s, irreversible: it stays}
`

func folder(files ...string) fstest.MapFS {
	out := fstest.MapFS{}
	for i := 0; i < len(files); i += 2 {
		out[files[i]] = &fstest.MapFile{Data: []byte(files[i+1]), Mode: 0o644}
	}
	return out
}

func TestManifestSaysWhatTheFolderHoldsAndAsksFor(t *testing.T) {
	in := folder("a.yaml", fmt.Sprintf(book, "a", "x.do"), "b.yaml", fmt.Sprintf(book, "b", "y.do"),
		"a.test.yaml", "not a playbook", "templates/t.txt", "text", ".git/config", "no", pack.Signature, "no")
	m, err := pack.Build(in, pack.Head{ID: "acme", Version: "1.0.0"})
	if err != nil {
		t.Fatal(err)
	}
	text, err := m.Text()
	if err != nil {
		t.Fatal(err)
	}
	in[pack.File] = &fstest.MapFile{Data: text}
	back, same, err := pack.Read(in)
	if err != nil || !bytes.Equal(text, same) {
		t.Fatalf("it does not read back: %v", err)
	}
	var names []string
	for _, f := range back.Files {
		names = append(names, f.Path)
	}
	if want := []string{"a.test.yaml", "a.yaml", "b.yaml", "templates/t.txt"}; !slices.Equal(names, want) {
		t.Errorf("files %v, want %v", names, want)
	}
	if want := []string{"x.do", "y.do"}; !slices.Equal(back.Capabilities.Actions, want) {
		t.Errorf("actions %v, want %v", back.Capabilities.Actions, want)
	}
	if changes, err := pack.Changes(in, back); err != nil || len(changes) > 0 {
		t.Errorf("changes %v, %v", changes, err)
	}
	books, err := pack.Load(in, "f", back)
	if err != nil || len(books) != 2 || books[0].File != "f/a.yaml" {
		t.Errorf("%v, %v", books, err)
	}
	in["b.yaml"].Data = append(in["b.yaml"].Data, '\n')
	if _, err := pack.Load(in, "f", back); err == nil {
		t.Error("a changed playbook is loaded")
	}
}

func TestFoldersThatMakeNoPack(t *testing.T) {
	head := pack.Head{ID: "acme", Version: "1.0.0"}
	good := fmt.Sprintf(book, "a", "x.do")
	many := fstest.MapFS{}
	for i := range 1001 {
		many[fmt.Sprintf("%d.txt", i)] = &fstest.MapFile{}
	}
	link := folder("a.yaml", good)
	link["b.yaml"] = &fstest.MapFile{Data: []byte("a.yaml"), Mode: 0o777 | 1<<27}
	for name, c := range map[string]struct {
		in   fstest.MapFS
		head pack.Head
		want string
	}{
		"no playbook":    {folder("x.txt", ""), head, "no playbook"},
		"a broken one":   {folder("a.yaml", "playbook: v1\n"), head, "a.yaml:1:1"},
		"the same twice": {folder("a.yaml", good, "b.yaml", good), head, "playbook a is in a.yaml already"},
		"too many":       {many, head, "more than 1000 files"},
		"too large":      {folder("a.yaml", good, "x.bin", strings.Repeat("x", playbooks.MaxSize+1)), head, "larger than"},
		"too deep":       {folder("a.yaml", good, "1/2/3/4/5/6/7/8/9/x", ""), head, "deep"},
		"a link":         {link, head, "not a regular file"},
		"no id":          {folder("a.yaml", good), pack.Head{Version: "1.0.0"}, "want lower-case"},
		"no version":     {folder("a.yaml", good), pack.Head{ID: "a", Version: "1"}, "three numbers"},
	} {
		if _, err := pack.Build(c.in, c.head); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
}

// FuzzRead: whatever a manifest says, it is read or refused, what it names lies
// within the pack, and its text reads back.
func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"pack":"v1","id":"a","version":"1.0.0","capabilities":{"actions":["x"]},"playbooks":[{"id":"a","name":"","version":"","file":"a.yaml"}],"files":[{"path":"a.yaml","size":1,"sha256":"` + strings.Repeat("a", 64) + `"}]}`))
	f.Add([]byte(`{"pack":"v1","id":"a","version":"1.0.0","files":[{"path":"../a","size":1,"sha256":""}]}`))
	f.Add([]byte(`{`))
	f.Fuzz(func(t *testing.T, src []byte) {
		in := folder(pack.File, string(src), "a.yaml", fmt.Sprintf(book, "a", "x.do"))
		m, _, err := pack.Read(in)
		if err != nil {
			return
		}
		for _, l := range m.Files {
			if strings.HasPrefix(l.Path, "/") || slices.Contains(strings.Split(l.Path, "/"), "..") {
				t.Fatalf("%q leads outside", l.Path)
			}
		}
		if _, err := pack.Changes(in, m); err != nil {
			t.Fatal(err)
		}
		_, _ = pack.Load(in, "f", m) // refused or not, it must come back
		text, err := m.Text()
		if err != nil {
			t.Fatal(err)
		}
		in[pack.File] = &fstest.MapFile{Data: text}
		if again, _, err := pack.Read(in); err != nil || again.ID != m.ID {
			t.Fatalf("its own text: %v", err)
		}
	})
}

func TestNoPack(t *testing.T) {
	if _, _, err := pack.Read(folder("a.yaml", "")); !errors.Is(err, pack.ErrNone) {
		t.Errorf("%v", err)
	}
}

const exercise = `scenario: v1
id: %s
name: An exercise
version: 1.0.0
playbook: a
when: 2026-11-20T09:00:00Z
length: 10m
pace: {manual: 1m, automatic: 1m}
roles: [commander]
about: Something happens.
expect:
  - {id: done, says: It was blocked, done: %s}
`

func TestScenariosStandInTheManifest(t *testing.T) {
	head := pack.Head{ID: "acme", Version: "1.0.0"}
	in := folder("a.yaml", fmt.Sprintf(book, "a", "x.do"), "scenarios/fire.yaml", fmt.Sprintf(exercise, "fire", "block"), "scenarios/notes.txt", "no scenario")
	m, err := pack.Build(in, head)
	if err != nil {
		t.Fatal(err)
	}
	if want := []pack.Scenario{{ID: "fire", Name: "An exercise", Version: "1.0.0", Playbook: "a", File: "scenarios/fire.yaml"}}; !slices.Equal(m.Scenarios, want) {
		t.Errorf("%+v", m.Scenarios)
	}
	scenes, err := pack.Scenes(in, "f", m)
	if err != nil || len(scenes) != 1 {
		t.Fatalf("%v, %v", scenes, err)
	}
	in["scenarios/fire.yaml"].Data = []byte("changed meanwhile")
	if sc, err := scenes[0].Draw(2); err != nil || sc.ID != "fire" { // what was read is what is held
		t.Errorf("%v", err)
	}
	if _, err := pack.Scenes(in, "f", m); err == nil {
		t.Error("a changed scenario is loaded")
	}
	if seen, err := pack.PreviewScenes(in, "f"); err == nil || len(seen) != 0 {
		t.Errorf("%v, %v", seen, err)
	}
	for name, files := range map[string][]string{
		"DR010":       {"a.yaml", fmt.Sprintf(book, "a", "x.do"), "scenarios/fire.yaml", fmt.Sprintf(exercise, "fire", "no-such-step")},
		"is in":       {"scenarios/a.yaml", fmt.Sprintf(exercise, "fire", "block"), "scenarios/b.yaml", fmt.Sprintf(exercise, "fire", "block")},
		"no playbook": {"scenarios/notes.txt", "no scenario"},
	} {
		if _, err := pack.Build(folder(files...), head); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A pack may have exercises alone, on playbooks that others have.
	if alone, err := pack.Build(folder("scenarios/fire.yaml", fmt.Sprintf(exercise, "fire", "block")), head); err != nil || len(alone.Playbooks) != 0 || len(alone.Scenarios) != 1 {
		t.Errorf("%+v, %v", alone, err)
	}
	// One without exercises has the manifest that it always had.
	plain, err := pack.Build(folder("a.yaml", fmt.Sprintf(book, "a", "x.do")), head)
	if text, terr := plain.Text(); err != nil || terr != nil || bytes.Contains(text, []byte("scenarios")) {
		t.Errorf("%s, %v", text, err)
	}
}
