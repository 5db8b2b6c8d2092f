package response

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"filippo.io/age"

	"firebreak/store/keys"
)

// archivedLock is where an archive keeps what opens the workspace it is of.
const archivedLock = "workspace/keys/" + keys.WorkspaceFile

// ours sees to an empty workspace that was given keys already: it is not the
// one in the archive, unless they are the same.
func (r *restoring) ours(home string) error {
	here, err := keys.Load(keysDir(home))
	if errors.Is(err, fs.ErrNotExist) || !r.clean {
		return nil
	}
	if err != nil {
		return keysError(err)
	}
	archived, err := keys.Load(filepath.Dir(filepath.Join(r.dir, filepath.FromSlash(archivedLock))))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return keysError(err)
	}
	r.clean = err == nil && archived.Recipient == here.Recipient
	return nil
}

// takeKeys seals the keys of unpacked incidents to this workspace, where they
// are sealed to another, or to the identity it had before. What opens them may
// be that former identity, a key from --identity, or the workspace in the
// archive where one of those opens it. Where nothing does, opening the incident
// says so.
func (r *restoring) takeKeys() error {
	s := r.s.s
	if s.vault == nil {
		return nil
	}
	var ids []age.Identity
	for _, i := range r.o.Incidents {
		dir := filepath.Join(r.dir, "incidents", string(i))
		_, err := s.vault.ws.ReadDataKey(dir, keys.DataKeyFile)
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if !errors.Is(err, keys.ErrDamaged) {
			return fmt.Errorf("restore %s: %w", i, err)
		}
		if ids == nil {
			if ids, err = r.identities(); err != nil {
				return err
			}
		}
		data, err := keys.ReadDataKey(dir, keys.DataKeyFile, ids...)
		if errors.Is(err, keys.ErrDamaged) {
			continue
		}
		if err != nil {
			return fmt.Errorf("restore %s: %w", i, err)
		}
		others, err := s.others(dir, data)
		if err == nil {
			err = s.sealDataKey(dir, keys.DataKeyFile, data, others)
		}
		data.Wipe()
		if err != nil {
			return fmt.Errorf("restore %s: %w", i, err)
		}
	}
	return nil
}

// identities are all keys at hand that an incident's key may be sealed to.
func (r *restoring) identities() ([]age.Identity, error) {
	out, err := r.s.s.ownIdentities()
	if err != nil {
		return nil, err
	}
	named, err := r.o.Keys.identities()
	if err != nil {
		return nil, err
	}
	out = append(out, named...)
	path := filepath.Join(r.dir, filepath.FromSlash(archivedLock))
	b, err := os.ReadFile(path)
	if err != nil {
		return out, absentOK(err)
	}
	l, err := keys.Parse(path, b)
	if err != nil {
		return out, keysError(err)
	}
	for _, name := range r.o.Keys.Identities {
		secret, err := os.ReadFile(name)
		if err != nil {
			return out, fmt.Errorf("identity: %w", err)
		}
		ws, _, err := l.Unlock(keys.Opener{Secret: func() ([]byte, bool, error) { return secret, true, nil }, Ask: r.s.s.o.Unlock.Ask})
		if errors.Is(err, keys.ErrWrong) {
			continue
		}
		if err != nil {
			return out, keysError(err)
		}
		out = append(out, ws.Identity())
	}
	return out, nil
}
