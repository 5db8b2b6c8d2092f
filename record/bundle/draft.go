package bundle

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"firebreak/incident"
	"firebreak/record"
)

// Source is what a bundle is made of.
type Source struct {
	Incident incident.ID
	Profile  record.Profile
	Lines    []record.Sealed
	Leaves   []record.Hash
	Heads    []record.Head // by rising size; the newest is the one over all lines
	Keys     []string      // verifier keys of the heads, the maker's first
	Roster   []byte        // of people's ssh keys; only the lines of those who signed go with it
	Stamper  []byte        // certificates of the time-stamp authority, PEM
	Made     time.Time
	By       incident.Actor
	Key      string // name+hash of the maker's key
	Tool     string
	// Wanted says of an exhibit whether its bytes go with the bundle.
	Wanted func(exhibit string) bool
	// Held are the fields of an entry that stay behind although the profile lets them
	// out, as something stands in them that its readers may not see. What they say can
	// not be changed: the record is what was signed.
	Held func(record.Entry) []string
	// Derived makes what people read of all entries: file → content. It is given the
	// whole entries, and has to hide what the profile hides. Review says what of a
	// review is among it.
	Derived func([]record.Entry) (map[string][]byte, error)
	Review  string
}

// Draft is a bundle before its evidence: files in their order, and the exhibits
// whose bytes follow.
type Draft struct {
	Files    []File
	Exhibits []record.Exhibit
	Head     record.Head
	Withheld int
}

// File is a file of a bundle.
type File struct {
	Name    string
	Content []byte
}

func (d *Draft) add(name string, content []byte) { d.Files = append(d.Files, File{name, content}) }

func (d *Draft) addJSON(name string, v any) error {
	b, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	d.add(name, append(b, '\n'))
	return nil
}

// Compose puts a bundle together. The exhibits that it names must follow with
// Writer.Copy, under their BlobName.
func Compose(s Source) (Draft, error) {
	if len(s.Heads) == 0 || len(s.Lines) == 0 {
		return Draft{}, fmt.Errorf("compose bundle: there is no head and no entry")
	}
	d := Draft{Head: s.Heads[len(s.Heads)-1]}
	masked, whole := make([]record.Sealed, len(s.Lines)), make([]record.Entry, len(s.Lines))
	out := Withheld{Profile: s.Profile, Digests: []string{}}
	for i, l := range s.Lines {
		var err error
		if whole[i], _, err = record.Unseal(l.Line, l.Disclosures); err != nil {
			return Draft{}, fmt.Errorf("compose bundle: %w", err)
		}
		m, withheld := s.Profile.Mask(l)
		if s.Held != nil {
			m, withheld = without(m, withheld, s.Held(whole[i]))
		}
		masked[i], out.Digests = m, append(out.Digests, withheld...)
	}
	for i, names := range record.ErasedFields(whole) {
		if i > 0 && i <= int64(len(whole)) {
			whole[i-1].MarkErased(names)
		}
	}
	d.Withheld = len(out.Digests)
	var derived map[string][]byte
	about := About{
		Format: Format, Incident: s.Incident, Profile: s.Profile, Made: s.Made.UTC(), By: Maker{ID: s.By.ID}, Tool: s.Tool,
		Key: s.Key, Seal: d.Head.Seal(), Entries: len(s.Lines), Withheld: d.Withheld, Review: cmp.Or(s.Review, "none"),
	}
	if s.Profile.Discloses(record.BundleMade, "recipients") { // the profiles with names
		about.By.Name = s.By.Name
	}
	if s.Derived != nil {
		var err error
		if derived, err = s.Derived(whole); err != nil {
			return Draft{}, fmt.Errorf("compose bundle: %w", err)
		}
	}
	d.add(GuideFile, guide)
	d.add(ScriptFile, script)
	if err := d.addJSON(AboutFile, about); err != nil {
		return Draft{}, err
	}
	d.add(KeysFile, []byte(strings.Join(s.Keys, "\n")+"\n"))
	signed, err := signatures(masked)
	if err != nil {
		return Draft{}, err
	}
	if roster := rosterOf(s.Roster, signed); len(roster) > 0 {
		d.add(RosterFile, roster)
	}
	if len(s.Stamper) > 0 {
		d.add(AuthorityFile, s.Stamper)
	}
	if err := d.record(s, masked, out, signed); err != nil {
		return Draft{}, err
	}
	for _, name := range slices.Sorted(maps.Keys(derived)) {
		d.add(name, derived[name])
	}
	return d, d.evidence(s, masked)
}

// without takes further fields out of a masked entry.
func without(m record.Sealed, withheld, names []string) (record.Sealed, []string) {
	if len(names) == 0 {
		return m, withheld
	}
	var left []string
	for _, text := range m.Disclosures {
		if d, err := record.ParseDisclosure(text); err == nil && slices.Contains(names, d.Name) {
			withheld = append(withheld, record.DigestOf(text))
			continue
		}
		left = append(left, text)
	}
	m.Disclosures = left
	return m, withheld
}

// record adds what is under record/.
func (d *Draft) record(s Source, masked []record.Sealed, out Withheld, signed []signature) error {
	var lines, fields, leaves bytes.Buffer
	for i, m := range masked {
		lines.Write(m.Line)
		lines.WriteByte('\n')
		if len(m.Disclosures) == 0 {
			continue
		}
		b, err := json.Marshal(Fields{int64(i + 1), m.Disclosures})
		if err != nil {
			return fmt.Errorf("write %s: %w", FieldsFile, err)
		}
		fields.Write(b)
		fields.WriteByte('\n')
	}
	for _, h := range s.Leaves {
		leaves.WriteString(hex.EncodeToString(h[:]) + "\n")
	}
	d.add(LinesFile, lines.Bytes())
	d.add(FieldsFile, fields.Bytes())
	if err := d.addJSON(WithheldFile, out); err != nil {
		return err
	}
	d.add(LeavesFile, leaves.Bytes())
	stamps, err := stampsOf(masked)
	if err != nil {
		return err
	}
	shown := map[int64]bool{d.Head.Size: true}
	for _, g := range signed {
		shown[g.size] = shown[g.size] || g.size > 0
	}
	for _, t := range stamps {
		shown[t.Size] = true
	}
	var heads bytes.Buffer
	for i, h := range s.Heads {
		if shown[h.Size] || spread(i, len(s.Heads)) {
			heads.Write(h.Signed)
		}
	}
	d.add(HeadsFile, heads.Bytes())
	return d.checkpoints(s, shown, signed, stamps)
}

// spreadHeads is about how many heads go with a bundle besides the signed ones:
// enough to place a fault, few enough to check in a moment.
const spreadHeads = 32

func spread(i, n int) bool {
	return n <= spreadHeads || i == 0 || i*spreadHeads/n != (i-1)*spreadHeads/n
}

// checkpoints adds the texts that people and authorities signed, each with the
// signatures over it, in files that ssh-keygen and openssl read.
func (d *Draft) checkpoints(s Source, shown map[int64]bool, signed []signature, stamps []record.Stamped) error {
	var lines [][]byte
	for _, l := range s.Lines {
		lines = append(lines, l.Line)
	}
	tree := newRoots(lines)
	for _, size := range sorted(shown) {
		text, err := checkpoint(tree, d.Head.Origin, size)
		if err != nil {
			return err
		}
		d.add(fmt.Sprintf("record/checkpoints/%d.txt", size), []byte(text))
		n := 0
		for _, t := range stamps {
			if t.Size == size {
				n++
				d.add(stampFile(size, n), t.Token)
			}
		}
	}
	for _, g := range signed {
		d.add(g.file, []byte(g.sig.Armored))
		if g.size == 0 {
			d.add(g.text, []byte(g.sig.Text))
		}
	}
	return nil
}

func stampFile(size int64, n int) string {
	if n == 1 {
		return fmt.Sprintf("record/checkpoints/%d.tsr", size)
	}
	return fmt.Sprintf("record/checkpoints/%d.%d.tsr", size, n)
}

func sorted(set map[int64]bool) []int64 {
	var out []int64
	for n, in := range set {
		if in {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out
}

// checkpoint is the three lines that stand for the first size entries.
func checkpoint(tree roots, origin string, size int64) (string, error) {
	root, ok := tree.of(size)
	if !ok {
		return "", fmt.Errorf("checkpoint of %d entries: there are fewer", size)
	}
	return fmt.Sprintf("%s\n%d\n%s\n", origin, size, base64.StdEncoding.EncodeToString(root[:])), nil
}

// evidence adds the list of the exhibits.
func (d *Draft) evidence(s Source, masked []record.Sealed) error {
	list := Exhibits{Exhibits: []Exhibit{}}
	gone := erasedExhibits(s.Lines)
	for i, m := range masked {
		l, err := record.ParseLine(m.Line)
		if err != nil || l.Kind != record.EvidenceSealed {
			continue
		}
		whole, _, err := record.Unseal(m.Line, s.Lines[i].Disclosures)
		if err != nil {
			return fmt.Errorf("list evidence: %w", err)
		}
		part, _, err := record.Unseal(m.Line, m.Disclosures)
		if err != nil {
			return fmt.Errorf("list evidence: %w", err)
		}
		var x record.Exhibit
		if err := whole.Decode(&x); err != nil {
			return fmt.Errorf("list evidence: %w", err)
		}
		shown := Exhibit{ID: x.ID, Seq: l.Seq, Fields: map[string]any{}}
		for name, value := range part.Fields {
			shown.Fields[name] = value
		}
		switch by := gone[x.ID]; {
		case by > 0:
			shown.LeftOut = fmt.Sprintf("erased: entry %d says on what grounds", by)
		case x.Elsewhere:
			shown.LeftOut = "kept elsewhere: known by its hash"
		case !exhibitShape.MatchString(x.ID) || !s.Wanted(x.ID):
			shown.LeftOut = "not part of this bundle"
		default:
			shown.File = blobFile(x.ID)
			d.Exhibits = append(d.Exhibits, x)
		}
		list.Exhibits = append(list.Exhibits, shown)
	}
	return d.addJSON(ExhibitsFile, list)
}

// BlobName is the file of an exhibit's bytes.
func BlobName(x record.Exhibit) string { return blobFile(x.ID) }

// erasedExhibits are the exhibits that entries say were destroyed, each with
// the number of that entry.
func erasedExhibits(lines []record.Sealed) map[string]int64 {
	out := map[string]int64{}
	each(lines, record.ErasureDone, func(e record.Entry, done record.Erasure) {
		for _, id := range done.Exhibits {
			out[id] = e.Seq
		}
	})
	return out
}

// each calls do with the payload of every readable entry of the kind.
func each[P any](lines []record.Sealed, kind record.Kind, do func(record.Entry, P)) {
	mark := []byte(`"kind":"` + string(kind) + `"`)
	for _, s := range lines {
		if !bytes.Contains(s.Line, mark) {
			continue
		}
		e, _, err := record.Unseal(s.Line, s.Disclosures)
		if err != nil || e.Kind != kind {
			continue
		}
		var p P
		if e.Decode(&p) == nil {
			do(e, p)
		}
	}
}

// ExhibitsOf are the ids of all exhibits whose sealed bytes are still there to
// be given out.
func ExhibitsOf(lines []record.Sealed) []string {
	gone := erasedExhibits(lines)
	var out []string
	each(lines, record.EvidenceSealed, func(_ record.Entry, x record.Exhibit) {
		if exhibitShape.MatchString(x.ID) && gone[x.ID] == 0 {
			out = append(out, x.ID)
		}
	})
	return out
}
