package sqlview

/*
#cgo CFLAGS: -O2
#cgo darwin LDFLAGS: -Wl,-undefined,dynamic_lookup
#include <stdlib.h>
#include "table.h"
*/
import "C"

import (
	"context"
	"errors"
	"fmt"
	"runtime/cgo"
	"strings"
	"sync"
	"time"
	"unsafe"

	_ "github.com/mattn/go-sqlite3" // SQLite itself

	"firebreak/store/events"
)

// DB is an open view. One query at a time.
type DB struct {
	conn *conn
	view *view
}

// conn is a connection of SQLite's C interface.
type conn struct {
	c      *C.FbConn
	handle cgo.Handle
	mu     sync.Mutex // held while the connection is closed or interrupted
}

// open opens a connection. A file is there to be written; a view has no file.
func open(v *view, file string) (*conn, error) {
	if have := C.sqlite3_libversion_number(); have < C.SQLITE_VERSION_NUMBER || have >= 4000000 {
		return nil, fmt.Errorf("SQLite is version %d, written for is %d", have, C.SQLITE_VERSION_NUMBER)
	}
	c := &conn{c: (*C.FbConn)(C.calloc(1, C.sizeof_FbConn)), handle: cgo.NewHandle(v)}
	c.c.view = C.uintptr_t(c.handle)
	c.c.declaration = C.CString(declaration())
	name := ":memory:"
	if file != "" {
		name, c.c.file = file, 1
	}
	text := C.CString(name)
	defer C.free(unsafe.Pointer(text))
	var message *C.char
	if rc := C.firebreak_events_open(c.c, text, &message); rc != C.SQLITE_OK {
		defer C.free(unsafe.Pointer(message))
		return nil, errors.Join(fmt.Errorf("open SQLite: result %d %s", rc, C.GoString(message)), c.close())
	}
	return c, nil
}

func (c *conn) close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.c == nil {
		return nil
	}
	rc := C.firebreak_events_close(c.c)
	C.free(unsafe.Pointer(c.c.declaration))
	C.free(unsafe.Pointer(c.c))
	c.c = nil
	c.handle.Delete()
	if rc != C.SQLITE_OK {
		return fmt.Errorf("close SQLite: result %d", rc)
	}
	return nil
}

// failed is what SQLite says of the last call.
func (c *conn) failed(query string) error {
	return &Error{Message: C.GoString(C.sqlite3_errmsg(c.c.db)), Query: query, Offset: int(C.sqlite3_error_offset(c.c.db))}
}

// code is the error of a result, with the kinds of it that callers tell apart.
func (c *conn) code(rc C.int) error {
	err := c.failed("")
	switch rc & 0xff {
	case C.SQLITE_FULL:
		return fmt.Errorf("%w: %w", events.ErrDiskFull, err)
	case C.SQLITE_IOERR:
		return fmt.Errorf("%w: %w", events.ErrDisk, err)
	}
	return err
}

// exec runs statements of our own.
func (c *conn) exec(query string) error {
	text := C.CString(query)
	defer C.free(unsafe.Pointer(text))
	if rc := C.sqlite3_exec(c.c.db, text, nil, nil, nil); rc != C.SQLITE_OK {
		return c.code(rc)
	}
	return nil
}

// interrupted stops what runs once the context is done, until the returned
// function is called. It says so again and again: SQLite forgets an interrupt
// that comes just before a statement begins.
func (c *conn) interrupted(ctx context.Context) (done func()) {
	end := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		select {
		case <-ctx.Done():
		case <-end:
			return
		}
		again := time.NewTicker(20 * time.Millisecond)
		defer again.Stop()
		for {
			c.mu.Lock()
			if c.c != nil {
				C.sqlite3_interrupt(c.c.db)
			}
			c.mu.Unlock()
			select {
			case <-again.C:
			case <-end:
				return
			}
		}
	})
	return func() {
		close(end)
		watch.Wait()
	}
}

// Open opens a view of the tables.
func Open(t Tables, s Spills) (*DB, error) {
	v, err := newView(t, s)
	if err != nil {
		return nil, fmt.Errorf("open SQL view: %w", err)
	}
	c, err := open(v, "")
	if err != nil {
		return nil, fmt.Errorf("open SQL view: %w", err)
	}
	db := &DB{conn: c, view: v}
	if err := db.fill(); err != nil {
		return nil, errors.Join(fmt.Errorf("open SQL view: %w", err), c.close())
	}
	return db, nil
}

// fill makes the small tables, and then closes the connection to all changes.
func (db *DB) fill() error {
	for _, t := range small(db.view.tables) {
		if err := db.conn.exec(t.create); err != nil {
			return err
		}
		if t.rows.n == 0 {
			continue
		}
		s, err := db.conn.statement(t.insert)
		if err != nil {
			return err
		}
		err = s.insert(&t.rows, t.columns)
		s.close()
		if err != nil {
			return err
		}
	}
	if err := db.conn.exec("PRAGMA cache_size=-65536"); err != nil { // how much a sort holds before it spills
		return err
	}
	if rc := C.firebreak_events_guard(db.conn.c); rc != C.SQLITE_OK {
		return db.conn.code(rc)
	}
	return nil
}

// Close ends the view; no query may be running.
func (db *DB) Close() error { return db.conn.close() }

// Query asks one question. head is called once with the names of the columns,
// row for each row with int64, float64, string, []byte or nil for each column;
// it keeps neither the slice nor the bytes. The context interrupts SQLite, and
// the error is then the context's. A fault of the query is an *Error.
func (db *DB) Query(ctx context.Context, query string, params []Param, head func([]string) error, row func([]any) error) error {
	if strings.Contains(query, "\x00") {
		return &Error{Message: "the query has a NUL in it", Query: query, Offset: strings.IndexByte(query, 0)}
	}
	running, cancel := context.WithCancel(ctx)
	defer cancel()
	db.view.begin(running)
	s, err := db.prepare(query)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.bind(params); err != nil {
		return err
	}
	if err := head(s.columns()); err != nil {
		return err
	}
	done := db.conn.interrupted(ctx)
	defer done()
	if err := s.each(ctx, row); err != nil {
		switch own := db.view.failure(); {
		case ctx.Err() != nil:
			return ctx.Err()
		case own != nil:
			return own
		}
		return err
	}
	return nil
}

// prepare plans the query. Where it asks for rowids, which a planner does by
// itself for some kinds of OR, it is planned again without short cuts.
func (db *DB) prepare(query string) (*statement, error) {
	c := db.conn
	c.c.rowids = 0
	db.view.rowids.Store(false)
	s, rest, err := c.prepare(query)
	if err != nil {
		return nil, err
	}
	if s != nil {
		more, _, err := c.prepare(rest)
		if more != nil {
			more.close()
		}
		if err != nil || more != nil {
			s.close()
			return nil, fmt.Errorf("%w: behind the first statement stands another", ErrRefused)
		}
	}
	switch {
	case s == nil:
		return nil, &Error{Message: "there is no statement", Query: query, Offset: -1}
	case C.sqlite3_stmt_readonly(s.s) == 0 || C.sqlite3_column_count(s.s) == 0:
		s.close()
		return nil, ErrRefused
	case C.sqlite3_stmt_isexplain(s.s) != 0:
		return s, nil
	}
	text := C.CString(query)
	defer C.free(unsafe.Pointer(text))
	if C.firebreak_events_asks_rowids(c.c, text) == 0 {
		return s, nil
	}
	s.close()
	c.c.rowids = 1
	db.view.rowids.Store(true)
	s, _, err = c.prepare(query)
	return s, err
}
