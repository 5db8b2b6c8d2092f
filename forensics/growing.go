package forensics

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

	"firebreak/record"
)

// Growing is a file that is taken piece by piece as it grows. It stays the file
// that was opened, whatever its name comes to point at.
type Growing struct {
	path  string
	file  *os.File
	info  fs.FileInfo
	notes []string
}

// OpenGrowing opens a regular file to follow it. A missing one is
// fs.ErrNotExist.
func OpenGrowing(path string) (*Growing, error) {
	f, notes, err := openGiven(path)
	if err != nil {
		return nil, fmt.Errorf("follow: %w", err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s: not a regular file (%s)", path, info.Mode().Type())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("follow: %w", err), f.Close())
	}
	return &Growing{path: path, file: f, info: info, notes: notes}, nil
}

// Close lets go of the file.
func (g *Growing) Close() error { return g.file.Close() }

// Size is how long the opened file is now.
func (g *Growing) Size() (int64, error) {
	info, err := g.file.Stat()
	if err != nil {
		return 0, fmt.Errorf("follow: %w", err)
	}
	return info.Size(), nil
}

// Replaced reports whether the name stands for another file now; there is
// fs.ErrNotExist when it stands for none.
func (g *Growing) Replaced() (bool, error) {
	info, err := os.Stat(g.path)
	if err != nil {
		return false, fmt.Errorf("follow: %w", err)
	}
	return !os.SameFile(info, g.info), nil
}

// LineEnd is where the last whole line between from and to ends; from when
// there is none.
func (g *Growing) LineEnd(from, to int64) (int64, error) {
	const step = 64 << 10
	buf := make([]byte, step)
	for to > from {
		n := min(step, to-from)
		got, err := g.file.ReadAt(buf[:n], to-n)
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, fmt.Errorf("follow: %w", err)
		}
		if i := bytes.LastIndexByte(buf[:got], '\n'); i >= 0 {
			return to - n + int64(i) + 1, nil
		}
		to -= n
	}
	return from, nil
}

// Head is the beginning of the file, enough to see what it is.
func (g *Growing) Head() ([]byte, error) {
	b := make([]byte, 64<<10)
	n, err := g.file.ReadAt(b, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("follow: %w", err)
	}
	return b[:n], nil
}

// Tail is the last bytes before a place, at most as many as fit into a quick
// look: whoever finds others there later knows that the file was written anew.
func (g *Growing) Tail(to int64) ([]byte, error) {
	const most = 256
	b := make([]byte, min(to, most))
	n, err := g.file.ReadAt(b, to-int64(len(b)))
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("follow: %w", err)
	}
	return b[:n], nil
}

// SHA256 hashes the stretch of the file between from and to, in hexadecimal.
func (g *Growing) SHA256(ctx context.Context, from, to int64) (string, error) {
	sum := sha256.New()
	if _, err := io.Copy(sum, &guarded{ctx: ctx, r: io.NewSectionReader(g.file, from, to-from)}); err != nil {
		return "", fmt.Errorf("follow: %w", err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// SealPiece seals the stretch of a growing file between from and to. When the
// file has become shorter meanwhile, the exhibit's Piece says how far it goes.
func (l *Locker) SealPiece(ctx context.Context, g *Growing, from, to int64, meta record.Exhibit, progress func(done, total int64)) (record.Exhibit, error) {
	before, err := statGiven(g.file)
	if err != nil {
		return meta, fmt.Errorf("seal piece: %w", err)
	}
	meta.Before = &before
	r := &told{r: io.NewSectionReader(g.file, from, to-from), total: to - from, tell: progress}
	x, err := l.Seal(ctx, r, meta)
	if err != nil {
		return meta, fmt.Errorf("seal piece of %s: %w", g.path, err)
	}
	after, err := statGiven(g.file)
	if err != nil {
		return meta, fmt.Errorf("seal piece: %w", err)
	}
	x.After = &after
	x.Piece = &record.Piece{From: from, To: from + x.Size}
	x.Deviations = append(x.Deviations, g.notes...)
	if x.Size != to-from {
		x.Deviations = append(x.Deviations, "the file became shorter while it was read")
	}
	return x, nil
}
