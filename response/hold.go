package response

import (
	"context"
	"strings"

	"firebreak/incident"
	"firebreak/record"
	"firebreak/store"
)

// PlaceHold places a legal hold: while it stands, nothing of the incident is
// erased. A closed incident can be put on hold too.
func (s *Session) PlaceHold(ctx context.Context, id incident.ID, reason, authority string) error {
	if strings.TrimSpace(reason) == "" {
		return usage("--reason", "a legal hold needs its reason")
	}
	return s.act(ctx, id, record.HoldPlaced, "", record.Hold{Reason: reason, Authority: authority}, func(tx *store.Tx) error {
		h, standing, err := tx.Hold()
		if err == nil && standing {
			return refused("record the further reason with firebreak note, and lift the hold when none is left", "%s is on hold since %s: %s", id, h.At.UTC().Format("2006-01-02"), h.Reason)
		}
		return err
	})
}

// LiftHold ends the legal hold.
func (s *Session) LiftHold(ctx context.Context, id incident.ID, reason, authority string) error {
	if strings.TrimSpace(reason) == "" {
		return usage("--reason", "to lift a legal hold needs a reason")
	}
	return s.act(ctx, id, record.HoldLifted, "", record.Hold{Reason: reason, Authority: authority}, func(tx *store.Tx) error {
		_, standing, err := tx.Hold()
		if err == nil && !standing {
			return refused("", "%s is not on hold", id)
		}
		return err
	})
}

// HoldOf is the hold that stands on an incident, nil for none.
func (s *Session) HoldOf(ctx context.Context, id incident.ID) (*store.Hold, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return nil, err
	}
	return f.hold(ctx)
}

func (f *folder) hold(ctx context.Context) (*store.Hold, error) {
	var out *store.Hold
	err := f.store.View(ctx, func(tx *store.Tx) error {
		h, standing, err := tx.Hold()
		if standing {
			out = &h
		}
		return err
	})
	return out, err
}
