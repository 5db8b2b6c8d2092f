package response

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"firebreak/incident"
	"firebreak/record"
)

// Taken is a copy of an exhibit that left the locker.
type Taken struct {
	Exhibit string `json:"exhibit"`
	To      string `json:"to"`
	Bytes   int64  `json:"bytes"`
	SHA256  string `json:"sha256"`
	Purpose string `json:"purpose"`
}

// TakeExhibit writes the plain bytes of an exhibit into a new file that only
// its owner may read. The record says so before the file has its name; the
// bytes are checked against the seal on the way. A file that is there is never
// replaced.
func (s *Session) TakeExhibit(ctx context.Context, id incident.ID, exhibit, to, purpose string, p ProgressFunc) (Taken, error) {
	if strings.TrimSpace(purpose) == "" {
		return Taken{}, usage("--purpose TEXT", "take exhibit %s: what for is not said", exhibit)
	}
	f, err := s.s.open(ctx, id)
	if err != nil {
		return Taken{}, err
	}
	x, err := f.exhibit(ctx, exhibit)
	if err != nil {
		return Taken{}, err
	}
	if to, err = filepath.Abs(to); err != nil {
		return Taken{}, fmt.Errorf("take exhibit %s: %w", exhibit, err)
	}
	if _, err := os.Lstat(to); err == nil {
		return Taken{}, refused("name a file that is not there yet", "take exhibit %s: %s is there already", exhibit, to)
	}
	if _, err := s.s.InTheClear(to); err != nil {
		return Taken{}, err
	}
	temp, n, err := s.copyOut(ctx, f, x, to, p)
	if err != nil {
		return Taken{}, fmt.Errorf("take exhibit %s: %w", exhibit, err)
	}
	err = s.actIn(ctx, f, record.EvidenceAccessed, "", record.Access{Exhibit: exhibit, Purpose: purpose, To: strings.ToValidUTF8(to, "\uFFFD")}, nil)
	if err == nil {
		if err = settleNew(temp, to); err != nil {
			err = fmt.Errorf("the record says that it was taken, but it was not: %w", err)
		}
	}
	if err != nil {
		return Taken{}, errors.Join(fmt.Errorf("take exhibit %s: %w", exhibit, err), absent(os.Remove(temp)))
	}
	return Taken{Exhibit: exhibit, To: to, Bytes: n, SHA256: x.SHA256, Purpose: purpose}, nil
}

// copyOut writes the plain bytes beside where they will be, and syncs them.
func (s *Session) copyOut(ctx context.Context, f *folder, x record.Exhibit, to string, p ProgressFunc) (name string, n int64, err error) {
	r, err := f.locker.Open(x.Blob)
	if err != nil {
		return "", 0, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	w, err := os.CreateTemp(filepath.Dir(to), ".taken-*") // mode 0600
	if err != nil {
		return "", 0, err
	}
	in := &counting{ctx: ctx, r: r, tell: func(done int64) { tell(p, "copying "+x.ID, done, x.Size) }}
	n, err = io.Copy(w, in)
	if err == nil {
		err = w.Sync()
	}
	if err = errors.Join(err, w.Close()); err != nil {
		return "", n, errors.Join(err, absent(os.Remove(w.Name())))
	}
	return w.Name(), n, nil
}

// counting is a reader that ends with its context and says how far it is.
type counting struct {
	ctx  context.Context //nolint:containedctx // it lives for one copy only
	r    io.Reader
	done int64
	tell func(int64)
}

func (c *counting) Read(b []byte) (int, error) {
	if c.ctx.Err() != nil {
		return 0, context.Cause(c.ctx)
	}
	n, err := c.r.Read(b)
	c.done += int64(n)
	c.tell(c.done)
	return n, err
}

// settleNew gives a file its name, unless that is taken; and makes sure that
// the name lasts.
func settleNew(temp, to string) error {
	err := os.Link(temp, to) // fails where there is one, unlike a rename
	switch {
	case err == nil:
		err = os.Remove(temp)
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%s is there already", to)
	default: // a file system without links
		err = os.Rename(temp, to)
	}
	if err != nil {
		return err
	}
	return syncFolder(filepath.Dir(to))
}

// absent takes "does not exist" for done.
func absent(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// WriteFile writes an export whole or not at all, for its owner's eyes only. Of
// an encrypted workspace it goes elsewhere.
func (s *Service) WriteFile(name string, content []byte) error {
	if _, err := s.InTheClear(name); err != nil {
		return err
	}
	if err := replaceFile(name, content, 0o600); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}
