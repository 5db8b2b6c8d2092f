package archive

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"

	"firebreak/incident"
	"firebreak/internal/testkit"
	"firebreak/store/keys"
)

const id = incident.ID("2026-0001")

func sum(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

func noise(t testing.TB, n int) []byte {
	t.Helper()
	b := make([]byte, n)
	if _, err := rand.Read(b); err != nil {
		t.Fatal(err)
	}
	return b
}

// sample is a small backup: two blobs, a record, a key.
func sample(t testing.TB) (Manifest, []Source) {
	t.Helper()
	blob := func() string { return hex.EncodeToString(noise(t, 32)) }
	one, two := blob(), blob()
	m := Manifest{Made: time.Date(2026, 11, 20, 3, 0, 0, 0, time.UTC), Tool: "test", Workspace: true, Incidents: []Incident{{ID: id, Size: 3, Root: strings.Repeat("0a", 32)}}}
	return m, []Source{
		{Path: "workspace/keys/instance", Content: []byte("a key")},
		{Path: "incidents/2026-0001/heads", Content: []byte("heads")},
		{Path: "incidents/2026-0001/incident.db", Content: bytes.Repeat([]byte("pages and pages "), 5000)},
		{Path: "incidents/2026-0001/evidence/" + one[:2] + "/" + one, Content: noise(t, 100_000)},
		{Path: "incidents/2026-0001/evidence/" + two[:2] + "/" + two, Content: noise(t, 1000)},
	}
}

func written(t testing.TB, rs ...age.Recipient) ([]byte, Manifest, []Source) {
	t.Helper()
	m, sources := sample(t)
	var b bytes.Buffer
	m, err := Write(t.Context(), &b, m, sources, rs, nil)
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), m, sources
}

// unpack opens and unpacks, into a folder that it returns.
func unpack(t testing.TB, b []byte, ids ...age.Identity) (string, Outcome, error) {
	t.Helper()
	r, err := Open(bytes.NewReader(b), int64(len(b)), ids...)
	if err != nil {
		return "", Outcome{}, err
	}
	defer r.Close()
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = root.Close() }()
	o, err := r.Unpack(t.Context(), root, func(File) bool { return true }, nil)
	return dir, o, err
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	i, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	for _, rs := range [][]age.Recipient{nil, {i.Recipient()}} {
		b, m, sources := written(t, rs...)
		dir, o, err := unpack(t, b, i)
		if err != nil || !o.OK() || len(o.Whole) != len(sources) {
			t.Fatalf("%+v, %v", o, err)
		}
		for n, s := range sources {
			got, err := os.ReadFile(filepath.Join(dir, s.Path))
			if err != nil || !bytes.Equal(got, s.Content) {
				t.Errorf("%s: %d bytes, %v", s.Path, len(got), err)
			}
			info, err := os.Stat(filepath.Join(dir, s.Path))
			if want := map[bool]os.FileMode{true: 0o400, false: 0o600}[m.Files[n].Blob() != ""]; err != nil || info.Mode() != testkit.Mode(want) {
				t.Errorf("%s: mode %v, want %v", s.Path, info.Mode(), want)
			}
		}
		if len(rs) > 0 && (bytes.Contains(b, []byte("incident.db")) || bytes.Contains(b, []byte("pages and pages"))) {
			t.Error("it is readable without the key")
		}
	}
}

func TestWrongKey(t *testing.T) {
	t.Parallel()
	i, _ := age.GenerateX25519Identity()
	other, _ := age.GenerateX25519Identity()
	b, _, _ := written(t, i.Recipient())
	for _, ids := range [][]age.Identity{nil, {other}} {
		if _, _, err := unpack(t, b, ids...); !errors.Is(err, keys.ErrKey) {
			t.Errorf("with %d keys: %v", len(ids), err)
		}
	}
	if _, _, err := unpack(t, []byte("PK\x03\x04 something else")); !errors.Is(err, ErrFormat) {
		t.Errorf("another file: %v", err)
	}
	secret, err := keys.Passphrase([]byte("correct horse"), 10)
	if err != nil {
		t.Fatal(err)
	}
	secret.Recipient.(*age.ScryptRecipient).SetWorkFactor(10)
	b, _, _ = written(t, secret)
	if yes, err := NeedsPassphrase(bytes.NewReader(b)); err != nil || !yes {
		t.Errorf("%v, %v", yes, err)
	}
	right, _ := keys.PassphraseIdentity([]byte("correct horse"))
	wrong, _ := keys.PassphraseIdentity([]byte("battery staple"))
	if _, o, err := unpack(t, b, right); err != nil || !o.OK() {
		t.Errorf("%+v, %v", o, err)
	}
	if _, _, err := unpack(t, b, wrong); !errors.Is(err, keys.ErrKey) {
		t.Errorf("wrong passphrase: %v", err)
	}
}

// Cut at any place, and with any bit turned, the damage is noticed, and what
// is called whole is whole.
func TestDamage(t *testing.T) {
	t.Parallel()
	i, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	for name, rs := range map[string][]age.Recipient{"encrypted": {i.Recipient()}, "plain": nil} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			good, m, _ := written(t, rs...)
			judge := func(what string, at int, b []byte) {
				t.Helper()
				dir, o, err := unpack(t, b, i)
				if err != nil {
					if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrFormat) && !errors.Is(err, keys.ErrKey) {
						t.Errorf("%s at %d: %v", what, at, err)
					}
					return
				}
				if o.OK() {
					t.Errorf("%s at %d was not noticed", what, at)
				}
				if len(o.Whole)+len(o.Faults) != len(m.Files) {
					t.Errorf("%s at %d: %d whole and %d damaged of %d", what, at, len(o.Whole), len(o.Faults), len(m.Files))
				}
				for _, f := range o.Whole {
					if got, err := os.ReadFile(filepath.Join(dir, f.Path)); err != nil || sum(got) != f.SHA256 {
						t.Errorf("%s at %d: %s is called whole: %v", what, at, f.Path, err)
					}
				}
				for _, f := range o.Faults {
					if _, err := os.Stat(filepath.Join(dir, f.Path)); err == nil {
						t.Errorf("%s at %d: %s is left: %s", what, at, f.Path, f.Why)
					}
				}
			}
			step := max(1, len(good)/60)
			for at := 0; at < len(good); at += step {
				judge("cut", at, good[:at])
				b := bytes.Clone(good)
				b[at] ^= 1 << (at % 8)
				judge("flip", at, b)
			}
			for at := len(good) - 60; at < len(good); at++ { // the end, byte by byte
				judge("cut", at, good[:at])
				b := bytes.Clone(good)
				b[at] ^= 4
				judge("flip", at, b)
			}
			judge("appended", len(good), append(bytes.Clone(good), "more"...))
		})
	}
}

// A backup that is cut names the files that are lost, and those that are not.
func TestCutNamesFiles(t *testing.T) {
	t.Parallel()
	good, _, _ := written(t)
	_, o, err := unpack(t, good[:len(good)/2])
	if err != nil || o.OK() || len(o.Whole) != 3 || len(o.Faults) != 2 {
		t.Fatalf("%d whole, %d lost, %v", len(o.Whole), len(o.Faults), err)
	}
	if !strings.Contains(o.Faults[0].Why, "inside") || !strings.Contains(o.Faults[1].Why, "before") {
		t.Errorf("%q, %q", o.Faults[0].Why, o.Faults[1].Why)
	}
}

// hostile is an archive with exactly these members.
func hostile(t *testing.T, m Manifest, members []tar.Header, content []byte) []byte {
	t.Helper()
	m.Format, m.Version = format, version
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	z, err := zstd.NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(z)
	err = errors.Join(w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: ManifestName, Size: int64(len(text))}), second(w.Write(text)))
	for _, h := range members {
		err = errors.Join(err, w.WriteHeader(&h))
		if h.Typeflag == tar.TypeReg {
			err = errors.Join(err, second(w.Write(content)))
		}
	}
	if err = errors.Join(err, w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func second(_ int, err error) error { return err }

func TestHostileManifest(t *testing.T) {
	t.Parallel()
	content := []byte("x")
	base := Manifest{Incidents: []Incident{{ID: id, Size: 1, Root: strings.Repeat("00", 32)}}}
	blob := strings.Repeat("3f", 32)
	for _, path := range []string{
		"../x", "/etc/passwd", "incidents/../../x", "incidents/2026-0001/../2026-0002/heads", "incidents/2026-0001/exports/../../../x", "incidents//2026-0001/heads",
		"incidents/2026-0001/exports/a\x00b", "incidents/2026-0001/exports/a\\b", "incidents/2026-0001/exports/a\x1b[2J", "incidents/2026-0001/exports/\u202egnp.exe",
		"incidents/2026-0001/exports/C:x", "incidents/2026-0001/lock", "incidents/2026-0001/timeline.db", "incidents/2026-0002/heads", "incidents/odd/heads", "incidents/2026-0001",
		"incidents/2026-0001/evidence/aa/" + blob, "incidents/2026-0001/evidence/3f/" + blob + ".exe", "incidents/2026-0001/incident.db-wal", "workspace/keys/instance", "workspace/.bashrc", "x", "",
		"incidents/2026-0001/exports/" + strings.Repeat("a/", 20) + "x", "incidents/2026-0001/exports/" + strings.Repeat("a", 500),
	} {
		m := base
		m.Files = []File{{path, 1, sum(content)}}
		if _, _, err := unpack(t, hostile(t, m, nil, content)); !errors.Is(err, ErrFormat) {
			t.Errorf("%q: %v", path, err)
		}
	}
	for name, files := range map[string][]File{
		"twice":            {{"incidents/2026-0001/heads", 1, sum(content)}, {"incidents/2026-0001/heads", 1, sum(content)}},
		"twice, by case":   {{"incidents/2026-0001/exports/a", 1, sum(content)}, {"incidents/2026-0001/exports/A", 1, sum(content)}},
		"file and folder":  {{"incidents/2026-0001/exports/a", 1, sum(content)}, {"incidents/2026-0001/exports/a/b", 1, sum(content)}},
		"negative":         {{"incidents/2026-0001/heads", -1, sum(content)}},
		"overflow":         {{"incidents/2026-0001/heads", 1 << 62, sum(content)}, {"incidents/2026-0001/incident.db", 1 << 62, sum(content)}},
		"bomb":             {{"incidents/2026-0001/incident.db", 1 << 40, sum(content)}},
		"hash of no shape": {{"incidents/2026-0001/heads", 1, "00"}},
	} {
		m := base
		m.Files = files
		if _, _, err := unpack(t, hostile(t, m, nil, content)); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
	m := base
	m.Incidents = append(m.Incidents, m.Incidents[0])
	if _, _, err := unpack(t, hostile(t, m, nil, nil)); !errors.Is(err, ErrFormat) {
		t.Errorf("an incident twice: %v", err)
	}
	if _, err := ParseManifest([]byte(`{"format":"firebreak backup","version":2}`), 0); !errors.Is(err, ErrNewer) {
		t.Errorf("a newer one: %v", err)
	}
}

// Members that are not what the manifest says are never written.
func TestHostileMembers(t *testing.T) {
	t.Parallel()
	content := []byte("x")
	const heads, export = "incidents/2026-0001/heads", "incidents/2026-0001/exports/a"
	m := Manifest{Incidents: []Incident{{ID: id, Size: 1, Root: strings.Repeat("00", 32)}}, Files: []File{{heads, 1, sum(content)}, {export, 1, sum(content)}}}
	good := tar.Header{Typeflag: tar.TypeReg, Name: heads, Size: 1}
	for name, second := range map[string]tar.Header{
		"link":        {Typeflag: tar.TypeSymlink, Name: export, Linkname: "/etc/passwd"},
		"hard link":   {Typeflag: tar.TypeLink, Name: export, Linkname: "../../../etc/passwd"},
		"device":      {Typeflag: tar.TypeChar, Name: export, Devmajor: 1, Devminor: 5},
		"pipe":        {Typeflag: tar.TypeFifo, Name: export},
		"folder":      {Typeflag: tar.TypeDir, Name: export + "/"},
		"traversal":   {Typeflag: tar.TypeReg, Name: "../../x", Size: 1},
		"another":     {Typeflag: tar.TypeReg, Name: "incidents/2026-0001/evidence.key", Size: 1},
		"again":       {Typeflag: tar.TypeReg, Name: heads, Size: 1},
		"nothing":     {Typeflag: tar.TypeXGlobalHeader, PAXRecords: map[string]string{"comment": "x"}},
		"other bytes": {Typeflag: tar.TypeReg, Name: export, Size: 1, PAXRecords: map[string]string{"SCHILY.xattr.user.x": "y"}, Format: tar.FormatPAX},
	} {
		b := hostile(t, m, []tar.Header{good, second}, content)
		dir, o, err := unpack(t, b)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if name == "other bytes" { // an attribute is ignored, the file is as listed
			if !o.OK() {
				t.Errorf("%s: %+v", name, o)
			}
			continue
		}
		if o.OK() || len(o.Whole) != 1 || len(o.Faults) != 1 {
			t.Errorf("%s: %+v", name, o)
		}
		left, err := filepath.Glob(filepath.Join(dir, "incidents/2026-0001/*"))
		if err != nil || !slices.Equal(left, []string{filepath.Join(dir, heads)}) {
			t.Errorf("%s: left %q, %v", name, left, err)
		}
	}
	extra := hostile(t, m, []tar.Header{good, {Typeflag: tar.TypeReg, Name: export, Size: 1}, {Typeflag: tar.TypeReg, Name: "incidents/2026-0001/exports/b", Size: 1}}, content)
	if _, o, err := unpack(t, extra); err != nil || o.OK() || !strings.Contains(o.Note, "not in the manifest") {
		t.Errorf("%+v, %v", o, err)
	}
}

func TestWriteNotices(t *testing.T) {
	t.Parallel()
	m, sources := sample(t)
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte("before"), 0o600); err != nil {
		t.Fatal(err)
	}
	sources = append(sources, Source{Path: "incidents/2026-0001/exports/file", File: path})
	read := int64(0)
	for _, s := range sources {
		read += int64(len(s.Content))
	}
	read += int64(len("before"))
	for _, change := range []func() error{
		func() error { return os.WriteFile(path, []byte("behind"), 0o600) },
		func() error { return os.WriteFile(path, []byte("more than before"), 0o600) },
		func() error { return os.Truncate(path, 1) },
		func() error { return os.Remove(path) },
	} {
		if err := os.WriteFile(path, []byte("before"), 0o600); err != nil {
			t.Fatal(err)
		}
		changed := false
		_, err := Write(t.Context(), io.Discard, m, sources, nil, func(done int64) {
			if done > read && !changed { // all hashes are taken
				changed = true
				if err := change(); err != nil {
					t.Error(err)
				}
			}
		})
		if !errors.Is(err, ErrChanged) {
			t.Errorf("got %v", err)
		}
	}
	if err := os.Symlink("/etc/passwd", path); err != nil {
		t.Fatal(err)
	}
	if _, err := Write(t.Context(), io.Discard, m, sources, nil, nil); err == nil {
		t.Error("a link was followed")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Write(ctx, io.Discard, m, sources, nil, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestScratch(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	s, err := NewScratch(parent)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.Dir, "plain"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if n, err := Sweep(parent); n != 0 || err != nil {
		t.Errorf("a living one: %d, %v", n, err)
	}
	if err := s.lock.Close(); err != nil { // as when its process is killed
		t.Fatal(err)
	}
	empty := filepath.Join(parent, scratchPrefix+"empty")
	if err := os.Mkdir(empty, 0o700); err != nil {
		t.Fatal(err)
	}
	if n, err := Sweep(parent); n != 2 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	left, err := os.ReadDir(parent)
	if err != nil || len(left) != 0 {
		t.Errorf("left %v, %v", left, err)
	}
	if n, err := Sweep(filepath.Join(parent, "missing")); n != 0 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if s, err = NewScratch(parent); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Remove(), s.Remove()); err != nil {
		t.Error(err)
	}
}

func FuzzManifest(f *testing.F) {
	m, sources := sample(f)
	m.Format, m.Version = format, version
	for _, s := range sources {
		m.Files = append(m.Files, File{s.Path, int64(len(s.Content)), sum(s.Content)})
	}
	b, err := json.Marshal(m)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"format":"firebreak backup","version":1,"incidents":[{"incident":"2026-0001","size":1,"root":""}],"files":[{"path":"../x"}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := ParseManifest(b, int64(len(b)))
		if err != nil {
			return
		}
		seen := map[string]bool{}
		total := int64(0)
		for _, f := range m.Files {
			if !filepath.IsLocal(f.Path) || strings.Contains(f.Path, "..") && slices.Contains(strings.Split(f.Path, "/"), "..") || seen[f.Path] || f.Size < 0 {
				t.Fatalf("accepted %q, %d", f.Path, f.Size)
			}
			seen[f.Path] = true
			total += f.Size
		}
		if total < 0 || total > freeSize && total/maxRatio > int64(len(b)) {
			t.Fatalf("accepted %d bytes", total)
		}
	})
}

// FuzzOpen reads bytes as an archive; nothing may be written outside.
func FuzzOpen(f *testing.F) {
	b, _, _ := written(f)
	f.Add(b)
	f.Add([]byte("age-encryption.org/v1\n-> X25519 x\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		parent := t.TempDir()
		dir := filepath.Join(parent, "in")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		r, err := Open(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		defer r.Close()
		root, err := os.OpenRoot(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = root.Close() }()
		if _, err := r.Unpack(t.Context(), root, func(File) bool { return true }, nil); err != nil {
			t.Log(err)
		}
		if left, err := os.ReadDir(parent); err != nil || len(left) != 1 {
			t.Fatal(fmt.Sprint(left, err))
		}
	})
}
