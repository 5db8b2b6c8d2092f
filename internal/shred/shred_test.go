package shred

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// A second name for the same bytes shows what became of them.
func TestFileIsZeroedAndGone(t *testing.T) {
	dir := t.TempDir()
	path, other := filepath.Join(dir, "blob"), filepath.Join(dir, "other name")
	if err := os.WriteFile(path, bytes.Repeat([]byte("secret "), 5000), 0o400); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(path, other); err != nil {
		t.Skipf("no hard links here: %v", err)
	}
	if err := File(path); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
	left, err := os.ReadFile(other)
	if err != nil || len(left) != 35000 || len(bytes.Trim(left, "\x00")) != 0 {
		t.Errorf("%d bytes are left, %q…, %v", len(left), left[:min(len(left), 20)], err)
	}
	if err := File(path); err != nil {
		t.Errorf("a file that is gone: %v", err)
	}
	if err := File(filepath.Join(dir, "no folder", "x")); err != nil {
		t.Errorf("a folder that is not there: %v", err)
	}
}

func TestLinkLosesItsNameOnly(t *testing.T) {
	dir := t.TempDir()
	target, link := filepath.Join(dir, "target"), filepath.Join(dir, "link")
	if err := os.WriteFile(target, []byte("kept"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, link); err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
	if err := File(link); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(target); err != nil || string(b) != "kept" {
		t.Errorf("the target is %q, %v", b, err)
	}
}

func TestFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a")
	if err := os.MkdirAll(filepath.Join(dir, "b"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"x", "b/y"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("secret"), 0o400); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if err := Folder(dir); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("it is still there: %v", err)
		}
	}
}
