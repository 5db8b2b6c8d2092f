package response

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"firebreak/internal/durable"
	"firebreak/store/keys"
)

// writeExport writes a file into dir. In the exports of an encrypted incident
// it is an age file that the incident's own key opens, and says so in its name.
func (f *folder) writeExport(dir, name string, content []byte) (string, error) {
	path := filepath.Join(dir, name)
	if f.key == nil || dir != f.exports() {
		return path, durable.Replace(path, content, 0o600)
	}
	sealed, err := sealExport(f.key, content)
	if err != nil {
		return "", err
	}
	path += sealedSuffix
	return path, durable.Replace(path, sealed, 0o600)
}

// readExport reads what writeExport wrote.
func (f *folder) readExport(path string) ([]byte, error) {
	b, err := os.ReadFile(path)
	if err != nil || f.key == nil || !strings.HasSuffix(path, sealedSuffix) {
		return b, err
	}
	id, err := f.key.Exports()
	if err != nil {
		return nil, err
	}
	return keys.OpenWith(b, id)
}

const (
	exportsDir   = "exports"
	sealedSuffix = ".age"
)

func sealExport(key *keys.DataKey, content []byte) ([]byte, error) {
	id, err := key.Exports()
	if err != nil {
		return nil, err
	}
	return keys.SealTo(content, id.Recipient())
}

// InTheClear says whether a file written to that path is not encrypted while
// the workspace is. It refuses one in the workspace.
func (s *Service) InTheClear(to string) (bool, error) {
	if s.vault == nil {
		return false, nil
	}
	return true, s.outside(filepath.Dir(to))
}

// outside refuses a folder in the workspace for what is not encrypted: nobody
// looks there for what can be read.
func (s *Service) outside(to string) error {
	home, err := filepath.EvalSymlinks(s.o.Home)
	if err == nil {
		to, err = filepath.Abs(to)
	}
	if err == nil {
		to, err = resolved(to)
	}
	if err != nil {
		return fmt.Errorf("write a copy: %w", err)
	}
	if rel, err := filepath.Rel(home, to); err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		return usage("name a folder elsewhere", "write a copy: %s is in the workspace, where everything is encrypted", to)
	}
	return nil
}

// resolved follows the links of the part of a path that is there already.
func resolved(path string) (string, error) {
	there, err := filepath.EvalSymlinks(path)
	if !errors.Is(err, fs.ErrNotExist) || filepath.Dir(path) == path {
		return there, err
	}
	parent, err := resolved(filepath.Dir(path))
	return filepath.Join(parent, filepath.Base(path)), err
}
