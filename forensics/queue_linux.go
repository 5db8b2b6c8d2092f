package forensics

import (
	"context"
	"errors"

	"golang.org/x/sys/unix"

	"firebreak/record"
)

// together is a sink that takes several exhibits at once. Most of the time that
// a small file costs is waiting for the disk.
type together interface{ Together() int }

// queue seals files beside each other and hands them over in the order in which
// they were begun.
type queue struct {
	c    *collection
	most int
	wait []*sealing
}

// sealing is a file on its way.
type sealing struct {
	e    record.Exhibit
	h    *handle
	in   *bounded
	now  unix.Statx_t
	err  error // of the sink or the file
	look error // of the second look
	need int64 // what was counted for it in advance
	done chan struct{}
}

func (c *collection) queue() *queue {
	q := &queue{c: c, most: 1}
	if t, ok := c.Sink.(together); ok {
		q.most = t.Together()
	}
	return q
}

// put begins to seal an open file, whose descriptors it closes.
func (q *queue) put(ctx context.Context, s *sealing) error {
	s.done = make(chan struct{})
	go func() {
		defer close(s.done)
		s.e, s.err = q.c.Sink.Seal(ctx, s.in, s.e)
		s.look = statx(int(s.in.f.Fd()), "", unix.AT_EMPTY_PATH, &s.now)
		s.err = errors.Join(s.err, s.in.f.Close(), s.h.close())
	}()
	q.wait = append(q.wait, s)
	if len(q.wait) < q.most {
		return nil
	}
	return q.next(ctx)
}

// next hands the oldest over.
func (q *queue) next(ctx context.Context) error {
	s := q.wait[0]
	q.wait = q.wait[1:]
	<-s.done
	return q.c.sealedFile(ctx, s)
}

// drain hands over all that is on its way.
func (q *queue) drain(ctx context.Context) error { return q.stop(ctx, nil) }

// stop does too, after an error: what was sealed stays, and is told of.
func (q *queue) stop(ctx context.Context, err error) error {
	for len(q.wait) > 0 {
		err = errors.Join(err, q.next(context.WithoutCancel(ctx)))
	}
	return err
}
