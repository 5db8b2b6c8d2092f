package forensics

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// listed collects a listing and returns its lines by name.
func listed(t *testing.T, o Options) (map[string][]string, []string) {
	t.Helper()
	o.Collectors, o.Sink = []string{"linux.listing"}, newLocker(t)
	got, sum, err := take(t, o)
	must(t, err)
	if len(got) != 1 || got[0].Format != FormatBodyfile {
		t.Fatalf("%+v, %+v", got, sum)
	}
	out := map[string][]string{}
	for line := range bytes.Lines(plain(t, o.Sink, got[0])) {
		f := strings.Split(strings.TrimSuffix(string(line), "\n"), "|")
		if len(f) != 11 {
			t.Fatalf("%d fields in %q", len(f), line)
		}
		out[UnescapeBody(f[1])] = f
	}
	var refused []string
	for _, r := range sum.Refused {
		refused = append(refused, r.Source+": "+r.Reason)
	}
	return out, refused
}

func TestListing(t *testing.T) {
	dir := t.TempDir()
	names := []string{
		"plain", "two\nlines", "esc\x1b]0;title\x07", "pipe|pipe", `back\slash`, `literal\x41`, "not utf8 \xff\xfe", "c1 \u009b31m",
		"rtl \u202egnp.exe", "日本", "-rf", "deep/er/and/deeper",
	}
	for _, n := range names {
		p := filepath.Join(dir, n)
		must(t, os.MkdirAll(filepath.Dir(p), 0o700))
		must(t, os.WriteFile(p, []byte(n), 0o640))
	}
	must(t, unix.Mkfifo(dir+"/fifo", 0o600))
	must(t, os.Symlink("/etc", dir+"/link"))
	must(t, os.Symlink(".", dir+"/loop"))
	must(t, os.Mkdir(dir+"/empty", 0o1777))
	stamp := time.Unix(1732150000, 123456789)
	must(t, os.Chtimes(dir+"/plain", stamp.Add(time.Second), stamp))
	rows, refused := listed(t, Options{Paths: []string{dir, dir + "/deep"}})
	if len(refused) != 0 {
		t.Errorf("refused %v", refused)
	}
	for _, n := range names {
		f, ok := rows[filepath.Join(dir, n)]
		if !ok {
			t.Errorf("%q is missing", n)
			continue
		}
		if f[3] != "r/rrw-r-----" || f[6] != strconv.Itoa(len(n)) {
			t.Errorf("%q: %v", n, f)
		}
	}
	if f := rows[dir+"/plain"]; f[7] != "1732150001.123456789" || f[8] != "1732150000.123456789" || f[9] == "0" {
		t.Errorf("times %v", f)
	}
	if _, ok := rows[dir+"/link -> /etc"]; !ok {
		t.Error("the link's target is missing")
	}
	// The folder, names, fifo, two links, empty, deep, er, and: each once, none through a link.
	if want := 1 + len(names) + 4 + 3; len(rows) != want {
		t.Errorf("%d lines, want %d", len(rows), want)
	}
}

func TestListingKeepsAccessTimes(t *testing.T) {
	dir := t.TempDir()
	must(t, os.WriteFile(dir+"/f", nil, 0o600))
	old := time.Now().Add(-72 * time.Hour)
	must(t, os.Chtimes(dir, old, old))
	listed(t, Options{Paths: []string{dir}})
	var s unix.Statx_t
	must(t, statx(unix.AT_FDCWD, dir, 0, &s))
	if !timeOf(s.Atime).Equal(old.UTC()) {
		t.Errorf("the folder's access time is %v, was %v", timeOf(s.Atime), old)
	}
}

func TestListingRefuses(t *testing.T) {
	dir := t.TempDir()
	must(t, os.Symlink("/etc", dir+"/top"))
	rows, refused := listed(t, Options{Paths: []string{dir + "/top", dir + "/none", "relative", "/proc/sys"}})
	all := strings.Join(refused, "\n")
	for _, want := range []string{"top: symbolic link", "none: does not exist", "relative: not an absolute", "/proc: a view of the kernel"} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is not among %q", want, all)
		}
	}
	if _, ok := rows[dir+"/top -> /etc"]; !ok {
		t.Error("the link itself is not listed")
	}
}

func TestListingLimits(t *testing.T) {
	dir := t.TempDir()
	for i := range 50 {
		must(t, os.WriteFile(filepath.Join(dir, strconv.Itoa(i)), nil, 0o600))
	}
	rows, refused := listed(t, Options{Paths: []string{dir}, Limits: Limits{Rows: 20}})
	if len(rows) != 20 || len(refused) != 1 || !strings.Contains(refused[0], "limit of 20 lines") {
		t.Errorf("%d rows, refused %v", len(rows), refused)
	}
}

// A tree deeper than any path may be long is listed whole: each folder is opened
// from the one it is in.
func TestListingDeep(t *testing.T) {
	dir := t.TempDir()
	fd, err := unix.Open(dir, unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	must(t, err)
	name := strings.Repeat("d", 200)
	for range 40 {
		must(t, unix.Mkdirat(fd, name, 0o700))
		next, err := unix.Openat(fd, name, unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		must(t, err)
		must(t, unix.Close(fd))
		fd = next
	}
	must(t, unix.Close(fd))
	t.Cleanup(func() { must(t, os.RemoveAll(dir+"/"+name)) })
	rows, refused := listed(t, Options{Paths: []string{dir}})
	if len(rows) != 41 || len(refused) != 0 {
		t.Errorf("%d rows, refused %v", len(rows), refused)
	}
}

func TestListingLoopOfMounts(t *testing.T) {
	dir := t.TempDir()
	if os.Geteuid() != 0 {
		t.Skip("mounting needs root")
	}
	must(t, os.Mkdir(dir+"/inner", 0o700))
	must(t, os.WriteFile(dir+"/file", nil, 0o600))
	if err := unix.Mount(dir, dir+"/inner", "", unix.MS_BIND, ""); err != nil {
		t.Skipf("bind mount: %v", err)
	}
	t.Cleanup(func() { must(t, unix.Unmount(dir+"/inner", 0)) })
	rows, _ := listed(t, Options{Paths: []string{dir}})
	if len(rows) != 3 {
		t.Errorf("rows %v", rows)
	}
}

func TestListingIsCancelled(t *testing.T) {
	dir := t.TempDir()
	for i := range 20 {
		must(t, os.Mkdir(filepath.Join(dir, strconv.Itoa(i)), 0o700))
	}
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	o := Options{Collectors: []string{"listing"}, Paths: []string{dir}, Sink: newLocker(t), Progress: func(string, int64, int64) {
		if n++; n == 5 {
			cancel()
		}
	}}
	got, sum, err := takeCtx(ctx, t, o)
	must(t, err)
	if len(got) != 0 || sum.Cut == "" || len(lockerFiles(t, o.Sink.(*Locker))) != 0 {
		t.Errorf("%v, %+v", got, sum)
	}
}

func FuzzBodyName(f *testing.F) {
	for _, s := range []string{"", "a|b", "\\", "\\x", "\\x4", "\\x41", "\n\r\x00", "\xff", "\u009b", "日本 -> x", "\\|"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		e := string(appendEscaped(nil, s))
		if strings.ContainsAny(e, "|\n\r\x00\x1b\x7f") || strings.ToValidUTF8(e, "") != e {
			t.Errorf("%q escapes to %q", s, e)
		}
		if got := UnescapeBody(e); got != s {
			t.Errorf("%q came back as %q", s, got)
		}
		UnescapeBody(s) // whatever comes in
	})
}

func TestBodySeconds(t *testing.T) {
	for want, at := range map[string]time.Time{
		"0.000000000": time.Unix(0, 0), "1732150000.000000001": time.Unix(1732150000, 1),
		"-0.250000000": time.Unix(-1, 750_000_000), "-5.000000000": time.Unix(-5, 0), "-4.500000000": time.Unix(-5, 500_000_000),
	} {
		if got := string(appendSeconds(nil, at)); got != want {
			t.Errorf("%v: %s, want %s", at, got, want)
		}
	}
}

// This program's own folder is left out and named, whatever path leads to it, and
// so is the file that the collection goes to.
func TestListingLeavesItselfOut(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"work/incidents/a/blob", "other/x"} {
		must(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		must(t, os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o755))
	}
	must(t, os.WriteFile(filepath.Join(dir, "out.part"), nil, 0o700))
	must(t, os.Symlink(filepath.Join(dir, "work"), filepath.Join(dir, "link")))
	l := newLocker(t)
	got, sum, err := take(t, Options{
		Collectors: []string{"linux.listing", "linux.finds"}, Paths: []string{dir}, Sink: l,
		Own: []string{filepath.Join(dir, "link"), filepath.Join(dir, "out.part"), filepath.Join(dir, "none")},
	})
	must(t, err)
	for _, e := range got {
		text := string(plain(t, l, e))
		if !strings.Contains(text, "/other/x") || strings.Contains(text, "/incidents") || strings.Contains(text, "out.part") {
			t.Errorf("%s:\n%s", e.Title, text)
		}
	}
	for _, name := range []string{"work", "out.part"} {
		if why := refusedFor(sum, filepath.Join(dir, name)); !strings.Contains(why, "of this program itself") {
			t.Errorf("%s: %q", name, why)
		}
	}
}
