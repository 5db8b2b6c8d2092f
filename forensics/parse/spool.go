package parse

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
)

// spool is a temporary file without a name, encrypted with AES-256 in counter
// mode under a key that is in memory only: evidence leaves no plain copy behind,
// whatever ends the process. It is written from the beginning to the end.
type spool struct {
	file   *os.File
	remove func() error // where an open file keeps its name
	block  cipher.Block
	size   int64
	out    []byte
}

func newSpool() (*spool, error) {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("make a temporary file: %w", err)
	}
	f, err := os.CreateTemp("", "firebreak-*")
	if err != nil {
		return nil, fmt.Errorf("make a temporary file: %w", err)
	}
	s := &spool{file: f, block: block, remove: func() error { return nil }}
	if err := os.Remove(f.Name()); err != nil {
		s.remove = func() error { return os.Remove(f.Name()) }
	}
	return s, nil
}

// close gives the room back.
func (s *spool) close() error { return errors.Join(s.file.Close(), s.remove()) }

// crypt encrypts or decrypts from in to out what stands at off.
func (s *spool) crypt(out, in []byte, off int64) {
	var iv, skipped [aes.BlockSize]byte
	binary.BigEndian.PutUint64(iv[8:], uint64(off)/aes.BlockSize) //nolint:gosec // never negative
	stream := cipher.NewCTR(s.block, iv[:])
	stream.XORKeyStream(skipped[:off%aes.BlockSize], skipped[:off%aes.BlockSize])
	stream.XORKeyStream(out, in)
}

// Write appends.
func (s *spool) Write(p []byte) (int, error) {
	s.out = append(s.out[:0], p...)
	s.crypt(s.out, s.out, s.size)
	n, err := s.file.WriteAt(s.out, s.size)
	s.size += int64(n)
	return n, err
}

// ReadAt may be called by several at once.
func (s *spool) ReadAt(p []byte, off int64) (int, error) {
	n, err := s.file.ReadAt(p, off)
	if n > 0 {
		s.crypt(p[:n], p[:n], off)
	}
	return n, err
}
