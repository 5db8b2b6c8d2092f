package forensics

import (
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

// resolver says where folders that patterns name really are. Only links that the
// owner of the root made, in folders that nobody else may write to, are followed:
// any other could lead the collector astray.
type resolver struct {
	t     *tree
	known map[string]string
	links map[string]bool // links that were followed
}

// folder is the folder without links, as far as it is there and they may be
// followed.
func (r *resolver) folder(dir string) string { return r.follow(path.Clean(dir), 0) }

const maxLinks = 16

func (r *resolver) follow(dir string, depth int) string {
	if dir == "/" || dir == "." || depth > maxLinks {
		return dir
	}
	if to, ok := r.known[dir]; ok {
		return to
	}
	r.known[dir] = dir // where a loop of links ends
	parent := r.follow(path.Dir(dir), depth+1)
	at := path.Join(parent, path.Base(dir))
	if target := r.link(parent, at); target != "" {
		r.links[at] = true
		if !path.IsAbs(target) {
			target = path.Join(parent, target)
		}
		at = r.follow(path.Clean("/"+target), depth+1)
	}
	r.known[dir] = at
	return at
}

// link is the target of a link that may be followed.
func (r *resolver) link(parent, at string) string {
	var root unix.Statx_t
	if err := statx(int(r.t.root.Fd()), "", unix.AT_EMPTY_PATH, &root); err != nil {
		return ""
	}
	h, err := r.t.at("/", at, true)
	if err != nil {
		return ""
	}
	defer func() { _ = h.close() }()
	if h.raw.Mode&unix.S_IFMT != unix.S_IFLNK || h.raw.Uid != root.Uid && h.raw.Uid != 0 {
		return ""
	}
	p, err := r.t.at("/", parent, true)
	if err != nil {
		return ""
	}
	defer func() { _ = p.close() }()
	if p.raw.Mode&0o022 != 0 || p.raw.Uid != root.Uid && p.raw.Uid != 0 {
		return ""
	}
	target, err := readlinkAt(h.fd, "")
	if err != nil || strings.ContainsRune(target, 0) {
		return ""
	}
	return target
}
