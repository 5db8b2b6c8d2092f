package forensics

import (
	"os"
	"path/filepath"
	"testing"
)

func TestDestroy(t *testing.T) {
	l := newLocker(t)
	if err := l.Destroy(l.name(make([]byte, 32))); err != nil {
		t.Errorf("before there is a locker: %v", err)
	}
	gone, kept := seal(t, l, []byte("to be destroyed")), seal(t, l, []byte("to be kept"))
	key := filepath.Join(l.dir, place(gone.Blob)+sealedKey)
	if err := os.WriteFile(key, []byte("key"), 0o400); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time there is nothing to do
		if err := l.Destroy(gone.Blob); err != nil {
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
		if err := l.Destroy(name); err == nil {
			t.Errorf("%q was destroyed", name)
		}
		if there, err := l.Holds(name); there || err != nil {
			t.Errorf("%q: %v, %v", name, there, err)
		}
	}
}
