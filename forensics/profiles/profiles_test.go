package profiles

import (
	"slices"
	"strings"
	"testing"
)

func TestBuiltin(t *testing.T) {
	s, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"volatile", "triage", "full", "logs", "container", "web"} {
		if names, err := s.Members(name); err != nil || len(names) == 0 {
			t.Errorf("%s: %v, %v", name, names, err)
		}
	}
	for i, c := range s.Collectors {
		if c.Title == "" || i > 0 && c.Volatility < s.Collectors[i-1].Volatility {
			t.Errorf("%s", c.Name)
		}
		for _, a := range c.Artefacts {
			if a.Title == "" || a.Do == "" || len(a.Paths) == 0 {
				t.Errorf("%+v", a)
			}
		}
	}
	full, err := s.Members("full")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range s.Collectors {
		if !slices.Contains(full, c.Name) {
			t.Errorf("full leaves %s out", c.Name)
		}
	}
}

func TestParseSaysWhere(t *testing.T) {
	for src, want := range map[string]string{
		"":                            "t.yaml:1:1: one document is expected",
		"firebreak-profiles: 2":       "t.yaml:1:21: version 2",
		"firebreak-profiles: 1\nx: 1": `t.yaml:2:1: the file has no key "x"`,
		"firebreak-profiles: 1\ncollectors:\n  - name: a\n    title: A\n    artefacts:\n      - {path: [/a]}":                    `t.yaml:6:10: an artefact has no key "path"`,
		"firebreak-profiles: 1\ncollectors:\n  - name: a\n    title: A\n    artefacts:\n      - {paths: [etc/x]}":                "t.yaml:6:18: paths: ",
		"firebreak-profiles: 1\ncollectors:\n  - name: a\n    title: A\n    artefacts:\n      - {paths: [/x], do: run}":          "t.yaml:6:27: do is take",
		"firebreak-profiles: 1\ncollectors:\n  - name: a\n    title: A\n    artefacts:\n      - {paths: [/x], max_size: 3 kB}":   "t.yaml:6:33: max_size has to be a size",
		"firebreak-profiles: 1\ncollectors:\n  - name: a\n    title: A\n    artefacts:\n      - {paths: [/x], newer: yesterday}": "t.yaml:6:30: newer has to be a stretch",
		"firebreak-profiles: 1\ncollectors:\n  - name: A B\n    title: A\n    artefacts:\n      - {paths: [/x], modes: [suid]}":  "t.yaml:6:31: modes are",
		"firebreak-profiles: 1\nprofiles:\n  - {name: p, title: P}":                                                              "t.yaml:3:5: profile p chooses nothing",
		"firebreak-profiles: 1\nprofiles:\n  - {name: p, title: P, collectors: [a], listing: [x]}":                               `t.yaml:3:52: "x" is not an absolute path`,
		"firebreak-profiles: &a 1\nprofiles: *a":                                      "t.yaml:1:21: anchors",
		"firebreak-profiles: 1\nprofiles: {a: [}":                                     "t.yaml:2:",
		"firebreak-profiles: 1\nprofiles: [[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]": "nested more than",
	} {
		_, err := Parse("t.yaml", []byte(src))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", src, err, want)
		}
	}
}

func TestInclude(t *testing.T) {
	s, err := Parse("t.yaml", []byte("firebreak-profiles: 1\nprofiles:\n  - {name: a, title: A, include: [b], collectors: [x]}\n  - {name: b, title: B, include: [a], collectors: [y]}\n  - {name: c, title: C, include: [d]}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Members("a"); err == nil || !strings.Contains(err.Error(), "includes itself") {
		t.Errorf("%v", err)
	}
	if _, err := s.Members("c"); err == nil {
		t.Error("there is no d")
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("firebreak-profiles: 1\ncollectors:\n  - {name: a, title: A, artefacts: [{paths: [/x], newer: 3d, max_size: 3 MiB}]}"))
	f.Fuzz(func(_ *testing.T, b []byte) { _, _ = Parse("f.yaml", b) })
}
