package cacao

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"firebreak/playbooks"
)

// Imported is a CACAO playbook as one of ours, and what there is to say of it.
type Imported struct {
	YAML     []byte    `json:"-"`
	ID       string    `json:"id"`    // the new playbook's
	Cacao    string    `json:"cacao"` // the id in the CACAO file
	Name     string    `json:"name"`
	Steps    int       `json:"steps"`
	Kept     []string  `json:"kept"`     // places of what stands verbatim under cacao:
	Doubtful []Note    `json:"doubtful"` // read, but a person should look
	Changed  []Note    `json:"changed"`  // said otherwise than the file says it
	Problems []Problem `json:"problems"` // rules of the standard that the file breaks
}

// RefusedError says why a file cannot be a playbook of ours, and where.
type RefusedError struct {
	At   string // JSON pointer
	Says string
	Hint string
}

// Error is "/workflow/…: …".
func (e *RefusedError) Error() string {
	if e.At == "" {
		return e.Says
	}
	return e.At + ": " + e.Says
}

// Import reads a CACAO 2.0 playbook. The error is a *SyntaxError or a
// *RefusedError. The result parses, and an export of it is equal to the file.
func Import(src []byte) (*Imported, error) {
	doc, err := Read(src)
	if err != nil {
		return nil, err
	}
	im := &importer{
		native: native{doc: doc, names: newNames(), notes: newNotes()},
		used:   map[string]bool{}, seen: map[string]string{}, people: map[string]string{}, choices: map[string]string{},
	}
	for range 4 { // a step that the parser refuses is left to a person, and all is done again
		book, err := im.book()
		if err != nil {
			return nil, err
		}
		out, again, err := im.settle(book)
		if err != nil {
			return nil, err
		}
		if !again {
			return out, nil
		}
		im.names, im.notes, im.used, im.seen = newNames(), newNotes(), map[string]bool{}, map[string]string{}
		im.fails, im.fallback, im.questions, im.choices, im.count = nil, nil, nil, map[string]string{}, 0
	}
	return nil, &RefusedError{Says: "the playbook cannot be written so that it can be read again"}
}

// Read reads a CACAO playbook and refuses what is none, or of another version.
func Read(src []byte) (*Object, error) {
	v, err := Decode(src)
	if err != nil {
		return nil, err
	}
	doc, ok := v.(*Object)
	switch {
	case !ok:
		return nil, &RefusedError{Says: "not a CACAO playbook: the file holds no object"}
	case doc.text("type") != "playbook" && doc.text("type") != "playbook-template":
		return nil, &RefusedError{At: "/type", Says: "not a CACAO playbook", Hint: `its type is "playbook"`}
	}
	switch version := doc.text("spec_version"); version {
	case specVersion:
		return doc, nil
	case "1.0", "1.1", "cacao-1.0", "cacao-1.1":
		return nil, &RefusedError{At: "/spec_version", Says: "a playbook of CACAO " + strings.TrimPrefix(version, "cacao-") + "; this program reads 2.0", Hint: "version 1 has other steps (single), targets and variables; ask its author for version 2.0, or convert it with the tool that made it"}
	default:
		return nil, &RefusedError{At: "/spec_version", Says: fmt.Sprintf("CACAO version %.20q is not known", version), Hint: "this program reads " + specVersion}
	}
}

type importer struct {
	native
	used      map[string]bool   // ids of ours
	seen      map[string]string // a step of CACAO's to ours that it became
	people    map[string]string // steps that people carry out, and why the parser refused them
	choices   map[string]string // a step of CACAO's to the variable of the question that stands for its condition
	copies    int               // more than 0 while steps are written once more
	count     int
	joins     map[string]string // where the ways from a step without on_completion meet again
	fails     []failing
	questions []string // variables that stand for conditions which cannot be read
	fallback  []any
	ours      bool // the file has our extension
}

// failing is a step of ours whose failure has a way of its own.
type failing struct {
	step *Object
	to   string
	next string
}

func extension(o *Object, key string) *Object { return o.object(key).object(ExtensionID) }

// book makes the playbook, without what is kept verbatim.
func (m *importer) book() (*Object, error) {
	doc := m.doc
	workflow := doc.object("workflow")
	if workflow.Len() == 0 {
		return nil, &RefusedError{At: "/workflow", Says: "the playbook has no steps"}
	}
	if workflow.Len() > 1000 {
		return nil, &RefusedError{At: "/workflow", Says: "the playbook has more than 1000 steps"}
	}
	start := doc.text("workflow_start")
	first := workflow.object(start)
	if first == nil {
		return nil, &RefusedError{At: "/workflow_start", Says: fmt.Sprintf("%.80q names no step", start), Hint: "it is the id of the start step"}
	}
	ext := extension(doc, "playbook_extensions")
	m.ours = ext != nil
	book := NewObject("playbook", "v1")
	m.head(book, ext)
	m.variables(book, ext)
	if err := m.graph(); err != nil {
		return nil, err
	}
	for _, id := range workflow.Keys() {
		if own := extension(workflow.object(id), "step_extensions").text("id"); own != "" {
			m.used[own] = true
		}
	}
	m.seen[start] = "start"
	begin := follow(first)
	if first.text("type") != "start" {
		m.notes.doubt("/workflow_start", "names a step that is no start step")
		delete(m.seen, start)
		begin = start
	}
	if begin == "" {
		return nil, &RefusedError{At: pointer("/workflow", start), Says: "the start step leads nowhere"}
	}
	steps, exit, err := m.chain(begin, "")
	if err != nil {
		return nil, err
	}
	if len(steps) == 0 {
		steps = []any{NewObject("id", m.unique("nothing"), "manual", "The CACAO playbook has no steps between its start and its end.", "cacao", NewObject("part", "none"))}
	}
	if err := m.failures(ext, steps); err != nil {
		return nil, err
	}
	m.phases(book, steps)
	m.questioned(book)
	if len(m.fallback) > 0 {
		book.Set("fallback", m.fallback)
	}
	m.finish(book, start, exit)
	for _, p := range Validate(doc) {
		if p.Code == codeClear {
			m.notes.doubt(p.At, "a secret stands in the CACAO file in the clear, and under cacao: of the playbook too; take it out of both before they are shared")
		}
	}
	for _, id := range workflow.Keys() {
		if _, ok := m.seen[id]; !ok && workflow.object(id).text("type") != "end" && !extension(workflow.object(id), "step_extensions").Has("helper") {
			m.notes.doubt(pointer("/workflow", id), "no way leads to this step; it is kept, and never runs")
		}
	}
	return book, nil
}

// head is what the playbook says of itself.
func (m *importer) head(book, ext *Object) {
	own := m.top()
	for _, k := range own.Keys() {
		book.Set(k, own.Get(k))
	}
	applyExtension(book, ext)
	if roles := ext.object("order").list("roles"); len(roles) > 0 {
		book.Set("roles", ordered(book.object("roles"), roles))
	}
}

// top is what a playbook says of itself in our words.
func (x *native) top() *Object {
	doc := x.doc
	name := strings.Join(strings.Fields(clean(doc.text("name"))), " ")
	out := NewObject("id", cmpText(slug(name), "cacao-playbook"), "name", cmpText(name, "CACAO playbook without a name"), "version", "1.0.0")
	if d := clean(doc.text("description")); d != "" {
		out.Set("description", d)
	}
	var labels []any
	for _, l := range doc.texts("labels") {
		if l = clean(l); l != "" {
			labels = append(labels, l)
		}
	}
	if len(labels) > 0 && len(labels) < 900 {
		out.Set("labels", labels)
	}
	if ids := techniques(doc); len(ids) > 0 {
		out.Set("attack", ids)
	}
	if s, ok := whole(doc.Get("severity")); ok && s > 0 {
		out.Set("severity", "sev"+strconv.Itoa(4-min(3, int(max(s, 1)-1)*4/100)))
	}
	for _, t := range tlpMarkings {
		if slices.Contains(doc.texts("markings"), t.id) {
			out.Set("tlp", t.level)
		}
	}
	return out
}

// applyExtension gives a playbook or a step what our extension says of it.
func applyExtension(o, ext *Object) {
	set := ext.object("set")
	for _, k := range set.Keys() {
		o.Set(k, clone(set.Get(k)))
	}
	for _, k := range ext.texts("unset") {
		o.Delete(k)
	}
	if id := ext.text("id"); id != "" {
		o.Set("id", id)
	}
}

// ordered puts an object's members into an order that JSON does not keep.
func ordered(o *Object, order []any) *Object {
	out := NewObject()
	for _, k := range order {
		if s, ok := k.(string); ok && o.Has(s) {
			out.Set(s, o.Get(s))
		}
	}
	for _, k := range o.Keys() {
		out.Set(k, o.Get(k))
	}
	return out
}

// variables declares those of the playbook and of its steps.
func (m *importer) variables(book, ext *Object) {
	vars := NewObject()
	ids := NewObject()
	own := ext.object("own")
	declare := func(step, at string, from *Object) {
		for _, theirs := range from.Keys() {
			if step == "" && own.Has(theirs) {
				if x := own.text(theirs); x != "" {
					m.names.add("", theirs, x, ourType(from.object(theirs).text("type")))
				}
				continue
			}
			v := from.object(theirs)
			where := pointer(at, theirs)
			if !varShape.MatchString(theirs) || v == nil {
				m.notes.doubt(where, "not a variable; the name of one is like __name__")
				continue
			}
			name := ourName(theirs)
			for i := 2; vars.Has(name); i++ {
				name = fmt.Sprintf("%.50s_%d", ourName(theirs), i)
			}
			vars.Set(name, m.ourVariable(where, theirs, v))
			m.names.add(step, theirs, name, ourType(v.text("type")))
			if home := "__" + name + "__"; step != "" || home != theirs {
				ids.Set("var."+name, step+"#"+theirs)
			}
			if kind := v.text("type"); kind != theirType(ourType(kind)) && kind != "string" {
				m.notes.change(where+"/type", kind+" is a "+ourType(kind)+" here")
			}
		}
	}
	declare("", "/playbook_variables", m.doc.object("playbook_variables"))
	workflow := m.doc.object("workflow")
	for _, id := range workflow.Keys() {
		declare(id, pointer("/workflow", id)+"/step_variables", workflow.object(id).object("step_variables"))
	}
	said := ext.object("vars")
	for _, name := range said.Keys() {
		vars.Set(name, clone(said.Get(name)))
		kind := said.object(name).text("type")
		if kind != "secret" {
			m.names.add("", "__"+name+"__", name, kind)
		}
		m.names.types[name] = kind
	}
	if order := ext.object("order").list("vars"); len(order) > 0 {
		vars = ordered(vars, order)
	}
	if vars.Len() > 0 {
		book.Set("vars", vars)
	}
	if ids.Len() > 0 {
		book.Set("cacao", NewObject("ids", ids))
	}
}

// questioned declares the variables of questions that the file does not ask.
func (m *importer) questioned(book *Object) {
	if len(m.questions) == 0 {
		return
	}
	vars, ids := book.object("vars"), book.object("cacao").object("ids")
	if vars == nil {
		vars = NewObject()
	}
	if ids == nil {
		ids = NewObject()
	}
	for _, name := range m.questions {
		vars.Set(name, NewObject("type", m.names.types[name]))
		ids.Set("var."+name, "none")
	}
	book.Set("vars", vars)
	book.Set("cacao", NewObject("ids", ids))
}

// unique is an id for a step that no other has.
func (m *importer) unique(want string) string {
	want = cmpText(want, "step")
	id := want
	for i := 2; m.used[id]; i++ {
		id = fmt.Sprintf("%.50s-%d", want, i)
	}
	m.used[id] = true
	return id
}

// phases puts the steps of the main way into phases.
func (m *importer) phases(book *Object, steps []any) {
	now := startPhase(m.doc)
	out := NewObject()
	for _, s := range steps {
		step, ok := s.(*Object)
		if !ok {
			continue
		}
		obj := m.doc.object("workflow").object(step.object("cacao").object("ids").text("step"))
		ph := cmpText(extension(obj, "step_extensions").text("phase"), activityPhase(obj.Get("commands")))
		if ph != "" && later(ph, now) {
			now = ph
		}
		out.Set(now, append(out.list(now), step))
	}
	book.Set("phases", out)
}

// startPhase is where a playbook of that type begins.
func startPhase(doc *Object) string {
	types := doc.texts("playbook_types")
	if len(types) != 1 {
		return "identify"
	}
	switch types[0] {
	case "mitigation":
		return "contain"
	case "remediation":
		return "eradicate"
	}
	return "identify"
}

// activityPhase is the phase of the first playbook_activity in a value.
func activityPhase(v any) string {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			if ph := activityPhase(x); ph != "" {
				return ph
			}
		}
	case *Object:
		if ph := phaseOf(v.text("playbook_activity")); ph != "" {
			return ph
		}
		for _, k := range v.Keys() {
			if _, err := strconv.Atoi(k); err == nil {
				if ph := activityPhase(v.Get(k)); ph != "" {
					return ph
				}
			}
		}
	}
	return ""
}

// finish notes the ids that an export would not make by itself.
func (m *importer) finish(book *Object, start, exit string) {
	cacao := book.object("cacao")
	if cacao == nil {
		cacao = NewObject()
	}
	ids := cacao.object("ids")
	if ids == nil {
		ids = NewObject()
	}
	id := m.doc.text("id")
	note := func(key, got, made string) {
		if got != made {
			ids.Set(key, got)
		}
	}
	note("playbook", id, makeID("playbook", book.text("id")))
	note("start", start, makeID("start", id))
	note("end", cmpText(exit, "none"), makeID("end", id))
	if !m.ours {
		ids.Set("exception", cmpText(m.doc.text("workflow_exception"), "none"))
	}
	eachStep(book, func(step *Object) {
		own := step.object("cacao").object("ids")
		for _, role := range slices.Clone(own.Keys()) {
			if s, ok := own.Get(role).(string); ok && role != "next" && s == madeID(id, step, role) {
				own.Delete(role)
			}
		}
		if to, ok := targetOf(m.names, step); own.Has("targets") && !own.Has("agent") && ok && same(own.Get("targets"), []any{to}) {
			own.Delete("targets")
		}
		if own != nil && own.Len() == 0 {
			step.object("cacao").Delete("ids")
		}
		if step.Has("cacao") && step.object("cacao").Len() == 0 {
			step.Delete("cacao")
		}
	})
	if ids.Len() > 0 {
		cacao.Set("ids", ids)
		book.Set("cacao", cacao)
	}
}

// eachStep calls f for every step of a playbook.
func eachStep(book *Object, f func(*Object)) {
	var list func(v any)
	list = func(v any) {
		steps, _ := v.([]any)
		for _, s := range steps {
			step, ok := s.(*Object)
			if !ok {
				continue
			}
			f(step)
			for _, k := range childKeys {
				list(step.Get(k))
			}
			cases := step.object("cases")
			for _, k := range cases.Keys() {
				list(cases.Get(k))
			}
		}
	}
	for _, ph := range phases {
		list(book.object("phases").Get(ph))
	}
	list(book.Get("fallback"))
}

// settle keeps what an export does not say by itself, and makes sure that the
// file parses and that the export is equal. again says that a step had to be
// left to a person.
func (m *importer) settle(book *Object) (*Imported, bool, error) {
	if err := keepRest(book, m.doc); err != nil {
		return nil, false, err
	}
	src, err := toYAML(book)
	if err != nil {
		return nil, false, err
	}
	p, err := playbooks.Parse(book.text("id")+".yaml", src)
	var problems playbooks.Problems
	if errors.As(err, &problems) {
		again := false
		for _, pr := range problems {
			if id := m.stepAt(book, src, pr.Line); id != "" && m.people[id] == "" {
				m.people[id] = pr.Code + ": " + pr.Message
				again = true
			}
		}
		if again {
			return nil, true, nil
		}
		return nil, false, &RefusedError{Says: "the playbook that this would be is not one: " + problems[0].String()}
	}
	if err != nil {
		return nil, false, err
	}
	out := &Imported{
		YAML: src, ID: p.ID, Cacao: m.doc.text("id"), Name: p.Name, Steps: len(p.Steps()),
		Doubtful: m.notes.doubtful, Changed: m.notes.changed, Problems: Validate(m.doc),
	}
	out.Kept = keptPlaces(book, m.doc)
	return out, false, nil
}
