package parse

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// Limits of a file that is read by offset: up to wholeInMemory it lies in
// memory, beyond that in a temporary file.
const (
	wholeInMemory = 32 << 20
	maxWhole      = 64 << 30
)

// whole is what is left of r, to be read by offset. It lies in memory, or, when
// it is large, in a spool. A compressed stream that is cut ends where it is cut,
// which counts as one record rejected. done must be called when nobody reads any
// more.
func (j *job) whole(r io.Reader) (at io.ReaderAt, size int64, done func(), err error) {
	nothing := func() {}
	fail := func(err error) (io.ReaderAt, int64, func(), error) {
		return nil, 0, nothing, fmt.Errorf("read the whole of it: %w", err)
	}
	cut := false
	read := func(w io.Writer, most int64) (int64, error) {
		n, err := io.Copy(w, io.LimitReader(&patient{j, r}, most))
		if errors.Is(err, errDamaged) {
			cut = true
			j.reject(size+n, nil, err.Error())
			err = nil
		}
		return n, err
	}
	var head bytes.Buffer
	if size, err = read(&head, wholeInMemory); err != nil {
		return fail(err)
	}
	if size < wholeInMemory || cut {
		return bytes.NewReader(head.Bytes()), size, nothing, nil
	}
	s, err := newSpool()
	if err != nil {
		return fail(err)
	}
	_, err = s.Write(head.Bytes())
	if err == nil {
		var n int64
		n, err = read(s, maxWhole-size+1)
		size += n
	}
	if err == nil && size > maxWhole {
		err = fmt.Errorf("it is larger than %d GiB", maxWhole>>30)
	}
	if err != nil {
		return fail(errors.Join(err, s.close()))
	}
	return s, size, func() { _ = s.close() }, nil // it has no name: nothing is lost
}

// patient is a reader that ends when the job is cancelled.
type patient struct {
	j *job
	r io.Reader
}

func (p *patient) Read(b []byte) (int, error) {
	if err := p.j.ctx.Err(); err != nil {
		return 0, err
	}
	return p.r.Read(b)
}

// beside is the artefact that lay beside this one, as whole returns it; at is nil
// where there is none.
func (j *job) beside(suffix string) (at io.ReaderAt, size int64, done func(), err error) {
	nothing := func() {}
	if j.src.Beside == nil {
		return nil, 0, nothing, nil
	}
	r, err := j.src.Beside(suffix)
	if err != nil || r == nil {
		return nil, 0, nothing, err
	}
	at, size, done, err = j.whole(r)
	return at, size, done, errors.Join(err, r.Close())
}
