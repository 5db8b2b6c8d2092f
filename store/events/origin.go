package events

import (
	"context"
	"database/sql/driver"
	"fmt"
	"sync"

	"firebreak/timeline"
)

// origin is everything that repeats from event to event.
type origin struct {
	source, parser, host, user, kind, precision, exhibit, technique string
}

func originOf(e *timeline.Event) origin {
	return origin{
		source: e.Source, parser: e.Parser, host: e.Host, user: e.User, kind: string(e.TimeKind),
		precision: string(e.Precision), exhibit: e.Exhibit, technique: e.Technique,
	}
}

func (o origin) fill(e *timeline.Event) {
	e.Source, e.Parser, e.Host, e.User = o.source, o.parser, o.host, o.user
	e.TimeKind, e.Precision = timeline.TimeKind(o.kind), timeline.Precision(o.precision)
	e.Exhibit, e.Technique = o.exhibit, o.technique
}

// originCache remembers origins by number. Rows of origin are never deleted, and
// changed only when no event has them any more, so what it knows stays true. It
// forgets everything when full.
type originCache struct {
	mu   sync.Mutex
	byID map[int64]origin
}

const originsRemembered = 100_000

func newOriginCache() *originCache { return &originCache{byID: make(map[int64]origin)} }

func (c *originCache) put(id int64, o origin) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.byID) >= originsRemembered {
		clear(c.byID)
	}
	c.byID[id] = o
}

func (c *originCache) get(id int64) (origin, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	o, ok := c.byID[id]
	return o, ok
}

const originColumns = `source, parser, host, user, kind, precision, exhibit, technique`

// read fills the origin from a row of originColumns.
func (o *origin) read(row []driver.Value) (err error) {
	for i, p := range []*string{&o.source, &o.parser, &o.host, &o.user, &o.kind, &o.precision, &o.exhibit, &o.technique} {
		if *p, err = text(row[i]); err != nil {
			return err
		}
	}
	return nil
}

// origin returns the origin with that number.
func (s *snapshot) origin(ctx context.Context, id int64) (origin, error) {
	if o, ok := s.cache.get(id); ok {
		return o, nil
	}
	var o origin
	found := false
	err := s.each(ctx, `SELECT `+originColumns+` FROM origin WHERE id = ?`, []any{id}, func(row []driver.Value) (bool, error) {
		found = true
		return false, o.read(row)
	})
	switch {
	case err != nil:
		return o, fmt.Errorf("read origin: %w", err)
	case !found:
		return o, fmt.Errorf("%w: there is no origin %d", ErrDamaged, id)
	}
	s.cache.put(id, o)
	return o, nil
}

// eachOrigin calls visit for every origin.
func (s *snapshot) eachOrigin(ctx context.Context, visit func(id int64, o origin)) error {
	err := s.each(ctx, `SELECT `+originColumns+`, id FROM origin`, nil, func(row []driver.Value) (bool, error) {
		var o origin
		if err := o.read(row); err != nil {
			return false, err
		}
		id, err := integer(row[8])
		visit(id, o)
		return true, err
	})
	if err != nil {
		return fmt.Errorf("read origins: %w", err)
	}
	return nil
}
