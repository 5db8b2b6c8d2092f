package cmd

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"firebreak/playbooks"
	"firebreak/response"
)

// sourceFile is a playbook or a file of tests as text. err says why it could
// not be read.
type sourceFile struct {
	name string // for messages
	path string // "" for the standard input
	src  []byte
	err  error
}

// maxSources bounds what one command takes from folders.
const maxSources = 10_000

// playbookSources reads the files that arguments name: files, a hyphen for the
// standard input, folders with all playbooks and tests below them, and with scenarios
// these too. In a folder YAML that is none of them is passed over, links are not
// followed, and folders that begin with a dot are left out.
func playbookSources(in io.Reader, args []string, scenarios bool) ([]sourceFile, error) {
	var out []sourceFile
	for _, arg := range args {
		if arg == "-" {
			src, err := readAtMost(in)
			out = append(out, sourceFile{name: "stdin", src: src, err: err})
			continue
		}
		info, err := os.Stat(arg)
		if err != nil {
			return nil, &response.Error{Code: response.CodeNotFound, Hint: "firebreak playbook list shows the ids; a playbook of yours is a file", Err: fmt.Errorf("read playbook: %w", err)}
		}
		if !info.IsDir() {
			out = append(out, readSource(arg))
			continue
		}
		found, err := sourcesIn(arg, scenarios)
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			return nil, &response.Error{Code: response.CodeNotFound, Err: fmt.Errorf("no playbook in %s", arg)}
		}
		if out = append(out, found...); len(out) > maxSources {
			return nil, &response.Error{Code: response.CodeUsage, Err: fmt.Errorf("more than %d files", maxSources)}
		}
	}
	return out, nil
}

func sourcesIn(folder string, scenarios bool) ([]sourceFile, error) {
	var out []sourceFile
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != folder && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir
		case !d.Type().IsRegular() || filepath.Ext(path) != ".yaml" && filepath.Ext(path) != ".yml":
			return nil
		case len(out) > maxSources:
			return fs.SkipAll
		}
		f := readSource(path)
		isTest := strings.HasSuffix(strings.TrimSuffix(path, filepath.Ext(path)), ".test") || playbooks.IsTest(f.src)
		if f.err != nil || isTest || playbooks.IsPlaybook(f.src) || scenarios && playbooks.IsScenario(f.src) {
			out = append(out, f)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for playbooks: %w", err)
	}
	return out, nil
}

// readSource reads one file, with the limit of a playbook's size.
func readSource(path string) sourceFile {
	f := sourceFile{name: path, path: path}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		f.err = fmt.Errorf("read playbook: %w", err)
	case !info.Mode().IsRegular():
		f.err = &response.Error{Code: response.CodeUsage, Err: fmt.Errorf("read playbook %s: not a regular file", path)}
	case info.Size() > playbooks.MaxSize: // the first bytes are enough to be told so, with a code
		f.src = make([]byte, playbooks.MaxSize+1)
	default:
		if f.src, err = os.ReadFile(path); err != nil {
			f.err = fmt.Errorf("read playbook: %w", err)
		}
	}
	return f
}

// realPath is where a path leads, links followed.
func realPath(path string) (string, error) {
	target, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		return path, nil
	}
	return target, err
}
