package record

import (
	"encoding/hex"
	"fmt"
	"slices"

	"firebreak/incident"
)

// Evidence is all that a verification looks at.
type Evidence struct {
	Incident incident.ID
	Lines    []Sealed // in the order they are kept
	// Leaves are the leaf hashes kept beside the lines. They are believed only
	// when the newest head vouches for them; then each fault has its place.
	Leaves []Hash
	Heads  []byte // the file of heads kept apart from the lines
	// Inside are the heads kept with the lines. nil when there are none, as in
	// an export.
	Inside [][]byte
	Keys   Keys // verifier keys that the caller knows from elsewhere
	// Claimed are keys that only the record itself names. Anybody can put one
	// there, so a head that only such a key signed is a bad signature; it is
	// read all the same, to name the key and to find further faults.
	Claimed Keys
	Seals   []string // heads from outside, as Head.Seal wrote them
	// Withheld are the digests of the disclosures that the maker of an export
	// left out. They are missing and no fault.
	Withheld map[string]bool
	Roster   Roster // of the people whose signatures are checked; nil checks none
}

// Verify recomputes everything and says what is wrong, and what it cannot know.
func Verify(ev Evidence) Report {
	r := Report{Incident: ev.Incident, Entries: int64(len(ev.Lines)), Signatures: []PersonSignature{}, Stamps: []StampCheck{}, Problems: []Problem{}}
	raw := make([][]byte, len(ev.Lines))
	lines := make([]*Line, len(ev.Lines)) // nil where one cannot be read
	for i, s := range ev.Lines {
		raw[i] = s.Line
		if l, err := ParseLine(s.Line); err == nil && l.Incident == ev.Incident {
			lines[i] = &l
		}
	}
	tree, err := NewTree(raw)
	if err != nil {
		r.fault(0, Damaged, "hash lines: %v", err)
		return r
	}
	heads := openHeads(&r, ev)
	checkLines(&r, ev, lines, tree, heads)
	absent := absence{ev.Withheld, erasedDigests(&r, lines, ev.Lines), map[string]int{}}
	for i, l := range lines {
		checkDisclosures(&r, l, int64(i+1), ev.Lines[i].Disclosures, absent)
	}
	absent.tell(&r)
	checkClock(&r, lines)
	checkSeals(&r, ev, tree)
	r.people(ev.Incident, lines, ev.Lines, tree, ev.Roster)
	noteLosses(&r, ev)
	if r.Attested < r.Entries {
		r.note("no seal from outside vouches for entries %d to %d: whoever holds the signing key could have written them anew, with their heads",
			r.Attested+1, r.Entries)
	}
	return r
}

// openHeads checks signatures and the agreement of the two places where heads
// are kept. It returns the good ones by rising size.
func openHeads(r *Report, ev Evidence) []Head {
	opener := headOpener{r: r, ev: ev, seen: map[string]*Head{}, strange: map[string]bool{}, named: map[string]bool{}}
	file, err := SplitHeads(ev.Heads)
	if err != nil {
		r.fault(0, BadHead, "heads file: %v", err)
	}
	if file.Torn > 0 {
		r.note("the heads file ends in the beginning of a head (%d bytes), as after a crash; the next update repairs it", file.Torn)
	}
	outside := opener.open("heads file", file.Notes)
	inside := opener.open("database", ev.Inside)
	r.Heads = len(file.Notes)
	if len(file.Notes) == 0 {
		r.fault(0, HeadRemoved, "there is no head in the heads file")
	}
	compareHeads(r, ev, outside, inside)
	all := slices.Concat(outside, inside)
	slices.SortStableFunc(all, func(a, b Head) int { return int(min(1, max(-1, a.Size-b.Size))) })
	for _, h := range all {
		if !opener.strange[string(h.Signed)] {
			r.Head = h
		}
	}
	good := all[:0]
	for _, h := range all {
		if n := len(good); n > 0 && good[n-1].Size == h.Size {
			if good[n-1].Root != h.Root {
				r.fault(h.Size, Rewritten, "two signed heads of this size have different roots")
			}
			continue
		}
		good = append(good, h)
	}
	return good
}

// headOpener opens heads, each once, and remembers which are signed by a key
// that is merely claimed.
type headOpener struct {
	r       *Report
	ev      Evidence
	seen    map[string]*Head
	strange map[string]bool // heads
	named   map[string]bool // keys that a fault names already
}

func (o headOpener) open(place string, notes [][]byte) []Head {
	var good []Head
	var last int64
	for i, n := range notes {
		where := fmt.Sprintf("head %d in the %s", i+1, place)
		h, known := o.seen[string(n)]
		if !known {
			h = o.one(where, n)
			o.seen[string(n)] = h
		}
		if h == nil {
			continue
		}
		if h.Size <= last {
			o.r.fault(h.Size, Reordered, "%s: size %d after %d", where, h.Size, last)
		}
		last = max(last, h.Size)
		good = append(good, *h)
	}
	return good
}

func (o headOpener) one(where string, signed []byte) *Head {
	h, err := OpenHead(signed, o.ev.Keys)
	if err != nil {
		var name string
		if h, name, err = OpenClaimed(signed, o.ev.Claimed); err == nil {
			o.strange[string(signed)] = true
			if !o.named[name] {
				o.named[name] = true
				o.r.fault(0, BadSignature, "%s: %s", where, StrangeKey(name))
			}
		}
	}
	if err != nil {
		o.r.fault(0, BadSignature, "%s: %v", where, err)
		return nil
	}
	if h.Incident() != o.ev.Incident {
		o.r.fault(0, BadHead, "%s: it is of incident %q", where, h.Incident())
		return nil
	}
	return &h
}

// compareHeads looks for heads that are in one place and not in the other. The
// newest may be missing in the file: a crash between the two writes.
func compareHeads(r *Report, ev Evidence, outside, inside []Head) {
	if ev.Inside == nil {
		return
	}
	in, out := map[int64]bool{}, map[int64]bool{}
	for _, h := range inside {
		in[h.Size] = true
	}
	for _, h := range outside {
		out[h.Size] = true
		if !in[h.Size] && h.Size <= r.Entries {
			r.fault(h.Size, HeadRemoved, "the head of size %d is in the heads file and not in the database", h.Size)
		}
	}
	for i, h := range inside {
		switch {
		case out[h.Size]:
		case i == len(inside)-1:
			r.note("the newest head (size %d) is not yet in the heads file, as after a crash or on a full disk; the next update writes it", h.Size)
		default:
			r.fault(h.Size, HeadRemoved, "the head of size %d is in the database and not in the heads file", h.Size)
		}
	}
}

// checkDisclosures matches the disclosures of one line with its digests. A
// digest without its disclosure beside a disclosure without its digest is one
// that was changed.
func checkDisclosures(r *Report, l *Line, place int64, disclosures []string, absent absence) {
	r.Disclosures += len(disclosures)
	if l == nil {
		return // reported as a line already
	}
	missing := map[string]bool{}
	for _, d := range l.Digests {
		missing[d] = true
	}
	var foreign []string
	for _, text := range disclosures {
		if digest := DigestOf(text); missing[digest] {
			delete(missing, digest)
			if by := absent.erased[digest]; by.seq > 0 {
				r.fault(place, NotErased, "field %s is still there, and erasure %.20s (entry %d) says that it was destroyed", by.name, by.id, by.seq)
			}
			if _, err := ParseDisclosure(text); err != nil {
				r.fault(place, Damaged, "signed disclosure that cannot be read: %v", err)
			}
			continue
		}
		name := "that cannot be read"
		if d, err := ParseDisclosure(text); err == nil {
			name = fmt.Sprintf("%.60q", d.Name)
		}
		foreign = append(foreign, name)
	}
	gone := absent.unexplained(r, l.Seq, missing)
	for _, name := range foreign {
		if gone > 0 {
			gone--
			r.fault(place, ChangedDisclosure, "field %s is not the one that was signed", name)
		} else {
			r.fault(place, ForeignDisclosure, "field %s does not belong to the entry", name)
		}
	}
	if gone > 0 {
		r.fault(place, MissingDisclosure, "%d of %d fields are gone, and no entry says why", gone, len(l.Digests))
	}
}

// checkClock notes where the clock went back. Order is by number, so this is
// no fault of the record.
func checkClock(r *Report, lines []*Line) {
	for i := 1; i < len(lines); i++ {
		a, b := lines[i-1], lines[i]
		if a != nil && b != nil && b.Time.Before(a.Time) {
			r.note("the clock went back by %s at entry %d", a.Time.Sub(b.Time), i+1)
		}
	}
}

// checkSeals compares the record with seals that somebody outside kept.
func checkSeals(r *Report, ev Evidence, tree *Tree) {
	for _, s := range ev.Seals {
		h, err := ParseSeal(s)
		switch {
		case err != nil:
			r.fault(0, BadHead, "%v", err)
		case h.Incident() != ev.Incident:
			r.fault(0, BadHead, "the seal is of incident %s", h.Incident())
		case h.Size > r.Entries:
			r.fault(r.Entries+1, Truncated, "a seal from outside vouches for %d entries, there are %d%s", h.Size, r.Entries, namedLoss(ev, h))
		case !rootIs(tree, h):
			r.fault(0, Rewritten, "the first %d entries are not those that the seal from outside vouches for%s", h.Size, namedLoss(ev, h))
		default:
			r.Attested = max(r.Attested, h.Size)
		}
	}
}

// rootIs says whether the first h.Size leaves have h's root.
func rootIs(t *Tree, h Head) bool {
	root, err := t.Root(h.Size)
	return err == nil && hex.EncodeToString(root[:]) == h.Root
}
