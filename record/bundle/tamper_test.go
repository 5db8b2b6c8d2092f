package bundle

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"firebreak/internal/testkit"
	"firebreak/record"
)

// fault is a problem without its words: both verifiers have to agree on it.
type fault struct {
	seq  int64
	what record.Fault
}

func faults(ps []record.Problem) []fault {
	out := []fault{}
	for _, p := range ps {
		out = append(out, fault{p.Seq, p.What})
	}
	slices.SortFunc(out, func(a, b fault) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	return out
}

// hand is one way to tamper with a bundle.
type hand struct {
	name string
	do   func(t *testing.T, b *tampered)
	want []fault // among others
}

// tampered is a bundle in somebody's hands.
type tampered struct {
	log   *log
	files files
	o     Options
	whole []byte // instead of files
}

func editLine(b *tampered, n int, from, to string) {
	lines := b.files.lines(LinesFile)
	lines[n-1] = bytes.Replace(lines[n-1], []byte(from), []byte(to), 1)
	b.files.setLines(LinesFile, lines)
}

func changeFields(t *testing.T, b *tampered, seq int64, change func([]string) []string) {
	t.Helper()
	rows := b.files.lines(FieldsFile)
	for i, row := range rows {
		var f Fields
		if err := json.Unmarshal(row, &f); err != nil {
			t.Fatal(err)
		}
		if f.Seq != seq {
			continue
		}
		f.Disclosures = change(f.Disclosures)
		again, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		rows[i] = again
	}
	b.files.setLines(FieldsFile, rows)
}

func forged(t *testing.T, text, value string) string {
	t.Helper()
	d, err := record.ParseDisclosure(text)
	if err != nil {
		t.Fatal(err)
	}
	d.Value = json.RawMessage(value)
	return d.String()
}

var hands = []hand{
	{
		"a byte of a line is edited", func(_ *testing.T, b *tampered) { editLine(b, 3, `"kind":"note"`, `"kind":"nope"`) },
		[]fault{{3, record.Edited}, {0, FileChanged}},
	},
	{
		"a line is made unreadable", func(_ *testing.T, b *tampered) { editLine(b, 3, `{"v"`, `{"w"`) },
		[]fault{{3, record.Edited}},
	},
	{"a line is edited and the leaf hashes removed", func(_ *testing.T, b *tampered) {
		editLine(b, 3, `"kind":"note"`, `"kind":"nope"`)
		b.files.remove(LeavesFile)
	}, []fault{{3, record.Edited}, {0, FileMissing}}},
	{"an entry in the middle is deleted", func(_ *testing.T, b *tampered) {
		b.files.setLines(LinesFile, slices.Delete(b.files.lines(LinesFile), 3, 4))
	}, []fault{{4, record.Removed}}},
	{"the last entry is deleted", func(_ *testing.T, b *tampered) {
		b.files.setLines(LinesFile, b.files.lines(LinesFile)[:11])
	}, []fault{{12, record.Truncated}}},
	{
		"all entries are deleted", func(_ *testing.T, b *tampered) { b.files.set(LinesFile, nil) },
		[]fault{{1, record.Truncated}},
	},
	{"two entries are swapped", func(_ *testing.T, b *tampered) {
		l := b.files.lines(LinesFile)
		l[2], l[3] = l[3], l[2]
		b.files.setLines(LinesFile, l)
	}, []fault{{3, record.Reordered}}},
	{"a copy of an entry is inserted", func(_ *testing.T, b *tampered) {
		l := b.files.lines(LinesFile)
		b.files.setLines(LinesFile, slices.Insert(l, 6, l[1]))
	}, []fault{{2, record.Inserted}}},
	{"a forged entry is inserted", func(_ *testing.T, b *tampered) {
		l := b.files.lines(LinesFile)
		b.files.setLines(LinesFile, slices.Insert(l, 6, bytes.Replace(l[2], []byte(`"mono":3`), []byte(`"mono":4`), 1)))
	}, []fault{{3, record.Inserted}}},
	{"a forged entry is added at the end", func(_ *testing.T, b *tampered) {
		b.log.add(record.Noted, record.Note{Text: "never signed"})
		b.files.setLines(LinesFile, append(b.files.lines(LinesFile), b.log.lines[12].Line))
	}, []fault{{13, record.Unvouched}}},
	{"a disclosed value is changed", func(t *testing.T, b *tampered) {
		_, text := b.log.digest(11, "text")
		changeFields(t, b, 11, func(ds []string) []string {
			ds[slices.Index(ds, text)] = forged(t, text, `"something else"`)
			return ds
		})
	}, []fault{{11, record.ChangedDisclosure}}},
	{"a field is moved to another entry", func(t *testing.T, b *tampered) {
		_, text := b.log.digest(11, "text")
		changeFields(t, b, 10, func(ds []string) []string { return append(ds, text) })
	}, []fault{{10, record.ForeignDisclosure}}},
	{"a field is removed", func(t *testing.T, b *tampered) {
		changeFields(t, b, 11, func(ds []string) []string { return ds[1:] })
	}, []fault{{11, record.MissingDisclosure}}},
	{"the fields of an entry are removed", func(_ *testing.T, b *tampered) {
		b.files.setLines(FieldsFile, slices.Delete(b.files.lines(FieldsFile), 10, 11))
	}, []fault{{11, record.MissingDisclosure}}},
	{"the entry of an erasure loses its fields", func(t *testing.T, b *tampered) {
		changeFields(t, b, 9, func([]string) []string { return []string{} })
	}, []fault{{9, record.MissingDisclosure}, {7, record.MissingDisclosure}}},
	{"the key's holder records the erasure of what carries the structure", func(_ *testing.T, b *tampered) {
		b.log.erase(4, "exhibit")
		b.whole = b.log.bundle(record.FullProfile)
	}, []fault{{13, record.Edited}, {4, record.MissingDisclosure}}},
	{"the key's holder records the erasure of what never was", func(_ *testing.T, b *tampered) {
		b.log.add(record.ErasureDone, record.Erasure{ID: "x2", Fields: []record.ErasedField{{Seq: 3, Name: "text", Digest: strings.Repeat("A", 43)}}})
		b.whole = b.log.bundle(record.FullProfile)
	}, []fault{{13, record.Edited}}},
	{"the key's holder records a signed approval without its signature", func(_ *testing.T, b *tampered) {
		b.log.add(record.ActionApproved, record.Decision{Action: "a1", Digest: strings.Repeat("cd", 32), Strength: record.Hardware})
		b.whole = b.log.bundle(record.FullProfile)
	}, []fault{{13, record.BadPerson}}},
	{"a line of the fields is made unreadable", func(_ *testing.T, b *tampered) {
		l := b.files.lines(FieldsFile)
		l[4] = []byte(`{"seq":5,"disclosures":`)
		b.files.setLines(FieldsFile, l)
	}, []fault{{0, record.Damaged}, {5, record.MissingDisclosure}}},
	{"a digest is taken out of the list of what was withheld", func(t *testing.T, b *tampered) {
		b.files = unpack(t, b.log.bundle(record.PublicProfile))
		digest, _ := b.log.digest(11, "text")
		b.files.set(WithheldFile, bytes.Replace(b.files.get(WithheldFile), []byte(digest), []byte(strings.Repeat("A", 43)), 1))
	}, []fault{{11, record.MissingDisclosure}, {0, FileChanged}}},
	{"a field is removed and put on the list of what was withheld", func(t *testing.T, b *tampered) {
		digest, text := b.log.digest(11, "text")
		changeFields(t, b, 11, func(ds []string) []string { return slices.DeleteFunc(ds, func(s string) bool { return s == text }) })
		b.files.set(WithheldFile, fmt.Appendf(nil, `{"profile":"full","digests":[%q]}`, digest))
	}, []fault{{0, FileChanged}}},
	{"the list of what was withheld is garbled", func(t *testing.T, b *tampered) {
		b.files = unpack(t, b.log.bundle(record.PublicProfile))
		b.files.set(WithheldFile, []byte("[1]"))
	}, []fault{{0, record.Damaged}, {11, record.MissingDisclosure}}},
	{
		"all heads are removed", func(_ *testing.T, b *tampered) { b.files.set(HeadsFile, nil) },
		[]fault{{0, record.HeadRemoved}, {1, record.Unvouched}},
	},
	{"the newest head is removed", func(_ *testing.T, b *tampered) {
		b.files.set(HeadsFile, joined(b.log.heads[:11]))
	}, []fault{{12, record.Unvouched}, {0, record.HeadRemoved}}},
	{"the newest head is replaced by an older one", func(_ *testing.T, b *tampered) {
		b.files.set(HeadsFile, append(joined(b.log.heads[:11]), b.log.heads[4].Signed...))
	}, []fault{{5, record.Reordered}, {12, record.Unvouched}}},
	{"a bit of a head's signature is flipped", func(_ *testing.T, b *tampered) {
		h := b.files.get(HeadsFile)
		h[len(h)-30] ^= 1
		b.files.set(HeadsFile, h)
	}, []fault{{0, record.BadSignature}}},
	{
		"the heads are garbled", func(_ *testing.T, b *tampered) { b.files.set(HeadsFile, []byte("nothing\nat all\n")) },
		[]fault{{0, record.BadHead}, {0, record.HeadRemoved}},
	},
	{"the record is cut to an older state, with its heads and leaves", func(_ *testing.T, b *tampered) {
		b.files.setLines(LinesFile, b.files.lines(LinesFile)[:8])
		b.files.setLines(FieldsFile, b.files.lines(FieldsFile)[:8])
		b.files.setLines(LeavesFile, b.files.lines(LeavesFile)[:8])
		b.files.set(HeadsFile, joined(b.log.heads[:8]))
	}, []fault{{0, record.HeadRemoved}, {0, FileChanged}}},
	{"an older bundle is shown to somebody who holds a newer seal", func(t *testing.T, b *tampered) {
		older := sample(t)
		b.whole = cutLog(older, 8).bundle(record.FullProfile)
		b.o.Seals = []string{b.log.heads[11].Seal()}
	}, []fault{{9, record.Truncated}}},
	{"the key's holder wrote the record anew, a seal is known", func(t *testing.T, b *tampered) {
		anew := newLog(t, testID, 1)
		anew.salts = testkit.Rand(77)
		for range 14 {
			anew.add(record.Noted, record.Note{Text: "never so"})
		}
		b.whole = anew.bundle(record.FullProfile)
		b.o.Seals = []string{b.log.heads[11].Seal()}
	}, []fault{{0, record.Rewritten}}},
	{"a seal of another incident is given", func(_ *testing.T, b *tampered) {
		b.o.Seals = []string{strings.Replace(b.log.heads[11].Seal(), "2026-0007", "2026-0008", 1)}
	}, []fault{{0, record.BadHead}}},
	{"the bytes of two exhibits are swapped", func(_ *testing.T, b *tampered) {
		one, two := b.files.get(blobFile("e1")), b.files.get(blobFile("e2"))
		b.files.set(blobFile("e1"), two)
		b.files.set(blobFile("e2"), one)
	}, []fault{{4, ExhibitSwapped}, {5, ExhibitSwapped}}},
	{"a byte of an exhibit is changed", func(_ *testing.T, b *tampered) {
		x := b.files.get(blobFile("e2"))
		x[100] ^= 1
		b.files.set(blobFile("e2"), x)
	}, []fault{{5, ExhibitDamaged}}},
	{
		"an exhibit is cut", func(_ *testing.T, b *tampered) { b.files.set(blobFile("e2"), b.files.get(blobFile("e2"))[:1000]) },
		[]fault{{5, ExhibitDamaged}},
	},
	{
		"an exhibit is removed", func(_ *testing.T, b *tampered) { b.files.remove(blobFile("e1")) },
		[]fault{{4, ExhibitMissing}},
	},
	{
		"an exhibit is added", func(_ *testing.T, b *tampered) { b.files.set(blobFile("e9"), []byte("planted")) },
		[]fault{{0, record.Inserted}, {0, FileAdded}},
	},
	{"the list of exhibits is changed", func(_ *testing.T, b *tampered) {
		b.files.set(ExhibitsFile, bytes.ReplaceAll(b.files.get(ExhibitsFile), []byte("web-1"), []byte("web-2")))
	}, []fault{{0, FileChanged}}},
	{"verify.py is changed", func(_ *testing.T, b *tampered) {
		b.files.set(ScriptFile, append(b.files.get(ScriptFile), "print('verified')\n"...))
	}, []fault{{0, FileChanged}}},
	{
		"VERIFY.md is removed", func(_ *testing.T, b *tampered) { b.files.remove(GuideFile) },
		[]fault{{0, FileMissing}},
	},
	{
		"a file is added", func(_ *testing.T, b *tampered) { b.files.set("review/new.md", []byte("nothing happened")) },
		[]fault{{0, FileAdded}},
	},
	{"a checkpoint is changed", func(_ *testing.T, b *tampered) {
		b.files.set("record/checkpoints/12.txt", bytes.Replace(b.files.get("record/checkpoints/12.txt"), []byte("12"), []byte("11"), 1))
	}, []fault{{12, record.Rewritten}, {0, FileChanged}}},
	{
		"the list of files is removed", func(_ *testing.T, b *tampered) { b.files.remove(ManifestFile) },
		[]fault{{0, FileMissing}},
	},
	{"a line of the list of files is changed", func(_ *testing.T, b *tampered) {
		m := b.files.get(ManifestFile)
		m[bytes.IndexByte(m, '\n')+100] ^= 1
		b.files.set(ManifestFile, m)
	}, []fault{{0, record.BadSignature}}},
	{"everything is signed anew with another key, the right one is known", func(t *testing.T, b *tampered) {
		other := sample(t)
		other.key = newLog(t, testID, 9).key
		other.heads = nil
		for n := range other.lines {
			other.heads = append(other.heads, resigned(t, other, int64(n+1)))
		}
		b.whole = other.bundle(record.FullProfile)
		b.o.Keys = []string{b.log.key.Public()}
	}, []fault{{0, record.BadSignature}}},
	{"only the list is signed anew with another key, the right one is known", func(t *testing.T, b *tampered) {
		b.files.set(KeysFile, []byte(newLog(t, testID, 9).key.Public()+"\n"+b.log.key.Public()+"\n"))
		b.whole = b.files.signed(t, newLog(t, testID, 9).key, b.log.heads[11])
		b.o.Keys = []string{b.log.key.Public()}
	}, []fault{{0, record.BadSignature}}},
	{"the record is one of another incident", func(t *testing.T, b *tampered) {
		other := newLog(t, "2026-0008", 1)
		other.add(record.Noted, record.Note{Text: "elsewhere"})
		theirs := unpack(t, other.bundle(record.FullProfile))
		for _, name := range []string{LinesFile, FieldsFile, HeadsFile, LeavesFile} {
			b.files.set(name, theirs.get(name))
		}
	}, []fault{{0, record.BadHead}, {0, FileChanged}}},
	{"bundle.json says another incident", func(_ *testing.T, b *tampered) {
		b.files.set(AboutFile, bytes.Replace(b.files.get(AboutFile), []byte(`"2026-0007"`), []byte(`"2026-0008"`), 1))
	}, []fault{{0, record.BadHead}, {0, FileChanged}}},
	{
		"bundle.json is removed", func(_ *testing.T, b *tampered) { b.files.remove(AboutFile) },
		[]fault{{0, BadArchive}},
	},
	{"the archive is cut", func(t *testing.T, b *tampered) {
		whole := b.files.pack(t)
		b.whole = whole[:len(whole)/2]
	}, []fault{{0, BadArchive}}},
	{
		"something is put behind the archive", func(t *testing.T, b *tampered) { b.whole = append(b.files.pack(t), "more"...) },
		[]fault{{0, BadArchive}},
	},
}

func joined(heads []record.Head) []byte {
	var out []byte
	for _, h := range heads {
		out = append(out, h.Signed...)
	}
	return out
}

// resigned is the head of that size, signed with the log's own key.
func resigned(t *testing.T, l *log, size int64) record.Head {
	t.Helper()
	root, err := l.tree.Root(size)
	if err != nil {
		t.Fatal(err)
	}
	h, err := record.SignHead(l.key, record.Origin("firebreak-1", l.id), size, root)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// cutLog is the log as it was after n entries.
func cutLog(l *log, n int) *log {
	l.lines, l.leaves, l.heads = l.lines[:n], l.leaves[:n], l.heads[:n]
	return l
}

// Each hand on a bundle has its name, the same in both verifiers.
func TestTamperMatrix(t *testing.T) {
	py := startPython(t)
	rows := []string{"| what is done | what both verifiers say |", "| --- | --- |"}
	for _, h := range hands {
		t.Run(h.name, func(t *testing.T) {
			l := sample(t)
			b := &tampered{log: l, files: unpack(t, l.bundle(record.FullProfile, "e1", "e2", "e3"))}
			h.do(t, b)
			if b.whole == nil {
				b.whole = b.files.pack(t)
			}
			r := verified(t, b.whole, b.o)
			got := faults(r.Problems)
			for _, w := range h.want {
				if !slices.Contains(got, w) {
					t.Errorf("no %q at entry %d:\n%v", w.what, w.seq, r.Problems)
				}
			}
			p := py.verify(b.whole, b.o)
			if theirs := faults(p.Problems); !slices.Equal(got, theirs) {
				t.Errorf("verify.py says\n%v\nfirebreak says\n%v", p.Problems, r.Problems)
			}
			if len(p.Missing) != len(r.Missing) {
				t.Errorf("missing: %v and %v", p.Missing, r.Missing)
			}
		})
		var words []string
		for _, w := range h.want {
			if w.seq > 0 {
				words = append(words, fmt.Sprintf("entry %d: %s", w.seq, w.what))
			} else {
				words = append(words, string(w.what))
			}
		}
		rows = append(rows, "| "+h.name+" | "+strings.Join(words, "; ")+" |")
	}
	page(t, strings.Join(rows, "\n")+"\n")
}

// page compares the table with the one in docs/bundle.md, or writes it there.
func page(t *testing.T, table string) {
	t.Helper()
	file := filepath.Join(testkit.Root(t), "docs", "bundle.md")
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(b), "<!-- hands -->\n")
	old, after, ok2 := strings.Cut(rest, "<!-- end -->")
	if !ok || !ok2 {
		t.Fatal("docs/bundle.md has no place for the table")
	}
	if old == table {
		return
	}
	if os.Getenv("FIREBREAK_UPDATE") == "" {
		t.Errorf("docs/bundle.md: the table is not what is tested here; FIREBREAK_UPDATE=1 writes it anew")
		return
	}
	if err := os.WriteFile(file, []byte(before+"<!-- hands -->\n"+table+"<!-- end -->"+after), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Whatever byte of whatever file changes, no verifier calls the bundle good.
func TestAnyByte(t *testing.T) {
	py := startPython(t)
	rounds := testkit.Rounds(t, 100, 5000)
	l := sample(t)
	plain := unzip(t, l.bundle(record.RegulatorProfile, "e1", "e2", "e3"))
	r := rand.New(rand.NewPCG(5, 6))
	for range rounds {
		at, bit := r.IntN(len(plain)), byte(1<<r.IntN(8))
		plain[at] ^= bit
		whole := zip(t, plain)
		mine, theirs := verified(t, whole, Options{}), py.verify(whole, Options{})
		plain[at] ^= bit
		if mine.OK() || len(theirs.Problems) == 0 {
			t.Fatalf("byte %d, bit %x: firebreak says %v, verify.py says %v", at, bit, mine.Problems, theirs.Problems)
		}
		if !slices.Equal(faults(mine.Problems), faults(theirs.Problems)) {
			t.Errorf("byte %d, bit %x:\nfirebreak says %v\nverify.py says %v", at, bit, mine.Problems, theirs.Problems)
		}
	}
}

// A byte of the compressed form too, but for those that say nothing of the
// content: the time, flags and system in gzip's header.
func TestAnyCompressedByte(t *testing.T) {
	py := startPython(t)
	whole := sample(t).bundle(record.FullProfile, "e1")
	plain := unzip(t, whole)
	r := rand.New(rand.NewPCG(7, 8))
	for range 50 {
		at, bit := 10+r.IntN(len(whole)-10), byte(1<<r.IntN(8))
		whole[at] ^= bit
		mine, theirs := verified(t, whole, Options{}), py.verify(whole, Options{})
		if gz, err := gzip.NewReader(bytes.NewReader(whole)); err == nil && mine.OK() == (len(theirs.Problems) == 0) {
			if same, err := io.ReadAll(gz); err == nil && bytes.Equal(same, plain) {
				mine.Problems = append(mine.Problems, record.Problem{What: "none: another way to pack the same bytes"})
				theirs.Problems = mine.Problems
			}
		}
		if mine.OK() || len(theirs.Problems) == 0 {
			t.Errorf("byte %d, bit %x: firebreak says %v, verify.py says %v", at, bit, mine.Problems, theirs.Problems)
		}
		whole[at] ^= bit
	}
}

// Whoever holds the key can sign another list. The record below it still speaks
// for itself.
func TestAnyByteBehindAFreshList(t *testing.T) {
	py := startPython(t)
	rounds := testkit.Rounds(t, 40, 3000)
	l := sample(t)
	base := unpack(t, l.bundle(record.RegulatorProfile, "e1", "e2"))
	names := []string{LinesFile, FieldsFile, HeadsFile, LeavesFile, WithheldFile, ExhibitsFile, blobFile("e1")}
	r := rand.New(rand.NewPCG(9, 10))
	for range rounds {
		f := slices.Clone(base)
		name := names[r.IntN(len(names))]
		content := f.get(name)
		at := r.IntN(len(content))
		content[at] ^= byte(1 << r.IntN(8))
		f.set(name, content)
		whole := f.signed(t, l.key, l.heads[11])
		mine, theirs := verified(t, whole, Options{}), py.verify(whole, Options{})
		if !slices.Equal(faults(mine.Problems), faults(theirs.Problems)) {
			t.Errorf("%s, byte %d:\nfirebreak says %v\nverify.py says %v", name, at, mine.Problems, theirs.Problems)
		}
		spare := name == LeavesFile || name == ExhibitsFile || name == HeadsFile // heads: a spare bit of base64
		if mine.OK() && !spare {
			t.Errorf("%s, byte %d: called good", name, at)
		}
	}
}
