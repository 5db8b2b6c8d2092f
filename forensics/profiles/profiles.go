package profiles

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"firebreak/forensics/pattern"
)

// Act is what is done with a file that an artefact means.
type Act string

// The acts, the lesser first: a file that two artefacts mean is taken if one of
// them says so.
const (
	List Act = "list" // its metadata
	Hash Act = "hash" // that, and the SHA-256 of its content
	Take Act = "take" // sealed whole
)

// Artefact is a kind of file.
type Artefact struct {
	Kind   string // as in linux.wtmp
	Title  string
	Format string // the parser that reads it; "" leaves it to its content
	Do     Act
	Paths  []string // patterns; see package pattern
	Newest bool     // newest first, so that limits cut off the oldest
	Links  bool     // symbolic links are what is looked for: they are recorded and no refusal

	// Each of these that is set has to fit too.
	Names    []*pattern.Glob // the last part of the path is one of these
	NotNames []*pattern.Glob // and none of these
	Whole    []*pattern.Glob // the path is one of these; * goes over slashes
	NotWhole []*pattern.Glob
	Types    string // letters of find -type; "" is regular files
	Modes    []Mode // one of them
	MinSize  int64
	MaxSize  int64
	MaxTotal int64         // bytes of all files of it together; 0 has no limit of its own
	Newer    time.Duration // content or inode changed within so long before the collection
	NoOwner  bool          // its user or its group has no name

	Place string // file:line:column of its definition
}

// Mode is a condition on permission bits, as find -perm has it.
type Mode struct {
	Bits uint16
	Any  bool // one of the bits is enough
}

// Fits says whether a mode has the bits.
func (m Mode) Fits(mode uint16) bool {
	if m.Any {
		return mode&m.Bits != 0
	}
	return mode&m.Bits == m.Bits
}

// Collector is a set of artefacts that is chosen by one name.
type Collector struct {
	Name       string
	Title      string
	Volatility int // collectors run in ascending order
	Artefacts  []Artefact
	Refused    []Refused // sources of an imported definition that are not taken over
	Place      string
}

// Profile is a choice of collectors.
type Profile struct {
	Name       string
	Title      string
	Collectors []string
	Include    []string // profiles whose collectors are its own too
	Listing    []string // folders that are listed; nil takes the usual ones
	Limits     Limits
	Place      string
}

// Limits of a profile; zero takes the usual one.
type Limits struct{ File, Total, Rows, Files int64 }

// Refused is a source of somebody's definitions that is not taken over.
type Refused struct {
	Name   string `json:"name"`
	Place  string `json:"place"`
	Type   string `json:"type"` // COMMAND, command, …
	Reason string `json:"reason"`
}

// Set is what can be chosen from.
type Set struct {
	Collectors []Collector
	Profiles   []Profile
	Secrets    []Secret // what is not taken, whoever means it
	Sources    int      // of imported definitions, for Linux
	Taken      int      // of those, taken over, at least in part
	Refused    []Refused

	stats map[string][]string // folders that a collector wants listed
}

// Problems are what is wrong with a file, each as file:line:column: message.
type Problems []string

func (p Problems) Error() string { return strings.Join(p, "\n") }

// ErrNone is returned for a profile or a definition that there is not.
var ErrNone = errors.New("no such profile")

// Profile returns the profile of that name.
func (s *Set) Profile(name string) (Profile, bool) {
	for _, p := range s.Profiles {
		if p.Name == name {
			return p, true
		}
	}
	return Profile{}, false
}

// Collector returns the collector of that name, with or without "linux.".
func (s *Set) Collector(name string) (Collector, bool) {
	for _, c := range s.Collectors {
		if c.Name == name || c.Name == "linux."+name {
			return c, true
		}
	}
	return Collector{}, false
}

// Members are the names of the collectors of a profile, those of what it includes
// first.
func (s *Set) Members(name string) ([]string, error) { return s.members(name, nil) }

func (s *Set) members(name string, way []string) ([]string, error) {
	p, ok := s.Profile(name)
	if !ok {
		return nil, fmt.Errorf("profile %q: %w", name, ErrNone)
	}
	if slices.Contains(way, name) {
		return nil, Problems{fmt.Sprintf("%s: profile %s includes itself", p.Place, name)}
	}
	var out []string
	for _, inner := range p.Include {
		more, err := s.members(inner, append(slices.Clone(way), name))
		if err != nil {
			return nil, err
		}
		out = append(out, more...)
	}
	out = append(out, p.Collectors...)
	seen := map[string]bool{}
	return slices.DeleteFunc(out, func(n string) bool {
		twice := seen[n]
		seen[n] = true
		return twice
	}), nil
}

// With is s and, before it, what a person brought: a name of theirs hides ours.
func (s *Set) With(theirs *Set) *Set {
	out := &Set{
		Collectors: slices.Clone(theirs.Collectors), Profiles: slices.Clone(theirs.Profiles),
		Secrets: append(slices.Clone(s.Secrets), theirs.Secrets...),
		Sources: theirs.Sources, Taken: theirs.Taken, Refused: theirs.Refused,
	}
	for _, c := range s.Collectors {
		if _, hidden := theirs.Collector(c.Name); !hidden {
			out.Collectors = append(out.Collectors, c)
		}
	}
	for _, p := range s.Profiles {
		if _, hidden := theirs.Profile(p.Name); !hidden {
			out.Profiles = append(out.Profiles, p)
		}
	}
	return out
}
