package response

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"

	"firebreak/forensics/foreign"
	"firebreak/forensics/parse"
	"firebreak/record"
)

// intake is something to import, opened and surveyed: an archive of another tool,
// or a container of our own.
type intake interface {
	// Says is what it says of itself.
	Says() foreign.About
	// Each hands out the members in their order.
	Each(ctx context.Context, member func(foreign.Member, *foreign.Content) error) error
	// Refused and Counted tell of what was not handed out, when Each has ended.
	Refused() []record.Refusal
	Counted() foreign.Count
	// Listen sets who hears of folders and links while Each is at work.
	Listen(func(path, target string, stat record.Stat) error)
	io.Closer
}

// intakeKind is a kind of things to import. is judges the first 64 KiB of a file;
// of a folder there are none.
type intakeKind struct {
	name string
	is   func(head []byte) bool
	open func(ctx context.Context, path string, o ImportOptions, p ProgressFunc) (intake, error)
}

// intakeKinds are asked in this order; the last one takes everything, and says
// what it is when it cannot be read.
func intakeKinds() []intakeKind {
	return []intakeKind{
		{"archive", func([]byte) bool { return true }, openForeign},
	}
}

// ownForm says whether a kind of our own takes a file that begins so.
func ownForm(head []byte) bool {
	kinds := intakeKinds()
	return slices.ContainsFunc(kinds[:len(kinds)-1], func(k intakeKind) bool { return k.is(head) })
}

func openIntake(ctx context.Context, path string, o ImportOptions, p ProgressFunc) (intake, error) {
	head, err := headOf(path)
	if err != nil {
		return nil, err
	}
	for _, k := range intakeKinds() {
		if k.is(head) {
			return k.open(ctx, path, o, p)
		}
	}
	return nil, usage("", "import %s: no archive that can be read", path)
}

// headOf is how a file begins; a folder begins with nothing.
func headOf(path string) (b []byte, err error) {
	f, err := os.OpenFile(path, os.O_RDONLY|openQuietly, 0)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, err
	}
	b = make([]byte, 64<<10)
	n, err := io.ReadFull(f, b)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return b[:n], err
}

func openForeign(ctx context.Context, path string, o ImportOptions, p ProgressFunc) (intake, error) {
	name := filepath.Base(path)
	a, err := foreign.Open(ctx, path, foreign.Options{
		Limits: o.Limits, Password: o.Password,
		Progress: func(done, total int64) { tell(p, "reading "+name, done, total) },
	})
	switch {
	case errors.Is(err, foreign.ErrPassword) && len(o.Password) == 0:
		return nil, &Error{Code: CodeAuth, Hint: "--password-from REFERENCE", Err: err}
	case errors.Is(err, foreign.ErrPassword):
		return nil, &Error{Code: CodeAuth, Err: err}
	case errors.Is(err, foreign.ErrForm):
		return nil, usage("firebreak ingest takes a single log", "%w", err)
	case err != nil:
		return nil, err
	}
	return a, nil
}

// detected is the parser for a member, by its name and how it begins.
func detected(name string, head []byte) string { return parse.Detect(name, head) }
