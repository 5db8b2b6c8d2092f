package response

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"filippo.io/age"

	"firebreak/incident"
	"firebreak/internal/box"
	"firebreak/record"
	"firebreak/store/keys"
)

// Handed says who can open the folder of one encrypted incident, beside the
// workspace.
type Handed struct {
	Incident incident.ID `json:"incident"`
	To       []string    `json:"to"` // public keys
	// Taken says that the folder came from another workspace, and now opens here.
	Taken bool `json:"taken,omitempty"`
}

// maxOthers is to how many keys an incident's key is sealed at most.
const maxOthers = 64

// HandOver seals the key of an incident to further people too: whoever has one
// of their keys opens a copy of the folder in a workspace of their own. The
// record says so. A folder that came from another workspace is taken over with
// a key that it was handed to, from Setup.KeyFiles.
func (s *Session) HandOver(ctx context.Context, id incident.ID, w Setup) (Handed, error) {
	out := Handed{Incident: id, To: []string{}}
	if s.s.vault == nil {
		return out, refused("a plain folder is copied as it is", "the workspace is not encrypted")
	}
	if w.Keyring || w.Passphrase != nil {
		return out, usage("--recipient KEY, --ssh FILE or --identity FILE", "a folder is handed to people by their keys")
	}
	way, err := w.protection(s.s.o.Unlock)
	if err != nil {
		return out, err
	}
	release, err := lockFile(filepath.Join(keysDir(s.s.o.Home), keys.WorkspaceFile+".lock"))
	if err != nil {
		return out, err
	}
	defer release()
	dir := s.s.Dir(id)
	data, err := s.s.vault.ws.ReadDataKey(dir, keys.DataKeyFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return out, refused("a plain folder is copied as it is; firebreak init --encrypt-existing encrypts it", "%s is not encrypted", id)
	case errors.Is(err, keys.ErrDamaged) && len(w.KeyFiles) > 0:
		data, err = s.s.takeOver(dir, w)
		out.Taken = true
	}
	if err != nil {
		return out, fmt.Errorf("open the key of %s: %w", id, err)
	}
	defer data.Wipe()
	others, err := s.s.others(dir, data)
	if err != nil {
		return out, err
	}
	var fresh []string
	for _, to := range way.To {
		if !slices.Contains(others, to) {
			others, fresh = append(others, to), append(fresh, to)
		}
	}
	if len(others) > maxOthers {
		return out, usage("", "the key of %s would be sealed to %d others; %d is the most", id, len(others), maxOthers)
	}
	out.To = others
	if len(fresh) > 0 && !out.Taken { // recorded first: access that nobody knows of is worse than a record of none
		text := "The key of this incident is sealed to " + strings.Join(fresh, ", ") + " too: whoever has that key opens a copy of the folder."
		if err := s.act(ctx, id, record.Noted, "", record.Note{Text: text}, nil); err != nil {
			return out, err
		}
	}
	if err := s.s.keepOthers(dir, data, others); err != nil {
		return out, err
	}
	return out, wiped(filepath.Join(dir, keys.DataKeyFile), func() error {
		return s.s.sealDataKey(dir, keys.DataKeyFile, data, others)
	})
}

// takeOver opens the key of a folder from another workspace with a person's key.
func (s *Service) takeOver(dir string, w Setup) (*keys.DataKey, error) {
	ids, err := identities(w.KeyFiles, s.o.Unlock.Ask)
	if err != nil {
		return nil, err
	}
	data, err := keys.ReadDataKey(dir, keys.DataKeyFile, ids...)
	if errors.Is(err, keys.ErrDamaged) {
		return nil, &Error{Code: CodeAuth, Hint: "whoever has the incident seals it to your key: firebreak rekey INCIDENT --recipient KEY", Err: err}
	}
	return data, err
}

// others are the public keys that an incident's key is sealed to beside the
// workspace's. data is nil for a plain incident.
func (s *Service) others(dir string, data *keys.DataKey) ([]string, error) {
	b, err := os.ReadFile(filepath.Join(dir, keys.OthersFile))
	if errors.Is(err, fs.ErrNotExist) || err == nil && data == nil {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read to whom else the key is sealed: %w", err)
	}
	text, err := box.Open(data.Subkey(keys.ForOthers), keys.OthersFile, b)
	if err != nil {
		next, nextErr := s.vault.ws.ReadDataKey(dir, keys.NextKeyFile) // a new key is being given, and this file has it
		if nextErr == nil {
			defer next.Wipe()
			text, err = box.Open(next.Subkey(keys.ForOthers), keys.OthersFile, b)
		}
	}
	if err != nil {
		return nil, &Error{Code: CodeIntegrity, Hint: "restore it from a copy, or remove it: then the key is sealed to the workspace alone", Err: fmt.Errorf("read %s: %w", filepath.Join(dir, keys.OthersFile), err)}
	}
	return strings.Split(strings.TrimSpace(string(text)), "\n"), nil
}

func (s *Service) keepOthers(dir string, data *keys.DataKey, others []string) error {
	if len(others) == 0 {
		return nil
	}
	b, err := box.Seal(data.Subkey(keys.ForOthers), keys.OthersFile, []byte(strings.Join(others, "\n")+"\n"), s.o.Rand)
	if err != nil {
		return fmt.Errorf("keep to whom the key is sealed: %w", err)
	}
	return keys.Replace(filepath.Join(dir, keys.OthersFile), b)
}

// sealDataKey seals an incident's key to the workspace and to others.
func (s *Service) sealDataKey(dir, file string, data *keys.DataKey, others []string) error {
	to, err := recipientsOf(others)
	if err != nil {
		return err
	}
	return s.vault.ws.WriteDataKey(dir, file, data, to...)
}

func recipientsOf(texts []string) ([]age.Recipient, error) {
	var out []age.Recipient
	for _, text := range texts {
		r, err := keys.ParseRecipient(text)
		if err != nil {
			return nil, fmt.Errorf("seal the key to %.80q: %w", text, err)
		}
		out = append(out, r.Recipient)
	}
	return out, nil
}

// handed says where else the incident's folder may be, for those who have to
// see to the copies: with people that it was handed to, and moved aside.
func (s *Service) handed(f *folder) ([]string, error) {
	others, err := s.others(f.dir, f.key)
	if err != nil {
		return nil, err
	}
	for i, to := range others {
		others[i] = "a copy of the folder, if one was given to the holder of " + to
	}
	aside, err := s.replaced(f.id)
	for _, path := range aside {
		others = append(others, "what a restore moved aside: incidents/"+filepath.Base(path))
	}
	return others, err
}
