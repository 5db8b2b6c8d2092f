//go:build cgo

package squash

import "github.com/DataDog/zstd"

// Compressor makes frames. It belongs to one goroutine.
type Compressor struct {
	c    zstd.Ctx
	room []byte // for what is appended to much that is there
}

// New returns one. It needs no closing.
func New() (*Compressor, error) { return &Compressor{c: zstd.NewCtx()}, nil }

// Append appends the content as one frame, which says how much it is.
func (c *Compressor) Append(dst, content []byte) ([]byte, error) {
	// There has to be room for a frame that is larger than its content. Making so
	// much behind what is there would copy all of that, for a room of a third of which
	// is used.
	bound := zstd.CompressBound(len(content))
	switch {
	case cap(dst)-len(dst) >= bound:
	case len(dst) == 0:
		dst = make([]byte, 0, bound)
	default:
		if cap(c.room) < bound {
			c.room = make([]byte, 0, bound)
		}
		frame, err := c.c.CompressLevel(c.room[:bound], content, level)
		return append(dst, frame...), err
	}
	room := dst[len(dst) : len(dst)+bound]
	frame, err := c.c.CompressLevel(room, content, level)
	if err != nil {
		return dst, err
	}
	return dst[:len(dst)+len(frame)], nil // there was room, so it lies there
}
