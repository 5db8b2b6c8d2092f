package declared

import (
	"bytes"
	"embed"
	"fmt"
	"slices"
	"strings"
	"sync"

	"firebreak/integrations"
	"firebreak/internal/problem"
)

//go:embed builtin/*.yaml
var files embed.FS

// Source is a file before it is read.
type Source struct {
	Name string
	Text []byte
}

// The files that Firebreak brings, each form of each read once, and where it is
// wanted. Tests hold that they can be read, together too, and that both forms are
// the same but for the tests.
var (
	whole   = sync.OnceValues(func() ([]*File, error) { return readBuiltin(func(b []byte) []byte { return b }, builtinKinds()...) })
	builtin = sync.OnceValue(func() map[string]func() ([]*File, error) {
		read := map[string]func() ([]*File, error){}
		for _, kind := range builtinKinds() {
			read[kind] = sync.OnceValues(func() ([]*File, error) { return readBuiltin(withoutTests, kind) })
		}
		return read
	})
)

// builtinKinds are what there is a built-in file of, in the order of their names.
func builtinKinds() []string {
	entries, err := files.ReadDir("builtin")
	if err != nil {
		panic(err) // embedded
	}
	kinds := make([]string, len(entries))
	for i, e := range entries {
		kinds[i] = strings.TrimSuffix(e.Name(), ".yaml")
	}
	return kinds
}

func readBuiltin(form func([]byte) []byte, kinds ...string) ([]*File, error) {
	sources := make([]Source, len(kinds))
	for i, kind := range kinds {
		name := "builtin/" + kind + ".yaml"
		b, err := files.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read the built-in actions: %w", err)
		}
		sources[i] = Source{name, form(b)}
	}
	return readAll(nil, sources)
}

// withoutTests empties the lines of the tests, which are more than half of a file
// and which nobody needs who wants to act. It knows how our own files are laid out.
func withoutTests(src []byte) []byte {
	var out bytes.Buffer
	in := false
	for line := range bytes.Lines(src) {
		switch {
		case bytes.Equal(line, []byte("    tests:\n")):
			in = true
		case in && !bytes.HasPrefix(line, []byte("      ")) && len(bytes.TrimSpace(line)) > 0:
			in = false
		}
		if in {
			line = []byte{'\n'}
		}
		out.Write(line)
	}
	return out.Bytes()
}

// Builtin are the files that Firebreak brings, with their tests.
func Builtin() ([]*File, error) { return whole() }

// MustBuiltin are they without their tests, where nothing can be done about a
// mistake of ours: those of the kinds, or all where none is named.
func MustBuiltin(kinds ...string) []*File {
	if len(kinds) == 0 {
		kinds = builtinKinds()
	}
	var out []*File
	for _, kind := range kinds {
		read, ok := builtin()[kind]
		if !ok {
			continue
		}
		fs, err := read()
		if err != nil {
			panic(err)
		}
		out = append(out, fs...)
	}
	return out
}

// BuiltinSource is the text of a built-in file, for people to learn from.
func BuiltinSource(kind string) ([]byte, error) {
	b, err := files.ReadFile("builtin/" + kind + ".yaml")
	if err != nil {
		return nil, fmt.Errorf("no built-in actions for %s", kind)
	}
	return b, nil
}

// Read reads files of a user's, with the built-in ones below them. The error is
// problem.Problems; the files that could be read come with it.
func Read(sources []Source) ([]*File, error) {
	return readAll(MustBuiltin(), sources)
}

func readAll(below []*File, sources []Source) ([]*File, error) {
	known := map[string]*System{}
	taken := map[string]string{} // id → file
	for _, f := range below {
		if f.System != nil {
			known[f.Kind] = f.System
		}
		for _, a := range f.Actions {
			taken[a.ID] = f.Name
		}
	}
	var problems problem.Problems
	note := func(file string, at place, hint, format string, args ...any) {
		problems = append(problems, problem.Problem{File: file, Line: at.line, Column: at.column, Message: fmt.Sprintf(format, args...), Hint: hint})
	}
	// What declares a kind is read before what adds to one.
	var ordered []loaded
	for _, s := range sources {
		ordered = append(ordered, open(s))
	}
	slices.SortStableFunc(ordered, func(a, b loaded) int {
		switch {
		case a.declares() == b.declares():
			return 0
		case a.declares():
			return -1
		}
		return 1
	})
	var out []*File
	for _, l := range ordered {
		f, err := l.parse(known)
		if err != nil {
			ps, ok := err.(problem.Problems) //nolint:errorlint // Parse says so
			if !ok {
				return nil, err
			}
			problems = append(problems, ps...)
			continue
		}
		if f.System != nil {
			if known[f.Kind] != nil || slices.Contains(native(), f.Kind) {
				note(f.Name, f.kindAt, "leave system out to add actions to a declared kind", "kind %s is there already", f.Kind)
				continue
			}
			known[f.Kind] = f.System
		}
		for _, a := range f.Actions {
			if by := taken[a.ID]; by != "" {
				note(f.Name, a.at, "give it another id", "action %s is there already, in %s", a.ID, by)
			}
			taken[a.ID] = f.Name
		}
		out = append(out, f)
	}
	byID := map[string]*Action{}
	for _, f := range slices.Concat(below, out) {
		for _, a := range f.Actions {
			byID[a.ID] = a
		}
	}
	for _, f := range out {
		for _, a := range f.Actions {
			a.leadsBack(f.Name, byID, note)
		}
	}
	if len(problems) > 0 {
		return out, problems.Sorted()
	}
	return out, nil
}

// native are the kinds of connections that are no files. Package all holds a test
// that they are.
func native() []string {
	return []string{"github", "http", "jira", "kubernetes", "linux", "pagerduty", "plugin", "slack", "smtp", "ssh", "teams", "webhook", "clickhouse", "s3", "tsa"}
}

// leadsBack holds an undo against the action that it names.
func (a *Action) leadsBack(file string, byID map[string]*Action, note func(file string, at place, hint, format string, args ...any)) {
	if a.undo == nil {
		return
	}
	to := byID[a.undo.action]
	if to == nil {
		note(file, a.undo.at, problem.DidYouMean(a.undo.action, sortedKeys(byID)), "undo names action %s, which is not there", a.undo.action)
		return
	}
	have := map[string]bool{}
	var names []string
	for _, p := range to.Params {
		names = append(names, p.Name)
	}
	for _, w := range a.undo.with {
		have[w.key] = true
		if !slices.Contains(names, w.key) {
			note(file, w.at, problem.DidYouMean(w.key, names), "%s takes no parameter %s", to.ID, w.key)
		}
	}
	for _, p := range to.Params {
		if p.Required && !have[p.Name] {
			note(file, a.undo.at, "", "undo gives %s no %s", to.ID, p.Name)
		}
	}
}

// Systems are the kinds of connections that files declare, each with the actions
// of all files that are for it.
func Systems(files []*File) []integrations.System {
	var out []integrations.System
	for _, f := range files {
		if f.System == nil {
			continue
		}
		sys, kind := f.System, f.Kind
		out = append(out, integrations.System{
			Kind: kind, Title: sys.Title, Settings: sys.Settings, Check: checking(sys),
			Actions: func(c integrations.Connection) ([]integrations.Action, error) {
				over := connect(sys, c)
				var all []integrations.Action
				for _, f := range files {
					if f.Kind != kind {
						continue
					}
					for _, a := range f.Actions {
						all = append(all, bind(kind, a, over))
					}
				}
				return all, nil
			},
		})
	}
	slices.SortFunc(out, func(a, b integrations.System) int { return strings.Compare(a.Kind, b.Kind) })
	return out
}
