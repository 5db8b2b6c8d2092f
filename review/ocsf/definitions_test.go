package ocsf_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// attribute is one attribute as a class or an object uses it, over what the
// dictionary says of it.
type attribute struct {
	Type        string            `json:"type"`
	Array       bool              `json:"is_array"`
	Requirement string            `json:"requirement"`
	Enum        map[string]any    `json:"enum"`
	Seen        int               `json:"observable"`
	Deprecated  map[string]string `json:"@deprecated"`
}

type thing struct {
	UID         int                        `json:"uid"`
	Category    string                     `json:"category"`
	Extends     string                     `json:"extends"`
	Attributes  map[string]json.RawMessage `json:"attributes"`
	Constraints map[string][]string        `json:"constraints"`
}

type defined struct {
	attributes  map[string]attribute
	constraints map[string][]string
}

type ocsfs struct {
	dir        string
	dictionary map[string]attribute
	types      map[string]struct {
		Type  string `json:"type"`
		Regex string `json:"regex"`
		Most  int    `json:"max_len"`
		Seen  int    `json:"observable"`
	}
	had map[string]defined
	t   *testing.T
}

func definitions(t *testing.T, dir string) *ocsfs {
	t.Helper()
	d := &ocsfs{dir: dir, had: map[string]defined{}, t: t}
	var dictionary struct {
		Attributes map[string]attribute `json:"attributes"`
		Types      struct {
			Attributes json.RawMessage `json:"attributes"`
		} `json:"types"`
	}
	d.read("dictionary.json", &dictionary)
	d.dictionary = dictionary.Attributes
	if err := json.Unmarshal(dictionary.Types.Attributes, &d.types); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *ocsfs) read(path string, into any) {
	d.t.Helper()
	data, err := os.ReadFile(filepath.Join(d.dir, filepath.FromSlash(path)))
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		d.t.Fatalf("%s: %v", path, err)
	}
}

// of is a class or an object with all that it inherits and includes.
func (d *ocsfs) of(path string) defined {
	if known, ok := d.had[path]; ok {
		return known
	}
	var th thing
	d.read(path, &th)
	out := defined{attributes: map[string]attribute{}, constraints: map[string][]string{}}
	if th.Extends != "" {
		parent := "objects/" + th.Extends + ".json"
		if strings.HasPrefix(path, "events/") {
			parent = "events/" + th.Extends + ".json"
		}
		up := d.of(parent)
		maps.Copy(out.attributes, up.attributes)
		maps.Copy(out.constraints, up.constraints)
	}
	if th.Constraints != nil {
		out.constraints = th.Constraints
	}
	d.take(th.Attributes, out.attributes)
	d.derived(path, th, out.attributes)
	d.had[path] = out
	return out
}

// derived sets the values that OCSF works out from elsewhere: a class' number is
// that of its category and its own, an observable's type is that of a
// data type or an attribute.
func (d *ocsfs) derived(path string, th thing, into map[string]attribute) {
	only := func(name string, values ...int) {
		a := into[name]
		a.Enum = maps.Clone(a.Enum)
		for _, v := range values {
			a.Enum[fmt.Sprint(v)] = true
		}
		into[name] = a
	}
	switch {
	case th.UID != 0:
		var categories struct {
			Attributes map[string]struct {
				UID int `json:"uid"`
			} `json:"attributes"`
		}
		d.read("categories.json", &categories)
		category := categories.Attributes[th.Category].UID
		only("category_uid", category)
		only("class_uid", 1000*category+th.UID)
	case path == "objects/observable.json":
		for _, t := range d.types {
			only("type_id", t.Seen)
		}
		for _, a := range d.dictionary {
			only("type_id", a.Seen)
		}
	}
}

func (d *ocsfs) take(raw map[string]json.RawMessage, into map[string]attribute) {
	if inc, ok := raw["$include"]; ok {
		var paths []string
		if json.Unmarshal(inc, &paths) != nil {
			paths = []string{strings.Trim(string(inc), `"`)}
		}
		for _, p := range paths {
			var profile thing
			d.read(p, &profile)
			for name, a := range profile.Attributes { // of a profile that we do not claim, nothing is required
				before := attribute{}
				if json.Unmarshal(a, &before) == nil {
					before.Requirement = "optional"
					into[name] = d.merge(name, before)
				}
			}
		}
	}
	for name, a := range raw {
		if name == "$include" {
			continue
		}
		merged := d.merge(name, into[name])
		if err := json.Unmarshal(a, &merged); err != nil {
			d.t.Fatalf("%s: %v", name, err)
		}
		into[name] = merged
	}
}

// merge lays what is known of an attribute over the dictionary.
func (d *ocsfs) merge(name string, a attribute) attribute {
	base := d.dictionary[name]
	if a.Type == "" {
		a.Type, a.Array = base.Type, base.Array
	}
	enum := maps.Clone(base.Enum)
	if enum == nil && a.Enum != nil {
		enum = map[string]any{}
	}
	maps.Copy(enum, a.Enum)
	a.Enum = enum
	return a
}

// check returns what is wrong with an object of that class.
func (d *ocsfs) check(path string, o object) []string {
	var out []string
	def := d.of(path)
	for name, a := range def.attributes {
		if _, ok := o[name]; !ok && a.Requirement == "required" {
			out = append(out, path+": no "+name)
		}
	}
	for rule, names := range def.constraints {
		n := 0
		for _, name := range names {
			if _, ok := o[name]; ok {
				n++
			}
		}
		if n == 0 || rule == "just_one" && n > 1 {
			out = append(out, fmt.Sprintf("%s: %s of %v, there are %d", path, rule, names, n))
		}
	}
	for name, v := range o {
		a, ok := def.attributes[name]
		switch {
		case !ok:
			out = append(out, path+": unknown attribute "+name)
		case a.Deprecated != nil:
			out = append(out, path+": "+name+" is deprecated")
		case a.Array:
			list, ok := v.([]any)
			if !ok {
				out = append(out, path+": "+name+" is no list")
			}
			for _, x := range list {
				out = append(out, d.value(path+": "+name, a, x)...)
			}
		default:
			out = append(out, d.value(path+": "+name, a, v)...)
		}
	}
	return out
}

func (d *ocsfs) value(where string, a attribute, v any) []string {
	t, scalar := d.types[a.Type]
	if !scalar {
		o, ok := v.(object)
		if !ok {
			return []string{where + " is no object"}
		}
		return d.check("objects/"+a.Type+".json", o)
	}
	kind := a.Type
	for d.types[kind].Type != "" {
		kind = d.types[kind].Type
	}
	switch kind {
	case "string_t":
		s, ok := v.(string)
		if !ok || t.Most > 0 && len(s) > t.Most || t.Regex != "" && !strings.Contains(t.Regex, "(?") && !regexp.MustCompile(t.Regex).MatchString(s) {
			return []string{fmt.Sprintf("%s: %v is no %s", where, v, a.Type)}
		}
	case "integer_t", "long_t":
		n, ok := v.(json.Number)
		if _, err := n.Int64(); !ok || err != nil {
			return []string{fmt.Sprintf("%s: %v is no %s", where, v, a.Type)}
		}
		if len(a.Enum) > 0 {
			if _, ok := a.Enum[n.String()]; !ok {
				return []string{fmt.Sprintf("%s: %s is none of the values", where, n)}
			}
		}
	case "boolean_t":
		if _, ok := v.(bool); !ok {
			return []string{fmt.Sprintf("%s: %v is no boolean", where, v)}
		}
	}
	return nil
}
