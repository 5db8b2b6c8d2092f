package forensics

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"

	"firebreak/record"
)

// rows is the writer of a snapshot's JSON lines.
type rows struct {
	enc  *json.Encoder
	n    int64
	note []string // deviations found on the way
}

// add writes one line.
func (r *rows) add(line any) error {
	r.n++
	return r.enc.Encode(line)
}

// noteOnce adds a deviation unless it is there.
func (r *rows) noteOnce(text string) {
	if !slices.Contains(r.note, text) {
		r.note = append(r.note, text)
	}
}

// write is what sealWritten takes: the lines that fill adds.
func (r *rows) write(fill func(*rows) error) func(*bufio.Writer) error {
	return func(w *bufio.Writer) error {
		r.enc = json.NewEncoder(w)
		r.enc.SetEscapeHTML(false)
		return fill(r)
	}
}

// sealWritten seals what write produces, as it does so.
func sealWritten(ctx context.Context, sink Sealer, e record.Exhibit, write func(*bufio.Writer) error) (record.Exhibit, error) {
	in, out := io.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		w := bufio.NewWriterSize(out, 64<<10)
		err := write(w)
		if err == nil {
			err = w.Flush()
		}
		_ = out.CloseWithError(err) // never fails
	}()
	e, err := sink.Seal(ctx, in, e)
	_ = in.CloseWithError(errStopped) // never fails; ends a writer that is still at work
	<-done
	return e, err
}

var errStopped = errors.New("the snapshot was stopped")
