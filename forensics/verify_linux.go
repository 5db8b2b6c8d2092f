package forensics

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"firebreak/forensics/packages"
)

// verify writes the "fb.packagefile" snapshot: which files differ from what their
// package brought, and which files no package brought lie among those that one did.
func (c *collection) verify(ctx context.Context) error {
	fsys := treeFS{c.tree}
	index, err := packages.Load(ctx, fsys)
	if errors.Is(err, packages.ErrNone) {
		c.refuse("/var/lib/dpkg", refuse("no package database of dpkg, apk or rpm: files cannot be told apart by their packages"))
		return nil
	}
	c.refuse("package database", asRefusal(err))
	e := c.exhibit("Files that differ from their package, or have none", "/var/lib/dpkg, /lib/apk/db, /var/lib/rpm, /usr", FormatPackageFile,
		"digests of the package databases compared with the files, each read once; the databases are the host's own")
	return c.snapshot(ctx, e, func(r *rows) error {
		v := &verifier{c: c, r: r, index: index, left: c.Limits.Verify, buf: make([]byte, 256<<10), done: map[string]bool{}}
		v.users, v.groups = idsOf(fsys, "etc/passwd"), idsOf(fsys, "etc/group")
		for _, step := range []func(context.Context) error{v.running, v.unowned, v.digests} {
			if err := step(ctx); err != nil {
				return err
			}
		}
		v.sum.Path, v.sum.Finding, v.sum.Packages = "/", "summary", len(index.Packages)
		if v.sum.Unread > 0 {
			v.sum.Note = "the budget of bytes was used up: programs and settings come first, then libraries, then the rest, then what is over 8 MiB"
			c.refuse("/usr", refuse("%d files of packages were not compared: the budget of bytes is used up", v.sum.Unread))
		}
		return r.add(v.sum)
	})
}

// asRefusal keeps an error as the evidence's own.
func asRefusal(err error) error {
	if err == nil {
		return nil
	}
	return refuse("%s", err.Error())
}

// verifier is one comparison.
type verifier struct {
	c     *collection
	r     *rows
	index *packages.Index
	left  int64
	pass  int
	buf   []byte
	sum   PackageFile
	done  map[string]bool // unowned files that were told

	users, groups map[string]uint32 // of the host that is examined
}

// running tells of processes whose executable no package brought.
func (v *verifier) running(ctx context.Context) error {
	if v.c.tree.image {
		return nil
	}
	list, err := pids()
	if err != nil {
		v.c.refuse("/proc", err)
		return nil
	}
	by := map[string][]int{}
	ours := v.c.initNamespace("mnt")
	for _, pid := range list {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		dir := fmt.Sprintf("/proc/%d", pid)
		name, err := readlinkAt(unix.AT_FDCWD, dir+"/exe")
		if err != nil || strings.HasSuffix(name, " (deleted)") || strings.HasPrefix(name, "/memfd:") {
			continue // linux.processes tells of those
		}
		if ns, err := readlinkAt(unix.AT_FDCWD, dir+"/ns/mnt"); err != nil || ns != ours {
			continue // in a container: other packages
		}
		if root, err := readlinkAt(unix.AT_FDCWD, dir+"/root"); err == nil && root != "/" {
			continue
		}
		if _, owned := v.index.Owner(name); !owned && len(by[name]) < maxInside {
			by[name] = append(by[name], pid)
		}
	}
	for _, name := range sortedKeys(by) {
		if err := v.tell(name, "runs, and no package brought it", by[name]); err != nil {
			return err
		}
	}
	return nil
}

func sortedKeys[T any](m map[string]T) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// packaged are folders in which only packages put files.
func packaged() []string {
	return []string{
		"/usr/bin", "/usr/sbin", "/bin", "/sbin", "/usr/libexec", "/lib/security", "/usr/lib/security", "/lib64/security", "/usr/lib64/security",
		"/usr/lib/x86_64-linux-gnu/security", "/usr/lib/aarch64-linux-gnu/security", "/usr/lib/systemd/system-generators", "/lib/udev/rules.d", "/usr/lib/udev/rules.d",
		"/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/lib", "/usr/lib", "/lib64", "/usr/lib64",
	}
}

// unowned tells of files in packages' folders that no package brought. Of
// library folders only what can be loaded or run counts: caches lie there too.
func (v *verifier) unowned(ctx context.Context) error {
	seen := map[string]bool{}
	for _, dir := range packaged() {
		h, err := v.c.tree.at("/", dir, false)
		if err != nil {
			v.c.refuse(dir, err)
			continue
		}
		at := v.c.tree.realPath(h)
		kind := h.raw.Mode & unix.S_IFMT
		if err := h.close(); err != nil {
			return err
		}
		if kind != unix.S_IFDIR || seen[at] {
			continue
		}
		seen[at] = true
		for _, name := range v.c.names("/", at, false) {
			if err := ctx.Err(); err != nil {
				return err
			}
			full := path.Join(at, name)
			if _, owned := v.index.Owner(full); owned || v.done[full] {
				continue
			}
			if err := v.tell(full, "no package brought it, and it lies among files of packages", nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// tell writes an unowned file, if it is one that can run or be loaded.
func (v *verifier) tell(name, note string, pids []int) error {
	h, err := v.c.tree.at("/", name, false)
	if err != nil {
		v.c.refuse(name, err)
		return nil
	}
	defer func() { _ = h.close() }()
	if h.raw.Mode&unix.S_IFMT != unix.S_IFREG || pids == nil && h.raw.Mode&0o111 == 0 && !strings.Contains(path.Base(name), ".so") && !strings.HasSuffix(name, ".rules") {
		return nil
	}
	v.done[name] = true
	p := v.line(name, h, "unowned")
	p.Note, p.PIDs = note, pids
	if h.raw.Mode&(unix.S_ISUID|unix.S_ISGID) != 0 {
		p.Note += "; it takes its owner's rights"
	}
	s := sha256.New()
	if err := v.read(h, s); err != nil {
		p.Note += "; not hashed: " + err.Error()
	} else {
		p.SHA256 = hex.EncodeToString(s.Sum(nil))
	}
	return v.r.add(p)
}

func (v *verifier) line(name string, h *handle, finding string) PackageFile {
	p := PackageFile{Path: name, Finding: finding, Raw: raw(nil, "path", name)}
	if h != nil {
		s := h.stat
		p.Size, p.Mode, p.UID, p.Modified, p.Changed, p.Born = s.Size, s.Mode, s.UID, s.Modified, s.Changed, s.Born
	}
	return p
}

// largeFile is from where on a file is compared after all others, in bytes.
const largeFile = 8 << 20

// errBudget says that no more bytes may be read.
var errBudget = errors.New("the budget of bytes is used up")

// read hashes what a handle names, within the budget.
func (v *verifier) read(h *handle, to io.Writer) error {
	if h.stat.Size > v.left || h.stat.Size > v.c.Limits.File {
		return errBudget
	}
	f, err := v.c.tree.open(h, false)
	if err != nil {
		return err
	}
	n, err := io.CopyBuffer(struct{ io.Writer }{to}, struct{ io.Reader }{io.LimitReader(f, v.left+1)}, v.buf)
	v.left -= n
	v.sum.Bytes += n
	return errors.Join(err, f.Close())
}

// rank orders files by what an intruder gains from changing them.
func rank(f packages.File) int {
	dir := path.Dir(f.Path)
	switch {
	case strings.HasSuffix(dir, "bin"), strings.Contains(dir, "/security"), f.Conffile:
		return 0
	case strings.Contains(path.Base(f.Path), ".so"), strings.Contains(dir, "/systemd"), strings.HasPrefix(dir, "/usr/libexec"):
		return 1
	case strings.HasPrefix(dir, "/usr/share/doc"), strings.HasPrefix(dir, "/usr/share/man"), strings.HasPrefix(dir, "/usr/share/locale"), strings.HasPrefix(dir, "/usr/include"):
		return 3
	}
	return 2
}

// digests compares files with the databases: programs first. The databases are
// read once for each rank, so that no list of all files is held.
func (v *verifier) digests(ctx context.Context) error {
	// Few files are large, and they would use up the budget for all others.
	for v.pass = range 4 { // documentation is never compared
		err := v.index.Digests(ctx, treeFS{v.c.tree}, func(f packages.File) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			if at := rank(f); v.pass < 3 && at != v.pass || at > 2 {
				return nil
			}
			return v.compare(f)
		})
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if errors.Is(err, errStopped) {
			return err
		}
		v.c.refuse("package database", asRefusal(err))
	}
	return nil
}

// compare reads one file of a package.
func (v *verifier) compare(f packages.File) error {
	last := v.pass == 3
	if v.left <= 0 {
		if !last {
			v.sum.Unread++
		}
		return nil
	}
	pkg := v.index.Packages[f.Package]
	tell := func(h *handle, finding, note string) error {
		p := v.line(f.Path, h, finding)
		p.Package, p.Version, p.Conffile, p.Expected, p.Note = pkg.Name, pkg.Version, f.Conffile, f.Expected(), note
		return v.r.add(p)
	}
	h, err := v.c.tree.at("/", f.Path, false)
	if last && err != nil {
		return nil // told before
	}
	if missing(err) {
		if rank(f) == 2 {
			return nil // left out on purpose by small installations
		}
		return tell(nil, "missing", "")
	}
	if err != nil {
		return tell(nil, "unread", err.Error())
	}
	defer func() { _ = h.close() }()
	if large := h.stat.Size > largeFile; large != last {
		return nil
	}
	if h.raw.Mode&unix.S_IFMT == unix.S_IFLNK {
		return nil // apk digests a link's target; an alternative may stand here
	}
	if err := v.c.tree.regular(h); err != nil {
		return tell(h, "changed", "not a regular file any more: "+err.Error())
	}
	if why := v.rights(f, h); why != "" {
		if err := tell(h, "rights", why); err != nil {
			return err
		}
	}
	sum := hashOf(f.Algorithm)
	if sum == nil {
		return tell(h, "unread", "its digest is of the kind "+f.Algorithm)
	}
	err = v.read(h, sum)
	if errors.Is(err, errBudget) {
		v.sum.Unread++
		return nil
	}
	if err != nil {
		return tell(h, "unread", explain(err).Error())
	}
	v.sum.Checked++
	if v.sum.Checked%512 == 0 {
		v.c.Progress(fmt.Sprintf("%s %d files, at %s", v.c.now.Name, v.sum.Checked, f.Path), v.c.at, v.c.of)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != f.Expected() {
		p := v.line(f.Path, h, "changed")
		p.Package, p.Version, p.Conffile, p.Expected = pkg.Name, pkg.Version, f.Conffile, f.Expected()
		switch f.Algorithm {
		case "md5":
			p.MD5 = got
		case "sha1":
			p.SHA1 = got
		case "sha256":
			p.SHA256 = got
		}
		return v.r.add(p)
	}
	return nil
}
