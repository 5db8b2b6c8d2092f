package playbooks

import (
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
	scope    map[string]*Var // nil for the playbook's variables
}

// verbs are the keys that are a verb. An if is one only with then.
func verbs() []string {
	return []string{
		"manual", "run", "http", "action", "collect", "ingest", "detect", "notify", "playbook",
		"switch", "parallel", "for_each", "wait", "review",
	}
}

func stepKeys() []string {
	return append(
		verbs(),
		"id", "title", "if", "then", "else", "cases", "default", "as", "do", "needs", "assign", "due", "ask", "set",
		"with", "env", "template", "retry", "repeat", "timeout", "approve", "impact", "irreversible", "rollback", "lasts",
		"verify", "on_failure", "evidence", "attack", "d3fend", "note", "on", "connection", "cacao",
	)
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
		parent: in.parent, branch: in.branch, scope: in.scope, at: map[string]pos{},
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
	switch {
	case len(found) == 1:
		s.Verb = Verb(found[0])
	case len(found) > 1:
		d.node(codeVerb, n, "make it two steps", "step has more than one verb: %s", strings.Join(found, ", "))
	case keys["if"] != nil:
		d.node(codeVerb, n, "add then: with steps, or a verb for the guard to guard", "step has an if and nothing to do")
	default:
		d.node(codeVerb, n, "one of "+strings.Join(verbs(), ", ")+" or if with then", "step has no verb")
	}
}

func (d *decoder) operand(s *Step, keys map[string]*yaml.Node) {
	under := context{phase: s.Phase, fallback: s.Fallback, parent: s, depth: s.Depth + 1, scope: s.scope}
	switch s.Verb {
	case VerbManual:
		s.Manual = d.text(keys["manual"], "manual")
	case VerbRun:
		s.Run = d.argv(keys["run"], "run")
	case VerbAction:
		s.Action = d.actionName(keys["action"])
	case VerbCollect:
		s.Collect = d.texts(keys["collect"], "collect")
	case VerbIngest:
		s.Ingest = d.texts(keys["ingest"], "ingest")
	case VerbDetect:
		s.Detect = d.texts(keys["detect"], "detect")
	case VerbNotify:
		s.Notify = d.texts(keys["notify"], "notify")
	case VerbWait:
		s.Wait = d.duration(keys["wait"], "wait", false)
	case VerbReview:
		s.Review = d.text(keys["review"], "review")
	case VerbIf:
		d.branches(s, keys, under)
	case VerbParallel:
		s.Parallel = d.sequence(keys["parallel"], "parallel", under)
	case VerbSwitch:
		d.cases(s, keys, under)
	case VerbForEach:
		d.forEach(s, keys, under)
	case VerbHTTP:
		s.HTTP = d.request(s, keys["http"], "http")
	case VerbPlaybook:
		s.Playbook = d.reference(keys["playbook"])
	}
}
