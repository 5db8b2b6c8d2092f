//go:build cgo

package squash

import (
	"slices"

	"github.com/DataDog/zstd"
)

// Compressor makes frames. It belongs to one goroutine.
type Compressor struct{ c zstd.Ctx }

// New returns one. It needs no closing.
func New() (*Compressor, error) { return &Compressor{zstd.NewCtx()}, nil }

// Append appends the content as one frame, which says how much it is.
func (c *Compressor) Append(dst, content []byte) ([]byte, error) {
	bound := zstd.CompressBound(len(content))
	dst = slices.Grow(dst, bound)
	room := dst[len(dst) : len(dst)+bound]
	frame, err := c.c.CompressLevel(room, content, level)
	if err != nil {
		return dst, err
	}
	return dst[:len(dst)+len(frame)], nil // there was room, so it lies there
}
