package bundle

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"firebreak/record"
)

// foreign is an archive as another program writes it.
func foreign(t testing.TB, headers ...tar.Header) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range headers {
		h.Mode = 0o644
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(make([]byte, h.Size)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return zip(t, b.Bytes())
}

// Neither verifier follows, writes or keeps what a hostile archive asks for.
func TestHostileArchives(t *testing.T) {
	py := startPython(t)
	good := sample(t).bundle(record.FullProfile)
	bomb, err := header("bundle.json", 1<<40, epoch)
	if err != nil {
		t.Fatal(err)
	}
	var twice bytes.Buffer
	twice.Write(good)
	twice.Write(good)
	for name, archive := range map[string][]byte{
		"up and out":    foreign(t, tar.Header{Name: "../../etc/passwd", Size: 3, Typeflag: tar.TypeReg, Format: tar.FormatGNU}),
		"absolute":      foreign(t, tar.Header{Name: "/etc/passwd", Size: 3, Typeflag: tar.TypeReg, Format: tar.FormatGNU}),
		"a soft link":   foreign(t, tar.Header{Name: "bundle.json", Linkname: "/etc/passwd", Typeflag: tar.TypeSymlink, Format: tar.FormatGNU}),
		"a hard link":   foreign(t, tar.Header{Name: "bundle.json", Linkname: "MANIFEST", Typeflag: tar.TypeLink, Format: tar.FormatGNU}),
		"a device":      foreign(t, tar.Header{Name: "bundle.json", Typeflag: tar.TypeBlock, Format: tar.FormatGNU}),
		"a folder":      foreign(t, tar.Header{Name: "record/", Typeflag: tar.TypeDir, Format: tar.FormatGNU}),
		"pax headers":   foreign(t, tar.Header{Name: "bundle.json", Size: 3, Typeflag: tar.TypeReg, Format: tar.FormatPAX, PAXRecords: map[string]string{"path": "../x"}}),
		"a long name":   foreign(t, tar.Header{Name: strings.Repeat("x", 200), Size: 3, Typeflag: tar.TypeReg, Format: tar.FormatGNU}),
		"the same name": files{{"a", nil}, {"a", nil}}.pack(t),
		"a huge file":   zip(t, append(bomb, make([]byte, 1<<20)...)),
		"two archives":  twice.Bytes(),
		"nothing":       {},
		"no gzip":       []byte("a letter\n"),
		"a cut header":  good[:6],
	} {
		t.Run(name, func(t *testing.T) {
			r, p := verified(t, archive, Options{}), py.verify(archive, Options{})
			if got := faults(r.Problems); !slices.Equal(got, []fault{{0, BadArchive}}) {
				t.Errorf("firebreak says %v", r.Problems)
			}
			if got := faults(p.Problems); !slices.Equal(got, []fault{{0, BadArchive}}) {
				t.Errorf("verify.py says %v", p.Problems)
			}
		})
	}
}

// A bomb is read as a stream: it costs time, no memory.
func TestBombCostsNoMemory(t *testing.T) {
	const size = 128 << 20
	h, err := header(blobFile("e1"), size, epoch)
	if err != nil {
		t.Fatal(err)
	}
	r, w := io.Pipe()
	go func() {
		bw := NewWriter(w, epoch)
		_, err := bw.gz.Write(h)
		for n := 0; n < size && err == nil; n += 1 << 20 {
			_, err = bw.gz.Write(make([]byte, 1<<20))
		}
		_, err2 := bw.gz.Write(make([]byte, 2*block))
		_ = w.CloseWithError(errors.Join(err, err2, bw.gz.Close())) // nil is io.EOF
	}()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	c, err := Read(context.Background(), r, nil)
	if err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if c.sums[blobFile("e1")].size != size || after.HeapAlloc > before.HeapAlloc+32<<20 {
		t.Errorf("%v, heap %d to %d", c.sums, before.HeapAlloc, after.HeapAlloc)
	}
}

func TestLargeSizesInHeaders(t *testing.T) {
	for _, size := range []int64{0, 511, 1<<33 - 1, 1 << 33, 1<<40 + 5} {
		h, err := header("evidence/e1.bin", size, epoch)
		if err != nil {
			t.Fatal(err)
		}
		name, got, at, err := parseHeader(h)
		if err != nil || name != "evidence/e1.bin" || got != size || !at.Equal(epoch) {
			t.Errorf("%d: %s %d %s %v", size, name, got, at, err)
		}
		std, err := tar.NewReader(bytes.NewReader(h)).Next()
		if err != nil || std.Size != size || std.Name != name {
			t.Errorf("%d: another reader sees %+v, %v", size, std, err)
		}
	}
}

// folder unpacks an archive as tar does.
func folder(t *testing.T, archive []byte) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range unpack(t, archive) {
		path := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFolders(t *testing.T) {
	py := startPython(t)
	look := func(t *testing.T, dir string) (Report, said) {
		t.Helper()
		c, err := ReadFolder(context.Background(), os.DirFS(dir), nil)
		if err != nil {
			t.Fatal(err)
		}
		return Verify(c, Options{}), py.look(dir, Options{})
	}
	archive := sample(t).bundle(record.FullProfile, "e1")
	t.Run("as it was", func(t *testing.T) {
		if r, p := look(t, folder(t, archive)); !r.OK() || len(p.Problems) > 0 || r.Exhibits != 1 || p.Exhibits != 1 {
			t.Errorf("%v\n%v", r.Problems, p.Problems)
		}
	})
	for name, hand := range map[string]func(dir string) error{
		"a link": func(dir string) error {
			return errors.Join(os.Remove(filepath.Join(dir, "VERIFY.md")), os.Symlink("/etc/hostname", filepath.Join(dir, "VERIFY.md")))
		},
		"a linked folder": func(dir string) error { return os.Symlink("/etc", filepath.Join(dir, "etc")) },
		"a strange name":  func(dir string) error { return os.WriteFile(filepath.Join(dir, "a b"), nil, 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := folder(t, archive)
			if err := hand(dir); err != nil {
				t.Fatal(err)
			}
			r, p := look(t, dir)
			if want := []fault{{0, BadArchive}}; !slices.Equal(faults(r.Problems), want) || !slices.Equal(faults(p.Problems), want) {
				t.Errorf("%v\n%v", r.Problems, p.Problems)
			}
		})
	}
}

func TestReadEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Read(ctx, bytes.NewReader(sample(t).bundle(record.FullProfile)), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if _, err := ReadFolder(ctx, os.DirFS(t.TempDir()), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	broken := fmt.Errorf("read: %w", &fs.PathError{Op: "read", Path: "x", Err: fs.ErrInvalid})
	if _, err := Read(context.Background(), io.MultiReader(bytes.NewReader(sample(t).bundle(record.FullProfile)[:500]), failing{broken}), nil); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("a disk that cannot be read: %v", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestWriterRefuses(t *testing.T) {
	w := NewWriter(io.Discard, epoch)
	for name, err := range map[string]error{
		"a name":          w.Add("../x", nil),
		"too few bytes":   w.Copy("a", 5, strings.NewReader("abc")),
		"too many bytes":  w.Copy("b", 2, strings.NewReader("abc")),
		"a failed source": w.Copy("c", 2, failing{io.ErrUnexpectedEOF}),
		"no key":          w.Close(record.Key{}, record.Head{}),
	} {
		if err == nil {
			t.Errorf("%s is written", name)
		}
	}
	if err := w.Add("d", nil); err != nil {
		t.Fatal(err)
	}
	if w.Add("d", nil) == nil {
		t.Error("a file is written twice")
	}
}

// The same record gives the same archive.
func TestDeterministic(t *testing.T) {
	if !bytes.Equal(sample(t).bundle(record.FullProfile, "e1"), sample(t).bundle(record.FullProfile, "e1")) {
		t.Error("two bundles of the same record differ")
	}
}

func FuzzRead(f *testing.F) {
	good := unzip(f, files{{AboutFile, []byte(`{"format":"firebreak.bundle/1","incident":"2026-0007","profile":"full"}`)}, {"a", nil}}.pack(f))
	f.Add(good)
	f.Add(good[:700])
	f.Add(unzip(f, foreign(f, tar.Header{Name: "../x", Size: 3, Typeflag: tar.TypeReg, Format: tar.FormatGNU})))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := Read(context.Background(), bytes.NewReader(zip(t, b)), nil)
		if err != nil {
			t.Fatal(err)
		}
		if r := Verify(c, Options{}); r.OK() {
			t.Fatalf("called good: %q", b)
		}
	})
}

// Whatever the files of a record say, it is looked at to the end; nothing that
// nobody signed is called good.
func FuzzVerify(f *testing.F) {
	l := newLog(f, testID, 1)
	l.add(record.IncidentOpened, record.Opened{Title: "short", Severity: 2})
	l.add(record.EvidenceSealed, exhibit("e1"))
	l.erase(1, "title")
	base := unpack(f, l.bundle(record.LegalProfile))
	f.Add(base.get(LinesFile), base.get(FieldsFile), base.get(WithheldFile), base.get(HeadsFile), base.get(ExhibitsFile), base.get(AboutFile))
	f.Fuzz(func(t *testing.T, lines, fields, withheld, heads, exhibits, about []byte) {
		c := &Contents{files: map[string][]byte{
			LinesFile: lines, FieldsFile: fields, WithheldFile: withheld, HeadsFile: heads, ExhibitsFile: exhibits, AboutFile: about,
			LeavesFile: base.get(LeavesFile), KeysFile: base.get(KeysFile),
		}, sums: map[string]sum{}}
		if r := Verify(c, Options{}); r.OK() { // there is no signed list
			t.Fatalf("called good: %q", lines)
		}
	})
}
