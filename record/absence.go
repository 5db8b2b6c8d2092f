package record

import (
	"maps"
	"slices"
)

// absence is what explains that a disclosure is not there.
type absence struct {
	withheld map[string]bool // by the maker of an export
	erased   map[string]int64
}

// unexplained counts the missing digests that neither an erasure nor the
// export's own list accounts for; the others go into the report.
func (a absence) unexplained(r *Report, seq int64, missing map[string]bool) int {
	gone := 0
	for _, digest := range slices.Sorted(maps.Keys(missing)) {
		switch {
		case a.erased[digest] > 0:
			r.Erased++
		case a.withheld[digest]:
			r.Withheld++
		default:
			gone++
			r.Missing = append(r.Missing, Missing{seq, digest})
		}
	}
	return gone
}

// erasedDigests are the digests that entries of kind erasure.done name, each
// with the number of that entry. An erasure can only name what came before it
// and what stands in the line that it names.
func erasedDigests(r *Report, lines []*Line, sealed []Sealed) map[string]int64 {
	out := map[string]int64{}
	for i, l := range lines {
		if l == nil || l.Kind != ErasureDone {
			continue
		}
		var done Erasure
		e, _, err := Unseal(sealed[i].Line, sealed[i].Disclosures)
		if err == nil {
			err = e.Decode(&done)
		}
		if err != nil {
			continue // its own fault has a name already
		}
		for _, f := range done.Fields {
			if f.Seq >= l.Seq || f.Seq < 1 || !lines[f.Seq-1].holds(f.Digest) {
				r.fault(l.Seq, Edited, "it says that field %.60q of entry %d was erased, which that entry never had", f.Name, f.Seq)
				continue
			}
			out[f.Digest] = l.Seq
		}
	}
	return out
}

// holds says whether the digest stands in the line; a line that cannot be read
// holds none.
func (l *Line) holds(digest string) bool {
	if l == nil {
		return false
	}
	for _, d := range l.Digests {
		if d == digest {
			return true
		}
	}
	return false
}
