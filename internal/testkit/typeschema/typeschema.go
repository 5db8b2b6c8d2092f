// Package typeschema makes a JSON Schema (2020-12) of a Go type out of the type
// and the comments in its source, so that what is published of a form is what the
// program writes. The tests of a form keep its schema current with it.
package typeschema

import (
	"encoding"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Maker makes one schema.
type Maker struct {
	Root     string                    // the folder of the module
	Module   string                    // its path
	Known    map[reflect.Type]Object   // types that encode themselves
	Comments map[string]string         // of fields that have none in the source: "review.Row.Seq", or of a name: "seq"
	Filled   func(reflect.Type) bool   // types whose lists are never null
	Closed   bool                      // a member that is not in the schema is an error
	missing  []string                  // fields without a comment
	defs     Object                    // by name
	names    map[reflect.Type]string   // of defs
	docs     map[string]map[string]doc // by package, by type
}

// Object is a part of a schema.
type Object = map[string]any

type doc struct {
	text   string
	fields map[string]string
}

// Make returns the schema of a type. A field that nothing is said of is an error.
func (m *Maker) Make(t reflect.Type, id, title string) ([]byte, error) {
	m.defs, m.names, m.docs = Object{}, map[reflect.Type]string{}, map[string]map[string]doc{}
	top, err := m.members(t)
	if err != nil {
		return nil, err
	}
	top["$schema"], top["$id"], top["title"], top["$defs"] = "https://json-schema.org/draft/2020-12/schema", id, title, m.defs
	if top["description"], err = m.about(t); err != nil {
		return nil, err
	}
	if len(m.missing) > 0 {
		slices.Sort(m.missing)
		return nil, fmt.Errorf("nothing is said of %s: give the field a comment", strings.Join(slices.Compact(m.missing), ", "))
	}
	out, err := json.MarshalIndent(top, "", "  ")
	return append(out, '\n'), err
}

// members is the schema of a struct.
func (m *Maker) members(t reflect.Type) (Object, error) {
	properties := Object{}
	var required []string
	var walk func(reflect.Type) error
	walk = func(t reflect.Type) error {
		for i := range t.NumField() {
			f := t.Field(i)
			name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			switch {
			case name == "-" || !f.IsExported() && !f.Anonymous:
				continue
			case f.Anonymous && name == "":
				if err := walk(f.Type); err != nil {
					return err
				}
				continue
			case name == "":
				name = f.Name
			}
			text, err := m.said(t, f)
			if err != nil {
				return err
			}
			s, err := m.of(f.Type, m.Filled == nil || !m.Filled(t))
			if err != nil {
				return fmt.Errorf("%s.%s: %w", t, f.Name, err)
			}
			s["description"] = text
			properties[name] = s
			required = slices.DeleteFunc(required, func(r string) bool { return r == name }) // an outer field hides an inner one
			if !strings.Contains(options, "omitempty") && !strings.Contains(options, "omitzero") {
				required = append(required, name)
			}
		}
		return nil
	}
	if err := walk(t); err != nil {
		return nil, err
	}
	out := Object{"type": "object", "properties": properties}
	if len(required) > 0 {
		slices.Sort(required)
		out["required"] = required
	}
	if m.Closed {
		out["additionalProperties"] = false
	}
	return out, nil
}

var texts = reflect.TypeFor[encoding.TextMarshaler]()

// of is the schema of a field's type.
func (m *Maker) of(t reflect.Type, null bool) (Object, error) {
	if s, ok := m.Known[t]; ok {
		return clone(s), nil
	}
	orNull := func(kind string) any {
		if null {
			return []string{kind, "null"}
		}
		return kind
	}
	switch {
	case t == reflect.TypeFor[time.Time]():
		return Object{"type": "string", "format": "date-time", "pattern": "Z$"}, nil
	case t == reflect.TypeFor[time.Duration]():
		return Object{"type": "integer"}, nil
	case t == reflect.TypeFor[json.RawMessage]():
		return Object{}, nil
	case t.Kind() != reflect.Pointer && t.Implements(texts):
		return nil, fmt.Errorf("%s encodes itself, and nothing is known of how", t)
	}
	switch t.Kind() { //nolint:exhaustive // the others do not stand in a form
	case reflect.String:
		return Object{"type": "string"}, nil
	case reflect.Bool:
		return Object{"type": "boolean"}, nil
	case reflect.Int, reflect.Int64, reflect.Int32, reflect.Uint32, reflect.Uint64:
		return Object{"type": "integer"}, nil
	case reflect.Float64:
		return Object{"type": "number"}, nil
	case reflect.Interface:
		return Object{}, nil
	case reflect.Pointer:
		return m.of(t.Elem(), null)
	case reflect.Slice:
		items, err := m.of(t.Elem(), true)
		return Object{"type": orNull("array"), "items": items}, err
	case reflect.Map:
		values, err := m.of(t.Elem(), true)
		return Object{"type": orNull("object"), "additionalProperties": values}, err
	case reflect.Struct:
		return m.ref(t)
	}
	return nil, fmt.Errorf("%s has no form", t)
}

// ref defines a struct once and refers to it.
func (m *Maker) ref(t reflect.Type) (Object, error) {
	name, ok := m.names[t]
	if !ok {
		name = m.pkg(t) + "." + t.Name()
		m.names[t] = name
		s, err := m.members(t)
		if err != nil {
			return nil, err
		}
		if s["description"], err = m.about(t); err != nil {
			return nil, err
		}
		m.defs[name] = s
	}
	return Object{"$ref": "#/$defs/" + name}, nil
}

func clone(s Object) Object {
	out := Object{}
	for k, v := range s {
		out[k] = v
	}
	return out
}

func (m *Maker) pkg(t reflect.Type) string {
	return strings.TrimPrefix(t.PkgPath(), m.Module+"/")
}

// about is what the source says of a type.
func (m *Maker) about(t reflect.Type) (string, error) {
	docs, err := m.read(t)
	if err != nil {
		return "", err
	}
	if text := docs[t.Name()].text; text != "" {
		return text, nil
	}
	m.missing = append(m.missing, m.pkg(t)+"."+t.Name())
	return "", nil
}

// said is what the source says of a field, or else of its type.
func (m *Maker) said(t reflect.Type, f reflect.StructField) (string, error) {
	docs, err := m.read(t)
	if err != nil {
		return "", err
	}
	name := m.pkg(t) + "." + t.Name() + "." + f.Name
	if text := docs[t.Name()].fields[f.Name]; text != "" {
		return text, nil
	}
	member, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	if text := m.Comments[name]; text != "" {
		return text, nil
	}
	inner := f.Type
	for inner.Kind() == reflect.Slice || inner.Kind() == reflect.Pointer {
		inner = inner.Elem()
	}
	if inner.Name() != "" && strings.HasPrefix(inner.PkgPath(), m.Module) {
		docs, err := m.read(inner)
		if err != nil {
			return "", err
		}
		if text := docs[inner.Name()].text; text != "" {
			return text, nil
		}
	}
	if text := m.Comments[member]; text != "" {
		return text, nil
	}
	m.missing = append(m.missing, name)
	return "", nil
}

// read takes the comments out of the source of a type's package.
func (m *Maker) read(t reflect.Type) (map[string]doc, error) {
	pkg := m.pkg(t)
	if docs, ok := m.docs[pkg]; ok {
		return docs, nil
	}
	docs := map[string]doc{}
	paths, err := filepath.Glob(filepath.Join(m.Root, filepath.FromSlash(pkg), "*.go"))
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, src, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, d := range file.Decls {
			if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.TYPE {
				take(g, docs)
			}
		}
	}
	m.docs[pkg] = docs
	return docs, nil
}

func take(g *ast.GenDecl, docs map[string]doc) {
	for _, spec := range g.Specs {
		s, ok := spec.(*ast.TypeSpec)
		if !ok {
			continue
		}
		d := doc{text: line(s.Doc), fields: map[string]string{}}
		if d.text == "" {
			d.text = line(g.Doc)
		}
		if of, ok := s.Type.(*ast.StructType); ok {
			for _, f := range of.Fields.List {
				text := line(f.Comment)
				if text == "" {
					text = line(f.Doc)
				}
				for _, n := range f.Names {
					d.fields[n.Name] = text
				}
			}
		}
		docs[s.Name.Name] = d
	}
}

// line is a comment in one line.
func line(c *ast.CommentGroup) string {
	text := strings.Join(strings.Fields(c.Text()), " ")
	if at := strings.Index(text, "nolint:"); at >= 0 {
		text = strings.TrimSpace(text[:at])
	}
	return text
}
