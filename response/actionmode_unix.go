//go:build unix

package response

import "io/fs"

func writableByAll(m fs.FileMode) bool { return m.Perm()&0o002 != 0 }
