package response

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"firebreak/config"
	"firebreak/integrations"
	"firebreak/integrations/all"
	"firebreak/integrations/declared"
	"firebreak/internal/problem"
)

// maxActionFiles bounds what the configuration may name.
const maxActionFiles = 500

// actionSources are the files of declared actions: of the workspace, and those that
// the configuration names. What cannot be read is among the problems.
func (s *Service) actionSources() ([]declared.Source, problem.Problems) {
	var out []declared.Source
	var problems problem.Problems
	note := func(path string, err error) {
		problems = append(problems, problem.Problem{File: path, Message: err.Error()})
	}
	for i, place := range append([]string{filepath.Join(s.o.Home, "actions")}, s.o.Config.Actions...) {
		files, err := actionFiles(place)
		if errors.Is(err, fs.ErrNotExist) && i == 0 {
			continue // nobody has to have the folder
		}
		if err != nil {
			note(place, err)
		}
		for _, file := range files {
			if len(out) == maxActionFiles {
				note(place, fmt.Errorf("more than %d files of actions", maxActionFiles))
				return out, problems
			}
			src, err := readActionFile(file)
			if err != nil {
				note(file, err)
				continue
			}
			out = append(out, src)
		}
	}
	return out, problems
}

// actionFiles are the YAML files in a folder, or the one file.
func actionFiles(place string) ([]string, error) {
	info, err := os.Stat(place)
	if err != nil {
		return nil, fmt.Errorf("list actions: %w", err)
	}
	if !info.IsDir() {
		return []string{place}, nil
	}
	var out []string
	for _, pattern := range []string{"*.yaml", "*.yml"} {
		files, err := filepath.Glob(filepath.Join(place, pattern))
		if err != nil {
			return nil, fmt.Errorf("list actions: %w", err)
		}
		out = append(out, files...)
	}
	slices.Sort(out)
	return out, nil
}

// readActionFile reads a file that says what is sent with a credential: one that
// everybody may write is not taken.
func readActionFile(path string) (declared.Source, error) {
	f, err := config.OpenFile(path)
	if err != nil {
		return declared.Source{}, fmt.Errorf("read actions: %w", err)
	}
	defer f.Close() //nolint:errcheck // read only: nothing can be lost by closing
	info, err := f.Stat()
	switch {
	case err != nil:
		return declared.Source{}, fmt.Errorf("read actions: %w", err)
	case !info.Mode().IsRegular():
		return declared.Source{}, errors.New("not a regular file")
	case writableByAll(info.Mode()):
		return declared.Source{}, fmt.Errorf("everybody may write it (mode %04o); run: chmod go-w %s", info.Mode().Perm(), path)
	}
	src, err := io.ReadAll(io.LimitReader(f, declared.MaxSize+1))
	if err != nil {
		return declared.Source{}, fmt.Errorf("read actions: %w", err)
	}
	return declared.Source{Name: path, Text: src}, nil
}

// declaredFiles are the files of a user's actions that can be read. The problems
// of the others come with them: no file keeps the others from acting.
func (s *Service) declaredFiles() ([]*declared.File, problem.Problems, error) {
	sources, problems := s.actionSources()
	if len(sources) == 0 {
		return nil, problems, nil
	}
	files, err := declared.Read(sources)
	var more problem.Problems
	switch {
	case errors.As(err, &more):
		problems = append(problems, more...)
	case err != nil:
		return nil, nil, fmt.Errorf("read actions: %w", err)
	}
	return sound(files, more), problems, nil
}

// sound are the files without a problem.
func sound(files []*declared.File, problems problem.Problems) []*declared.File {
	return slices.DeleteFunc(files, func(f *declared.File) bool {
		return slices.ContainsFunc(problems, func(p problem.Problem) bool { return p.File == f.Name })
	})
}

// allSystems are the kinds of connections that there are.
func (s *Service) allSystems() ([]integrations.System, error) { return s.systemsOf(nil) }

// systemsOf are the kinds of connections that there are, of those that built-in
// files declare those that are named alone, where some are: reading such files is
// half of what a command costs. One that only a broken file declares says what is
// wrong with the file when it is used.
func (s *Service) systemsOf(kinds []string) ([]integrations.System, error) {
	files, problems, err := s.declaredFiles()
	if err != nil {
		return nil, err
	}
	out := all.With(files, kinds...)
	if len(problems) == 0 {
		return out, nil
	}
	for _, c := range s.o.Config.Connections {
		if slices.ContainsFunc(out, func(sys integrations.System) bool { return sys.Kind == c.Kind }) {
			continue
		}
		out = append(out, integrations.System{Kind: c.Kind, Title: c.Kind, Actions: func(integrations.Connection) ([]integrations.Action, error) {
			return nil, &integrations.Unavailable{Err: fmt.Errorf("kind %s: a file of actions has a problem: %s", c.Kind, problems[0])}
		}})
	}
	return out, nil
}

// ActionFile is what was found in one file of declared actions.
type ActionFile struct {
	File     string           `json:"file"`
	Kind     string           `json:"kind,omitempty"`
	Actions  []string         `json:"actions"`
	Problems problem.Problems `json:"problems,omitempty"`
	Untested []string         `json:"untested,omitempty"` // actions without a test in the file

	read *declared.File
}

// ActionFiles reads files of declared actions: files, folders of them, or the kind
// of a built-in one. Those of the workspace and the configuration are known to them.
func (s *Service) ActionFiles(which []string) ([]ActionFile, error) {
	var out []ActionFile
	var sources []declared.Source
	for _, arg := range which {
		f, err := builtinActions(arg)
		if err != nil {
			return nil, err
		}
		if f != nil {
			out = append(out, found(f))
			continue
		}
		files, err := actionFiles(arg)
		if err != nil {
			return nil, notFound("a file, a folder, or the kind of a built-in one: "+strings.Join(builtinKinds(), ", "), "%w", err)
		}
		if len(files) == 0 {
			return nil, notFound("", "no file of actions in %s", arg)
		}
		for _, file := range files {
			src, err := readActionFile(file)
			if err != nil {
				out = append(out, ActionFile{File: file, Actions: []string{}, Problems: problem.Problems{{File: file, Message: err.Error()}}})
				continue
			}
			sources = append(sources, src)
		}
	}
	others, _ := s.actionSources() // what is wrong with these is told where they are asked about
	together := slices.Clone(sources)
	for _, o := range others {
		if !slices.ContainsFunc(sources, func(x declared.Source) bool { return sameFile(x.Name, o.Name) }) {
			together = append(together, o)
		}
	}
	files, err := declared.Read(together)
	var problems problem.Problems
	if err != nil && !errors.As(err, &problems) {
		return nil, fmt.Errorf("read actions: %w", err)
	}
	for _, src := range sources {
		one := ActionFile{File: src.Name, Actions: []string{}}
		if i := slices.IndexFunc(files, func(f *declared.File) bool { return f.Name == src.Name }); i >= 0 {
			one = found(files[i])
		}
		for _, p := range problems {
			if p.File == src.Name {
				one.Problems = append(one.Problems, p)
			}
		}
		out = append(out, one)
	}
	return out, nil
}

func found(f *declared.File) ActionFile {
	out := ActionFile{File: f.Name, Kind: f.Kind, Actions: []string{}, Untested: f.Untested(), read: f}
	for _, a := range f.Actions {
		out.Actions = append(out.Actions, a.ID)
	}
	return out
}

func sameFile(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}

// builtinActions is a built-in file with its tests; nil where there is none.
func builtinActions(kind string) (*declared.File, error) {
	if !slices.Contains(builtinKinds(), kind) {
		return nil, nil
	}
	files, err := declared.Builtin()
	if err != nil {
		return nil, fmt.Errorf("read actions: %w", err)
	}
	return files[slices.IndexFunc(files, func(f *declared.File) bool { return f.Kind == kind })], nil
}

func builtinKinds() []string {
	var out []string
	for _, f := range declared.MustBuiltin() {
		out = append(out, f.Kind)
	}
	return out
}

// ActionSource is the text of a built-in file of actions.
func ActionSource(kind string) ([]byte, error) {
	b, err := declared.BuiltinSource(kind)
	if err != nil {
		return nil, notFound("one of "+strings.Join(builtinKinds(), ", "), "no built-in actions for %q", kind)
	}
	return b, nil
}

// TestedActions is what became of the tests in one file.
type TestedActions struct {
	ActionFile
	Tests []declared.Played `json:"tests"`
	OK    bool              `json:"ok"`
}

// TestActions plays the tests that stand in files of declared actions, against a
// peer in memory.
func (s *Service) TestActions(ctx context.Context, which []string) ([]TestedActions, error) {
	files, err := s.ActionFiles(which)
	if err != nil {
		return nil, err
	}
	mine, _, err := s.declaredFiles()
	if err != nil {
		return nil, err
	}
	var out []TestedActions
	for _, f := range files {
		t := TestedActions{ActionFile: f, Tests: []declared.Played{}, OK: len(f.Problems) == 0}
		if f.read != nil && t.OK {
			sys := systemOf(f.read, files, mine)
			if sys == nil {
				return nil, fmt.Errorf("test %s: kind %s is not declared", f.File, f.Kind)
			}
			for _, a := range f.read.Actions {
				for _, e := range a.Examples {
					if ctx.Err() != nil {
						return nil, ctx.Err()
					}
					p := declared.Play(ctx, sys, f.Kind, a, e)
					t.OK = t.OK && p.OK
					t.Tests = append(t.Tests, p)
				}
			}
		}
		out = append(out, t)
	}
	return out, nil
}

// systemOf is the kind of connection that a file is for.
func systemOf(f *declared.File, beside []ActionFile, mine []*declared.File) *declared.System {
	candidates := slices.Concat([]*declared.File{f}, declared.MustBuiltin(), mine)
	for _, b := range beside {
		if b.read != nil {
			candidates = append(candidates, b.read)
		}
	}
	for _, c := range candidates {
		if c.Kind == f.Kind && c.System != nil {
			return c.System
		}
	}
	return nil
}

// ActionSchema is the JSON Schema of files of declared actions.
func ActionSchema() ([]byte, error) {
	b, err := declared.Schema()
	if err != nil {
		return nil, fmt.Errorf("make the schema: %w", err)
	}
	return b, nil
}
