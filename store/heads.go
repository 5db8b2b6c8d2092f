package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"firebreak/record"
)

// headsFile is the file of signed heads beside the database. It is what shows
// that the database was cut or replaced: SQLite itself does not notice.
type headsFile struct {
	path string
	last record.Head // the newest head in it; zero when there is none
	size int64       // bytes of whole heads
	seen int64       // length of the file when it was read; size + a torn tail
}

// tail is how much of the file's end is read to find its newest head; a head
// is about 250 bytes.
const tail = 16 << 10

// read looks at the file's end. A file that did not grow since is not read
// again. A missing file reads as an empty one.
func (h *headsFile) read() error {
	f, err := os.Open(h.path)
	if errors.Is(err, fs.ErrNotExist) {
		*h = headsFile{path: h.path}
		return nil
	}
	if err != nil {
		return fmt.Errorf("read heads: %w", explain(err))
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("read heads: %w", explain(err))
	}
	if info.Size() == h.seen && h.last.Size > 0 && h.seen == h.size {
		return nil
	}
	start := max(0, info.Size()-tail)
	b, err := io.ReadAll(io.NewSectionReader(f, start, info.Size()-start))
	if err != nil {
		return fmt.Errorf("read heads: %w", explain(err))
	}
	if start > 0 {
		b = record.SkipToHead(b)
	}
	heads, err := record.SplitHeads(b)
	if err != nil {
		return &MismatchError{Why: "the heads file is damaged: " + err.Error()}
	}
	h.last, h.seen, h.size = record.Head{}, info.Size(), info.Size()-int64(heads.Torn)
	if n := len(heads.Notes); n > 0 {
		if h.last, err = record.ReadHead(heads.Notes[n-1]); err != nil {
			return &MismatchError{Why: "the heads file is damaged: " + err.Error()}
		}
	}
	return nil
}

// append writes a head behind the last whole one and fsyncs. A torn tail, left
// by a crash, is cut off first. When the write fails, what was written of the
// head is taken back.
func (h *headsFile) append(head record.Head) (err error) {
	f, err := os.OpenFile(h.path, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("write head: %w", explain(err))
	}
	defer func() {
		if err != nil {
			h.seen = -1 // read again
		}
		err = errors.Join(err, f.Close())
	}()
	if h.seen != h.size {
		if err := f.Truncate(h.size); err != nil {
			return fmt.Errorf("cut torn head: %w", explain(err))
		}
	}
	if _, err := f.WriteAt(head.Signed, h.size); err != nil {
		return errors.Join(fmt.Errorf("write head: %w", explain(err)), f.Truncate(h.size))
	}
	if err := f.Sync(); err != nil { // whatever it says: nobody knows what is on the disk
		return fmt.Errorf("sync heads: %w: %w: %w", ErrDamaged, ErrDisk, err)
	}
	h.size += int64(len(head.Signed))
	h.seen, h.last = h.size, head
	return nil
}

// compare checks the heads file against the database, under the lock. It
// returns the head that a crash between commit and append left out of the
// file, if there is one; more than one cannot be missing by a crash.
func (h *headsFile) compare(ctx context.Context, tx *sql.Tx) (missing *record.Head, err error) {
	if err := h.read(); err != nil {
		return nil, err
	}
	inside, err := newestHeads(ctx, tx, 2)
	if err != nil {
		return nil, err
	}
	var entries int64
	if err := tx.QueryRowContext(ctx, "SELECT coalesce(max(seq), 0) FROM entries").Scan(&entries); err != nil {
		return nil, fmt.Errorf("count entries: %w", explain(err))
	}
	mismatch := func(why string) error { return &MismatchError{Entries: entries, Heads: h.last.Size, Why: why} }
	switch {
	case h.last.Size > entries:
		return nil, mismatch("")
	case len(inside) == 0:
		return nil, mismatch("there is no head in the database")
	case inside[0].Size != entries:
		return nil, mismatch("entries that no head vouches for")
	case h.last.Size == 0:
		return nil, mismatch("the heads file is missing or empty")
	case h.last.Size == inside[0].Size && h.last.Root != inside[0].Root:
		return nil, mismatch("the same size has two roots: the record was rewritten")
	case h.last.Size == inside[0].Size:
		return nil, nil
	case len(inside) == 2 && h.last.Size == inside[1].Size && h.last.Root == inside[1].Root:
		return &inside[0], nil
	}
	return nil, mismatch("heads were taken out of the heads file")
}
