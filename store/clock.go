package store

import (
	"database/sql"
	"errors"
	"fmt"
	"time"

	"firebreak/incident"
	"firebreak/record"
)

// tolerance is how far the wall clock may run from the machine's steady clock
// between two entries. A slew by NTP bends both clocks alike, and a suspended
// machine's steady clock goes on; after it wakes the wall clock comes from a
// chip that counts whole seconds. What is beyond two was set by somebody.
const tolerance = 2 * time.Second

// reading is what the clocks said when an update began. Both are read at once:
// what decides may take its time.
type reading struct {
	now  time.Time
	mono int64
	boot string
}

func (s *Store) readClocks() reading {
	r := reading{now: s.opts.Now().UTC()}
	r.mono, r.boot = s.opts.Monotonic()
	return r
}

// jumped compares the clocks with those of the entry before, and returns the
// entry that has to stand before the act when the wall clock was set. Between
// two boots the time that passed is not known; that it went back is.
func (s *Store) jumped(tx *Tx, at reading) (*record.Draft, error) {
	var last []byte
	err := tx.tx.QueryRowContext(tx.ctx, "SELECT line FROM entries ORDER BY seq DESC LIMIT 1").Scan(&last)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the time of the last entry: %w", explain(err))
	}
	before, err := record.ParseLine(last)
	if err != nil {
		return nil, nil //nolint:nilerr // there is no time to compare with; verify names the line
	}
	jump := record.ClockJump{By: at.now.Sub(before.Time), Before: before.Time}
	if known := at.boot != "" && at.boot == before.Boot && at.mono >= before.Mono; known {
		jump.Elapsed = time.Duration(at.mono - before.Mono)
		jump.By -= jump.Elapsed
	} else if jump.By > 0 {
		return nil, nil
	}
	if jump.By.Abs() <= tolerance {
		return nil, nil
	}
	return s.remark(tx, record.ClockJumped, jump)
}

// remark is an entry of the store's own.
func (s *Store) remark(tx *Tx, kind record.Kind, payload any) (*record.Draft, error) {
	inc, err := tx.Incident()
	if err != nil {
		return nil, err
	}
	by := s.opts.Self
	if by == (incident.Actor{}) {
		by.Name = "firebreak"
	}
	d, err := record.NewDraft(by, kind, inc.Phase, "", payload)
	return &d, err
}
