package response

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"filippo.io/age"

	"firebreak/store"
	"firebreak/store/keys"
)

// whole is an error when the workspace is not encrypted in full.
func (p Protection) whole() error {
	if !p.Encrypted || p.Unfinished {
		return refused("firebreak init --encrypt-existing encrypts it", "the workspace is not encrypted, or not in full")
	}
	return nil
}

// Renew gives the workspace a new identity, opened in the ways of s, and seals
// everything to it that was sealed to the old one: what opened the workspace
// before, an old copy of its keys included, opens nothing that is sealed from
// then on. Until the new identity is in force the old one opens everything, and
// from then on the new one does: it can be stopped at any moment, and called
// again. Where it was stopped, no ways need to be named.
func Renew(ctx context.Context, o Options, s Setup, p ProgressFunc) (Protection, error) {
	was, err := ProtectionOf(o.Home)
	if err == nil {
		err = was.whole()
	}
	if err != nil {
		return was, err
	}
	if s.Plain || !s.named() && !was.Renewing {
		return was, usage("--passphrase, --keyring, --ssh FILE or --recipient KEY, or several of them", "say what shall open the workspace")
	}
	leave, err := alone(o.Home)
	if err != nil {
		return was, err
	}
	defer leave()
	v, err := unlock(o)
	if err != nil {
		return was, err
	}
	r := renewal{s: &Service{o: o, vault: v, leave: func() {}}, from: v.ws}
	if err := r.none(keys.NextKeyFile); err != nil {
		return was, err
	}
	if s.named() {
		if err := r.begin(ctx, s, p); err != nil {
			return was, err
		}
	}
	r.from, r.to = r.s.vault.ws, []age.Recipient{r.s.vault.ws.Own()}
	if err := r.all(ctx, p, "taking the old key away"); err != nil {
		return was, err
	}
	r.s.vault.lock.Renewing = false
	if err := r.s.vault.lock.Save(keysDir(o.Home)); err != nil {
		return was, err
	}
	return ProtectionOf(o.Home)
}

// renewal seals what opens with one identity to others.
type renewal struct {
	s    *Service
	from *keys.Workspace
	to   []age.Recipient
}

// begin seals everything to both identities, and puts the new one in force.
func (r *renewal) begin(ctx context.Context, s Setup, p ProgressFunc) error {
	o, old := r.s.o, r.s.vault
	way, err := s.protection(o.Unlock)
	if err != nil {
		return err
	}
	next, err := keys.Generate()
	if err != nil {
		return err
	}
	lock, err := next.Wrap(way, o.Now)
	if err != nil {
		return wrapError(err, s)
	}
	lock.Renewing = true
	r.to = []age.Recipient{old.ws.Own(), next.Own()}
	err = r.keepFormer(old.ws)
	if err == nil {
		err = r.all(ctx, p, "sealing to the new key")
	}
	if err == nil {
		r.s.reached("renewed")
		err = wiped(filepath.Join(keysDir(o.Home), keys.WorkspaceFile), func() error { return lock.Save(keysDir(o.Home)) })
	}
	if err != nil {
		return errors.Join(err, lock.Forget(way.Keyring))
	}
	r.s.reached("in force")
	r.s.vault = &vault{ws: next, lock: lock, typed: old.typed}
	if old.lock.Has(keys.ByKeyring) {
		if err := old.lock.Forget(o.Unlock.keyring()); err != nil {
			return fmt.Errorf("the new key is in force; the old item in the keyring stays: %w", err)
		}
	}
	return nil
}

// keepFormer keeps the old identity, sealed: backups that were made until now
// are encrypted to it.
func (r *renewal) keepFormer(old *keys.Workspace) error {
	path := filepath.Join(keysDir(r.s.o.Home), keys.FormerFile)
	text, err := old.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	text = old.AddTo(text)
	defer clear(text)
	sealed, err := keys.SealTo(text, r.to...)
	if err != nil {
		return err
	}
	return keys.Replace(path, sealed)
}

// none is an error where an incident is changing its own key.
func (r *renewal) none(name string) error {
	found, err := filepath.Glob(filepath.Join(r.s.incidentsDir(), "*", name))
	if err != nil || len(found) == 0 {
		return err
	}
	id := filepath.Base(filepath.Dir(found[0]))
	return refused("firebreak rekey --data "+id+" goes on", "%s is being encrypted, and that was interrupted", id)
}

// all seals every file anew that is sealed to the workspace. What does not open
// with the identity, as a folder of another workspace, stays as it is.
func (r *renewal) all(ctx context.Context, p ProgressFunc, doing string) error {
	var files []string
	for _, dir := range []string{keysDir(r.s.o.Home), r.s.incidentsDir()} {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return fmt.Errorf("renew the workspace's key: %w", err)
		}
		for _, e := range entries {
			path := filepath.Join(dir, e.Name())
			if e.IsDir() { // an incident, or one that was moved aside
				path = filepath.Join(path, keys.DataKeyFile)
			} else if strings.HasSuffix(path, keys.Part) {
				continue
			}
			files = append(files, path)
		}
	}
	kept, err := filepath.Glob(filepath.Join(r.s.incidentsDir(), "*", store.DamagedPrefix+"*", keys.DataKeyFile))
	if err != nil {
		return fmt.Errorf("renew the workspace's key: %w", err)
	}
	files = append(files, kept...)
	waiting, err := r.s.inboxFiles()
	if err != nil {
		return fmt.Errorf("renew the workspace's key: %w", err)
	}
	files = append(files, waiting...)
	for i, path := range files {
		tell(p, doing, int64(i), int64(len(files)))
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := r.one(path); err != nil {
			return fmt.Errorf("renew the workspace's key: %s: %w", path, err)
		}
	}
	return nil
}

func (r *renewal) one(path string) error {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // a plain incident
	}
	if err != nil {
		return err
	}
	if !keys.IsSealed(b) {
		return nil
	}
	plain, err := r.from.Open(b)
	if err != nil {
		return nil //nolint:nilerr // it did not open before, and does not now
	}
	defer clear(plain)
	to := r.to
	if filepath.Base(path) == keys.DataKeyFile {
		if to, err = r.withOthers(filepath.Dir(path)); err != nil {
			return err
		}
	}
	sealed, err := keys.SealTo(plain, to...)
	if err != nil {
		return err
	}
	return wiped(path, func() error { return keys.Replace(path, sealed) })
}

// withOthers are those to seal an incident's key to.
func (r *renewal) withOthers(dir string) ([]age.Recipient, error) {
	data, err := r.from.ReadDataKey(dir, keys.DataKeyFile)
	if err != nil {
		return nil, err
	}
	defer data.Wipe()
	texts, err := r.s.others(dir, data)
	if err != nil {
		return nil, err
	}
	others, err := recipientsOf(texts)
	return append(append([]age.Recipient(nil), r.to...), others...), err
}
