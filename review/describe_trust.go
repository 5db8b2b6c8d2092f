package review

import (
	"fmt"
	"strings"

	"firebreak/record"
)

// trustDescriber is describer for what people did about the record itself.
func trustDescriber(k record.Kind) func(record.Entry) (string, bool, error) {
	switch k { //nolint:exhaustive // describer has the others
	case record.HeadSigned:
		return line(func(p record.Signed) (string, bool) {
			return fmt.Sprintf("%s signed the record of %s, root %s (%s)%s", first(p.Signature.Principal, withheld),
				counted64(p.Size, "entry", "entries"), brief(p.Root), first(string(p.Signature.Strength), withheld), because(p.Reason)), false
		})
	case record.HeadStamped:
		return line(func(p record.Stamped) (string, bool) {
			return fmt.Sprintf("time-stamped at %s by %s: %s, root %s", stamp(p.Time), first(p.Authority, withheld),
				counted64(p.Size, "entry", "entries"), brief(p.Root)), false
		})
	case record.CustodyTransferred:
		return lineOf(func(e record.Entry, p record.Transfer) (string, bool) {
			verb := "offered by"
			if p.ToSig != nil || e.Absent("to_signature") != "" {
				verb = "handed on by"
			}
			return fmt.Sprintf("%s: %s %s %s to %s, %s%s", given(p.ID), first(strings.Join(p.Exhibits, ", "), withheld), verb,
				given(p.From), given(p.To), signedBy(p.FromSig, e.Absent("from_signature")), because(p.Reason)), false
		})
	case record.CustodyAccepted:
		return lineOf(func(e record.Entry, p record.Acceptance) (string, bool) {
			verb := "accepted"
			if p.No {
				verb = "refused"
			}
			return fmt.Sprintf("%s: %s by %s, %s%s", given(p.ID), verb, given(p.By), signedBy(p.Signature, e.Absent("signature")), because(p.Reason)), false
		})
	case record.EvidenceAccessed:
		return lineOf(func(e record.Entry, p record.Access) (string, bool) {
			s := fmt.Sprintf("exhibit %s read: %s", given(p.Exhibit), given(p.Purpose))
			if to := first(p.To, e.Absent("to")); to != "" {
				s += ", copied to " + to
			}
			return s, false
		})
	case record.HoldPlaced:
		return line(func(p record.Hold) (string, bool) { return "legal hold placed" + because(p.Reason), false })
	case record.HoldLifted:
		return line(func(p record.Hold) (string, bool) { return "legal hold lifted" + because(p.Reason), false })
	case record.ErasureAsked:
		return line(func(p record.ErasureRequest) (string, bool) {
			return fmt.Sprintf("erasure %s asked for: %s, basis: %s", given(p.ID), erasureOf(len(p.Fields), p.Exhibits), given(p.Basis)), false
		})
	case record.ErasureAgreed:
		return line(func(p record.ErasureConsent) (string, bool) {
			verb := "agreed to"
			if p.No {
				verb = "refused"
			}
			return fmt.Sprintf("erasure %s %s%s", given(p.ID), verb, because(p.Reason)), false
		})
	case record.ErasureDone:
		return line(func(p record.Erasure) (string, bool) {
			return fmt.Sprintf("erased (%s): %s, basis: %s, agreed by %s", given(p.ID), erasureOf(len(p.Fields), p.Exhibits), given(p.Basis), first(strings.Join(p.Approvers, ", "), withheld)), false
		})
	case record.BundleMade:
		return lineOf(func(e record.Entry, p record.Copy) (string, bool) {
			return copied("bundle", p, e.Absent("recipients")), false
		})
	case record.BackupMade:
		return lineOf(func(e record.Entry, p record.Copy) (string, bool) {
			return copied("backup", p, e.Absent("recipients")), false
		})
	case record.RecordRestored:
		return line(func(p record.Restored) (string, bool) { return restored(p) })
	case record.TimelineExported:
		return line(func(p record.Exported) (string, bool) {
			s := fmt.Sprintf("%s of the timeline exported as %s to %s", counted64(p.Events, "event", "events"), given(p.Format), given(p.To))
			if p.Filter != "" {
				s += ", those that match " + p.Filter
			}
			return s, false
		})
	case record.ClockJumped:
		return line(func(p record.ClockJump) (string, bool) {
			way := "forward"
			if p.By < 0 {
				way = "back"
			}
			return fmt.Sprintf("THE CLOCK JUMPED %s by %s: times before and after do not compare", way, span(p.By.Abs())), true
		})
	case record.DiskFull:
		return line(func(p record.Fullness) (string, bool) {
			if p.Recorded {
				return "THE DISK WAS FULL: the room kept in reserve was given up for " + given(p.Failed), true
			}
			return fmt.Sprintf("THE DISK WAS FULL, not recorded: %s", given(p.Failed)), true
		})
	}
	return nil
}

func erasureOf(fields int, exhibits []string) string {
	var parts []string
	if fields > 0 {
		parts = append(parts, counted(fields, "field", "fields"))
	}
	if len(exhibits) > 0 {
		parts = append(parts, strings.Join(exhibits, ", "))
	}
	return first(strings.Join(parts, " and "), withheld)
}

// copied says what left; absent is the mark in the place of who can read it.
func copied(what string, p record.Copy, absent string) string {
	s := fmt.Sprintf("%s made: %s, %s, %s", what, given(p.Name), size(p.Bytes), counted64(p.Size, "entry", "entries"))
	if p.Profile != "" {
		s += ", profile " + p.Profile
	}
	if absent != "" {
		return s + ", encrypted to " + absent
	}
	if len(p.Recipients) == 0 {
		return s + ", not encrypted"
	}
	return s + ", encrypted to " + counted(len(p.Recipients), "recipient", "recipients")
}

// signedBy says whose signature is there, or what is in its place; whether it
// holds is another question.
func signedBy(s *record.Signature, absent string) string {
	if s == nil && absent != "" {
		return "signed by " + absent
	}
	if s == nil {
		return "NOT signed"
	}
	return "signed by " + given(s.Principal)
}

func restored(p record.Restored) (string, bool) {
	s := "the record was mended"
	if p.From != "" {
		s = "the record was put back from " + p.From
	}
	s += ": " + counted64(p.Size, "entry", "entries")
	lost := p.KnownSize > 0 || len(p.Lost) > 0
	if p.KnownSize > 0 {
		s += fmt.Sprintf("; LOST: what follows entry %d of a record of %d, root %s", p.Size, p.KnownSize, brief(p.KnownRoot))
	}
	if len(p.Lost) > 0 {
		s += "; LOST: " + strings.Join(p.Lost, ", ")
	}
	return s + because(p.Reason), lost
}
