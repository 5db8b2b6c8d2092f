package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"firebreak/incident"
	"firebreak/record"
)

// VerifyOptions says what to compare with from outside.
type VerifyOptions struct {
	// Seals are heads that somebody else kept: from a notification, a ticket,
	// a printed review. Without one, no local check can show that the holder of
	// the key did not write everything anew.
	Seals []string
	// Trust are verifier keys to accept beside Options.Trust, this once.
	Trust []string
	// Roster vouches for the people who signed in the record; nil checks none of
	// their signatures.
	Roster record.Roster
}

// Verify recomputes the whole record: tree, heads, signatures, disclosures;
// has SQLite check the file; and replays the record into a fresh database to
// compare what is derived from it. The report names what is wrong; an error
// means that the verification itself could not be done.
func (s *Store) Verify(ctx context.Context, o VerifyOptions) (record.Report, error) {
	heads, tx, err := s.snapshot(ctx)
	if err != nil {
		return record.Report{}, fmt.Errorf("verify %s: %w", s.id, s.placed(err))
	}
	defer func() { _ = tx.Rollback() }() // read only
	report, err := s.verify(ctx, tx, heads, o)
	if errors.Is(err, ErrDamaged) && ctx.Err() == nil {
		return s.unreadable(ctx, tx, heads, err), nil
	}
	if err != nil {
		return report, fmt.Errorf("verify %s: %w", s.id, err)
	}
	return report, nil
}

func (s *Store) verify(ctx context.Context, tx *sql.Tx, heads []byte, o VerifyOptions) (report record.Report, err error) {
	defer func() { err = s.placed(err) }()
	ev := record.Evidence{Incident: s.id, Heads: heads, Seals: o.Seals, Roster: o.Roster}
	if ev.Keys, ev.Claimed, err = s.verifiers(ctx, tx, o.Trust); err != nil {
		return report, err
	}
	t := &Tx{ctx: ctx, tx: tx, id: s.id}
	rows, err := t.sealed(`SELECT e.seq, e.kind, e.line, d.body FROM entries e LEFT JOIN disclosures d ON d.seq = e.seq
		ORDER BY e.seq, d.digest`)
	if err != nil {
		return report, err
	}
	for _, r := range rows {
		ev.Lines = append(ev.Lines, r.Sealed)
	}
	if ev.Inside, err = blobs(ctx, tx, "SELECT note FROM heads ORDER BY size"); err != nil {
		return report, err
	}
	if ev.Leaves, err = leaves(ctx, tx); err != nil {
		return report, err
	}
	report = record.Verify(ev)
	if info, err := os.Stat(filepath.Join(s.dir, DatabaseFile+"-wal")); s.blind && err == nil && info.Size() > 0 {
		report.Notes = append(report.Notes, "the folder cannot be written to, so the newest entries, in "+info.Name()+", were not read: copy the folder and verify the copy")
	}
	if err := s.checkFile(ctx, tx, rows, &report); err != nil {
		return report, err
	}
	return report, s.checkReplay(ctx, tx, rows, &report)
}

// snapshot takes the heads file and a picture of the database that belong
// together: under the lock, so that no update lies between them.
func (s *Store) snapshot(ctx context.Context) (heads []byte, tx *sql.Tx, err error) {
	if s.closed.Load() {
		return nil, nil, ErrClosed
	}
	if s.lock != nil {
		if err := s.lock.acquire(ctx); err != nil {
			return nil, nil, err
		}
		defer func() { err = errors.Join(err, s.lock.release()) }()
	}
	heads, err = os.ReadFile(filepath.Join(s.dir, HeadsFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, explain(err)
	}
	if tx, err = s.r.BeginTx(ctx, nil); err != nil {
		return nil, nil, explain(err)
	}
	var n int64 // the first read fixes the picture
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM about").Scan(&n); err != nil {
		return nil, nil, errors.Join(explain(err), tx.Rollback())
	}
	return heads, tx, nil
}

// verifiers are the keys known from the options and from more, and those that
// only the database names.
func (s *Store) verifiers(ctx context.Context, tx *sql.Tx, more []string) (known, claimed record.Keys, err error) {
	trust := slices.Concat(s.opts.Trust, more)
	if s.opts.Key.Valid() {
		trust = append(trust, s.opts.Key.Public())
	}
	if known, err = record.ParseKeys(trust...); err != nil {
		return nil, nil, err
	}
	public, err := blobs(ctx, tx, "SELECT public FROM keys ORDER BY public")
	if err != nil {
		return nil, nil, err
	}
	for _, p := range public {
		if slices.Contains(trust, string(p)) {
			continue
		}
		if k, err := record.ParseKeys(string(p)); err == nil { // an unreadable one vouches for nothing
			claimed = append(claimed, k...)
		}
	}
	return known, claimed, nil
}

func blobs(ctx context.Context, tx *sql.Tx, query string) ([][]byte, error) {
	rows, err := tx.QueryContext(ctx, query)
	if err != nil {
		return nil, explain(err)
	}
	defer func() { _ = rows.Close() }()
	out := [][]byte{}
	for rows.Next() {
		var b []byte
		if err := rows.Scan(&b); err != nil {
			return nil, explain(err)
		}
		out = append(out, b)
	}
	return out, explain(rows.Err())
}

// leaves reads the kept leaf hashes up to the first gap. They are a help to
// find faults, no proof.
func leaves(ctx context.Context, tx *sql.Tx) ([]record.Hash, error) {
	rows, err := tx.QueryContext(ctx, "SELECT id, hash FROM tree ORDER BY id")
	if err != nil {
		return nil, explain(err)
	}
	defer func() { _ = rows.Close() }()
	var out []record.Hash
	for rows.Next() {
		var id int64
		var b []byte
		if err := rows.Scan(&id, &b); err != nil {
			return nil, explain(err)
		}
		if id < 0 || len(b) != tlog.HashSize {
			continue
		}
		if level, n := tlog.SplitStoredHashIndex(id); level == 0 && n == int64(len(out)) {
			out = append(out, record.Hash(b))
		}
	}
	return out, explain(rows.Err())
}

// checkFile looks at what lies around the lines: SQLite's own check, the tree
// and the two columns that repeat what the lines say.
func (s *Store) checkFile(ctx context.Context, tx *sql.Tx, rows []row, report *record.Report) error {
	said, err := blobs(ctx, tx, "PRAGMA integrity_check(20)")
	if err != nil {
		return err
	}
	for _, b := range said {
		if string(b) != "ok" {
			fault(report, 0, record.Damaged, "SQLite: "+string(b))
		}
	}
	if err := checkColumns(ctx, tx, report); err != nil {
		return err
	}
	var tree record.Tree
	for i, r := range rows {
		l, err := record.ParseLine(r.Line)
		if err == nil && (l.Kind != r.kind || l.Seq != r.seq) {
			fault(report, r.seq, record.Derived, fmt.Sprintf("the line says entry %d, %s; its row says %s", l.Seq, l.Kind, r.kind))
		}
		if err := tree.Append(record.LeafHash(rows[i].Line)); err != nil {
			return err
		}
	}
	return s.checkTree(ctx, tx, &tree, report)
}

// checkTree compares the kept hashes with those of the lines. An update builds
// on the kept ones, so a wrong one would spoil the next head.
func (s *Store) checkTree(ctx context.Context, tx *sql.Tx, tree *record.Tree, report *record.Report) error {
	kept, err := blobs(ctx, tx, "SELECT hash FROM tree ORDER BY id")
	if err != nil {
		return err
	}
	want := tlog.StoredHashCount(tree.Size())
	for i := range max(want, int64(len(kept))) {
		if i < want && i < int64(len(kept)) {
			h, err := tree.ReadHashes([]int64{i})
			if err != nil {
				return err
			}
			if bytes.Equal(h[0][:], kept[i]) {
				continue
			}
		}
		if report.OK() { // otherwise it follows from a fault that has its name
			fault(report, 0, record.Derived, fmt.Sprintf("kept hash %d is not the one of the lines", i))
		}
		return nil
	}
	return nil
}

// checkReplay folds the record into a fresh database and compares.
func (s *Store) checkReplay(ctx context.Context, tx *sql.Tx, rows []row, report *record.Report) (err error) {
	db := scratch()
	defer func() { err = errors.Join(err, db.Close()) }()
	fresh, err := replay(ctx, db, s.steps, s.id, rows)
	var broken *replayError
	if errors.As(err, &broken) {
		fault(report, broken.seq, record.Derived, "the record cannot be replayed from here: "+broken.err.Error())
		return nil
	}
	if err != nil {
		return err
	}
	kept, err := dump(ctx, tx)
	if err != nil {
		return err
	}
	for _, key := range sortedKeys(kept, fresh) {
		k, f := kept[key], fresh[key]
		switch {
		case k == f:
		case f == "":
			fault(report, 0, record.Derived, key+" does not follow from the record")
		case k == "":
			fault(report, 0, record.Derived, key+" is missing")
		default:
			fault(report, 0, record.Derived, key+" differs from what the record says")
		}
	}
	return nil
}

func fault(r *record.Report, seq int64, what record.Fault, where string) {
	r.Problems = append(r.Problems, record.Problem{Seq: seq, What: what, Where: where})
}

// replayError is an entry that cannot be folded.
type replayError struct {
	seq int64
	err error
}

func (e *replayError) Error() string { return fmt.Sprintf("replay entry %d: %v", e.seq, e.err) }
func (e *replayError) Unwrap() error { return e.err }

// replay folds rows into the empty database db and returns its dump.
func replay(ctx context.Context, db *sql.DB, steps []string, id incident.ID, rows []row) (map[string]string, error) {
	for i, script := range steps {
		if err := step(ctx, db, i+1, script); err != nil {
			return nil, err
		}
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback() }() // only the dump is wanted
	f := fold{ctx, tx, id}
	err = f.all(rows, func(e record.Entry, line []byte) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO entries (seq, kind, line) VALUES (?, ?, ?)", e.Seq, string(e.Kind), line)
		return err
	})
	if err != nil {
		return nil, err
	}
	return dump(ctx, tx)
}

// all folds a whole record. before is called with each entry first. What cannot
// be folded is a *replayError.
func (f fold) all(rows []row, before func(record.Entry, []byte) error) error {
	entries := make([]record.Entry, len(rows))
	for i, r := range rows {
		var err error
		if entries[i], _, err = record.Unseal(r.Line, r.Disclosures); err != nil {
			return &replayError{r.seq, err}
		}
	}
	erased := record.ErasedFields(entries)
	for i, e := range entries {
		e.MarkErased(erased[e.Seq])
		err := before(e, rows[i].Line)
		if err == nil {
			err = f.apply(e)
		}
		if err != nil {
			if f.ctx.Err() != nil {
				return f.ctx.Err()
			}
			return &replayError{e.Seq, err}
		}
	}
	return nil
}
