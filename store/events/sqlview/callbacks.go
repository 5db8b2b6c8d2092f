package sqlview

/*
#include <stdlib.h>
#include "table.h"
*/
import "C"

import (
	"errors"
	"runtime"
	"runtime/cgo"
	"syscall"
	"unsafe"
)

// What C calls. A handle is a view, a scan or a temporary file.

func handled[T any](h C.uintptr_t) *T {
	if h == 0 {
		return nil
	}
	v, ok := cgo.Handle(h).Value().(*T)
	if !ok {
		return nil
	}
	return v
}

// pins keep Go's memory in its place while C reads it.
type pins struct{ p runtime.Pinner }

func (p *pins) release() { p.p.Unpin() }

//export firebreakEventsStart
func firebreakEventsStart(h C.uintptr_t, flags C.int, used C.sqlite3_uint64, args *C.char, n C.int, message **C.char) C.uintptr_t {
	v := handled[view](h)
	if v == nil {
		return 0
	}
	refuse := func(err error) C.uintptr_t {
		v.fail(err)
		*message = C.CString(err.Error())
		return 0
	}
	cs, err := constraints(C.GoBytes(unsafe.Pointer(args), n))
	if err != nil {
		return refuse(err)
	}
	w, err := want(cs, v.tables.Now, v.tables.Marks)
	if err != nil {
		return refuse(err)
	}
	if v.running.Load() >= scansAtOnce {
		return refuse(errTooManyScans)
	}
	return C.uintptr_t(cgo.NewHandle(v.start(v.context(), int(flags), uint64(used), w)))
}

//export firebreakEventsMore
func firebreakEventsMore(h C.uintptr_t, out *C.FbRows, message **C.char) C.int {
	s := handled[scan](h)
	if s == nil {
		return C.SQLITE_MISUSE
	}
	r, err := s.next()
	if err != nil {
		s.view.fail(err)
		*message = C.CString(err.Error())
		return C.SQLITE_ERROR
	}
	*out = C.FbRows{}
	if r == nil {
		return C.SQLITE_OK
	}
	out.cells, out.text, out.rows = cellsOf(r, &s.pinned.p), textOf(r, &s.pinned.p), C.int(r.n)
	return C.SQLITE_OK
}

//export firebreakEventsStop
func firebreakEventsStop(h C.uintptr_t) {
	if s := handled[scan](h); s != nil {
		s.close()
	}
	cgo.Handle(h).Delete()
}

//export firebreakSpillOpen
func firebreakSpillOpen(h C.uintptr_t) C.uintptr_t {
	v := handled[view](h)
	if v == nil {
		return 0
	}
	return C.uintptr_t(cgo.NewHandle(v.spills.open()))
}

//export firebreakSpillClose
func firebreakSpillClose(h C.uintptr_t) C.int {
	f := handled[spill](h)
	if f == nil {
		return C.SQLITE_MISUSE
	}
	cgo.Handle(h).Delete()
	return spillResult(f.close(), C.SQLITE_IOERR)
}

//export firebreakSpillRead
func firebreakSpillRead(h C.uintptr_t, p unsafe.Pointer, n C.int, off C.longlong) C.int {
	f := handled[spill](h)
	if f == nil {
		return C.SQLITE_MISUSE
	}
	got, err := f.read(unsafe.Slice((*byte)(p), int(n)), int64(off))
	if err == nil && got < int(n) {
		return C.SQLITE_IOERR_SHORT_READ
	}
	return spillResult(err, C.SQLITE_IOERR_READ)
}

//export firebreakSpillWrite
func firebreakSpillWrite(h C.uintptr_t, p unsafe.Pointer, n C.int, off C.longlong) C.int {
	f := handled[spill](h)
	if f == nil {
		return C.SQLITE_MISUSE
	}
	return spillResult(f.write(unsafe.Slice((*byte)(p), int(n)), int64(off)), C.SQLITE_IOERR_WRITE)
}

//export firebreakSpillTruncate
func firebreakSpillTruncate(h C.uintptr_t, size C.longlong) C.int {
	f := handled[spill](h)
	if f == nil {
		return C.SQLITE_MISUSE
	}
	return spillResult(f.truncate(int64(size)), C.SQLITE_IOERR_WRITE)
}

//export firebreakSpillSize
func firebreakSpillSize(h C.uintptr_t) C.longlong {
	f := handled[spill](h)
	if f == nil {
		return 0
	}
	return C.longlong(f.size)
}

// spillResult is SQLite's number for an error; SQLite keeps no more of it, so
// the view keeps the error.
func spillResult(err error, otherwise C.int) C.int {
	switch {
	case err == nil:
		return C.SQLITE_OK
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return C.SQLITE_FULL
	}
	return otherwise
}
