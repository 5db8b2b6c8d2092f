package store

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"firebreak/internal/testkit"
	"firebreak/record"
)

// copyOf puts a picture into a folder of its own.
func copyOf(t testing.TB, s *Store) (string, Picture) {
	t.Helper()
	dir := t.TempDir()
	p, err := s.Copy(t.Context(), filepath.Join(dir, DatabaseFile), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, HeadsFile), p.Heads, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir, p
}

func TestCopyWhileOthersWrite(t *testing.T) {
	t.Parallel()
	o := testOptions(t)
	s := create(t, o)
	for range 300 { // more than one step of pages
		add(t, s, record.Noted, record.Note{Text: string(make([]byte, 4000))})
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := s.Update(context.Background(), func(*Tx) (record.Draft, error) { return draft(t, record.Noted, record.Note{Text: "more"}), nil }); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range testkit.Rounds(t, 2, 5) {
		before := s.Head().Size
		dir, p := copyOf(t, s)
		if p.Head.Size < before || p.Head.Size > s.Head().Size {
			t.Errorf("copied at %d entries; there were %d before and %d after", p.Head.Size, before, s.Head().Size)
		}
		good(t, dir, o, p.Head.Size)
		if info, err := os.Stat(filepath.Join(dir, DatabaseFile)); err != nil || info.Mode().Perm() != testkit.Mode(0o600) {
			t.Errorf("%v, %v", info.Mode(), err)
		}
	}
	close(stop)
	wg.Wait()
}

func TestCopyCancelledLeavesNothing(t *testing.T) {
	t.Parallel()
	s := create(t, testOptions(t))
	for range 300 {
		add(t, s, record.Noted, record.Note{Text: string(make([]byte, 4000))})
	}
	ctx, cancel := context.WithCancel(t.Context())
	path := filepath.Join(t.TempDir(), "copy.db")
	_, err := s.Copy(ctx, path, func(done, total int64) {
		if done < total {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file: %v", err)
	}
	add(t, s, record.Noted, record.Note{Text: "the store goes on"})
	if _, err := s.Copy(t.Context(), path, nil); err != nil {
		t.Error(err)
	}
	if _, err := s.Copy(t.Context(), path, nil); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over another file: %v", err)
	}
}
