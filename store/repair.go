package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"firebreak/incident"
	"firebreak/internal/durable"
	"firebreak/record"
	"firebreak/store/cryptvfs"
)

// Mending is what Repair does, or would do.
type Mending struct {
	Plan []string `json:"plan"`           // in words; empty when there is nothing to mend
	Lost []string `json:"lost,omitempty"` // what cannot be brought back from here
	// Salvaged says that a new database was made of what could be read and the
	// heads vouch for.
	Salvaged bool   `json:"salvaged,omitempty"`
	Aside    string `json:"aside,omitempty"` // where the old files are kept
	Done     bool   `json:"done"`
}

const (
	newDatabase    = DatabaseFile + ".new"    // being made
	mendedDatabase = DatabaseFile + ".mended" // whole; only its name is wrong yet
)

// Repair mends what is derived: kept hashes, projection, the columns that
// repeat what lines say, and the heads file. It never changes a line, a
// disclosure or a signed head. Where the database itself is damaged it makes a
// new one of every line and disclosure that the heads vouch for, and keeps the
// old files aside. With dry it only says what it would do. Killed at any
// moment, it can be run again.
func Repair(ctx context.Context, dir string, o Options, dry bool) (m Mending, err error) {
	m.Plan = []string{}
	if err := o.check(); err != nil {
		return m, fmt.Errorf("repair: %w", err)
	}
	l, err := openLock(filepath.Join(dir, lockFile), os.O_RDWR|os.O_CREATE, Owner())
	if err != nil {
		return m, fmt.Errorf("repair: %w", err)
	}
	if err := l.acquire(ctx); err != nil {
		return m, errors.Join(fmt.Errorf("repair: %w", err), l.close())
	}
	defer func() { err = errors.Join(err, l.release(), l.close()) }()
	key, err := takeKey(o.Secret)
	if err != nil {
		return m, fmt.Errorf("repair: %w", err)
	}
	defer key.Release()
	r := &repair{dir: dir, o: o, dry: dry, m: &m, key: key}
	if err := r.run(ctx); err != nil {
		return m, fmt.Errorf("repair %s: %w", r.id, explain(err))
	}
	m.Done = !dry
	return m, nil
}

// repair is one repair under way, under the incident's lock.
type repair struct {
	dir   string
	o     Options
	dry   bool
	m     *Mending
	steps []string
	key   *cryptvfs.Key // nil for a plain database
	id    incident.ID
	file  []byte        // the heads file
	found found         // what could be read of the database
	heads []record.Head // with a good signature, by rising size, from both places
}

func (r *repair) plan(format string, args ...any) {
	r.m.Plan = append(r.m.Plan, fmt.Sprintf(format, args...))
}

func (r *repair) path(name string) string { return filepath.Join(r.dir, name) }

func (r *repair) run(ctx context.Context) (err error) {
	if r.steps, err = migrations(embedded); err != nil {
		return err
	}
	if done, err := r.finish(); err != nil || done && r.dry {
		return err
	}
	if done, err := r.rollBack(ctx); err != nil || done && r.dry {
		return err
	}
	if r.file, err = os.ReadFile(r.path(HeadsFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := r.look(ctx); err != nil {
		return err
	}
	if why := r.unsound(); why != "" {
		err = r.salvage(ctx, why)
	} else {
		err = r.inPlace(ctx)
	}
	if err != nil {
		return err
	}
	return r.headsFile()
}

// rollBack has SQLite undo what a killed process left half done in a journal,
// which nobody can who only looks.
func (r *repair) rollBack(ctx context.Context) (bool, error) {
	if _, err := os.Lstat(r.path(DatabaseFile + "-journal")); err != nil {
		return false, ignoreMissing(err)
	}
	r.plan("undo what a killed process left half done")
	if r.dry {
		return true, nil
	}
	db := connect(r.path(DatabaseFile), write, 1, r.key)
	_, err := schema(ctx, db)
	return true, errors.Join(err, db.Close())
}

// look reads what there is, and opens the heads. Nothing is written: closing
// does not even bring the log into the database.
func (r *repair) look(ctx context.Context) error {
	db := connect(r.path(DatabaseFile), look, 1, r.key)
	r.found = readAll(ctx, db)
	if err := db.Close(); err != nil {
		r.found.note(err)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	switch at := r.found.schema; {
	case at > len(r.steps):
		return checkSchema(at, len(r.steps))
	case at > 0 && at < len(r.steps):
		return fmt.Errorf("schema %d is older than %d: open it once for writing: %w", at, len(r.steps), ErrReadOnly)
	}
	keys, err := r.keys()
	if err != nil {
		return err
	}
	seen := map[int64]record.Head{}
	for _, note := range slices.Concat(wholeNotes(r.file), r.found.heads) {
		h, err := record.OpenHead(note, keys)
		if err != nil {
			continue
		}
		if old, ok := seen[h.Size]; ok && old.Root != h.Root {
			return &MismatchError{Heads: h.Size, Why: fmt.Sprintf("two signed heads of size %d have different roots: this is no damage, it was written anew", h.Size)}
		}
		seen[h.Size] = h
	}
	for _, h := range seen {
		r.heads = append(r.heads, h)
	}
	slices.SortFunc(r.heads, func(a, b record.Head) int { return int(min(1, max(-1, a.Size-b.Size))) })
	if len(r.heads) == 0 {
		return fmt.Errorf("there is no head with a good signature, neither in the heads file nor in the database: %w", ErrUntrusted)
	}
	r.id = r.newest().Incident()
	return nil
}

func (r *repair) newest() record.Head { return r.heads[len(r.heads)-1] }

func (r *repair) keys() (record.Keys, error) {
	return record.ParseKeys(append(slices.Clone(r.o.Trust), r.o.Key.Public())...)
}

// wholeNotes are the complete notes of a heads file, whatever lies between
// them.
func wholeNotes(b []byte) [][]byte {
	var out [][]byte
	for len(b) > 0 {
		h, err := record.SplitHeads(b)
		out = append(out, h.Notes...)
		if err == nil {
			break
		}
		for _, n := range h.Notes {
			b = b[len(n):]
		}
		b = record.SkipToHead(b)
	}
	return out
}

// unsound says why the database cannot be mended in place: what must never be
// changed in it is not as it was signed.
func (r *repair) unsound() string {
	f := r.found
	switch {
	case f.err != nil:
		return "the database cannot be read in full: " + f.err.Error()
	case len(f.said) > 0:
		return "SQLite finds it damaged: " + f.said[0]
	case f.astray > 0:
		return fmt.Sprintf("%d fields do not lie with the entry they belong to, or with none", f.astray)
	case int64(len(f.rows)) != r.newest().Size:
		return fmt.Sprintf("it has %d entries, the newest head vouches for %d", len(f.rows), r.newest().Size)
	}
	var tree record.Tree
	for i, row := range f.rows {
		if tree.Append(record.LeafHash(row.Line)) != nil || row.seq != int64(i+1) {
			return fmt.Sprintf("the lines are not in their places from entry %d on", i+1)
		}
	}
	for _, h := range r.heads {
		if !rootOf(&tree, h) {
			return fmt.Sprintf("its lines up to entry %d are not those that were signed", h.Size)
		}
	}
	return ""
}

func rootOf(t *record.Tree, h record.Head) bool {
	root, err := t.Root(h.Size)
	return err == nil && fmt.Sprintf("%x", root[:]) == h.Root
}

// inPlace mends what is derived, in one transaction.
func (r *repair) inPlace(ctx context.Context) (err error) {
	db := connect(r.path(DatabaseFile), write, 1, r.key)
	defer func() { err = errors.Join(err, db.Close()) }()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // does nothing after a commit
	for _, mend := range []func(context.Context, *sql.Tx) error{r.missingGuards, r.kinds, r.tree, r.insideHeads, r.projection} {
		if err := mend(ctx, tx); err != nil {
			return err
		}
	}
	if r.dry {
		return nil
	}
	return tx.Commit()
}

// kinds sets the column that repeats the line's kind. The guard against
// changes of the record is lifted for this one transaction.
func (r *repair) kinds(ctx context.Context, tx *sql.Tx) error {
	var wrong []record.Line
	for _, row := range r.found.rows {
		if l, err := record.ParseLine(row.Line); err == nil && l.Kind != row.kind {
			wrong = append(wrong, l)
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	r.plan("set the kind of %d entries to what their lines say", len(wrong))
	if _, err := tx.ExecContext(ctx, "DROP TRIGGER entries_stay"); err != nil {
		return err
	}
	for _, l := range wrong {
		if _, err := tx.ExecContext(ctx, "UPDATE entries SET kind = ? WHERE seq = ?", string(l.Kind), l.Seq); err != nil {
			return err
		}
	}
	return r.guards(ctx, tx, func(string) {})
}

// missingGuards puts back what the schema has beside its tables: the triggers
// that keep a slip from changing the record, indexes, views.
func (r *repair) missingGuards(ctx context.Context, tx *sql.Tx) error {
	return r.guards(ctx, tx, func(name string) { r.plan("put %s back, which is gone from the schema", name) })
}

func (r *repair) guards(ctx context.Context, tx *sql.Tx, say func(name string)) (err error) {
	db := scratch()
	defer func() { err = errors.Join(err, db.Close()) }()
	for i, script := range r.steps {
		if err := step(ctx, db, i+1, script); err != nil {
			return err
		}
	}
	const objects = "SELECT name, sql FROM sqlite_schema WHERE type <> 'table' AND sql IS NOT NULL ORDER BY name"
	want, err := pairs(ctx, db, objects)
	if err != nil {
		return err
	}
	there, err := pairs(ctx, tx, objects)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if _, ok := there[name]; ok {
			continue
		}
		say(name)
		if _, err := tx.ExecContext(ctx, want[name]); err != nil {
			return err
		}
	}
	return nil
}

type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func pairs(ctx context.Context, q querier, query string) (map[string]string, error) {
	rows, err := q.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	out := map[string]string{}
	for rows.Next() {
		var k, v string
		if err := rows.Scan(&k, &v); err != nil {
			return nil, err
		}
		out[k] = v
	}
	return out, rows.Err()
}

// projection folds the record again where what is kept differs from it.
func (r *repair) projection(ctx context.Context, tx *sql.Tx) (err error) {
	db := scratch()
	defer func() { err = errors.Join(err, db.Close()) }()
	rows := slices.Clone(r.found.rows)
	want, err := replay(ctx, db, r.steps, r.id, rows)
	var broken *replayError
	if errors.As(err, &broken) {
		r.m.Lost = append(r.m.Lost, fmt.Sprintf("what follows from entry %d: it cannot be folded: %v", broken.seq, broken.err))
		return nil
	}
	if err != nil {
		return err
	}
	kept, err := dump(ctx, tx)
	if err != nil {
		return err
	}
	differ := 0
	for _, key := range sortedKeys(kept, want) {
		if kept[key] != want[key] {
			differ++
		}
	}
	if differ == 0 {
		return nil
	}
	r.plan("fold the record again: %d things that follow from it differ", differ)
	if _, err := tx.ExecContext(ctx, "DELETE FROM projection"); err != nil {
		return err
	}
	return fold{ctx, tx, r.id}.all(rows, func(record.Entry, []byte) error { return nil })
}

// headsFile writes the heads file anew where heads are missing or damaged in
// it. The old one is kept aside.
func (r *repair) headsFile() error {
	var want []byte
	for _, h := range r.heads {
		want = append(want, h.Signed...)
	}
	if bytes.Equal(want, r.file) {
		return nil
	}
	if h, err := record.SplitHeads(r.file); err == nil && h.Torn > 0 && bytes.Equal(want, r.file[:len(r.file)-h.Torn]) {
		r.plan("cut the beginning of a head (%d bytes) off the end of the heads file", h.Torn)
	} else {
		r.plan("write the heads file anew: %d signed heads are known", len(r.heads))
	}
	if r.dry {
		return nil
	}
	if len(r.file) > 0 {
		aside, err := r.aside()
		if err != nil {
			return err
		}
		if err := keep(r.path(HeadsFile), filepath.Join(aside, HeadsFile)); err != nil {
			return err
		}
	}
	return durable.Replace(r.path(HeadsFile), want, 0o600)
}

// DamagedPrefix begins the names of folders with what a repair kept of damaged
// files.
const DamagedPrefix = "damaged-"

// aside is the folder that the old files are kept in.
func (r *repair) aside() (string, error) {
	if r.m.Aside != "" {
		return r.m.Aside, nil
	}
	dir, err := os.MkdirTemp(r.dir, DamagedPrefix+r.o.Now().UTC().Format("20060102T150405Z")+"-")
	r.m.Aside = dir
	return dir, err
}
