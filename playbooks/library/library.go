// Package library holds the playbooks that come with Firebreak. They are files
// like any other: read them, copy them, and make them your own.
package library

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"sync"

	"firebreak/incident"
	"firebreak/playbooks"
)

//go:embed *.yaml
var files embed.FS

// IDs lists the built-in playbooks, sorted, without reading them.
func IDs() ([]string, error) {
	names, err := fs.Glob(files, "*.yaml")
	if err != nil {
		return nil, fmt.Errorf("list playbooks: %w", err)
	}
	out := make([]string, 0, len(names))
	for _, name := range names {
		if !strings.HasSuffix(name, ".test.yaml") {
			out = append(out, strings.TrimSuffix(name, ".yaml"))
		}
	}
	return out, nil
}

// List returns every built-in playbook, sorted by id.
func List() ([]*playbooks.Playbook, error) {
	ids, err := IDs()
	if err != nil {
		return nil, err
	}
	out, faults := make([]*playbooks.Playbook, len(ids)), make([]error, len(ids))
	var all sync.WaitGroup
	for i, id := range ids {
		all.Go(func() { out[i], faults[i] = Load(id) })
	}
	all.Wait()
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return out, nil
}

// Load returns the built-in playbook of that id. The error wraps
// incident.ErrNotFound when there is none.
func Load(id string) (*playbooks.Playbook, error) {
	name, src, err := read(id, ".yaml")
	if err != nil {
		return nil, fmt.Errorf("load playbook %q: %w", id, err)
	}
	p, err := playbooks.Parse(name, src)
	if err != nil {
		return nil, fmt.Errorf("load playbook %s: %w", id, err)
	}
	return p, nil
}

// Test returns the file with the tests of the built-in playbook of that id, and
// its name. The error wraps incident.ErrNotFound when there is none.
func Test(id string) (string, []byte, error) {
	name, src, err := read(id, ".test.yaml")
	if err != nil {
		return "", nil, fmt.Errorf("load the tests of playbook %q: %w", id, err)
	}
	return name, src, nil
}

// read returns one file of a playbook, and its name.
func read(id, ext string) (string, []byte, error) {
	if id == "" || path.Base(id) != id || strings.Contains(id, ".") {
		return "", nil, incident.ErrNotFound
	}
	src, err := files.ReadFile(id + ext)
	if err != nil { // all of them are built in: there is no other fault
		return "", nil, incident.ErrNotFound
	}
	return "library/" + id + ext, src, nil
}
