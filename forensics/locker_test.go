package forensics

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"firebreak/internal/testkit"
	"firebreak/record"
)

var key = [32]byte{7, 7, 7}

func newLocker(t *testing.T) *Locker {
	t.Helper()
	return NewLocker(filepath.Join(t.TempDir(), "evidence"), key)
}

func seal(t *testing.T, l *Locker, content []byte) record.Exhibit {
	t.Helper()
	e, err := l.Seal(t.Context(), bytes.NewReader(content), record.Exhibit{ID: "e1", Source: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func noise(t testing.TB, n int) []byte {
	t.Helper()
	b := make([]byte, n)
	if _, err := rand.Read(b); err != nil {
		t.Fatal(err)
	}
	return b
}

// lockerFiles lists the files below the locker's folder.
func lockerFiles(t *testing.T, l *Locker) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(l.dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && d.Name() != lockFile {
			out = append(out, filepath.ToSlash(p[len(l.dir)+1:]))
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return out
}

func TestSealAndOpen(t *testing.T) {
	now := time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)
	for name, content := range map[string][]byte{
		"empty": {}, "short": []byte("root:x:0:0\n"), "noise": noise(t, 3<<20), "zeros": make([]byte, 5<<20),
	} {
		t.Run(name, func(t *testing.T) {
			l := newLocker(t)
			l.Now = func() time.Time { return now }
			e := seal(t, l, content)
			sum := sha256.Sum256(content)
			mac := hmac.New(sha256.New, key[:])
			mac.Write(sum[:])
			if want := hex.EncodeToString(mac.Sum(nil)); e.Blob != want {
				t.Errorf("blob %s, want %s", e.Blob, want)
			}
			if e.SHA256 != hex.EncodeToString(sum[:]) || e.Size != int64(len(content)) || !e.Finished.Equal(now) {
				t.Errorf("sealed as %+v", e)
			}
			info, err := os.Stat(filepath.Join(l.dir, e.Blob[:2], e.Blob))
			if err != nil {
				t.Fatal(err)
			}
			if info.Mode() != testkit.Mode(0o400) {
				t.Errorf("mode %v, want 0400", info.Mode())
			}
			r, err := l.Open(e.Blob)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(r)
			if err != nil || !bytes.Equal(got, content) {
				t.Errorf("read %d bytes, %v; want %d", len(got), err, len(content))
			}
			if err := r.Close(); err != nil {
				t.Error(err)
			}
			check, err := l.Check(t.Context(), e)
			if err != nil || !check.OK || check.Exhibit != "e1" {
				t.Errorf("check %+v, %v", check, err)
			}
			if files := lockerFiles(t, l); len(files) != 1 {
				t.Errorf("files %v, want the blob only", files)
			}
		})
	}
}

func TestFinishedWithoutClock(t *testing.T) {
	if e := seal(t, newLocker(t), []byte("x")); e.Finished.IsZero() {
		t.Error("no time of sealing")
	}
}

func TestSameContentOnce(t *testing.T) {
	l := newLocker(t)
	content := noise(t, 100_000)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := l.Seal(context.Background(), bytes.NewReader(content), record.Exhibit{}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if files := lockerFiles(t, l); len(files) != 1 {
		t.Errorf("files %v, want one blob", files)
	}
}

func TestDamageIsFound(t *testing.T) {
	content := bytes.Repeat([]byte("Nov 21 03:00:00 web-1 sshd[7]: Accepted publickey for root\n"), 400)
	damage := map[string]func(*testing.T, string){
		"missing": func(t *testing.T, p string) { remove(t, p) },
		"emptied": func(t *testing.T, p string) { rewrite(t, p, nil) },
		"cut":     func(t *testing.T, p string) { b := slurp(t, p); rewrite(t, p, b[:len(b)/2]) },
		"flipped": func(t *testing.T, p string) { b := slurp(t, p); b[len(b)/2] ^= 8; rewrite(t, p, b) },
		"longer":  func(t *testing.T, p string) { rewrite(t, p, append(slurp(t, p), "more"...)) },
		"other": func(t *testing.T, p string) {
			l := newLocker(t)
			e := seal(t, l, []byte("other"))
			rewrite(t, p, slurp(t, filepath.Join(l.dir, place(e.Blob))))
		},
	}
	for name, harm := range damage {
		t.Run(name, func(t *testing.T) {
			l := newLocker(t)
			e := seal(t, l, content)
			harm(t, filepath.Join(l.dir, place(e.Blob)))
			check, err := l.Check(t.Context(), e)
			if err != nil || check.OK || check.Found == "" {
				t.Errorf("check %+v, %v; want damage told", check, err)
			}
			r, err := l.Open(e.Blob)
			if err == nil {
				_, err = io.ReadAll(r)
				if err2 := r.Close(); err2 != nil {
					t.Error(err2)
				}
			}
			if !errors.Is(err, ErrDamaged) && !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("reading gave %v", err)
			}
			again := seal(t, l, content)
			if check, err := l.Check(t.Context(), again); err != nil || !check.OK {
				t.Errorf("sealing the same again did not heal: %+v, %v", check, err)
			}
		})
	}
}

// Every single bit of a small blob is flipped: the content is then either still
// right (the bit did not matter) or reported.
func TestEveryBit(t *testing.T) {
	l := newLocker(t)
	e := seal(t, l, []byte("Accepted publickey for root from 192.0.2.7"))
	p := filepath.Join(l.dir, place(e.Blob))
	good := slurp(t, p)
	found := 0
	for bit := range len(good) * 8 {
		b := bytes.Clone(good)
		b[bit/8] ^= 1 << (bit % 8)
		rewrite(t, p, b)
		check, err := l.Check(t.Context(), e)
		if err != nil {
			t.Fatal(err)
		}
		if !check.OK {
			found++
		}
	}
	if found < len(good)*8*9/10 {
		t.Errorf("%d of %d flips found", found, len(good)*8)
	}
}

func TestCheckWrongMeta(t *testing.T) {
	l := newLocker(t)
	e := seal(t, l, []byte("content"))
	for name, change := range map[string]func(*record.Exhibit){
		"hash":  func(e *record.Exhibit) { e.SHA256 = strings.Repeat("0", 64) },
		"shape": func(e *record.Exhibit) { e.SHA256 = "x" },
		"short": func(e *record.Exhibit) { e.Size-- },
		"long":  func(e *record.Exhibit) { e.Size++ },
	} {
		wrong := e
		change(&wrong)
		if check, err := l.Check(t.Context(), wrong); err != nil || check.OK {
			t.Errorf("%s: %+v, %v", name, check, err)
		}
	}
}

func TestOpenRefusesOtherNames(t *testing.T) {
	l := newLocker(t)
	seal(t, l, []byte("x"))
	for _, name := range []string{"", "..", "../../etc/passwd", strings.Repeat("A", 64), strings.Repeat("a", 63) + "/"} {
		if _, err := l.Open(name); err == nil {
			t.Errorf("%q was opened", name)
		}
	}
}

func TestNothingStaysBehind(t *testing.T) {
	broken := errors.New("broken")
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		ctx  context.Context
		r    io.Reader
		want error
	}{
		"reader":  {t.Context(), io.MultiReader(bytes.NewReader(noise(t, 1<<20)), iotest.ErrReader(broken)), broken},
		"context": {cancelled, bytes.NewReader(noise(t, 100)), context.Canceled},
	} {
		l := newLocker(t)
		if _, err := l.Seal(c.ctx, c.r, record.Exhibit{}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if files := lockerFiles(t, l); len(files) != 0 {
			t.Errorf("%s left %v", name, files)
		}
		// The compressor that saw the failure must not spoil what comes next.
		e := seal(t, l, []byte("good"))
		if check, err := l.Check(t.Context(), e); err != nil || !check.OK {
			t.Errorf("%s: %+v, %v", name, check, err)
		}
	}
}

func TestReserve(t *testing.T) {
	l := newLocker(t)
	l.Reserve = 1 << 62
	_, err := l.Seal(t.Context(), strings.NewReader("x"), record.Exhibit{})
	if !errors.Is(err, ErrFull) {
		t.Skipf("free space is not known here: %v", err)
	}
	if files := lockerFiles(t, l); len(files) != 0 {
		t.Errorf("left %v", files)
	}
}

func TestSweep(t *testing.T) {
	l := newLocker(t)
	if n, err := l.Sweep(); n != 0 || err != nil {
		t.Errorf("no folder: %d, %v", n, err)
	}
	e := seal(t, l, []byte("kept"))
	rewrite(t, filepath.Join(l.dir, "tmp-1-1"), []byte("its writer died"))
	root, err := os.OpenRoot(l.dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = root.Close() }()
	live, _, err := l.temp(root)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = live.Close() }()
	n, err := l.Sweep()
	if err != nil || n != 1 {
		t.Errorf("swept %d, %v; want the dead one only", n, err)
	}
	files := lockerFiles(t, l)
	if len(files) != 2 || files[0] != place(e.Blob) && files[1] != place(e.Blob) {
		t.Errorf("files %v", files)
	}
}

func slurp(t testing.TB, p string) []byte {
	t.Helper()
	b, err := os.ReadFile(p)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func remove(t testing.TB, p string) {
	t.Helper()
	if err := os.Remove(p); err != nil {
		t.Fatal(err)
	}
}

// rewrite replaces a file whatever its mode.
func rewrite(t testing.TB, p string, b []byte) {
	t.Helper()
	if err := os.Remove(p); err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	if err := os.WriteFile(p, b, 0o600); err != nil {
		t.Fatal(err)
	}
}
