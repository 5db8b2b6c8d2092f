package response

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"firebreak/store/keys"
)

// export writes a file into the incident's exports. In an encrypted incident it
// is an age file that the incident's own key opens, and says so in its name.
func (f *folder) export(name string, content []byte) (string, error) {
	dir := filepath.Join(f.dir, exportsDir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("write export: %w", err)
	}
	path := filepath.Join(dir, name)
	if f.key == nil {
		return path, replaceFile(path, content, 0o600)
	}
	sealed, err := sealExport(f.key, content)
	if err != nil {
		return "", err
	}
	path += sealedSuffix
	return path, replaceFile(path, sealed, 0o600)
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

// outside wants a folder that is there and, for what is encrypted, not in the
// workspace: nobody looks there for what can be read.
func (s *Service) outside(f *folder, to string) error {
	info, err := os.Stat(to)
	if err != nil || !info.IsDir() {
		return usage("make the folder first", "write a copy: %s is no folder", to)
	}
	if f.key == nil {
		return nil
	}
	home, err := filepath.EvalSymlinks(s.o.Home)
	if err == nil {
		to, err = filepath.EvalSymlinks(to)
	}
	if err == nil {
		to, err = filepath.Abs(to)
	}
	if err != nil {
		return fmt.Errorf("write a copy: %w", err)
	}
	if rel, err := filepath.Rel(home, to); err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		return usage("name a folder elsewhere", "write a copy: %s is in the workspace, where everything is encrypted", to)
	}
	return nil
}
