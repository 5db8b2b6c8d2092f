package record

import (
	"bytes"
	"fmt"
	"iter"
	"strings"
)

// namedLoss is the rest of a sentence about a head that the record does not go
// on from: an entry that names exactly this head as given up, when an old
// backup was accepted, or nothing. The head's record is gone all the same.
func namedLoss(ev Evidence, lost Head) string {
	for seq, r := range losses(ev) {
		if r.KnownSize == lost.Size && r.KnownRoot == lost.Root {
			return fmt.Sprintf("; entry %d names this head as given up when an older backup was put back", seq)
		}
	}
	return ""
}

// noteLosses repeats what the record itself says was lost of it.
func noteLosses(r *Report, ev Evidence) {
	for seq, lost := range losses(ev) {
		if lost.KnownSize > 0 {
			r.note("entry %d: an older backup was put back: what followed entry %d of %s is given up", seq, lost.Size, lost.Seal(ev.Incident))
		}
		if len(lost.Lost) > 0 {
			r.note("entry %d: the record was mended, and could not be in full; lost: %s", seq, strings.Join(lost.Lost, ", "))
		}
	}
}

// losses are the entries about losses, by rising number.
func losses(ev Evidence) iter.Seq2[int64, Restored] {
	return func(yield func(int64, Restored) bool) {
		for _, s := range ev.Lines {
			if !bytes.Contains(s.Line, []byte(RecordRestored)) { // spares parsing a long record again
				continue
			}
			if l, err := ParseLine(s.Line); err != nil || l.Kind != RecordRestored {
				continue
			}
			e, _, err := Unseal(s.Line, s.Disclosures)
			var r Restored
			if err == nil && e.Decode(&r) == nil && !yield(e.Seq, r) { // one that cannot be read is a fault of its own
				return
			}
		}
	}
}
