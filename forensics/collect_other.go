//go:build !linux

package forensics

import (
	"context"

	"firebreak/record"
)

// collect cannot work here: the collectors read /proc and use system calls that
// only Linux has.
func collect(context.Context, Options, []Description, func(record.Exhibit) error) (record.Collection, error) {
	return record.Collection{}, ErrNotLinux
}
