package events

import (
	"context"
	"database/sql"
	"errors"
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

// originCache remembers origins by number. Rows of origin are never changed
// nor deleted, so what it knows stays true. It forgets everything when full.
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

func (o *origin) targets() []any {
	return []any{&o.source, &o.parser, &o.host, &o.user, &o.kind, &o.precision, &o.exhibit, &o.technique}
}

// origin returns the origin with that number.
func (s *snapshot) origin(ctx context.Context, id int64) (origin, error) {
	if o, ok := s.db.origins.get(id); ok {
		return o, nil
	}
	var o origin
	err := s.tx.QueryRowContext(ctx, `SELECT `+originColumns+` FROM origin WHERE id = ?`, id).Scan(o.targets()...)
	if errors.Is(err, sql.ErrNoRows) {
		return o, fmt.Errorf("%w: there is no origin %d", ErrDamaged, id)
	}
	if err != nil {
		return o, fmt.Errorf("read origin: %w", err)
	}
	s.db.origins.put(id, o)
	return o, nil
}

// eachOrigin calls visit for every origin.
func (s *snapshot) eachOrigin(ctx context.Context, visit func(id int64, o origin)) error {
	rows, err := s.tx.QueryContext(ctx, `SELECT id, `+originColumns+` FROM origin`)
	if err != nil {
		return fmt.Errorf("read origins: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		var o origin
		if err := rows.Scan(append([]any{&id}, o.targets()...)...); err != nil {
			return fmt.Errorf("read origins: %w", err)
		}
		visit(id, o)
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read origins: %w", err)
	}
	return nil
}
