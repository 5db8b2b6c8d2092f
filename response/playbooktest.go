package response

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"firebreak/incident"
	"firebreak/playbooks"
	"firebreak/playbooks/library"
	"firebreak/playbooks/simulate"
)

// PlaybookTest is what came of the tests of one playbook. Problems are of the
// file of tests; with one nothing was played. Untested says that there is none.
type PlaybookTest struct {
	simulate.Report
	Source   string             `json:"source"` // the playbook's file
	Problems playbooks.Problems `json:"problems,omitempty"`
	Untested bool               `json:"untested,omitempty"`
}

// maxTestFiles bounds a folder; nobody has as many playbooks.
const maxTestFiles = 10_000

// TestPlaybooks plays the tests of playbooks: of a file of tests, of a playbook
// that has one beside it, of all in a folder, or of a playbook by its id. pick
// takes cases by their name, nil all of them. Each report goes to done.
func (s *Service) TestPlaybooks(ctx context.Context, which []string, pick func(string) bool, done func(PlaybookTest) error) error {
	for _, arg := range which {
		found, err := s.testsOf(arg)
		if err != nil {
			return err
		}
		for _, t := range found {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			r, err := s.testPlaybook(t, pick)
			if err != nil {
				return err
			}
			if err := done(r); err != nil {
				return err
			}
		}
	}
	return nil
}

// testFile is a file of tests that was found: its text, and the playbook it
// belongs to when that is known. Without text there are no tests.
type testFile struct {
	name string
	src  []byte
	book *playbooks.Playbook
}

// tested is the end of the name of a file of tests.
const tested = ".test.yaml"

func isTestFile(name string) bool {
	return strings.HasSuffix(name, tested) || strings.HasSuffix(name, ".test.yml")
}

func isPlaybookFile(name string) bool {
	return !isTestFile(name) && (strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml"))
}

func (s *Service) testsOf(arg string) ([]testFile, error) {
	if info, err := os.Stat(arg); err == nil && info.IsDir() {
		return s.testsIn(arg)
	}
	switch {
	case isTestFile(arg):
		t, err := readTest(arg)
		return []testFile{t}, err
	case isPlaybookFile(arg) || strings.ContainsAny(arg, `/\`):
		p, err := parsePlaybook(arg)
		if err != nil {
			return nil, err
		}
		return s.testsBeside(p, arg)
	}
	p, err := s.Playbook(arg)
	if err != nil {
		return nil, err
	}
	if p.File == "library/"+p.ID+".yaml" {
		name, src, err := library.Test(p.ID)
		if errors.Is(err, incident.ErrNotFound) {
			return nil, noTests(p, besideOf(p.File))
		}
		return []testFile{{name, src, p}}, err
	}
	return s.testsBeside(p, p.File)
}

func noTests(p *playbooks.Playbook, name string) error {
	return notFound("docs/playbook-test.md says how one is written", "playbook %s has no tests: there is no %s", p.ID, name)
}

// besideOf is the file of tests that belongs to a playbook's.
func besideOf(file string) string { return strings.TrimSuffix(file, filepath.Ext(file)) + tested }

func (s *Service) testsBeside(p *playbooks.Playbook, file string) ([]testFile, error) {
	name := besideOf(file)
	t, err := readTest(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, noTests(p, name)
	}
	t.book = p
	return []testFile{t}, err
}

// testsIn finds all tests in and below a folder, and the playbooks there that
// have none. Links are not followed; folders that begin with a dot are passed
// over.
func (s *Service) testsIn(folder string) ([]testFile, error) {
	var out []testFile
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != folder && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir
		case d.IsDir() || !d.Type().IsRegular():
			return nil
		case len(out) >= maxTestFiles:
			return usage("", "more than %d files in %s", maxTestFiles, folder)
		case isTestFile(path):
			t, err := readTest(path)
			if err != nil {
				return err
			}
			out = append(out, t)
		case isPlaybookFile(path):
			if _, err := os.Stat(besideOf(path)); errors.Is(err, fs.ErrNotExist) {
				if p, err := parsePlaybook(path); err == nil { // other YAML is not ours to judge
					out = append(out, testFile{name: besideOf(path), book: p})
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for tests: %w", err)
	}
	if len(out) == 0 {
		return nil, notFound("", "no playbook and no tests in %s", folder)
	}
	return out, nil
}

func readTest(file string) (testFile, error) {
	src, err := readSource("tests", file, "", playbooks.MaxSize)
	if err != nil {
		return testFile{}, err
	}
	return testFile{name: file, src: src}, nil
}

func (s *Service) testPlaybook(f testFile, pick func(string) bool) (PlaybookTest, error) {
	r := PlaybookTest{Report: simulate.Report{File: f.name, Cases: []simulate.Result{}}}
	if f.book != nil {
		r.Playbook, r.Source = f.book.ID, f.book.File
	}
	if f.src == nil {
		r.Untested = true
		return r, nil
	}
	t, err := playbooks.ParseTest(f.name, f.src)
	if errors.As(err, &r.Problems) {
		return r, nil
	}
	if err != nil {
		return r, err
	}
	r.Playbook = t.Playbook
	if f.book == nil {
		var of playbooks.Problems
		f.book, err = s.playbookOf(f.name, t.Playbook)
		if errors.As(err, &of) {
			r.Problems = playbooks.UnreadTested(t, of)
			return r, nil
		}
		if err != nil {
			return r, err
		}
	}
	r.Source = f.book.File
	if r.Problems = playbooks.CheckTest(t, f.book, s.find); len(r.Problems) > 0 {
		return r, nil
	}
	r.Report = simulate.Run(t, f.book, simulate.World{Find: s.find}, pick)
	return r, nil
}

// playbookOf is the playbook that a file of tests names: the one beside it, else
// the one that there is by that id.
func (s *Service) playbookOf(file, id string) (*playbooks.Playbook, error) {
	stem := strings.TrimSuffix(strings.TrimSuffix(file, filepath.Ext(file)), ".test")
	for _, ext := range []string{".yaml", ".yml"} {
		if _, err := os.Stat(stem + ext); err == nil {
			return parsePlaybook(stem + ext)
		}
	}
	p, err := s.Playbook(id)
	if err != nil {
		return nil, fmt.Errorf("tests %s: %w", file, err)
	}
	return p, nil
}

// find gives the playbook that a step of another one runs.
func (s *Service) find(ref playbooks.Reference) (*playbooks.Playbook, error) {
	p, err := s.Playbook(ref.ID)
	if err != nil {
		return nil, err
	}
	if !ref.Fits(p) {
		return nil, notFound("", "playbook %s: there is version %s", ref, p.Version)
	}
	return p, nil
}
