package cacao

import (
	"errors"
	"fmt"
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
		used:   map[string]bool{}, next: map[string]int{}, seen: map[string]string{}, people: map[string]string{}, choices: map[string]string{},
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
		im.names, im.notes, im.used, im.next, im.seen = newNames(), newNotes(), map[string]bool{}, map[string]int{}, map[string]string{}
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
	next      map[string]int    // the number to try next behind an id that is taken
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
