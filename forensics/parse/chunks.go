package parse

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"sync"
	"unicode/utf8"
)

// The sizes of chunks. A file begins with small ones: most files are small, and
// the first events of a large one are to be seen soon.
const (
	firstChunk = 64 << 10
	chunkSize  = 256 << 10 // larger ones are no quicker
	maxWorkers = 16
)

// lineReader reads the lines of a format whose lines, or records of several
// lines, do not depend on each other. Chunks of an artefact are read by several
// at once, each with a job of its own.
type lineReader interface {
	// begin says that a chunk follows. What stands above it is not known.
	begin()
	// line reads a line that is not empty.
	line(ln line) error
	// settle is called when the chunk was read and all chunks before it are
	// settled: the reader above, which knows all that stands above this chunk,
	// reads the lines at the chunk's beginning that only it understands, and
	// takes over the record that the chunk leaves open.
	settle(above lineReader, c *chunk) error
	// finish ends the artefact.
	finish() error
}

// each is the lineReader of formats whose records are single lines.
type each func(line) error

func (each) begin()                          {}
func (f each) line(ln line) error            { return f(ln) }
func (each) settle(lineReader, *chunk) error { return nil }
func (each) finish() error                   { return nil }

// chunk is a stretch of an artefact that ends where a line ends.
type chunk struct {
	n      int // its number
	data   []byte
	offset int64 // of its first byte in the plain stream
	over   int64 // bytes of its last line, with its end, that were too many to keep
	end    byte  // what ends a line
}

// lines calls f for every line of the chunk that is not empty, up to the
// offset to (in the chunk). The texts stay as they are until the chunk is done.
func (c *chunk) lines(to int, f func(line) error) error {
	valid := to > 0 && utf8.Valid(c.data) && bytes.IndexByte(c.data, 0) < 0
	for at := 0; at < to; {
		ln := line{offset: c.offset + int64(at), held: true, valid: valid}
		i := bytes.IndexByte(c.data[at:], c.end)
		if i < 0 {
			ln.text, ln.size = c.data[at:], int64(len(c.data)-at)+c.over
			at = len(c.data)
		} else {
			ln.text, ln.size = c.data[at:at+i], int64(i+1)
			at += i + 1
		}
		if n := len(ln.text); n > maxLine || i < 0 && c.over > 0 {
			ln.text, ln.cut, ln.valid = ln.text[:min(n, maxLine)], true, false
		} else if n > 0 && ln.text[n-1] == '\r' {
			ln.text = ln.text[:n-1]
		}
		if ln.offset == 0 {
			ln.text = bytes.TrimPrefix(ln.text, bomUTF8)
		}
		if len(ln.text) == 0 {
			continue
		}
		if err := f(ln); err != nil {
			return err
		}
	}
	return nil
}

// inChunks is a parser that reads chunks of lines at once, as many as the job
// has workers; read makes a reader for each.
func inChunks(read func(*job) lineReader) func(*job, *bufio.Reader) error {
	return func(j *job, r *bufio.Reader) error { return readChunks(j, r, read) }
}

// reading is the reading of one artefact in chunks.
type reading struct {
	all   *job
	above lineReader
	todo  chan *chunk
	free  chan []byte
	stop  context.CancelCauseFunc
	from  io.Reader
	ended error // of the stream; to be read when todo is closed

	mu   sync.Mutex
	next *sync.Cond
	turn int // the chunk that is settled next
}

func readChunks(j *job, r io.Reader, read func(*job) lineReader) error {
	ctx, stop := context.WithCancelCause(j.ctx)
	defer stop(nil)
	workers := max(1, j.workers)
	d := &reading{
		all: j, above: read(j), todo: make(chan *chunk, 1), free: make(chan []byte, workers+2), stop: stop, from: r,
	}
	d.next = sync.NewCond(&d.mu)
	for range cap(d.free) {
		d.free <- nil
	}
	forgetting := context.AfterFunc(ctx, func() { // whoever waits for its turn looks again
		d.mu.Lock()
		defer d.mu.Unlock()
		d.next.Broadcast()
	})
	defer forgetting()
	var wg sync.WaitGroup
	wg.Go(func() { d.cut(ctx) })
	for range workers {
		f := j.fork()
		f.ctx = ctx
		wg.Go(func() {
			if err := d.work(ctx, f, read(f)); err != nil {
				stop(err)
			}
		})
	}
	wg.Wait()
	if j.ctx.Err() != nil {
		return j.ctx.Err()
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err := d.above.finish(); err != nil {
		return err
	}
	return d.ended
}

// work reads chunks until there are none.
func (d *reading) work(ctx context.Context, f *job, r lineReader) error {
	for c := range d.todo {
		r.begin()
		err := c.lines(len(c.data), r.line)
		if err == nil {
			err = d.settle(ctx, f, r, c)
		}
		if err == nil {
			err = f.flush() // its texts lie in the chunk
		}
		if err != nil {
			return err
		}
		d.free <- c.data
	}
	return nil
}

// settle waits until the chunk has its turn, and puts it behind the one before.
func (d *reading) settle(ctx context.Context, f *job, r lineReader, c *chunk) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for d.turn != c.n {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		d.next.Wait()
	}
	if err := r.settle(d.above, c); err != nil {
		return err
	}
	d.all.merge(f)
	d.turn++
	d.next.Broadcast()
	return nil
}
