//go:build !linux

package forensics

import (
	"context"
	"runtime"

	"firebreak/record"
)

// collect takes files on macOS and Windows, as plain.go says. The collectors of
// Linux read /proc and use system calls that only Linux has: of those asked for,
// the profile alone counts here.
func collect(ctx context.Context, o Options, _ []Description, sealed func(record.Exhibit) error) (record.Collection, error) {
	root, ok := plainRoot()
	if !ok {
		return record.Collection{}, ErrNotLinux
	}
	return collectPlain(ctx, o, runtime.GOOS, root, sealed)
}
