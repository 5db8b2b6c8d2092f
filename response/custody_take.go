package response

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"firebreak/incident"
	"firebreak/internal/durable"
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
func (s *Session) TakeExhibit(ctx context.Context, id incident.ID, exhibit, to, purpose string, p ProgressFunc) (t Taken, err error) {
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
	out, err := durable.Create(to)
	if err != nil {
		return Taken{}, fmt.Errorf("take exhibit %s: %w", exhibit, err)
	}
	defer func() { err = errors.Join(err, out.Drop()) }()
	n, err := s.copyOut(ctx, f, x, out, p)
	if err != nil {
		return Taken{}, fmt.Errorf("take exhibit %s: %w", exhibit, err)
	}
	err = s.actIn(ctx, f, record.EvidenceAccessed, "", record.Access{Exhibit: exhibit, Purpose: purpose, To: strings.ToValidUTF8(to, "\uFFFD")}, nil)
	if err == nil {
		if err = out.Publish(); err != nil {
			err = fmt.Errorf("the record says that it was taken, but it was not: %w", err)
		}
	}
	if err != nil {
		return Taken{}, fmt.Errorf("take exhibit %s: %w", exhibit, err)
	}
	return Taken{Exhibit: exhibit, To: to, Bytes: n, SHA256: x.SHA256, Purpose: purpose}, nil
}

// copyOut writes the plain bytes onto the disk.
func (s *Session) copyOut(ctx context.Context, f *folder, x record.Exhibit, to *durable.Draft, p ProgressFunc) (n int64, err error) {
	r, err := f.locker.Open(x.Blob)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	in := &counting{ctx: ctx, r: r, tell: func(done int64) { tell(p, "copying "+x.ID, done, x.Size) }}
	if n, err = io.Copy(to, in); err != nil {
		return n, err
	}
	return n, to.Sync()
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
