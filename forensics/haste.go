package forensics

import (
	"errors"
	"hash"
	"io"

	"firebreak/internal/squash"
)

// haste says how many threads a sealing may use.
type haste int

const (
	unhurried haste = iota // one
	hurried                // one that hashes, and one that compresses
)

// encoder returns a compressor that writes to w.
func (l *Locker) encoder(w io.Writer) (*squash.Writer, error) {
	if z, ok := l.encoders.Get().(*squash.Writer); ok {
		z.Reset(w)
		return z, nil
	}
	return squash.NewWriter(w)
}

// copyRoom is how much is read at once, and copyAhead how many of those the one
// who hashes may be behind.
const (
	copyRoom  = 128 << 10
	copyAhead = 4
)

// copy brings r into the hash and the compressor, and says how much that was.
func (how haste) copy(sum hash.Hash, z io.Writer, r io.Reader) (int64, error) {
	if how == unhurried {
		return io.Copy(io.MultiWriter(sum, z), r)
	}
	todo, free := make(chan []byte, copyAhead), make(chan []byte, copyAhead)
	hashed := make(chan struct{})
	go func() {
		defer close(hashed)
		for b := range todo {
			sum.Write(b) // a hash takes everything
			free <- b[:cap(b)]
		}
	}()
	defer func() {
		close(todo)
		<-hashed
	}()
	var size int64
	for made := 0; ; {
		var b []byte
		if made < copyAhead {
			b = make([]byte, copyRoom)
			made++
		} else {
			b = <-free
		}
		n, err := fill(b, r)
		b = b[:n]
		size += int64(n)
		todo <- b
		if _, werr := z.Write(b); werr != nil {
			return size, werr
		}
		if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return size, nil
		}
		if err != nil {
			return size, err
		}
	}
}

// fill reads until b is full; unlike io.ReadFull it gives the reader's own error.
func fill(b []byte, r io.Reader) (n int, err error) {
	for n < len(b) && err == nil {
		var got int
		got, err = r.Read(b[n:])
		n += got
	}
	return n, err
}
