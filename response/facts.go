package response

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"firebreak/incident"
	"firebreak/record"
	"firebreak/review"
	"firebreak/store"
)

// Facts are what people found out, said and decided, by the latest word on each, as
// a review over the record would have it.
func (s *Session) Facts(ctx context.Context, id incident.ID) (review.Review, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return review.Review{}, err
	}
	var r review.Review
	err = f.store.View(ctx, func(tx *store.Tx) error {
		head, err := tx.Head()
		if err != nil {
			return err
		}
		entries, err := tx.Entries(0, int(head.Size))
		if err != nil {
			return err
		}
		r, err = review.Build(entries, review.Extra{Head: head, Now: s.s.o.Now().UTC(), Tool: s.s.o.Tool})
		return err
	})
	return r, err
}

// StateMoment says when something came about; one without a time takes it back.
func (s *Session) StateMoment(ctx context.Context, id incident.ID, m record.Moment) error {
	if !slices.Contains(review.MomentKeys(), m.Moment) {
		return usage("", "moment %q: want %s", m.Moment, oneOf(review.MomentKeys()))
	}
	if err := s.past("moment", m.At); err != nil {
		return err
	}
	if err := fits("reason", m.Reason); err != nil {
		return err
	}
	return s.act(ctx, id, record.MomentStated, "", m, func(tx *store.Tx) error {
		if !m.At.IsZero() {
			return nil
		}
		var last record.Moment
		err := eachOf(tx, record.MomentStated, func(p record.Moment) {
			if p.Moment == m.Moment {
				last = p
			}
		})
		if err == nil && last.At.IsZero() {
			return notFound("", "take back moment: nobody stated when it was %s", m.Moment)
		}
		return err
	})
}

// StateImpact says what the incident did, in one measure.
func (s *Session) StateImpact(ctx context.Context, id incident.ID, m record.Impact) error {
	if err := s.impactFits(m); err != nil {
		return err
	}
	return s.act(ctx, id, record.ImpactStated, "", m, func(tx *store.Tx) error {
		if !m.Withdrawn {
			return nil
		}
		there := false
		err := eachOf(tx, record.ImpactStated, func(p record.Impact) {
			if p.Measure == m.Measure && p.Class == m.Class && p.Place == m.Place {
				there = !p.Withdrawn
			}
		})
		if err == nil && !there {
			return notFound("the measure, --class and --place say which one", "take back impact: nobody stated it on %s", strings.Join(slices.DeleteFunc([]string{m.Measure, m.Class, m.Place}, func(s string) bool { return s == "" }), ", "))
		}
		return err
	})
}

func (s *Session) impactFits(m record.Impact) error {
	switch {
	case !slices.Contains(review.Measures(), m.Measure):
		return usage("", "impact %q: want %s", m.Measure, oneOf(review.Measures()))
	case m.Place != "" && !isPlace(m.Place):
		return usage("a country is two letters of ISO 3166, as in DE; a region of it DE-BE", "impact: place %q is no country", m.Place)
	case m.Withdrawn:
		return fits("text", m.Class, m.Basis, m.Text)
	case !slices.Contains(review.Certainties(), m.Certainty):
		return usage("", "certainty %q: want %s", m.Certainty, oneOf(review.Certainties()))
	case m.Low != nil && *m.Low < 0 || m.High != nil && *m.High < 0:
		return usage("", "impact: a number below zero")
	case m.Low != nil && m.High != nil && *m.Low > *m.High:
		return usage("the smaller number comes first: 100-500", "impact: %s is more than %s", plainNumber(*m.Low), plainNumber(*m.High))
	case m.Certainty == "confirmed" && m.Low != nil && m.High == nil, m.Certainty == "confirmed" && m.Low == nil && m.High != nil:
		return usage("", "impact: a number with one bound only is not confirmed: say estimated or suspected")
	case m.Certainty == "excluded" && (m.Low != nil && *m.Low > 0 || m.High != nil && *m.High > 0):
		return usage("", "impact: what is excluded has no number but 0")
	case m.Measure == "money" && (m.Low != nil || m.High != nil) && !isCurrency(m.Unit):
		return usage("as in --unit EUR", "impact: money needs a currency, three letters (%q given)", m.Unit)
	case m.Low == nil && m.High == nil && m.From.IsZero() && strings.TrimSpace(m.Text) == "" && m.Certainty != "excluded":
		return usage("a number, a range, --from and --to, or --text", "impact: nothing is said")
	case !m.From.IsZero() && !m.To.IsZero() && m.To.Before(m.From):
		return usage("", "impact: it ends before it begins")
	case !m.To.IsZero() && m.From.IsZero():
		return usage("", "impact: an end without a beginning")
	}
	for _, at := range []time.Time{m.From, m.To} {
		if err := s.past("impact", at); err != nil {
			return err
		}
	}
	return fits("text", m.Class, m.Unit, m.Basis, m.Text)
}

func plainNumber(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// isCurrency says whether a text has the form of a currency of ISO 4217.
func isCurrency(s string) bool {
	return len(s) == 3 && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// past refuses a time that has not come: a fact is not a plan. Two clocks may
// differ by a little.
func (s *Session) past(what string, at time.Time) error {
	const slack = 5 * time.Minute
	if now := s.s.o.Now().UTC(); at.After(now.Add(slack)) {
		return usage("", "%s: %s has not come yet: it is %s", what, at.UTC().Format(time.RFC3339), now.Format(time.RFC3339))
	}
	return nil
}

// maxFact is how many bytes one text of a fact may have, as those of a note.
const maxFact = 64 << 10

func fits(what string, texts ...string) error {
	for _, t := range texts {
		if len(t) > maxFact {
			return usage("seal it as evidence: firebreak ingest", "the %s has %d bytes; 64 KiB is the limit", what, len(t))
		}
	}
	return nil
}

// oneOf writes a list as "a, b or c".
func oneOf(words []string) string {
	n := len(words) - 1
	if n < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:n], ", ") + " or " + words[n]
}

// eachOf calls do with the payload of every entry of a kind.
func eachOf[P any](tx *store.Tx, kind record.Kind, do func(P)) error {
	es, err := tx.EntriesOf(kind)
	if err != nil {
		return err
	}
	for _, e := range es {
		var p P
		if err := e.Decode(&p); err != nil {
			return fmt.Errorf("read entry %d: %w", e.Seq, err)
		}
		do(p)
	}
	return nil
}
