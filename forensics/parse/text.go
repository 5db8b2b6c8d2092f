package parse

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// parseText is for artefacts that people read, and for what nobody here reads:
// they are kept as exhibits and give no events. The bytes are read through, so
// that a damaged one is seen.
func parseText(j *job, r *bufio.Reader) error {
	head, err := r.Peek(len(magicXz))
	if err != nil && len(head) == 0 && errors.Is(err, io.EOF) {
		j.note("the file is empty")
		return nil
	}
	for _, magic := range [][]byte{magicGzip, magicXz, magicZstd, magicBzip2} {
		if bytes.HasPrefix(head, magic) {
			j.note("it is packed twice, and one layer was taken off: unpack it once, and give that")
		}
	}
	nulls := true
	for {
		if err := j.ctx.Err(); err != nil {
			return err
		}
		var err error
		if nulls {
			var b []byte
			b, err = r.Peek(max(1, r.Buffered()))
			nulls = len(bytes.TrimLeft(b, "\x00")) == 0
			if len(b) > 0 {
				_, err = r.Discard(len(b))
			}
		} else {
			_, err = r.Discard(1 << 20)
		}
		if errors.Is(err, io.EOF) {
			if nulls {
				j.note("the file holds NULs and nothing else: a crash leaves such files, and so does who wipes them")
				return nil
			}
			j.note("kept as evidence; no parser here reads events from such a file")
			return nil
		}
		if err != nil {
			return err
		}
	}
}
