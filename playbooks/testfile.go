package playbooks

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// TestVersion is the value of `test:` that this package reads.
const TestVersion = "v1"

// Limits of a file of tests.
const (
	maxCases   = 200
	maxMet     = 500  // steps that a case names
	maxEntries = 1000 // of one step in one case
)

// Test is a file of tests: what the steps of a playbook meet, and what is to
// come of it. Package simulate plays it.
type Test struct {
	File     string
	Playbook string // id
	Cases    []TestCase

	at pos // of Playbook
}

// TestCase is one way through the playbook.
type TestCase struct {
	Name   string
	Line   int
	Vars   map[string]any // what the run starts with, over the playbook's drill values
	Steps  []Met
	Expect Expectation

	vars map[string]pos
}

// Met is what a step meets, by its name in the run. Each has one entry for an
// attempt, an item or a round; the last one stands for all that come after it.
type Met struct {
	Step    string
	Entries []Outcome

	at pos
}

// Outcome is what one attempt at a step meets. At most one of Result, Fail,
// Skip, Reject and Timeout is given; Answers, Vars and Verify go with it.
type Outcome struct {
	Result  map[string]any // what an automatic step returns; nil when the file says nothing
	Fail    string         // why the attempt fails
	Answers map[string]any // what people answer, over the playbook's drill values
	Skip    string         // why a person passes it over
	Reject  string         // why an approver says no
	Timeout bool           // nobody approves, or it takes longer than its timeout
	Vars    map[string]any // what a person sets before the step begins or is decided
	Verify  map[string]any // what the step's own check returns; nil: what it expects

	keys map[string]pos
}

// Expectation is what a case expects. A nil list expects nothing; an empty one
// that there is none.
type Expectation struct {
	Path     []string // all steps that began, in the order they ended
	Done     []string // among others, as in the next three
	Skipped  []string
	Failed   []string
	Never    []string // never began
	Vars     map[string]any
	Notified []string // connections told, each once; all of them
	Actions  []string // actions done, each once; all of them
	Clocks   []string // clocks started; all of them
	End      string   // "", done, waiting or failed

	given map[string]pos
	items map[string][]pos
}

// Expects says that the case expects something of that kind, by its key.
func (e Expectation) Expects(key string) bool { _, ok := e.given[key]; return ok }

// Line is where the item i of a list of the expectation stands, or the list
// itself when i is -1.
func (e Expectation) Line(key string, i int) int {
	if of := e.items[key]; i >= 0 && i < len(of) {
		return of[i].line
	}
	return e.given[key].line
}

// Line is where the file says what the step meets.
func (m Met) Line() int { return m.at.line }

// ParseTest reads a file of tests. The error is Problems, as of Parse; their
// codes are those of TestCodes. What the file says is not compared with the
// playbook: CheckTest does that.
func ParseTest(name string, src []byte) (*Test, error) {
	d := &decoder{file: name}
	t := d.parseTest(src)
	if len(d.problems) > 0 {
		return nil, asTest(d.problems.Sorted())
	}
	return t, nil
}

// asTest gives problems that any file of ours can have the code that they have
// in a test: PT009 is to a test what PB009 is to a playbook.
func asTest(ps Problems) Problems {
	for i, p := range ps {
		if rest, ok := strings.CutPrefix(p.Code, "PB"); ok {
			ps[i].Code = "PT" + rest
		}
	}
	return ps
}

func (d *decoder) parseTest(src []byte) *Test {
	root := d.document(src)
	if root == nil {
		return nil
	}
	if root.Kind != yaml.MappingNode {
		d.node(codeFormat, root, "", "a file of tests is a mapping that begins with test: %s", TestVersion)
		return nil
	}
	keys, _ := d.mapping(root, "test", []string{"test", "playbook", "cases"})
	for _, key := range []string{"test", "playbook", "cases"} {
		if keys[key] == nil {
			d.node(codeMissing, root, "", "test has no %s", key)
		}
	}
	t := &Test{File: d.file, at: pos{1, 1}}
	if n := keys["test"]; n != nil {
		if v := d.text(n, "test"); v != "" && v != TestVersion {
			d.node(codeFormat, n, "this version reads "+TestVersion, "format version %s is not known", brief(v))
		}
	}
	if n := keys["playbook"]; n != nil {
		t.Playbook, t.at = d.shaped(n, "playbook", slugShape, "the id of a playbook, as in leaked-github-token"), pos{n.Line, n.Column}
	}
	if n := keys["cases"]; n != nil {
		d.testCases(t, n)
	}
	return t
}

func (d *decoder) testCases(t *Test, n *yaml.Node) {
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
		d.node(codeShape, n, "begin each case with - name: …", "cases must be a list of cases")
		return
	}
	if len(n.Content) > maxCases {
		d.node(codeTooMany, n, "", "more than %d cases", maxCases)
		return
	}
	seen := map[string]int{}
	for _, item := range n.Content {
		keys, _ := d.mapping(item, "case", []string{"name", "vars", "steps", "expect"})
		if keys == nil {
			continue
		}
		c := TestCase{Line: item.Line, vars: map[string]pos{}}
		for _, key := range []string{"name", "expect"} {
			if keys[key] == nil {
				d.node(codeMissing, item, "", "case has no %s", key)
			}
		}
		if c.Name = d.optional(keys["name"], "name"); c.Name != "" {
			if first, twice := seen[c.Name]; twice {
				d.node(codeCaseTwice, keys["name"], "", "case %s is already there in line %d", brief(c.Name), first)
			}
			seen[c.Name] = item.Line
		}
		if k := keys["vars"]; k != nil {
			c.Vars = d.free(k, "vars", c.vars)
		}
		if k := keys["steps"]; k != nil {
			c.Steps = d.met(k)
		}
		if k := keys["expect"]; k != nil {
			c.Expect = d.expectation(k)
		}
		t.Cases = append(t.Cases, c)
	}
}

// free decodes a mapping of names to values and notes where each name stands.
func (d *decoder) free(n *yaml.Node, what string, at map[string]pos) map[string]any {
	_, order := d.mapping(n, what, nil)
	if order == nil && (n.Kind != yaml.MappingNode || len(n.Content) > 0) {
		return nil
	}
	out := make(map[string]any, len(order))
	for _, e := range order {
		out[e.key.Value] = d.given(e.value, what+" "+e.key.Value)
		at[e.key.Value] = pos{e.key.Line, e.key.Column}
	}
	return out
}

// given is a value in which null may stand: the other side returns it too.
func (d *decoder) given(n *yaml.Node, what string) any {
	switch n.Kind {
	case yaml.ScalarNode:
		if n.ShortTag() == "!!null" {
			return nil
		}
		return d.scalar(n, what)
	case yaml.SequenceNode:
		out := make([]any, 0, len(n.Content))
		for _, c := range n.Content {
			out = append(out, d.given(c, what))
		}
		return out
	case yaml.MappingNode:
		out := map[string]any{}
		_, order := d.mapping(n, what, nil)
		for _, e := range order {
			out[e.key.Value] = d.given(e.value, what)
		}
		return out
	case yaml.DocumentNode, yaml.AliasNode, yaml.StreamNode:
	}
	return nil // an alias, noted by tidy
}

func (d *decoder) met(n *yaml.Node) []Met {
	_, order := d.mapping(n, "steps", nil)
	if len(order) > maxMet {
		d.node(codeTooMany, n, "", "a case names more than %d steps", maxMet)
		return nil
	}
	var out []Met
	for _, e := range order {
		m := Met{Step: e.key.Value, at: pos{e.key.Line, e.key.Column}}
		items := []*yaml.Node{e.value}
		if e.value.Kind == yaml.SequenceNode {
			items = e.value.Content
		}
		if len(items) == 0 || len(items) > maxEntries {
			d.node(codeShape, e.value, "one entry for each attempt, item or round", "step %s wants 1 to %d entries", brief(m.Step), maxEntries)
			continue
		}
		for _, item := range items {
			m.Entries = append(m.Entries, d.outcome(item, m.Step))
		}
		out = append(out, m)
	}
	return out
}

// ends are the keys of an outcome of which one at most is given.
func ends() []string { return []string{"result", "fail", "skip", "reject", "timeout"} }

func (d *decoder) outcome(n *yaml.Node, step string) Outcome {
	o := Outcome{keys: map[string]pos{}}
	known := append(ends(), "answers", "vars", "verify")
	keys, order := d.mapping(n, "what step "+brief(step)+" meets", known)
	var of []string
	for _, e := range order {
		o.keys[e.key.Value] = pos{e.key.Line, e.key.Column}
		if slices.Contains(ends(), e.key.Value) {
			of = append(of, e.key.Value)
		}
	}
	switch {
	case len(of) > 1:
		d.node(codeMeets, n, "give an attempt one of "+strings.Join(ends(), ", ")+"; a list has one entry for each attempt", "step %s meets more than one thing at once: %s", brief(step), strings.Join(of, ", "))
	case len(order) == 0 && n.Kind == yaml.MappingNode:
		d.node(codeMeets, n, "remove it: a step that is not named succeeds", "step %s meets nothing", brief(step))
	}
	at := map[string]pos{}
	for key, to := range map[string]*map[string]any{"result": &o.Result, "answers": &o.Answers, "vars": &o.Vars, "verify": &o.Verify} {
		if k := keys[key]; k != nil {
			clear(at)
			*to = d.free(k, key, at)
			for name, p := range at {
				o.keys[key+"."+name] = p
			}
		}
	}
	o.Fail = d.optional(keys["fail"], "fail")
	o.Skip = d.optional(keys["skip"], "skip")
	o.Reject = d.optional(keys["reject"], "reject")
	if k := keys["timeout"]; k != nil {
		if o.Timeout = d.bool(k, "timeout"); !o.Timeout {
			d.node(codeMeets, k, "remove it", "timeout: false says nothing")
		}
	}
	return o
}

func expectKeys() []string {
	return []string{"path", "done", "skipped", "failed", "never", "vars", "notified", "actions", "clocks", "end"}
}

// Ends of a run, as a test expects them.
const (
	EndDone    = "done"    // nothing is left to do
	EndWaiting = "waiting" // a person has to decide
	EndFailed  = "failed"  // a failure that nothing handles
)

func (d *decoder) expectation(n *yaml.Node) Expectation {
	e := Expectation{given: map[string]pos{}, items: map[string][]pos{}}
	keys, order := d.mapping(n, "expect", expectKeys())
	if n.Kind == yaml.MappingNode && len(n.Content) == 0 {
		d.node(codeNothing, n, "", "the case expects nothing")
	}
	for _, k := range order {
		e.given[k.key.Value] = pos{k.key.Line, k.key.Column}
	}
	for key, to := range map[string]*[]string{
		"path": &e.Path, "done": &e.Done, "skipped": &e.Skipped, "failed": &e.Failed, "never": &e.Never,
		"notified": &e.Notified, "actions": &e.Actions, "clocks": &e.Clocks,
	} {
		k := keys[key]
		if k == nil {
			continue
		}
		*to = append([]string{}, d.texts(k, key)...)
		for _, item := range d.list(k, key) {
			e.items[key] = append(e.items[key], pos{item.Line, item.Column})
		}
	}
	if k := keys["vars"]; k != nil {
		at := map[string]pos{}
		e.Vars = d.free(k, "vars", at)
		for name, p := range at {
			e.given["vars."+name] = p
		}
	}
	if k := keys["end"]; k != nil {
		e.End = d.word(k, "end", []string{EndDone, EndWaiting, EndFailed})
	}
	return e
}
