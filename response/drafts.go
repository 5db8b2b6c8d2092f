package response

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"firebreak/store"
	"firebreak/store/keys"
)

// draftsPrefix begins the names of files with what was typed and not sent when
// screens were locked.
const draftsPrefix = "drafts-"

// drafts are the texts by what they were typed for, and whose they are.
type drafts struct {
	Owner string            `json:"owner"` // the process, see store.Owner
	Texts map[string]string `json:"texts"`
}

// KeepDrafts seals what was typed and not sent, so that it outlives the lock of
// the screens. A plain workspace keeps nothing.
func (s *Service) KeepDrafts(texts map[string]string) error {
	if s.vault == nil || len(texts) == 0 {
		return nil
	}
	b, err := json.Marshal(drafts{store.Owner(), texts})
	if err != nil {
		return fmt.Errorf("keep drafts: %w", err)
	}
	defer clear(b)
	sealed, err := s.vault.ws.Seal(b)
	if err != nil {
		return fmt.Errorf("keep drafts: %w", err)
	}
	return keys.Replace(filepath.Join(keysDir(s.o.Home), draftsPrefix+strconv.Itoa(os.Getpid())), sealed)
}

// TakeDrafts returns what this process kept, and what processes kept that have
// ended since.
func (s *Service) TakeDrafts() (map[string]string, error) {
	if s.vault == nil {
		return nil, nil
	}
	entries, err := os.ReadDir(keysDir(s.o.Home))
	if err != nil {
		return nil, fmt.Errorf("take drafts: %w", err)
	}
	all := map[string]string{}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), draftsPrefix) {
			continue
		}
		path := filepath.Join(keysDir(s.o.Home), e.Name())
		sealed, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // another process has taken it
		}
		if err != nil {
			return nil, fmt.Errorf("take drafts: %w", err)
		}
		b, err := s.vault.ws.Open(sealed)
		if err != nil {
			return nil, fmt.Errorf("take drafts %s: %w", path, err)
		}
		var d drafts
		if err := json.Unmarshal(b, &d); err != nil {
			return nil, fmt.Errorf("take drafts %s: %w", path, err)
		}
		clear(b)
		if d.Owner != store.Owner() && store.Alive(d.Owner) {
			continue // it is locked, and will come back
		}
		for key, text := range d.Texts {
			all[key] = text
		}
		if err := os.Remove(path); err != nil {
			return nil, fmt.Errorf("take drafts: %w", err)
		}
	}
	return all, nil
}

// Opens says whether what was typed opens the workspace; nothing typed asks the
// keyring and the key files. The error is what unlocking gives.
func (s *Service) Opens(typed []byte) error {
	if s.vault == nil {
		return nil
	}
	u := s.o.Unlock
	if s.vault.typed {
		u.Secret = nil
		u.Ask = func(string) ([]byte, error) { return append([]byte(nil), typed...), nil }
	}
	_, err := open(s.vault.lock, u)
	return err
}
