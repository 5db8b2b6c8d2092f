package sqlview

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync"
)

// spillRoom is how much of what the queries of one connection spill is kept in
// memory. What is more goes to a file.
const spillRoom = 32 << 20

// spillPage is the unit in which a spill is encrypted.
const spillPage = 4096

// spills are the temporary files of a connection: sorts and temporary indexes
// that SQLite does not keep in its cache. The first of them lie in memory, the
// rest in nameless files in dir, encrypted with a key that is made for the
// connection and never leaves it: whatever becomes of the disk, nothing of an
// encrypted incident can be read from it.
type spills struct {
	dir   string
	block cipher.Block

	mu    sync.Mutex
	room  int64 // what is left of spillRoom
	count uint64
}

// newSpills takes a key of 32 random bytes.
func newSpills(dir string, key [32]byte) (*spills, error) {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, fmt.Errorf("encrypt temporary files: %w", err)
	}
	return &spills{dir: dir, block: block, room: spillRoom}, nil
}

// spill is one temporary file.
type spill struct {
	of     *spills
	number uint64
	size   int64
	memory [][]byte // pages, nil where none was written
	pages  []spilled
	file   *os.File
	page   [spillPage]byte
	sealed [spillPage]byte
}

// spilled is what is known of a page in the file: its version, which makes the
// key stream another one at every rewriting, and how far it is written.
type spilled struct {
	version uint32
	filled  uint16
}

var errFullSpill = errors.New("a temporary file is full")

func (s *spills) open() *spill {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	return &spill{of: s, number: s.count}
}

// take asks for n bytes of memory.
func (s *spills) take(n int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.room < n {
		return false
	}
	s.room -= n
	return true
}

func (s *spills) give(n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.room += n
}

// read fills p from off on; what was never written is zero, and n is how much
// of p lies before the end.
func (f *spill) read(p []byte, off int64) (n int, err error) {
	clear(p)
	if off >= f.size {
		return 0, nil
	}
	n = int(min(int64(len(p)), f.size-off))
	for done := 0; done < n; {
		at, from := (off+int64(done))/spillPage, int((off+int64(done))%spillPage)
		part := p[done:min(n, done+spillPage-from)]
		if err := f.readPage(part, at, from); err != nil {
			return 0, err
		}
		done += len(part)
	}
	return n, nil
}

func (f *spill) readPage(part []byte, at int64, from int) error {
	if at < int64(len(f.memory)) && f.memory[at] != nil {
		copy(part, f.memory[at][from:])
		return nil
	}
	if at >= int64(len(f.pages)) || from >= int(f.pages[at].filled) {
		return nil
	}
	part = part[:min(len(part), int(f.pages[at].filled)-from)]
	if _, err := f.file.ReadAt(part, at*spillPage+int64(from)); err != nil {
		return fmt.Errorf("read temporary file: %w", err)
	}
	f.crypt(part, part, at, from)
	return nil
}

func (f *spill) write(p []byte, off int64) error {
	for len(p) > 0 {
		at, from := off/spillPage, int(off%spillPage)
		part := p[:min(len(p), spillPage-from)]
		if err := f.writePage(part, at, from); err != nil {
			return err
		}
		p, off = p[len(part):], off+int64(len(part))
		f.size = max(f.size, off)
	}
	return nil
}

func (f *spill) writePage(part []byte, at int64, from int) error {
	onDisk := at < int64(len(f.pages)) && f.pages[at].filled > 0
	if at < int64(len(f.memory)) && f.memory[at] != nil {
		copy(f.memory[at][from:], part)
		return nil
	}
	if !onDisk && at <= int64(len(f.memory))+1<<20 && f.of.take(spillPage) {
		for int64(len(f.memory)) <= at {
			f.memory = append(f.memory, nil)
		}
		f.memory[at] = make([]byte, spillPage)
		copy(f.memory[at][from:], part)
		return nil
	}
	return f.writeDisk(part, at, from)
}

// writeDisk goes on behind what the page holds in the same key stream, and
// takes another one wherever something is written over.
func (f *spill) writeDisk(part []byte, at int64, from int) error {
	if f.file == nil {
		if err := f.create(); err != nil {
			return err
		}
	}
	for int64(len(f.pages)) <= at {
		f.pages = append(f.pages, spilled{})
	}
	page := &f.pages[at]
	if from != int(page.filled) && (from > 0 || len(part) < int(page.filled)) {
		whole := f.page[:]
		clear(whole)
		if err := f.readPage(whole, at, 0); err != nil {
			return err
		}
		copy(whole[from:], part)
		part, from = whole[:max(int(page.filled), from+len(part))], 0
		page.filled = 0
	}
	if from == 0 {
		if page.version == 1<<32-1 {
			return errFullSpill
		}
		page.version++
	}
	sealed := f.sealed[:len(part)]
	f.crypt(sealed, part, at, from)
	if _, err := f.file.WriteAt(sealed, at*spillPage+int64(from)); err != nil {
		return fmt.Errorf("write temporary file: %w", err)
	}
	page.filled = uint16(from + len(part)) //nolint:gosec // at most a page
	return nil
}

// create makes the file. It has no name any more when it is written to, where
// the system allows that; elsewhere close takes it away.
func (f *spill) create() error {
	file, err := os.CreateTemp(f.of.dir, "firebreak-sql-*")
	if err != nil {
		return fmt.Errorf("make temporary file: %w", err)
	}
	f.file = file
	os.Remove(file.Name()) //nolint:errcheck,gosec // Windows keeps the name until close
	return nil
}

// crypt is AES-CTR: the counter's block is file, page, version and place.
func (f *spill) crypt(to, from []byte, at int64, in int) {
	var iv [aes.BlockSize]byte
	binary.BigEndian.PutUint32(iv[0:], uint32(f.number))            //nolint:gosec // far fewer files
	binary.BigEndian.PutUint32(iv[4:], f.pages[at].version)         //
	binary.BigEndian.PutUint64(iv[8:], uint64(at)<<8|uint64(in/16)) //nolint:gosec // 256 blocks a page
	stream := cipher.NewCTR(f.of.block, iv[:])
	if skip := in % 16; skip > 0 {
		var unused [16]byte
		stream.XORKeyStream(unused[:skip], unused[:skip])
	}
	stream.XORKeyStream(to, from)
}

func (f *spill) truncate(size int64) error {
	if size >= f.size {
		return nil
	}
	f.size = size
	keep := (size + spillPage - 1) / spillPage
	for i := keep; i < int64(len(f.memory)); i++ {
		if f.memory[i] != nil {
			f.of.give(spillPage)
		}
	}
	f.memory = f.memory[:min(keep, int64(len(f.memory)))]
	for i := keep; i < int64(len(f.pages)); i++ {
		f.pages[i].filled = 0 // the version stays: the same key stream is never used twice
	}
	in := int(size % spillPage)
	if last := keep - 1; in > 0 {
		if last < int64(len(f.memory)) && f.memory[last] != nil {
			clear(f.memory[last][in:])
		}
		if last < int64(len(f.pages)) && int(f.pages[last].filled) > in {
			return f.cut(last, in)
		}
	}
	return nil
}

// cut ends a page of the file: what is written behind it later must not meet
// the key stream of what was there.
func (f *spill) cut(at int64, in int) error {
	whole := make([]byte, in)
	if err := f.readPage(whole, at, 0); err != nil {
		return err
	}
	f.pages[at].filled = 0
	return f.writeDisk(whole, at, 0)
}

func (f *spill) close() error {
	for _, page := range f.memory {
		if page != nil {
			clear(page)
			f.of.give(spillPage)
		}
	}
	f.memory, f.pages = nil, nil
	if f.file == nil {
		return nil
	}
	err := f.file.Close()
	if _, still := os.Lstat(f.file.Name()); still == nil {
		err = errors.Join(err, os.Remove(f.file.Name()))
	}
	if err != nil {
		return fmt.Errorf("remove temporary file: %w", err)
	}
	return nil
}
