package response

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"filippo.io/age"

	"firebreak/forensics"
	"firebreak/incident"
	"firebreak/store"
	"firebreak/store/events"
	"firebreak/store/keys"
)

// ownRecipients are the keys that this workspace encrypts to by itself: its own
// and those of the people it is sealed to. A plain one has none.
func (s *Service) ownRecipients() ([]keys.Recipient, error) {
	if s.vault == nil {
		return nil, nil
	}
	var out []keys.Recipient
	var seen []string
	for _, text := range s.vault.lock.Recipients() {
		if slices.Contains(seen, text) {
			continue
		}
		seen = append(seen, text)
		r, err := keys.ParseRecipient(text)
		if err != nil {
			return nil, fmt.Errorf("encrypt to the workspace's own keys: %w", err)
		}
		out = append(out, r)
	}
	return out, nil
}

// ownIdentities are the keys that this workspace opens with, and those it had
// before.
func (s *Service) ownIdentities() ([]age.Identity, error) {
	if s.vault == nil {
		return nil, nil
	}
	out := []age.Identity{s.vault.ws.Identity()}
	former, err := s.vault.ws.ReadFile(filepath.Join(keysDir(s.o.Home), keys.FormerFile))
	if errors.Is(err, fs.ErrNotExist) {
		return out, nil
	}
	if err != nil {
		return out, keysError(err)
	}
	defer clear(former)
	ids, err := keys.ParseIdentities("keys/"+keys.FormerFile, former, nil)
	return append(out, ids...), err
}

// ownNote says what a backup to the workspace's own keys asks for.
func (s *Service) ownNote() string {
	if s.vault != nil && s.vault.lock.Has(keys.ByKeys) {
		return "the workspace's own keys open the backup, and those of the people it is sealed to"
	}
	return "only this workspace's own key opens the backup: keep a copy of keys/workspace elsewhere (no secret stands in it in the clear), or add a --recipient"
}

// optionsOf is how this workspace opens the record of an incident.
func (s *Service) optionsOf(id incident.ID) (store.Options, error) {
	data, err := s.dataKey(id, s.Dir(id))
	return s.storeOptions(data), err
}

// lockerOf is where the incident's evidence is sealed.
func (s *Service) lockerOf(id incident.ID) (*forensics.Locker, error) {
	data, err := s.dataKey(id, s.Dir(id))
	if err != nil {
		return nil, err
	}
	return s.locker(id, data)
}

// openEvents opens an incident's timeline beside whoever else has it open.
func (s *Service) openEvents(ctx context.Context, id incident.ID) (*events.DB, error) {
	data, err := s.dataKey(id, s.Dir(id))
	if err != nil {
		return nil, err
	}
	return events.Open(ctx, filepath.Join(s.Dir(id), "timeline.db"), events.Options{Secret: data.Subkey(keys.ForTimeline)})
}
