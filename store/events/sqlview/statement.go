package sqlview

/*
#include <stdlib.h>
#include "table.h"
*/
import "C"

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"unsafe"
)

// statement is one prepared statement.
type statement struct {
	conn  *conn
	s     *C.sqlite3_stmt
	query string
	out   C.FbAnswer
}

// statement prepares one of our own.
func (c *conn) statement(query string) (*statement, error) {
	s, _, err := c.prepare(query)
	return s, err
}

// prepare plans the first statement of the query and says what stands behind
// it; nil is none but blanks and comments.
func (c *conn) prepare(query string) (s *statement, rest string, err error) {
	text := C.CString(query)
	defer C.free(unsafe.Pointer(text))
	s = &statement{conn: c, query: query}
	var tail C.int
	if rc := C.firebreak_events_prepare(c.c, text, C.int(len(query)), &s.s, &tail); rc != C.SQLITE_OK {
		if rc&0xff == C.SQLITE_AUTH {
			return nil, "", fmt.Errorf("%w (%w)", ErrRefused, c.failed(query))
		}
		return nil, "", c.failed(query)
	}
	if s.s == nil {
		return nil, "", nil
	}
	return s, query[tail:], nil
}

func (s *statement) close() {
	C.sqlite3_finalize(s.s) // says again what the last step said
	C.free(unsafe.Pointer(s.out.cells))
	C.free(unsafe.Pointer(s.out.text))
	s.s, s.out = nil, C.FbAnswer{}
}

func (s *statement) columns() []string {
	names := make([]string, C.sqlite3_column_count(s.s))
	for i := range names {
		names[i] = C.GoString(C.sqlite3_column_name(s.s, C.int(i)))
	}
	return names
}

// bind gives the query its parameters: each that it names, and no others.
func (s *statement) bind(params []Param) error {
	given := make(map[string]bool, len(params))
	n := int(C.sqlite3_bind_parameter_count(s.s))
	for i := 1; i <= n; i++ {
		name := C.GoString(C.sqlite3_bind_parameter_name(s.s, C.int(i)))
		if name == "" || name[0] == '?' {
			return &Error{Message: "a parameter has a name: :name instead of ?", Query: s.query, Offset: strings.IndexByte(s.query, '?')}
		}
		value, ok := find(params, name[1:])
		if !ok {
			return &Error{Message: fmt.Sprintf("the parameter %s has no value", name), Query: s.query, Offset: strings.Index(s.query, name)}
		}
		given[name[1:]] = true
		if rc := s.bindOne(C.int(i), value); rc != C.SQLITE_OK {
			return s.conn.failed(s.query)
		}
	}
	for _, p := range params {
		if !given[p.Name] {
			return &Error{Message: fmt.Sprintf("the query has no parameter :%s", p.Name), Query: s.query, Offset: -1}
		}
	}
	return nil
}

func find(params []Param, name string) (any, bool) {
	for _, p := range params {
		if p.Name == name {
			return p.Value, true
		}
	}
	return nil, false
}

func (s *statement) bindOne(i C.int, value any) C.int {
	switch v := value.(type) {
	case int64:
		return C.sqlite3_bind_int64(s.s, i, C.sqlite3_int64(v))
	case float64:
		return C.sqlite3_bind_double(s.s, i, C.double(v))
	case string:
		text := C.CString(v)
		defer C.free(unsafe.Pointer(text))
		return C.firebreak_events_bind_text(s.s, i, text, C.int(len(v)))
	}
	return C.sqlite3_bind_null(s.s, i)
}

// each hands on all rows. The first come one by one, later ones together.
func (s *statement) each(ctx context.Context, visit func([]any) error) error {
	columns := int(C.sqlite3_column_count(s.s))
	row := make([]any, columns)
	for most := 1; ; most = min(2*most, 512) {
		if err := ctx.Err(); err != nil {
			return err
		}
		rc := C.firebreak_events_fetch(s.s, &s.out, C.int(columns), C.int(most))
		var failure error
		if rc != C.SQLITE_ROW && rc != C.SQLITE_DONE {
			failure = s.conn.code(rc)
		}
		cells := unsafe.Slice((*cell)(unsafe.Pointer(s.out.cells)), int(s.out.rows)*columns)
		text := unsafe.Slice((*byte)(unsafe.Pointer(s.out.text)), int(s.out.n))
		for n := 0; n < len(cells); n += columns {
			for i, c := range cells[n : n+columns] {
				row[i] = valueOf(c, text)
			}
			if err := visit(row); err != nil {
				return err
			}
		}
		if failure != nil {
			return failure
		}
		if rc == C.SQLITE_DONE {
			return nil
		}
	}
}

func valueOf(c cell, text []byte) any {
	switch c.t {
	case typeInteger:
		return c.v
	case typeFloat:
		return c.f
	case typeText:
		return string(text[c.v : c.v+int64(c.n)])
	case typeBlob:
		return append([]byte{}, text[c.v:c.v+int64(c.n)]...)
	}
	return nil
}

// insert runs the statement once for each row.
func (s *statement) insert(r *rows, columns int) error {
	if r.n == 0 {
		return nil
	}
	var pin runtime.Pinner
	defer pin.Unpin()
	rc := C.firebreak_events_insert(s.s, cellsOf(r, &pin), textOf(r, &pin), C.int(r.n), C.int(columns))
	if rc != C.SQLITE_OK {
		return s.conn.code(rc)
	}
	return nil
}

func cellsOf(r *rows, pin *runtime.Pinner) *C.FbCell {
	p := &r.cells[0]
	pin.Pin(p)
	return (*C.FbCell)(unsafe.Pointer(p))
}

func textOf(r *rows, pin *runtime.Pinner) *C.char {
	if len(r.text) == 0 {
		return nil
	}
	p := &r.text[0]
	pin.Pin(p)
	return (*C.char)(unsafe.Pointer(p))
}
