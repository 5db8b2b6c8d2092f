package parse

import (
	"errors"
	"io"
)

// unpacked is a stream that somebody else reads.
type unpacked struct{ *stream }

func (u unpacked) Close() error {
	u.close()
	return nil
}

// Unpacked opens a stream as File does: compression is taken off by its magic,
// one layer, with the limits of this package. Damaged tells its errors from
// those of r.
func Unpacked(r io.Reader) (io.ReadCloser, error) {
	s, err := open(r)
	if err != nil {
		return nil, err
	}
	return unpacked{s}, nil
}

// Damaged says whether an error means that compressed bytes are cut, corrupt or
// over a limit.
func Damaged(err error) bool { return errors.Is(err, errDamaged) }
