//go:build !unix

package response

import "io/fs"

func writableByAll(fs.FileMode) bool { return false }
