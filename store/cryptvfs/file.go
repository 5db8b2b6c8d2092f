package cryptvfs

import (
	"encoding/binary"
	"time"
)

// code is a result of SQLite.
type code int32

// The results that are made here.
const (
	ok         code = 0
	notADB     code = 26
	ioErr      code = 10
	shortRead  code = ioErr | 2<<8
	writeError code = ioErr | 3<<8
	dataError  code = ioErr | 32<<8
)

// raw is a file as it lies on disk.
type raw interface {
	// read fills p. What lies behind the end is zero, and the result shortRead.
	read(p []byte, off int64) code
	write(p []byte, off int64) code
	truncate(size int64) code
	size() (int64, code)
	sync(flags int32) code
}

// file is one open database or write-ahead log. SQLite uses it from one thread
// at a time.
type file struct {
	raw
	key  *Key
	name string
	log  bool

	// rewriting is set while SQLite computes the checksums of frames anew that
	// it has just written. It then reads whole frames, as recovery does.
	rewriting bool
	// plain is where a unit is decrypted of which only a part is wanted; disk
	// holds ciphertext.
	plain [PageSize]byte
	disk  [sealedFrame]byte
}

// read fills p with what SQLite sees at off.
func (f *file) read(p []byte, off int64) code {
	if f.log {
		return f.readLog(p, off)
	}
	return f.readPages(p, off)
}

// write stores what SQLite writes at off.
func (f *file) write(p []byte, off int64) code {
	if f.log {
		return f.writeLog(p, off)
	}
	return f.writePage(p, off)
}

// size is the size that SQLite sees.
func (f *file) size() (int64, code) {
	n, rc := f.raw.size()
	if f.log {
		f.rewriting = false
		n = logicalSize(n)
	}
	return n, rc
}

// truncate cuts the file to the size that SQLite sees.
func (f *file) truncate(size int64) code {
	if f.log {
		f.rewriting = false
		size = diskSize(size)
	}
	return f.raw.truncate(size)
}

// sync makes what was written durable.
func (f *file) sync(flags int32) code {
	f.rewriting = false
	return f.raw.sync(flags)
}

// tries is how often a page that does not decrypt is read. SQLite reads the
// head of the first page without a lock when it opens a file, and may meet one
// that is being written.
const tries = 12

func (f *file) readPages(p []byte, off int64) code {
	for len(p) > 0 {
		page := off/PageSize + 1
		from := int(off % PageSize)
		n := min(len(p), PageSize-from)
		if rc := f.readPage(p[:n], page, from); rc != ok {
			clear(p[n:])
			return rc
		}
		p, off = p[n:], off+int64(n)
	}
	return ok
}

// readPage fills p with the bytes of one page from from on; without success
// with zeros.
func (f *file) readPage(p []byte, page int64, from int) code {
	disk := f.disk[:PageSize]
	start := (page - 1) * PageSize
	for try := range tries {
		rc := f.raw.read(disk, start)
		if rc == shortRead {
			size, rc := f.raw.size()
			if rc != ok {
				clear(p)
				return rc
			}
			if size <= start {
				f.behindTheEnd(p, page, from, size)
				return shortRead
			}
		} else if rc != ok {
			clear(p)
			return rc
		}
		whole := p // SQLite's own buffer: most reads are of a page
		if len(p) != PageSize {
			whole = f.plain[:]
		}
		if [4]byte(disk[content+extra:]) == mark &&
			f.key.open(whole[:0], disk[:content+tagSize], disk[content+tagSize:content+extra], partPage, page) {
			clear(whole[content:])
			if len(p) != PageSize {
				copy(p, whole[from:])
				clear(whole)
			}
			return ok
		}
		if try > 0 {
			time.Sleep(time.Duration(try) * 100 * time.Microsecond)
		}
	}
	clear(p)
	f.key.failed(Failure{File: f.name, Page: page})
	if page == 1 {
		return notADB
	}
	return dataError
}

// behindTheEnd fills p for a page that is not there. An empty file says of
// itself how its pages will be: SQLite reads that from the head before it
// writes the first one.
func (f *file) behindTheEnd(p []byte, page int64, from int, size int64) {
	clear(f.plain[:])
	if page == 1 && size == 0 {
		binary.BigEndian.PutUint16(f.plain[16:], PageSize)
		f.plain[20] = Reserve
	}
	copy(p, f.plain[from:])
}

func (f *file) writePage(p []byte, off int64) code {
	if len(p) != PageSize || off%PageSize != 0 {
		return writeError
	}
	page := off/PageSize + 1
	if page == 1 && (binary.BigEndian.Uint16(p[16:]) != PageSize || p[20] != Reserve) {
		return writeError // pages of another shape have no room for what is added
	}
	disk := f.disk[:PageSize]
	if !f.key.seal(disk[:0], p[:content], disk[content+tagSize:content+extra], partPage, page) {
		return writeError
	}
	copy(disk[content+extra:], mark[:])
	return f.raw.write(disk, off)
}

// readLog reads from the log. Where SQLite takes the log up again after a
// crash, a frame that does not decrypt reads as zeros: it is the end of the
// log, as a torn frame is. Elsewhere it is an error, and for the header always:
// SQLite takes a log without one for empty and deletes it, and with the wrong
// key every header is like that.
func (f *file) readLog(p []byte, off int64) code {
	recovering := len(p) == frame && (off-logHeader)%frame == 0 && !f.rewriting
	// Only where checksums are computed anew are eight bytes read.
	f.rewriting = len(p) == 8 || f.rewriting && len(p) == frame
	for rest := p; len(rest) > 0; {
		n, rc := f.readUnits(rest, off)
		if rc == dataError && recovering {
			clear(p)
			return ok
		}
		if rc != ok {
			clear(rest)
			return rc
		}
		rest, off = rest[n:], off+int64(n)
	}
	return ok
}

// readUnits reads up to one frame from disk and fills p as far as that goes.
func (f *file) readUnits(p []byte, off int64) (int, code) {
	first := unitAt(off)
	last := first
	if first.part == partFrameHeader && off+int64(len(p)) > first.end() {
		last = unitAt(first.end())
	}
	disk := f.disk[:last.diskEnd()-first.disk]
	if rc := f.raw.read(disk, first.disk); rc != ok {
		return 0, rc
	}
	done := 0
	for u := first; done < len(p) && u.disk <= last.disk; u = unitAt(u.end()) {
		sealed := disk[u.disk-first.disk:][:u.size+extra]
		whole := off <= u.at && off+int64(len(p)) >= u.end()
		to := f.plain[:0]
		if whole {
			to = p[done:done:len(p)]
		}
		if !f.key.open(to, sealed[:u.size+tagSize], sealed[u.size+tagSize:], u.part, u.index) {
			f.key.failed(Failure{File: f.name, Log: true, Page: u.index})
			return 0, dataError
		}
		n := u.size
		if !whole {
			n = copy(p[done:], f.plain[off+int64(done)-u.at:u.size])
			clear(f.plain[:])
		}
		done += n
	}
	return done, ok
}

func (f *file) writeLog(p []byte, off int64) code {
	if len(p) != frameHeader {
		f.rewriting = false
	}
	for len(p) > 0 {
		u := unitAt(off)
		if off != u.at || len(p) < u.size {
			return writeError
		}
		if u.part == partLogHeader && binary.BigEndian.Uint32(p[8:]) != PageSize {
			return writeError
		}
		disk := f.disk[:u.size+extra]
		if !f.key.seal(disk[:0], p[:u.size], disk[u.size+tagSize:], u.part, u.index) {
			return writeError
		}
		if rc := f.raw.write(disk, u.disk); rc != ok {
			return rc
		}
		p, off = p[u.size:], u.end()
	}
	return ok
}
