package forensics

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"firebreak/record"
)

// readsAtTheEnd is a companion that reads the file when there are no more bytes.
type readsAtTheEnd struct {
	got  bytes.Buffer
	f    io.ReaderAt
	size int64
	read []byte
	err  error // of sealing
}

func (r *readsAtTheEnd) Write(p []byte) (int, error) { return r.got.Write(p) }

func (r *readsAtTheEnd) End(err error) {
	r.err = err
	r.read, err = io.ReadAll(io.NewSectionReader(r.f, 0, r.size))
	r.err = errors.Join(r.err, err)
}

// A companion of a file that is sealed has all of its bytes, and the file as long as
// it has not come to its own end.
func TestCompanionHasTheFileToItsEnd(t *testing.T) {
	content := bytes.Repeat([]byte("a line of a log\n"), 20_000)
	path := filepath.Join(t.TempDir(), "auth.log")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	c := &readsAtTheEnd{}
	l := newLocker(t)
	e, err := l.SealFileBeside(t.Context(), path, record.Exhibit{ID: "e1"}, nil, func(f io.ReaderAt, before record.Stat) Companion {
		c.f, c.size = f, before.Size
		return c
	})
	if err != nil || c.err != nil {
		t.Fatal(err, c.err)
	}
	wantContent(t, l, e, content)
	if !bytes.Equal(c.got.Bytes(), content) || !bytes.Equal(c.read, content) {
		t.Errorf("it got %d bytes and read %d, of %d", c.got.Len(), len(c.read), len(content))
	}
}
