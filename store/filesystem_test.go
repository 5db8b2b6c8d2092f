package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"firebreak/record"
)

// No record is written where locks may not hold; it can be looked at there.
func TestFileSystemWithoutLocks(t *testing.T) {
	t.Parallel()
	ctx, o := context.Background(), testOptions(t)
	dir := filled(t, o, 3)
	for name, fit := range map[string]bool{
		"nfs": false, "smb": false, "9p": false, "afs": false, "ceph": false, "lustre": false, "fuse.sshfs": false, "fuse.rclone": false, "fuse": false,
		"vboxsf": false, "ext4": true, "tmpfs": true, "overlay": true, "btrfs": true, "zfs": true, "fuseblk": true, "virtiofs": true, "fuse.gocryptfs": true, "type 0x1234": true,
	} {
		there := o
		there.kindOf = func(string) (string, error) { return name, nil }
		before := content(t, dir)
		s, err := Open(ctx, dir, there)
		if fit {
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			closeStore(t, s)
			continue
		}
		if !errors.Is(err, ErrFileSystem) || !errors.Is(err, ErrReadOnly) || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "local disk") {
			t.Errorf("%s: open: %v", name, err)
		}
		if after := content(t, dir); !same(before, after) {
			t.Errorf("%s: the refusal changed %v into %v", name, sizes(before), sizes(after))
		}
		new := filepath.Join(t.TempDir(), "2026-0008")
		if _, err := Create(ctx, new, "2026-0008", there, opened(t)); !errors.Is(err, ErrFileSystem) {
			t.Errorf("%s: create: %v", name, err)
		}
		there.ReadOnly, there.Because = true, err
		look, err := Open(ctx, dir, there)
		if err != nil {
			t.Fatalf("%s: look: %v", name, err)
		}
		if r, err := look.Verify(ctx, VerifyOptions{}); err != nil || !r.OK() {
			t.Errorf("%s: verify: %+v, %v", name, r, err)
		}
		if _, err := look.Update(ctx, note(t, "x")); !errors.Is(err, ErrFileSystem) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: update: %v", name, err)
		}
		closeStore(t, look)
	}
}

// The file systems of this machine are fit.
func TestFileSystemsHere(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("file systems are told apart on Linux")
	}
	if name, err := FileSystem(t.TempDir()); err != nil || name == "" {
		t.Errorf("%q, %v", name, err)
	}
	disk := small(t, "1m")
	if name, err := FileSystem(disk); err != nil || name != "tmpfs" {
		t.Errorf("tmpfs: %q, %v", name, err)
	}
	for _, d := range []string{"lower", "upper", "work", "merged"} {
		if err := os.Mkdir(filepath.Join(disk, d), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	merged := filepath.Join(disk, "merged")
	if err := mountOverlay(merged, filepath.Join(disk, "lower"), filepath.Join(disk, "upper"), filepath.Join(disk, "work")); err != nil {
		t.Skipf("cannot mount an overlay here: %v", err)
	}
	defer func() {
		if err := unmount(merged); err != nil {
			t.Error(err)
		}
	}()
	if name, err := FileSystem(merged); err != nil || name != "overlay" {
		t.Errorf("overlay: %q, %v", name, err)
	}
}

// content is every file of a folder.
func content(t *testing.T, dir string) map[string]string {
	t.Helper()
	es, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, e := range es {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		out[e.Name()] = string(b)
	}
	return out
}

func same(a, b map[string]string) bool {
	if len(a) != len(b) {
		return false
	}
	for k, v := range a {
		if b[k] != v {
			return false
		}
	}
	return true
}

func sizes(m map[string]string) map[string]int {
	out := map[string]int{}
	for k, v := range m {
		out[k] = len(v)
	}
	return out
}

// A newer schema is refused, for writing and for looking, and not one byte of
// the folder changes: not even a log or an index appears.
func TestNewerIsNotTouched(t *testing.T) {
	t.Parallel()
	ctx, o := context.Background(), testOptions(t)
	dir := filled(t, o, 3)
	hand(t, dir, "PRAGMA user_version = 99")
	before := content(t, dir)
	for _, way := range []Options{o, {ReadOnly: true, Secret: o.Secret}} {
		if _, err := Open(ctx, dir, way); !errors.Is(err, ErrNewer) || !strings.Contains(err.Error(), "schema 99") {
			t.Errorf("open (read-only %v): %v", way.ReadOnly, err)
		}
		if after := content(t, dir); !same(before, after) {
			t.Errorf("read-only %v: %v became %v", way.ReadOnly, sizes(before), sizes(after))
		}
	}
}

// The same where the newer one crashed: its schema is in the log only.
func TestNewerInTheLog(t *testing.T) {
	t.Parallel()
	ctx, o := context.Background(), testOptions(t)
	s := create(t, o)
	add(t, s, record.Noted, record.Note{Text: "x"})
	if _, err := s.w.Exec("PRAGMA user_version = 99"); err != nil {
		t.Fatal(err)
	}
	dir := copyDir(t, s.Dir())
	if err := os.Remove(filepath.Join(dir, DatabaseFile+"-shm")); err != nil {
		t.Fatal(err)
	}
	before := content(t, dir)
	if _, err := Open(ctx, dir, o); !errors.Is(err, ErrNewer) {
		t.Errorf("open: %v", err)
	}
	after := content(t, dir)
	delete(after, DatabaseFile+"-shm") // the index of the log: it holds nothing
	if !same(before, after) {
		t.Errorf("%v became %v", sizes(before), sizes(after))
	}
}
