package forensics

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

// treeFS shows the tree as an fs.FS: every name is resolved inside the tree, and
// only regular files and folders are opened.
type treeFS struct{ t *tree }

func (f treeFS) at(op, name string) (*handle, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	h, err := f.t.at("/", name, false)
	if missing(err) {
		err = fs.ErrNotExist
	}
	if err != nil {
		return nil, &fs.PathError{Op: op, Path: name, Err: err}
	}
	return h, nil
}

// Open implements fs.FS.
func (f treeFS) Open(name string) (fs.File, error) {
	h, err := f.at("open", name)
	if err != nil {
		return nil, err
	}
	if err := f.t.regular(h); err != nil {
		return nil, errors.Join(&fs.PathError{Op: "open", Path: name, Err: err}, h.close())
	}
	file, err := f.t.open(h, false)
	if err = errors.Join(err, h.close()); err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return file, nil
}

// ReadDir implements fs.ReadDirFS, within maxNames.
func (f treeFS) ReadDir(name string) ([]fs.DirEntry, error) {
	h, err := f.at("readdir", name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = h.close() }()
	var d *os.File
	if d, err = f.t.open(h, true); err != nil {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: err}
	}
	list, err := d.ReadDir(maxNames)
	if err = errors.Join(err, d.Close()); err != nil {
		return nil, err
	}
	slices.SortFunc(list, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
	return list, nil
}

// ReadLink implements fs.ReadLinkFS.
func (f treeFS) ReadLink(name string) (string, error) {
	h, err := f.at("readlink", name)
	if err != nil {
		return "", err
	}
	defer func() { _ = h.close() }()
	if h.raw.Mode&unix.S_IFMT != unix.S_IFLNK {
		return "", &fs.PathError{Op: "readlink", Path: name, Err: fs.ErrInvalid}
	}
	return readlinkAt(h.fd, "")
}

// Lstat implements fs.ReadLinkFS; nothing here needs it.
func (f treeFS) Lstat(name string) (fs.FileInfo, error) {
	return nil, &fs.PathError{Op: "lstat", Path: name, Err: errors.ErrUnsupported}
}
