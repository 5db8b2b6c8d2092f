package ext4_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"firebreak/forensics/formats/ext4"
)

// everything is what can be seen of a file system: names, what inodes say, hashes
// of content.
func everything(t *testing.T, file string) string {
	t.Helper()
	x := open(t, file)
	var out strings.Builder
	every(t, x, ext4.RootInode, "", func(path string, n *ext4.Inode) {
		fmt.Fprintf(&out, "%q %d %o %d %d %v %v %v\n", path, n.Number, n.Mode, n.Size, n.Links, n.Modified, n.Changed, n.Born)
		if n.Mode&ext4.ModeType != ext4.ModeRegular {
			return
		}
		fmt.Fprintf(&out, "%x\n", hashed(t, x, n))
	})
	return out.String()
}

func hashed(t *testing.T, x *ext4.FS, n *ext4.Inode) []byte {
	t.Helper()
	f, err := x.Open(n)
	if err != nil {
		t.Fatal(err)
	}
	h := sha256.New()
	if _, err := io.Copy(h, io.NewSectionReader(f, 0, n.Size)); err != nil {
		t.Fatal(err)
	}
	return h.Sum(nil)
}

// writtenBack is a copy of an image whose journal e2fsck wrote back.
func writtenBack(t *testing.T, image string) string {
	t.Helper()
	fsck := tool(t, "e2fsck")
	b, err := os.ReadFile(image)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "written-back.dd")
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	said, err := exec.CommandContext(t.Context(), fsck, "-E", "journal_only", "-p", file).CombinedOutput()
	if err != nil && !strings.Contains(string(said), "recovering journal") {
		t.Fatalf("e2fsck: %v\n%s", err, said)
	}
	return file
}

func noted(t *testing.T, image, what string) {
	t.Helper()
	if !says(t, image, what) {
		t.Errorf("no note says %q: %q", what, open(t, image).Notes())
	}
}

func says(t *testing.T, image, what string) bool {
	t.Helper()
	return slices.ContainsFunc(open(t, image).Notes(), func(n string) bool { return strings.Contains(n, what) })
}

// blockOf is where the only block of a file lies.
func blockOf(t *testing.T, image, name string) string {
	t.Helper()
	return strings.Fields(run(t, tool(t, "debugfs"), "-R", "blocks "+name, image))[3]
}

// TestJournal replays journals that debugfs wrote, and compares with what e2fsck
// makes of them: checksums of each kind, a block that begins with the journal's
// magic, revocations.
func TestJournal(t *testing.T) {
	t.Parallel()
	debugfs := tool(t, "debugfs")
	from := t.TempDir()
	for _, name := range []string{"a", "b", "c"} {
		if err := os.WriteFile(filepath.Join(from, name), bytes.Repeat([]byte(name), 700), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, form := range map[string]struct {
		mkfs []string
		open string
	}{
		"none":       {[]string{"-t", "ext3", "-b", "1024"}, "jo"},
		"v2":         {[]string{"-t", "ext4", "-b", "1024", "-O", "metadata_csum,^64bit"}, "jo -c -v 2"},
		"v3":         {[]string{"-t", "ext4", "-b", "4096", "-O", "metadata_csum,64bit"}, "jo -c -v 3"},
		"64 bit":     {[]string{"-t", "ext4", "-b", "4096", "-O", "^metadata_csum,64bit"}, "jo"},
		"64 bit, v2": {[]string{"-t", "ext4", "-b", "4096", "-O", "metadata_csum,64bit"}, "jo -c -v 2"},
		"32 bit, v3": {[]string{"-t", "ext4", "-b", "4096", "-O", "metadata_csum,^64bit"}, "jo -c -v 3"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := image(t, from, form.mkfs...)
			written := filepath.Join(t.TempDir(), "new")
			content := bytes.Repeat([]byte("new "), 2048)
			binary.BigEndian.PutUint32(content, 0xc03b3998)
			if err := os.WriteFile(written, content, 0o600); err != nil {
				t.Fatal(err)
			}
			commands := filepath.Join(t.TempDir(), "commands")
			a, b, c := blockOf(t, file, "a"), blockOf(t, file, "b"), blockOf(t, file, "c")
			if err := os.WriteFile(commands, fmt.Appendf(nil, "%s\njw -b %s,%s %s\njw -r %s\njw -b %s %s\njc\n", form.open, a, b, written, b, c, written), 0o600); err != nil {
				t.Fatal(err)
			}
			if said := run(t, debugfs, "-w", "-f", commands, file); strings.Contains(said, "rror") {
				t.Fatal(said)
			}
			before, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got, want := everything(t, file), everything(t, writtenBack(t, file))
			if got != want {
				t.Errorf("it reads\n%s\ne2fsck makes\n%s", got, want)
			}
			noted(t, file, "its 3 whole transactions were replayed in memory, 2 blocks")
			if after, err := os.ReadFile(file); err != nil || !bytes.Equal(before, after) {
				t.Errorf("the image was changed (%v)", err)
			}
			if name == "none" || name == "64 bit" {
				return
			}
			// A block of the journal that was changed is not believed, and the rest is.
			at := bytes.LastIndex(before, []byte("\x00\x00\x00\x00new new new "))
			if at < 0 {
				t.Fatal("the block is not in the journal")
			}
			before[at+100] ^= 1
			if err := os.WriteFile(file, before, 0o600); err != nil {
				t.Fatal(err)
			}
			noted(t, file, "1 of its blocks have a wrong checksum")
		})
	}
}

// TestJournalOfTheKernel reads a copy of a mounted file system, and compares with
// what e2fsck makes of it.
func TestJournalOfTheKernel(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("mounting needs root")
	}
	from := t.TempDir()
	for i := range 300 {
		if err := os.WriteFile(filepath.Join(from, fmt.Sprint("old", i)), []byte("old"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, form := range []string{"-O ^fast_commit", "-O fast_commit"} {
		file, at := image(t, from, append([]string{"-t", "ext4"}, strings.Fields(form)...)...), t.TempDir()
		if said, err := exec.CommandContext(t.Context(), "mount", "-o", "loop,noatime", file, at).CombinedOutput(); err != nil {
			t.Skipf("no loop device: %v %s", err, said)
		}
		copied := filepath.Join(t.TempDir(), "copy.dd")
		const script = `set -e
cd "$1"
for i in $(seq 200); do echo $i >"new$i"; done
sync
for i in $(seq 100); do rm "old$i"; mv "new$i" "moved$i"; done
mkdir folder; sync
rm -r folder; chmod 4755 old200; sync
cp "$2" "$3"
`
		said, err := exec.CommandContext(t.Context(), "sh", "-c", script, "sh", at, file, copied).CombinedOutput()
		if out, e := exec.Command("umount", at).CombinedOutput(); e != nil {
			t.Errorf("umount: %v %s", e, out)
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, said)
		}
		noted(t, copied, "were replayed in memory")
		got, want := everything(t, copied), everything(t, writtenBack(t, copied))
		if got != want {
			t.Errorf("%s: it reads\n%.600s\ne2fsck makes\n%.600s", form, got, want)
		}
		if !strings.Contains(got, `"/moved100"`) || strings.Contains(got, `"/old100"`) || !strings.Contains(got, `104755`) {
			t.Errorf("%s: what was changed last is not there", form)
		}
	}
}
