package cacao

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"time"

	"firebreak/playbooks"
)

// Profile says for whom an export is.
type Profile string

// Full keeps all there is. Strict reports what only this program understands.
// SOARCA reports what the reference orchestrator does not carry out.
const (
	Full   Profile = ""
	Strict Profile = "strict"
	SOARCA Profile = "soarca"
)

// Options of an export. Modified is the version that an imported and changed
// playbook gets, with Always any; the zero time leaves the one that it had.
type Options struct {
	Profile  Profile
	Modified time.Time
	Always   bool
}

// Exported is a playbook in CACAO's words.
type Exported struct {
	Doc      *Object   `json:"-"`
	ID       string    `json:"id"`       // the playbook's id in CACAO
	Steps    int       `json:"steps"`    // of the workflow
	Degraded []Note    `json:"degraded"` // what others will not do as it is written
	Lost     []string  `json:"lost"`     // kept verbatim once, and overruled by a change of the playbook
	Changed  bool      `json:"changed"`  // imported, and no longer what it was
	Problems []Problem `json:"problems"` // rules of the standard that are broken
}

// Export turns a playbook into CACAO 2.0.
func Export(p *playbooks.Playbook, o Options) (*Exported, error) {
	book, err := fromYAML(p.Source)
	if err != nil {
		return nil, fmt.Errorf("read playbook %s: %w", p.ID, err)
	}
	e := newExporter(book, o)
	doc := e.export()
	out := &Exported{Doc: doc, ID: doc.text("id"), Steps: doc.object("workflow").Len(), Degraded: e.degraded(), Lost: e.lost}
	if was := book.object("cacao").text("sha256"); was != "" && was != versionDigest(doc) {
		out.Changed = true
	}
	if (out.Changed || o.Always) && !o.Modified.IsZero() {
		doc.Set("modified", o.Modified.UTC().Format(timeLayout))
	}
	out.Problems = Validate(doc)
	return out, nil
}

// timeLayout is a time as CACAO writes it.
const timeLayout = "2006-01-02T15:04:05.000Z"

// exporter builds a CACAO playbook of one of ours.
type exporter struct {
	native
	book     *Object
	options  Options
	id       string
	workflow *Object
	mains    map[string]string // id of our step to the one in CACAO
	steps    map[string]*Object
	own      *Object           // variables of CACAO's that only this export needs, to ours or ""
	starts   map[string]string // steps with which a phase begins
	chained  map[string]bool   // steps of a parallel that need the one before
	merged   *Object
	extended bool
	apart    []string // steps that stand more than once and are no longer alike
	lost     []string
}

func newExporter(book *Object, o Options) *exporter {
	ids := book.object("cacao").object("ids")
	e := &exporter{
		book: book, options: o, workflow: NewObject(), mains: map[string]string{}, steps: map[string]*Object{}, own: NewObject(),
		starts: map[string]string{}, chained: map[string]bool{},
		id: cmpText(ids.text("playbook"), makeID("playbook", book.text("id"))),
	}
	e.native = native{doc: NewObject(), names: newNames()}
	for _, member := range incidentMembers {
		e.names.ours["#"+incidentVariable(member)] = "incident." + member
	}
	return e
}

// build returns the playbook without what was kept verbatim.
func (e *exporter) build() *Object {
	doc := e.doc
	ids := e.book.object("cacao").object("ids")
	doc.Set("type", "playbook")
	doc.Set("spec_version", specVersion)
	doc.Set("id", e.id)
	e.head()
	doc.Set("workflow_start", cmpText(ids.text("start"), makeID("start", e.id)))
	doc.Set("workflow", e.workflow)
	e.variables()
	eachStep(e.book, func(step *Object) {
		e.mains[step.text("id")] = mainID(e.id, step)
		e.steps[step.text("id")] = step
	})
	e.fallbackSteps(ids)
	var all []any
	first := map[string]string{}
	for _, ph := range phases {
		list := e.book.object("phases").list(ph)
		if len(list) > 0 {
			first[list[0].(*Object).text("id")] = ph
		}
		all = append(all, list...)
	}
	e.phasing(all, first)
	begin := e.list(all, e.exitID(ids, "end", makeID("end", e.id)))
	e.workflow.Set(doc.text("workflow_start"), NewObject("type", "start", "on_completion", begin))
	for _, member := range incidentMembers {
		if e.names.wanted[member] {
			name := e.owned(incidentVariable(member), "string", "The incident's "+member, "incident."+member)
			e.doc.object("playbook_variables").object(name).Set("external", true)
		}
	}
	e.ends()
	e.arrange()
	e.extensionOf()
	return doc
}

// exitID is where a list of steps leads: the id that was noted, "" for nowhere.
func (e *exporter) exitID(ids *Object, role, made string) string {
	id := cmpText(ids.text(role), made)
	if id == "none" {
		return ""
	}
	return id
}

// head is what the playbook says of itself.
func (e *exporter) head() {
	b, doc := e.book, e.doc
	doc.Set("name", b.text("name"))
	if d := b.text("description"); d != "" {
		doc.Set("description", strings.TrimRight(d, "\n"))
	}
	doc.Set("created_by", makeID("identity", "owner", b.text("owner")))
	doc.Set("created", epoch)
	doc.Set("modified", versionTime(b.text("version")))
	if s := b.text("severity"); s != "" {
		n, _ := strconv.Atoi(strings.TrimPrefix(s, "sev"))
		doc.Set("severity", integer(int64(125-25*n)))
	}
	if l := textsOf(b.Get("labels")); len(l) > 0 {
		doc.Set("labels", l)
	}
	if refs := references(b); len(refs) > 0 {
		doc.Set("external_references", refs)
	}
	for _, t := range tlpMarkings {
		if t.level == b.text("tlp") {
			doc.Set("markings", []any{t.id})
			doc.Set("data_marking_definitions", NewObject(t.id, NewObject("type", "marking-tlp", "id", t.id, "created_by", oasis,
				"created", "2022-10-01T00:00:00.000Z", "tlpv2_level", "TLP:"+strings.ToUpper(t.level))))
		}
	}
}

// versionTime is the date that stands for a version: CACAO knows versions by
// their date of modification only, and a playbook has none. It counts seconds
// from 2000, so a later version has a later date.
func versionTime(version string) string {
	core, rest, pre := strings.Cut(version, "-")
	if !pre {
		core, rest, pre = strings.Cut(version, "+")
	}
	t := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	var n [3]int64
	for i, s := range strings.SplitN(core, ".", 3) {
		n[i], _ = strconv.ParseInt(s, 10, 64)
	}
	t = t.Add(time.Duration(min(n[0], 5000)*1_000_000+min(n[1], 999)*1000+min(n[2], 999)) * time.Second)
	if pre {
		h := fnv.New32a()
		_, _ = h.Write([]byte(rest)) // a hash takes everything
		t = t.Add(time.Duration(1+h.Sum32()%998)*time.Millisecond - time.Second)
	}
	return t.Format(timeLayout)
}

// textsOf is a list of texts; one text counts as a list.
func textsOf(v any) []any {
	switch v := v.(type) {
	case string:
		return []any{v}
	case Number:
		return []any{string(v)}
	case []any:
		out := make([]any, 0, len(v))
		for _, x := range v {
			out = append(out, textsOf(x)...)
		}
		return out
	}
	return nil
}

func references(o *Object) []any {
	var out []any
	for _, id := range textsOf(o.Get("attack")) {
		out = append(out, NewObject("name", id, "source", "mitre-attack", "external_id", id))
	}
	return out
}

// variables declares the playbook's variables, and secrets as references to a
// key management system: a value never leaves.
func (e *exporter) variables() {
	ids := e.book.object("cacao").object("ids")
	vars := e.book.object("vars")
	questions := map[string]string{}
	eachStep(e.book, func(step *Object) {
		ask := step.object("ask")
		for _, name := range ask.Keys() {
			if questions[name] == "" {
				questions[name] = ask.text(name)
			}
		}
	})
	out, secrets := NewObject(), NewObject()
	for _, name := range vars.Keys() {
		v := vars.object(name)
		where := ids.text("var." + name)
		step, theirs, scoped := strings.Cut(where, "#")
		switch {
		case where == "none":
			e.names.types[name] = v.text("type")
			e.names.theirs[name] = "__" + name + "__"
			continue
		case v.text("type") == "secret":
			e.names.types[name] = "secret"
			secrets.Set(makeID("user-auth", "secret", name), NewObject("type", "user-auth", "name", name, "username", name,
				"kms", true, "kms_key_identifier", cmpText(v.text("default"), name)))
			continue
		case !scoped:
			step, theirs = "", "__"+name+"__"
		}
		e.names.add(step, theirs, name, v.text("type"))
		if step == "" {
			out.Set(theirs, theirVariable(name, questions[name], v))
		}
	}
	if out.Len() > 0 {
		e.doc.Set("playbook_variables", out)
	}
	if secrets.Len() > 0 {
		e.doc.Set("authentication_info_definitions", secrets)
	}
}

// scoped are the variables of one step.
func (e *exporter) scoped(id string) *Object {
	out := NewObject()
	vars := e.book.object("vars")
	for _, name := range vars.Keys() {
		if e.names.home[name] == id && e.names.theirs[name] != "" {
			out.Set(e.names.theirs[name], theirVariable(name, "", vars.object(name)))
		}
	}
	return out
}

// owned declares a variable of CACAO's that only this export needs.
func (e *exporter) owned(theirs, kind, says, ours string) string {
	vars := e.doc.object("playbook_variables")
	if vars == nil {
		vars = NewObject()
		e.doc.Set("playbook_variables", vars)
	}
	vars.Set(theirs, NewObject("type", kind, "description", says))
	e.own.Set(theirs, ours)
	return theirs
}

// phasing notes where a phase begins and a reader could not know it.
func (e *exporter) phasing(all []any, first map[string]string) {
	now := startPhase(NewObject("playbook_types", keptMember(e.book, "playbook_types")))
	at := ""
	for _, s := range all {
		step, _ := s.(*Object)
		id := step.text("id")
		if ph, ok := first[id]; ok {
			at = ph
		}
		if part := step.object("cacao").object("part"); part != nil {
			continue
		}
		if ph := activityPhase(keptMember(step, "commands")); ph != "" && later(ph, now) {
			now = ph
		}
		if now != at {
			e.starts[id], now = at, at
		}
	}
}

// keptMember is what stands verbatim for a member.
func keptMember(o *Object, key string) any { return o.object("cacao").Get(key) }

// export returns the whole playbook, what was kept verbatim put back.
func (e *exporter) export() *Object {
	e.build()
	was := map[string]*Object{}
	for _, k := range []string{"workflow", "playbook_variables"} {
		was[k] = NewObject()
		for _, id := range e.doc.object(k).Keys() {
			was[k].Set(id, true)
		}
	}
	m := &merging{}
	eachStep(e.book, func(step *Object) {
		id := e.mains[step.text("id")]
		if kept := verbatim(step); kept.Len() > 0 {
			if obj := e.workflow.object(id); obj != nil {
				m.apply(obj, kept, pointer("/workflow", id))
			} else {
				m.lost = append(m.lost, pointer("/workflow", id))
			}
		}
	})
	m.apply(e.doc, verbatim(e.book), "")
	for _, k := range []string{"workflow", "playbook_variables"} {
		o := e.doc.object(k)
		for _, id := range slices.Clone(o.Keys()) {
			if entry := o.object(id); entry != nil && !was[k].Has(id) && e.ownLeft(k, id) {
				o.Delete(id) // what is left of a step or variable that is gone
			}
		}
	}
	e.lost = append(append([]string{}, m.lost...), e.apart...)
	return e.doc
}
