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
		return nil, asTest(d.problems.sorted())
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

// UnreadTested says that the playbook that is tested cannot be read, for these
// problems of its own: nothing else of the tests can be checked.
func UnreadTested(t *Test, of Problems) Problems {
	c := &testChecker{decoder: decoder{file: t.File}}
	hint := ""
	if len(of) > 0 {
		hint = "firebreak playbook lint " + of[0].File
	}
	c.at(codeTestPlaybook, t.at, hint, "playbook %s has errors of its own", brief(t.Playbook))
	return asTest(c.problems)
}

// CheckTest compares a file of tests with the playbook that it tests: the names
// of steps, what they can meet, the variables. find gives the playbook that a
// step runs; nil leaves the steps of such playbooks unchecked.
func CheckTest(t *Test, p *Playbook, find func(Reference) (*Playbook, error)) Problems {
	c := &testChecker{decoder: decoder{file: t.File, p: p}, find: find}
	if t.Playbook != p.ID {
		c.at(codeTestPlaybook, t.at, "", "the tests are of playbook %s, and this is %s", brief(t.Playbook), p.ID)
		return asTest(c.problems)
	}
	for i := range t.Cases {
		c.one(&t.Cases[i])
	}
	return asTest(c.problems.sorted())
}

type testChecker struct {
	decoder
	find func(Reference) (*Playbook, error)
}

func (c *testChecker) one(tc *TestCase) {
	for name, value := range tc.Vars {
		c.value(c.p, name, value, tc.vars[name])
	}
	for _, m := range tc.Steps {
		book, s, known := c.step(m.Step, m.at)
		if !known {
			continue
		}
		for _, o := range m.Entries {
			c.meets(book, s, m.Step, o)
		}
	}
	e := tc.Expect
	for _, l := range []struct {
		key   string
		names []string
	}{{"path", e.Path}, {"done", e.Done}, {"skipped", e.Skipped}, {"failed", e.Failed}, {"never", e.Never}} {
		for i, name := range l.names {
			_, s, known := c.step(name, e.items[l.key][i])
			if known && s != nil && l.key == "path" && s.Verb.Holds() {
				c.at(codeTestStep, e.items[l.key][i], "leave it out; name the steps in it", "step %s holds others, so it is not part of the path", brief(name))
			}
		}
	}
	for name, value := range e.Vars {
		c.value(c.p, name, value, e.given["vars."+name])
	}
	can := c.p.Capabilities()
	for i, name := range e.Actions {
		if !slices.Contains(can.Actions, name) && c.find == nil {
			c.at(codeTestName, e.items["actions"][i], didYouMean(name, can.Actions), "the playbook has no action %s", brief(name))
		}
	}
	var clocks []string
	for _, k := range c.p.Clocks {
		clocks = append(clocks, k.Use)
	}
	for i, name := range e.Clocks {
		if !slices.Contains(clocks, name) {
			c.at(codeTestName, e.items["clocks"][i], didYouMean(name, clocks), "the playbook has no clock %s", brief(name))
		}
	}
}

// value checks a value that a case gives to a variable or expects of it.
func (c *testChecker) value(p *Playbook, name string, value any, at pos) {
	v := p.vars[name]
	if v == nil {
		var known []string
		for _, x := range p.Vars {
			known = append(known, x.Name)
		}
		c.at(codeTestVar, at, didYouMean(name, known), "playbook %s has no variable %s", p.ID, brief(name))
		return
	}
	err := error(nil)
	if text, ok := value.(string); ok {
		_, err = v.Read(text)
	} else if value != nil {
		_, err = v.Check(value)
	}
	if err != nil {
		c.at(codeTestVar, at, "", "%s", err)
	}
}

// step finds the step of a name as a run has it: of a sub-playbook behind a
// slash, an item or a round behind a dot. A nil step with true is one of a
// sub-playbook that is not known.
func (c *testChecker) step(name string, at pos) (*Playbook, *Step, bool) {
	book, rest := c.p, name
	for {
		first, more, nested := strings.Cut(rest, "/")
		id, _, _ := strings.Cut(first, ".")
		s := book.steps[id]
		if s == nil {
			var known []string
			for _, x := range book.order {
				known = append(known, x.ID)
			}
			c.at(codeTestStep, at, didYouMean(id, known), "playbook %s has no step %s", book.ID, brief(id))
			return nil, nil, false
		}
		if !nested {
			return book, s, true
		}
		if s.Verb != VerbPlaybook {
			c.at(codeTestStep, at, "", "step %s runs no playbook, so there is no %s", s.ID, brief(name))
			return nil, nil, false
		}
		if c.find == nil {
			return nil, nil, true
		}
		sub, err := c.find(s.Playbook)
		if err != nil {
			c.at(codeTestPlaybook, at, "", "step %s: %s", s.ID, firstLine(err.Error()))
			return nil, nil, false
		}
		book, rest = sub, more
	}
}

// meets checks that a step can meet what a case says.
func (c *testChecker) meets(p *Playbook, s *Step, name string, o Outcome) {
	if s == nil {
		return
	}
	no := func(key, hint, format string, args ...any) { c.at(codeMeets, o.keys[key], hint, format, args...) }
	has := func(key string) bool { _, ok := o.keys[key]; return ok }
	if has("answers") {
		if !s.Verb.Manual() {
			no("answers", "", "step %s is %s: nobody is asked", brief(name), aStep(s.Verb))
		}
		for q, value := range o.Answers {
			if s.Verb.Manual() && !slices.ContainsFunc(s.Ask, func(x Question) bool { return x.Name == q }) {
				var known []string
				for _, x := range s.Ask {
					known = append(known, x.Name)
				}
				c.at(codeTestVar, o.keys["answers."+q], didYouMean(q, known), "step %s does not ask for %s", brief(name), brief(q))
				continue
			}
			c.value(p, q, value, o.keys["answers."+q])
		}
	}
	for v, value := range o.Vars {
		c.value(p, v, value, o.keys["vars."+v])
	}
	switch {
	case has("result") && !s.Verb.Automatic():
		no("result", "give a manual step answers", "step %s is %s: it has no result", brief(name), aStep(s.Verb))
	case has("fail") && !s.Verb.Automatic() && !s.Verb.Manual():
		no("fail", "let a step in it fail", "step %s is %s: it does not fail by itself", brief(name), aStep(s.Verb))
	case has("reject") && s.Approve == nil && !s.Verb.Acts():
		no("reject", "", "nobody approves step %s, so nobody can reject it", brief(name))
	case has("timeout") && (s.Approve == nil || s.Approve.Timeout.IsZero()) && s.Timeout.IsZero():
		no("timeout", "give the step a timeout, or its approve one", "step %s has no timeout", brief(name))
	}
	if has("verify") && s.Verify == nil {
		no("verify", "", "step %s has no verify", brief(name))
	}
}

// aStep is a verb with its article: "an action step".
func aStep(v Verb) string {
	if strings.ContainsRune("aeiou", rune(v[0])) {
		return "an " + string(v) + " step"
	}
	return "a " + string(v) + " step"
}
