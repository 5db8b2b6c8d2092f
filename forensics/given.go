package forensics

import (
	"context"
	"errors"
	"fmt"
	"io"

	"firebreak/record"
)

// Beside is asked, when a file is open and before its first byte is sealed, what
// else its bytes go to as they are sealed: nil for nothing.
type Beside func(f io.ReaderAt, before record.Stat) Companion

// Companion gets the bytes of a file as they are sealed, and may read the file
// besides. Errors of Write hinder nothing. End says that there are no more, or why
// they end too early, and returns when the file is not read any more: then it is
// closed.
type Companion interface {
	io.Writer
	End(err error)
}

// SealFile seals a file that a person hands over, whatever machine it came
// from. It must be a regular one: a pipe or a device has no end. Before and
// After are what the file system said; progress may be nil.
func (l *Locker) SealFile(ctx context.Context, path string, meta record.Exhibit, progress func(done, total int64)) (record.Exhibit, error) {
	return l.SealFileBeside(ctx, path, meta, progress, nil)
}

// SealFileBeside is SealFile with somebody who reads along; nil for nobody.
func (l *Locker) SealFileBeside(ctx context.Context, path string, meta record.Exhibit, progress func(done, total int64), beside Beside) (record.Exhibit, error) {
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
	var in io.Reader = &told{r: f, total: before.Size, tell: progress}
	var with Companion
	if beside != nil {
		if with = beside(f, before); with != nil {
			in = &along{r: in, w: with}
		}
	}
	x, err := l.SealInput(ctx, in, meta)
	if with != nil {
		with.End(err)
	}
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

// along is a reader whose bytes go to a writer too, as long as that takes them.
type along struct {
	r io.Reader
	w io.Writer
}

func (a *along) Read(p []byte) (int, error) {
	n, err := a.r.Read(p)
	if n > 0 && a.w != nil {
		if _, werr := a.w.Write(p[:n]); werr != nil {
			a.w = nil // whoever reads along knows why
		}
	}
	return n, err
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
