package response

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
)

// A pipe that says nothing does not keep the program from being stopped.
func TestInterruptible(t *testing.T) {
	t.Parallel()
	silent, w := io.Pipe()
	defer w.Close() //nolint:errcheck // the test's own
	ctx, cancel := context.WithCancel(t.Context())
	got := make(chan error, 1)
	go func() {
		_, err := io.ReadAll(Interruptible(ctx, silent))
		got <- err
	}()
	if _, err := w.Write([]byte("a line")); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-got; !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}

	text := strings.Repeat("0123456789", 20_000)
	b, err := io.ReadAll(Interruptible(t.Context(), iotest.DataErrReader(iotest.HalfReader(strings.NewReader(text)))))
	if err != nil || string(b) != text {
		t.Errorf("%d bytes of %d, %v", len(b), len(text), err)
	}
	broken := errors.New("broken")
	b, err = io.ReadAll(Interruptible(t.Context(), io.MultiReader(strings.NewReader("x"), iotest.ErrReader(broken))))
	if !errors.Is(err, broken) || string(b) != "x" {
		t.Errorf("%q, %v", b, err)
	}
}

// A file to parse that is no file, and never will be, can be given up.
func TestParseWaitsPatiently(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "pipe")
	if err := mkfifo(path); err != nil {
		t.Skipf("no named pipes here: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	r := ParseRequest{Files: []string{path}}
	err := ParseFiles(ctx, r, func(Parsed) error { return nil }, func(Progress) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
	// What waits for the other side is let go.
	if f, err := os.OpenFile(path, os.O_RDWR, 0); err == nil {
		_ = f.Close()
	}
}
