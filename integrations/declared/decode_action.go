package declared

import (
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/expr-lang/expr/types"
	"go.yaml.in/yaml/v4"

	"firebreak/incident"
	"firebreak/integrations"
	"firebreak/internal/lazyre"
)

// actionOf reads one action. Its parts are read in the order in which they see
// each other, whatever the order of the file.
func (d *decoder) actionOf(n *yaml.Node, kind string) *Action {
	a := &Action{Danger: incident.Medium, Tested: integrations.Unconfirmed, at: place{n.Line, n.Column}}
	d.action = a
	parts := map[string]*yaml.Node{}
	later := func(name string) func(*yaml.Node) { return func(n *yaml.Node) { parts[name] = n } }
	readers := map[string]func(*yaml.Node){
		"id":         func(n *yaml.Node) { a.ID = d.idOf(n, kind) },
		"version":    func(n *yaml.Node) { a.Version = d.shaped(n, "version", versionShape, "three numbers, as in 1.0.0") },
		"title":      func(n *yaml.Node) { a.Title = d.text(n, "title") },
		"params":     func(n *yaml.Node) { a.Params = d.params(n, "params", true) },
		"reversible": func(n *yaml.Node) { a.Reversible = d.truth(n, "reversible") },
		"wide":       func(n *yaml.Node) { a.Wide = d.truth(n, "wide") },
		"scopes":     func(n *yaml.Node) { a.Scopes = d.texts(n, "scopes") },
		"available":  func(n *yaml.Node) { a.Available = d.texts(n, "available") },
		"danger": func(n *yaml.Node) {
			v, err := incident.ParseDanger(d.word(n, "danger", []string{"none", "low", "medium", "high"}))
			if err == nil {
				a.Danger = v
			}
		},
		"react": func(n *yaml.Node) {
			for _, c := range d.list(n) {
				a.React = append(a.React, d.shaped(c, "react", reactShape, "as in RA3101"))
			}
		},
		"d3fend": func(n *yaml.Node) {
			for _, c := range d.list(n) {
				a.D3fend = append(a.D3fend, d.shaped(c, "d3fend", d3fendShape, "as in D3-NTF"))
			}
		},
		"tested": func(n *yaml.Node) {
			a.Tested = integrations.Tested(d.word(n, "tested", []string{string(integrations.RealPeer), string(integrations.Emulated), string(integrations.Described), string(integrations.Unconfirmed)}))
		},
		"idempotency": func(n *yaml.Node) { d.idempotencyOf(n, a) },
		"errors":      func(n *yaml.Node) { a.errors = d.rules(n) },
		"spec":        func(n *yaml.Node) { d.specOf(n, a) },
	}
	for _, name := range []string{"target", "prior", "refuse", "done", "effects", "do", "receipt", "verify", "undo", "find", "tests"} {
		readers[name] = later(name)
	}
	if !d.keys(n, "the action", readers, "id", "version", "title", "do", "target", "effects", "receipt") {
		return a
	}
	d.parts(n, a, parts)
	return a
}

func (d *decoder) idOf(n *yaml.Node, kind string) string {
	id := d.shaped(n, "id", idShape, "as in "+kind+".user.suspend")
	if id != "" && !strings.HasPrefix(id, kind+".") {
		d.node(n, "as in "+kind+".user.suspend", "id %.60q must begin with the kind of its connection", id)
		return ""
	}
	return id
}

// parts reads what holds expressions.
func (d *decoder) parts(n *yaml.Node, a *Action, parts map[string]*yaml.Node) {
	base := d.base()
	if p := parts["prior"]; p != nil {
		a.prior = d.readsOf(p, "prior", base)
	}
	state := keptNames(a.prior)
	known := base.with(types.Map{"prior": state})
	if p := parts["done"]; p != nil {
		a.done = d.expression(p, "done", base.with(types.Map{"state": state}), reflect.Bool)
	}
	if p := parts["refuse"]; p != nil {
		for _, item := range d.list(p) {
			var r refusal
			d.keys(item, "refuse", map[string]func(*yaml.Node){
				"when": func(n *yaml.Node) { r.when = d.expression(n, "refuse.when", known, reflect.Bool) },
				"say":  func(n *yaml.Node) { r.say = d.template(n, "refuse.say", known) },
				"hint": func(n *yaml.Node) { r.hint = d.text(n, "refuse.hint") },
			}, "when", "say")
			if r.when != nil {
				a.refuse = append(a.refuse, r)
			}
		}
	}
	if p := parts["effects"]; p != nil {
		for _, item := range d.list(p) {
			a.effects = append(a.effects, d.template(item, "effects", known))
		}
	}
	if p := parts["target"]; p != nil {
		for _, item := range d.list(p) {
			a.targets = append(a.targets, d.targetOf(item, known))
		}
	}
	if p := parts["do"]; p != nil {
		d.doOf(p, a, known)
	}
	if a.do == nil {
		return
	}
	if p := parts["receipt"]; p != nil {
		d.receiptOf(p, a, known.with(types.Map{"answer": types.Any, "status": types.Int, "polled": types.Any}))
	}
	got := types.Map{"ref": types.String, "url": types.String}
	for _, r := range a.receipt.data {
		got[r.param.Name] = types.Any
	}
	if p := parts["verify"]; p != nil {
		d.verifyOf(p, a, base.with(types.Map{"receipt": got}), state)
	}
	if p := parts["undo"]; p != nil {
		d.undoOf(p, a, known.with(types.Map{"receipt": got}))
	}
	if p := parts["find"]; p != nil {
		d.findOf(p, a, base)
	}
	if p := parts["tests"]; p != nil {
		for _, item := range d.list(p) {
			a.Examples = append(a.Examples, d.exampleOf(item))
		}
	}
	d.sound(n, a)
}

// sound holds the parts of an action against each other.
func (d *decoder) sound(n *yaml.Node, a *Action) {
	writes := !a.do.reads()
	fromAnswer := a.receipt.ref.mentions("answer") || a.receipt.ref.mentions("polled") ||
		slices.ContainsFunc(a.receipt.data, func(r result) bool { return mentions(r.value, "answer") || mentions(r.value, "polled") })
	switch {
	case !writes && (a.undo != nil || a.done != nil || a.verify != nil || a.find != nil):
		d.node(n, "remove done, verify, undo and find", "%s only reads", a.ID)
	case !writes:
		a.idempotency, a.Danger = "native", incident.None
		return
	case a.idempotency == "":
		d.node(n, "native: a repeat changes nothing; marker: it is found again by its key; none: neither", "%s does not say its idempotency", a.ID)
	case a.done == nil && (a.verify == nil || a.verify.ok == nil && a.verify.unread == ""):
		d.node(n, "done: a condition over state; or verify with ok, or with unread: why nothing can be read back", "%s does not say how it is verified", a.ID)
	case a.done != nil && len(a.prior) == 0:
		d.node(n, "add prior: what is there before", "%s has done, and reads no state", a.ID)
	case a.verify != nil && a.verify.ok != nil && a.verify.reads == nil && len(a.prior) == 0:
		d.node(n, "add get to verify", "%s reads nothing to verify with", a.ID)
	case a.Reversible != (a.undo != nil):
		d.node(n, "reversible goes with undo: both, or none", "%s says reversible: %v, and has %s", a.ID, a.Reversible, map[bool]string{true: "an undo", false: "no undo"}[a.undo != nil])
	case a.idempotency == "marker" && a.find == nil:
		d.node(n, "say under find how what it made is found by call.key", "%s has a marker, and cannot look for it", a.ID)
	case a.done != nil && a.find == nil && fromAnswer:
		d.node(n, "take it from prior or params, or say under find how it is found again", "the receipt of %s comes from the answer, which may be lost", a.ID)
	}
	if a.find != nil && len(a.find.data) != len(a.receipt.data) {
		d.node(n, "", "find and receipt of %s name different data", a.ID)
	}
}

func (d *decoder) idempotencyOf(n *yaml.Node, a *Action) {
	kinds := []string{"native", "marker", "none"}
	if n.Kind == yaml.ScalarNode {
		a.idempotency = d.word(n, "idempotency", kinds)
		return
	}
	d.keys(n, "idempotency", map[string]func(*yaml.Node){
		"kind": func(n *yaml.Node) { a.idempotency = d.word(n, "idempotency.kind", kinds) },
		"header": func(n *yaml.Node) {
			a.keyHeader = d.shaped(n, "idempotency.header", headerShape, "as in Idempotency-Key")
			if madeHeader(a.keyHeader) {
				d.node(n, "", "header %s is made by the program or by the connection", a.keyHeader)
			}
		},
	}, "kind")
}

func (d *decoder) specOf(n *yaml.Node, a *Action) {
	d.keys(n, "spec", map[string]func(*yaml.Node){
		"file":      func(n *yaml.Node) { a.Spec.File = d.text(n, "spec.file") },
		"operation": func(n *yaml.Node) { a.Spec.Operation = d.text(n, "spec.operation") },
		"reads":     func(n *yaml.Node) { a.Spec.Reads = d.texts(n, "spec.reads") },
	}, "operation")
}

func (d *decoder) targetOf(n *yaml.Node, in scope) target {
	var t target
	d.keys(n, "target", map[string]func(*yaml.Node){
		"kind": func(n *yaml.Node) {
			t.kind = d.shaped(n, "target.kind", nameShape, "as in user, host, repo or address")
		},
		"id":   func(n *yaml.Node) { t.id = d.template(n, "target.id", in) },
		"name": func(n *yaml.Node) { t.name = d.template(n, "target.name", in) },
		"of":   func(n *yaml.Node) { t.of = d.template(n, "target.of", in) },
	}, "kind", "id")
	return t
}

func (d *decoder) readsOf(n *yaml.Node, what string, in scope) []*read {
	var out []*read
	for _, item := range d.list(n) {
		if r := d.readOf(item, what, in.with(types.Map{"prior": keptNames(out)}), map[string]func(*yaml.Node){}); r != nil {
			out = append(out, r)
		}
	}
	if len(out) > maxReads {
		d.node(n, "", "%s: more than %d requests", what, maxReads)
	}
	return out
}

// readOf reads a request that changes nothing. more are keys that the place adds.
func (d *decoder) readOf(n *yaml.Node, what string, in scope, more map[string]func(*yaml.Node)) *read {
	r := &read{request: request{method: "GET", answer: answerJSON, at: place{n.Line, n.Column}}}
	got := in.answered()
	var keeps, pages, refused *yaml.Node
	keys := map[string]func(*yaml.Node){
		"get":     func(n *yaml.Node) { r.url = d.urlOf(n, in) },
		"keep":    func(n *yaml.Node) { keeps = n },
		"absent":  func(n *yaml.Node) { r.absent = d.truth(n, what+".absent") },
		"pages":   func(n *yaml.Node) { pages = n },
		"refused": func(n *yaml.Node) { refused = n },
	}
	d.common(&r.request, what, in, keys)
	for k, f := range more {
		keys[k] = f
	}
	if !d.keys(n, what, keys, "get") {
		return nil
	}
	if refused != nil {
		r.refused = d.expression(refused, what+".refused", got, reflect.Bool)
	}
	if keeps != nil {
		d.each(keeps, what+".keep", nameShape, func(name string, k, v *yaml.Node) {
			if p := d.expression(v, "keep."+name, got, reflect.Invalid); p != nil {
				r.keep = append(r.keep, kept{name, p})
			}
			if name == "found" && r.absent || len(r.keep) > maxKeep {
				d.node(k, "", "found is the language's own, and at most %d values are kept", maxKeep)
			}
		})
	}
	if pages != nil {
		r.pages = d.pagesOf(pages, got)
	}
	return r
}

// common are the keys that every request has.
func (d *decoder) common(r *request, what string, in scope, keys map[string]func(*yaml.Node)) {
	keys["service"] = func(n *yaml.Node) {
		r.service = d.word(n, "service", sortedKeys(d.system.Services))
	}
	keys["query"] = func(n *yaml.Node) {
		d.each(n, what+".query", nil, func(name string, k, v *yaml.Node) {
			r.query = append(r.query, pair{name, d.tree(v, "query."+name, in, false), place{k.Line, k.Column}})
		})
	}
	keys["headers"] = func(n *yaml.Node) { r.headers = d.headers(n, what+".headers", in, r.method != "GET") }
	keys["expect"] = func(n *yaml.Node) {
		for _, c := range d.list(n) {
			r.expect = append(r.expect, d.whole(c, "expect", 100, 599))
		}
	}
	keys["answer"] = func(n *yaml.Node) {
		r.answer = d.word(n, "answer", []string{answerJSON, answerXML, answerText, answerNone})
	}
}

var urlText = lazyre.New(`^[A-Za-z0-9._~!$&'()*+,;=:@%/-]*$`)

// urlOf reads a path. What stands in it between values is fixed.
func (d *decoder) urlOf(n *yaml.Node, in scope) urlTemplate {
	text := d.text(n, "url")
	if text == "" {
		return urlTemplate{}
	}
	t := d.templateOf(n, text, "url", in, false)
	if t == nil {
		return urlTemplate{}
	}
	if !strings.HasPrefix(text, "/") || strings.HasPrefix(text, "//") {
		d.node(n, "the host comes from the connection; query goes under query", "url must be a path that begins with one /")
	}
	for _, p := range t.parts {
		if p.value == nil && !urlText.MatchString(p.text) {
			d.node(n, "parameters of a query go under query", "url has a character that no path has")
			break
		}
		if p.value == nil && slices.ContainsFunc(strings.Split(p.text, "/"), func(s string) bool { return s == ".." || s == "." }) {
			d.node(n, "", "url goes up a folder")
		}
	}
	return urlTemplate{t.parts}
}

func (d *decoder) pagesOf(n *yaml.Node, in scope) *pages {
	p := &pages{most: 10}
	d.keys(n, "pages", map[string]func(*yaml.Node){
		"items": func(n *yaml.Node) { p.items = d.expression(n, "pages.items", in, reflect.Invalid) },
		"next": func(n *yaml.Node) {
			if n.Value == "link" {
				p.link = true
				return
			}
			p.next = d.expression(n, "pages.next", in, reflect.Invalid)
		},
		"query": func(n *yaml.Node) { p.query = d.text(n, "pages.query") },
		"most":  func(n *yaml.Node) { p.most = d.whole(n, "pages.most", 1, maxPages) },
	}, "items", "next")
	if p.items == nil || p.next == nil && !p.link {
		return nil
	}
	return p
}

func (d *decoder) doOf(n *yaml.Node, a *Action, in scope) {
	r := &request{answer: answerJSON, at: place{n.Line, n.Column}}
	in = in.with(types.Map{"moment": types.String})
	got := in.with(types.Map{"answer": types.Any, "status": types.Int})
	methods := []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == "method" {
			r.method = d.word(n.Content[i+1], "do.method", methods)
		}
	}
	keys := map[string]func(*yaml.Node){
		"method":  func(*yaml.Node) {},
		"url":     func(n *yaml.Node) { r.url = d.urlOf(n, in) },
		"body":    func(n *yaml.Node) { r.json = d.tree(n, "body", in, true) },
		"form":    func(n *yaml.Node) { r.form = d.tree(n, "form", in, true) },
		"xml":     func(n *yaml.Node) { r.xml = d.tree(n, "xml", in, true) },
		"refused": func(n *yaml.Node) { r.refused = d.expression(n, "do.refused", got, reflect.Bool) },
		"poll":    func(n *yaml.Node) { a.poll = d.pollOf(n, got) },
	}
	d.common(r, "do", in, keys)
	if !d.keys(n, "do", keys, "method", "url") || r.method == "" {
		return
	}
	bodies := 0
	for _, b := range []node{r.json, r.form, r.xml} {
		if b.kind != nothing {
			bodies++
		}
	}
	if bodies > 1 || bodies > 0 && r.reads() {
		d.node(n, "one of body, form and xml, and none for a request that reads", "do has more than one body, or one where none belongs")
	}
	a.do = r
}

func (d *decoder) pollOf(n *yaml.Node, in scope) *poll {
	p := &poll{every: 2 * time.Second, most: 30 * time.Second}
	then := in.with(types.Map{"polled": types.Any})
	length := func(to *time.Duration, low time.Duration) func(*yaml.Node) {
		return func(n *yaml.Node) {
			v, err := time.ParseDuration(n.Value)
			if err != nil || v < low || v > maxPoll {
				d.node(n, "as in 2s", "a time from %s to %s is wanted", low, maxPoll)
				return
			}
			*to = v
		}
	}
	r := d.readOf(n, "poll", in, map[string]func(*yaml.Node){
		"until":  func(n *yaml.Node) { p.until = d.expression(n, "poll.until", then, reflect.Bool) },
		"failed": func(n *yaml.Node) { p.failed = d.expression(n, "poll.failed", then, reflect.Bool) },
		"every":  length(&p.every, 500*time.Millisecond),
		"most":   length(&p.most, time.Second),
	})
	if r == nil || p.until == nil {
		d.node(n, "as in until: polled.status == \"Succeeded\"", "poll has no get, or no until")
		return nil
	}
	p.read = *r
	return p
}

func (d *decoder) receiptOf(n *yaml.Node, a *Action, in scope) {
	d.keys(n, "receipt", map[string]func(*yaml.Node){
		"ref": func(n *yaml.Node) { a.receipt.ref = d.template(n, "receipt.ref", in) },
		"url": func(n *yaml.Node) { a.receipt.url = d.template(n, "receipt.url", in) },
		"data": func(n *yaml.Node) {
			d.each(n, "receipt.data", nameShape, func(name string, _, v *yaml.Node) {
				r := result{param: integrations.Param{Name: name, Type: "any"}}
				value := v
				if v.Kind == yaml.MappingNode {
					d.keys(v, "receipt.data."+name, map[string]func(*yaml.Node){
						"type": func(n *yaml.Node) {
							r.param.Type = d.word(n, "type", []string{"string", "int", "bool", "list", "map", "any"})
						},
						"title": func(n *yaml.Node) { r.param.Title = d.text(n, "title") },
						"value": func(n *yaml.Node) { value = n },
					}, "value")
				}
				if value == v && v.Kind == yaml.MappingNode {
					return
				}
				if r.value = d.expression(value, "receipt.data."+name, in, reflect.Invalid); r.value != nil && name != "ref" && name != "url" {
					a.receipt.data = append(a.receipt.data, r)
				}
			})
		},
	}, "ref")
}

func (d *decoder) verifyOf(n *yaml.Node, a *Action, in scope, state types.Map) {
	v := &verify{}
	a.verify = v
	var ok, says *yaml.Node
	keys := map[string]func(*yaml.Node){
		"ok":     func(n *yaml.Node) { ok = n },
		"says":   func(n *yaml.Node) { says = n },
		"unread": func(n *yaml.Node) { v.unread = d.text(n, "verify.unread") },
		"reads":  func(n *yaml.Node) { v.reads = d.readsOf(n, "verify.reads", in); state = keptNames(v.reads) },
	}
	if !d.keys(n, "verify", keys) {
		return
	}
	then := in.with(types.Map{"state": state})
	if ok != nil {
		v.ok = d.expression(ok, "verify.ok", then, reflect.Bool)
	}
	if says != nil {
		v.says = d.template(says, "verify.says", then)
	}
}

func (d *decoder) undoOf(n *yaml.Node, a *Action, in scope) {
	u := &undo{at: place{n.Line, n.Column}}
	d.keys(n, "undo", map[string]func(*yaml.Node){
		"action": func(n *yaml.Node) { u.action = d.shaped(n, "undo.action", idShape, "the id of an action") },
		"when":   func(n *yaml.Node) { u.when = d.expression(n, "undo.when", in, reflect.Bool) },
		"says":   func(n *yaml.Node) { a.undone = d.template(n, "undo.says", in) },
		"with": func(n *yaml.Node) {
			d.each(n, "undo.with", nameShape, func(name string, k, v *yaml.Node) {
				u.with = append(u.with, pair{name, d.tree(v, "undo.with."+name, in, false), place{k.Line, k.Column}})
			})
		},
	}, "action", "says")
	for _, p := range u.with {
		u.fromReceipt = u.fromReceipt || p.value.mentions("receipt")
	}
	a.undo = u
}

func (d *decoder) findOf(n *yaml.Node, a *Action, in scope) {
	f := &find{}
	var item, ref, data *yaml.Node
	f.read = d.readOf(n, "find", in, map[string]func(*yaml.Node){
		"item": func(n *yaml.Node) { item = n },
		"ref":  func(n *yaml.Node) { ref = n },
		"data": func(n *yaml.Node) { data = n },
	})
	if f.read == nil || item == nil || ref == nil {
		d.node(n, "get a list; item: what of it is ours, nil when nothing is; ref: its name", "find has no get, item or ref")
		return
	}
	got := in.answered()
	f.item = d.expression(item, "find.item", got, reflect.Invalid)
	then := got.with(types.Map{"item": types.Any})
	f.ref = d.template(ref, "find.ref", then)
	if data != nil {
		d.each(data, "find.data", nameShape, func(name string, _, v *yaml.Node) {
			if p := d.expression(v, "find.data."+name, then, reflect.Invalid); p != nil {
				f.data = append(f.data, kept{name, p})
			}
		})
	}
	if f.item != nil && f.ref != nil {
		a.find = f
	}
}
