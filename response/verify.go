package response

import (
	"context"
	"fmt"

	"firebreak/incident"
	"firebreak/record"
	"firebreak/store"
)

// Verify recomputes everything: the tree, the heads, their signatures, the
// projections by replay, and the sealed bytes of every exhibit. A problem is
// part of the report, not an error.
func (s *Session) Verify(ctx context.Context, id incident.ID, p ProgressFunc) (record.Report, error) {
	st, err := s.s.openToVerify(ctx, id)
	if err != nil {
		return record.Report{}, err
	}
	defer func() { _ = st.Close() }() // only read from
	tell(p, "checking the record", 0, 0)
	report, err := st.Verify(ctx, store.VerifyOptions{})
	if err != nil {
		return report, fmt.Errorf("verify %s: %w", id, err)
	}
	var xs []store.Exhibit
	err = st.View(ctx, func(tx *store.Tx) error {
		xs, err = tx.Exhibits()
		return err
	})
	if err != nil {
		return report, fmt.Errorf("verify %s: %w", id, err)
	}
	locker := s.s.locker(id)
	for i, x := range xs {
		tell(p, "checking "+x.ID+" "+x.Title, int64(i), int64(len(xs)))
		c, err := locker.Check(ctx, x.Exhibit)
		if err != nil {
			return report, fmt.Errorf("verify exhibit %s: %w", x.ID, err)
		}
		if !c.OK {
			report.Problems = append(report.Problems, record.Problem{Seq: x.Seq, What: record.Damaged, Where: "exhibit " + x.ID + " (evidence/" + x.Blob + "): " + c.Found})
		}
	}
	report.Exhibits = len(xs)
	return report, nil
}

// openToVerify opens the incident to be looked at, whatever state it is in.
func (s *Service) openToVerify(ctx context.Context, id incident.ID) (*store.Store, error) {
	o := s.storeOptions()
	o.ReadOnly = true
	st, err := store.Open(ctx, s.Dir(id), o)
	if err != nil {
		return nil, &Error{Code: CodeIntegrity, Err: fmt.Errorf("verify %s: %w", id, err)}
	}
	return st, nil
}
