package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/tlog"

	"firebreak/internal/durable"
	"firebreak/record"
)

// vouchedLeaves are the leaf hashes that the newest head vouches for: the kept
// ones, if they give its root; else those of the longest beginning of the lines
// that a head vouches for.
func (r *repair) vouchedLeaves() []record.Hash {
	newest := r.newest()
	var leaves []record.Hash
	for i, h := range r.found.tree {
		if len(h) != tlog.HashSize {
			break
		}
		if level, n := tlog.SplitStoredHashIndex(int64(i)); level == 0 && n == int64(len(leaves)) && n < newest.Size {
			leaves = append(leaves, record.Hash(h))
		}
	}
	if t, err := treeOf(leaves); err == nil && rootOf(t, newest) {
		return leaves
	}
	leaves = leaves[:0]
	for _, row := range r.found.rows {
		l, err := record.ParseLine(row.Line)
		if err != nil || l.Seq != int64(len(leaves)+1) {
			break
		}
		leaves = append(leaves, record.LeafHash(row.Line))
	}
	t, err := treeOf(leaves)
	if err != nil {
		return nil
	}
	for i := len(r.heads) - 1; i >= 0; i-- {
		if h := r.heads[i]; h.Size <= t.Size() && rootOf(t, h) {
			return leaves[:h.Size]
		}
	}
	return nil
}

// lostFields tells which fields can no longer be read. Those that an erasure
// destroyed are not lost. Where entries are lost, one of them may have been an
// erasure, or the field that says what an erasure destroyed.
func lostFields(kept []row, gaps bool) (lost []string) {
	erased := map[string]bool{}
	for _, row := range kept {
		if row.kind != record.ErasureDone {
			continue
		}
		e, absent, err := record.Unseal(row.Line, row.Disclosures)
		var done record.Erasure
		if err == nil {
			err = e.Decode(&done)
		}
		gaps = gaps || err != nil || len(absent) > 0
		for _, f := range done.Fields {
			erased[fmt.Sprint(f.Seq, " ", f.Digest)] = err == nil
		}
	}
	for _, row := range kept {
		l, err := record.ParseLine(row.Line)
		if err != nil {
			continue // kept are only those that can be read
		}
		there := map[string]bool{}
		for _, d := range row.Disclosures {
			there[record.DigestOf(d)] = true
		}
		n := 0
		for _, d := range l.Digests {
			if !there[d] && !erased[fmt.Sprint(l.Seq, " ", d)] {
				n++
			}
		}
		if n == 0 {
			continue
		}
		said := fmt.Sprintf("%d of %d fields of entry %d", n, len(l.Digests), l.Seq)
		if gaps {
			said += ", unless they were erased"
		}
		lost = append(lost, said)
	}
	return lost
}

func treeOf(leaves []record.Hash) (*record.Tree, error) {
	var t record.Tree
	for _, l := range leaves {
		if err := t.Append(l); err != nil {
			return nil, err
		}
	}
	return &t, nil
}

// salvage makes a new database of what can be read and is vouched for.
func (r *repair) salvage(ctx context.Context, why string) error {
	leaves := r.vouchedLeaves()
	byLeaf := map[record.Hash]row{}
	for _, row := range r.found.rows {
		byLeaf[record.LeafHash(row.Line)] = row
	}
	var kept []row
	for i, leaf := range leaves {
		row, ok := byLeaf[leaf]
		l, err := record.ParseLine(row.Line)
		if !ok || err != nil {
			r.m.Lost = append(r.m.Lost, fmt.Sprintf("entry %d", i+1))
			continue
		}
		row.seq, row.kind = l.Seq, l.Kind
		kept = append(kept, row)
	}
	r.m.Lost = append(r.m.Lost, lostFields(kept, int64(len(kept)) < r.newest().Size)...)
	if n := len(r.found.rows) - len(kept); n > 0 {
		r.m.Lost = append(r.m.Lost, fmt.Sprintf("%d lines that no head vouches for: they are not those that were signed", n))
	}
	if n := int64(len(leaves)); n < r.newest().Size {
		r.m.Lost = append(r.m.Lost, fmt.Sprintf("entries %d to %d: nothing that can be read is vouched for", n+1, r.newest().Size))
	}
	if len(kept) == 0 || kept[0].seq != 1 {
		return fmt.Errorf("%w: %s; nothing of it is vouched for, so nothing was changed: restore a backup", ErrDamaged, why)
	}
	if err := r.begins(ctx, kept); err != nil {
		return err
	}
	r.m.Salvaged = true
	r.plan("%s: make a new database of the %d entries that can be read and are vouched for, and keep the old files aside", why, len(kept))
	if r.dry {
		return nil
	}
	if err := r.build(ctx, leaves, kept); err != nil {
		return errors.Join(err, ignoreMissing(os.Remove(r.path(newDatabase))))
	}
	aside, err := r.aside()
	if err != nil {
		return err
	}
	for _, name := range []string{DatabaseFile, DatabaseFile + "-wal", DatabaseFile + "-shm"} {
		if err := keep(r.path(name), filepath.Join(aside, name)); err != nil {
			return err
		}
	}
	if err := errors.Join(durable.SyncDir(aside), os.Rename(r.path(newDatabase), r.path(mendedDatabase)), durable.SyncDir(r.dir)); err != nil {
		return err
	}
	_, err = r.finish()
	return err
}

// finish gives the mended database its name. The old log must go first: SQLite
// would apply it to the new file. Killed in between, the next repair comes back
// here, and the old files are all in the folder aside.
func (r *repair) finish() (bool, error) {
	if _, err := os.Lstat(r.path(mendedDatabase)); err != nil {
		return false, ignoreMissing(err)
	}
	if len(r.m.Plan) == 0 {
		r.plan("finish a repair that was interrupted")
	}
	if r.dry {
		return true, nil
	}
	for _, name := range []string{"-wal", "-shm"} {
		if err := ignoreMissing(os.Remove(r.path(DatabaseFile + name))); err != nil {
			return true, err
		}
	}
	if err := os.Rename(r.path(mendedDatabase), r.path(DatabaseFile)); err != nil {
		return true, err
	}
	return true, durable.SyncDir(r.dir)
}

// build writes the new database.
func (r *repair) build(ctx context.Context, leaves []record.Hash, kept []row) (err error) {
	path := r.path(newDatabase)
	for _, end := range []string{"", "-journal", "-wal", "-shm"} { // of a repair that was killed
		if err := ignoreMissing(os.Remove(path + end)); err != nil {
			return err
		}
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // a file of the incident's own folder
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	db := connect(path, staged, 1, r.key)
	defer func() { err = errors.Join(err, db.Close(), durable.SyncFile(path)) }()
	for i, script := range r.steps {
		if err := step(ctx, db, i+1, script); err != nil {
			return err
		}
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // does nothing after a commit
	if err := r.fill(ctx, tx, leaves, kept); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	// Open wants a log. To turn to one later would pass through a journal on the
	// disk, and a process killed there would leave it to be rolled back.
	_, err = db.ExecContext(ctx, "PRAGMA journal_mode = WAL")
	return err
}

func (r *repair) fill(ctx context.Context, tx *sql.Tx, leaves []record.Hash, kept []row) error {
	insert := func(query string, args ...any) error {
		_, err := tx.ExecContext(ctx, query, args...)
		return err
	}
	if err := insert("INSERT INTO about (one, incident, origin) VALUES (1, ?, ?)", string(r.id), r.newest().Origin); err != nil {
		return err
	}
	for _, k := range r.found.keys {
		if err := insert("INSERT INTO keys (public) VALUES (?) ON CONFLICT DO NOTHING", string(k)); err != nil {
			return err
		}
	}
	for _, row := range kept {
		if err := insert("INSERT INTO entries (seq, kind, line) VALUES (?, ?, ?)", row.seq, string(row.kind), row.Line); err != nil {
			return err
		}
		for _, d := range row.Disclosures {
			if err := insert("INSERT INTO disclosures (digest, seq, body) VALUES (?, ?, ?)", record.DigestOf(d), row.seq, d); err != nil {
				return err
			}
		}
	}
	hashes, err := storedHashes(leaves)
	if err != nil {
		return err
	}
	if err := insertTree(ctx, tx, hashes); err != nil {
		return err
	}
	for _, h := range r.heads {
		if h.Size > int64(len(leaves)) {
			break // vouches for what is lost; it stays in the heads file
		}
		if err := insert("INSERT INTO heads (size, note) VALUES (?, ?)", h.Size, h.Signed); err != nil {
			return err
		}
	}
	return r.refold(ctx, tx, kept)
}

// begins refuses to make a new database where the first entry cannot be folded:
// there would be no incident in it.
func (r *repair) begins(ctx context.Context, kept []row) (err error) {
	db := scratch()
	defer func() { err = errors.Join(err, db.Close()) }()
	for i, script := range r.steps {
		if err := step(ctx, db, i+1, script); err != nil {
			return err
		}
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // a trial
	entries, faults := marked(kept)
	if err = faults[0]; err == nil {
		_, err = tx.ExecContext(ctx, "INSERT INTO entries (seq, kind, line) VALUES (?, ?, ?)", kept[0].seq, string(kept[0].kind), kept[0].Line)
	}
	if err == nil {
		err = fold{ctx, tx, r.id}.apply(entries[0])
	}
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("%w: too little of entry 1 can be read, so nothing was changed: restore a backup", ErrDamaged)
	}
	return err
}

// marked are the entries of rows, which know what was erased of them, and why
// some cannot be read.
func marked(kept []row) (entries []record.Entry, faults []error) {
	entries, faults = make([]record.Entry, len(kept)), make([]error, len(kept))
	for i, row := range kept {
		entries[i], _, faults[i] = record.Unseal(row.Line, row.Disclosures)
	}
	erased := record.ErasedFields(entries)
	for i, row := range kept {
		if faults[i] == nil {
			entries[i].MarkErased(erased[row.seq])
		}
	}
	return entries, faults
}

// refold folds what is left. An entry that cannot be folded, because it or
// what it builds on is lost, changes nothing.
func (r *repair) refold(ctx context.Context, tx *sql.Tx, kept []row) error {
	entries, faults := marked(kept)
	for i, row := range kept {
		err := faults[i]
		if err == nil {
			err = savepoint(ctx, tx, func() error { return fold{ctx, tx, r.id}.apply(entries[i]) })
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			r.m.Lost = append(r.m.Lost, fmt.Sprintf("what follows from entry %d: %v", row.seq, err))
		}
	}
	return nil
}

func savepoint(ctx context.Context, tx *sql.Tx, do func() error) error {
	if _, err := tx.ExecContext(ctx, "SAVEPOINT one"); err != nil {
		return err
	}
	err := do()
	if err != nil {
		if _, e := tx.ExecContext(ctx, "ROLLBACK TO one"); e != nil {
			return errors.Join(err, e)
		}
	}
	_, e := tx.ExecContext(ctx, "RELEASE one")
	return errors.Join(err, e)
}

// keep makes a second name for a file, or where the file system has none, a
// copy. A missing file is nothing to keep.
func keep(from, to string) error {
	err := os.Link(from, to)
	if err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrExist) {
		return ignoreMissing(ignoreExisting(err))
	}
	in, err := os.Open(from) //nolint:gosec // a file of the incident's own folder
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()                                     // read only
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // as above
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func ignoreExisting(err error) error {
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}
