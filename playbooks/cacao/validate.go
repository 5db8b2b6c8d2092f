package cacao

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Validate checks the rules of CACAO 2.0 that say MUST, those that its schemas
// leave out as well. The result is in the order of the places; it is empty for
// a playbook that keeps them all.
func Validate(doc *Object) []Problem {
	v := &validator{doc: doc, workflow: doc.object("workflow"), problems: []Problem{}}
	v.playbook()
	for _, id := range v.workflow.Keys() {
		v.step(id)
	}
	v.flow()
	v.definitions()
	v.signatures()
	slices.SortStableFunc(v.problems, func(a, b Problem) int { return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Code, b.Code)) })
	return slices.Compact(v.problems)
}

const maxProblems = 500

type validator struct {
	doc, workflow *Object
	problems      []Problem
}

func (v *validator) note(code, at, severity, hint, format string, args ...any) {
	if len(v.problems) < maxProblems {
		v.problems = append(v.problems, Problem{code, at, severity, fmt.Sprintf(format, args...), hint})
	}
}

func (v *validator) wrong(code, at, hint, format string, args ...any) {
	v.note(code, at, "error", hint, format, args...)
}

func (v *validator) doubt(code, at, hint, format string, args ...any) {
	v.note(code, at, "warning", hint, format, args...)
}

// The types of properties: s text, b true or false, n whole number, a list of
// texts, l list, o object, i identifier, t timestamp.
var (
	playbookTypes = map[string]byte{
		"type": 's', "spec_version": 's', "id": 'i', "name": 's', "description": 's', "playbook_types": 'a', "playbook_activities": 'a',
		"playbook_processing_summary": 'o', "created_by": 'i', "created": 't', "modified": 't', "revoked": 'b', "valid_from": 't',
		"valid_until": 't', "derived_from": 'a', "related_to": 'a', "priority": 'n', "severity": 'n', "impact": 'n',
		"industry_sectors": 'a', "labels": 'a', "external_references": 'l', "markings": 'a', "playbook_variables": 'o',
		"workflow_start": 'i', "workflow_exception": 'i', "workflow": 'o', "playbook_extensions": 'o',
		"authentication_info_definitions": 'o', "agent_definitions": 'o', "target_definitions": 'o', "extension_definitions": 'o',
		"data_marking_definitions": 'o', "signatures": 'l',
	}
	stepTypes = map[string]byte{
		"type": 's', "name": 's', "description": 's', "external_references": 'l', "delay": 'n', "timeout": 'n', "step_variables": 'o',
		"owner": 'i', "on_completion": 'i', "on_success": 'i', "on_failure": 'i', "step_extensions": 'o', "commands": 'l', "agent": 'i',
		"targets": 'a', "in_args": 'a', "out_args": 'a', "playbook_id": 'i', "playbook_version": 't', "next_steps": 'a',
		"condition": 's', "on_true": 'i', "on_false": 'i', "switch": 's', "cases": 'o',
	}
)

// shapes checks the members of an object that have a known type.
func (v *validator) shapes(at string, o *Object, types map[string]byte) {
	for _, k := range o.Keys() {
		where := pointer(at, k)
		value := o.Get(k)
		want := ""
		switch types[k] {
		case 's':
			if _, ok := value.(string); !ok {
				want = "a text"
			}
		case 'b':
			if _, ok := value.(bool); !ok {
				want = "true or false"
			}
		case 'n':
			if _, ok := whole(value); !ok {
				want = "a whole number"
			}
		case 'a':
			l, ok := value.([]any)
			if !ok || len(o.texts(k)) != len(l) {
				want = "a list of texts"
			}
		case 'l':
			if _, ok := value.([]any); !ok {
				want = "a list"
			}
		case 'o':
			if _, ok := value.(*Object); !ok {
				want = "an object"
			}
		case 'i':
			if s, ok := value.(string); !ok || !idShape.MatchString(s) {
				v.wrong(codeID, where, "type--UUID, of version 1 to 5, in lower case", "%s is not an identifier", short(value))
			}
		case 't':
			v.timestamp(where, value)
		}
		if want != "" {
			v.wrong(codeShape, where, "", "%s is not %s", short(value), want)
		}
	}
}

// short is a value for a message.
func short(value any) string {
	s := []rune(exact(value))
	if len(s) > 60 {
		s = append(s[:57], []rune("...")...)
	}
	return string(s)
}

func (v *validator) timestamp(at string, value any) {
	s, ok := value.(string)
	_, err := time.Parse(time.RFC3339Nano, s)
	if !ok || !timeShape.MatchString(s) || err != nil {
		v.wrong(codeTime, at, "RFC 3339 in UTC, as in 2023-02-19T08:00:24.918Z", "%s is not a timestamp", short(value))
		return
	}
	if (at == "/created" || at == "/modified") && len(s) != len("2023-02-19T08:00:24.918Z") {
		v.doubt(codeTime, at, "the standard wants exactly three decimals", "%s has another precision", short(value))
	}
}

func (v *validator) needs(at string, o *Object, names ...string) {
	for _, name := range names {
		if !o.Has(name) {
			v.wrong(codeMissing, at, "", "%s is missing", name)
		}
	}
}

func (v *validator) playbook() {
	d := v.doc
	if d.text("type") != "playbook" {
		v.wrong(codeNoPlaybook, "/type", "", "a playbook has the type playbook")
	}
	if d.text("spec_version") != specVersion {
		v.wrong(codeNoPlaybook, "/spec_version", "", "not %s", specVersion)
	}
	v.needs("", d, "type", "spec_version", "id", "name", "created_by", "created", "modified", "workflow_start", "workflow")
	v.shapes("", d, playbookTypes)
	if id := d.text("id"); id != "" && kindOf(id) != "playbook" {
		v.wrong(codeID, "/id", "", "the id of a playbook begins with playbook--")
	}
	if id := d.text("created_by"); id != "" && kindOf(id) != "identity" {
		v.wrong(codeID, "/created_by", "", "names no identity")
	}
	v.follows("modified", "created", true)
	v.follows("valid_until", "valid_from", false)
	for _, k := range []string{"priority", "severity", "impact"} {
		if n, ok := whole(d.Get(k)); ok && (n < 0 || n > 100) {
			v.wrong(codeRange, "/"+k, "0 to 100", "%d is out of range", n)
		}
	}
	known := []string{"attack", "detection", "engagement", "investigation", "mitigation", "notification", "prevention", "remediation"}
	for _, t := range d.texts("playbook_types") {
		if slices.Contains(known, t) && len(d.list("playbook_activities")) == 0 {
			v.doubt(codeActivity, "/playbook_types", "add playbook_activities", "type %s wants at least one activity", t)
			break
		}
	}
	v.references("", d)
	v.variables("/playbook_variables", d.object("playbook_variables"), true)
	v.extensions("", d, "playbook_extensions")
}

func (v *validator) follows(late, early string, equal bool) {
	a, err := time.Parse(time.RFC3339Nano, v.doc.text(early))
	b, err2 := time.Parse(time.RFC3339Nano, v.doc.text(late))
	if err != nil || err2 != nil || a.Before(b) || equal && a.Equal(b) {
		return
	}
	v.wrong(codeOrder, "/"+late, "", "%s is not after %s", late, early)
}

func (v *validator) references(at string, o *Object) {
	for i, r := range o.list("external_references") {
		ref, ok := r.(*Object)
		if !ok {
			v.wrong(codeShape, fmt.Sprintf("%s/external_references/%d", at, i), "", "not an object")
			continue
		}
		v.needs(fmt.Sprintf("%s/external_references/%d", at, i), ref, "name")
	}
}

func (v *validator) variables(at string, vars *Object, external bool) {
	for _, name := range vars.Keys() {
		where := pointer(at, name)
		o := vars.object(name)
		if !varShape.MatchString(name) {
			v.wrong(codeVariable, where, "two underscores before and after, as in __name__", "%.60q is not the name of a variable", name)
		}
		if o == nil {
			v.wrong(codeShape, where, "", "a variable is an object")
			continue
		}
		v.needs(where, o, "type")
		switch value := o.Get("value").(type) {
		case nil, string, *Object:
		default:
			v.wrong(codeVariable, where+"/value", "quote it", "%s is not a text", short(value))
		}
		if s, ok := o.Get("value").(string); ok {
			switch kind := o.text("type"); kind {
			case "bool", "integer", "long", "float":
				if _, fine := ourDefault(ourType(kind), s); !fine && s != "" {
					v.wrong(codeVariable, where+"/value", "", "%s is not of type %s", short(s), kind)
				}
			}
		}
		if o.Get("external") == true && !external {
			v.wrong(codeVariable, where+"/external", "", "only a variable of the playbook can be external")
		}
		for _, k := range []string{"constant", "external"} {
			if _, ok := o.Get(k).(bool); o.Has(k) && !ok {
				v.wrong(codeShape, pointer(where, k), "", "not true or false")
			}
		}
	}
}

func (v *validator) extensions(at string, o *Object, key string) {
	for _, id := range o.object(key).Keys() {
		if !v.doc.object("extension_definitions").Has(id) {
			v.wrong(codeExtension, pointer(at+"/"+key, id), "add it to extension_definitions", "%.60q is not defined", id)
		}
	}
}

func (v *validator) signatures() {
	for i, s := range v.doc.list("signatures") {
		v.signature(fmt.Sprintf("/signatures/%d", i), s, 0)
	}
}

func (v *validator) signature(at string, s any, depth int) {
	o, ok := s.(*Object)
	if !ok {
		v.wrong(codeShape, at, "", "a signature is an object")
		return
	}
	if o.text("type") != "jss" {
		v.wrong(codeSignature, at+"/type", "", "a signature has the type jss")
	}
	v.needs(at, o, "type", "id", "created_by", "created", "modified", "signee", "related_to", "related_version", "hash_algorithm", "algorithm", "value")
	keys := 0
	for _, k := range []string{"public_key", "public_cert_chain", "cert_url", "thumbprint"} {
		if o.Has(k) {
			keys++
		}
	}
	if keys != 1 {
		v.wrong(codeSignature, at, "exactly one of public_key, public_cert_chain, cert_url, thumbprint", "the signature names %d keys", keys)
	}
	if to := o.text("related_to"); depth == 0 && to != "" && to != v.doc.text("id") {
		v.wrong(codeSignature, at+"/related_to", "", "the signature belongs to another playbook")
	}
	if version := o.text("related_version"); depth == 0 && version != "" && version != v.doc.text("modified") {
		v.doubt(codeSignature, at+"/related_version", "", "the signature belongs to another version, %.40s", version)
	}
	if c := o.Get("countersignature"); c != nil && depth < 8 {
		v.signature(at+"/countersignature", c, depth+1)
	}
}

func trimValue(s string) string { return strings.TrimSuffix(s, ":value") }

func upper(s string) string { return strings.ToUpper(s) }
