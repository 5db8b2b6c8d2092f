// Package cryptvfs encrypts SQLite databases: it is a file system of SQLite's,
// beside github.com/mattn/go-sqlite3, under which the pages of a database and
// the frames of its write-ahead log are AES-256-GCM ciphertext.
//
// Nothing of a database is readable without the key, and what was changed,
// moved, or damaged does not decrypt. Journals and temporary files stay in
// memory. What it does not do: notice that a page is an older one of the same
// place (the signed heads do), hide sizes, or encrypt the -shm file, which
// holds page numbers and checksums only.
package cryptvfs

/*
#cgo CFLAGS: -O2
#cgo darwin LDFLAGS: -Wl,-undefined,dynamic_lookup
#include "shim.h"
*/
import "C"

import (
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"unsafe"

	_ "github.com/mattn/go-sqlite3" // SQLite itself
)

const vfsName = C.FIREBREAK_VFS

func registerVFS() error {
	if have := C.sqlite3_libversion_number(); have < C.SQLITE_VERSION_NUMBER || have >= 4000000 {
		return fmt.Errorf("%w: it is version %d, written for is %d", errRegister, have, C.SQLITE_VERSION_NUMBER)
	}
	if rc := C.firebreak_register(); rc != 0 {
		return fmt.Errorf("%w: result %d", errRegister, rc)
	}
	return nil
}

// defaultVFS is the name of the file system that SQLite uses by itself.
func defaultVFS() string { return C.GoString(C.firebreak_default_vfs()) }

// open files, by the handle that the C side holds.
var (
	files  sync.Map // uintptr → *file
	handle atomic.Uintptr
)

func fileOf(h C.uintptr_t) *file {
	if f, there := files.Load(uintptr(h)); there {
		if f, right := f.(*file); right {
			return f
		}
	}
	return nil
}

//export firebreakOpen
func firebreakOpen(c unsafe.Pointer, slot C.longlong, wal C.int, name *C.char) C.uintptr_t {
	key := find(int64(slot))
	if key == nil {
		return 0
	}
	h := handle.Add(1)
	files.Store(h, &file{raw: onDisk{c}, key: key, name: filepath.Base(C.GoString(name)), log: wal != 0})
	return C.uintptr_t(h)
}

//export firebreakClose
func firebreakClose(h C.uintptr_t) C.int {
	files.Delete(uintptr(h))
	return 0
}

//export firebreakRead
func firebreakRead(h C.uintptr_t, p unsafe.Pointer, n C.int, off C.longlong) C.int {
	f := fileOf(h)
	if f == nil {
		return C.SQLITE_IOERR
	}
	return C.int(f.read(unsafe.Slice((*byte)(p), int(n)), int64(off)))
}

//export firebreakWrite
func firebreakWrite(h C.uintptr_t, p unsafe.Pointer, n C.int, off C.longlong) C.int {
	f := fileOf(h)
	if f == nil {
		return C.SQLITE_IOERR
	}
	return C.int(f.write(unsafe.Slice((*byte)(p), int(n)), int64(off)))
}

//export firebreakTruncate
func firebreakTruncate(h C.uintptr_t, size C.longlong) C.int {
	f := fileOf(h)
	if f == nil {
		return C.SQLITE_IOERR
	}
	return C.int(f.truncate(int64(size)))
}

//export firebreakSize
func firebreakSize(h C.uintptr_t, size *C.longlong) C.int {
	f := fileOf(h)
	if f == nil {
		return C.SQLITE_IOERR
	}
	n, rc := f.size()
	*size = C.longlong(n)
	return C.int(rc)
}

//export firebreakSync
func firebreakSync(h C.uintptr_t, flags C.int) C.int {
	f := fileOf(h)
	if f == nil {
		return C.SQLITE_IOERR
	}
	return C.int(f.sync(int32(flags)))
}

// onDisk is a file of SQLite's default file system.
type onDisk struct{ c unsafe.Pointer }

func (d onDisk) read(p []byte, off int64) code {
	return code(C.firebreak_raw_read(d.c, unsafe.Pointer(&p[0]), C.int(len(p)), C.sqlite3_int64(off)))
}

func (d onDisk) write(p []byte, off int64) code {
	return code(C.firebreak_raw_write(d.c, unsafe.Pointer(&p[0]), C.int(len(p)), C.sqlite3_int64(off)))
}

func (d onDisk) truncate(size int64) code {
	return code(C.firebreak_raw_truncate(d.c, C.sqlite3_int64(size)))
}

func (d onDisk) size() (int64, code) {
	var n C.sqlite3_int64
	rc := C.firebreak_raw_size(d.c, &n)
	return int64(n), code(rc)
}

func (d onDisk) sync(flags int32) code { return code(C.firebreak_raw_sync(d.c, C.int(flags))) }
