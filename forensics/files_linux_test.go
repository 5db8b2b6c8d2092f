package forensics

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"firebreak/forensics/profiles"
	"firebreak/record"
)

// take collects into a fresh locker, unless o has one.
func take(t *testing.T, o Options) ([]record.Exhibit, record.Collection, error) {
	t.Helper()
	return takeCtx(t.Context(), t, o)
}

func takeCtx(ctx context.Context, t *testing.T, o Options) ([]record.Exhibit, record.Collection, error) {
	t.Helper()
	if o.Sink == nil {
		o.Sink = newLocker(t)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	var got []record.Exhibit
	sum, err := Collect(ctx, o, func(e record.Exhibit) error {
		got = append(got, e)
		return nil
	})
	return got, sum, err
}

// only takes files and nothing else.
func only(files ...string) Options {
	return Options{Collectors: []string{"linux.files"}, Files: files}
}

func write(t testing.TB, name string, b []byte) string {
	t.Helper()
	p := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(p, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

func plain(t *testing.T, s Sealer, e record.Exhibit) []byte {
	t.Helper()
	r, err := s.(*Locker).Open(e.Blob)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if err = errors.Join(err, r.Close()); err != nil {
		t.Fatal(err)
	}
	return b
}

func refusedFor(sum record.Collection, source string) string {
	for _, r := range sum.Refused {
		if r.Source == source {
			return r.Reason
		}
	}
	return ""
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestFileIsTaken(t *testing.T) {
	p := write(t, "auth.log", []byte("Nov 21 03:00:00 web-1 sshd[7]: hello\n"))
	must(t, os.Chmod(p, 0o640))
	l := newLocker(t)
	o := only(p)
	o.Sink, o.Host, o.Authority, o.Tool, o.ToolSHA256, o.ClockOffset = l, "web-1", "INC policy 4", "firebreak test", "ab", 3*time.Second
	got, sum, err := take(t, o)
	must(t, err)
	if len(got) != 1 || sum.Exhibits != 1 || sum.Cut != "" || len(sum.Refused) != 0 {
		t.Fatalf("%+v, %+v", got, sum)
	}
	e := got[0]
	if string(plain(t, l, e)) != "Nov 21 03:00:00 web-1 sshd[7]: hello\n" || e.Source != p || e.Kind != "linux.files" {
		t.Errorf("exhibit %+v", e)
	}
	if e.Host != "web-1" || e.Authority != "INC policy 4" || e.Tool != "firebreak test" || e.ToolSHA256 != "ab" || e.ClockOffset != 3*time.Second {
		t.Errorf("custody fields %+v", e)
	}
	if e.Before == nil || e.After == nil || e.Before.Mode != "-rw-r-----" || *e.Before != *e.After || e.Before.Size != e.Size || e.Before.Links != 1 {
		t.Errorf("stat %+v, %+v", e.Before, e.After)
	}
	if len(e.Deviations) != 0 || e.Started.IsZero() || e.Finished.Before(e.Started.Add(-time.Minute)) {
		t.Errorf("deviations %v, %v to %v", e.Deviations, e.Started, e.Finished)
	}
	if _, err := record.NewDraft(record.Entry{}.Actor, record.EvidenceSealed, 0, "", e); err != nil {
		t.Error(err)
	}
}

func TestSpecialFilesAreRefused(t *testing.T) {
	dir := t.TempDir()
	must(t, unix.Mkfifo(dir+"/fifo", 0o600))
	must(t, os.Symlink("/etc/passwd", dir+"/link"))
	must(t, os.Symlink("evil\x1b]0;x\n", dir+"/hostile"))
	must(t, os.Mkdir(dir+"/folder", 0o700))
	l, err := net.Listen("unix", dir+"/sock")
	must(t, err)
	defer func() { _ = l.Close() }()
	want := map[string]string{
		dir + "/fifo": "FIFO", dir + "/link": `symbolic link to "/etc/passwd"`, dir + "/hostile": `\x1b`,
		dir + "/folder": "folder", dir + "/sock": "socket", "/dev/null": "device", "/dev/zero": "device",
		dir + "/none": "does not exist", "relative": "not an absolute path",
	}
	var files []string
	for f := range want {
		files = append(files, f)
	}
	got, sum, err := take(t, only(files...))
	must(t, err)
	if len(got) != 0 || len(sum.Refused) != len(want) {
		t.Errorf("took %v, refused %v", got, sum.Refused)
	}
	for source, reason := range want {
		if r := refusedFor(sum, source); !strings.Contains(r, reason) || strings.ContainsAny(r, "\x1b\n") {
			t.Errorf("%s: %q, want %q", source, r, reason)
		}
	}
}

// Things are moved at the worst moment: after the file was looked at, before it
// is read.
func TestSwappedAfterTheLook(t *testing.T) {
	p := write(t, "log", []byte("evidence"))
	outside := write(t, "outside", []byte("outside"))
	o := only(p)
	o.Sink = newLocker(t)
	o.Progress = func(what string, _, _ int64) {
		if strings.Contains(what, p) {
			must(t, os.Remove(p))
			must(t, os.Symlink(outside, p))
		}
	}
	got, _, err := take(t, o)
	must(t, err)
	if len(got) != 1 || string(plain(t, o.Sink, got[0])) != "evidence" {
		t.Errorf("took %+v", got)
	}
	if len(got[0].Deviations) == 0 {
		t.Error("the removal moved the change time: it must be told")
	}
}

// A goroutine swaps a file, and the folder it is in, with links to a secret all
// the time: not once may the secret be read.
func TestSwapRace(t *testing.T) {
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret")
	for _, d := range []string{"/home/.ssh", "/secret", "/spare"} {
		must(t, os.MkdirAll(dir+d, 0o700))
	}
	must(t, os.WriteFile(secret+"/authorized_keys", []byte("SECRET"), 0o600))
	file := filepath.Join(dir, "home/.ssh/authorized_keys")
	must(t, os.WriteFile(file, []byte("ordinary"), 0o600))
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			// Each call may fail: the collector does not care, and the next round repairs.
			if i%2 == 0 {
				_ = os.Symlink(secret+"/authorized_keys", dir+"/l")
				_ = os.Rename(dir+"/l", file)
				_ = os.WriteFile(dir+"/f", []byte("ordinary"), 0o600)
				_ = os.Rename(dir+"/f", file)
				continue
			}
			_ = os.Rename(dir+"/home/.ssh", dir+"/spare/.ssh")
			_ = os.Symlink(secret, dir+"/home/.ssh")
			_ = os.Remove(dir + "/home/.ssh")
			_ = os.Rename(dir+"/spare/.ssh", dir+"/home/.ssh")
		}
	}()
	tr, err := openTree("/")
	must(t, err)
	defer func() { _ = tr.root.Close() }()
	read := 0
	for range 20_000 {
		h, err := tr.at(dir+"/home", ".ssh/authorized_keys", true)
		if err != nil {
			continue
		}
		if tr.regular(h) == nil {
			if f, err := tr.open(h, false); err == nil {
				b, err := io.ReadAll(f)
				must(t, errors.Join(err, f.Close()))
				if string(b) == "SECRET" {
					t.Fatal("the secret was read")
				}
				read++
			}
		}
		must(t, h.close())
	}
	close(stop)
	<-done
	if read == 0 {
		t.Error("nothing was read at all: the race proves nothing")
	}
}

func TestGrowingFileIsFlagged(t *testing.T) {
	p := write(t, "log", bytes.Repeat([]byte("line\n"), 1000))
	o := only(p)
	o.Sink = newLocker(t)
	o.Progress = func(what string, _, _ int64) {
		if !strings.Contains(what, p) {
			return
		}
		f, err := os.OpenFile(p, os.O_APPEND|os.O_WRONLY, 0)
		must(t, err)
		_, err = f.WriteString("late\n")
		must(t, errors.Join(err, f.Close()))
	}
	got, _, err := take(t, o)
	must(t, err)
	if len(got) != 1 || !strings.Contains(strings.Join(got[0].Deviations, " "), "changed while it was read: 5000 bytes before, 5005 after") {
		t.Errorf("%+v", got)
	}
}

func TestEndlessFileIsRefused(t *testing.T) {
	p := write(t, "log", []byte("start"))
	o := only(p)
	o.Limits.File = 1000
	o.Progress = func(what string, _, _ int64) {
		if strings.Contains(what, p) {
			must(t, os.WriteFile(p, make([]byte, 2000), 0o600))
		}
	}
	got, sum, err := take(t, o)
	must(t, err)
	if len(got) != 0 || !strings.Contains(refusedFor(sum, p), "grew past the limit") {
		t.Errorf("%v, %v", got, sum)
	}
}

func TestSparseFile(t *testing.T) {
	p := write(t, "lastlog", nil)
	f, err := os.OpenFile(p, os.O_WRONLY, 0)
	must(t, err)
	_, err = f.WriteAt([]byte("near"), 0)
	must(t, err)
	_, err = f.WriteAt([]byte("far"), 300<<30)
	must(t, err)
	must(t, f.Close())
	o := only(p)
	o.Sink = newLocker(t)
	got, sum, err := take(t, o)
	must(t, err)
	if len(got) != 1 {
		t.Fatalf("%+v", sum)
	}
	if got[0].Before.Size != 300<<30+3 || !strings.Contains(strings.Join(got[0].Deviations, " "), "holes are left out") || got[0].Size > 1<<20 {
		t.Errorf("exhibit %+v", got[0])
	}
	found := map[int64][]byte{}
	for line := range bytes.Lines(plain(t, o.Sink, got[0])) {
		var x Extent
		must(t, json.Unmarshal(line, &x))
		if x.Size != 300<<30+3 {
			t.Errorf("size %d", x.Size)
		}
		found[x.Offset] = x.Data
	}
	if !bytes.HasPrefix(found[0], []byte("near")) || !bytes.HasPrefix(found[300<<30], []byte("far")) {
		t.Errorf("extents %v", found)
	}
}

func TestLimits(t *testing.T) {
	a, b, c := write(t, "a", make([]byte, 600)), write(t, "b", make([]byte, 600)), write(t, "c", make([]byte, 2000))
	must(t, os.WriteFile(b, bytes.Repeat([]byte("b"), 600), 0o600))
	o := only(a, b, c)
	o.Limits = Limits{File: 1000, Total: 1000}
	got, sum, err := take(t, o)
	must(t, err)
	if len(got) != 1 || got[0].Source != a {
		t.Errorf("took %+v", got)
	}
	if !strings.Contains(refusedFor(sum, b), "limit of 1000 for all") || !strings.Contains(refusedFor(sum, c), "limit of 1000 for one") {
		t.Errorf("refused %+v", sum.Refused)
	}
}

func TestCancelledBetweenAndInside(t *testing.T) {
	a, b := write(t, "a", []byte("a")), write(t, "b", noise(t, 1<<20))
	for name, at := range map[string]string{"between": "", "inside": b} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			o := only(a, b)
			o.Sink, o.Now = newLocker(t), time.Now
			o.Progress = func(what string, _, _ int64) {
				if at != "" && strings.Contains(what, at) {
					cancel(errors.New("stopped by a person"))
				}
			}
			var got []record.Exhibit
			sum, err := Collect(ctx, o, func(e record.Exhibit) error {
				got = append(got, e)
				if at == "" {
					cancel(errors.New("stopped by a person"))
				}
				return nil
			})
			must(t, err)
			if len(got) != 1 || sum.Exhibits != 1 || sum.Cut != "stopped by a person" {
				t.Errorf("%d exhibits, %+v", len(got), sum)
			}
			if files := lockerFiles(t, o.Sink.(*Locker)); len(files) != 1 {
				t.Errorf("locker holds %v", files)
			}
		})
	}
}

func TestReceiversErrorEnds(t *testing.T) {
	a, b := write(t, "a", []byte("a")), write(t, "b", []byte("b"))
	o := only(a, b)
	o.Sink, o.Now = newLocker(t), time.Now
	no := errors.New("record is read-only")
	sum, err := Collect(t.Context(), o, func(record.Exhibit) error { return no })
	if !errors.Is(err, no) || sum.Cut == "" {
		t.Errorf("%v, %+v", err, sum)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	if _, err := Collect(t.Context(), Options{}, nil); err == nil {
		t.Error("no locker, no clock: no error")
	}
	if _, _, err := take(t, Options{Profile: "all-of-it"}); err == nil || !strings.Contains(err.Error(), "triage") {
		t.Errorf("unknown profile: %v", err)
	}
	if _, _, err := take(t, Options{Root: "/no/such/root"}); err == nil {
		t.Error("no root: no error")
	}
}

func TestCollectorsAreInOrder(t *testing.T) {
	list := Collectors()
	if !slices.IsSortedFunc(list, func(a, b Description) int { return a.Volatility - b.Volatility }) {
		t.Error("not in order of volatility")
	}
	var c collection
	for _, d := range list {
		if d.Title == "" || len(d.Profiles) == 0 {
			t.Errorf("%+v", d)
		}
	}
	c.Profiles, _ = profiles.Builtin()
	if c.run(t.Context(), "none") != nil {
		t.Error("an empty table is no error")
	}
	got, err := Options{Collectors: []string{"listing", "linux.volatile", "linux.processes"}}.chosen()
	if err != nil || got[0].Name != "linux.system" || got[len(got)-1].Name != "linux.listing" {
		t.Errorf("%v, %v", got, err)
	}
}

func TestAccessTimeStays(t *testing.T) {
	p := write(t, "log", []byte("x"))
	old := time.Now().Add(-72 * time.Hour)
	must(t, os.Chtimes(p, old, old))
	got, _, err := take(t, only(p))
	must(t, err)
	if len(got) != 1 || !got[0].After.Accessed.Equal(got[0].Before.Accessed) || len(got[0].Deviations) != 0 {
		t.Errorf("%+v", got)
	}
	var s unix.Statx_t
	must(t, statx(unix.AT_FDCWD, p, 0, &s))
	if !timeOf(s.Atime).Equal(old.UTC()) {
		t.Errorf("access time is %v, was %v", timeOf(s.Atime), old)
	}
	// A plain read does change it, unless the file system never keeps it.
	slurp(t, p)
	must(t, statx(unix.AT_FDCWD, p, 0, &s))
	if timeOf(s.Atime).Equal(old.UTC()) {
		t.Log("this file system keeps no access times: the test proves nothing here")
	}
}

func TestHardLinksAreTakenOnce(t *testing.T) {
	p := write(t, "a", []byte("x"))
	must(t, os.Link(p, p+"2"))
	got, sum, err := take(t, only(p, p+"2", p))
	must(t, err)
	if len(got) != 1 || !strings.Contains(refusedFor(sum, p+"2"), p) || refusedFor(sum, p) != "" {
		t.Errorf("%v, %v", got, sum.Refused)
	}
}

func TestRefusalsAreBounded(t *testing.T) {
	var files []string
	for i := range maxRefusals + 5 {
		files = append(files, fmt.Sprintf("/none/%d", i))
	}
	_, sum, err := take(t, only(files...))
	must(t, err)
	if len(sum.Refused) != maxRefusals+1 || sum.Refused[maxRefusals].Reason != "5 more refusals are not listed: does not exist" {
		t.Errorf("%d refusals, last %+v", len(sum.Refused), sum.Refused[len(sum.Refused)-1])
	}
}
