package playbooks

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"firebreak/internal/testkit"
)

const unformatted = `# SPDX: none

# About this book.
---
id: x   # the id
'playbook': v1

version: 1.0.0
name: 'A "name"'
labels: [a,   b, # why b
  c]
description: >
  one
  two


  three
vars:
  n: {type: int}  # set by a
  # the second
  longer_name: { prompt: "Who?", type: string }
  wide: {type: string, prompt: "This is a prompt that is so long that it does not fit into a line of a file any more", default: x}
phases:

  contain:
    # cut it
    - title: Cut
      id: a
      # what it costs
      if: n > 3
      manual: |
        First # no comment
          indented

        last
      # after the text
    - {id: b, run: [sh, -c, "echo \"#\" # no"], impact: none}
      # below b
    - id: c
      then:
          - manual: >-
              folded text that goes on and on and on and on and on and on and on and on and on and on
            id: d
      if: n == 1
      # end of c
  # end of contain
# end of all
`

const formatted = `# SPDX: none

# About this book.
playbook: v1
id: x  # the id
name: 'A "name"'

version: 1.0.0
description: >
  one two


  three
labels:
  - a
  - b  # why b
  - c
vars:
  n: {type: int}  # set by a
  # the second
  longer_name: {type: string, prompt: "Who?"}
  wide:
    type: string
    prompt: "This is a prompt that is so long that it does not fit into a line of a file any more"
    default: x
phases:
  contain:
    # cut it
    - id: a
      title: Cut
      # what it costs
      if: n > 3
      manual: |
        First # no comment
          indented

        last
      # after the text
    - {id: b, run: [sh, -c, "echo \"#\" # no"], impact: none}
    # below b
    - id: c
      if: n == 1
      then:
        - id: d
          manual: >-
            folded text that goes on and on and on and on and on and on and on
            and on and on and on
      # end of c
  # end of contain
# end of all
`

func TestFormat(t *testing.T) {
	out, err := Format("x.yaml", []byte(unformatted))
	if err != nil {
		t.Fatal(err)
	}
	if string(out) != formatted {
		t.Errorf("got:\n%s", out)
	}
	if again, err := Format("x.yaml", out); err != nil || string(again) != string(out) {
		t.Errorf("not stable: %v\n%s", err, again)
	}
}

func TestFormatOfTests(t *testing.T) {
	const in = "# top\ntest: v1\nplaybook: x\ncases:\n- {expect: {end: done, path: [a]}, name: one}\n-  # two\n   name: two\n   steps:\n     a: [{fail: x}, {result: {n: null, t: }}]\n   expect: {done: []}\n"
	const want = "# top\ntest: v1\nplaybook: x\ncases:\n  - {name: one, expect: {path: [a], end: done}}\n  # two\n  - name: two\n    steps:\n      a: [{fail: x}, {result: {n: null, t: null}}]\n    expect: {done: []}\n"
	out, err := Format("x.test.yaml", []byte(in))
	if err != nil || string(out) != want {
		t.Errorf("got %v:\n%s", err, out)
	}
}

func TestFormatLeavesWhatItCannotRead(t *testing.T) {
	for _, src := range []string{"", "a: 1", "playbook: v1\nid: [", "test: v1", strings.Repeat("[", 1000), "playbook: v1 # x\n\t- y"} {
		var problems Problems
		if out, err := Format("x", []byte(src)); out != nil || !errors.As(err, &problems) {
			t.Errorf("Format(%.20q): %q, %v", src, out, err)
		}
	}
}

func seeds(t testing.TB) map[string]string {
	t.Helper()
	files, err := filepath.Glob("library/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(err, "no library")
	}
	out := map[string]string{"unformatted": unformatted, "whole": nestedBook}
	for _, f := range files {
		src, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		out[f] = string(src)
	}
	return out
}

const nestedBook = `playbook: v1
id: n
name: N
version: 1.0.0
vars: {l: {type: list, default: [a, "b # c", 'it''s']}, s: {type: string, default: "a\nb\tc\\"}}
phases:
  identify:
  - id: e
    for_each: l
    as: h
    do:
    - id: s
      switch: h
      cases: {a: [{id: a, manual: m}], b: [ {id: b, manual: "m: n"} ]}
      default:
      - {id: c, run: [echo, --, "{{ h }}"], env: {A: "b"}, impact: none}
  - id: k
    manual: |+
      keeps its end


  - id: p
    notify: webhook
    with: {message: "odd but
     lawful # here
     too"
     }
  - id: q
    manual: >2
        more indented
      less

      end
`

// Comments put anywhere survive, the data is the same, and a second time changes
// nothing.
func TestFormatKeepsCommentsAnywhere(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	nth := 0
	for name, src := range seeds(t) {
		if parses(name, []byte(src)) != nil {
			if name == "unformatted" || name == "whole" {
				t.Errorf("%s: %v", name, parses(name, []byte(src)))
			}
			continue
		}
		if nth++; nth%4 != 0 && !testkit.Soak() && name != "unformatted" && name != "whole" {
			continue // the short form takes some of the library
		}
		for round := range testkit.Rounds(t, 1, 8) {
			lines := strings.Split(strings.TrimSuffix(src, "\n"), "\n")
			for n := range 6 {
				at := random.IntN(len(lines))
				note := fmt.Sprintf("# note %d %d", round, n)
				with := slices.Clone(lines)
				if random.IntN(2) == 0 {
					with[at] += " " + note
				} else {
					with = slices.Insert(with, at, strings.Repeat(" ", random.IntN(14))+note)
				}
				text := strings.Join(with, "\n") + "\n"
				if parses(name, []byte(text)) == nil && sameTree(t, src, text) {
					lines = with
				}
			}
			text := strings.Join(lines, "\n") + "\n"
			out, err := Format(name, []byte(text))
			if err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			if again, err := Format(name, out); err != nil || string(again) != string(out) {
				t.Fatalf("%s: not stable: %v\n%s\n---\n%s", name, err, out, again)
			}
			if strings.Count(text, "# note") != strings.Count(string(out), "# note") {
				t.Fatalf("%s: a note is lost\n%s", name, out)
			}
		}
	}
}

func sameTree(t *testing.T, a, b string) bool {
	t.Helper()
	tree := func(src string) *yaml.Node { return (&decoder{file: "x"}).document([]byte(src)) }
	return sameData(tree(a), tree(b))
}

// A file that says the same in any order of its keys is laid out the same.
func TestFormatOrder(t *testing.T) {
	a, err := Format("x", []byte("playbook: v1\nid: x\nname: X\nversion: 1.0.0\nphases:\n  learn:\n    - due: 3d\n      review: r\n      id: a\n"))
	b, berr := Format("x", []byte("phases:\n  learn:\n    - id: a\n      review: r\n      due: 3d\nversion: 1.0.0\nname: X\nid: x\nplaybook: v1\n"))
	if err != nil || berr != nil || string(a) != string(b) {
		t.Errorf("%v %v\n%s\n%s", err, berr, a, b)
	}
}

func FuzzFormat(f *testing.F) {
	f.Add(unformatted) // the library's files are too large to be good seeds
	f.Add(nestedBook)
	f.Add("test: v1\nplaybook: x\ncases:\n  - {name: a, expect: {end: done}}\n")
	f.Fuzz(func(t *testing.T, src string) {
		out, err := Format("x", []byte(src))
		if err != nil {
			var problems Problems
			if !errors.As(err, &problems) {
				t.Fatalf("%v\n%q", err, src)
			}
			return
		}
		if again, err := Format("x", out); err != nil || string(again) != string(out) {
			t.Fatalf("not stable: %v\n%q\n%q", err, out, again)
		}
	})
}
