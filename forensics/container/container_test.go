package container

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/crypto/ssh"

	"firebreak/record"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func noise(t testing.TB, n int) []byte {
	t.Helper()
	b := make([]byte, n)
	_, err := rand.Read(b)
	must(t, err)
	return b
}

func signer(t testing.TB) ssh.Signer {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	s, err := ssh.NewSignerFromKey(key)
	must(t, err)
	return s
}

func options(t testing.TB, to ...age.Recipient) Options {
	t.Helper()
	return Options{
		Head: Head{Host: "web-1", Tool: "firebreak test"}, Recipients: to, Plain: len(to) == 0,
		Signer: signer(t), Now: time.Now, Rand: rand.Reader,
	}
}

func identity(t testing.TB) *age.X25519Identity {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	must(t, err)
	return id
}

// put seals one item and adds it.
func put(t testing.TB, w *Writer, source string, b []byte) {
	t.Helper()
	e, err := w.Seal(t.Context(), bytes.NewReader(b), record.Exhibit{Source: source, Kind: "linux.files"})
	must(t, err)
	e.After = &record.Stat{Size: e.Size}
	must(t, w.Add(e))
}

// written is a container with these items, in the order of their names.
func written(t testing.TB, o Options, sources []string, items map[string][]byte) ([]byte, Receipt) {
	t.Helper()
	var out bytes.Buffer
	w, err := Create(&out, o)
	must(t, err)
	must(t, w.Log("begin", "", ""))
	for _, s := range sources {
		put(t, w, s, items[s])
	}
	r, err := w.Close(record.Collection{Host: "web-1", Exhibits: len(items), Refused: []record.Refusal{{Source: "/x", Reason: "no"}}})
	must(t, err)
	if sum := sha256.Sum256(out.Bytes()); r.SHA256 != hex.EncodeToString(sum[:]) || r.Written != int64(out.Len()) {
		t.Errorf("the receipt is of other bytes: %+v", r)
	}
	return out.Bytes(), r
}

type got struct {
	content []byte
	end     record.Exhibit
	whole   bool
	err     error
}

// read takes everything out.
func read(t testing.TB, b []byte, ids ...age.Identity) (map[string]got, Report, error) {
	t.Helper()
	r, err := Open(bytes.NewReader(b), ids...)
	if err != nil {
		return nil, Report{}, err
	}
	defer r.Close()
	out := map[string]got{}
	var mu sync.Mutex
	report, err := r.Each(t.Context(), func(i *Item, content io.Reader) error {
		b, err := io.ReadAll(content)
		e, whole := i.End()
		mu.Lock()
		defer mu.Unlock()
		out[i.Start.Source] = got{b, e, whole, err}
		return nil
	})
	return out, report, err
}

func sample(t testing.TB) ([]string, map[string][]byte) {
	t.Helper()
	sources := []string{"/etc/passwd", "/empty", "/var/log/big", "/odd\nname\x1b[2J", "/exact"}
	return sources, map[string][]byte{
		"/etc/passwd": []byte("root:x:0:0::/root:/bin/sh\n"), "/empty": {}, "/var/log/big": noise(t, 2*partSize+12345),
		"/odd\nname\x1b[2J": []byte("odd"), "/exact": noise(t, partSize),
	}
}

func TestThereAndBack(t *testing.T) {
	id := identity(t)
	for name, to := range map[string][]age.Recipient{"sealed": {id.Recipient()}, "plain": nil} {
		t.Run(name, func(t *testing.T) {
			sources, items := sample(t)
			b, receipt := written(t, options(t, to...), sources, items)
			if Is(b[:min(len(b), 4096)]) != (to == nil) {
				t.Error("Is is wrong of it")
			}
			if bytes.Contains(b, []byte("passwd")) && to != nil {
				t.Error("a name stands there in the clear")
			}
			out, report, err := read(t, b, id)
			must(t, err)
			if !report.Sealed || report.Cut != "" || report.Items != len(items) || report.Collection == nil || report.Collection.Refused[0].Reason != "no" ||
				report.Fingerprint != receipt.Fingerprint || report.Seal != receipt.Seal || report.Actions != 2 || report.Bytes != receipt.Bytes || report.Encrypted != (to != nil) {
				t.Errorf("%+v", report)
			}
			for s, want := range items {
				g := out[s]
				if !bytes.Equal(g.content, want) || !g.whole || g.err != nil || g.end.After == nil || g.end.Size != int64(len(want)) {
					t.Errorf("%q: %d bytes, %+v, %v", s, len(g.content), g.end, g.err)
				}
			}
		})
	}
}

func TestKeys(t *testing.T) {
	a, b := identity(t), identity(t)
	c, _ := written(t, options(t, a.Recipient(), b.Recipient()), nil, nil)
	for _, id := range []age.Identity{a, b} {
		if _, _, err := read(t, c, id); err != nil {
			t.Error(err)
		}
	}
	if _, _, err := read(t, c, identity(t)); !errors.Is(err, ErrKey) {
		t.Errorf("another's key: %v", err)
	}
	if _, _, err := read(t, c); !errors.Is(err, ErrKey) {
		t.Errorf("no key: %v", err)
	}
	o := options(t)
	o.Plain = false
	if _, err := Create(io.Discard, o); !errors.Is(err, ErrOpen) {
		t.Errorf("nobody to encrypt to: %v", err)
	}
	for _, no := range [][]byte{nil, []byte("x"), []byte("age-encryption.org/v1\n"), {0x28, 0xb5, 0x2f, 0xfd, 0}, bytes.Repeat([]byte("hello"), 9999)} {
		if _, _, err := read(t, no, a); err == nil {
			t.Errorf("%.20q was opened", no)
		}
	}
}

// Wherever it was cut, the items before the cut are there, and it says that it was.
func TestCutAnywhere(t *testing.T) {
	id := identity(t)
	sources, items := []string{}, map[string][]byte{}
	for i := range 40 {
		s := fmt.Sprintf("/f%02d", i)
		sources, items[s] = append(sources, s), noise(t, 20_000)
	}
	for name, to := range map[string][]age.Recipient{"sealed": {id.Recipient()}, "plain": nil} {
		b, _ := written(t, options(t, to...), sources, items)
		most := 0
		for at := 3000; at < len(b); at += 10_007 {
			out, report, err := read(t, b[:at], id)
			if errors.Is(err, ErrDamaged) && len(out) == 0 && at < 200_000 {
				continue // its head did not come whole
			}
			if err != nil || report.Cut == "" || report.Sealed {
				t.Fatalf("%s: cut at %d of %d: %v, %+v", name, at, len(b), err, report)
			}
			whole := 0
			for s, g := range out {
				if g.whole {
					whole++
				} else if len(g.end.Deviations) == 0 || g.end.Size != int64(len(g.content)) {
					t.Fatalf("%s: cut at %d: %+v", name, at, g.end)
				}
				if !bytes.HasPrefix(items[s], g.content) {
					t.Fatalf("%s: cut at %d: %s has other bytes", name, at, s)
				}
			}
			// At most a block of age and two of the compressor are not out yet.
			if missing := at - whole*20_000; missing > 400_000 {
				t.Fatalf("%s: cut at %d: only %d items", name, at, whole)
			}
			most = max(most, whole)
		}
		if most < 30 {
			t.Errorf("%s: at most %d of 40 items were read", name, most)
		}
		if _, report, err := read(t, b[:len(b)-1], id); err != nil || report.Sealed || report.Cut == "" {
			t.Errorf("%s: without its last byte: %v, %+v", name, err, report)
		}
	}
}

func TestFlippedAnywhere(t *testing.T) {
	id := identity(t)
	sources, items := sample(t)
	items["/var/log/big"] = noise(t, 400_000)
	items["/exact"] = nil
	for name, to := range map[string][]age.Recipient{"sealed": {id.Recipient()}, "plain": nil} {
		b, _ := written(t, options(t, to...), sources, items)
		for at := 0; at < len(b); at += 4001 {
			bad := bytes.Clone(b)
			bad[at] ^= 0x10
			_, report, err := read(t, bad, id)
			if report.Sealed || err == nil && report.Cut == "" {
				t.Errorf("%s: a changed byte at %d of %d is not noticed: %+v", name, at, len(b), report)
			}
		}
	}
}

// An item whose reading fails half way is marked and is none; so is one that was
// sealed and never handed over.
func TestDropped(t *testing.T) {
	var out bytes.Buffer
	w, err := Create(&out, options(t))
	must(t, err)
	bad := errors.New("the disk says no")
	_, err = w.Seal(t.Context(), io.MultiReader(bytes.NewReader(noise(t, partSize+5)), &failing{bad}), record.Exhibit{Source: "/half"})
	if !errors.Is(err, bad) {
		t.Fatal(err)
	}
	_, err = w.Seal(t.Context(), &failing{bad}, record.Exhibit{Source: "/none"})
	if !errors.Is(err, bad) {
		t.Fatal(err)
	}
	e, err := w.Seal(t.Context(), strings.NewReader("x"), record.Exhibit{Source: "/forgotten"})
	must(t, err)
	put(t, w, "/good", []byte("good"))
	if _, err := w.Close(record.Collection{Cut: "because"}); err != nil {
		t.Fatal(err)
	}
	if err := w.Add(e); err == nil {
		t.Error("an item was added after the end")
	}
	if _, err := w.Seal(t.Context(), strings.NewReader("x"), record.Exhibit{}); err == nil {
		t.Error("an item was sealed after the end")
	}
	items, report, err := read(t, out.Bytes())
	must(t, err)
	if report.Items != 1 || report.Dropped != 2 || !report.Sealed || string(items["/good"].content) != "good" || items["/none"].err != nil {
		t.Errorf("%+v", report)
	}
	for _, s := range []string{"/half", "/forgotten"} {
		if !errors.Is(items[s].err, ErrDropped) {
			t.Errorf("%s: %v", s, items[s].err)
		}
	}
}

type failing struct{ err error }

func (f *failing) Read([]byte) (int, error) { return 0, f.err }

// Items may be sealed at once: their parts alternate.
func TestAtOnce(t *testing.T) {
	id := identity(t)
	var out bytes.Buffer
	w, err := Create(&out, options(t, id.Recipient()))
	must(t, err)
	items := map[string][]byte{}
	for i := range 6 {
		items[fmt.Sprintf("/%d", i)] = noise(t, 2*partSize+i)
	}
	var wg sync.WaitGroup
	for s, b := range maps.Clone(items) {
		wg.Go(func() {
			e, err := w.Seal(t.Context(), bytes.NewReader(b), record.Exhibit{Source: s})
			if err == nil {
				err = w.Add(e)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	_, err = w.Close(record.Collection{})
	must(t, err)
	back, report, err := read(t, out.Bytes(), id)
	must(t, err)
	for s, b := range items {
		if !bytes.Equal(back[s].content, b) || !back[s].whole {
			t.Errorf("%s came back otherwise", s)
		}
	}
	if !report.Sealed {
		t.Errorf("%+v", report)
	}
}

// What the taker says ends the reading; what it does not read is passed over.
func TestTakers(t *testing.T) {
	sources, items := sample(t)
	b, _ := written(t, options(t), sources, items)
	r, err := Open(bytes.NewReader(b))
	must(t, err)
	no := errors.New("no room here")
	if _, err := r.Each(t.Context(), func(*Item, io.Reader) error { return no }); !errors.Is(err, no) {
		t.Errorf("%v", err)
	}
	if r, err = Open(bytes.NewReader(b)); err == nil {
		var report Report
		if report, err = r.Each(t.Context(), func(*Item, io.Reader) error { return nil }); !report.Sealed {
			t.Errorf("%+v", report)
		}
	}
	must(t, err)
	ctx, cancel := context.WithCancelCause(t.Context())
	r, err = Open(bytes.NewReader(b))
	must(t, err)
	stop := errors.New("stopped")
	_, err = r.Each(ctx, func(_ *Item, c io.Reader) error {
		cancel(stop)
		_, err := io.Copy(io.Discard, c)
		return err
	})
	if !errors.Is(err, stop) {
		t.Errorf("%v", err)
	}
}

// A full disk ends the items; the container is closed in the reserve.
func TestNoRoom(t *testing.T) {
	full := errors.New("12 bytes free")
	o := options(t)
	left := 3
	o.Room = func() error {
		if left--; left < 0 {
			return full
		}
		return nil
	}
	var out bytes.Buffer
	w, err := Create(&out, o)
	must(t, err)
	put(t, w, "/a", []byte("a"))
	if _, err := w.Seal(t.Context(), bytes.NewReader(noise(t, 3*partSize)), record.Exhibit{Source: "/b"}); !errors.Is(err, full) {
		t.Fatal(err)
	}
	if _, err := w.Close(record.Collection{Cut: full.Error()}); err != nil {
		t.Fatal(err)
	}
	items, report, err := read(t, out.Bytes())
	must(t, err)
	if !report.Sealed || report.Collection.Cut == "" || !errors.Is(items["/b"].err, ErrDropped) || !items["/a"].whole {
		t.Errorf("%+v", report)
	}
}

// A stream that broke stays broken: no seal is written behind a hole.
func TestBrokenStream(t *testing.T) {
	no := errors.New("broken pipe")
	f := &breaking{left: 100_000, err: no}
	w, err := Create(f, options(t, identity(t).Recipient()))
	must(t, err)
	_, err = w.Seal(t.Context(), bytes.NewReader(noise(t, 4*partSize)), record.Exhibit{Source: "/b"})
	if !errors.Is(err, no) {
		t.Errorf("%v", err)
	}
	f.left = 1 << 30
	if _, err := w.Close(record.Collection{}); !errors.Is(err, no) {
		t.Errorf("%v", err)
	}
}

type breaking struct {
	left int
	err  error
}

func (b *breaking) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left < 0 {
		return 0, b.err
	}
	return len(p), nil
}

// What others made with the right members in a wrong order is refused.
func TestHostileMembers(t *testing.T) {
	head := fmt.Sprintf(`{"format":%q,"id":"00","signer":%q}`, Format, strings.TrimSpace(string(ssh.MarshalAuthorizedKey(signer(t).PublicKey()))))
	type m struct{ name, text string }
	begin := []m{{nameText, text}, {nameHead, head}}
	for name, ms := range map[string][]m{
		"no head":           {{nameText, text}, {"items/000001/start.json", "{}"}},
		"another format":    {{nameText, text}, {nameHead, strings.Replace(head, "v1", "v9", 1)}},
		"no key":            {{nameText, text}, {nameHead, fmt.Sprintf(`{"format":%q,"signer":"x"}`, Format)}},
		"up the tree":       append(begin[:2:2], m{"items/../../etc/passwd", "x"}),
		"content first":     append(begin[:2:2], m{"items/000001/content.000", "x"}),
		"item two first":    append(begin[:2:2], m{"items/000002/start.json", "{}"}),
		"item twice":        append(begin[:2:2], m{"items/000001/start.json", "{}"}, m{"items/000001/start.json", "{}"}),
		"a part is missing": append(begin[:2:2], m{"items/000001/start.json", "{}"}, m{"items/000001/content.001", "x"}),
		"another hash":      append(begin[:2:2], m{"items/000001/start.json", "{}"}, m{"items/000001/content.000", "x"}, m{"items/000001/item.json", `{"size":1,"sha256":"00"}`}),
		"no JSON":           append(begin[:2:2], m{"items/000001/start.json", "{"}),
		"no end of an item": append(begin[:2:2], m{"items/000001/start.json", "{}"}),
		"no seal":           begin,
		"sums too early":    append(begin[:2:2], m{nameSums, ""}),
		"wrong sums":        append(begin[:2:2], m{nameCollection, "{}"}, m{nameSums, "x"}),
		"no signature":      append(begin[:2:2], m{nameCollection, "{}"}, m{nameSums, "x"}, m{nameSeal, ""}, m{nameSignature, ""}),
		"a large head":      {{nameText, text}, {nameHead, strings.Repeat(" ", maxJSON+1)}},
	} {
		var out bytes.Buffer
		z, err := zstd.NewWriter(&out)
		must(t, err)
		w := tar.NewWriter(z)
		for _, m := range ms {
			must(t, w.WriteHeader(&tar.Header{Name: m.name, Size: int64(len(m.text)), Typeflag: tar.TypeReg}))
			_, err := io.WriteString(w, m.text)
			must(t, err)
		}
		must(t, errors.Join(w.Close(), z.Close()))
		if _, report, err := read(t, out.Bytes()); err == nil || report.Sealed {
			t.Errorf("%s: %+v, %v", name, report, err)
		}
	}
}

// Memory stays the same whatever the size.
func TestBoundedMemory(t *testing.T) {
	const size = 200 << 20
	id := identity(t)
	in, out := io.Pipe()
	o := options(t, id.Recipient())
	go func() {
		w, err := Create(out, o)
		if err == nil {
			var e record.Exhibit
			if e, err = w.Seal(context.Background(), io.LimitReader(&pattern{}, size), record.Exhibit{Source: "/big"}); err == nil {
				err = w.Add(e)
			}
			if err == nil {
				_, err = w.Close(record.Collection{})
			}
		}
		_ = out.CloseWithError(err)
	}()
	r, err := Open(in, id)
	must(t, err)
	var peak uint64
	report, err := r.Each(t.Context(), func(_ *Item, c io.Reader) error {
		buf := make([]byte, 1<<20)
		for {
			_, err := c.Read(buf)
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			peak = max(peak, m.HeapInuse)
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
		}
	})
	must(t, err)
	if !report.Sealed || report.Bytes != size || peak > 100<<20 {
		t.Errorf("%+v, peak %d MiB", report, peak>>20)
	}
}

type pattern struct{ n int }

func (p *pattern) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(p.n * p.n >> 7)
		p.n++
	}
	return len(b), nil
}

// An outsider opens and verifies it with age, zstd, tar, sha256sum and ssh-keygen.
func TestByHand(t *testing.T) {
	for _, tool := range []string{"age", "zstd", "tar", "sha256sum", "ssh-keygen", "sh"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed", tool)
		}
	}
	id := identity(t)
	sources, items := sample(t)
	b, receipt := written(t, options(t, id.Recipient()), sources, items)
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "c.tar.zst.age"), b, 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "key.txt"), []byte(id.String()+"\n"), 0o600))
	const script = `set -e
age -d -i key.txt c.tar.zst.age | zstd -dq | tar -x
sha256sum -c --quiet SHA256SUMS
grep -qx "SHA256SUMS $(sha256sum SHA256SUMS | cut -d' ' -f1)" seal.txt
test "$(find . -type f ! -name 'seal.*' ! -name SHA256SUMS ! -name c.tar.zst.age ! -name key.txt | wc -l)" = "$(wc -l <SHA256SUMS)"
ssh-keygen -Y check-novalidate -n firebreak-container -s seal.txt.sig <seal.txt
cat items/000003/content.* >joined`
	c := exec.Command("sh", "-c", script)
	c.Dir = dir
	said, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	if !strings.Contains(string(said), receipt.Fingerprint) {
		t.Errorf("signed by another: %s", said)
	}
	if joined, err := os.ReadFile(filepath.Join(dir, "joined")); err != nil || !bytes.Equal(joined, items["/var/log/big"]) {
		t.Errorf("joined parts are other bytes: %v", err)
	}
}

func FuzzRead(f *testing.F) {
	sources, items := []string{"/a", "/b"}, map[string][]byte{"/a": []byte("hello"), "/b": {}}
	b, _ := written(f, options(f), sources, items)
	z, err := zstd.NewReader(bytes.NewReader(b))
	must(f, err)
	plain, err := io.ReadAll(z)
	must(f, err)
	f.Add(plain)
	f.Add(plain[:3000])
	f.Fuzz(func(t *testing.T, plain []byte) {
		var packed bytes.Buffer
		z, err := zstd.NewWriter(&packed, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
		must(t, err)
		_, err = z.Write(plain)
		must(t, errors.Join(err, z.Close()))
		items, report, err := read(t, packed.Bytes())
		if err == nil && report.Cut == "" != report.Sealed {
			t.Errorf("%+v", report)
		}
		for s, g := range items {
			if sum := sha256.Sum256(g.content); g.whole && g.err == nil && g.end.SHA256 != hex.EncodeToString(sum[:]) {
				t.Errorf("%q has another hash", s)
			}
		}
	})
}

func FuzzOpen(f *testing.F) {
	b, _ := written(f, options(f), nil, nil)
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, report, err := read(t, b); err == nil && report.Cut == "" && !report.Sealed {
			t.Errorf("%+v", report)
		}
	})
}
