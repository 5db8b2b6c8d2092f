package ext4_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"firebreak/forensics/formats/ext4"
	"firebreak/internal/testkit"
)

// tool is the path of a program that the test needs.
func tool(t *testing.T, names ...string) string {
	t.Helper()
	for _, n := range names {
		for _, dir := range []string{"", "/usr/sbin/", "/sbin/"} {
			if p, err := exec.LookPath(dir + n); err == nil {
				return p
			}
		}
	}
	t.Skipf("%s is not installed (e2fsprogs, sleuthkit)", names[0])
	return ""
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// source is a tree with what is hard: long and short links, a large file with
// holes, many names, odd names, small files that fit into an inode.
func source(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.MkdirAll(filepath.Join(dir, "etc/many"), 0o755))
	must(os.WriteFile(filepath.Join(dir, "etc/hostname"), []byte("image-1\n"), 0o600))
	must(os.WriteFile(filepath.Join(dir, "etc/empty"), nil, 0o644))
	must(os.Symlink("hostname", filepath.Join(dir, "etc/short")))
	must(os.Symlink(strings.Repeat("x/", 60)+"end", filepath.Join(dir, "etc/long")))
	for i := range 900 {
		must(os.WriteFile(filepath.Join(dir, fmt.Sprintf("etc/many/file %04d with a longer name", i)), []byte(strings.Repeat("z", i%200)), 0o644))
	}
	must(os.WriteFile(filepath.Join(dir, "odd\nname\xff"), []byte("odd"), 0o644))
	f, err := os.Create(filepath.Join(dir, "sparse"))
	must(err)
	for i := range int64(40) {
		_, err = f.WriteAt(bytes.Repeat([]byte{byte(i + 1)}, 5000), i*700_001)
		must(err)
	}
	must(f.Close())
	big := make([]byte, 6<<20)
	for i := range big {
		big[i] = byte(i * 7 >> 3)
	}
	must(os.WriteFile(filepath.Join(dir, "big"), big, 0o644))
	return dir
}

// image makes a file system of the tree.
func image(t *testing.T, from string, args ...string) string {
	t.Helper()
	mkfs := tool(t, "mke2fs")
	file := filepath.Join(t.TempDir(), "image.dd")
	run(t, mkfs, append(append([]string{"-q", "-F", "-d", from}, args...), file, "64M")...)
	return file
}

func open(t *testing.T, file string) *ext4.FS {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	x, err := ext4.Open(f, info.Size())
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// every calls fn for each name of the tree.
func every(t *testing.T, x *ext4.FS, inode uint32, path string, fn func(path string, n *ext4.Inode)) {
	t.Helper()
	n, err := x.Inode(inode)
	if err != nil {
		t.Fatal(err)
	}
	if n.BadChecksum {
		t.Errorf("inode %d (%q): its checksum is said to be wrong", inode, path)
	}
	fn(path, n)
	if n.Mode&ext4.ModeType != ext4.ModeDir {
		return
	}
	var list []ext4.Entry
	if err := x.ReadDir(n, false, func(e ext4.Entry) error { list = append(list, e); return nil }); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	for _, e := range list {
		every(t, x, e.Inode, path+"/"+e.Name, fn)
	}
}

// TestForms compares each form of the file system with the tree it was made of,
// and its inodes with what debugfs says.
func TestForms(t *testing.T) {
	t.Parallel()
	from := source(t)
	for name, args := range map[string][]string{
		"ext2 1k":      {"-t", "ext2", "-b", "1024"},
		"ext2 old":     {"-t", "ext2", "-b", "4096", "-I", "128", "-O", "^filetype"},
		"ext3 4k":      {"-t", "ext3", "-b", "4096"},
		"ext4 4k":      {"-t", "ext4", "-b", "4096"},
		"ext4 1k":      {"-t", "ext4", "-b", "1024", "-O", "64bit,metadata_csum"},
		"ext4 inline":  {"-t", "ext4", "-O", "inline_data", "-I", "256"},
		"ext4 meta_bg": {"-t", "ext4", "-b", "1024", "-g", "1024", "-O", "meta_bg,^resize_inode,64bit"},
		"ext4 seed":    {"-t", "ext4", "-O", "metadata_csum,metadata_csum_seed"},
		"ext4 small":   {"-t", "ext4", "-O", "^64bit,^metadata_csum,^flex_bg"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := image(t, from, args...)
			before := sum(t, file)
			x := open(t, file)
			seen := 0
			every(t, x, ext4.RootInode, "", func(path string, n *ext4.Inode) {
				if path == "" || path == "/lost+found" {
					return
				}
				seen++
				same(t, x, filepath.Join(from, path), n)
			})
			if want := 900 + 9; seen != want {
				t.Errorf("%d names, want %d", seen, want)
			}
			if sum(t, file) != before {
				t.Error("the image was changed")
			}
			asDebugfs(t, x, file)
		})
	}
}

func sum(t *testing.T, file string) [32]byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return sha256.Sum256(b)
}

// same compares a file with the one it was made of.
func same(t *testing.T, x *ext4.FS, path string, n *ext4.Inode) {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode() != n.FileMode() || !info.IsDir() && info.Size() != n.Size || info.ModTime().Unix() != n.Modified.Unix() {
		t.Errorf("%s: %v %d %v, want %v %d %v", path, n.FileMode(), n.Size, n.Modified, info.Mode(), info.Size(), info.ModTime())
	}
	switch {
	case info.Mode()&os.ModeSymlink != 0:
		want, err := os.Readlink(path)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := x.Target(n); err != nil || got != want {
			t.Errorf("%s -> %q, %v, want %q", path, got, err, want)
		}
	case info.Mode().IsRegular():
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		c, err := x.Open(n)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		got, err := io.ReadAll(io.NewSectionReader(c, 0, c.Size()))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes, %v: not what they were", path, len(got), err)
		}
		data := int64(0)
		for off := int64(0); off < c.Size(); {
			start, end := c.Data(off)
			if start >= c.Size() {
				break
			}
			if i := slices.IndexFunc(want[off:start], func(b byte) bool { return b != 0 }); i >= 0 {
				t.Errorf("%s: a hole at %d holds data", path, off)
			}
			data, off = data+end-start, end
		}
		if filepath.Base(path) == "sparse" && data > 1<<20 {
			t.Errorf("%s: %d bytes of data, want no holes", path, data)
		}
	}
}

var (
	debugTime = regexp.MustCompile(`(ctime|atime|mtime|crtime): (0x[0-9a-f]+)(?::([0-9a-f]+))?`)
	debugHead = regexp.MustCompile(`Inode: (\d+) +Type: (\w+) +Mode: +(\d+)`)
)

// asDebugfs compares inodes with the words of debugfs.
func asDebugfs(t *testing.T, x *ext4.FS, file string) {
	t.Helper()
	debugfs := tool(t, "debugfs")
	for _, name := range []string{"/etc/hostname", "/sparse", "/etc/long", "/etc/many", "/big"} {
		out := run(t, debugfs, "-R", "stat "+name, file)
		head := debugHead.FindStringSubmatch(out)
		if head == nil {
			t.Fatalf("debugfs said %s", out)
		}
		number, _ := strconv.ParseUint(head[1], 10, 32)
		mode, _ := strconv.ParseUint(head[3], 8, 16)
		n, err := x.Inode(uint32(number))
		if err != nil {
			t.Fatal(err)
		}
		if uint64(n.Mode&0o7777) != mode {
			t.Errorf("%s: mode %o, debugfs says %o", name, n.Mode, mode)
		}
		got := map[string]int64{"ctime": n.Changed.UnixNano(), "atime": n.Accessed.UnixNano(), "mtime": n.Modified.UnixNano(), "crtime": n.Born.UnixNano()}
		for _, m := range debugTime.FindAllStringSubmatch(out, -1) {
			s, _ := strconv.ParseInt(m[2], 0, 64)
			var extra uint64
			if m[3] != "" {
				extra, _ = strconv.ParseUint(m[3], 16, 32)
			}
			want := (s+int64(extra&3)<<32)*1e9 + int64(extra>>2)
			if got[m[1]] != want {
				t.Errorf("%s: %s %d, debugfs says %d", name, m[1], got[m[1]], want)
			}
		}
	}
}

// TestListing compares the whole tree with what fls lists.
func TestListing(t *testing.T) {
	t.Parallel()
	fls := tool(t, "fls")
	file := image(t, source(t), "-t", "ext4")
	x := open(t, file)
	var got []string
	every(t, x, ext4.RootInode, "", func(path string, n *ext4.Inode) {
		if path != "" && !strings.Contains(path, "odd") {
			got = append(got, fmt.Sprintf("%d %s %d %d %d", n.Number, path, n.Size, n.Modified.Unix(), n.Born.Unix()))
		}
	})
	var want []string
	for line := range strings.Lines(run(t, fls, "-r", "-p", "-m", "/", file)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "|")
		if len(f) != 11 || strings.Contains(f[1], "odd") || strings.Contains(f[1], "$OrphanFiles") {
			continue
		}
		path, _, _ := strings.Cut(f[1], " -> ")
		want = append(want, fmt.Sprintf("%s %s %s %s %s", f[2], path, f[6], f[8], f[10]))
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%d names, fls has %d", len(got), len(want))
		for i := range min(len(got), len(want)) {
			if got[i] != want[i] {
				t.Fatalf("%q, fls: %q", got[i], want[i])
			}
		}
	}
}

// TestRemoved finds the names of what was removed.
func TestRemoved(t *testing.T) {
	t.Parallel()
	debugfs := tool(t, "debugfs")
	file := image(t, source(t), "-t", "ext4", "-O", "^metadata_csum")
	run(t, debugfs, "-w", "-R", "rm /etc/hostname", file)
	x := open(t, file)
	n, err := x.Inode(ext4.RootInode)
	if err != nil {
		t.Fatal(err)
	}
	find := func(n *ext4.Inode, name string) (out ext4.Entry) {
		if err := x.ReadDir(n, true, func(e ext4.Entry) error {
			if e.Name == name {
				out = e
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return out
	}
	etc, err := x.Inode(find(n, "etc").Inode)
	if err != nil {
		t.Fatal(err)
	}
	if e := find(etc, "hostname"); !e.Deleted {
		t.Errorf("%+v", e)
	}
	if e := find(etc, "empty"); e.Deleted || e.Inode == 0 {
		t.Errorf("%+v", e)
	}
}

// TestRefused says plainly what is not read.
func TestRefused(t *testing.T) {
	t.Parallel()
	if _, err := ext4.Open(bytes.NewReader(make([]byte, 4096)), 4096); !errors.Is(err, ext4.ErrForm) {
		t.Errorf("zeros: %v", err)
	}
	if _, err := ext4.Open(bytes.NewReader(nil), 0); !errors.Is(err, ext4.ErrForm) {
		t.Errorf("nothing: %v", err)
	}
	journal := filepath.Join(t.TempDir(), "journal")
	run(t, tool(t, "mke2fs"), "-q", "-F", "-O", "journal_dev", journal, "8M")
	b, err := os.ReadFile(journal)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ext4.Open(bytes.NewReader(b), int64(len(b))); !errors.Is(err, ext4.ErrUnsupported) {
		t.Errorf("a journal: %v", err)
	}
}

// TestCorpus reads the images of the public corpus.
func TestCorpus(t *testing.T) {
	t.Parallel()
	x := open(t, filepath.Join(testkit.Corpus(t), "plaso", "syslog_image.dd"))
	var names []string
	every(t, x, ext4.RootInode, "", func(path string, _ *ext4.Inode) { names = append(names, path) })
	if !slices.ContainsFunc(names, func(n string) bool { return strings.HasSuffix(n, "sys.tgz") }) {
		t.Errorf("%q", names)
	}
	t.Logf("%s %q: %q %q", x.Type(), x.Label(), names, x.Notes())
}

// FuzzFS reads whatever an image says, and ends.
func FuzzFS(f *testing.F) {
	f.Add([]byte{}, uint32(2))
	small := make([]byte, 64<<10)
	copy(small[1024:], []byte{16, 0, 0, 0, 64, 0, 0, 0})
	small[1024+0x38], small[1024+0x39] = 0x53, 0xef
	small[1024+0x20], small[1024+0x28], small[1024+0x14] = 64, 16, 1
	f.Add(small, uint32(2))
	f.Fuzz(func(_ *testing.T, b []byte, inode uint32) {
		x, err := ext4.Open(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		n, err := x.Inode(inode)
		if err != nil {
			return
		}
		_, _ = x.Target(n)
		_, _ = x.Attributes(n)
		_ = x.ReadDir(n, true, func(ext4.Entry) error { return nil })
		if c, err := x.Open(n); err == nil {
			_, _ = c.ReadAt(make([]byte, 10000), 0)
			c.Data(0)
		}
	})
}
