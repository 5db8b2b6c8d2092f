package ext4_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"firebreak/forensics/formats/ext4"
)

// contents is what everything is, without the times and sizes of folders: whoever
// writes fast commits back gives folders the time of that.
func contents(t *testing.T, file string) string {
	t.Helper()
	x := open(t, file)
	var out strings.Builder
	every(t, x, ext4.RootInode, "", func(path string, n *ext4.Inode) {
		switch n.Mode & ext4.ModeType {
		case ext4.ModeDir:
			fmt.Fprintf(&out, "%q %d %o %d\n", path, n.Number, n.Mode, n.Links)
			return
		case ext4.ModeLink:
			to, err := x.Target(n)
			fmt.Fprintf(&out, "%q -> %q %v\n", path, to, err)
			return
		}
		fmt.Fprintf(&out, "%q %d %o %d %d %v %v %v %v %x\n", path, n.Number, n.Mode, n.Size, n.Links, n.Modified, n.Changed, n.Born, n.BadChecksum, hashed(t, x, n))
	})
	lines := strings.SplitAfter(out.String(), "\n") // who writes back puts names where there is room
	slices.Sort(lines)
	return strings.Join(lines, "")
}

// synced writes a file, or a part of it, and has it last.
func synced(t *testing.T, file string, at int64, b []byte) {
	t.Helper()
	f, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(b, at); err != nil {
		t.Fatal(err)
	}
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func mounted(t *testing.T, file string) (at string, unmount func()) {
	t.Helper()
	at = t.TempDir()
	if said, err := exec.CommandContext(t.Context(), "mount", "-o", "loop,noatime,commit=300", file, at).CombinedOutput(); err != nil {
		t.Skipf("no loop device: %v %s", err, said)
	}
	return at, func() {
		if out, err := exec.Command("umount", at).CombinedOutput(); err != nil {
			t.Errorf("umount: %v %s", err, out)
		}
	}
}

func copied(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(t.TempDir(), "copy.dd")
	if err := os.WriteFile(to, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return to
}

// fastImages are two copies of a file system that was in use, taken behind some
// fast commits.
func fastImages(t *testing.T) (first, second string) {
	t.Helper()
	from := t.TempDir()
	if err := os.WriteFile(filepath.Join(from, "seed"), []byte("seed"), 0o600); err != nil {
		t.Fatal(err)
	}
	file := image(t, from, "-t", "ext4", "-O", "fast_commit", "-b", "1024")
	at, unmount := mounted(t, file)
	must := func(err error) {
		t.Helper()
		if err != nil {
			unmount()
			t.Fatal(err)
		}
	}
	in := func(name string) string { return filepath.Join(at, name) }
	must(os.Mkdir(in("d"), 0o700))
	synced(t, in("old"), 0, bytes.Repeat([]byte("old"), 100))
	synced(t, in("long"), 0, bytes.Repeat([]byte("long "), 8000))
	synced(t, in("gone"), 0, bytes.Repeat([]byte("x"), 5000))
	synced(t, in("moved"), 0, []byte("moved"))
	must(exec.CommandContext(t.Context(), "sync", "-f", at).Run()) // a whole commit
	// From here on an fsync is a fast one.
	synced(t, in("new"), 0, bytes.Repeat([]byte("evidence\n"), 1000))
	synced(t, in("d/inner"), 0, bytes.Repeat([]byte("y"), 20_000))
	synced(t, in("old"), 300, bytes.Repeat([]byte("more"), 5000))
	must(os.Link(in("old"), in("hard")))
	synced(t, in("hard"), 0, []byte("O"))
	must(os.Truncate(in("long"), 5000))
	synced(t, in("long"), 4990, []byte("end"))
	must(os.Rename(in("moved"), in("d/away")))
	must(os.Chmod(in("d/away"), 0o4755))
	synced(t, in("d/away"), 0, []byte("M"))
	synced(t, in("holes"), 300_000, []byte("behind a hole"))
	first = copied(t, file)
	must(os.Remove(in("gone"))) // its inode is used again
	synced(t, in("after"), 0, []byte("z"))
	must(os.Remove(in("new")))
	synced(t, in("last"), 0, []byte("last"))
	second = copied(t, file)
	unmount()
	return first, second
}

const fastReplayed = "fast commits behind its transactions were replayed"

// TestFastCommits reads copies of a mounted file system, taken after an fsync, and
// compares with what e2fsck, or the kernel, makes of them.
func TestFastCommits(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("mounting needs root")
	}
	first, second := fastImages(t)
	for range 5 { // whoever syncs the whole machine makes the kernel commit all of it
		if says(t, first, fastReplayed) && says(t, second, fastReplayed) {
			break
		}
		first, second = fastImages(t)
	}
	noted(t, first, fastReplayed)
	if got, want := contents(t, first), contents(t, writtenBack(t, first)); got != want {
		t.Errorf("it reads\n%s\ne2fsck makes\n%s", got, want)
	}
	kernels := copied(t, second)
	_, unmount := mounted(t, kernels)
	unmount()
	got, want := contents(t, second), contents(t, kernels)
	if got != want {
		t.Errorf("it reads\n%s\nthe kernel makes\n%s", got, want)
	}
	for _, name := range []string{`"/after"`, `"/hard"`, `"/d/away"`, `"/last"`} {
		if !strings.Contains(got, name) {
			t.Errorf("%s, which came last, is not there", name)
		}
	}
	x := open(t, second) // what was removed is found as such
	root, err := x.Inode(ext4.RootInode)
	if err != nil {
		t.Fatal(err)
	}
	removed := 0
	err = x.ReadDir(root, true, func(e ext4.Entry) error {
		if e.Name == "gone" && e.Deleted {
			removed++
		}
		return nil
	})
	if err != nil || removed != 1 {
		t.Errorf("the removed name was seen %d times, %v", removed, err)
	}
	// A commit that is not whole is left out, and said so.
	b, err := os.ReadFile(second)
	if err != nil {
		t.Fatal(err)
	}
	i := bytes.LastIndex(b, []byte("last")) // the name, in the journal or behind it
	for i >= 0 && !bytes.Equal(b[i-12:i-8], []byte{3, 0, 12, 0}) {
		i = bytes.LastIndex(b[:i], []byte("last"))
	}
	if i < 0 {
		t.Fatal("the name is not in the journal")
	}
	b[i] ^= 1
	if err := os.WriteFile(second, b, 0o600); err != nil {
		t.Fatal(err)
	}
	noted(t, second, "the last one is not whole (a tail with a wrong checksum")
	if got := contents(t, second); strings.Contains(got, `"/last"`) || !strings.Contains(got, `"/after"`) {
		t.Errorf("with a damaged commit it reads\n%s", got)
	}
}
