package response

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"firebreak/forensics/parse"
	"firebreak/record"
	"firebreak/timeline"
)

// ParseRequest says which files are read, and how. There is no incident: nothing
// is sealed, and nothing written.
type ParseRequest struct {
	IngestOptions
	Files     []string  // "-" is In
	Recursive bool      // what is in the folders among them, too
	In        io.Reader // the standard input
	Now       time.Time // bounds the years of logs without them
	// After and Before are what is wanted: from After on, and earlier than Before;
	// zero is no bound. What has no time is not wanted then.
	After, Before time.Time
	// Events is called with what was read, one batch after the other; nil where
	// only the account is wanted. It keeps nothing of a batch.
	Events func([]timeline.Event) error
}

// Parsed is the account of one file: Events + Rejected + Recovered = Seen. What
// lies outside the times that were wanted is in none of them.
type Parsed struct {
	File      string    `json:"file"`
	Parser    string    `json:"parser"`
	Events    int64     `json:"events"`
	Rejected  int64     `json:"rejected"`
	Recovered int64     `json:"recovered"` // from behind damage
	Seen      int64     `json:"seen"`
	Outside   int64     `json:"outside,omitempty"`
	First     time.Time `json:"first,omitzero"`
	Last      time.Time `json:"last,omitzero"`
	Samples   []string  `json:"samples,omitempty"` // of what was rejected
	Notes     []string  `json:"notes,omitempty"`   // of what was assumed
}

// ParseFiles reads files as an ingestion would, and hands over the account of
// each. A file that cannot be read does not keep the others from being read; the
// error names it.
func ParseFiles(ctx context.Context, r ParseRequest, done func(Parsed) error, p ProgressFunc) error {
	if _, err := r.parser(); err != nil { //nolint:contextcheck // it looks at the names of the parsers only
		return err
	}
	files, errs := r.files()
	read := 0
	for i, path := range files {
		tell(p, "reading "+path, int64(i), int64(len(files)))
		sum, err := r.one(ctx, path, p)
		if ctx.Err() != nil {
			return errors.Join(err, context.Cause(ctx))
		}
		var gone *emitError
		if errors.As(err, &gone) {
			return gone.err
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("parse %s: %w", path, err))
		} else {
			read++
		}
		if sum.Seen > 0 || err == nil {
			if err := done(sum); err != nil {
				return err
			}
		}
	}
	if err := errors.Join(errs...); err != nil {
		if read > 0 {
			return &Error{Code: CodePartial, Err: err}
		}
		return err
	}
	return nil
}

// emitError is what the reader of the events said, not the file.
type emitError struct{ err error }

func (e *emitError) Error() string { return e.err.Error() }

// files lists what is to be read: folders give the files in them, in order,
// and no links are followed there.
func (r ParseRequest) files() (out []string, errs []error) {
	for _, path := range r.Files {
		info, err := os.Stat(path)
		switch {
		case path == "-":
			out = append(out, path)
		case err != nil || !info.IsDir():
			out = append(out, path) // what is wrong with it is found when it is read
		case !r.Recursive:
			errs = append(errs, usage("--recursive reads what is in it", "parse %s: it is a folder", path))
		default:
			err := filepath.WalkDir(path, func(path string, d fs.DirEntry, err error) error {
				if err != nil {
					errs = append(errs, fmt.Errorf("parse: %w", err))
					return nil
				}
				if d.Type().IsRegular() {
					out = append(out, path)
				}
				return nil
			})
			if err != nil {
				errs = append(errs, fmt.Errorf("parse: %w", err))
			}
		}
	}
	return out, errs
}

// one reads one file.
func (r ParseRequest) one(ctx context.Context, path string, p ProgressFunc) (Parsed, error) {
	x := record.Exhibit{ID: path, Source: path, Host: r.Host, Finished: r.Now.UTC()}
	src := parse.Source{Parser: r.Parser, Mapping: r.Mapping, Host: r.Host, Zone: r.Zone, Year: r.Year, Skew: r.Skew, Collected: x.Finished}
	sum := Parsed{File: path}
	in, done, err := r.open(ctx, path, &x, p)
	if err != nil {
		return sum, err
	}
	within := r.window(in)
	src.Window = within.window
	src.Exhibit = x
	if path != "-" {
		src.Beside = func(suffix string) (io.ReadCloser, error) { return besideFile(path, suffix) }
	}
	if r.Events != nil {
		src.Workers = 1 // in the order of the file
	}
	var turn sync.Mutex
	account, err := parse.File(ctx, in, src, func(es []timeline.Event) error {
		turn.Lock()
		defer turn.Unlock()
		es = within.of(es)
		if err := ctx.Err(); err != nil || r.Events == nil || len(es) == 0 {
			return err
		}
		if err := r.Events(es); err != nil {
			return &emitError{err}
		}
		return nil
	})
	sum.Parser, sum.Events, sum.Rejected, sum.Recovered, sum.Seen = account.Parser, account.Events, account.Rejected, account.Recovered, account.Seen
	sum.First, sum.Last = account.First, account.Last
	within.settle(&sum)
	sum.Samples, sum.Notes = account.Split()
	return sum, errors.Join(err, done())
}

// open opens a file. Where the events are wanted it is hashed first: their ids
// are made of it.
func (r ParseRequest) open(ctx context.Context, path string, x *record.Exhibit, p ProgressFunc) (io.Reader, func() error, error) {
	none := func() error { return nil }
	if path == "-" {
		r.In = Interruptible(ctx, r.In)
		if r.Events == nil {
			return r.In, none, nil
		}
		return r.spool(ctx, x, p)
	}
	f, err := openPatiently(ctx, path)
	if err != nil {
		return nil, none, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, none, errors.Join(err, f.Close())
	}
	if info.IsDir() {
		return nil, none, errors.Join(errors.New("it is a folder"), f.Close())
	}
	if !info.Mode().IsRegular() { // a pipe: it can be read once
		r.In = Interruptible(ctx, f)
		if r.Events == nil {
			return r.In, f.Close, nil
		}
		in, done, err := r.spool(ctx, x, p)
		return in, func() error { return errors.Join(done(), f.Close()) }, err
	}
	x.Before = &record.Stat{Size: info.Size(), Modified: info.ModTime().UTC()}
	if r.Events == nil {
		return f, f.Close, nil
	}
	tell(p, "hashing "+path, 0, info.Size())
	if x.SHA256, err = hashOf(ctx, f); err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, none, errors.Join(err, f.Close())
	}
	return f, f.Close, nil
}

func hashOf(ctx context.Context, r io.Reader) (string, error) {
	h := sha256.New()
	if _, err := io.Copy(h, stoppable{ctx, r}); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// stoppable ends when the context does.
type stoppable struct {
	ctx context.Context //nolint:containedctx // it lives as long as one copy
	r   io.Reader
}

func (s stoppable) Read(b []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.r.Read(b)
}

// spoolMemory is how much of a stream is kept in memory; what is more goes to
// a file that has no name.
const spoolMemory = 64 << 20

// spool keeps a stream, so that it can be hashed before it is read. The file
// that it may need is removed before a byte is in it: nothing is left behind,
// however the program ends.
func (r ParseRequest) spool(ctx context.Context, x *record.Exhibit, p ProgressFunc) (io.Reader, func() error, error) {
	none := func() error { return nil }
	tell(p, "reading the standard input", 0, 0)
	h := sha256.New()
	from := io.TeeReader(stoppable{ctx, r.In}, h)
	var held bytes.Buffer
	n, err := io.CopyN(&held, from, spoolMemory)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, none, fmt.Errorf("read the stream: %w", err)
	}
	if n < spoolMemory {
		x.SHA256 = hex.EncodeToString(h.Sum(nil))
		return bytes.NewReader(held.Bytes()), none, nil
	}
	f, forget, err := nameless()
	if err != nil {
		return nil, none, fmt.Errorf("keep the stream: %w", err)
	}
	if _, err = f.Write(held.Bytes()); err == nil {
		held = bytes.Buffer{}
		_, err = io.Copy(f, from)
	}
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, none, errors.Join(fmt.Errorf("keep the stream: %w", err), forget())
	}
	x.SHA256 = hex.EncodeToString(h.Sum(nil))
	return f, forget, nil
}

// nameless opens a file without a name in the folder for temporary ones.
func nameless() (*os.File, func() error, error) {
	f, err := os.CreateTemp("", "firebreak-")
	if err != nil {
		return nil, nil, err
	}
	if err := os.Remove(f.Name()); err == nil {
		return f, f.Close, nil
	}
	// A system that keeps the names of open files: it goes when it is closed.
	return f, func() error { return errors.Join(f.Close(), os.Remove(f.Name())) }, nil
}
