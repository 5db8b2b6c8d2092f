//go:build unix && !linux

package durable

import "os"

// rename gives a file a name that must be free.
func rename(f *os.File, to string) error { return renameFree(f.Name(), to) }
