package response

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"firebreak/forensics/container"
	"firebreak/forensics/foreign"
	"firebreak/forensics/formats/disk"
	"firebreak/forensics/parse"
	"firebreak/record"
	"firebreak/store"
)

// openQuietly opens without waiting for the writer of a FIFO.
const openQuietly = syscall.O_NONBLOCK

// takeArchive seals the archive itself, or records its hash. One that is known by
// its hash is not taken again. A folder has no bytes of its own.
func (i *importing) takeArchive(ctx context.Context) error {
	info, err := os.Stat(i.path)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return nil
	}
	x, known, err := i.s.takeWhole(ctx, i.f, i.path, "archive."+i.says.Kind, i.o, i.p)
	if err != nil {
		return err
	}
	i.archive, i.sum.Archive = x, x.ID
	if !known && !x.Elsewhere {
		i.sum.Bytes += x.Size
	}
	return nil
}

// takeWhole makes an exhibit of a file that is not read into the timeline as it
// is: sealed, or, by reference, known by its hash and its place. A file whose
// bytes are an exhibit already is that exhibit.
func (s *Session) takeWhole(ctx context.Context, f *folder, path, kind string, o ImportOptions, p ProgressFunc) (x record.Exhibit, known bool, err error) {
	sum, size, err := hashFile(ctx, path, p)
	if err != nil {
		return x, false, err
	}
	if x, known, err = f.exhibitOf(ctx, sum); known || err != nil {
		return x, known, err
	}
	if x, err = s.given(path, IngestOptions{Host: o.Host, Authority: o.Authority}); err != nil {
		return x, false, err
	}
	x.Kind, x.Collector, x.Format = kind, importCollector, "text"
	if o.Reference {
		x.Elsewhere, x.Size, x.SHA256, x.Method = true, size, sum, "hashed where it lies; its bytes are not in the locker"
		x.Finished = s.s.o.Now().UTC()
	} else if x, err = f.locker.SealFile(ctx, path, x, func(done, total int64) { tell(p, "sealing "+path, done, total) }); err != nil {
		return x, false, err
	}
	if x.SHA256 != sum {
		x.Deviations = append(x.Deviations, "changed while it was read")
	}
	numbered, err := s.register(ctx, f, []record.Exhibit{x}, "")
	if err != nil {
		return x, false, err
	}
	return numbered[0], false, nil
}

// exhibitOf finds an exhibit of those bytes that is no member of another and was
// not erased.
func (f *folder) exhibitOf(ctx context.Context, sum string) (x record.Exhibit, known bool, err error) {
	err = f.store.View(ctx, func(tx *store.Tx) error {
		xs, err := tx.Exhibits()
		for _, one := range xs {
			if one.SHA256 == sum && one.Collector == importCollector && one.Member == "" && one.Erased == "" {
				x, known = one.Exhibit, true
				break
			}
		}
		return err
	})
	return x, known, err
}

func hashFile(ctx context.Context, path string, p ProgressFunc) (sum string, size int64, err error) {
	f, err := os.OpenFile(path, os.O_RDONLY|openQuietly, 0)
	if err != nil {
		return "", 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return "", 0, err
	}
	if !info.Mode().IsRegular() {
		return "", 0, fmt.Errorf("hash %s: not a regular file (%s)", path, info.Mode().Type())
	}
	h := sha256.New()
	in := &counting{ctx: ctx, r: f, tell: func(done int64) { tell(p, "hashing "+filepath.Base(path), done, info.Size()) }}
	if size, err = io.Copy(h, in); err != nil {
		return "", size, err
	}
	return hex.EncodeToString(h.Sum(nil)), size, nil
}

// readImported reads what was sealed into the timeline, and what an earlier
// import left.
func (s *Session) readImported(ctx context.Context, i *importing) error {
	o := i.options()
	for n, x := range i.sealed {
		if x.Format == "" || x.Format == "text" {
			continue
		}
		tell(i.p, "reading "+x.Title, int64(n), int64(len(i.sealed)))
		in, err := s.parse(ctx, i.f, x, o)
		i.sum.Events += in.Events + in.Recovered
		i.sum.Added += in.Added
		i.sum.Rejected += in.Rejected
		if err != nil {
			return err
		}
	}
	var rest Ingested
	err := s.readUnread(ctx, i.f, &rest, i.p)
	i.sum.Added += rest.Added
	i.sum.Notes = append(i.sum.Notes, rest.Notes...)
	return err
}

// refer records a file that is no archive (an image of a disk, or of memory) by
// its hash and its place. Its bytes stay where they are.
func (s *Session) refer(ctx context.Context, f *folder, path string, head []byte, o ImportOptions, p ProgressFunc) (Imported, error) {
	kind := disk.Kind(head)
	sum := Imported{Kind: "reference", Host: o.Host, Tool: kind}
	x, known, err := s.takeWhole(ctx, f, path, "reference", o, p)
	if err != nil {
		return sum, err
	}
	sum.Archive = x.ID
	if known {
		sum.Known = 1
	} else {
		sum.Exhibits = 1
	}
	if bytes.HasPrefix(head, []byte(container.AgeBegins)) || container.Is(head) {
		sum.Notes = append(sum.Notes, "if it is a container of firebreak: its items are taken in without --reference")
	}
	if kind != "" {
		sum.Notes = append(sum.Notes, "it is an image of a disk or file system ("+kind+"): firebreak collect "+string(f.id)+" --root FILE takes evidence out of it")
	}
	return sum, nil
}

func openForeign(ctx context.Context, path string, o ImportOptions, p ProgressFunc) (*foreign.Archive, error) {
	name := filepath.Base(path)
	a, err := foreign.Open(ctx, path, foreign.Options{
		Limits: o.Limits, Password: o.Password, Key: o.Key,
		Progress: func(done, total int64) { tell(p, "reading "+name, done, total) },
	})
	switch {
	case errors.Is(err, foreign.ErrPassword) && len(o.Password) == 0 && len(o.Key) == 0:
		return nil, &Error{Code: CodeAuth, Hint: "--password-from REFERENCE, or --key-from for the private key of a Velociraptor collection", Err: err}
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
