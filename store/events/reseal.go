package events

import (
	"context"

	"firebreak/store/cryptvfs"
)

// Reseal encrypts the timeline at path with another key; nil is a plain file,
// on either side. While anybody has it open the error is cryptvfs.ErrInUse.
func Reseal(ctx context.Context, path string, from, to *[32]byte) error {
	return explain(cryptvfs.Reseal(ctx, path, from, to))
}
