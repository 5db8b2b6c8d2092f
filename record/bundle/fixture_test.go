package bundle

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"firebreak/incident"
	"firebreak/internal/testkit"
	"firebreak/record"
)

const testID = incident.ID("2026-0007")

var epoch = time.Date(2026, 11, 20, 3, 0, 0, 0, time.UTC)

// log is a record in the making.
type log struct {
	t      testing.TB
	id     incident.ID
	key    record.Key
	salts  io.Reader
	tree   record.Tree
	lines  []record.Sealed
	leaves []record.Hash
	heads  []record.Head
	each   bool // a head after each entry
}

func newLog(t testing.TB, id incident.ID, seed uint64) *log {
	t.Helper()
	key, _, err := record.GenerateKey(testkit.Rand(seed), fmt.Sprintf("firebreak-%d", seed))
	if err != nil {
		t.Fatal(err)
	}
	return &log{t: t, id: id, key: key, salts: testkit.Rand(seed + 1000), each: true}
}

func (l *log) add(kind record.Kind, payload any) int64 {
	l.t.Helper()
	d, err := record.NewDraft(incident.Actor{ID: "p-AAAAAAAA", Name: "Ada Lovelace"}, kind, incident.Identify, "", payload)
	if err != nil {
		l.t.Fatal(err)
	}
	seq := int64(len(l.lines) + 1)
	s, err := record.Seal(l.id, record.Entry{
		Seq: seq, Time: epoch.Add(time.Duration(seq) * time.Second), Mono: seq, Boot: "b",
		Actor: d.Actor, Kind: d.Kind, Phase: d.Phase, Fields: d.Fields,
	}, l.salts)
	if err != nil {
		l.t.Fatal(err)
	}
	l.lines, l.leaves = append(l.lines, s), append(l.leaves, record.LeafHash(s.Line))
	if err := l.tree.Append(record.LeafHash(s.Line)); err != nil {
		l.t.Fatal(err)
	}
	if l.each {
		l.sign()
	}
	return seq
}

func (l *log) sign() {
	l.t.Helper()
	root, err := l.tree.Root(l.tree.Size())
	if err != nil {
		l.t.Fatal(err)
	}
	h, err := record.SignHead(l.key, record.Origin(l.key.Name(), l.id), l.tree.Size(), root)
	if err != nil {
		l.t.Fatal(err)
	}
	l.heads = append(l.heads, h)
}

// digest finds the digest and text of a field.
func (l *log) digest(seq int64, field string) (digest, text string) {
	l.t.Helper()
	for _, d := range l.lines[seq-1].Disclosures {
		p, err := record.ParseDisclosure(d)
		if err != nil {
			l.t.Fatal(err)
		}
		if p.Name == field {
			return record.DigestOf(d), d
		}
	}
	l.t.Fatalf("entry %d has no field %s", seq, field)
	return "", ""
}

// erase destroys a field and records it.
func (l *log) erase(seq int64, field string) {
	digest, text := l.digest(seq, field)
	l.add(record.ErasureDone, record.Erasure{ID: "x1", Fields: []record.ErasedField{{Seq: seq, Name: field, Digest: digest}}, Basis: "GDPR 17", Approvers: []string{"Ada Lovelace"}})
	d := &l.lines[seq-1].Disclosures
	*d = slices.DeleteFunc(*d, func(s string) bool { return s == text })
}

var blobs = map[string][]byte{
	"e1": []byte("the log of web-1\n"),
	"e2": bytes.Repeat([]byte("a memory image "), 9000),
	"e3": nil,
}

func exhibit(id string) record.Exhibit {
	h := sha256.Sum256(blobs[id])
	return record.Exhibit{
		ID: id, Kind: "file", Title: "auth.log", Source: "/var/log/auth.log", Host: "web-1", Collector: "given", Method: "read",
		Tool: "firebreak", Size: int64(len(blobs[id])), SHA256: hex.EncodeToString(h[:]), Blob: strings.Repeat("0", 64), Started: epoch, Finished: epoch,
	}
}

// sample is the record of most tests: twelve entries, three exhibits, an erased
// field.
func sample(t testing.TB) *log {
	t.Helper()
	l := newLog(t, testID, 1)
	l.add(record.IncidentOpened, record.Opened{Title: "odd login on web-1", Severity: incident.SEV2, TLP: incident.TLPAmber})
	l.add(record.RoleAssigned, record.Assigned{Role: incident.Commander, Person: "Ada Lovelace"})
	l.add(record.Noted, record.Note{Text: "called Möbius <b>\u2028 at once"})
	for _, id := range []string{"e1", "e2", "e3"} {
		l.add(record.EvidenceSealed, exhibit(id))
	}
	l.add(record.Noted, record.Note{Text: "the phone number of a witness"})
	l.add(record.PhaseEntered, record.Entered{From: incident.Identify, To: incident.Contain})
	l.erase(7, "text")
	l.add(record.Noted, record.Note{Text: "a decision", Decision: true})
	l.add(record.Noted, record.Note{Text: "one more"})
	l.add(record.IncidentClosed, record.Reason{Reason: "done"})
	return l
}

func (l *log) source(p record.Profile, evidence ...string) Source {
	return Source{
		Incident: l.id, Profile: p, Lines: l.lines, Leaves: l.leaves, Heads: l.heads, Keys: []string{l.key.Public()},
		Made: epoch, By: incident.Actor{ID: "p-AAAAAAAA", Name: "Ada Lovelace"}, Key: "k", Tool: "firebreak test",
		Wanted: func(id string) bool { return slices.Contains(evidence, id) },
	}
}

// bundle makes the archive.
func (l *log) bundle(p record.Profile, evidence ...string) []byte {
	l.t.Helper()
	d, err := Compose(l.source(p, evidence...))
	if err != nil {
		l.t.Fatal(err)
	}
	var b bytes.Buffer
	w := NewWriter(&b, epoch)
	for _, f := range d.Files {
		if err := w.Add(f.Name, f.Content); err != nil {
			l.t.Fatal(err)
		}
	}
	for _, x := range d.Exhibits {
		if err := w.Copy(BlobName(x), x.Size, bytes.NewReader(blobs[x.ID])); err != nil {
			l.t.Fatal(err)
		}
	}
	if err := w.Close(l.key, d.Head); err != nil {
		l.t.Fatal(err)
	}
	return b.Bytes()
}

// files are the files of an archive, in order, for a hand to change.
type files []File

func unpack(t testing.TB, archive []byte) files {
	t.Helper()
	gz, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		t.Fatal(err)
	}
	var out files
	tr := &tarReader{r: gz}
	for {
		name, _, err := tr.next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(tr)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, File{name, b})
	}
}

func (f files) get(name string) []byte {
	for _, x := range f {
		if x.Name == name {
			return bytes.Clone(x.Content)
		}
	}
	return nil
}

func (f *files) set(name string, content []byte) {
	for i, x := range *f {
		if x.Name == name {
			(*f)[i].Content = content
			return
		}
	}
	*f = append(*f, File{name, content})
}

func (f *files) remove(name string) {
	*f = slices.DeleteFunc(*f, func(x File) bool { return x.Name == name })
}

// lines are the lines of a file without their breaks.
func (f files) lines(name string) [][]byte {
	return bytes.Split(bytes.TrimSuffix(f.get(name), []byte("\n")), []byte("\n"))
}

func (f *files) setLines(name string, lines [][]byte) {
	f.set(name, append(bytes.Join(lines, []byte("\n")), '\n'))
}

// pack is the archive again, its list as it was.
func (f files) pack(t testing.TB) []byte {
	t.Helper()
	var tar bytes.Buffer
	for _, x := range f {
		h, err := header(x.Name, int64(len(x.Content)), epoch)
		if err != nil {
			t.Fatal(err)
		}
		tar.Write(h)
		tar.Write(x.Content)
		tar.Write(make([]byte, -len(x.Content)&(block-1)))
	}
	tar.Write(make([]byte, 2*block))
	return zip(t, tar.Bytes())
}

// signed is pack with a new list, signed by a key.
func (f files) signed(t testing.TB, key record.Key, head record.Head) []byte {
	t.Helper()
	var b bytes.Buffer
	w := NewWriter(&b, epoch)
	for _, x := range f {
		if x.Name == ManifestFile {
			continue
		}
		if err := w.Add(x.Name, x.Content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(key, head); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zip(t testing.TB, tar []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	gz, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := gz.Write(tar); err != nil {
		t.Fatal(err)
	}
	if err := gz.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func unzip(t testing.TB, archive []byte) []byte {
	t.Helper()
	gz, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(gz)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// verified reads and verifies an archive.
func verified(t testing.TB, archive []byte, o Options) Report {
	t.Helper()
	c, err := Read(context.Background(), bytes.NewReader(archive), nil)
	if err != nil {
		t.Fatal(err)
	}
	return Verify(c, o)
}
