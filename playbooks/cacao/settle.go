package cacao

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// keepRest puts under `cacao:` what doc says and an export of book does not.
func keepRest(book, doc *Object) error {
	var got *Object
	sum := versionDigest(doc)
	for round := range 4 {
		again := false // an extension was written that is not needed once the rest is known
		base := newExporter(book, Options{})
		out := base.build()
		stepOf := map[string]*Object{}
		eachStep(book, func(step *Object) {
			if id, ok := base.mains[step.text("id")]; ok {
				stepOf[id] = step
			}
		})
		diff := difference(out, doc)
		workflow := diff.object("workflow")
		eachStep(book, func(step *Object) { setKept(step, nil) })
		rest := NewObject()
		for _, id := range workflow.Keys() {
			step := stepOf[unescapeKey(id)]
			inner := workflow.object(id)
			if step == nil || inner == nil || !out.object("workflow").Has(unescapeKey(id)) {
				rest.Set(id, workflow.Get(id))
				continue
			}
			setKept(step, inner)
			again = again || inner.object("absent").Has("step_extensions")
		}
		switch {
		case workflow == nil:
		case rest.Len() == 0:
			diff.Delete("workflow")
		default:
			diff.Set("workflow", rest)
		}
		if diff.Len() == 0 {
			diff = nil
		}
		setKept(book, diff)
		if diff != nil || book.Has("cacao") {
			cacao := book.object("cacao")
			if cacao == nil {
				cacao = NewObject()
			}
			cacao.Set("sha256", sum)
			book.Set("cacao", cacao)
		}
		if again && round == 0 {
			continue
		}
		if got = newExporter(book, Options{}).export(); same(got, doc) {
			return nil
		}
	}
	return errors.New("import: the export of the playbook is not equal to the file: " + firstDifference(got, doc))
}

// firstDifference names a place where two documents differ.
func firstDifference(a, b *Object) string { return exact(difference(a, b)) }

// setKept replaces what is kept verbatim of a step or the playbook, and leaves
// our own words.
func setKept(o, diff *Object) {
	cacao := NewObject()
	for _, k := range []string{"ids", "part"} {
		if old := o.object("cacao"); old.Has(k) {
			cacao.Set(k, old.Get(k))
		}
	}
	for _, k := range diff.Keys() {
		cacao.Set(k, diff.Get(k))
	}
	o.Delete("cacao")
	if cacao.Len() > 0 {
		o.Set("cacao", cacao)
	}
}

// versionDigest is the digest of a playbook without its signatures.
func versionDigest(doc *Object) string {
	bare := &Object{keys: slices.Clone(doc.Keys()), values: slices.Clone(doc.values)}
	bare.index()
	bare.Delete("signatures")
	return digest(bare)
}

// keptPlaces lists, as JSON pointers into the file, what stands verbatim.
func keptPlaces(book, doc *Object) []string {
	out := []string{}
	walkKept(doc, book.object("cacao"), "", func(at string) { out = append(out, at) })
	eachStep(book, func(step *Object) {
		at := pointer("/workflow", mainID(doc.text("id"), step))
		walkKept(doc, step.object("cacao"), at, func(where string) { out = append(out, where) })
	})
	slices.Sort(out)
	return slices.DeleteFunc(slices.Compact(out), func(at string) bool { return !exists(doc, at) })
}

// walkKept calls f for each member that a difference adds or replaces.
func walkKept(doc, diff *Object, at string, f func(string)) {
	instead := diff.object("instead_of")
	for _, k := range diff.Keys() {
		if ownWord.MatchString(k) && unescapeKey(k) == k {
			continue
		}
		where := pointer(at, unescapeKey(k))
		inner, isObject := diff.Get(k).(*Object)
		if _, text := wrapped(diff.Get(k)); isObject && !text && !instead.Has(k) && partly(doc, inner, where) {
			walkKept(doc, inner, where, f)
			continue
		}
		f(where)
	}
}

// partly says that an object is a difference and no whole value.
func partly(doc, o *Object, at string) bool {
	if v, _ := lookup(doc, at); v != nil {
		if _, list := v.([]any); list {
			return true
		}
	}
	return o.Has("instead_of") || o.Has("absent") || at == "/workflow" || at == "/playbook_variables"
}

// exists says that a pointer leads somewhere.
func exists(doc any, at string) bool {
	_, ok := lookup(doc, at)
	return ok
}

// stepAt is the CACAO id of the step that stands at a line of the file.
func (m *importer) stepAt(book *Object, src []byte, line int) string {
	var doc yaml.Node
	if err := yaml.Load(src, &doc, yaml.WithV4Defaults()); err != nil {
		return ""
	}
	found := ""
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		if n.Kind == yaml.MappingNode && n.Line <= line {
			for i := 0; i+1 < len(n.Content); i += 2 {
				if n.Content[i].Value == "id" && n.Content[i+1].Kind == yaml.ScalarNode {
					found = n.Content[i+1].Value
				}
			}
		}
		for _, c := range n.Content {
			walk(c)
		}
	}
	walk(&doc)
	out := ""
	eachStep(book, func(step *Object) {
		if of := step.object("cacao").object("part").text("of"); step.text("id") == found && of != "" {
			found = of
		}
	})
	eachStep(book, func(step *Object) {
		if step.text("id") == found {
			out = mainID(m.doc.text("id"), step)
		}
	})
	return out
}

var unescapePointer = strings.NewReplacer("~1", "/", "~0", "~")

// lookup follows a JSON pointer.
func lookup(v any, at string) (any, bool) {
	for _, part := range strings.Split(at, "/")[1:] {
		part = unescapePointer.Replace(part)
		switch x := v.(type) {
		case *Object:
			if !x.Has(part) {
				return nil, false
			}
			v = x.Get(part)
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i < 0 || i >= len(x) {
				return nil, false
			}
			v = x[i]
		default:
			return nil, false
		}
	}
	return v, true
}
