package playbooks

import (
	"regexp"
	"slices"
	"strings"

	"firebreak/incident"

	"go.yaml.in/yaml/v4"
)

// context says where a step stands.
type context struct {
	phase    incident.Phase
	fallback bool
	parent   *Step
	branch   string
	depth    int
}

func verbs() []string {
	return []string{"manual", "run", "action", "collect", "ingest", "notify", "parallel", "wait", "review"}
}

func laterVerbs() []string { return []string{"http", "detect", "playbook", "switch", "for_each"} }

func laterKeys() []string {
	return append(laterVerbs(), "repeat", "d3fend", "cacao", "template", "do")
}

func stepKeys() []string {
	keys := append(verbs(),
		"id", "title", "if", "then", "else", "needs", "assign", "due", "ask", "set", "with", "retry", "timeout",
		"approve", "impact", "irreversible", "rollback", "verify", "on_failure", "evidence", "attack", "note",
		"on", "connection")
	return append(keys, laterKeys()...)
}

// sequence decodes a list of steps.
func (d *decoder) sequence(n *yaml.Node, what string, in context) []*Step {
	if n.Kind != yaml.SequenceNode {
		if n.Kind != yaml.AliasNode {
			d.node(codeShape, n, "begin each step with a hyphen", "%s must be a list of steps", what)
		}
		return nil
	}
	if len(n.Content) == 0 {
		d.node(codeShape, n, "remove it, or put steps in", "%s has no steps", what)
	}
	if in.depth > maxNesting {
		d.node(codeTooDeep, n, "", "steps are nested more than %d levels deep", maxNesting)
		return nil
	}
	var out []*Step
	for _, item := range n.Content {
		if s := d.step(item, in); s != nil {
			out = append(out, s)
		}
	}
	return out
}

// step decodes one step and, through its verb, its children.
func (d *decoder) step(n *yaml.Node, in context) *Step {
	d.steps++
	if d.steps > maxSteps {
		if d.steps == maxSteps+1 {
			d.node(codeTooMany, n, "", "more than %d steps", maxSteps)
		}
		return nil
	}
	keys, order := d.mapping(n, "step", stepKeys())
	if keys == nil {
		return nil
	}
	s := &Step{
		Phase: in.phase, Fallback: in.fallback, Depth: in.depth, Line: n.Line, Column: n.Column,
		parent: in.parent, branch: in.branch, at: map[string]pos{},
	}
	for _, e := range order {
		s.at[e.key.Value] = pos{e.value.Line, e.value.Column}
	}
	s.nodes = keys
	d.identify(s, n, keys)
	d.p.order = append(d.p.order, s)
	d.verb(s, n, keys)
	d.operand(s, keys)
	d.modifiers(s, keys)
	d.fitting(s, order)
	if s.Title == "" {
		s.Title = strings.ToUpper(s.ID[:min(1, len(s.ID))]) + strings.ReplaceAll(s.ID[min(1, len(s.ID)):], "-", " ")
	}
	return s
}

func (d *decoder) identify(s *Step, n *yaml.Node, keys map[string]*yaml.Node) {
	s.Title = d.optional(keys["title"], "title")
	id := keys["id"]
	if id == nil {
		d.node(codeStepID, n, "give it a short id, as in id: revoke", "step has no id")
		return
	}
	s.ID = d.text(id, "id")
	if s.ID == "" {
		return
	}
	if !slugShape.MatchString(s.ID) {
		d.node(codeStepID, id, "want lower-case letters, digits and hyphens", "step id %s is badly formed", brief(s.ID))
	}
	if first, ok := d.p.steps[s.ID]; ok {
		d.node(codeDuplicateID, id, "", "step id %s is already used in line %d", brief(s.ID), first.Line)
		return
	}
	d.p.steps[s.ID] = s
}

// verb finds the one verb of a step.
func (d *decoder) verb(s *Step, n *yaml.Node, keys map[string]*yaml.Node) {
	var found []string
	for _, v := range verbs() {
		if keys[v] != nil {
			found = append(found, v)
		}
	}
	if keys["then"] != nil || keys["else"] != nil {
		found = append(found, "if")
	}
	refused := false
	for _, k := range laterKeys() {
		if v := keys[k]; v != nil && (k != "do" || keys["for_each"] == nil) {
			refused = true
			hint := ""
			if k == "template" {
				hint = "write the text into with: {message: …}"
			}
			d.node(codeLater, v, hint, "%s is not supported yet by this version", k)
		}
	}
	switch {
	case len(found) == 1:
		s.Verb = Verb(found[0])
	case len(found) > 1:
		d.node(codeVerb, n, "make it two steps", "step has more than one verb: %s", strings.Join(found, ", "))
	case keys["if"] != nil && !refused:
		d.node(codeVerb, n, "add then: with steps, or a verb for the guard to guard", "step has an if and nothing to do")
	case !refused:
		d.node(codeVerb, n, "one of "+strings.Join(verbs(), ", ")+" or if with then", "step has no verb")
	}
}

func (d *decoder) operand(s *Step, keys map[string]*yaml.Node) {
	under := context{phase: s.Phase, fallback: s.Fallback, parent: s, depth: s.Depth + 1}
	switch s.Verb {
	case VerbManual:
		s.Manual = d.text(keys["manual"], "manual")
	case VerbRun:
		s.Run = d.argv(keys["run"], "run")
	case VerbAction:
		s.Action = d.text(keys["action"], "action")
	case VerbCollect:
		s.Collect = d.texts(keys["collect"], "collect")
	case VerbIngest:
		s.Ingest = d.texts(keys["ingest"], "ingest")
	case VerbNotify:
		s.Notify = d.texts(keys["notify"], "notify")
	case VerbWait:
		s.Wait = d.duration(keys["wait"], "wait", false)
	case VerbReview:
		s.Review = d.text(keys["review"], "review")
	case VerbIf:
		if keys["if"] == nil {
			d.at(codeMissing, pos{s.Line, s.Column}, "", "step has then or else and no if")
		}
		if n := keys["then"]; n != nil {
			under.branch = "then"
			s.Then = d.sequence(n, "then", under)
		} else {
			d.at(codeMissing, pos{s.Line, s.Column}, "turn the condition round", "step has else and no then")
		}
		if n := keys["else"]; n != nil {
			under.branch = "else"
			s.Else = d.sequence(n, "else", under)
		}
	case VerbParallel:
		s.Parallel = d.sequence(keys["parallel"], "parallel", under)
	}
}

// argv decodes a command. A template must be a whole element, never the
// program and never the text of a shell: values are data.
func (d *decoder) argv(n *yaml.Node, what string) []string {
	if n.Kind != yaml.SequenceNode {
		if n.Kind != yaml.AliasNode {
			d.node(codeShape, n, "write each word as an item: [ss, -tnp]", "%s must be a list: the program and its arguments", what)
		}
		return nil
	}
	var out []string
	for i, item := range n.Content {
		if item.Kind != yaml.ScalarNode || item.ShortTag() == "!!null" {
			d.node(codeShape, item, "", "argument %d of %s must be a text", i, what)
			continue
		}
		word := item.Value
		parts, _ := parseTemplate(word)
		named := slices.ContainsFunc(parts, func(p part) bool { return p.name != "" })
		_, alone := single(word)
		switch {
		case !named:
		case i == 0:
			d.node(codeArgv, item, "name the program", "the program to run cannot come from a value")
		case !alone:
			d.node(codeArgv, item, "make the value an argument of its own", "a value cannot be pasted into an argument")
		case isShellText(out):
			d.node(codeArgv, item, "pass the value after the text and use \"$1\" in it", "the text of a shell cannot come from a value")
		}
		out = append(out, word)
	}
	if len(out) == 0 {
		d.node(codeShape, n, "", "%s names no program", what)
	}
	return out
}

var interpreter = regexp.MustCompile(`^(.*/)?((ba|da|z|k|a|c|tc|fi)?sh|python[0-9.]*|perl|ruby|node|php|awk|gawk|mawk|sed|eval|env|sudo|ssh|xargs|su|nsenter|chroot)$`)

// isShellText says that the next argument after these is code to somebody: it
// follows the -c or -e of an interpreter.
func isShellText(before []string) bool {
	if len(before) == 0 {
		return false
	}
	last := before[len(before)-1]
	if !slices.ContainsFunc(before, interpreter.MatchString) {
		return false
	}
	if len(before) == 1 || slices.Contains([]string{"eval", "xargs", "ssh", "sudo", "env"}, last) {
		return true // the first argument of an interpreter is its program
	}
	return strings.HasPrefix(last, "-") && last != "--" && strings.ContainsAny(last, "ceE")
}

func (d *decoder) modifiers(s *Step, keys map[string]*yaml.Node) {
	s.If = d.optional(keys["if"], "if")
	if n := keys["needs"]; n != nil {
		s.Needs = append([]string{}, d.texts(n, "needs")...)
	}
	s.OnFailure = d.optional(keys["on_failure"], "on_failure")
	s.Irreversible = d.optional(keys["irreversible"], "irreversible")
	s.Note = d.optional(keys["note"], "note")
	s.Evidence = d.texts(keys["evidence"], "evidence")
	s.Attack = d.attack(keys["attack"])
	s.Connection = d.optional(keys["connection"], "connection")
	if n := keys["assign"]; n != nil {
		s.Assign = incident.Role(d.word(n, "role", roleNames()))
	}
	if n := keys["due"]; n != nil {
		s.Due = d.duration(n, "due", true)
	}
	if n := keys["timeout"]; n != nil {
		s.Timeout = d.duration(n, "timeout", false)
	}
	if n := keys["impact"]; n != nil {
		s.Impact = d.word(n, "impact", []string{"none", "low", "medium", "high"})
	}
	if n := keys["on"]; n != nil {
		d.on(s, n)
	}
	if n := keys["with"]; n != nil {
		s.With = d.with(s, n, "with")
	}
	d.asks(s, keys["ask"])
	d.sets(s, keys["set"])
	d.retry(s, keys["retry"])
	d.approve(s, keys["approve"])
	d.rollback(s, keys["rollback"])
	d.verify(s, keys["verify"])
}

func (d *decoder) on(s *Step, n *yaml.Node) {
	s.On = d.text(n, "on")
	switch {
	case s.On == "" || s.On == "local":
	case strings.HasPrefix(s.On, "ssh:"):
		d.node(codeLater, n, "run firebreak on that host, or make it a manual step", "on: ssh is not supported yet by this version")
	default:
		d.node(codeValue, n, "known: local", "on %s is not known", brief(s.On))
	}
}

// with decodes parameters and notes the place of each.
func (d *decoder) with(s *Step, n *yaml.Node, where string) map[string]any {
	_, order := d.mapping(n, where, nil)
	out := make(map[string]any, len(order))
	for _, e := range order {
		out[e.key.Value] = d.value(e.value, where+" "+e.key.Value)
		s.at[where+"."+e.key.Value] = pos{e.value.Line, e.value.Column}
		s.at[where+"."+e.key.Value+" key"] = pos{e.key.Line, e.key.Column}
	}
	return out
}

func (d *decoder) asks(s *Step, n *yaml.Node) {
	if n == nil {
		return
	}
	_, order := d.mapping(n, "ask", nil)
	for _, e := range order {
		q := Question{Name: e.key.Value, Text: d.text(e.value, "question")}
		s.at["ask."+q.Name] = pos{e.key.Line, e.key.Column}
		if v := d.p.vars[q.Name]; v != nil {
			q.Type, q.Default = v.Type, v.Default
		} else {
			d.node(codeUndeclared, e.key, didYouMean(q.Name, d.varNames()), "ask sets %s, which is not declared in vars", brief(q.Name))
		}
		s.Ask = append(s.Ask, q)
	}
}

func (d *decoder) varNames() []string {
	out := make([]string, 0, len(d.p.Vars))
	for _, v := range d.p.Vars {
		out = append(out, v.Name)
	}
	return out
}

func (d *decoder) sets(s *Step, n *yaml.Node) {
	if n == nil {
		return
	}
	_, order := d.mapping(n, "set", nil)
	for _, e := range order {
		s.at["set."+e.key.Value] = pos{e.value.Line, e.value.Column}
		if d.p.vars[e.key.Value] == nil {
			d.node(codeUndeclared, e.key, didYouMean(e.key.Value, d.varNames()), "set names %s, which is not declared in vars", brief(e.key.Value))
			continue
		}
		s.Set = append(s.Set, Assignment{Name: e.key.Value, Expr: d.text(e.value, "set")})
	}
}

func (d *decoder) retry(s *Step, n *yaml.Node) {
	if n == nil {
		return
	}
	keys, _ := d.mapping(n, "retry", []string{"max", "every"})
	if keys == nil {
		return
	}
	if keys["max"] == nil || keys["every"] == nil {
		d.node(codeMissing, n, "as in retry: {max: 3, every: 10s}", "retry wants max and every")
		return
	}
	s.Retry = &RetryRule{Max: d.number(keys["max"], "max", 1, 100), Every: d.duration(keys["every"], "every", false).Time}
}

func (d *decoder) approve(s *Step, n *yaml.Node) {
	if n == nil {
		return
	}
	keys, _ := d.mapping(n, "approve", []string{"by", "count", "timeout", "on_timeout"})
	if keys == nil {
		return
	}
	a := &Approve{Count: 1}
	if k := keys["by"]; k != nil {
		a.By = incident.Role(d.word(k, "role", roleNames()))
	} else {
		d.node(codeMissing, n, "as in approve: {by: commander}", "approve does not say by whom")
	}
	if k := keys["count"]; k != nil {
		a.Count = d.number(k, "count", 1, 9)
	}
	if k := keys["timeout"]; k != nil {
		a.Timeout = d.duration(k, "timeout", false)
	}
	a.OnTimeout = d.optional(keys["on_timeout"], "on_timeout")
	s.Approve = a
}

func (d *decoder) rollback(s *Step, n *yaml.Node) {
	if n == nil {
		return
	}
	keys, _ := d.mapping(n, "rollback", []string{"action", "with", "run", "manual"})
	if keys == nil {
		return
	}
	r := &Rollback{Action: d.optional(keys["action"], "action"), Manual: d.optional(keys["manual"], "manual")}
	ways := 0
	for _, k := range []string{"action", "run", "manual"} {
		if keys[k] != nil {
			s.at["rollback."+k] = pos{keys[k].Line, keys[k].Column}
			ways++
		}
	}
	if ways != 1 {
		d.node(codeShape, n, "", "rollback wants exactly one of action, run and manual")
	}
	if k := keys["run"]; k != nil {
		r.Run = d.argv(k, "rollback run")
	}
	if k := keys["with"]; k != nil {
		r.With = d.with(s, k, "rollback")
	}
	s.Rollback = r
}

func (d *decoder) verify(s *Step, n *yaml.Node) {
	if n == nil {
		return
	}
	keys, _ := d.mapping(n, "verify", []string{"action", "connection", "with", "expect"})
	if keys == nil {
		return
	}
	v := &Verify{Action: d.optional(keys["action"], "action"), Expect: d.optional(keys["expect"], "expect"), Connection: d.optional(keys["connection"], "connection")}
	if keys["expect"] == nil {
		d.node(codeMissing, n, "as in expect: result.ok", "verify does not say what to expect")
	}
	for _, k := range []string{"action", "expect"} {
		if keys[k] != nil {
			s.at["verify."+k] = pos{keys[k].Line, keys[k].Column}
			s.nodes["verify."+k] = keys[k]
		}
	}
	if k := keys["with"]; k != nil {
		if v.Action == "" {
			d.node(codeModifier, k, "", "verify has parameters and no action to give them to")
		}
		v.With = d.with(s, k, "verify")
	}
	s.Verify = v
}

// fitting refuses modifiers that have no meaning for the step's verb.
func (d *decoder) fitting(s *Step, order []entry) {
	only := map[string][]Verb{
		"ask":          {VerbManual, VerbReview},
		"with":         {VerbAction, VerbRun, VerbCollect, VerbIngest, VerbNotify},
		"retry":        {VerbAction, VerbRun, VerbCollect, VerbIngest, VerbNotify},
		"timeout":      {VerbAction, VerbRun, VerbCollect, VerbIngest, VerbNotify, VerbManual},
		"set":          {VerbAction, VerbRun, VerbCollect, VerbIngest, VerbNotify, VerbManual},
		"approve":      {VerbAction, VerbRun, VerbManual, VerbNotify},
		"rollback":     {VerbAction, VerbRun, VerbManual},
		"irreversible": {VerbAction, VerbRun, VerbManual, VerbNotify},
		"verify":       {VerbAction},
		"on":           {VerbRun, VerbCollect},
		"connection":   {VerbAction},
		"assign":       {VerbManual, VerbReview, VerbAction, VerbRun, VerbCollect, VerbIngest, VerbNotify},
	}
	if s.Verb == "" {
		return
	}
	for _, e := range order {
		fits, limited := only[e.key.Value]
		if limited && !slices.Contains(fits, s.Verb) {
			d.node(codeModifier, e.key, "", "%s does not go with %s", e.key.Value, s.Verb)
		}
	}
}
