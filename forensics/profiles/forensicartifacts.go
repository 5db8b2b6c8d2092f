package profiles

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"firebreak/forensics/pattern"
)

// forensicArtifacts reads a file of ForensicArtifacts definitions: YAML documents
// of name, doc, sources and supported_os, each source with a type and attributes.
// Reference: "Artifact definition format and style guide" of
// github.com/ForensicArtifacts/artifacts. ** is ten levels at most, as in plaso,
// and **5 five; homes are %%users.homedir%%.
func (s *Set) forensicArtifacts(name string, src []byte) Problems {
	l := &loader{file: name}
	docs := l.documents(src)
	if len(l.problems) > 0 { // PyYAML, which the definitions are written for, needs no blank in {a:[b]}
		again := &loader{file: name}
		if docs = again.documents(tight.ReplaceAll(src, []byte("$1: ["))); len(again.problems) > 0 {
			return l.problems
		}
		l = again
	}
	for _, doc := range docs {
		m := l.mapping(doc, "a definition")
		if m["sources"] == nil && m["name"] == nil {
			continue // another kind of YAML
		}
		id := l.text(m["name"], doc, "the name of a definition")
		if id == "" {
			continue
		}
		title, _, _ := strings.Cut(scalar(m["doc"]), "\n")
		if title == "" {
			title = id
		}
		c := Collector{Name: id, Title: title, Volatility: 250, Place: l.place(doc)}
		p := Profile{Name: id, Title: title, Place: c.Place}
		here := false
		for _, n := range l.items(m["sources"], "sources") {
			src := l.mapping(n, "a source")
			systems := l.texts(src["supported_os"], "supported_os")
			if len(systems) == 0 && m["supported_os"] != nil {
				systems = l.texts(m["supported_os"], "supported_os")
			}
			if len(systems) > 0 && !slices.Contains(systems, "Linux") {
				continue
			}
			here = true
			l.definition(s, &c, &p, n, src)
		}
		if here && len(c.Artefacts)+len(c.Refused) > 0 {
			s.Collectors = append(s.Collectors, c)
		}
		if len(p.Include) > 0 {
			p.Collectors = append([]string{id}, p.Include...) // finish leaves what there is
			s.Profiles = append(s.Profiles, p)
		}
	}
	return l.problems
}

var tight = regexp.MustCompile(`(\{ *[a-z_]+):\[`)

func scalar(n *yaml.Node) string {
	if n == nil || n.Kind != yaml.ScalarNode {
		return ""
	}
	return strings.TrimSpace(n.Value)
}

// definition takes over one source.
func (l *loader) definition(s *Set, c *Collector, p *Profile, n *yaml.Node, src map[string]*yaml.Node) {
	kind, place := scalar(src["type"]), l.place(n)
	attributes := map[string]*yaml.Node{}
	if src["attributes"] != nil {
		attributes = l.mapping(src["attributes"], "attributes")
	}
	switch kind {
	case "FILE", "PATH":
		a := Artefact{Kind: "file." + strings.ToLower(c.Name), Title: c.Title, Do: Take, Place: place}
		if kind == "PATH" {
			a.Do, a.Types, a.Links = List, "fdl", true
		}
		var no []string
		for _, item := range l.items(attributes["paths"], "paths") {
			pat, err := definedPath(item.Value)
			if err == nil {
				err = pattern.New().Add(pat, 0)
			}
			if err != nil {
				no = append(no, fmt.Sprintf("%s: %v", item.Value, err))
				continue
			}
			a.Paths = append(a.Paths, pat)
		}
		if len(a.Paths) > 0 {
			c.Artefacts = append(c.Artefacts, a)
		}
		s.source(c, kind, place, len(a.Paths) > 0, strings.Join(no, "; "))
	case "ARTIFACT_GROUP", "ARTIFACT":
		p.Include = append(p.Include, l.texts(attributes["names"], "names")...)
		s.source(c, kind, place, true, "")
	case "COMMAND":
		s.source(c, kind, place, false, noCommand+": "+strings.TrimSpace(scalar(attributes["cmd"])+" "+strings.Join(l.texts(attributes["args"], "args"), " ")))
	case "DIRECTORY":
		s.source(c, kind, place, false, "a folder's names: linux.listing has them")
	case "":
		l.at(n, "a source has no type")
	default:
		s.source(c, kind, place, false, kind+" is nothing that Linux has")
	}
}

// definedPath is a path of a definition as a pattern of ours.
func definedPath(p string) (string, error) {
	p = strings.NewReplacer("{", `\{`, "}", `\}`).Replace(p)
	if below, ok := strings.CutPrefix(p, "%%users.homedir%%"); ok {
		p = "~" + below
		if below == "" {
			p = "~/**1"
		}
	}
	if strings.Contains(p, "%%") {
		return "", fmt.Errorf("a variable that Linux does not have")
	}
	parts := strings.Split(p, "/")
	for i, part := range parts {
		if part == "**" {
			parts[i] = "**10"
		}
	}
	if p = strings.Join(parts, "/"); kernel(p) {
		return "", fmt.Errorf("%s", noKernel)
	}
	return p, nil
}
