package forensics

import (
	"cmp"
	"context"
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"firebreak/forensics/pattern"
	"firebreak/forensics/profiles"
)

// maxFound bounds the files that one artefact may mean before limits choose
// among them.
const maxFound = 100_000

// target is an artefact that is looked for, and what was found of it.
type target struct {
	profiles.Artefact
	collector string
	found     []found
	dropped   int64
}

// found is a file that the walk met.
type found struct {
	path string
	id   inode
	when int64 // modified, ns
	size int64
}

// aim makes targets of the artefacts of the chosen collectors.
func (c *collection) aim(which []Description) {
	for _, d := range which {
		col, ok := c.Profiles.Collector(d.Name)
		if !ok || d.Volatility < walkAt {
			continue
		}
		c.now = d
		for _, r := range col.Refused {
			c.refuse(r.Place, refuse("%s: %s", r.Name, r.Reason))
		}
		for _, a := range col.Artefacts {
			c.targets = append(c.targets, &target{Artefact: a, collector: d.Name})
		}
	}
}

// fits says whether a file is what the artefact means, besides its path.
func (t *target) fits(c *collection, full string, s *unix.Statx_t) bool {
	kind := "?pc?d?b?f?l?s???"[s.Mode>>12]
	types := t.Types
	if types == "" {
		types = "f"
		if t.Do == profiles.Take || t.Links {
			types = "flpsbc" // what is no file is refused by name
		}
	}
	if strings.IndexByte(types, kind) < 0 || len(t.Modes) > 0 && !slices.ContainsFunc(t.Modes, func(m profiles.Mode) bool { return m.Fits(s.Mode) }) {
		return false
	}
	size := int64(s.Size) //nolint:gosec // the kernel's sizes are signed
	if size < t.MinSize || t.Newer > 0 && !newer(s, c.began.Add(-t.Newer)) {
		return false
	}
	if t.NoOwner {
		if _, known := c.users[s.Uid]; known {
			return false
		}
	}
	name := path.Base(full)
	return hits(t.Names, name, true) && !hits(t.NotNames, name, false) && hits(t.Whole, full, true) && !hits(t.NotWhole, full, false)
}

// hits says whether one of the globs matches; none is the answer without any.
func hits(globs []*pattern.Glob, s string, none bool) bool {
	if len(globs) == 0 {
		return none
	}
	return slices.ContainsFunc(globs, func(g *pattern.Glob) bool { return g.Match(s) })
}

// newer says whether content or inode changed after a time.
func newer(s *unix.Statx_t, since time.Time) bool {
	at := since.Unix()
	return s.Mtime.Sec >= at || s.Ctime.Sec >= at
}

// meet notes a file that the walk met and an artefact means.
func (c *collection) meet(t *target, full string, s *unix.Statx_t, link string) {
	switch {
	case t.Do != profiles.Take:
		c.finds.add(full, t.Kind, s, link, t.Do == profiles.Hash)
	case s.Mode&unix.S_IFMT == unix.S_IFLNK && t.Links:
		c.finds.add(full, t.Kind, s, link, false)
	case t.MaxSize > 0 && int64(s.Size) > t.MaxSize: //nolint:gosec // as above
		c.refuse(full, refuse("%d bytes: over the limit of %d for %s", s.Size, t.MaxSize, t.Kind))
	case len(t.found) >= maxFound:
		t.dropped++
	default:
		t.found = append(t.found, found{full, inodeOf(s), s.Mtime.Sec*1e9 + int64(s.Mtime.Nsec), int64(s.Size)}) //nolint:gosec // as above
	}
}

// artefacts takes what the walk found for a collector.
func (c *collection) artefacts(ctx context.Context, collector string) error {
	q := c.queue()
	for _, t := range c.targets {
		if t.collector != collector {
			continue
		}
		slices.SortFunc(t.found, func(a, b found) int {
			if t.Newest && a.when != b.when {
				return cmp.Compare(b.when, a.when)
			}
			return cmp.Compare(a.path, b.path)
		})
		list := t.found
		if over := int64(len(list)) - c.Limits.Files; over > 0 {
			c.refuse(list[c.Limits.Files].path, refuse("this and %d more: the limit of %d files is reached", over-1+t.dropped, c.Limits.Files))
			list = list[:c.Limits.Files]
		}
		budget := newBudget(t.Artefact)
		for i := range list {
			if why := budget.spend(list[i].size); why != nil {
				c.refuse(list[i].path, why)
				continue
			}
			if slices.Contains(passwordFiles, list[i].path) {
				if err := c.hashless(ctx, list[i].path); err != nil {
					return q.stop(ctx, err)
				}
				continue
			}
			w := want{
				base: "/", name: list[i].path, strict: true, kind: t.Kind, title: t.Title + " " + list[i].path,
				format: t.Format, optional: true, id: &list[i].id,
			}
			if err := c.begin(ctx, w, q); err != nil {
				return q.stop(ctx, err)
			}
		}
		t.found = nil
	}
	return q.drain(ctx)
}

// atOnce takes the files of a collector that comes before the walk: its paths
// have no wildcards.
func (c *collection) atOnce(ctx context.Context, collector string) error {
	col, ok := c.Profiles.Collector(collector)
	if !ok {
		return nil
	}
	for _, a := range col.Artefacts {
		for _, p := range a.Paths {
			w := want{base: "/", name: p, kind: a.Kind, title: a.Title + " " + p, format: a.Format, optional: true}
			if err := c.take(ctx, w); err != nil {
				return err
			}
		}
	}
	return nil
}

// homes lists the home folders: those of the accounts, and what lies in /home.
func (c *collection) homes() []string {
	if c.homeset != nil {
		return c.homeset
	}
	list := []string{"/root"}
	for _, a := range c.passwd() {
		list = append(list, path.Clean("/"+a.Home))
	}
	for _, name := range c.names("/", "home", false) {
		list = append(list, "/home/"+name)
	}
	slices.Sort(list)
	c.homeset = slices.Compact(list)
	return c.homeset
}

// personal says whether a home may be searched whole. Those of the system's own
// accounts are its folders.
func personal(home string) bool {
	if home == "/" {
		return false
	}
	_, shared := on([]string{"/bin", "/sbin", "/usr", "/lib", "/lib64", "/etc", "/dev", "/proc", "/sys", "/run", "/boot", "/var/run", "/var/cache", "/var/log", "/var/spool", "/nonexistent"}, home)
	return !shared
}

// patterns compiles every pattern of the chosen artefacts into one automaton,
// whose ids are places in c.targets, with those of the folders to be listed behind
// them. Patterns lead through the links of the system, as /var/run is one: their
// folders are written as what they are.
func (c *collection) patterns(listed []string) (*pattern.Set, map[string]bool, error) {
	set, truth := pattern.New(), &resolver{t: c.tree, known: map[string]string{}, links: map[string]bool{}}
	for _, home := range c.homes() {
		set.Home(truth.folder(home), personal(home))
	}
	for i, t := range c.targets {
		for _, p := range t.Paths {
			all, err := pattern.Braces(p)
			if err != nil {
				return nil, nil, err
			}
			for _, p := range all {
				if dir := pattern.Prefix(p); dir != "" {
					if truly := truth.folder(dir); truly != dir {
						p = pattern.Quote(truly) + p[len(pattern.Quote(dir)):]
					}
				}
				if err := set.Add(p, i); err != nil {
					return nil, nil, err
				}
			}
		}
	}
	for i, p := range listed {
		if p == "/" {
			continue // the walk begins there
		}
		if err := set.Add(pattern.Quote(path.Join(truth.folder(path.Dir(p)), path.Base(p))), len(c.targets)+i); err != nil {
			return nil, nil, err
		}
	}
	return set, truth.links, nil
}
