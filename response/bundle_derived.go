package response

import (
	"context"
	"encoding/json"
	"fmt"

	"firebreak/record"
	"firebreak/review"
	"firebreak/review/document"
	"firebreak/review/page"
)

// derived are the files of a bundle that are made of its entries, for people to
// read: the review, the custody form, and the CASE file. They are made of what the
// profile lets out, masked for its readers, and of nothing else.
func (s *Session) derived(ctx context.Context, f *folder, o BundleOptions, head record.Head, whole []record.Entry) (map[string][]byte, error) {
	extra := review.Extra{Head: head, Now: s.s.o.Now().UTC(), Tool: s.s.o.Tool}
	if o.Profile.Discloses(record.EventMarked, "message") {
		events, err := s.markedEvents(ctx, f)
		if err != nil {
			return nil, err
		}
		h, err := s.Histogram(ctx, f.id, HistogramRequest{Buckets: 120})
		if err != nil && CodeOf(err) != CodeIntegrity {
			return nil, err
		}
		extra.Events, extra.From, extra.To, extra.Buckets = events, h.From, h.To, h.Buckets
	}
	shown, extra, _, err := s.shownTo(ctx, f, o.Profile, s.s.documentKey("bundle", f.id, o.Profile, head), whole, extra)
	if err != nil {
		return nil, err
	}
	r, err := review.Build(shown, extra)
	if err != nil {
		return nil, fmt.Errorf("build review: %w", err)
	}
	out := map[string][]byte{}
	if !o.NoReview {
		out["review/review.html"] = page.HTML(r)
		data, err := json.MarshalIndent(r, "", "  ")
		if err != nil {
			return nil, fmt.Errorf("write review: %w", err)
		}
		out["review/review.md"], out["review/review.json"] = document.Markdown(document.Of(r)), append(data, '\n')
	}
	return out, s.custodyPapers(o.Profile, extra, r, shown, out)
}

// custodyPapers adds the custody form and the CASE file, for the profiles that
// have what exhibits are known by.
func (s *Session) custodyPapers(p record.Profile, extra review.Extra, r review.Review, shown []record.Entry, out map[string][]byte) error {
	sealed, err := review.Sealed(shown)
	if err != nil {
		return fmt.Errorf("write custody form: %w", err)
	}
	if len(sealed) == 0 || !carriesEvidence(p) {
		return nil
	}
	c := review.BuildCustody(sealed, shown, review.CustodyExtra{
		Incident: r.Incident, Head: extra.Head, Now: extra.Now, Tool: extra.Tool, Check: s.s.custodyCheck(),
	})
	if out["custody/form.html"], err = c.HTML(); err != nil {
		return err
	}
	out["custody/case.jsonld"], err = c.CASE(r.Actions)
	return err
}

// carriesEvidence says whether a bundle of that profile may carry evidence, and
// what is made of its hashes.
func carriesEvidence(p record.Profile) bool { return p.Discloses(record.EvidenceSealed, "sha256") }
