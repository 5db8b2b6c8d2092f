package response

import (
	"context"
	"fmt"
	"strings"

	"firebreak/incident"
	"firebreak/record"
	"firebreak/store"
	"firebreak/store/keys"
)

// Verify recomputes everything: the tree, the heads, their signatures, the
// projections by replay, and the sealed bytes of every exhibit. A problem is
// part of the report, not an error.
func (s *Session) Verify(ctx context.Context, id incident.ID, p ProgressFunc) (record.Report, error) {
	return s.VerifyAgainst(ctx, id, VerifyOptions{}, p)
}

// VerifyOptions is what a verification compares with from outside.
type VerifyOptions struct {
	// Seals are heads that somebody kept elsewhere, as they are printed in
	// messages and reviews: they show whether the past was rewritten.
	Seals []string
	// Trust are verifier keys to accept beside this workspace's own and those
	// of keys/trusted.
	Trust []string
}

// VerifyAgainst is Verify with what somebody outside knows.
func (s *Session) VerifyAgainst(ctx context.Context, id incident.ID, o VerifyOptions, p ProgressFunc) (record.Report, error) {
	for _, text := range o.Seals {
		if _, err := record.ParseSeal(text); err != nil {
			return record.Report{}, usage("as it is printed: \""+string(id)+" @12 9f2c…\" with all 64 digits", "%w", err)
		}
	}
	for _, text := range o.Trust {
		if _, err := record.ParseKeys(text); err != nil {
			return record.Report{}, usage("it is the second line of a workspace's keys/instance, in full; the first line is secret", "that is not a verifier key") // not repeated: it could be the secret one
		}
	}
	trusted, slips := s.s.trust()
	st, data, err := s.s.openToVerify(ctx, id)
	if err != nil {
		return record.Report{}, err
	}
	defer func() { _ = st.Close() }() // only read from
	tell(p, "checking the record", 0, 0)
	report, err := st.Verify(ctx, store.VerifyOptions{Seals: o.Seals, Trust: append(trusted, o.Trust...)})
	if err != nil {
		return report, fmt.Errorf("verify %s: %w", id, err)
	}
	if st.ID() != id {
		report.Problems = append(report.Problems, record.Problem{What: record.BadHead, Where: "the folder of " + string(id) + " holds incident " + string(st.ID())})
	}
	if err := s.s.verifyKnown(ctx, id, st, &report); err != nil {
		return report, fmt.Errorf("verify %s: %w", id, err)
	}
	if slips != nil {
		report.Notes = append(report.Notes, strings.Split(slips.Error(), "\n")...)
	}
	var xs []store.Exhibit
	err = st.View(ctx, func(tx *store.Tx) error {
		xs, err = tx.Exhibits()
		return err
	})
	if err != nil {
		return report, fmt.Errorf("verify %s: %w", id, err)
	}
	locker, err := s.s.locker(id, data)
	if err != nil {
		return report, err
	}
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
	if report.OK() {
		return report, s.s.learn(ctx, id, st)
	}
	return report, nil
}

// openToVerify opens the incident to be looked at, whatever state it is in.
func (s *Service) openToVerify(ctx context.Context, id incident.ID) (*store.Store, *keys.DataKey, error) {
	data, err := s.dataKey(id, s.Dir(id))
	if err != nil {
		return nil, nil, err
	}
	o := s.storeOptions(data)
	o.ReadOnly = true
	st, err := store.Open(ctx, s.Dir(id), o)
	if err != nil {
		return nil, nil, &Error{Code: CodeIntegrity, Err: fmt.Errorf("verify %s: %w", id, err)}
	}
	return st, data, nil
}
