package keys

import (
	"bytes"
	"fmt"
	"slices"

	"filippo.io/age"
)

// Own is the public half, to seal to.
func (w *Workspace) Own() age.Recipient { return w.id.Recipient() }

// AddTo adds the workspace's identity to a text of identities, if it is not in
// it. The text is a secret.
func (w *Workspace) AddTo(text []byte) []byte {
	line := []byte(w.id.String())
	if slices.ContainsFunc(bytes.Split(text, []byte("\n")), func(l []byte) bool { return bytes.Equal(l, line) }) {
		return text
	}
	return append(append(text, line...), '\n')
}

// ReadFile opens a file that is sealed to the workspace. Errors: fs.ErrNotExist,
// ErrDamaged.
func (w *Workspace) ReadFile(path string) ([]byte, error) {
	b, err := read(path)
	if err != nil {
		return nil, err
	}
	plain, err := w.Open(b)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return plain, nil
}
