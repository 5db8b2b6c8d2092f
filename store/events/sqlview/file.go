//go:build cgo

package sqlview

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"firebreak/timeline"
)

// File is a plain SQLite file with one table "events", the columns those of a
// view. It is written once, from front to back; nobody reads it meanwhile, so
// it keeps no journal and waits for no disk: whoever gives it its name syncs it.
type File struct {
	ctx    context.Context //nolint:containedctx // that of the export: a sink has none
	conn   *conn
	insert *statement
	rows   rows
	packer packer
}

// fileRows is how many rows are bound in one crossing into C.
const fileRows = 512

// fileBegin makes the file. The times have nine digits and sort as texts.
var fileBegin = []string{
	"PRAGMA page_size=8192", "PRAGMA journal_mode=OFF", "PRAGMA synchronous=OFF", "PRAGMA locking_mode=EXCLUSIVE", "PRAGMA cache_size=-32768",
	"BEGIN",
}

// fileEnd makes the indexes when all rows are there: that takes half as long.
var fileEnd = []string{
	"CREATE INDEX events_time ON events(time)", "CREATE INDEX events_host ON events(host)", "CREATE INDEX events_user ON events(user)",
	"COMMIT",
}

// NewFile begins a file at path, where an empty one may be. sealed says when
// each exhibit was sealed.
func NewFile(ctx context.Context, path string, sealed map[string]time.Time, s Spills) (*File, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("write SQLite file: %w", err)
	}
	v, err := newView(Tables{}, s)
	if err != nil {
		return nil, fmt.Errorf("write SQLite file: %w", err)
	}
	c, err := open(v, abs)
	if err != nil {
		return nil, fmt.Errorf("write SQLite file: %w", err)
	}
	f := &File{ctx: ctx, conn: c, packer: packer{sealed: sealed, marks: make(map[timeline.ID]timeline.Mark, 1)}}
	names, places := make([]string, colFilter), make([]string, colFilter)
	for i := range colFilter {
		f.packer.wanted = append(f.packer.wanted, i)
		names[i], places[i] = `"`+columns[i].Name+`" `+columns[i].Type, "?"
	}
	for _, statement := range append(fileBegin[:len(fileBegin):len(fileBegin)], "CREATE TABLE events("+strings.Join(names, ", ")+")") {
		if err := c.exec(statement); err != nil {
			return nil, errors.Join(fmt.Errorf("write SQLite file: %w", err), c.close())
		}
	}
	if f.insert, err = c.statement("INSERT INTO events VALUES (" + strings.Join(places, ", ") + ")"); err != nil {
		return nil, errors.Join(fmt.Errorf("write SQLite file: %w", err), c.close())
	}
	return f, nil
}

// Write adds an event. It keeps neither the event nor the mark.
func (f *File) Write(e *timeline.Event, m timeline.Mark) error {
	marked := m.Star || len(m.Tags) > 0 || len(m.Comments) > 0
	if marked {
		f.packer.marks[e.ID] = m
	}
	f.packer.columns(&f.rows, e)
	if marked {
		delete(f.packer.marks, e.ID)
	}
	f.rows.n++
	if f.rows.n < fileRows && len(f.rows.text) < mostText {
		return nil
	}
	return f.send()
}

func (f *File) send() error {
	err := f.ctx.Err()
	if err == nil {
		err = f.insert.insert(&f.rows, int(colFilter))
	}
	f.rows.reset()
	if err != nil {
		return fmt.Errorf("write SQLite file: %w", err)
	}
	return nil
}

// Flush writes what is left, and the indexes. The file is whole then.
func (f *File) Flush() error {
	if err := f.send(); err != nil {
		return err
	}
	f.insert.close()
	f.insert = nil
	done := f.conn.interrupted(f.ctx)
	defer done()
	for _, statement := range fileEnd {
		err := f.conn.exec(statement)
		if f.ctx.Err() != nil {
			err = f.ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("write SQLite file: %w", err)
		}
	}
	return nil
}

// Close lets go of the file, which is whole only after Flush.
func (f *File) Close() error {
	if f.insert != nil {
		f.insert.close()
		f.insert = nil
	}
	return f.conn.close()
}
