package profiles

import (
	"embed"
	"fmt"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v4"

	"firebreak/internal/lazyre"
)

//go:embed *.yaml
var files embed.FS

// builtin reads what is built in, once. That it can be read is what the tests
// are for.
var builtin = sync.OnceValues(func() (*Set, error) {
	var out Set
	names, err := files.ReadDir(".")
	if err != nil {
		return nil, fmt.Errorf("read the built-in profiles: %w", err)
	}
	for _, n := range names {
		b, err := files.ReadFile(n.Name())
		if err != nil {
			return nil, fmt.Errorf("read the built-in profiles: %w", err)
		}
		s, err := Parse(n.Name(), b)
		if err != nil {
			return nil, err
		}
		out.Collectors = append(out.Collectors, s.Collectors...)
		out.Profiles = append(out.Profiles, s.Profiles...)
		out.Secrets = append(out.Secrets, s.Secrets...)
	}
	slices.SortStableFunc(out.Collectors, func(a, b Collector) int { return a.Volatility - b.Volatility })
	return &out, nil
})

// Builtin returns the built-in collectors, in the order in which they run, and
// profiles. They are shared: nobody may change them.
func Builtin() (*Set, error) { return builtin() }

// Version is the format of our own files, which each says of itself.
const Version = "1"

var slug = lazyre.New(`^[a-z][a-z0-9]*([._-][a-z0-9]+)*$`)

// Parse reads a file of our own format. The error is Problems.
func Parse(name string, src []byte) (*Set, error) {
	l := &loader{file: name}
	docs := l.documents(src)
	if len(docs) != 1 && len(l.problems) == 0 {
		l.at(nil, "one document is expected, there are %d", len(docs))
	}
	var s Set
	if len(l.problems) == 0 {
		l.own(docs[0], &s)
	}
	if len(l.problems) > 0 {
		return nil, l.problems
	}
	return &s, nil
}

func (l *loader) own(root *yaml.Node, s *Set) {
	m := l.mapping(root, "the file", "firebreak-profiles", "collectors", "profiles", "secrets")
	if v := l.text(m["firebreak-profiles"], root, "firebreak-profiles: the version of the format"); v != "" && v != Version {
		l.at(m["firebreak-profiles"], "version %s of the format is not known; this program reads %s", v, Version)
	}
	for _, n := range l.items(m["collectors"], "collectors") {
		c := l.collector(n)
		if _, twice := s.Collector(c.Name); twice && c.Name != "" {
			l.at(n, "collector %s is there twice", c.Name)
		}
		s.Collectors = append(s.Collectors, c)
	}
	for _, n := range l.items(m["profiles"], "profiles") {
		p := l.profile(n)
		if _, twice := s.Profile(p.Name); twice && p.Name != "" {
			l.at(n, "profile %s is there twice", p.Name)
		}
		s.Profiles = append(s.Profiles, p)
	}
	for _, n := range l.items(m["secrets"], "secrets") {
		s.Secrets = append(s.Secrets, l.secret(n))
	}
}

func (l *loader) name(n, at *yaml.Node, what string) string {
	name := l.text(n, at, what)
	if name != "" && !slug.MatchString(name) {
		l.at(n, "%s %q has to be of small letters, digits, dots and dashes", what, name)
	}
	return name
}

func (l *loader) title(n, at *yaml.Node, what string) string {
	title := l.text(n, at, what)
	if len(title) > maxTitle || strings.ContainsFunc(title, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		l.at(n, "%s has to be one line", what)
	}
	return title
}

func (l *loader) collector(n *yaml.Node) Collector {
	m := l.mapping(n, "a collector", "name", "title", "volatility", "artefacts")
	c := Collector{
		Name: l.name(m["name"], n, "the name of a collector"), Title: l.title(m["title"], n, "the title of a collector"),
		Volatility: int(l.number(m["volatility"], "volatility")), Place: l.place(n),
	}
	if c.Volatility == 0 {
		c.Volatility = 250 // behind what is built in, and before what is searched for
	}
	for _, a := range l.items(m["artefacts"], "artefacts") {
		c.Artefacts = append(c.Artefacts, l.artefact(a, c))
	}
	if len(c.Artefacts) == 0 {
		l.at(n, "collector %s has no artefacts", c.Name)
	}
	return c
}

func (l *loader) artefact(n *yaml.Node, c Collector) Artefact {
	m := l.mapping(n, "an artefact", "kind", "title", "format", "do", "paths", "newest", "links",
		"names", "not_names", "whole", "not_whole", "types", "modes", "min_size", "max_size", "max_total", "newer", "no_owner")
	a := Artefact{Kind: c.Name, Title: c.Title, Do: Take, Place: l.place(n)}
	if m["kind"] != nil {
		a.Kind = l.name(m["kind"], n, "the kind of an artefact")
	}
	if m["title"] != nil {
		a.Title = l.title(m["title"], n, "the title of an artefact")
	}
	if m["format"] != nil {
		a.Format = l.name(m["format"], n, "the format of an artefact")
	}
	if m["do"] != nil {
		a.Do = Act(l.text(m["do"], n, "do"))
		if !slices.Contains([]Act{List, Hash, Take}, a.Do) {
			l.at(m["do"], "do is take, hash or list, not %q", a.Do)
		}
	}
	if a.Paths = l.paths(m["paths"], "paths"); len(a.Paths) == 0 {
		l.at(n, "an artefact has no paths")
	}
	a.Newest, a.Links, a.NoOwner = l.yes(m["newest"], "newest"), l.yes(m["links"], "links"), l.yes(m["no_owner"], "no_owner")
	a.Names, a.NotNames = l.globs(m["names"], "names"), l.globs(m["not_names"], "not_names")
	a.Whole, a.NotWhole = l.globs(m["whole"], "whole"), l.globs(m["not_whole"], "not_whole")
	a.MinSize, a.MaxSize = l.size(m["min_size"], "min_size"), l.size(m["max_size"], "max_size")
	a.MaxTotal = l.size(m["max_total"], "max_total")
	a.Newer = l.span(m["newer"], "newer")
	if m["types"] != nil {
		a.Types = l.text(m["types"], n, "types")
		if strings.Trim(a.Types, "fdlpsbc") != "" {
			l.at(m["types"], "types are letters of f, d, l, p, s, b and c, not %q", a.Types)
		}
	}
	for _, item := range l.items(m["modes"], "modes") {
		mode, ok := modes[item.Value]
		if !ok {
			l.at(item, "modes are setuid, setgid, executable and world-writable, not %q", item.Value)
		}
		a.Modes = append(a.Modes, mode)
	}
	return a
}

// modes are the words for permission bits.
var modes = map[string]Mode{
	"setuid": {Bits: 0o4000}, "setgid": {Bits: 0o2000}, "executable": {Bits: 0o111, Any: true}, "world-writable": {Bits: 0o002},
}

func (l *loader) profile(n *yaml.Node) Profile {
	m := l.mapping(n, "a profile", "name", "title", "collectors", "include", "listing", "limits")
	p := Profile{
		Name: l.name(m["name"], n, "the name of a profile"), Title: l.title(m["title"], n, "the title of a profile"),
		Collectors: l.texts(m["collectors"], "collectors"), Include: l.texts(m["include"], "include"),
		Listing: l.texts(m["listing"], "listing"), Place: l.place(n),
	}
	for _, item := range l.items(m["listing"], "listing") {
		if !strings.HasPrefix(item.Value, "/") {
			l.at(item, "%q is not an absolute path", item.Value)
		}
	}
	if m["limits"] != nil {
		k := l.mapping(m["limits"], "limits", "file", "total", "rows", "files")
		p.Limits = Limits{
			File: l.size(k["file"], "file"), Total: l.size(k["total"], "total"),
			Rows: l.number(k["rows"], "rows"), Files: l.number(k["files"], "files"),
		}
	}
	if len(p.Collectors)+len(p.Include) == 0 {
		l.at(n, "profile %s chooses nothing", p.Name)
	}
	return p
}
