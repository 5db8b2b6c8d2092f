// Package packages knows which package brought a file, and what that file should
// hold: from the databases of dpkg, apk and rpm, read as plain files. It runs no
// package manager and verifies nothing itself. The databases lie on the host that
// is examined: who owns the host may have changed them too, so a file that agrees
// with them is not thereby good.
package packages

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Limits on what a database may make us keep.
const (
	maxFiles    = 8 << 20 // files of all packages together
	maxLine     = 1 << 20
	maxPackages = 1 << 17
)

// Package is an installed package.
type Package struct {
	Name    string
	Version string
	Manager string // dpkg, apk, rpm
}

// File is a file that a package brought, and the digest it should have.
type File struct {
	Path      string
	Package   int // index in Index.Packages
	Digest    []byte
	Algorithm string // of the digest: md5 (dpkg), sha1 (apk), md5 to sha512 (rpm)
	Conffile  bool
	Rights    *Rights // what else the database knows of it (rpm); nil: nothing
}

// Rights are those that the package gave to a file.
type Rights struct {
	Mode        uint32 // permissions, setuid, setgid and sticky
	User, Group string
}

// Expected is the digest in hexadecimal.
func (f File) Expected() string { return hex.EncodeToString(f.Digest) }

// Index answers for the files of all installed packages. It keeps hashes of
// names, with a seed of its own, so that an owner costs 12 bytes and no name can
// be made to collide. It may be asked by many at once.
type Index struct {
	Packages []Package
	seed     maphash.Seed
	owners   map[uint64]uint32
	aliases  map[string]string // /bin → /usr/bin, where the one is a link to the other

	rpmFile  string // rpm's database, "" where there is none
	rpmFirst int    // its first package
}

const managerRPM = "rpm"

// ErrNone is returned by Load where there is no database that it knows.
var ErrNone = errors.New("no package database of dpkg, apk or rpm")

// Load reads the databases below root, whose names have no leading slash. What
// could not be read of them is in the error, beside an index of the rest.
func Load(ctx context.Context, root fs.FS) (*Index, error) {
	x := &Index{seed: maphash.MakeSeed(), owners: map[uint64]uint32{}, aliases: map[string]string{}}
	for _, dir := range []string{"bin", "sbin", "lib", "lib32", "lib64", "libx32"} {
		// Where /bin is a folder of its own, its files are owned by its own name.
		if target, err := fs.ReadLink(root, dir); err == nil {
			x.aliases["/"+dir] = path.Clean("/" + strings.TrimPrefix(target, "/"))
		}
	}
	err := errors.Join(x.dpkg(root), x.apk(root), x.rpm(ctx, root))
	if len(x.Packages) == 0 {
		return nil, errors.Join(err, ErrNone)
	}
	return x, err
}

// real is the name below the folders that links stand for.
func (x *Index) real(name string) string {
	if len(name) < 2 || name[0] != '/' {
		return name
	}
	if i := strings.IndexByte(name[1:], '/'); i > 0 {
		if to, ok := x.aliases[name[:i+1]]; ok {
			return to + name[i+1:]
		}
	}
	return name
}

// Owner is the package that brought the file of an absolute path.
func (x *Index) Owner(name string) (Package, bool) {
	i, ok := x.owners[maphash.String(x.seed, x.real(path.Clean(name)))]
	if !ok {
		return Package{}, false
	}
	return x.Packages[i], true
}

// Files is how many files are known.
func (x *Index) Files() int { return len(x.owners) }

func (x *Index) own(name string, pkg int) error {
	if len(x.owners) >= maxFiles {
		return fmt.Errorf("more than %d files", maxFiles)
	}
	x.owners[maphash.String(x.seed, x.real(path.Clean(name)))] = uint32(pkg) //nolint:gosec // bounded by maxPackages
	return nil
}

const dpkgInfo = "var/lib/dpkg/info"

// dpkg reads status and the lists of files (deb-md5sums(5), dpkg(1)).
func (x *Index) dpkg(root fs.FS) error {
	names := map[string]int{}
	err := eachLine(root, "var/lib/dpkg/status", func() func(string) error {
		p, arch := Package{Manager: "dpkg"}, ""
		return func(line string) error {
			key, value, _ := strings.Cut(line, ": ")
			switch key {
			case "Package":
				p.Name = value
			case "Version":
				p.Version = value
			case "Architecture":
				arch = value
			case "":
				if p.Name != "" && len(x.Packages) < maxPackages {
					names[p.Name], names[p.Name+":"+arch] = len(x.Packages), len(x.Packages)
					x.Packages = append(x.Packages, p)
				}
				p = Package{Manager: "dpkg"}
			}
			return nil
		}
	}())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	list, e := fs.ReadDir(root, dpkgInfo)
	err = errors.Join(err, e)
	for _, f := range list {
		name, ok := strings.CutSuffix(f.Name(), ".list")
		if !ok {
			continue
		}
		pkg, known := names[name]
		if !known {
			continue // removed; its list stays with its configuration
		}
		err = errors.Join(err, eachLine(root, path.Join(dpkgInfo, f.Name()), func(line string) error {
			if line == "/." || line == "" {
				return nil
			}
			return x.own(line, pkg)
		}))
	}
	// What a package diverted lies under another name.
	var three []string
	e = eachLine(root, "var/lib/dpkg/diversions", func(line string) error {
		if three = append(three, line); len(three) == 3 {
			if i, ok := x.owners[maphash.String(x.seed, x.real(path.Clean(three[0])))]; ok {
				if err := x.own(three[1], int(i)); err != nil {
					return err
				}
			}
			three = three[:0]
		}
		return nil
	})
	if !errors.Is(e, fs.ErrNotExist) {
		err = errors.Join(err, e)
	}
	return err
}

// Digests calls f with each file whose digest the databases hold. A file that was
// diverted is given under the name it now has.
func (x *Index) Digests(ctx context.Context, root fs.FS, f func(File) error) error {
	byName := map[string]int{}
	for i, p := range x.Packages {
		if p.Manager == "dpkg" {
			byName[p.Name] = i
		}
	}
	if len(byName) > 0 {
		if err := x.dpkgDigests(root, byName, f); err != nil {
			return err
		}
	}
	if x.rpmFile != "" {
		if err := x.rpmDigests(ctx, root, f); err != nil {
			return err
		}
	}
	err := x.apkFiles(root, nil, f)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (x *Index) dpkgDigests(root fs.FS, byName map[string]int, f func(File) error) error {
	diverted, err := diversions(root)
	if err != nil {
		return err
	}
	list, err := fs.ReadDir(root, dpkgInfo)
	if err != nil {
		return err
	}
	for _, file := range list {
		name, ok := strings.CutSuffix(file.Name(), ".md5sums")
		if !ok {
			continue
		}
		bare, _, _ := strings.Cut(name, ":")
		pkg, known := byName[bare]
		if !known {
			continue
		}
		err := eachLine(root, path.Join(dpkgInfo, file.Name()), func(line string) error {
			sum, at, ok := strings.Cut(line, "  ")
			d := File{Path: x.real("/" + strings.TrimPrefix(at, "/")), Package: pkg}
			if !ok || !digest(&d, sum) {
				return nil
			}
			if by, ok := diverted["/"+strings.TrimPrefix(at, "/")]; ok && by.owner != bare {
				d.Path = x.real(by.to)
			}
			return f(d)
		})
		if err != nil {
			return err
		}
	}
	return x.conffiles(root, byName, f)
}

// conffiles reads the digests of configuration files, which status has.
func (x *Index) conffiles(root fs.FS, byName map[string]int, f func(File) error) error {
	pkg, inside := -1, false
	return eachLine(root, "var/lib/dpkg/status", func(line string) error {
		switch {
		case strings.HasPrefix(line, "Package: "):
			if i, ok := byName[line[9:]]; ok {
				pkg = i
			}
		case line == "Conffiles:":
			inside = true
			return nil
		case inside && strings.HasPrefix(line, " "):
			w := strings.Fields(line)
			if len(w) < 2 || pkg < 0 || slices.Contains(w[2:], "obsolete") || slices.Contains(w[2:], "remove-on-upgrade") {
				return nil
			}
			d := File{Path: x.real(path.Join("/", w[0])), Package: pkg, Conffile: true}
			if !digest(&d, w[1]) {
				return nil // newconffile
			}
			return f(d)
		}
		inside = false
		return nil
	})
}

func digest(d *File, sum string) bool {
	b, err := hex.DecodeString(sum)
	if err != nil || len(b) != 16 {
		return false
	}
	d.Digest, d.Algorithm = b, "md5"
	return true
}

// diversion is where a file of other packages went.
type diversion struct{ to, owner string }

func diversions(root fs.FS) (map[string]diversion, error) {
	out := map[string]diversion{}
	var three []string
	err := eachLine(root, "var/lib/dpkg/diversions", func(line string) error {
		if three = append(three, line); len(three) == 3 {
			out[three[0]] = diversion{three[1], three[2]}
			three = three[:0]
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return out, err
}

const apkInstalled = "lib/apk/db/installed"

// apk reads the database of apk-tools (its format is apk-installed(5)): lines of
// a letter, a colon and a value; F: is a folder, R: a file in it, Z: the digest of
// that file, Q1 and the base64 of a SHA-1.
func (x *Index) apk(root fs.FS) error {
	err := x.apkFiles(root, func(p Package) int {
		x.Packages = append(x.Packages, p)
		return len(x.Packages) - 1
	}, func(f File) error { return x.own(f.Path, f.Package) })
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// apkFiles goes through the files. With begin, which numbers packages, files
// without a digest are given too; without it, packages are those of the index.
func (x *Index) apkFiles(root fs.FS, begin func(Package) int, f func(File) error) error {
	p, dir, pending := Package{Manager: "apk"}, "", File{Package: -1}
	number := -1
	flush := func(withDigest bool) error {
		if pending.Path == "" || !withDigest && begin == nil {
			pending.Path = ""
			return nil
		}
		d := pending
		pending.Path = ""
		return f(d)
	}
	return eachLine(root, apkInstalled, func(line string) error {
		if line == "" {
			err := flush(false)
			p, number = Package{Manager: "apk"}, -1
			return err
		}
		if len(line) < 2 || line[1] != ':' {
			return nil
		}
		switch v := line[2:]; line[0] {
		case 'P':
			p.Name = v
		case 'V':
			p.Version = v
		case 'F':
			dir = v
			return flush(false)
		case 'R':
			if err := flush(false); err != nil {
				return err
			}
			if number < 0 {
				switch {
				case begin != nil && len(x.Packages) < maxPackages:
					number = begin(p)
				case begin == nil:
					number = slices.Index(x.Packages, p)
				}
			}
			if number >= 0 {
				pending = File{Path: x.real(path.Join("/", dir, v)), Package: number}
			}
		case 'Z':
			b, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(v, "Q1"))
			if err != nil || len(b) != 20 || !strings.HasPrefix(v, "Q1") {
				return flush(false)
			}
			pending.Digest, pending.Algorithm, pending.Conffile = b, "sha1", strings.HasPrefix(pending.Path, "/etc/")
			return flush(true)
		}
		return nil
	})
}

// eachLine reads a text line by line, and calls f with an empty line at its end.
func eachLine(root fs.FS, name string, f func(string) error) error {
	file, err := root.Open(name)
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	err = lines(file, f)
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	return nil
}

func lines(r io.Reader, f func(string) error) error {
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 0, 64<<10), maxLine)
	for s.Scan() {
		if err := f(s.Text()); err != nil {
			return err
		}
	}
	if err := s.Err(); err != nil {
		return err
	}
	return f("")
}
