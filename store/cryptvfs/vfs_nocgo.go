//go:build !cgo

package cryptvfs

import "fmt"

// Without cgo there is no SQLite either: the driver says so too.
const vfsName = "firebreak-crypt"

func registerVFS() error { return fmt.Errorf("%w: built without cgo", errRegister) }

func defaultVFS() string { return "" }
