package response

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"firebreak/internal/durable"
	"firebreak/store"
	"firebreak/store/archive"
)

// evidence reads every exhibit again, and takes those that are missing or
// damaged from a backup that has them whole.
func (r *repairing) evidence(ctx context.Context) error {
	xs, err := r.exhibits(ctx)
	if err != nil {
		return nil //nolint:nilerr // the record cannot be read: its own step has told, or a dry run will mend it first
	}
	if err := r.evidenceKey(ctx); err != nil {
		return err
	}
	locker, err := r.s.s.lockerOf(r.id)
	if err != nil {
		if r.o.Do {
			return err
		}
		return nil
	}
	var harmed []store.Exhibit
	for i, x := range xs {
		if x.Elsewhere {
			continue
		}
		tell(r.p, "checking "+x.ID+" "+x.Title, int64(i), int64(len(xs)))
		c, err := locker.Check(ctx, x.Exhibit)
		if err != nil {
			return err
		}
		if !c.OK {
			harmed = append(harmed, x)
			r.out.Evidence = append(r.out.Evidence, Harmed{Exhibit: x.ID, Blob: x.Blob, Found: c.Found})
		}
	}
	if len(harmed) == 0 || r.o.From == "" {
		return nil
	}
	return r.fromBackup(ctx, harmed)
}

// evidenceKey brings the key that names the blobs back.
func (r *repairing) evidenceKey(ctx context.Context) error {
	if there(filepath.Join(r.dir, evidenceKey)) {
		return nil
	}
	if r.o.From == "" {
		return &Error{Code: CodeIntegrity, Hint: "a backup has it: --from FILE", Err: fmt.Errorf("repair %s: %s is missing: the evidence cannot be named or read without it", r.id, evidenceKey)}
	}
	return r.unpacked(ctx, func(f archive.File) bool { return f.Path == "incidents/"+string(r.id)+"/"+evidenceKey }, func(dir string) error {
		from := filepath.Join(dir, evidenceKey)
		if !there(from) {
			return fail(CodeIntegrity, "", "repair %s: %s has no %s of it", r.id, r.o.From, evidenceKey)
		}
		r.plan("put %s back from %s", evidenceKey, filepath.Base(r.o.From))
		if !r.o.Do {
			return nil
		}
		return errors.Join(os.Rename(from, filepath.Join(r.dir, evidenceKey)), durable.SyncDir(r.dir))
	})
}

// unpacked unpacks the wanted files of the backup aside, and hands the
// incident's folder there to use.
func (r *repairing) unpacked(ctx context.Context, want func(archive.File) bool, use func(dir string) error) (err error) {
	in, sum, size, err := openBackup(r.o.From)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // read only
	a, err := openArchive(in, sum, size, r.o.From, r.o.Keys, r.s.s.o)
	if err != nil {
		return err
	}
	defer a.Close()
	scratch, err := archive.NewScratch(r.dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, scratch.Remove()) }()
	if _, err := unpack(ctx, a, scratch.Dir, want, r.p, "reading the backup"); err != nil { // of a damaged one we take what is whole
		return err
	}
	return use(filepath.Join(scratch.Dir, "incidents", string(r.id)))
}

// fromBackup takes the harmed exhibits' bytes, checks them against the record,
// and puts each in its place by a rename.
func (r *repairing) fromBackup(ctx context.Context, harmed []store.Exhibit) error {
	wanted := map[string]bool{}
	for _, x := range harmed {
		place := "incidents/" + string(r.id) + "/evidence/" + x.Blob[:2] + "/" + x.Blob
		wanted[place], wanted[place+".key"] = true, true
	}
	return r.unpacked(ctx, func(f archive.File) bool { return wanted[f.Path] }, func(dir string) error {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
		for _, name := range []string{evidenceKey, dataKeyFile} { // those of the incident that is here
			b, err := os.ReadFile(filepath.Join(r.dir, name))
			if err == nil {
				err = os.WriteFile(filepath.Join(dir, name), b, 0o600)
			}
			if absentOK(err) != nil {
				return err
			}
		}
		home := filepath.Dir(filepath.Dir(dir))
		locker, err := r.s.s.at(home).lockerOf(r.id)
		if err != nil {
			return err
		}
		for _, x := range harmed {
			c, err := locker.Check(ctx, x.Exhibit)
			if err != nil {
				return err
			}
			if !c.OK {
				continue // it stays in the list, with no backup named
			}
			i := slices.IndexFunc(r.out.Evidence, func(h Harmed) bool { return h.Exhibit == x.ID })
			r.out.Evidence[i].From = filepath.Base(r.o.From)
			r.plan("take exhibit %s from %s, whose bytes have the recorded hash", x.ID, filepath.Base(r.o.From))
			if r.o.Do {
				if err := r.placeBlob(dir, x.Blob); err != nil {
					return fmt.Errorf("put exhibit %s back: %w", x.ID, err)
				}
			}
		}
		return nil
	})
}

// placeBlob moves a checked blob and its key into the locker, the key first.
// What was there is replaced: it was not what its name says.
func (r *repairing) placeBlob(dir, blob string) error {
	folder := filepath.Join(r.dir, "evidence", blob[:2])
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	for _, name := range []string{blob + ".key", blob} {
		from := filepath.Join(dir, "evidence", blob[:2], name)
		if !there(from) { // a plain one has no key; the same bytes in two exhibits go once
			continue
		}
		if err := os.Rename(from, filepath.Join(folder, name)); err != nil {
			return err
		}
	}
	return durable.SyncDir(folder)
}
