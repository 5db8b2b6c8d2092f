// Package store keeps one incident in one folder: the record and what is
// derived from it in SQLite, and the signed heads in a file beside it.
//
// Update is the only way to change anything, and it takes an entry: the store
// itself folds entries into the projection in the same transaction, so a
// change without an entry cannot be expressed. An acknowledged entry is on
// disk, fsynced, and so is the head that vouches for it. Several processes may
// use the same folder. The store does not decide who may do what.
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
	"sync"
	"sync/atomic"
	"time"

	"firebreak/incident"
	"firebreak/internal/durable"
	"firebreak/record"
	"firebreak/store/cryptvfs"
)

// The files of an incident's folder that are the store's.
const (
	DatabaseFile = "incident.db"
	HeadsFile    = "heads"
	lockFile     = "lock"
)

// Options are what a store needs from outside. With ReadOnly only Trust and
// Key's public half are used.
type Options struct {
	Now       func() time.Time
	Monotonic func() (ns int64, boot string)
	Rand      io.Reader  // salts; crypto/rand.Reader
	Key       record.Key // signs the heads
	// Trust are verifier keys of other installations, see record.Key.Public. An
	// incident whose newest head none of them and not Key signed is not opened
	// for writing.
	Trust []string
	// ReadOnly opens an incident to be looked at, even when its record and its
	// heads disagree. Nothing is written.
	ReadOnly bool
	// Because is why ReadOnly was chosen, where somebody wanted to write: an
	// update that is refused repeats it.
	Because error
	// Self is who the entries of the store's own are by: that the clock was
	// set, that the disk was full. The zero Actor is called firebreak.
	Self incident.Actor
	// Reached is called between the steps of an erasure, so that tests can end
	// the process there. nil outside tests.
	Reached func(step string)
	// Secret is the key that the database is encrypted with; nil is a plain
	// one. The caller may wipe it once the store is closed.
	Secret *[32]byte

	kindOf func(dir string) (string, error) // tests: another file system
}

// Store is one open incident. Its methods may be called by several goroutines.
type Store struct {
	dir    string
	id     incident.ID
	origin string
	opts   Options
	steps  []string // migrations
	blind  bool     // opened without the write-ahead log: the folder has no place for its index

	key     *cryptvfs.Key // nil for a plain database
	lock    *lock         // nil when there is none to be had, read-only
	w       *sql.DB       // nil when read-only
	r       *sql.DB
	heads   headsFile // guarded by lock
	trusted []byte    // the newest head whose signature was checked; guarded by lock
	tidied  int64     // size of the log when it was moved last; guarded by lock
	wrote   bool      // guarded by lock
	head    atomic.Pointer[record.Head]
	dead    atomic.Pointer[error]
	closed  atomic.Bool

	mu    sync.Mutex
	watch *sql.Conn // pinned, for data_version
}

// readers is the size of the read pool; one more connection is pinned.
const readers = 4

// Create makes the folder dir with a record whose first entry is first, of
// kind incident.opened. The folder appears whole or not at all; if it is there
// already and not empty, the error is fs.ErrExist.
func Create(ctx context.Context, dir string, id incident.ID, o Options, first record.Draft) (*Store, error) {
	if err := o.check(); err != nil {
		return nil, fmt.Errorf("create %s: %w", id, err)
	}
	if _, err := incident.ParseID(string(id)); err != nil {
		return nil, fmt.Errorf("create: %w", err)
	}
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return nil, fmt.Errorf("create %s: folder %s: %w", id, dir, fs.ErrExist)
	}
	parent := filepath.Dir(filepath.Clean(dir))
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return nil, fmt.Errorf("create %s: %w", id, explain(err))
	}
	part, err := os.MkdirTemp(parent, ".new-"+string(id)+"-") // mode 0700
	if err != nil {
		return nil, fmt.Errorf("create %s: %w", id, explain(err))
	}
	if err = build(ctx, part, id, o, first); err == nil {
		err = publish(part, dir)
	}
	if err != nil {
		return nil, fmt.Errorf("create %s: %w", id, errors.Join(explain(err), os.RemoveAll(part)))
	}
	return Open(ctx, dir, o)
}

// build makes a whole incident in the folder part.
func build(ctx context.Context, part string, id incident.ID, o Options, first record.Draft) (err error) {
	path := filepath.Join(part, DatabaseFile)
	// Made by hand for its mode: SQLite gives the same to -wal and -shm.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // a file of the incident's own folder
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	s, err := newStore(part, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if _, err := o.fileSystem(part); err != nil {
		return err
	}
	s.id, s.origin = id, record.Origin(o.Key.Name(), id)
	if _, err := schema(ctx, s.w); err != nil { // makes the log
		return err
	}
	if err := s.settled(); err != nil {
		return err
	}
	if err := migrate(ctx, s.w, path, s.steps, s.key); err != nil {
		return err
	}
	if _, err := s.w.ExecContext(ctx, "INSERT INTO about (one, incident, origin) VALUES (1, ?, ?)", string(id), s.origin); err != nil {
		return err
	}
	if _, err := s.commit(ctx, &act{decide: func(*Tx) ([]record.Draft, error) { return []record.Draft{first}, nil }, first: true}); err != nil {
		return err
	}
	s.keepBallast()
	return nil
}

// publish moves the finished folder to its place and makes the move durable.
func publish(part, dir string) error {
	if err := durable.SyncDir(part); err != nil {
		return err
	}
	if err := os.Rename(part, dir); err != nil {
		if info, statErr := os.Stat(dir); statErr == nil && info.IsDir() {
			return fmt.Errorf("folder %s: %w", dir, fs.ErrExist)
		}
		return err
	}
	return durable.SyncDir(filepath.Dir(dir))
}

func (o Options) check() error {
	if o.ReadOnly {
		return fmt.Errorf("a new incident: %w", ErrReadOnly)
	}
	if o.Now == nil || o.Monotonic == nil || o.Rand == nil || !o.Key.Valid() {
		return errors.New("options: want a clock, a monotonic clock, salts and a key")
	}
	return nil
}

func newStore(dir string, o Options) (*Store, error) {
	steps, err := migrations(embedded)
	if err != nil {
		return nil, err
	}
	s := &Store{dir: dir, opts: o, steps: steps, heads: headsFile{path: filepath.Join(dir, HeadsFile)}}
	path := filepath.Join(dir, DatabaseFile)
	if s.lock, err = openLock(filepath.Join(dir, lockFile), os.O_RDWR|os.O_CREATE, Owner()); err != nil {
		return nil, err
	}
	s.lock.now = o.Now
	if s.key, err = takeKey(o.Secret); err == nil {
		err = s.key.Check(path)
	}
	if err != nil {
		s.key.Release()
		return nil, errors.Join(err, s.lock.close())
	}
	s.w, s.r = connect(path, write, 1, s.key), connect(path, read, readers+1, s.key)
	return s, nil
}

// Open opens the incident in the folder dir. It brings an older schema up to
// date (after a backup), repairs what a crash can leave behind, and compares
// the heads file with the database: a record that is shorter than its heads is
// ErrTruncated, any other disagreement ErrTampered, and a newest head signed
// with a strange key ErrUntrusted and ErrReadOnly; such an incident can still
// be opened with Options.ReadOnly. Open does not read the whole record; Verify
// does.
func Open(ctx context.Context, dir string, o Options) (*Store, error) {
	if _, err := os.Stat(filepath.Join(dir, DatabaseFile)); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = incident.ErrNotFound
		}
		return nil, fmt.Errorf("open incident in %s: %w", dir, explain(err))
	}
	open := openWrite
	if o.ReadOnly {
		open = openRead
	}
	s, err := open(ctx, dir, o)
	if !o.ReadOnly && errors.Is(explain(err), ErrFull) {
		s, err = openFull(ctx, dir, o, explain(err))
	}
	if err != nil {
		return nil, fmt.Errorf("open incident in %s: %w", dir, explain(err))
	}
	return s, nil
}

func openWrite(ctx context.Context, dir string, o Options) (s *Store, err error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	steps, err := migrations(embedded)
	if err != nil {
		return nil, err
	}
	if err := peek(ctx, dir, steps, o.Secret); err != nil {
		return nil, err
	}
	if _, err := o.fileSystem(dir); err != nil {
		return nil, err
	}
	if s, err = newStore(dir, o); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(s.placed(err), s.Close())
			s = nil
		}
	}()
	if err := s.lock.acquire(ctx); err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, s.lock.release()) }()
	if at, err := schema(ctx, s.w); err != nil {
		return s, err
	} else if at == 0 { // nothing is there to bring up to date
		if err := s.heads.read(); err != nil {
			return s, err
		}
		return s, &MismatchError{Heads: s.heads.last.Size}
	}
	if err := migrate(ctx, s.w, filepath.Join(dir, DatabaseFile), s.steps, s.key); err != nil {
		return s, err
	}
	tx, err := s.w.BeginTx(ctx, nil)
	if err != nil {
		return s, err
	}
	defer func() { _ = tx.Rollback() }() // nothing was written
	if err := s.about(ctx, tx); err != nil {
		return s, err
	}
	if err := s.settle(ctx, tx); err != nil {
		return s, err
	}
	s.keepBallast()
	return s, nil
}

func openRead(ctx context.Context, dir string, o Options) (*Store, error) {
	steps, err := migrations(embedded)
	if err != nil {
		return nil, err
	}
	s := &Store{dir: dir, opts: o, steps: steps, heads: headsFile{path: filepath.Join(dir, HeadsFile)}}
	if err := peek(ctx, dir, steps, o.Secret); err != nil {
		return nil, err
	}
	if s.key, err = takeKey(o.Secret); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, DatabaseFile)
	if err := s.key.Check(path); err != nil {
		return nil, err
	}
	for _, a := range []access{look, immutable} {
		s.r = connect(path, a, readers+1, s.key)
		if err = s.openLook(ctx); err == nil {
			s.blind = a == immutable
			// Verify takes the lock, where there is one, to compare like with like.
			s.lock, err = openLock(filepath.Join(dir, lockFile), os.O_RDONLY, "")
			if errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrReadOnly) {
				s.lock, err = nil, nil
			}
			return s, err
		}
		if errors.Is(err, ErrNewer) {
			break
		}
		// A folder that cannot be written to has no place for the WAL index.
		err = errors.Join(err, s.r.Close())
	}
	s.key.Release()
	return nil, s.placed(err)
}

func (s *Store) openLook(ctx context.Context) error {
	at, err := schema(ctx, s.r)
	if err != nil {
		return err
	}
	if err := checkSchema(at, len(s.steps)); err != nil {
		return err
	}
	if at < len(s.steps) {
		return fmt.Errorf("schema %d is older than %d: open it once for writing: %w", at, len(s.steps), ErrReadOnly)
	}
	tx, err := s.r.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // read only
	return s.about(ctx, tx)
}

// about reads which incident this is.
func (s *Store) about(ctx context.Context, tx *sql.Tx) error {
	err := tx.QueryRowContext(ctx, "SELECT incident, origin FROM about").Scan(&s.id, &s.origin)
	if err != nil {
		return fmt.Errorf("read what incident this is: %w", err)
	}
	h, err := lastHead(ctx, tx)
	if err != nil && !s.opts.ReadOnly {
		return err
	}
	s.saw(h)
	return nil
}

// saw remembers the newest head.
func (s *Store) saw(h record.Head) {
	for {
		old := s.head.Load()
		if old != nil && old.Size >= h.Size || s.head.CompareAndSwap(old, &h) {
			return
		}
	}
}

// Close ends all use of the store. It waits for a running Update of this
// process. Closing twice does nothing.
func (s *Store) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	if s.lock != nil {
		turn := <-s.lock.turn
		defer func() { s.lock.turn <- turn }()
	}
	var errs []error
	s.mu.Lock()
	if s.watch != nil {
		errs = append(errs, s.watch.Close())
		s.watch = nil
	}
	s.mu.Unlock()
	if s.r != nil {
		errs = append(errs, s.r.Close())
	}
	errs = append(errs, s.finish())
	if s.lock != nil {
		errs = append(errs, s.lock.close())
	}
	s.key.Release()
	return errors.Join(errs...)
}

// kill makes the handle refuse further work; the first reason stays.
func (s *Store) kill(why error) { s.dead.CompareAndSwap(nil, &why) }

func (s *Store) alive() error {
	if s.closed.Load() {
		return ErrClosed
	}
	why := s.dead.Load()
	switch {
	case why == nil:
		return nil
	case errors.Is(*why, ErrDamaged):
		return fmt.Errorf("nothing more is written here since the disk failed; start firebreak again, it will compare: %w", *why)
	}
	return *why
}

// ID is the incident's id.
func (s *Store) ID() incident.ID { return s.id }

// Dir is the incident's folder.
func (s *Store) Dir() string { return s.dir }

// Head is the newest head that this handle has seen: that of its last Update
// or View. Tx.Head is the one that belongs to a picture.
func (s *Store) Head() record.Head {
	if h := s.head.Load(); h != nil {
		return *h
	}
	return record.Head{}
}
