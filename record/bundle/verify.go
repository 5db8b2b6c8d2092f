package bundle

import (
	"bufio"
	"bytes"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"firebreak/record"
	"firebreak/record/sshsig"
	"firebreak/record/stamp"
)

// Faults of a bundle, besides those of a record.
const (
	BadArchive     record.Fault = "bad archive"  // it cannot be read as a bundle
	FileChanged    record.Fault = "file changed" // not the one that the signed list names
	FileAdded      record.Fault = "file added"   // the signed list does not name it
	FileMissing    record.Fault = "file missing"
	ExhibitDamaged record.Fault = "exhibit damaged"
	ExhibitMissing record.Fault = "exhibit missing"
	ExhibitSwapped record.Fault = "exhibit swapped" // the bytes are those of another exhibit
)

// Options are what the verifier knows from elsewhere.
type Options struct {
	Keys  []string // verifier keys; without one the bundle's own are taken at their word
	Seals []string // heads that somebody kept: "2026-0007 @12 9f2c…"
	// Roster and Stampers vouch for people and for time-stamp authorities. What
	// is nil is taken from the bundle, at its word.
	Roster   record.Roster
	Stampers *x509.CertPool
}

// Report is the result of a verification.
type Report struct {
	record.Report
	Bundle  About `json:"bundle"`
	Files   int   `json:"files"`
	LeftOut int   `json:"left_out"` // exhibits whose bytes are not in the bundle
}

// Verify checks everything that a bundle holds.
func Verify(c *Contents, o Options) Report {
	v := verifier{c: c, o: o}
	v.r.Problems, v.r.Signatures, v.r.Stamps = []record.Problem{}, []record.PersonSignature{}, []record.StampCheck{}
	v.r.Files = len(c.sums)
	if c.bad != nil {
		v.fault(0, BadArchive, "%v", c.bad)
		v.note("the archive could not be read to its end, so nothing in it was verified")
		return v.r
	}
	if !v.about() {
		return v.r
	}
	keys, err := v.keys()
	if err != nil {
		v.fault(0, record.BadSignature, "%v", err)
	}
	listed := v.manifest(keys)
	v.record(keys)
	if v.r.Head.Size > 0 && listed != "" && listed != v.r.Head.Seal() {
		v.fault(0, record.HeadRemoved, "the bundle was made over %.60q, and its newest good head is %.60q", listed, v.r.Head.Seal())
	}
	v.checkpoints()
	v.stamps()
	v.evidence()
	v.limits(keys)
	return v.r
}

type verifier struct {
	c     *Contents
	o     Options
	r     Report
	lines []record.Sealed // those that are of the incident
	roots roots
	// signer is the key that signed MANIFEST.
	signer string
	files  map[string]string // that MANIFEST lists
}

func (v *verifier) fault(seq int64, what record.Fault, format string, args ...any) {
	v.r.Problems = append(v.r.Problems, record.Problem{Seq: seq, What: what, Where: fmt.Sprintf(format, args...)})
}

func (v *verifier) note(format string, args ...any) {
	v.r.Notes = append(v.r.Notes, fmt.Sprintf(format, args...))
}

// about reads bundle.json; without it nothing can be compared.
func (v *verifier) about() bool {
	raw, there := v.c.files[AboutFile]
	if !there {
		v.fault(0, BadArchive, "there is no %s", AboutFile)
		return false
	}
	about, err := parseAbout(raw)
	if err != nil {
		v.fault(0, BadArchive, "%s cannot be read: %v", AboutFile, err)
		return false
	}
	v.r.Bundle = about
	if v.r.Bundle.Format != Format {
		v.fault(0, BadArchive, "%s says that it is %.60q; this reads %s", AboutFile, v.r.Bundle.Format, Format)
		return false
	}
	v.r.Incident = v.r.Bundle.Incident
	return true
}

// keys are those given, and those of the bundle that nobody vouches for.
func (v *verifier) keys() (record.Evidence, error) {
	var ev record.Evidence
	own, err := record.ParseKeys(strings.Fields(string(v.c.files[KeysFile]))...)
	if err != nil {
		err = fmt.Errorf("%s: %w", KeysFile, err)
	}
	if len(v.o.Keys) == 0 {
		ev.Keys = own
		return ev, err
	}
	ev.Claimed = own
	var kerr error
	ev.Keys, kerr = record.ParseKeys(v.o.Keys...)
	return ev, errors.Join(err, kerr)
}

// manifest checks the signed list of files, and returns the seal in it.
func (v *verifier) manifest(ev record.Evidence) (seal string) {
	signed, there := v.c.files[ManifestFile]
	if !there {
		v.fault(0, FileMissing, "%s is not there: nothing says which files belong to the bundle", ManifestFile)
		return ""
	}
	text, by, err := record.OpenNote(signed, ev.Keys)
	if err != nil {
		v.fault(0, record.BadSignature, "%s: %v", ManifestFile, err)
	} else {
		v.signer = by
	}
	list := strings.Split(text, "\n")
	if len(list) < 3 || list[0] != Format || list[len(list)-1] != "" {
		if err == nil {
			v.fault(0, record.BadSignature, "%s is signed, and is not the list of a bundle", ManifestFile)
		}
		return ""
	}
	v.files = map[string]string{}
	for _, line := range list[2 : len(list)-1] {
		sum, name, ok := strings.Cut(line, "  ")
		if ok && len(sum) == 64 {
			v.files[name] = sum
		}
	}
	for _, name := range sortedNames(v.files) {
		switch got, there := v.c.sums[name]; {
		case blobShape.MatchString(name): // has its own fault
		case !there:
			v.fault(0, FileMissing, "%s", name)
		case got.sha256 != v.files[name]:
			v.fault(0, FileChanged, "%s", name)
		}
	}
	for _, name := range sortedNames(v.c.sums) {
		if _, listed := v.files[name]; !listed && name != ManifestFile {
			v.fault(0, FileAdded, "%s", name)
		}
	}
	return list[1]
}

func sortedNames[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// record reads the log and verifies it.
func (v *verifier) record(ev record.Evidence) {
	ev.Incident, ev.Heads, ev.Seals, ev.Roster = v.r.Bundle.Incident, v.c.files[HeadsFile], v.o.Seals, v.roster()
	raw := v.c.files[LinesFile]
	if len(raw) > 0 && raw[len(raw)-1] != '\n' {
		v.fault(0, record.Damaged, "%s does not end with a line break", LinesFile)
	}
	for line := range bytes.Lines(raw) {
		ev.Lines = append(ev.Lines, record.Sealed{Line: bytes.TrimSuffix(line, []byte("\n"))})
	}
	v.fields(ev.Lines)
	if err := v.leaves(&ev); err != nil {
		v.fault(0, record.Damaged, "%s: %v", LeavesFile, err)
	}
	out, err := parseWithheld(v.c.files[WithheldFile])
	if err != nil {
		v.fault(0, record.Damaged, "%s: %v", WithheldFile, err)
	}
	ev.Withheld = out
	found := v.r.Problems
	v.r.Report = record.Verify(ev)
	v.r.Problems = append(found, v.r.Problems...)
	lines := make([][]byte, len(ev.Lines))
	for i, s := range ev.Lines {
		lines[i] = s.Line
		if l, err := record.ParseLine(s.Line); err == nil && l.Incident == v.r.Bundle.Incident {
			v.lines = append(v.lines, s)
		}
	}
	v.roots = newRoots(lines)
}

// fields puts the disclosures to the entries they say they belong to. One that
// names an entry that is not there is put to none, and said.
func (v *verifier) fields(lines []record.Sealed) {
	byNumber := make(map[int64]int, len(lines))
	for i := range lines {
		if l, err := record.ParseLine(lines[i].Line); err == nil && l.Incident == v.r.Bundle.Incident {
			if _, twice := byNumber[l.Seq]; !twice {
				byNumber[l.Seq] = i
			}
		}
	}
	seen := map[int64]bool{}
	n := 0
	for line := range bytes.Lines(v.c.files[FieldsFile]) {
		n++
		f, err := parseFields(bytes.TrimSuffix(line, []byte("\n")))
		if err != nil {
			v.fault(0, record.Damaged, "%s: line %d cannot be read", FieldsFile, n)
			continue
		}
		i, ok := byNumber[f.Seq]
		switch {
		case seen[f.Seq]:
			v.fault(f.Seq, record.ForeignDisclosure, "%s has its fields twice", FieldsFile)
		case !ok && len(f.Disclosures) > 0:
			v.fault(f.Seq, record.ForeignDisclosure, "%s has fields of an entry that is not there", FieldsFile)
		case ok:
			lines[i].Disclosures = f.Disclosures
		}
		seen[f.Seq] = true
	}
}

func (v *verifier) leaves(ev *record.Evidence) error {
	s := bufio.NewScanner(bytes.NewReader(v.c.files[LeavesFile]))
	for s.Scan() {
		var h record.Hash
		if n, err := hex.Decode(h[:min(len(h), len(s.Bytes())/2)], s.Bytes()[:min(2*len(h), len(s.Bytes()))]); err != nil || n != len(h) || len(s.Bytes()) != 2*len(h) {
			ev.Leaves = nil
			return fmt.Errorf("line %d is no hash", len(ev.Leaves)+1)
		}
		ev.Leaves = append(ev.Leaves, h)
	}
	return s.Err()
}

// checkpoints wants every text that was signed to be the record's.
func (v *verifier) checkpoints() {
	for _, name := range sortedNames(v.c.files) {
		var size int64
		if n, err := fmt.Sscanf(name, "record/checkpoints/%d.txt", &size); n != 1 || err != nil || name != fmt.Sprintf("record/checkpoints/%d.txt", size) {
			continue
		}
		want, err := checkpoint(v.roots, v.r.Head.Origin, size)
		if err != nil || want != string(v.c.files[name]) {
			v.fault(size, record.Rewritten, "%s is not what the record of that size hashes to", name)
		}
	}
}

// roster vouches for people: the caller's, else the bundle's own.
func (v *verifier) roster() record.Roster {
	if v.o.Roster != nil {
		return v.o.Roster
	}
	r, err := sshsig.ParseRoster(v.c.files[RosterFile])
	if err != nil {
		v.note("%s: %v", RosterFile, err)
	}
	return r
}

// stamps checks what authorities stamped.
func (v *verifier) stamps() {
	roots := v.o.Stampers
	if roots == nil {
		var err error
		if roots, err = stamp.ParseRoots(v.c.files[AuthorityFile]); err != nil {
			v.note("%s: %v", AuthorityFile, err)
		}
	}
	var entries []record.Entry
	each(v.lines, record.HeadStamped, func(e record.Entry, _ record.Stamped) { entries = append(entries, e) })
	if checks := stamp.CheckAll(entries, v.r.Head.Origin, roots); len(checks) > 0 {
		v.r.Stamped(checks)
	}
}

// evidence compares the exhibits' bytes with what the record says of them.
func (v *verifier) evidence() {
	sealed := map[string]record.Exhibit{}
	number := map[string]int64{}
	holder := map[string]string{}
	each(v.lines, record.EvidenceSealed, func(e record.Entry, x record.Exhibit) {
		if exhibitShape.MatchString(x.ID) && number[x.ID] == 0 {
			sealed[x.ID], number[x.ID] = x, e.Seq
			if x.SHA256 != "" {
				holder[x.SHA256] = x.ID
			}
		}
	})
	expected, leftOut, err := parseExhibits(v.c.files[ExhibitsFile])
	if err != nil {
		v.fault(0, record.Damaged, "%s: %v", ExhibitsFile, err)
		expected = map[string]bool{}
	}
	v.r.LeftOut = leftOut
	for name := range v.files {
		if blobShape.MatchString(name) {
			expected[name] = true
		}
	}
	for name := range v.c.sums {
		if blobShape.MatchString(name) {
			expected[name] = true
		}
	}
	for _, name := range sortedNames(expected) {
		id := blobShape.FindStringSubmatch(name)[1]
		v.exhibit(name, id, sealed[id], number[id], holder)
	}
}

func (v *verifier) exhibit(name, id string, x record.Exhibit, seq int64, holder map[string]string) {
	got, there := v.c.sums[name]
	other := holder[got.sha256]
	switch {
	case !there:
		v.fault(seq, ExhibitMissing, "%s is not there", name)
	case seq == 0 || x.SHA256 == "":
		v.fault(seq, record.Inserted, "%s: the record of this bundle does not say what exhibit %s hashes to", name, id)
	case got.sha256 == x.SHA256 && got.size == x.Size:
		v.r.Exhibits++
	case other != "" && other != id:
		v.fault(seq, ExhibitSwapped, "%s has the bytes of exhibit %s", name, other)
	default:
		v.fault(seq, ExhibitDamaged, "%s: %d bytes, sha256 %s; sealed were %d bytes, sha256 %s", name, got.size, got.sha256, x.Size, x.SHA256)
	}
}

// limits says what was not proven.
func (v *verifier) limits(ev record.Evidence) {
	if len(v.o.Keys) == 0 {
		var names []string
		for _, k := range ev.Keys {
			names = append(names, fmt.Sprintf("%s+%08x", k.Name(), k.KeyHash()))
		}
		v.note("the keys that signed (%s) are the bundle's own word: compare them with what the maker says by another way, or give --key", strings.Join(names, ", "))
	}
	if v.r.Withheld > 0 {
		v.note("%d fields were withheld by the maker (profile %s): the digests in the lines hold their place, what they say cannot be known from here", v.r.Withheld, v.r.Bundle.Profile)
	}
	if v.r.LeftOut > 0 {
		v.note("the bytes of %d exhibits are not in this bundle and were not checked", v.r.LeftOut)
	}
	switch n := len(v.r.Signatures); {
	case n == 0:
		v.note("no signature of a person is in this bundle: names and pseudonyms are the claim of whoever had the workspace")
	case v.o.Roster == nil:
		v.note("whose keys the %d signatures of people were made with is the word of the bundle's own roster; give --roster to use yours", n)
	}
	switch n := len(v.r.Stamps); {
	case n == 0:
		v.note("no outside authority stamped the time: all times are what the maker's machine said")
	case v.o.Stampers == nil:
		v.note("that the %d time-stamps are of a known authority is the word of the bundle's own %s", n, AuthorityFile)
	}
}
