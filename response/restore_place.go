package response

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"firebreak/incident"
	"firebreak/internal/durable"
	"firebreak/record"
	"firebreak/store"
	"firebreak/store/archive"
)

// place puts a verified incident in its place: whole, by one rename. What was
// there before is kept aside. Then the loss is recorded, if there is one, and
// the timeline made from the evidence.
func (r *restoring) place(ctx context.Context, i archive.Incident, one *RestoredOne, lost record.Head) error {
	if err := r.settle(); err != nil { //nolint:contextcheck // closing is not cancelled
		return err
	}
	dir := r.s.s.Dir(i.ID)
	from := filepath.Join(r.dir, "incidents", string(i.ID))
	if err := r.enclose(ctx, i.ID, from); err != nil {
		return err
	}
	aside, err := r.moveAside(dir, i.ID)
	if err != nil {
		return err
	}
	if err := os.Rename(from, dir); err != nil {
		if aside != "" {
			err = errors.Join(err, os.Rename(aside, dir))
		}
		return fmt.Errorf("restore %s: %w", i.ID, err)
	}
	if err := durable.SyncDir(filepath.Dir(dir)); err != nil {
		return fmt.Errorf("restore %s: %w", i.ID, err)
	}
	one.Placed, one.Aside = true, aside
	if aside != "" || lost.Size > 0 {
		err := r.s.recordRestore(ctx, i.ID, record.Restored{
			From: filepath.Base(r.o.File), SHA256: r.sha, Size: i.Size, Root: i.Root,
			KnownSize: lost.Size, KnownRoot: lost.Root, Aside: filepath.Base(aside), Reason: r.o.Reason,
		})
		if err != nil {
			return fmt.Errorf("%s is in its place, and that is not recorded: %w", i.ID, err)
		}
	}
	if err := r.s.Rebuild(ctx, i.ID, r.p); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		r.out.Notes = append(r.out.Notes, fmt.Sprintf("%s: its timeline is not yet made from the evidence: %v; firebreak ingest %s --rebuild does it", i.ID, err, i.ID))
	}
	return nil
}

// replacedPrefix begins the names of folders of incidents that were moved aside.
const replacedPrefix = ".replaced-"

// replaced lists the folders of an incident that were moved aside; "" is of all.
func (s *Service) replaced(id incident.ID) ([]string, error) {
	pattern := replacedPrefix + "*"
	if id != "" {
		pattern = replacedPrefix + string(id) + "-*"
	}
	return filepath.Glob(filepath.Join(s.incidentsDir(), pattern))
}

// moveAside renames the incident that is there, and says what it is called now.
func (r *restoring) moveAside(dir string, id incident.ID) (string, error) {
	if _, err := os.Lstat(dir); err != nil {
		return "", absentOK(err)
	}
	stamp := r.s.s.o.Now().UTC().Format("20060102T150405Z")
	for n := range 100 {
		aside := filepath.Join(filepath.Dir(dir), fmt.Sprintf("%s%s-%s-%d", replacedPrefix, id, stamp, n))
		if _, err := os.Lstat(aside); err == nil {
			continue
		}
		if err := os.Rename(dir, aside); err != nil {
			return "", fmt.Errorf("move %s aside: %w", id, err)
		}
		return aside, nil
	}
	return "", fmt.Errorf("move %s aside: no free name", id)
}

// recordRestore records in the incident itself what was put back and lost. It
// goes past the comparison with what is known: the entry is what settles it.
func (s *Session) recordRestore(ctx context.Context, id incident.ID, r record.Restored) (err error) {
	o, err := s.s.optionsOf(id)
	if err != nil {
		return err
	}
	st, err := store.Open(ctx, s.s.Dir(id), o)
	if err != nil {
		return storeError(id, err)
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	_, err = st.Update(ctx, func(tx *store.Tx) (record.Draft, error) { return s.draft(tx, record.RecordRestored, "", r) })
	if err != nil {
		return err
	}
	return s.s.learn(ctx, id, st)
}

// workspace puts the archive's own keys, roster, playbooks and known heads into
// a workspace that is empty. A key that was made there meanwhile steps aside.
func (r *restoring) workspace(o Options) error {
	from := filepath.Join(r.dir, "workspace")
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return absentOK(err)
		}
		if d.IsDir() {
			return nil
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		return r.workspaceFile(o, path, rel)
	})
	if err != nil {
		return fmt.Errorf("restore the workspace: %w", err)
	}
	return nil
}

func (r *restoring) workspaceFile(o Options, path, rel string) error {
	to := filepath.Join(o.Home, rel)
	if rel == "config.yaml" {
		if to = r.o.Config; to == "" {
			return nil
		}
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	old, err := os.ReadFile(to)
	switch {
	case err == nil && string(old) == string(content):
		return nil
	case err == nil && rel == filepath.Join("keys", "instance"):
		stamp := o.Now().UTC().Format("20060102T150405Z")
		if err := durable.Replace(to+".replaced-"+stamp, old, 0o600); err != nil {
			return err
		}
	case err == nil:
		r.out.Notes = append(r.out.Notes, to+" is there already, and stays; the backup has another")
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	if err := durable.Replace(to, content, 0o600); err != nil {
		return err
	}
	r.out.Workspace = append(r.out.Workspace, strings.TrimPrefix(filepath.ToSlash(to), filepath.ToSlash(o.Home)+"/"))
	return nil
}

// ReadManifest shows what an archive holds, and reads no further.
func ReadManifest(o Options, name string, keys BackupKeys) (archive.Manifest, error) {
	in, sum, size, err := openBackup(name)
	if err != nil {
		return archive.Manifest{}, err
	}
	defer func() { _ = in.Close() }() // read only
	a, err := openArchive(in, sum, size, name, keys, o)
	if err != nil {
		return archive.Manifest{}, err
	}
	defer a.Close()
	m := a.Manifest
	for i := range m.Incidents {
		m.Incidents[i].Key = "" // to be used, not to be shown
	}
	return m, nil
}

// summing hashes what is read through it.
type summing struct {
	r io.Reader
	h hash.Hash
}

func newSumming(r io.Reader) *summing { return &summing{r, sha256.New()} }

// Read implements io.Reader.
func (s *summing) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	s.h.Write(p[:n])
	return n, err
}

// rest hashes up to the end and returns the whole hash.
func (s *summing) rest(_ io.Reader) (string, error) {
	if _, err := io.Copy(io.Discard, s); err != nil {
		return "", err
	}
	return hex.EncodeToString(s.h.Sum(nil)), nil
}
