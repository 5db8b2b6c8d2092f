package review

import (
	"fmt"

	"firebreak/record"
)

// standing is how far the review is, and what of it was released.
func (b *builder) standing() {
	s := &b.r.Standing
	s.State = record.ReviewDraft
	each(b, func(e record.Entry, p record.ReviewMove) {
		m := Move{Act: act(e), From: p.From, To: p.To, Size: p.Size, Root: p.Root, Reason: p.Reason}
		if p.Signature != nil {
			m.Signer, m.Key = p.Signature.Principal, p.Signature.Key
		} else {
			m.Signer = e.Absent("signature")
		}
		s.Moves = append(s.Moves, m)
		s.State, s.Since, s.Seq, s.By = p.To, e.Time.UTC(), e.Seq, called(e.Actor)
	}, record.ReviewMoved)
	if s.State == record.ReviewReviewed || s.State == record.ReviewClosed {
		for _, e := range b.entries {
			s.Stale = s.Stale || e.Seq > s.Seq && !afterwards(e.Kind)
		}
	}
	each(b, func(e record.Entry, p record.Release) {
		b.r.Releases = append(b.r.Releases, Released{
			Act: act(e), ID: given(p.ID), Profile: p.Profile, Files: p.Files, Size: p.Size, Root: p.Root, To: p.To, Reason: p.Reason,
		})
	}, record.ReviewReleased)
}

// afterwards are kinds that change nothing of what the review says of the incident:
// what is done with the review, with copies of the record, and with its follow-ups.
func afterwards(k record.Kind) bool {
	switch k { //nolint:exhaustive // all others do
	case record.ReviewWritten, record.ReviewMoved, record.ReviewReleased, record.ItemChanged, record.HeadSigned, record.HeadStamped,
		record.BundleMade, record.BackupMade, record.TimelineExported, record.EvidenceAccessed, record.EvidenceChecked:
		return true
	default:
		return false
	}
}

// verify says how a reader checks that the review belongs to the record, and the
// record to those who kept it.
func (b *builder) verify() {
	say := func(format string, args ...any) { b.r.Verify = append(b.r.Verify, fmt.Sprintf(format, args...)) }
	id, in := given(string(b.r.Incident.ID)), b.r.Integrity
	if in.Seal == "" && in.Size > 0 {
		say("This edition names neither the record nor its seal. Whoever released it holds both, and can make it again and compare each byte: firebreak review check.")
		return
	}
	if in.Seal == "" {
		say("Nothing ties this review to a record: it was made without a head.")
		return
	}
	say("Compare the seal %q with one that reached you before: in an update, a message, an earlier release. What was changed below it cannot have the same one.", in.Seal)
	say("With the workspace: firebreak verify %s --seal %q. It recomputes the record's tree, every head and signature, replays the record, and hashes every exhibit again.", id, in.Seal)
	say("With a bundle (firebreak bundle %s) and no workspace: firebreak verify --bundle FILE --seal %q; without Firebreak: python3 verify.py in the unpacked bundle, as its VERIFY.md says.", id, in.Seal)
	say("Each line here names the entries that it was made of: firebreak show %s activity lists all of them by number.", id)
	each(b, func(e record.Entry, p record.Signed) {
		who := first(p.Signature.Principal, e.Absent("signature"), "nobody who is named")
		say("#%d: the head of %s was signed by %s (key %s).", e.Seq, counted64(p.Size, "entry", "entries"), who, first(p.Signature.Key, withheld))
	}, record.HeadSigned)
	each(b, func(e record.Entry, p record.Stamped) {
		say("#%d: the head of %s was time-stamped at %s by %s.", e.Seq, counted64(p.Size, "entry", "entries"), stamp(p.Time), given(p.Authority))
	}, record.HeadStamped)
	say("What this cannot show: who holds the one key that signs heads can write another record, unless a seal, a signature or a time-stamp is kept outside.")
}
