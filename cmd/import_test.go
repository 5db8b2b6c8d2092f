package cmd_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"testing"
	"time"
)

// archive writes an archive as UAC makes it: a log with its hash, a file that is
// not what the list says, a link, and a FIFO.
func (b *bench) archive() string {
	b.t.Helper()
	auth := "Nov 20 03:12:01 web-1 sshd[4711]: Accepted hostbased for ada from 198.51.100.7 port 50222 ssh2\n"
	sum := md5.Sum([]byte(auth))
	lists := fmt.Sprintf("%s  [root]/var/log/auth.log\n%s  [root]/etc/passwd\n", hex.EncodeToString(sum[:]), hex.EncodeToString(sum[:]))
	log := `2026-11-28 02:37:02 +0000 INF Unix-like Artifacts Collector 3.3.0
2026-11-28 02:37:02 +0000 INF Operating system: linux
2026-11-28 02:37:02 +0000 INF Hostname: web-1
2026-11-28 02:37:02 +0000 INF Time zone: Europe/Berlin
2026-11-28 02:37:09 +0000 INF Removing temporary data
`
	return b.tar("uac-web-1-linux-20261128023702.tar.gz", []tar.Header{
		{Name: "uac.log", Typeflag: tar.TypeReg},
		{Name: "hash_list.md5", Typeflag: tar.TypeReg},
		{Name: "[root]/var/log/auth.log", Typeflag: tar.TypeReg},
		{Name: "[root]/etc/passwd", Typeflag: tar.TypeReg},
		{Name: "[root]/etc/rc2.d/S01ssh", Typeflag: tar.TypeSymlink, Linkname: "../init.d/ssh"},
		{Name: "[root]/run/initctl", Typeflag: tar.TypeFifo},
	}, log, lists, auth, "root:x:0:0::/root:/bin/bash\n")
}

// tar writes a compressed tar file; the headers that are no files come last.
func (b *bench) tar(name string, headers []tar.Header, contents ...string) string {
	b.t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	t := tar.NewWriter(z)
	for i, h := range headers {
		h.ModTime, h.Mode = time.Date(2026, 11, 20, 3, 0, 0, 0, time.UTC), 0o644
		var content string
		if i < len(contents) {
			content = contents[i]
		}
		h.Size = int64(len(content))
		if err := t.WriteHeader(&h); err != nil {
			b.t.Fatal(err)
		}
		if _, err := t.Write([]byte(content)); err != nil {
			b.t.Fatal(err)
		}
	}
	if err := t.Close(); err != nil {
		b.t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		b.t.Fatal(err)
	}
	return b.write(name, out.String())
}

// TestImport takes an archive in, twice.
func TestImport(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.open("break-in", "--playbook", "generic", "--var", "what=x")
	file := b.archive()
	r := b.want(0, "import", "last", file)
	tells(t, r, "UAC 3.3.0 of web-1, taken 2026-11-28 02:37:09", "4 members, 4 new",
		"1 hashes are as the archive lists them, 1 differ", "refused  [root]/run/initctl: a device, FIFO or socket")
	tells(t, b.want(0, "search", "last", "hostbased"), "2026-11-20 02:12:01") // Berlin's time, of the year of the collection
	tells(t, b.want(0, "search", "last", "S01ssh"), "/etc/rc2.d/S01ssh")
	tells(t, b.want(0, "custody", "last", "e5"), "the member [root]/etc/passwd of exhibit e1")
	tells(t, b.want(0, "show", "last", "e5"), "MD5 is")
	tells(t, b.want(0, "import", "last", file), "4 members, 0 new, 0 events (0 new)")
	tells(t, b.want(0, "verify", "last"), "verified")
	tells(t, b.want(2, "import", "last", b.write("x.log", "no archive\n")), "firebreak ingest")
}

// TestReference records a file by its hash, and compares it later.
func TestReference(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.open("break-in", "--playbook", "generic", "--var", "what=x")
	image := b.write("memory.raw", "what a machine had in its memory\n")
	tells(t, b.want(0, "import", "last", image, "--reference"), "reference")
	tells(t, b.want(0, "import", "last", b.archive(), "--reference"), "4 members, 4 new")
	tells(t, b.want(0, "import", "last", image, "--reference"), "reference")
	tells(t, b.want(0, "verify", "last"), "exhibit e1 is kept elsewhere and was not checked", "exhibit e2 is kept elsewhere")
	tells(t, b.want(0, "verify", "last", "--at", image), "memory.raw is it, by its hash")
	b.write("memory.raw", "something else\n")
	tells(t, b.want(6, "verify", "last", "--at", image), "is none of the exhibits")
	tells(t, b.want(3, "custody", "take", "last", "e1", "--to", b.dir+"/copy", "--purpose", "a look"), "known by its hash only")
	b.want(0, "check")
	b.want(0, "bundle", "last", "--to", b.dir+"/x.tar", "--evidence", "all")
	b.want(0, "verify", "--bundle", b.dir+"/x.tar")
	tells(t, b.want(0, "custody", "last", "--form", b.dir+"/form.html"), "")
	b.want(0, "export", "last", "--portable", "--to", b.dir+"/p.json", "--evidence")
	b.want(0, "ingest", "last", "--rebuild")
}
