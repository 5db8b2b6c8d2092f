package response

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"firebreak/config"
)

// readSource reads a regular file of at most so many bytes. what says what it is, in
// errors; hint is for one that is not there.
func readSource(what, file, hint string, most int64) ([]byte, error) {
	f, err := config.OpenFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, notFound(hint, "%s %s: no such file", what, file)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", what, err)
	}
	defer f.Close() //nolint:errcheck // read only
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", what, err)
	}
	if !info.Mode().IsRegular() {
		return nil, usage("", "%s %s: not a regular file", what, file)
	}
	b, err := io.ReadAll(io.LimitReader(f, most+1)) // it may grow
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", what, err)
	}
	if int64(len(b)) > most {
		return nil, usage("", "%s %s: more than %d bytes", what, file, most)
	}
	return b, nil
}
