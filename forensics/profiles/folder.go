package profiles

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Limits of a folder of definitions.
const (
	maxDefinitions = 20_000 // files
	maxFolder      = 64 << 20
)

// All is the profile of an imported folder that has everything in it.
const All = "all"

// Folder reads somebody's definitions: a folder of UAC (with artifacts and
// profiles in it) or of ForensicArtifacts (YAML files of definitions, in any
// folder below). Each definition becomes a collector, each group or profile a
// profile. What of a file cannot be read is Problems; what is not taken over is
// listed in the Set.
func Folder(in fs.FS) (*Set, error) {
	var names []string
	err := fs.WalkDir(in, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && name != "." && strings.HasPrefix(d.Name(), ".") {
			return fs.SkipDir
		}
		if d.Type().IsRegular() && (path.Ext(name) == ".yaml" || path.Ext(name) == ".yml") {
			names = append(names, name)
		}
		if len(names) > maxDefinitions {
			return fmt.Errorf("more than %d files of definitions", maxDefinitions)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read definitions: %w", err)
	}
	slices.Sort(names)
	uac := slices.ContainsFunc(names, func(n string) bool {
		return strings.HasPrefix(n, "artifacts/") && !strings.HasPrefix(n, "artifacts/data/")
	}) &&
		slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(n, "profiles/") })
	var s Set
	var problems Problems
	total := 0
	for _, name := range names {
		b, err := fs.ReadFile(in, name)
		if err != nil {
			return nil, fmt.Errorf("read definitions: %w", err)
		}
		if total += len(b); total > maxFolder {
			return nil, fmt.Errorf("read definitions: more than %d bytes", maxFolder)
		}
		switch {
		case !uac:
			problems = append(problems, s.forensicArtifacts(name, b)...)
		case strings.HasPrefix(name, "artifacts/"):
			problems = append(problems, s.uacArtifact(name, b)...)
		case strings.HasPrefix(name, "profiles/"):
			problems = append(problems, s.uacProfile(name, b)...)
		}
	}
	if len(problems) > 0 {
		return nil, problems
	}
	if len(s.Collectors) == 0 {
		return nil, fmt.Errorf("read definitions: none of ForensicArtifacts or of UAC is there: %w", ErrNone)
	}
	s.finish()
	return &s, nil
}

// finish gives profiles their members and makes the one of everything.
func (s *Set) finish() {
	var all []string
	for _, c := range s.Collectors {
		all = append(all, c.Name)
		s.Refused = append(s.Refused, c.Refused...)
	}
	for i := range s.Profiles {
		p := &s.Profiles[i]
		p.Collectors = slices.DeleteFunc(p.Collectors, func(n string) bool {
			_, there := s.Collector(n)
			return !there // a definition of another system
		})
		p.Include = slices.DeleteFunc(p.Include, func(n string) bool {
			_, there := s.Profile(n)
			return !there
		})
	}
	if _, there := s.Profile(All); !there {
		s.Profiles = append(s.Profiles, Profile{Name: All, Title: "Every definition of the folder", Collectors: all, Place: "."})
	}
	for i := range s.Profiles {
		p := &s.Profiles[i]
		for _, n := range p.Collectors {
			if at, ok := s.stats[n]; ok {
				p.Listing = append(p.Listing, at...)
			}
		}
		if len(p.Listing) > 0 {
			slices.Sort(p.Listing)
			p.Listing = slices.Compact(p.Listing)
			p.Collectors = append(p.Collectors, "linux.listing")
		}
	}
}

// source counts a source of a definition for Linux.
func (s *Set) source(c *Collector, kind, place string, taken bool, reason string) {
	s.Sources++
	if taken {
		s.Taken++
	}
	if reason != "" {
		c.Refused = append(c.Refused, Refused{Name: c.Name, Place: place, Type: kind, Reason: reason})
	}
}

// kernel says whether a pattern is of a view of the kernel.
func kernel(p string) bool {
	for _, root := range []string{"/proc", "/sys"} {
		if p == root || strings.HasPrefix(p, root+"/") {
			return true
		}
	}
	return false
}

const (
	noCommand = "a command is never run: what it shows can be forged, and it changes the machine"
	noKernel  = "a view of the kernel, which is no file: the collectors of live state read it"
)
