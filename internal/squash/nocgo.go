//go:build !cgo

package squash

import "github.com/klauspost/compress/zstd"

// Compressor makes frames. It belongs to one goroutine.
type Compressor struct{ z *zstd.Encoder }

// New returns one. It needs no closing.
func New() (*Compressor, error) {
	z, err := zstd.NewWriter(nil, zstd.WithWindowSize(FrameSize), zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
		zstd.WithEncoderCRC(false), zstd.WithLowerEncoderMem(true), zstd.WithSingleSegment(true))
	if err != nil {
		return nil, err
	}
	return &Compressor{z}, nil
}

// Append appends the content as one frame, which says how much it is.
func (c *Compressor) Append(dst, content []byte) ([]byte, error) {
	return c.z.EncodeAll(content, dst), nil
}
