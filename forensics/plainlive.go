package forensics

import (
	"context"
	"errors"

	"firebreak/record"
)

// liveState is something of the running system that lies in no file: a line of
// JSON for each thing there is.
type liveState struct {
	kind, title, source, format, method string
	logs                                bool // of the profile logs
	fill                                func(context.Context, *liveReading) error
}

// liveReading is the reading of one.
type liveReading struct {
	*plainCollection
	*rows
}

// live takes the live state, what changes soonest first.
func (c *plainCollection) live(ctx context.Context, profile string) error {
	if c.origin != record.OriginLive {
		if profile == Volatile {
			c.refuse("/", refuse("live state: files have none"))
		}
		return nil
	}
	states := liveStates()
	if len(states) == 0 && profile == Volatile {
		c.refuse("/", refuse("live state: this program does not read it on this system"))
	}
	for _, s := range states {
		if profile == Logs && !s.logs {
			continue
		}
		c.now = s.kind
		c.Progress(s.kind, 0, 0)
		r := &rows{}
		e := c.exhibit(s.kind, s.title, s.source, s.format, s.method)
		e, err := sealWritten(ctx, c.Sink, e, r.write(func(r *rows) error { return s.fill(ctx, &liveReading{c, r}) }))
		var no *refusal
		switch {
		case err == nil:
			e.Deviations = append(e.Deviations, r.note...)
			err = c.hand(e)
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.As(err, &no):
			c.refuse(e.Source, no)
			err = nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}
