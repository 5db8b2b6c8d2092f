// Package events is the timeline engine: it keeps the events of one incident
// in timeline.db and answers pages, counts and histograms of a filter.
//
// timeline.db is derived from the evidence. It can be deleted and filled
// again; a file that cannot be trusted gives ErrDamaged. Several processes may
// read while one writes; a batch is there whole or not at all. Events lie in
// immutable segments (package segment); small ones are merged in the background.
//
// The package knows nothing of marks: a filter that asks for stars, tags or
// comments comes here after timeline.Filter.Marked.
//
// Where to begin reading: schema.go has the tables. Writing is appender.go (who
// fills), writer.go (a transaction a segment), ahead.go (what nobody is to see yet),
// dedupe.go (the same id once), merge.go, digest.go
// (what many segments say of themselves, in one row). Reading is plan.go (a filter as terms), the term_ files (what each
// says of a segment and of its blocks), crew.go (the workers of one question, at
// one moment of the file), walk.go (pages) and tally.go (counts and sums).
package events

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"github.com/mattn/go-sqlite3"

	"firebreak/internal/sqliteuri"
	"firebreak/store/cryptvfs"
	"firebreak/store/events/segment"
)

// ErrDamaged is returned where timeline.db is no SQLite file, is corrupt, or
// has a schema this program does not know. The way out is to delete the file
// and to ingest the evidence again.
var ErrDamaged = errors.New("timeline.db is damaged")

// ErrOlder is returned where an older program made timeline.db, in another form.
// Such an error is ErrDamaged too: the way out is the same.
var ErrOlder = errors.New("timeline.db was written by an older version of firebreak")

// ErrNewer is returned where a newer program made timeline.db. Nothing of it
// is touched.
var ErrNewer = errors.New("timeline.db was written by a newer version of firebreak")

// ErrDisk is returned where the disk failed. What of the batch is on it is not
// known; timeline.db is derived and can be made again.
var ErrDisk = errors.New("the disk of timeline.db failed")

// ErrDiskFull is returned where the disk has no room for a batch. What was
// there before is untouched.
var ErrDiskFull = errors.New("no space left on the disk of timeline.db")

// DB is an open timeline.db. It is safe for use by several goroutines.
type DB struct {
	read  *sql.DB
	write *sql.DB

	key    *cryptvfs.Key // nil for a plain file
	owners Owners
	full   int // rows at which a segment is full

	mu     sync.Mutex // held while writing
	writer *writer    // opened at the first write
	older  bool       // the file has schemaLikeIt, until it is written to

	catalogue catalogue
	small     filling // what Append fills
	merger    merger
	readOnly  bool

	helpers chan struct{} // one for each that is at work, of all queries

	masks wordMasks
	names names
	spare spare
	cache segment.Cache
}

// pragmas hold for every connection. One transaction per batch makes
// synchronous=FULL nearly free. secure_delete writes zeros over what is deleted.
const pragmas = "_journal_mode=WAL&_synchronous=FULL&_busy_timeout=10000&_secure_delete=on"

// readers is how many connections for reading are kept while nobody needs them.
// A query always gets one, so that queries within queries come to an end;
// only helpers are few.
const readers = 4

// Options say how timeline.db is kept.
type Options struct {
	// Secret is the key that the file is encrypted with; nil is a plain one.
	Secret *[32]byte
	// Renew empties the file of an older program and gives it this one's form, in
	// one transaction. Without it, and where nothing can be written, there is
	// ErrOlder.
	Renew bool
	// Owners tell apart who writes; see NewAhead.
	Owners Owners
	// SegmentRows is at how many events a segment is full, also for a merge; for
	// tests alone, which need several. 0, and whatever is more, is SegmentRows.
	SegmentRows int
}

// SegmentRows is at how many events a segment is full, if not before.
const SegmentRows = segment.MaxRows

// full is at how many rows a segment is full.
func (o Options) full() int {
	if o.SegmentRows <= 0 {
		return SegmentRows
	}
	return min(o.SegmentRows, SegmentRows)
}

// Open opens timeline.db at path and creates it where it is missing; its
// folder must exist. Where the folder cannot be written to, as in an archive
// or a mounted copy, it is opened to be read.
func Open(ctx context.Context, path string, o Options) (*DB, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	db := &DB{helpers: make(chan struct{}, mostWorkers-1), owners: o.Owners, full: o.full()}
	db.small.rows = db.full
	access := "mode=rw&" + pragmas
	if err := create(abs); errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		db.readOnly = true
		access = "mode=ro&immutable=1" // nobody writes it: there is no log to read, nor a place for one
	} else if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	if err := peek(ctx, abs, o); err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	name := sqliteuri.Of(abs, nil)
	if o.Secret != nil {
		if db.key, err = cryptvfs.NewKey(o.Secret); err != nil {
			return nil, fmt.Errorf("open %s: %w", path, err)
		}
		q := url.Values{}
		db.key.Params(q) // the number of a slot, not the key
		access += "&" + q.Encode()
	}
	if err := db.key.Check(abs); err != nil {
		return nil, fmt.Errorf("open %s: %w: %w", path, ErrDamaged, err)
	}
	if db.write, err = sql.Open("sqlite3", name+"?_txlock=immediate&_cache_size=-4096&"+access); err != nil {
		db.key.Release()
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	db.write.SetMaxOpenConns(1)
	if db.read, err = sql.Open("sqlite3", name+"?_query_only=1&_cache_size=-8192&"+access); err != nil {
		db.key.Release()
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), db.write.Close())
	}
	db.read.SetMaxIdleConns(readers)
	if err := db.prepared(ctx, o); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, db.explain(err)), db.Close())
	}
	return db, nil
}

// create makes an empty file that only its owner can read, where none is.
func create(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // the caller names the file
	if err != nil {
		return err
	}
	return f.Close()
}

// Close waits for what is running and closes the files. A merge in the background
// is given up.
func (db *DB) Close() error {
	db.merger.close()
	db.mu.Lock()
	defer db.mu.Unlock()
	var errs []error
	if db.writer != nil {
		errs = append(errs, db.writer.close())
		db.writer = nil
	}
	errs = append(errs, db.read.Close(), db.write.Close())
	db.key.Release()
	return errors.Join(errs...)
}

// explain puts the package's own errors before those of SQLite that mean them.
func explain(err error) error {
	if errors.Is(err, segment.ErrDamaged) && !errors.Is(err, ErrDamaged) {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	var e sqlite3.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code {
	case sqlite3.ErrCorrupt, sqlite3.ErrNotADB, sqlite3.ErrFormat, sqlite3.ErrConstraint, sqlite3.ErrMismatch: // what is written breaks no rule of a sound file
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	case sqlite3.ErrIoErr:
		switch {
		case e.ExtendedCode == dataError:
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		case e.SystemErrno == syscall.ENOSPC, e.SystemErrno == syscall.EDQUOT: // no room for its log or index
			return fmt.Errorf("%w: %w", ErrDiskFull, err)
		}
		return fmt.Errorf("%w: %w", ErrDisk, err)
	case sqlite3.ErrFull:
		return fmt.Errorf("%w: %w", ErrDiskFull, err)
	case sqlite3.ErrInterrupt:
		return fmt.Errorf("%w: %w", context.Canceled, err)
	}
	return err
}

// dataError is SQLITE_IOERR_DATA: a page that does not decrypt.
var dataError = sqlite3.ErrIoErr.Extend(32)

// explain adds to the package's explain where the file did not decrypt.
func (db *DB) explain(err error) error {
	err = explain(err)
	if damage := db.key.Damage(); damage != nil && errors.Is(err, ErrDamaged) {
		return fmt.Errorf("%w: %w", err, damage)
	}
	return err
}
