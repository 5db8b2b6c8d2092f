package response

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"firebreak/incident"
	"firebreak/record"
	"firebreak/record/stamp"
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
	// At are files to compare with exhibits that are known by their hash only.
	At []string
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
			return record.Report{}, usage("it is a workspace's keys/instance.pub, in full; where it is not encrypted, the second line of keys/instance, whose first line is secret", "that is not a verifier key") // not repeated: it could be the secret one
		}
	}
	trusted, slips := s.s.trust()
	st, data, err := s.s.openToVerify(ctx, id)
	if err != nil {
		return record.Report{}, err
	}
	defer func() { _ = st.Close() }() // only read from
	tell(p, "checking the record", 0, 0)
	roster, badLines := s.s.Roster()
	slips = errors.Join(slips, badLines)
	report, err := st.Verify(ctx, store.VerifyOptions{Seals: o.Seals, Trust: append(trusted, o.Trust...), Roster: roster})
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
	if err := s.verifyStamps(ctx, st, &report); follows(ctx, report, err) {
		report.Notes = append(report.Notes, "the time-stamps were not checked: "+err.Error())
	} else if err != nil {
		return report, fmt.Errorf("verify %s: %w", id, err)
	}
	var xs []store.Exhibit
	err = st.View(ctx, func(tx *store.Tx) error {
		if xs, err = tx.Exhibits(); err != nil {
			return err
		}
		c, err := s.s.chains(tx)
		if err == nil {
			report.Notes = append(report.Notes, c.Notes()...)
		} else if report.OK() { // otherwise it follows from a fault that has its name
			return err
		}
		return nil
	})
	if follows(ctx, report, err) {
		report.Notes = append(report.Notes, "the evidence was not checked, for the list of it cannot be read: "+err.Error())
	} else if err != nil {
		return report, fmt.Errorf("verify %s: %w", id, err)
	}
	locker, err := s.s.locker(id, data)
	if err != nil {
		return report, err
	}
	if store.Pending(s.s.Dir(id)) {
		report.Notes = append(report.Notes, "an erasure is not finished: traces of what it names may be left; opening the incident for writing finishes it")
	}
	var elsewhere []store.Exhibit
	for i, x := range xs {
		if x.Erased != "" {
			report.ErasedExhibits++
			continue
		}
		if x.Elsewhere {
			elsewhere = append(elsewhere, x)
			continue
		}
		tell(p, "checking "+x.ID+" "+x.Title, int64(i), int64(len(xs)))
		c, err := locker.Check(ctx, x.Exhibit)
		if err != nil {
			return report, fmt.Errorf("verify exhibit %s: %w", x.ID, err)
		}
		if !c.OK {
			report.Problems = append(report.Problems, record.Problem{Seq: x.Seq, What: record.Damaged, Where: "exhibit " + x.ID + " (evidence/" + x.Blob + "): " + c.Found})
		}
	}
	if err := compareElsewhere(ctx, &report, elsewhere, o.At, p); err != nil {
		return report, fmt.Errorf("verify %s: %w", id, err)
	}
	report.Exhibits = len(xs) - report.ErasedExhibits - len(elsewhere)
	if report.ErasedExhibits > 0 {
		report.Notes = append(report.Notes, plural(report.ErasedExhibits, "exhibit")+" erased with a record: the sealed bytes are gone and were not checked")
	}
	if report.OK() {
		return report, s.s.learn(ctx, id, st)
	}
	return report, nil
}

// follows says that what could not be read is damaged, and that the report names
// the damage already.
func follows(ctx context.Context, r record.Report, err error) bool {
	return errors.Is(err, store.ErrDamaged) && !r.OK() && ctx.Err() == nil
}

// verifyStamps checks the time-stamps of the record against the authorities
// that this workspace believes.
func (s *Session) verifyStamps(ctx context.Context, st *store.Store, report *record.Report) error {
	roots, slips := s.s.authorities()
	var stamped []record.Entry
	err := st.View(ctx, func(tx *store.Tx) (err error) {
		stamped, err = tx.EntriesOf(record.HeadStamped)
		return err
	})
	if err != nil {
		return err
	}
	if slips != nil {
		report.Notes = append(report.Notes, strings.Split(slips.Error(), "\n")...)
	}
	report.Stamped(stamp.CheckAll(stamped, report.Head.Origin, roots))
	return nil
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
