package response

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"firebreak/incident"
	"firebreak/store/archive"
	"firebreak/store/keys"
)

// ours sees to an empty workspace that was given keys already: who set it up
// goes on with them, and it is not the one in the archive, unless both have the
// same.
func (r *restoring) ours(home string) error {
	here, err := keys.Load(keysDir(home))
	if errors.Is(err, fs.ErrNotExist) || !r.clean {
		return nil
	}
	if err != nil {
		return keysError(err)
	}
	archived, err := keys.Load(filepath.Join(r.dir, "workspace", "keys"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return keysError(err)
	}
	r.clean = err == nil && archived.Recipient == here.Recipient
	return nil
}

// adopt makes an encrypted incident one of this workspace: its data key, which
// the archive holds, is sealed anew. Nothing is decrypted for a workspace that
// keeps everything in the clear.
func (r *restoring) adopt(i archive.Incident) error {
	dir := filepath.Join(r.dir, "incidents", string(i.ID))
	if !there(filepath.Join(dir, dataKeyFile)) {
		return nil
	}
	v := r.s.s.vault
	if v == nil {
		return refused("firebreak init sets this one up encrypted (with --encrypt-existing where incidents are in it); then restore again",
			"restore %s: it comes from an encrypted workspace, and this one is not: it would lie here in the clear", i.ID)
	}
	_, err := v.ws.ReadDataKey(dir, dataKeyFile)
	if err == nil || !errors.Is(err, keys.ErrDamaged) {
		return err
	}
	if i.Key == "" {
		return fail(CodeAuth, "restore it in the workspace that it comes from, or from a backup that is encrypted itself", "restore %s: it is encrypted for another workspace, and the backup does not hold its key", i.ID)
	}
	k, err := keys.ParseDataKey(i.Key)
	if err != nil {
		return &Error{Code: CodeIntegrity, Hint: "take another backup", Err: fmt.Errorf("restore %s: %w", i.ID, err)}
	}
	defer k.Wipe()
	others, err := r.s.s.others(dir, k)
	if err != nil {
		return err
	}
	return r.s.s.sealDataKey(dir, dataKeyFile, k, others)
}

// enclose encrypts an incident that arrives in the clear in an encrypted
// workspace, before it is put in its place.
func (r *restoring) enclose(ctx context.Context, id incident.ID, dir string) error {
	if r.s.s.vault == nil || there(filepath.Join(dir, dataKeyFile)) {
		return nil
	}
	tell(r.p, "encrypting "+string(id), 0, 0)
	if err := r.s.s.convert(ctx, dir, nil, r.p); err != nil {
		return fmt.Errorf("restore %s: encrypt it: %w", id, err)
	}
	r.out.Notes = append(r.out.Notes, fmt.Sprintf("%s: it was not encrypted in the backup; here it is", id))
	return nil
}
