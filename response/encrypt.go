package response

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"firebreak/forensics"
	"firebreak/incident"
	"firebreak/integrations/drill"
	"firebreak/internal/box"
	"firebreak/internal/durable"
	"firebreak/store"
	"firebreak/store/cryptvfs"
	"firebreak/store/events"
	"firebreak/store/keys"
)

// goOn ends an encryption of the workspace that was interrupted.
func goOn(ctx context.Context, o Options, p ProgressFunc) (Protection, error) {
	leave, err := alone(o.Home)
	if err != nil {
		return Protection{}, err
	}
	defer leave()
	v, err := unlock(o)
	if err != nil {
		return Protection{}, err
	}
	return encryptAll(ctx, o, v, p)
}

// encryptAll encrypts what is in the workspace and is not encrypted yet. The
// caller has the workspace alone.
func encryptAll(ctx context.Context, o Options, v *vault, p ProgressFunc) (Protection, error) {
	s := &Service{o: o, vault: v, leave: func() {}}
	if err := s.encryptInstanceKey(); err != nil {
		return s.Protection(), err
	}
	if err := s.encryptInbox(); err != nil {
		return s.Protection(), err
	}
	ids, err := s.ids()
	if err != nil {
		return s.Protection(), err
	}
	if err := s.clearLeftovers(s.incidentsDir(), ".new-"); err != nil {
		return s.Protection(), err
	}
	for i, id := range ids {
		tell(p, "encrypting "+string(id), int64(i), int64(len(ids)))
		dir := s.Dir(id)
		if _, err := os.Lstat(filepath.Join(dir, keys.DataKeyFile)); err == nil {
			continue
		}
		if err := s.convert(ctx, dir, nil, p); err != nil {
			return s.Protection(), fmt.Errorf("encrypt %s: %w", id, err)
		}
	}
	if err := s.convertAside(ctx, "", false, p); err != nil {
		return s.Protection(), err
	}
	v.lock.Unfinished = false
	return s.Protection(), v.lock.Save(keysDir(o.Home))
}

func (s *Service) encryptInstanceKey() error {
	replaced, err := filepath.Glob(filepath.Join(keysDir(s.o.Home), "instance.replaced-*"))
	if err != nil {
		return fmt.Errorf("encrypt instance keys: %w", err)
	}
	for _, path := range replaced { // by a restore
		b, err := os.ReadFile(path)
		if err == nil && !keys.IsSealed(b) {
			if b, err = s.vault.ws.Seal(b); err == nil {
				err = wiped(path, func() error { return keys.Replace(path, b) })
			}
		}
		if err != nil {
			return fmt.Errorf("encrypt instance key: %w", err)
		}
	}
	path := filepath.Join(keysDir(s.o.Home), "instance")
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && keys.IsSealed(b) {
		_, err = loadInstanceKey(keysDir(s.o.Home), s.o.Rand, s.vault)
		return err
	}
	if err != nil {
		return fmt.Errorf("encrypt instance key: %w", err)
	}
	defer clear(b)
	_, public, _ := strings.Cut(strings.TrimSpace(string(b)), "\n")
	return wiped(path, func() error { return s.vault.sealInstanceKey(path, string(b), public) })
}

// RekeyData gives incidents a new data key and encrypts everything in their
// folders anew; one that is plain is encrypted. It can be interrupted at any
// moment and gone on with by calling it again.
func RekeyData(ctx context.Context, o Options, which string, p ProgressFunc) ([]incident.ID, error) {
	was, err := ProtectionOf(o.Home)
	if err != nil {
		return nil, err
	}
	if err := was.whole(); err != nil {
		return nil, err
	}
	leave, err := alone(o.Home)
	if err != nil {
		return nil, err
	}
	defer leave()
	v, err := unlock(o)
	if err != nil {
		return nil, err
	}
	s := &Service{o: o, vault: v, leave: func() {}}
	ids, err := s.ids()
	if err != nil {
		return nil, err
	}
	only := ""
	if which != "" {
		id, err := s.ParseID(which)
		if err != nil {
			return nil, err
		}
		ids, only = []incident.ID{id}, string(id)
	}
	for i, id := range ids {
		tell(p, "encrypting "+string(id)+" anew", int64(i), int64(len(ids)))
		from, err := v.ws.ReadDataKey(s.Dir(id), keys.DataKeyFile)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return ids[:i], fmt.Errorf("rekey %s: %w", id, err)
		}
		if err := s.convert(ctx, s.Dir(id), from, p); err != nil {
			return ids[:i], fmt.Errorf("rekey %s: %w", id, err)
		}
		from.Wipe()
	}
	return ids, s.convertAside(ctx, incident.ID(only), true, p)
}

// conversion is one incident that changes its key.
type conversion struct {
	s        *Service
	dir      string
	from, to *keys.DataKey // from is nil for a plain incident
}

// convert brings an incident to a new key. Each file is replaced when its new
// form is on the disk, the key last: until then the incident is not opened, and
// every file is either under the old key or the new.
func (s *Service) convert(ctx context.Context, dir string, from *keys.DataKey, p ProgressFunc) error {
	others, err := s.others(dir, from)
	if err != nil {
		return err
	}
	to, err := s.vault.ws.ReadDataKey(dir, keys.NextKeyFile)
	if errors.Is(err, fs.ErrNotExist) {
		if to, err = keys.NewDataKey(s.o.Rand); err == nil {
			err = s.sealDataKey(dir, keys.NextKeyFile, to, others)
		}
	}
	if err != nil {
		return err
	}
	defer to.Wipe()
	c := conversion{s, dir, from, to}
	if err := store.Reseal(ctx, dir, from.Subkey(keys.ForDatabase), to.Subkey(keys.ForDatabase)); err != nil {
		return inUseError(err)
	}
	if err := c.timeline(ctx); err != nil {
		return err
	}
	names, err := c.box(evidenceKey, evidenceKey, keys.ForNames)
	if err != nil {
		return err
	}
	if err := c.evidence(ctx, names, p); err != nil {
		return err
	}
	if _, err := c.box(filepath.Join("drill", drill.StateFile), drill.StateFile, keys.ForDrill); err != nil {
		return err
	}
	if _, err := c.box(keys.OthersFile, keys.OthersFile, keys.ForOthers); err != nil {
		return err
	}
	if err := c.sealed(filepath.Join(dir, exportsDir), true); err != nil {
		return err
	}
	if err := c.damaged(); err != nil {
		return err
	}
	if err := s.clearLeftovers(dir, streamFolder); err != nil {
		return err
	}
	return wiped(filepath.Join(dir, keys.DataKeyFile), func() error {
		if err := os.Rename(filepath.Join(dir, keys.NextKeyFile), filepath.Join(dir, keys.DataKeyFile)); err != nil {
			return fmt.Errorf("put the new key in force: %w", err)
		}
		return durable.SyncDir(dir)
	})
}

// timeline converts timeline.db. It is derived: damaged, it is thrown away, and
// firebreak ingest --rebuild makes it again.
func (c conversion) timeline(ctx context.Context) error {
	err := events.Reseal(ctx, filepath.Join(c.dir, "timeline.db"), c.from.Subkey(keys.ForTimeline), c.to.Subkey(keys.ForTimeline))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if errors.Is(err, events.ErrDamaged) {
		for _, suffix := range []string{"", "-wal", "-shm"} {
			path := filepath.Join(c.dir, "timeline.db"+suffix)
			if err := wiped(path, func() error { return os.Remove(path) }); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
		return nil
	}
	return inUseError(err)
}

// inUseError says what to do about a database that somebody has open, an older
// firebreak or another program.
func inUseError(err error) error {
	if errors.Is(err, cryptvfs.ErrInUse) {
		return refused("close every program that has it open, then repeat: it goes on", "%w", err)
	}
	return err
}

// box converts a small file that is sealed as a box, and returns what is in
// it; nil where there is none.
func (c conversion) box(name, context, purpose string) ([]byte, error) {
	path := filepath.Join(c.dir, name)
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("encrypt %s: %w", name, err)
	}
	to := c.to.Subkey(purpose)
	if plain, err := box.Open(to, context, b); err == nil {
		return plain, nil // done before an interruption
	}
	plain := b
	if c.from != nil {
		if plain, err = box.Open(c.from.Subkey(purpose), context, b); err != nil {
			return nil, fmt.Errorf("encrypt %s anew: %w", name, err)
		}
	} else if box.Is(b) {
		return nil, fmt.Errorf("encrypt %s: %w", name, box.ErrDamaged)
	}
	sealed, err := box.Seal(to, context, plain, c.s.o.Rand)
	if err != nil {
		return nil, err
	}
	return plain, wiped(path, func() error { return keys.Replace(path, sealed) })
}

func (c conversion) evidence(ctx context.Context, names []byte, p ProgressFunc) error {
	key, err := parseEvidenceKey(names)
	if err != nil {
		return fmt.Errorf("encrypt the evidence: %w", err)
	}
	l := forensics.NewLocker(filepath.Join(c.dir, "evidence"), key)
	l.Secret = c.to.Subkey(keys.ForEvidence)
	if _, err := l.Sweep(); err != nil {
		return err
	}
	return l.Convert(ctx, c.from.Subkey(keys.ForEvidence), func(done, total int64) { tell(p, "encrypting evidence", done, total) })
}

// damaged seals what a repair kept of damaged files, as exports are. Of an
// incident that had a key they are encrypted with that one, damage and all: the
// key is kept beside them, sealed to the workspace.
func (c conversion) damaged() error {
	folders, err := filepath.Glob(filepath.Join(c.dir, store.DamagedPrefix+"*"))
	if err != nil {
		return err
	}
	for _, path := range folders {
		if c.from != nil && !there(filepath.Join(path, keys.DataKeyFile)) {
			if err := c.s.vault.ws.WriteDataKey(path, keys.DataKeyFile, c.from); err != nil {
				return err
			}
		}
		if err := c.sealed(path, c.from == nil); err != nil {
			return err
		}
	}
	return nil
}

// convertAside converts the folders of an incident, or of all, that a restore
// moved aside; without again only those that have no key yet. They are opened by
// nobody, and may be damaged.
func (s *Service) convertAside(ctx context.Context, id incident.ID, again bool, p ProgressFunc) error {
	folders, err := s.replaced(id)
	if err != nil {
		return err
	}
	for _, dir := range folders {
		from, err := s.vault.ws.ReadDataKey(dir, keys.DataKeyFile)
		if err == nil && !again {
			from.Wipe()
			continue // it has a key
		}
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		if err == nil {
			err = s.convert(ctx, dir, from, p)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		from.Wipe()
		if err != nil {
			return &Error{Code: CodeOf(err), Hint: "delete " + dir + " if nobody needs what was moved aside there, and repeat", Err: fmt.Errorf("encrypt what was moved aside: %w", err)}
		}
	}
	return nil
}

// sealed seals the files of a folder; without all, only those anew that are
// sealed. The copy in the clear goes when the sealed one is on the disk.
func (c conversion) sealed(root string, all bool) error {
	if _, err := os.Stat(root); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		if strings.HasSuffix(path, sealedSuffix+keys.Part) {
			if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) { //nolint:gosec // the caller has the workspace alone
				return err
			}
			return nil // this had been interrupted while it wrote it
		}
		b, err := os.ReadFile(path) //nolint:gosec // as above
		if err != nil {
			return err
		}
		if strings.HasSuffix(path, sealedSuffix) && keys.IsSealed(b) {
			return c.resealExport(path, b)
		}
		if !all {
			return nil
		}
		sealed, err := sealExport(c.to, b)
		if err != nil {
			return err
		}
		if err := keys.Replace(path+sealedSuffix, sealed); err != nil {
			return err
		}
		return wiped(path, func() error { return errors.Join(os.Remove(path), durable.SyncDir(filepath.Dir(path))) })
	})
	if err != nil {
		return fmt.Errorf("encrypt exports: %w", err)
	}
	return nil
}

func (c conversion) resealExport(path string, b []byte) error {
	to, err := c.to.Exports()
	if err != nil {
		return err
	}
	if _, err := keys.OpenWith(b, to); err == nil || c.from == nil {
		return nil // done before an interruption; or the person's own age file
	}
	from, err := c.from.Exports()
	if err != nil {
		return err
	}
	plain, err := keys.OpenWith(b, from)
	if err != nil {
		return nil //nolint:nilerr // a person's own age file, sealed to somebody else
	}
	sealed, err := sealExport(c.to, plain)
	if err != nil {
		return err
	}
	return wiped(path, func() error { return keys.Replace(path, sealed) })
}

// streamFolder begins the names of folders in which older programs kept a stream
// while they ingested it.
const streamFolder = ".stream-"

// clearLeftovers wipes and removes what an interrupted process left in folders
// whose names begin so.
func (s *Service) clearLeftovers(dir, prefix string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("clear leftovers: %w", err)
	}
	for _, e := range entries {
		if !e.IsDir() || !strings.HasPrefix(e.Name(), prefix) {
			continue
		}
		path := filepath.Join(dir, e.Name())
		err := filepath.WalkDir(path, func(file string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			return wiped(file, func() error { return os.Remove(file) })
		})
		if err = errors.Join(err, os.RemoveAll(path)); err != nil {
			return fmt.Errorf("clear leftovers: %w", err)
		}
	}
	return nil
}

// wiped replaces or removes a file by replace, and then overwrites the bytes
// that were there. On a copy-on-write file system or a flash disk that may not
// reach them; docs/encryption.md says so.
func wiped(path string, replace func() error) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return replace()
	}
	if err != nil {
		return fmt.Errorf("replace %s: %w", path, err)
	}
	if err := replace(); err != nil {
		return errors.Join(err, f.Close())
	}
	info, err := f.Stat()
	if err == nil {
		_, err = io.CopyN(f, zeros{}, info.Size())
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("wipe the old %s: %w", path, err)
	}
	return nil
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
