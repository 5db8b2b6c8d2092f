package forensics

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestDestroy(t *testing.T) {
	l := newLocker(t)
	if err := l.Destroy(t.Context(), l.name(make([]byte, 32))); err != nil {
		t.Errorf("before there is a locker: %v", err)
	}
	gone, kept := seal(t, l, []byte("to be destroyed")), seal(t, l, []byte("to be kept"))
	key := filepath.Join(l.dir, keyPlace(gone.Blob))
	if err := os.WriteFile(key, []byte("key"), 0o400); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time there is nothing to do
		if err := l.Destroy(t.Context(), gone.Blob); err != nil {
			t.Fatal(err)
		}
		if there, err := l.Holds(gone.Blob); there || err != nil {
			t.Errorf("it is there: %v, %v", there, err)
		}
	}
	if files := lockerFiles(t, l); len(files) != 1 || files[0] != place(kept.Blob) {
		t.Errorf("files %v, want the other blob only", files)
	}
	if check, err := l.Check(t.Context(), kept); err != nil || !check.OK {
		t.Errorf("the other blob: %+v, %v", check, err)
	}
	for _, name := range []string{"", "..", "../../etc/passwd"} {
		if err := l.Destroy(t.Context(), name); err == nil {
			t.Errorf("%q was destroyed", name)
		}
		if there, err := l.Holds(name); there || err != nil {
			t.Errorf("%q: %v, %v", name, there, err)
		}
	}
}

// TestDestroyHalves destroys what is left of a pair, and waits for whoever is
// at work on it.
func TestDestroyHalves(t *testing.T) {
	l := newLocker(t)
	l.Secret = &secret
	whole, blob, side := seal(t, l, []byte("both")), seal(t, l, []byte("a blob alone")), seal(t, l, []byte("a key alone"))
	for _, path := range []string{keyPlace(blob.Blob), place(side.Blob)} {
		if err := os.Remove(filepath.Join(l.dir, path)); err != nil {
			t.Fatal(err)
		}
	}
	for _, e := range []string{blob.Blob, side.Blob} {
		if err := l.Destroy(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	if files := lockerFiles(t, l); len(files) != 2 {
		t.Errorf("files %v, want the whole pair only", files)
	}
	root, err := os.OpenRoot(l.dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = root.Close() }()
	release, err := hold(t.Context(), root, whole.Blob[:2])
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := l.Destroy(ctx, whole.Blob); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("while another holds the folder: %v", err)
	}
	if files := lockerFiles(t, l); len(files) != 2 {
		t.Errorf("files %v, want the whole pair", files)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	if err := l.Destroy(t.Context(), whole.Blob); err != nil {
		t.Fatal(err)
	}
	if files := lockerFiles(t, l); len(files) != 0 {
		t.Errorf("files %v are left", files)
	}
}
