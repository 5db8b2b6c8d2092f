package cmd_test

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// smallDisk mounts a file system of that size.
func smallDisk(t *testing.T, dir, name, size string) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root to mount a small file system")
	}
	small := filepath.Join(dir, name)
	if err := os.Mkdir(small, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", small, "tmpfs", 0, "size="+size); err != nil {
		t.Skip("may not mount a file system here: " + err.Error())
	}
	t.Cleanup(func() {
		if err := unix.Unmount(small, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return small
}

// TestFullDiskDuringBackup has no room at each of the three places: where the
// backup goes, where it is tested, where it is restored to.
func TestFullDiskDuringBackup(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	identity, recipient := b.keyPair()
	home := smallDisk(t, b.dir, "home", "16m")
	b.home = filepath.Join(home, "workspace")
	b.env = plainEnv(b.dir, b.home)
	id := b.open("odd process")
	noise := make([]byte, 6<<20)
	if _, err := rand.Read(noise); err != nil {
		t.Fatal(err)
	}
	b.want(0, "ingest", id, b.write("big.bin", string(noise)))

	// Where it goes.
	small := smallDisk(t, b.dir, "small", "2m")
	tells(t, b.want(1, "backup", "--all", "--to", filepath.Join(small, "x.age"), "--recipient", recipient), "free some space")
	if left, err := os.ReadDir(small); err != nil || len(left) != 0 {
		t.Errorf("left %v, %v", left, err)
	}
	b.nothingLeft()
	b.verified(id)

	// Where it is tested: the backup is there, and that it is not tested is said.
	if err := os.WriteFile(filepath.Join(home, "stuff"), noise[:5<<20], 0o600); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(b.dir, "x.age")
	tells(t, b.want(5, "backup", "--all", "--to", file, "--recipient", recipient), "NOT tested", "a restore could not be tested", "firebreak restore "+file+" --test")
	b.nothingLeft()
	b.verified(id)
	if err := os.Remove(filepath.Join(home, "stuff")); err != nil {
		t.Fatal(err)
	}
	tells(t, b.want(0, "restore", file, "--test", "--identity", identity), "verified, nothing put back")

	// Where it is restored to: whole or not at all.
	c := b.elsewhere("unused")
	c.home = filepath.Join(smallDisk(t, b.dir, "clean", "3m"), "workspace")
	c.env = plainEnv(b.dir, c.home)
	tells(t, c.want(1, "restore", file, "--identity", identity), "free some space")
	if left, err := filepath.Glob(filepath.Join(c.home, "incidents", "*")); err != nil || len(left) != 0 {
		t.Errorf("left %v, %v", left, err)
	}
	c.nothingLeft()
}
