package forensics

import (
	"context"
	"errors"
	"fmt"
	"io"

	"firebreak/record"
)

// SealFile seals a file that a person hands over, whatever machine it came
// from. It must be a regular one: a pipe or a device has no end. Before and
// After are what the file system said; progress may be nil.
func (l *Locker) SealFile(ctx context.Context, path string, meta record.Exhibit, progress func(done, total int64)) (record.Exhibit, error) {
	f, notes, err := openGiven(path)
	if err != nil {
		return record.Exhibit{}, fmt.Errorf("seal file: %w", err)
	}
	defer f.Close() //nolint:errcheck // read only
	info, err := f.Stat()
	if err != nil {
		return record.Exhibit{}, fmt.Errorf("seal file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return record.Exhibit{}, fmt.Errorf("seal file %s: not a regular file (%s)", path, info.Mode().Type())
	}
	before, err := statGiven(f)
	if err != nil {
		return record.Exhibit{}, fmt.Errorf("seal file: %w", err)
	}
	meta.Before = &before
	x, err := l.SealInput(ctx, &told{r: f, total: before.Size, tell: progress}, meta)
	if err != nil {
		return record.Exhibit{}, fmt.Errorf("seal file %s: %w", path, err)
	}
	after, err := statGiven(f)
	if err != nil {
		return record.Exhibit{}, fmt.Errorf("seal file: %w", err)
	}
	x.After = &after
	x.Deviations = append(x.Deviations, notes...)
	if !before.Accessed.Equal(after.Accessed) {
		x.Deviations = append(x.Deviations, "its access time changed while it was read")
	}
	if before.Size != after.Size || !before.Modified.Equal(after.Modified) || x.Size != before.Size {
		x.Deviations = append(x.Deviations, "changed while it was read")
	}
	return x, nil
}

// told is a reader that says how far it is.
type told struct {
	r           io.Reader
	done, total int64
	tell        func(done, total int64)
}

func (t *told) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	t.done += int64(n)
	if t.tell != nil && (n > 0 || errors.Is(err, io.EOF)) {
		t.tell(t.done, t.total)
	}
	return n, err
}
