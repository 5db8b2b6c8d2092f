package forensics

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"

	"firebreak/internal/box"
	"firebreak/internal/testkit"
	"firebreak/record"
)

var secret = [32]byte{4, 2}

func newSealed(t testing.TB) *Locker {
	t.Helper()
	l := NewLocker(filepath.Join(t.TempDir(), "evidence"), key)
	l.Secret = &secret
	return l
}

// content has a word in it that must not be found on the disk. It is not
// compressible, so that the compressor leaves the word as it is.
func marked(t testing.TB, n int) []byte {
	t.Helper()
	b := noise(t, n)
	copy(b[n/2:], marker)
	return b
}

const marker = "MARKER-sealed-evidence"

// onDisk counts the marker in the raw bytes of the locker's files.
func onDisk(t *testing.T, l *Locker) int {
	t.Helper()
	n := 0
	for _, f := range lockerFiles(t, l) {
		n += bytes.Count(slurp(t, filepath.Join(l.dir, f)), []byte(marker))
	}
	return n
}

func wantContent(t *testing.T, l *Locker, e record.Exhibit, want []byte) {
	t.Helper()
	if check, err := l.Check(t.Context(), e); err != nil || !check.OK {
		t.Fatalf("check %+v, %v", check, err)
	}
	r, err := l.Open(e.Blob)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(r)
	if err = errors.Join(err, r.Close()); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("read %d bytes, %v; want %d", len(got), err, len(want))
	}
}

// A blob is what the age tool and zstd read, with the key from beside it.
func TestEncryptedBlobIsStandard(t *testing.T) {
	plain := newLocker(t)
	content := marked(t, 300_000)
	seal(t, plain, content)
	if onDisk(t, plain) != 1 {
		t.Fatal("the marker is not even found where nothing is encrypted")
	}
	l := newSealed(t)
	e := seal(t, l, content)
	wantContent(t, l, e, content)
	if n := onDisk(t, l); n != 0 {
		t.Errorf("the marker is there %d times", n)
	}
	for _, name := range []string{place(e.Blob), keyPlace(e.Blob)} {
		if info, err := os.Stat(filepath.Join(l.dir, name)); err != nil || info.Mode() != testkit.Mode(0o400) {
			t.Errorf("%s: %v, %v; want mode 0400", name, info, err)
		}
	}
	text, err := box.Open(&secret, sidecar(e.Blob), slurp(t, filepath.Join(l.dir, keyPlace(e.Blob))))
	if err != nil {
		t.Fatal(err)
	}
	ids, err := age.ParseIdentities(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	packed, err := age.Decrypt(bytes.NewReader(slurp(t, filepath.Join(l.dir, place(e.Blob)))), ids...)
	if err != nil {
		t.Fatal(err)
	}
	z, err := zstd.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	if got, err := io.ReadAll(z); err != nil || !bytes.Equal(got, content) {
		t.Errorf("read %d bytes, %v", len(got), err)
	}
}

func TestEncryptedSameContentOnce(t *testing.T) {
	l := newSealed(t)
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
	if files := lockerFiles(t, l); len(files) != 2 {
		t.Errorf("files %v, want a blob and its key", files)
	}
	e := seal(t, l, content)
	wantContent(t, l, e, content)
}

func TestEncryptedDamageIsFound(t *testing.T) {
	content := bytes.Repeat([]byte("Accepted publickey for root\n"), 5000)
	for name, harm := range map[string]func(t *testing.T, blob, key string){
		"blob missing": func(t *testing.T, blob, _ string) { remove(t, blob) },
		"blob emptied": func(t *testing.T, blob, _ string) { rewrite(t, blob, nil) },
		"blob cut":     func(t *testing.T, blob, _ string) { b := slurp(t, blob); rewrite(t, blob, b[:len(b)-1]) },
		"blob longer":  func(t *testing.T, blob, _ string) { rewrite(t, blob, append(slurp(t, blob), 0)) },
		"header gone": func(t *testing.T, blob, _ string) {
			rewrite(t, blob, []byte("age-encryption.org/v1\n"+strings.Repeat("-> x\n", 10_000)))
		},
		"key missing": func(t *testing.T, _, key string) { remove(t, key) },
		"key emptied": func(t *testing.T, _, key string) { rewrite(t, key, nil) },
		"key huge":    func(t *testing.T, _, key string) { rewrite(t, key, make([]byte, 1<<20)) },
		"key of another blob": func(t *testing.T, _, key string) {
			l := newSealed(t)
			e := seal(t, l, []byte("other"))
			rewrite(t, key, slurp(t, filepath.Join(l.dir, keyPlace(e.Blob))))
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newSealed(t)
			e := seal(t, l, content)
			harm(t, filepath.Join(l.dir, place(e.Blob)), filepath.Join(l.dir, keyPlace(e.Blob)))
			check, err := l.Check(t.Context(), e)
			if err != nil || check.OK || check.Found == "" {
				t.Errorf("check %+v, %v; want damage told", check, err)
			}
			again := seal(t, l, content)
			wantContent(t, l, again, content) // sealing the same again heals
		})
	}
	l := newSealed(t)
	e := seal(t, l, content)
	for name, path := range map[string]string{"blob": place(e.Blob), "key": keyPlace(e.Blob)} {
		path = filepath.Join(l.dir, path)
		good := slurp(t, path)
		for bit := range len(good) * 8 {
			b := bytes.Clone(good)
			b[bit/8] ^= 1 << (bit % 8)
			rewrite(t, path, b)
			if check, err := l.Check(t.Context(), e); err != nil || check.OK {
				t.Fatalf("%s, bit %d: %+v, %v; want damage told", name, bit, check, err)
			}
		}
		rewrite(t, path, good)
	}
}

func TestEncryptedWithoutKey(t *testing.T) {
	l := newSealed(t)
	e := seal(t, l, []byte("x"))
	locked := NewLocker(l.dir, key)
	if _, err := locked.Open(e.Blob); !errors.Is(err, ErrNoKey) {
		t.Errorf("open: %v", err)
	}
	if _, err := locked.Check(t.Context(), e); !errors.Is(err, ErrNoKey) {
		t.Errorf("check: %v; a locked locker is not a damaged one", err)
	}
}

// A locker that was plain is converted, also after being stopped at any step.
func TestConvert(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs a rename over an open file, which Windows allows and Wine, where this runs, refuses")
	}
	l := newLocker(t)
	contents := [][]byte{marked(t, 100_000), marked(t, 5000), []byte("short"), {}}
	var es []record.Exhibit
	for _, c := range contents {
		es = append(es, seal(t, l, c))
	}
	damagedBlob := filepath.Join(l.dir, place(es[2].Blob))
	b := slurp(t, damagedBlob)
	b[len(b)-1] ^= 1
	rewrite(t, damagedBlob, b)

	// What a crash between a blob's key and the blob leaves: the key of nothing.
	rewrite(t, filepath.Join(l.dir, keyPlace(es[0].Blob)), []byte("left over"))
	root, err := os.OpenRoot(l.dir) // as readers have it
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = root.Close() }()
	held, err := root.Open(place(es[1].Blob))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = held.Close() }()

	l.Secret = &secret
	late := seal(t, l, marked(t, 4000)) // sealed before the conversion came to it
	for i, e := range es[:2] {
		wantContent(t, l, e, contents[i]) // both forms are read
	}
	for range 2 { // the second finds nothing to do
		if err := l.Convert(t.Context(), nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	wantContent(t, l, es[0], contents[0])
	wantContent(t, l, es[1], contents[1])
	wantContent(t, l, es[3], contents[3])
	if check, err := l.Check(t.Context(), es[2]); err != nil || check.OK {
		t.Errorf("the damaged blob was healed by nothing: %+v, %v", check, err)
	}
	if n := onDisk(t, l); n != 0 {
		t.Errorf("the marker is there %d times", n)
	}
	if old, err := io.ReadAll(held); err != nil || bytes.Contains(old, []byte(marker)) {
		t.Errorf("the old bytes were not overwritten, %v", err)
	}

	other := [32]byte{5}
	rekeyed := NewLocker(l.dir, key)
	rekeyed.Secret = &other
	if err := rekeyed.Convert(t.Context(), &secret, nil); err != nil {
		t.Fatal(err)
	}
	wantContent(t, rekeyed, es[0], contents[0])
	if check, err := rekeyed.Check(t.Context(), late); err != nil || !check.OK {
		t.Errorf("%+v, %v", check, err)
	}
	if check, err := l.Check(t.Context(), es[0]); err != nil || check.OK {
		t.Errorf("the old secret still opens: %+v, %v", check, err)
	}
}

// A plain blob is replaced when the same content is sealed encrypted.
func TestPlainGivesWay(t *testing.T) {
	l := newLocker(t)
	content := marked(t, 10_000)
	seal(t, l, content)
	l.Secret = &secret
	e := seal(t, l, content)
	wantContent(t, l, e, content)
	if n := onDisk(t, l); n != 0 {
		t.Errorf("the marker is there %d times", n)
	}
}

func FuzzOpenEncrypted(f *testing.F) {
	l := NewLocker(f.TempDir(), key)
	l.Secret = &secret
	e, err := l.Seal(context.Background(), strings.NewReader("content"), record.Exhibit{})
	if err != nil {
		f.Fatal(err)
	}
	blob, side := filepath.Join(l.dir, place(e.Blob)), filepath.Join(l.dir, keyPlace(e.Blob))
	f.Add(slurp(f, blob), slurp(f, side))
	f.Add([]byte("age-encryption.org/v1\n-> X25519 "), []byte("firebreak-box/1\n"))
	f.Fuzz(func(t *testing.T, b, s []byte) {
		rewrite(t, blob, b)
		rewrite(t, side, s)
		r, err := l.Open(e.Blob)
		if err != nil {
			if !errors.Is(err, ErrDamaged) {
				t.Errorf("open: %v", err)
			}
			return
		}
		got, err := io.ReadAll(io.LimitReader(r, 1<<20))
		if err == nil && string(got) != "content" {
			t.Errorf("read %q", got)
		}
		if err := r.Close(); err != nil && !errors.Is(err, fs.ErrClosed) {
			t.Error(err)
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	const size = 64 << 20
	random := noise(b, size)
	text := bytes.Repeat([]byte("Nov 21 03:00:00 web-1 sshd[7]: Accepted publickey for root from 192.0.2.7\n"), size/74)
	for _, c := range []struct {
		name    string
		content []byte
		secret  *[32]byte
	}{{"log/plain", text, nil}, {"log/encrypted", text, &secret}, {"noise/plain", random, nil}, {"noise/encrypted", random, &secret}} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.content)))
			for range b.N {
				l := NewLocker(filepath.Join(b.TempDir(), "evidence"), key)
				l.Secret = c.secret
				if _, err := l.Seal(b.Context(), bytes.NewReader(c.content), record.Exhibit{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
