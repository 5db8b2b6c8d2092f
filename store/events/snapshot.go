package events

import (
	"context"
	"errors"
	"fmt"

	"firebreak/store/events/segment"
)

// snapshot is one consistent view of the timeline: what others write
// meanwhile is not in it.
type snapshot struct {
	session
	ctx     context.Context //nolint:containedctx // a snapshot lives as long as the call that made it
	db      *DB
	lookup  lookup
	entries []*entry
	listed  bool
}

// view calls do with a snapshot. A cancelled context stops what runs in it.
func (db *DB) view(ctx context.Context, do func(*snapshot) error) error {
	conn, err := db.read.Conn(ctx)
	if err != nil {
		return db.explain(err)
	}
	defer conn.Close() //nolint:errcheck // gives the connection back to the pool
	err = on(conn, func(s session) error {
		if _, err := s.exec(ctx, `BEGIN`); err != nil {
			return err
		}
		sn := &snapshot{session: s, ctx: ctx, db: db, lookup: lookup{session: s}}
		err := errors.Join(do(sn), sn.lookup.close())
		if _, end := s.exec(context.WithoutCancel(ctx), `ROLLBACK`); err == nil {
			err = end
		}
		return err
	})
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return db.explain(err)
}

// segments are the timeline's, by id. They are shared: nobody may change them.
func (s *snapshot) segments() (entries []*entry, err error) {
	if !s.listed {
		if s.entries, _, err = s.db.catalogue.segments(s.ctx, s.session); err != nil {
			return nil, err
		}
		s.listed = true
	}
	return s.entries, nil
}

// parts are those of the segment with that id.
func (s *snapshot) parts(id int64) segment.Parts {
	entries, err := s.segments()
	if i, ok := find(entries, id); err == nil && ok {
		return &parts{l: &s.lookup, e: entries[i]}
	}
	return noParts{id: id, err: err}
}

// noParts are the parts of a segment that is not there.
type noParts struct {
	id  int64
	err error
}

func (p noParts) Part(segment.Kind, int) ([]byte, error) {
	if p.err != nil {
		return nil, p.err
	}
	return nil, fmt.Errorf("read segment %d: there is none", p.id)
}
