package events

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"

	"firebreak/store/events/segment"
)

// worker answers a part of a query: a connection at the query's moment, and a
// reader with its buffers. It belongs to one goroutine.
type worker struct {
	ctx context.Context //nolint:containedctx // a worker lives as long as the query that made it
	db  *DB
	s   *snapshot
	buffers
	open *entry
}

// buffers outlive the query: the next one takes them over.
type buffers struct {
	r       *segment.Reader
	folded  []byte // the raw text of a block in lower case
	foldsOf struct {
		segment int64
		block   int
	}
	// Codes and stamps of a block that lies in two chunks.
	rowCodes []uint16
	stamps   []int64
	spare    []*bitmap
}

func (w *worker) use(e *entry) {
	if w.open == e {
		return
	}
	w.open = e
	w.r.Open(e.meta, w.s.parts(e.id))
	w.foldsOf.segment = -1
}

// bitmap lends a set of rows; give returns it.
func (w *worker) bitmap() *bitmap {
	if n := len(w.spare); n > 0 {
		b := w.spare[n-1]
		w.spare = w.spare[:n-1]
		return b
	}
	return new(bitmap)
}

func (w *worker) give(b *bitmap) { w.spare = append(w.spare, b) }

// rowsOf is where the rows of a block lie in their chunks: most often in one.
func (w *worker) codesOf(c segment.Column, b *segment.Block) ([]uint16, error) {
	chunk, from := b.Row/segment.ChunkRows, b.Row%segment.ChunkRows
	codes, err := w.r.Codes(c, chunk)
	if err != nil {
		return nil, err
	}
	if from+b.Rows <= len(codes) {
		return codes[from : from+b.Rows], nil
	}
	w.rowCodes = append(w.rowCodes[:0], codes[from:]...)
	if codes, err = w.r.Codes(c, chunk+1); err != nil {
		return nil, err
	}
	w.rowCodes = append(w.rowCodes, codes[:b.Rows-len(w.rowCodes)]...)
	return w.rowCodes, nil
}

// stampsOf is the times of a block's rows.
func (w *worker) stampsOf(b *segment.Block) ([]int64, error) {
	chunk, from := b.Row/segment.ChunkRows, b.Row%segment.ChunkRows
	stamps, err := w.r.Times(chunk)
	if err != nil {
		return nil, err
	}
	if from+b.Rows <= len(stamps) {
		return stamps[from : from+b.Rows], nil
	}
	w.stamps = append(w.stamps[:0], stamps[from:]...)
	if stamps, err = w.r.Times(chunk + 1); err != nil {
		return nil, err
	}
	w.stamps = append(w.stamps, stamps[:b.Rows-len(w.stamps)]...)
	return w.stamps, nil
}

// crew is the workers of one query, one for each core. The first is the
// goroutine that asks; the others are its helpers, where some are free.
type crew struct {
	first    *worker
	entries  []*entry
	jobs     chan *job
	helpers  sync.WaitGroup
	stop     context.CancelFunc
	helping  int // how many helpers there may be
	launched int
	ctx      context.Context //nolint:containedctx // see worker
	db       *DB
}

// errMoved ends a helper whose connection shows another moment.
var errMoved = errors.New("the timeline moved on")

// query calls do with a crew that looks at one moment of the timeline.
func (db *DB) query(ctx context.Context, do func(*crew) error) error {
	return db.view(ctx, func(s *snapshot) error {
		entries, err := s.segments()
		if err != nil {
			return err
		}
		helping, stop := context.WithCancel(ctx)
		c := &crew{
			first: db.worker(ctx, s), entries: entries, jobs: make(chan *job, runtime.GOMAXPROCS(0)), stop: stop,
			helping: min(runtime.GOMAXPROCS(0), mostWorkers) - 1, ctx: helping, db: db,
		}
		defer func() {
			close(c.jobs)
			stop()
			c.helpers.Wait()
			db.done(c.first)
		}()
		return do(c)
	})
}

// mostWorkers bounds the memory of a query: each worker has buffers for a block
// and for the words of a segment.
const mostWorkers = 4

// worker takes buffers that an earlier query left.
func (db *DB) worker(ctx context.Context, s *snapshot) *worker {
	w := &worker{ctx: ctx, db: db, s: s}
	db.spare.mu.Lock()
	defer db.spare.mu.Unlock()
	if n := len(db.spare.buffers); n > 0 {
		w.buffers = db.spare.buffers[n-1]
		db.spare.buffers = db.spare.buffers[:n-1]
		return w
	}
	w.buffers = buffers{r: segment.NewCachedReader(&db.cache)}
	return w
}

func (db *DB) done(w *worker) {
	db.spare.mu.Lock()
	defer db.spare.mu.Unlock()
	if len(db.spare.buffers) < mostWorkers {
		db.spare.buffers = append(db.spare.buffers, w.buffers)
	}
}

// spare is what queries leave for the next one.
type spare struct {
	mu      sync.Mutex
	buffers []buffers
}

// launch starts helpers, as many as are free. It never waits for one: those of
// other queries may be kept until this one is done, where a query is asked for
// within the visits of another. With its own connection alone it is done too.
func (c *crew) launch() {
	for c.launched < c.helping {
		select {
		case c.db.helpers <- struct{}{}:
		default:
			return
		}
		c.launched++
		c.helpers.Go(func() {
			defer func() { <-c.db.helpers }()
			// A helper that fails to start, or sees another moment, is missed by
			// nobody: the first worker does all that is left.
			_ = c.db.view(c.ctx, c.help)
		})
	}
}

func (c *crew) help(s *snapshot) error {
	entries, err := s.segments()
	if err != nil {
		return err
	}
	if !sameSegments(entries, c.entries) {
		return errMoved
	}
	w := c.db.worker(c.ctx, s)
	defer c.db.done(w)
	for j := range c.jobs {
		j.work(w)
	}
	return nil
}

func sameSegments(a, b []*entry) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].id != b[i].id {
			return false
		}
	}
	return true
}

// job is n tasks that workers share.
type job struct {
	n    int
	next atomic.Int64
	do   func(w *worker, i int) error

	mu      sync.Mutex
	closed  bool
	workers sync.WaitGroup
	err     error
}

// work takes tasks until none is left or one failed.
func (j *job) work(w *worker) {
	j.mu.Lock()
	if j.closed {
		j.mu.Unlock()
		return
	}
	j.workers.Add(1)
	j.mu.Unlock()
	defer j.workers.Done()
	for {
		i := int(j.next.Add(1)) - 1
		if i >= j.n {
			return
		}
		err := w.ctx.Err()
		if err == nil {
			err = j.do(w, i)
		}
		if err != nil {
			j.mu.Lock()
			if j.err == nil {
				j.err = err
			}
			j.mu.Unlock()
			j.next.Store(int64(j.n))
			return
		}
	}
}

// each does n tasks, in parallel where there are several. The first error ends
// it.
func (c *crew) each(n int, do func(w *worker, i int) error) error {
	j := &job{n: n, do: do}
	if n > 1 && c.helping > 0 {
		c.launch()
		for range min(n-1, c.helping) {
			select {
			case c.jobs <- j:
			default: // a helper has not come to the last one yet
			}
		}
	}
	j.work(c.first)
	j.mu.Lock()
	j.closed = true
	j.mu.Unlock()
	j.workers.Wait()
	return j.err
}
