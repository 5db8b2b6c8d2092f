//go:build !unix

package response

import "errors"

func mkfifo(string) error { return errors.ErrUnsupported }
