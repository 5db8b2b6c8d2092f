package packages

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"

	"firebreak/forensics/formats/rpm"
	"firebreak/forensics/formats/sqlite"
)

// rpmDatabases are where rpm keeps what is installed, the newer form first. Of
// one that was converted, the old one may lie beside it still.
func rpmDatabases() []string {
	var out []string
	for _, dir := range []string{"usr/lib/sysimage/rpm", "var/lib/rpm"} {
		for _, name := range []string{"rpmdb.sqlite", "Packages.db", "Packages"} {
			out = append(out, path.Join(dir, name))
		}
	}
	return out
}

// rpm reads the first database of rpm that has packages.
func (x *Index) rpm(ctx context.Context, root fs.FS) error {
	var all error
	for _, name := range rpmDatabases() {
		first := len(x.Packages)
		err := eachHeader(ctx, root, name, func(p rpm.Package, header []byte) error {
			if len(x.Packages) >= maxPackages {
				return fmt.Errorf("more than %d packages", maxPackages)
			}
			x.Packages = append(x.Packages, Package{p.Name, p.EVR(), managerRPM})
			return rpm.Files(header, func(f rpm.File) error { return x.own(path.Join("/", f.Path), len(x.Packages)-1) })
		})
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			all = errors.Join(all, fmt.Errorf("read %s: %w", name, err))
		}
		if len(x.Packages) > first {
			x.rpmFile, x.rpmFirst = name, first
			break
		}
	}
	return all
}

// rpmDigests gives the regular files that rpm's database has a digest of.
func (x *Index) rpmDigests(ctx context.Context, root fs.FS, tell func(File) error) error {
	n := x.rpmFirst - 1
	err := eachHeader(ctx, root, x.rpmFile, func(p rpm.Package, header []byte) error {
		n++
		if n >= len(x.Packages) || x.Packages[n] != (Package{p.Name, p.EVR(), managerRPM}) {
			return errors.New("the database was changed meanwhile")
		}
		return rpm.Files(header, func(f rpm.File) error {
			if f.Digest == nil || f.Ghost || f.Mode&0o170000 != 0o100000 {
				return nil
			}
			return tell(File{
				Path: x.real(path.Join("/", f.Path)), Package: n, Digest: f.Digest, Algorithm: f.Algorithm, Conffile: f.Config,
				Rights: &Rights{Mode: uint32(f.Mode & 0o7777), User: f.User, Group: f.Group},
			})
		})
	})
	if err != nil {
		return fmt.Errorf("read %s: %w", x.rpmFile, err)
	}
	return nil
}

// eachHeader gives the packages of a database of any of rpm's three kinds. Those
// that are damaged are in the error, after all others were given.
func eachHeader(ctx context.Context, root fs.FS, name string, tell func(rpm.Package, []byte) error) error {
	at, size, done, err := opened(root, name)
	if err != nil {
		return err
	}
	defer done()
	lost := 0
	bad := func() { lost++ }
	one := func(header []byte) error {
		p, err := rpm.Read(header)
		if err != nil {
			bad()
			return nil
		}
		return tell(p, header)
	}
	each := func(_ int64, header []byte, removed bool) error {
		if removed {
			return nil
		}
		return one(header)
	}
	badAt := func(int64, string) error { bad(); return nil }
	switch path.Base(name) {
	case "Packages.db":
		err = rpm.NDB(ctx, at, size, each, badAt)
	case "Packages":
		err = rpm.Berkeley(ctx, at, size, each, badAt)
	default:
		err = sqliteHeaders(ctx, root, name, at, size, one, bad)
	}
	if err == nil && lost > 0 {
		err = fmt.Errorf("%d packages of it are damaged", lost)
	}
	return err
}

func sqliteHeaders(ctx context.Context, root fs.FS, name string, at io.ReaderAt, size int64, one func([]byte) error, bad func()) error {
	wal, walSize, done, err := opened(root, name+"-wal")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err == nil {
		defer done()
	}
	f, err := sqlite.Open(at, size, wal, walSize)
	if err != nil {
		return err
	}
	table, err := f.Table(ctx, "Packages")
	if err != nil || table == nil {
		return err
	}
	return f.Rows(ctx, table, func(row *sqlite.Row) error { return one(row.Value("blob").Bytes) }, func(int64, error) error { bad(); return nil })
}

// opened is a file that can be read by offset.
func opened(root fs.FS, name string) (at io.ReaderAt, size int64, done func(), err error) {
	f, err := root.Open(name)
	if err != nil {
		return nil, 0, nil, err
	}
	done = func() { _ = f.Close() } // it was only read
	info, err := f.Stat()
	if err == nil {
		var ok bool
		if at, ok = f.(io.ReaderAt); !ok || !info.Mode().IsRegular() {
			err = errors.New("it cannot be read by offset")
		}
	}
	if err != nil {
		done()
		return nil, 0, nil, err
	}
	return at, info.Size(), done, nil
}
