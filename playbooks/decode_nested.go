package playbooks

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"firebreak/internal/lazyre"
)

// defaultItem is what a for_each calls its item when the file names nothing.
const defaultItem = "item"

// branches decodes the two lists of an if.
func (d *decoder) branches(s *Step, keys map[string]*yaml.Node, under context) {
	if keys["if"] == nil {
		d.at(codeMissing, pos{s.Line, s.Column}, "", "step has then or else and no if")
	}
	if n := keys["then"]; n != nil {
		under.branch = "then"
		s.Then = d.sequence(n, "then", under)
	} else {
		d.at(codeMissing, pos{s.Line, s.Column}, "turn the condition round", "step has else and no then")
	}
	if n := keys["else"]; n != nil {
		under.branch = "else"
		s.Else = d.sequence(n, "else", under)
	}
}

// cases decodes a switch. What the values mean is known once the expression
// has its type; see caseValues.
func (d *decoder) cases(s *Step, keys map[string]*yaml.Node, under context) {
	s.Switch = d.text(keys["switch"], "switch")
	n := keys["cases"]
	if n == nil {
		d.at(codeMissing, pos{s.Line, s.Column}, "as in cases: {lockbit: [ …steps ]}", "switch has no cases")
	} else {
		_, order := d.mapping(n, "cases", nil)
		if len(order) == 0 && n.Kind == yaml.MappingNode {
			d.node(codeShape, n, "", "cases is empty")
		}
		for _, e := range order {
			value := e.key.Value
			if strings.TrimSpace(value) == "" || e.key.ShortTag() == "!!null" {
				d.node(codeCase, e.key, "name the value, or use default", "a case has no value")
				continue
			}
			s.at["cases."+value] = pos{e.key.Line, e.key.Column}
			under.branch = value
			s.Cases = append(s.Cases, Case{Value: value, Steps: d.sequence(e.value, "case "+brief(value), under)})
		}
	}
	if n := keys["default"]; n != nil {
		under.branch = ""
		s.Default = d.sequence(n, "default", under)
	}
}

// forEach decodes a loop over a list. Its item is a variable in the loop's body
// only, and hides no other.
func (d *decoder) forEach(s *Step, keys map[string]*yaml.Node, under context) {
	s.ForEach, s.As = d.text(keys["for_each"], "for_each"), defaultItem
	at := pos{s.Line, s.Column}
	if n := keys["as"]; n != nil {
		at = pos{n.Line, n.Column}
		s.As = d.text(n, "as")
	}
	known := d.p.scopeOf(s)
	switch {
	case s.As == "":
	case !varShape.MatchString(s.As):
		d.at(codeVariable, at, "want lower-case letters, digits and underscores, beginning with a letter", "variable name %s is badly formed", brief(s.As))
	case slices.Contains(reserved(), s.As):
		d.at(codeVariable, at, "choose another name", "%s is a word of the expression language", brief(s.As))
	case known[s.As] != nil:
		d.at(codeVariable, at, "choose another name with as:", "the item %s would hide the variable of that name", s.As)
	}
	s.item = &Var{Name: s.As, Type: String, at: at}
	under.scope = maps.Clone(known)
	if under.scope == nil {
		under.scope = map[string]*Var{}
	}
	under.scope[s.As] = s.item
	if n := keys["do"]; n != nil {
		s.Do = d.sequence(n, "do", under)
	} else {
		d.at(codeMissing, pos{s.Line, s.Column}, "as in do: [ …steps ]", "for_each has no do")
	}
}

// scopeOf is what the expressions and templates of s may read.
func (p *Playbook) scopeOf(s *Step) map[string]*Var {
	if s != nil && s.scope != nil {
		return s.scope
	}
	return p.vars
}

// Item returns the variable that a for_each gives each item to.
func (s *Step) Item() (*Var, bool) { return s.item, s.item != nil }

var referenceShape = lazyre.New(`^([a-z0-9][a-z0-9-]{0,62})(?:@(\d{1,9}(?:\.\d{1,9}){0,2}(?:[-+][0-9A-Za-z.-]+)?))?$`)

// reference decodes the playbook that a step runs.
func (d *decoder) reference(n *yaml.Node) Reference {
	s := d.text(n, "playbook")
	if s == "" {
		return Reference{}
	}
	m := referenceShape.FindStringSubmatch(s)
	if m == nil {
		d.node(codeValue, n, "want its id and, if you like, a version: rotate-ci-secrets@1", "playbook %s is badly formed", brief(s))
		return Reference{}
	}
	return Reference{ID: m[1], Version: m[2]}
}

// Fits says that p is what the reference names: its version is the one named,
// or begins with it.
func (r Reference) Fits(p *Playbook) bool {
	if r.ID != p.ID {
		return false
	}
	return r.Version == "" || p.Version == r.Version || (strings.Count(r.Version, ".") < 2 && strings.HasPrefix(p.Version, r.Version+"."))
}

// String is the reference as a playbook writes it.
func (r Reference) String() string {
	if r.Version == "" {
		return r.ID
	}
	return r.ID + "@" + r.Version
}

// caseValues holds the cases of a switch against the type of its expression,
// gives each the form in which its value is compared, and finds those that can
// never be taken.
func (d *decoder) caseValues(s *Step, of Type) {
	taken := map[string]bool{}
	for i, c := range s.Cases {
		at := s.place("cases." + c.Value)
		value, hint := caseValue(c.Value, of)
		switch {
		case hint != "":
			d.at(codeCase, at, hint, "case %s can never be taken: the switch is over %s", brief(c.Value), article(of))
		case taken[value]:
			d.at(codeCase, at, "remove one of the two", "case %s is there twice", brief(c.Value))
		default:
			d.impossible(s, value, of, at)
		}
		taken[value] = true
		for _, child := range c.Steps {
			child.branch = value
		}
		s.Cases[i].Value = value
	}
	if of == Bool && taken["true"] && taken["false"] && len(s.Default) > 0 {
		d.at(codeCase, s.place("default"), "remove it", "default can never be taken: true and false have their cases")
	}
}

// impossible notes a case that the variable of the switch does not allow.
func (d *decoder) impossible(s *Step, value string, of Type, at pos) {
	v := d.p.scopeOf(s)[strings.TrimSpace(s.Switch)]
	if v == nil || of == Bool || of == Float || v.match == nil || v.match.MatchString(value) {
		return
	}
	d.at(codeCase, at, "", "case %s can never be taken: %s matches %s", brief(value), v.Name, v.Match)
}

// caseValue is the value of a case as show writes it; the hint says what is
// wanted when it is no value of that type.
func caseValue(text string, of Type) (value, hint string) {
	switch of {
	case Int:
		i, err := strconv.ParseInt(text, 0, 64)
		if err != nil {
			return text, "write a whole number"
		}
		return strconv.FormatInt(i, 10), ""
	case Float:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || !finite(f) {
			return text, "write a number"
		}
		return show(plain(f)), ""
	case Bool:
		if low := strings.ToLower(text); low == "true" || low == "false" {
			return low, ""
		}
		return text, "write true or false"
	case String, List, Secret:
	}
	return text, ""
}

func article(t Type) string {
	switch t {
	case Int:
		return "a whole number"
	case Float:
		return "a number"
	case Bool:
		return "true and false"
	case String, List, Secret:
	}
	return "a text"
}
