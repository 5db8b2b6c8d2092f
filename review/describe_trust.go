package review

import (
	"fmt"
	"strings"

	"firebreak/record"
)

// trustDescriber is describer for what people did about the record itself.
func trustDescriber(k record.Kind) func(record.Entry) (string, bool, error) {
	switch k {
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
		return line(func(p record.Transfer) (string, bool) {
			signed := "signed by both"
			if p.FromSig == nil || p.ToSig == nil {
				signed = "NOT signed by both"
			}
			return fmt.Sprintf("%s: %s handed from %s to %s, %s%s", given(p.ID), first(strings.Join(p.Exhibits, ", "), withheld),
				given(p.From), given(p.To), signed, because(p.Reason)), false
		})
	case record.EvidenceAccessed:
		return line(func(p record.Access) (string, bool) {
			s := fmt.Sprintf("exhibit %s read: %s", given(p.Exhibit), given(p.Purpose))
			if p.To != "" {
				s += ", copied to " + p.To
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
		return line(func(p record.Copy) (string, bool) { return copied("bundle", p), false })
	case record.BackupMade:
		return line(func(p record.Copy) (string, bool) { return copied("backup", p), false })
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
				return "THE DISK WAS FULL: the room kept in reserve was given up to record " + given(p.Failed), true
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

func copied(what string, p record.Copy) string {
	s := fmt.Sprintf("%s made: %s, %s, %s", what, given(p.Name), size(p.Bytes), counted64(p.Size, "entry", "entries"))
	if p.Profile != "" {
		s += ", profile " + p.Profile
	}
	if len(p.Recipients) == 0 {
		return s + ", not encrypted"
	}
	return s + ", encrypted to " + counted(len(p.Recipients), "recipient", "recipients")
}
