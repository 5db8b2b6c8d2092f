package forensics

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"

	"firebreak/record"
)

// In haste the same is sealed, whatever the reader's pieces are, and a reader's
// own error is no end.
func TestHasteSealsTheSame(t *testing.T) {
	l := NewLocker(t.TempDir(), [32]byte{1})
	r := rand.New(rand.NewPCG(1, 2))
	for _, size := range []int{0, 1, copyRoom - 1, copyRoom, copyRoom + 1, 7*copyRoom + 11} {
		data := make([]byte, size)
		for i := range data {
			data[i] = byte(r.IntN(7))
		}
		slow, err := l.Seal(t.Context(), bytes.NewReader(data), record.Exhibit{})
		if err != nil {
			t.Fatal(err)
		}
		fast, err := l.SealInput(t.Context(), iotest.HalfReader(bytes.NewReader(data)), record.Exhibit{})
		if err != nil {
			t.Fatal(err)
		}
		if fast.SHA256 != slow.SHA256 || fast.Size != slow.Size || fast.Blob != slow.Blob || fast.Size != int64(size) {
			t.Errorf("%d bytes: %+v and %+v", size, fast, slow)
		}
		back, err := l.Open(fast.Blob)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(back)
		if err != nil || !bytes.Equal(got, data) || back.Close() != nil {
			t.Errorf("%d bytes: %d back, %v", size, len(got), err)
		}
	}
	for _, bad := range []error{io.ErrUnexpectedEOF, errors.New("gone")} {
		in := io.MultiReader(bytes.NewReader(make([]byte, 3*copyRoom)), iotest.ErrReader(bad))
		if _, err := l.SealInput(t.Context(), in, record.Exhibit{}); !errors.Is(err, bad) {
			t.Errorf("%v, want %v", err, bad)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.SealInput(ctx, bytes.NewReader([]byte("x")), record.Exhibit{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
