package sqlview

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"sync"

	"firebreak/store/events"
	"firebreak/timeline"
)

// How a cursor is to deliver: the bits of table.h.
const (
	ascending = 1 << iota
	descending
	asRuns
	backwards
	once
	onlyCount
)

// Sizes of what is packed at a time: small at first, so that a query with a
// LIMIT reads little, then larger.
const (
	firstRows = 32
	mostRows  = 1024
	mostText  = 1 << 20
)

// scan is one use of the table events in a running statement. A goroutine reads
// ahead by one batch.
type scan struct {
	ready  chan *rows // packed, not yet given to C
	free   chan *rows
	given  *rows
	view   *view
	stop   context.CancelFunc
	ended  sync.WaitGroup
	err    error // set before ready is closed
	pinned pins
}

var errStopped = errors.New("stopped")

// start begins to read. The context ends with the statement.
func (v *view) start(ctx context.Context, flags int, used uint64, w wanted) *scan {
	ctx, stop := context.WithCancel(ctx)
	s := &scan{view: v, ready: make(chan *rows, 1), free: make(chan *rows, 3), stop: stop}
	for range cap(s.free) {
		s.free <- &rows{}
	}
	v.running.Add(1)
	s.ended.Go(func() {
		defer v.running.Add(-1)
		defer close(s.ready)
		d := &delivery{view: v, scan: s, ctx: ctx, most: firstRows, packer: packer{marks: v.marks, sealed: v.tables.Sealed, files: &v.files}}
		if w.limit > 0 {
			d.most = int(min(max(w.limit, 1), mostRows))
		}
		for rest := used; rest != 0; rest &= rest - 1 {
			d.packer.wanted = append(d.packer.wanted, column(bits.TrailingZeros64(rest)))
		}
		d.bare = used&(1<<colMessage|1<<colAttributes) == 0
		err := d.all(flags, w)
		if err == nil && d.rows != nil && d.rows.n > 0 {
			err = d.send()
		}
		if errors.Is(err, errStopped) {
			err = ctx.Err() // never taken for the end of the events
		}
		s.err = err
	})
	return s
}

// next is the next batch, nil at the end.
func (s *scan) next() (*rows, error) {
	if s.given != nil {
		s.pinned.release()
		s.given.reset()
		s.free <- s.given
		s.given = nil
	}
	r, more := <-s.ready
	if !more {
		return nil, s.err
	}
	s.given = r
	return r, nil
}

// close ends the scan and waits for it.
func (s *scan) close() {
	s.stop()
	for range s.ready { // what was read ahead is dropped
	}
	s.ended.Wait()
	s.pinned.release()
}

// delivery packs what a scan reads.
type delivery struct {
	view   *view
	scan   *scan
	ctx    context.Context //nolint:containedctx // that of the scan
	packer packer
	rows   *rows
	most   int
	bare   bool // no text is wanted
}

func (d *delivery) all(flags int, w wanted) error {
	if w.none {
		return nil
	}
	switch {
	case flags&onlyCount != 0:
		n, err := d.view.tables.Events.Count(d.ctx, w.filter)
		if err != nil || n == 0 {
			return err
		}
		if err := d.room(); err != nil {
			return err
		}
		d.rows.n = 1
		d.rows.cells = append(d.rows.cells, cell{v: n, n: 1, t: typeInteger})
		return nil
	case flags&asRuns != 0:
		return d.runs(flags, w)
	case flags&(ascending|descending) == 0:
		return d.each(w.filter, false)
	}
	// NULL is the smallest value of SQL: undated events come before all others,
	// or behind them.
	dated, ok := parse(anyTime)
	undated, also := parse("-" + anyTime)
	if !ok || !also {
		return errors.New("the filters for dated and undated events cannot be read")
	}
	parts := []timeline.Filter{w.filter.And(undated), w.filter.And(dated)}
	if w.dated {
		parts = parts[1:]
	}
	if flags&descending != 0 {
		slices.Reverse(parts)
	}
	for _, f := range parts {
		if err := d.each(f, flags&descending != 0); err != nil {
			return err
		}
	}
	return nil
}

// anyTime is the filter for events that have one.
const anyTime = "after:0001-01-01T00:00:00.000000001Z"

// each delivers in the order of time, or the other way round.
func (d *delivery) each(f timeline.Filter, back bool) error {
	return d.view.tables.Events.Scan(d.ctx, f, events.Request{End: back, Bare: d.bare}, d.add)
}

// runs delivers the values of one column, each with the number of its events.
func (d *delivery) runs(flags int, w wanted) error {
	field := columns[d.packer.wanted[0]].field
	values, err := d.view.tables.Events.Values(d.ctx, w.filter, field, "", events.ValuesOptions{Limit: events.MaxValues})
	if err != nil {
		return err
	}
	none, ok := parse(columns[d.packer.wanted[0]].Name + `:""`)
	if !ok {
		return errors.New("the filter for events without a value cannot be read")
	}
	if len(values) == events.MaxValues { // there may be more: one by one
		return d.tally(flags, w, field)
	}
	n, err := d.view.tables.Events.Count(d.ctx, w.filter.And(none))
	if err != nil {
		return err
	}
	if n > 0 {
		values = append(values, events.Value{Count: n})
	}
	return d.sorted(flags, values)
}

// tally counts values that are too many for one answer of the engine.
func (d *delivery) tally(flags int, w wanted, field timeline.Field) error {
	counts := make(map[string]int64)
	err := d.view.tables.Events.Scan(d.ctx, w.filter, events.Request{}, func(e *timeline.Event) error {
		value := field.Value(e, "")
		if _, there := counts[value]; !there {
			value = strings.Clone(value)
		}
		counts[value]++
		return nil
	})
	if err != nil {
		return err
	}
	values := make([]events.Value, 0, len(counts))
	for value, n := range counts {
		values = append(values, events.Value{Value: value, Count: n})
	}
	return d.sorted(flags, values)
}

func (d *delivery) sorted(flags int, values []events.Value) error {
	slices.SortFunc(values, func(a, b events.Value) int {
		if flags&backwards != 0 {
			a, b = b, a
		}
		return cmp.Compare(a.Value, b.Value)
	})
	for _, v := range values {
		if err := d.room(); err != nil {
			return err
		}
		if flags&once != 0 {
			v.Count = 1
		}
		d.rows.run(v.Value, v.Count)
	}
	return nil
}

func (d *delivery) add(e *timeline.Event) error {
	if err := d.room(); err != nil {
		return err
	}
	rowid, ok := d.packer.rowid(e.ID)
	if !ok && d.view.rowids.Load() {
		return fmt.Errorf("more than %d exhibits in one query by rowid: name the columns instead", maxFiles)
	}
	d.packer.add(d.rows, rowid, e)
	return nil
}

// room makes place for one more row, and hands on what is full.
func (d *delivery) room() error {
	if d.rows != nil && (d.rows.n >= d.most || len(d.rows.text) >= mostText) {
		if err := d.send(); err != nil {
			return err
		}
		d.most = min(2*d.most, mostRows)
	}
	if d.rows != nil {
		return nil
	}
	select {
	case d.rows = <-d.scan.free:
		return nil
	case <-d.ctx.Done():
		return errStopped
	}
}

func (d *delivery) send() error {
	select {
	case d.scan.ready <- d.rows:
		d.rows = nil
		return nil
	case <-d.ctx.Done():
		return errStopped
	}
}
