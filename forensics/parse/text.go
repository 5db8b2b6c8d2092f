package parse

import (
	"bufio"
	"errors"
	"io"
)

// parseText is for artefacts that people read: they are kept as exhibits and
// give no events. The bytes are read through, so that a damaged one is seen.
func parseText(j *job, r *bufio.Reader) error {
	for {
		if err := j.ctx.Err(); err != nil {
			return err
		}
		_, err := r.Discard(1 << 20)
		if errors.Is(err, io.EOF) {
			j.note("kept as evidence; this kind of file has no events")
			return nil
		}
		if err != nil {
			return err
		}
	}
}
