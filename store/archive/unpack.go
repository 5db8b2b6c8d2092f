package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
)

// Unpack writes the files that want says yes to below root, which must be
// empty. Nothing outside root is touched, and no file is written over. A file
// that is not whole is taken away again. progress counts bytes and may be nil.
func (r *Reader) Unpack(ctx context.Context, root *os.Root, want func(File) bool, progress func(done int64)) (Outcome, error) {
	made := map[string]bool{".": true}
	var done int64
	return r.Each(ctx, func(f File, content io.Reader) (func(bool) error, error) {
		if !want(f) {
			_, err := io.Copy(io.Discard, content)
			return nil, err
		}
		if dir := path.Dir(f.Path); !made[dir] {
			if err := root.MkdirAll(dir, 0o700); err != nil {
				return nil, fmt.Errorf("unpack %s: %w", f.Path, err)
			}
			made[dir] = true
		}
		out, err := root.OpenFile(f.Path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode(f))
		if err != nil {
			return nil, fmt.Errorf("unpack %s: %w", f.Path, err)
		}
		n, err := io.Copy(out, content)
		done += n
		if progress != nil {
			progress(done)
		}
		if err == nil {
			err = out.Sync()
		}
		if err = errors.Join(err, out.Close()); err != nil {
			err = fmt.Errorf("unpack %s: %w", f.Path, err)
		}
		return func(whole bool) error {
			if whole {
				return nil
			}
			return root.Remove(f.Path)
		}, err
	})
}

// mode is decided here, not by the archive: sealed evidence is read only, and
// nobody else reads anything.
func mode(f File) os.FileMode {
	if f.Blob() != "" {
		return 0o400
	}
	return 0o600
}
