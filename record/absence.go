package record

import (
	"fmt"
	"maps"
	"slices"
)

// absence is what explains that a disclosure is not there.
type absence struct {
	withheld map[string]bool // by the maker of an export
	erased   map[string]erasedBy
	told     map[string]int // fields that were erased, by the erasure
}

// erasedBy is the erasure that explains why a digest has no disclosure.
type erasedBy struct {
	id, name string // of the erasure, of the field
	seq      int64
}

// String names the erasure, which may be anybody's text.
func (b erasedBy) String() string { return fmt.Sprintf("%.20q, entry %d", b.id, b.seq) }

// unexplained counts the missing digests that neither an erasure nor the
// export's own list accounts for; the others go into the report.
func (a absence) unexplained(r *Report, seq int64, missing map[string]bool) int {
	gone := 0
	for _, digest := range slices.Sorted(maps.Keys(missing)) {
		switch {
		case a.erased[digest].seq > 0:
			r.Erased++
			a.told[a.erased[digest].String()]++
		case a.withheld[digest]:
			r.Withheld++
		default:
			gone++
			r.Missing = append(r.Missing, Missing{seq, digest})
		}
	}
	return gone
}

// tell notes how many fields each erasure explains.
func (a absence) tell(r *Report) {
	for _, by := range slices.Sorted(maps.Keys(a.told)) {
		what := "fields were"
		if a.told[by] == 1 {
			what = "field was"
		}
		r.note("%d %s erased with a record: erasure %s", a.told[by], what, by)
	}
}

// erasedDigests are the digests that entries of kind erasure.done name, each
// with the number of that entry. An erasure can only name what came before it
// and what stands in the line that it names.
func erasedDigests(r *Report, lines []*Line, sealed []Sealed) map[string]erasedBy {
	out := map[string]erasedBy{}
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
			if !Erasable(lines[f.Seq-1].Kind, f.Name) {
				r.fault(l.Seq, Edited, "it says that field %.60q of entry %d was erased, which may never be", f.Name, f.Seq)
				continue
			}
			out[f.Digest] = erasedBy{done.ID, fmt.Sprintf("%.60q", f.Name), l.Seq}
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
