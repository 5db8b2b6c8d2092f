package profiles

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"firebreak/forensics/pattern"
)

// Secret is a kind of file whose purpose is to hold a secret. Whatever definition
// means such a file, it is listed and not taken, unless somebody asks for it.
type Secret struct {
	Holds       string   // what, in words
	Environment bool     // the environment of a process or a container
	Literal     []string // paths that have no wildcards
	paths, not  []*pattern.Glob
}

// Fits says whether a path is of that kind.
func (s *Secret) Fits(path string) bool {
	match := func(g *pattern.Glob) bool { return g.Match(path) }
	return slices.ContainsFunc(s.paths, match) && !slices.ContainsFunc(s.not, match)
}

// SecretsOf are the built-in kinds, which no definition can take away, and those
// that a set has besides.
func SecretsOf(s *Set) ([]Secret, error) {
	ours, err := Builtin()
	if err != nil {
		return nil, err
	}
	if s == nil || s == ours {
		return ours.Secrets, nil
	}
	return append(slices.Clone(ours.Secrets), s.Secrets...), nil
}

func (l *loader) secret(n *yaml.Node) Secret {
	m := l.mapping(n, "a secret", "holds", "environment", "paths", "not")
	s := Secret{Holds: l.title(m["holds"], n, "what a secret holds"), Environment: l.yes(m["environment"], "environment")}
	s.paths, s.Literal = l.wholes(m["paths"], "paths")
	s.not, _ = l.wholes(m["not"], "not")
	if len(s.paths) == 0 {
		l.at(n, "a secret has no paths")
	}
	return s
}

// wholes reads globs of whole paths, whose * goes over slashes, with {a,b}
// written out, and says which have no wildcards.
func (l *loader) wholes(n *yaml.Node, what string) (out []*pattern.Glob, literal []string) {
	for _, item := range l.items(n, what) {
		all, err := pattern.Braces(l.text(item, item, "an item of "+what))
		for _, p := range all {
			g, bad := pattern.Compile(p)
			if bad != nil {
				err = bad
				break
			}
			out = append(out, g)
			if !strings.ContainsAny(p, `*?[\`) {
				literal = append(literal, p)
			}
		}
		if err != nil {
			l.at(item, "%s: %v", what, err)
		}
	}
	return out, literal
}
