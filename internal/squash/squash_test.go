package squash

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/klauspost/compress/zstd"
)

func unpacked(t *testing.T, b []byte) []byte {
	t.Helper()
	z, err := zstd.NewReader(bytes.NewReader(b), zstd.WithDecoderMaxWindow(FrameSize))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	out, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 3*FrameSize+17)
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	lines := bytes.Repeat([]byte("Accepted publickey for root from 10.0.0.7 port 4711 ssh2\n"), 60_000)
	var out bytes.Buffer
	w, err := NewWriter(&out)
	if err != nil {
		t.Fatal(err)
	}
	for _, content := range [][]byte{nil, []byte("a"), lines, noise, lines[:FrameSize], lines[:FrameSize+1], noise[:2*FrameSize]} {
		for _, piece := range []int{1 << 30, 256 << 10, FrameSize + 3, 4093} {
			out.Reset()
			w.Reset(&out)
			for rest := content; len(rest) > 0; {
				n := min(piece, len(rest))
				if wrote, err := w.Write(rest[:n]); wrote != n || err != nil {
					t.Fatalf("%d written of %d: %v", wrote, n, err)
				}
				rest = rest[n:]
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			if got := unpacked(t, out.Bytes()); !bytes.Equal(got, content) {
				t.Fatalf("%d bytes in pieces of %d: %d came back, and not the same", len(content), piece, len(got))
			}
			if len(content) == len(lines) && out.Len() > len(lines)/20 {
				t.Errorf("%d bytes of equal lines became %d", len(lines), out.Len())
			}
		}
	}
}

// TestFrame holds what package segment reads in a frame: its size.
func TestFrame(t *testing.T) {
	c, err := New()
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 1, 255, 256, 65_791, 65_792, 1 << 20} {
		frame, err := c.Append([]byte("before"), make([]byte, n))
		if err != nil {
			t.Fatal(err)
		}
		var head zstd.Header
		if err := head.Decode(frame[len("before"):]); err != nil || !head.HasFCS && n > 0 || head.FrameContentSize != uint64(n) {
			t.Errorf("the frame of %d bytes says %+v, %v", n, head, err)
		}
	}
}

type broken struct{ left int }

var errBroken = errors.New("it is broken")

func (b *broken) Write(p []byte) (int, error) {
	if b.left--; b.left < 0 {
		return 0, errBroken
	}
	return len(p), nil
}

func TestErrorsStay(t *testing.T) {
	for left := range 2 {
		w, err := NewWriter(&broken{left})
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.Write(make([]byte, 4*FrameSize))
		if !errors.Is(err, errBroken) {
			t.Errorf("after %d frames: %v", left, err)
		}
		if err := w.Close(); !errors.Is(err, errBroken) {
			t.Errorf("after %d frames it closes with %v", left, err)
		}
		var out bytes.Buffer
		w.Reset(&out)
		if err := w.Close(); err != nil || len(unpacked(t, out.Bytes())) != 0 {
			t.Errorf("it is not used again: %v", err)
		}
	}
}
