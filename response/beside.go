package response

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"firebreak/record"
	"firebreak/store"
)

// beside opens the exhibit that lay beside x, with the suffix behind its name:
// of the same pass where there is one, else the newest. It returns nil where
// there is none.
func (s *Session) beside(ctx context.Context, f *folder, x record.Exhibit, suffix string) (io.ReadCloser, error) {
	var xs []store.Exhibit
	err := f.store.View(ctx, func(tx *store.Tx) (err error) {
		xs, err = tx.Exhibits()
		return err
	})
	if err != nil {
		return nil, err
	}
	found := slices.IndexFunc(xs, func(o store.Exhibit) bool { return o.ID == x.ID })
	near, at := -1, -1
	for i, o := range xs {
		if o.Erased != "" || o.Host != x.Host || o.Root != x.Root || o.Collector != x.Collector && o.Origin != x.Origin || !strings.EqualFold(o.Source, x.Source+suffix) {
			continue
		}
		if d := max(i-found, found-i); near < 0 || d <= near {
			near, at = d, i
		}
	}
	if at < 0 {
		return nil, nil //nolint:nilnil // there is none, as parse.Source has it
	}
	r, err := f.locker.Open(xs[at].Blob)
	if err != nil {
		return nil, fmt.Errorf("open exhibit %s: %w", xs[at].ID, err)
	}
	return r, nil
}

// besideFile is the same for a file that is read without an incident.
func besideFile(path, suffix string) (io.ReadCloser, error) {
	f, err := os.Open(path + suffix)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // there is none, as parse.Source has it
	}
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// companionsFirst puts what lies beside another of the files (a write-ahead log,
// a registry's transaction log) before it, so that it is sealed when the other is
// read.
func companionsFirst(files []string) []string {
	suffixes := []string{"-wal", "-journal", "-shm", ".log1", ".log2", ".log"}
	named := map[string]bool{}
	for _, f := range files {
		named[strings.ToLower(filepath.Clean(f))] = true
	}
	companion := func(f string) bool {
		name := strings.ToLower(filepath.Clean(f))
		return slices.ContainsFunc(suffixes, func(s string) bool {
			of, ok := strings.CutSuffix(name, s)
			return ok && named[of]
		})
	}
	out := slices.Clone(files)
	slices.SortStableFunc(out, func(a, b string) int {
		switch ca, cb := companion(a), companion(b); {
		case ca == cb:
			return 0
		case ca:
			return -1
		}
		return 1
	})
	return out
}
