package playbooks

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"firebreak/incident"

	"go.yaml.in/yaml/v4"
)

var (
	slugShape    = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)
	varShape     = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)
	versionShape = regexp.MustCompile(`^\d+\.\d+\.\d+([-+][0-9A-Za-z.-]+)?$`)
	attackShape  = regexp.MustCompile(`^T\d{4}(\.\d{3})?$`)
)

// reserved words cannot name a variable: the expression language has them.
func reserved() []string {
	return append(functions(), "result", "incident", "true", "false", "nil", "in", "not", "and", "or", "matches", "contains", "let", "if", "else", "env")
}

// entry is a key of a mapping with its value.
type entry struct {
	key   *yaml.Node
	value *yaml.Node
}

// mapping returns the entries of n by key and in order, noting unknown keys.
// A nil known takes any key.
func (d *decoder) mapping(n *yaml.Node, what string, known []string) (map[string]*yaml.Node, []entry) {
	if n.Kind == yaml.AliasNode {
		return nil, nil
	}
	if n.Kind != yaml.MappingNode {
		d.node(codeShape, n, "", "%s must be a mapping of keys to values", what)
		return nil, nil
	}
	byKey, order := map[string]*yaml.Node{}, []entry{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if _, twice := byKey[key.Value]; twice || key.Kind != yaml.ScalarNode || key.ShortTag() == "!!merge" {
			continue // noted by tidy
		}
		if known != nil && !slices.Contains(known, key.Value) {
			d.node(codeUnknownKey, key, didYouMean(key.Value, known), "%s has no key %s", what, brief(key.Value))
			continue
		}
		byKey[key.Value] = value
		order = append(order, entry{key, value})
	}
	return byKey, order
}

// list returns the items of a sequence; one scalar counts as a list of one.
func (d *decoder) list(n *yaml.Node, what string) []*yaml.Node {
	switch n.Kind {
	case yaml.SequenceNode:
		return n.Content
	case yaml.ScalarNode:
		if n.ShortTag() != "!!null" {
			return []*yaml.Node{n}
		}
	case yaml.AliasNode:
		return nil
	}
	d.node(codeShape, n, "", "%s must be a list", what)
	return nil
}

// text returns a scalar as it is written.
func (d *decoder) text(n *yaml.Node, what string) string {
	switch {
	case n == nil || n.Kind == yaml.AliasNode:
		return ""
	case n.Kind != yaml.ScalarNode:
		d.node(codeShape, n, "", "%s must be a text", what)
		return ""
	case n.ShortTag() == "!!null" || strings.TrimSpace(n.Value) == "":
		d.node(codeShape, n, "", "%s is empty", what)
		return ""
	case len(n.Value) > maxText:
		d.node(codeTooMany, n, "", "%s is longer than %d bytes", what, maxText)
		return ""
	}
	return strings.TrimRight(n.Value, "\n")
}

func (d *decoder) texts(n *yaml.Node, what string) []string {
	if n == nil {
		return nil
	}
	items := d.list(n, what)
	if len(items) > maxList {
		d.node(codeTooMany, n, "", "%s has more than %d items", what, maxList)
		return nil
	}
	var out []string
	for _, item := range items {
		if s := d.text(item, what); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// word returns a text that must be one of the known words.
func (d *decoder) word(n *yaml.Node, what string, known []string) string {
	s := d.text(n, what)
	if s != "" && !slices.Contains(known, s) {
		d.node(codeValue, n, didYouMean(s, known), "%s %s is not known", what, brief(s))
		return ""
	}
	return s
}

func (d *decoder) duration(n *yaml.Node, what string, business bool) Duration {
	s := d.text(n, what)
	if s == "" {
		return Duration{}
	}
	out, err := ParseDuration(s)
	switch {
	case err != nil:
		d.node(codeDuration, n, "", "%s: %s", what, err)
	case out.BusinessDays > 0 && !business:
		d.node(codeDuration, n, "use h or d; business days go with due only", "%s cannot be in business days", what)
		return Duration{}
	case out.Time == 0 && out.BusinessDays == 0:
		d.node(codeDuration, n, "", "%s must be longer than nothing", what)
		return Duration{}
	}
	return out
}

func (d *decoder) number(n *yaml.Node, what string, low, high int) int {
	i, err := strconv.Atoi(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil || i < low || i > high {
		d.node(codeValue, n, "", "%s must be a whole number from %d to %d", what, low, high)
		return low
	}
	return i
}

func (d *decoder) bool(n *yaml.Node, what string) bool {
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!bool" {
		d.node(codeShape, n, "", "%s must be true or false", what)
		return false
	}
	return strings.EqualFold(n.Value, "true")
}

// value turns a node into what JSON would make of it.
func (d *decoder) value(n *yaml.Node, what string) any {
	switch n.Kind {
	case yaml.MappingNode:
		out := map[string]any{}
		_, order := d.mapping(n, what, nil)
		for _, e := range order {
			out[e.key.Value] = d.value(e.value, what)
		}
		return out
	case yaml.SequenceNode:
		out := make([]any, 0, len(n.Content))
		for _, c := range n.Content {
			out = append(out, d.value(c, what))
		}
		return out
	case yaml.ScalarNode:
		return d.scalar(n, what)
	default:
		return nil
	}
}

func (d *decoder) scalar(n *yaml.Node, what string) any {
	switch n.ShortTag() {
	case "!!int":
		if i, err := strconv.ParseInt(n.Value, 0, 64); err == nil {
			return int(i)
		}
		d.node(codeValue, n, "quote it to make it a text", "%s: %s is not a number that fits", what, brief(n.Value))
		return nil
	case "!!float":
		f, err := strconv.ParseFloat(n.Value, 64)
		if err != nil || f != f || f > 1e300 || f < -1e300 {
			d.node(codeValue, n, "quote it to make it a text", "%s: %s is not a number that fits", what, brief(n.Value))
			return nil
		}
		return f
	case "!!bool":
		return strings.EqualFold(n.Value, "true")
	case "!!null":
		d.node(codeShape, n, `write "" for an empty text`, "%s has no value", what)
		return nil
	}
	if len(n.Value) > maxText {
		d.node(codeTooMany, n, "", "%s is longer than %d bytes", what, maxText)
		return nil
	}
	return n.Value
}

func topKeys() []string {
	return []string{
		"playbook", "id", "name", "version", "owner", "description", "labels", "attack", "severity", "tlp",
		"roles", "vars", "clocks", "phases", "fallback", "drill",
	}
}

// playbook decodes the whole file.
func (d *decoder) playbook(root *yaml.Node) {
	if root.Kind != yaml.MappingNode {
		d.node(codeFormat, root, "", "a playbook is a mapping that begins with playbook: %s", FormatVersion)
		return
	}
	later := map[string]bool{"cacao": true}
	known := append(topKeys(), "cacao")
	keys, _ := d.mapping(root, "playbook", known)
	for key := range later {
		if n := keys[key]; n != nil {
			d.node(codeLater, n, "", "%s is not supported yet by this version", key)
		}
	}
	p := d.p
	for _, key := range []string{"playbook", "id", "name", "version", "phases"} {
		if keys[key] == nil {
			d.node(codeMissing, root, "", "playbook has no %s", key)
		}
	}
	if n := keys["playbook"]; n != nil {
		if v := d.text(n, "playbook"); v != "" && v != FormatVersion {
			d.node(codeFormat, n, "this version reads "+FormatVersion, "format version %s is not known", brief(v))
		}
	}
	if n := keys["id"]; n != nil {
		p.ID = d.shaped(n, "id", slugShape, "lower-case letters, digits and hyphens, as in leaked-github-token")
	}
	if n := keys["version"]; n != nil {
		p.Version = d.shaped(n, "version", versionShape, "three numbers, as in 1.2.0")
	}
	p.Name = d.optional(keys["name"], "name")
	p.Owner = d.optional(keys["owner"], "owner")
	p.Description = d.optional(keys["description"], "description")
	p.Labels = d.texts(keys["labels"], "labels")
	p.Attack = d.attack(keys["attack"])
	d.rank(keys)
	d.roles(keys["roles"])
	d.variables(keys["vars"])
	d.clocks(keys["clocks"])
	d.phases(keys["phases"])
	if n := keys["fallback"]; n != nil {
		p.Fallback = d.sequence(n, "fallback", context{fallback: true})
	}
	d.drill(keys["drill"])
}

func (d *decoder) optional(n *yaml.Node, what string) string {
	if n == nil {
		return ""
	}
	return d.text(n, what)
}

func (d *decoder) shaped(n *yaml.Node, what string, shape *regexp.Regexp, want string) string {
	s := d.text(n, what)
	if s != "" && !shape.MatchString(s) {
		d.node(codeValue, n, "want "+want, "%s %s is badly formed", what, brief(s))
	}
	return s
}

func (d *decoder) attack(n *yaml.Node) []string {
	out := d.texts(n, "attack")
	for i, s := range out {
		if !attackShape.MatchString(s) {
			d.node(codeValue, d.list(n, "attack")[i], "want T1078 or T1078.004", "%s is not an ATT&CK technique", brief(s))
		}
	}
	return out
}

func (d *decoder) rank(keys map[string]*yaml.Node) {
	if n := keys["severity"]; n != nil {
		if s := d.word(n, "severity", []string{"sev1", "sev2", "sev3", "sev4"}); s != "" {
			if v, err := incident.ParseSeverity(s); err == nil {
				d.p.Severity = v
			}
		}
	}
	if n := keys["tlp"]; n != nil {
		d.p.TLP = incident.TLP(d.word(n, "tlp", []string{
			string(incident.TLPClear), string(incident.TLPGreen), string(incident.TLPAmber),
			string(incident.TLPAmberStrict), string(incident.TLPRed),
		}))
	}
}

func roleNames() []string {
	return []string{
		string(incident.Commander), string(incident.Investigator), string(incident.Responder), string(incident.Scribe),
		string(incident.Approver), string(incident.Comms), string(incident.Legal), string(incident.Observer),
		string(incident.Auditor), string(incident.Admin),
	}
}

func (d *decoder) roles(n *yaml.Node) {
	if n == nil {
		return
	}
	_, order := d.mapping(n, "roles", roleNames())
	for _, e := range order {
		need := d.word(e.value, "role "+e.key.Value, []string{"required", "optional"})
		d.p.Roles = append(d.p.Roles, RoleNeed{incident.Role(e.key.Value), need == "required"})
	}
}

func (d *decoder) clocks(n *yaml.Node) {
	if n == nil {
		return
	}
	for _, item := range d.list(n, "clocks") {
		keys, _ := d.mapping(item, "clock", []string{"use", "when", "from"})
		if keys == nil {
			continue
		}
		c := Clock{Use: d.optional(keys["use"], "use"), When: d.optional(keys["when"], "when"), From: d.optional(keys["from"], "from")}
		if c.Use == "" {
			d.node(codeMissing, item, "", "clock has no use")
		}
		if w := keys["when"]; w != nil && c.When != "" {
			d.condition(w, scope{vars: d.p.vars})
		}
		d.p.Clocks = append(d.p.Clocks, c)
	}
}

func (d *decoder) phases(n *yaml.Node) {
	if n == nil {
		return
	}
	names := make([]string, 0, 5)
	for _, ph := range incident.Phases() {
		names = append(names, ph.String())
	}
	_, order := d.mapping(n, "phases", names)
	last := incident.NoPhase
	for _, e := range order {
		ph, err := incident.ParsePhase(e.key.Value)
		if err != nil {
			continue // noted by mapping
		}
		if ph < last {
			d.node(codeValue, e.key, "the order is "+strings.Join(names, ", "), "phase %s comes after %s", ph, last)
		}
		last = max(last, ph)
		steps := d.sequence(e.value, "phase "+ph.String(), context{phase: ph})
		if len(steps) > 0 {
			d.p.Phases = append(d.p.Phases, PhaseSteps{ph, steps})
		}
	}
	slices.SortStableFunc(d.p.Phases, func(a, b PhaseSteps) int { return int(a.Phase) - int(b.Phase) })
	if n.Kind == yaml.MappingNode && len(n.Content) == 0 {
		d.node(codeMissing, n, "", "playbook has no steps")
	}
}

func (d *decoder) drill(n *yaml.Node) {
	if n == nil {
		return
	}
	d.p.Drill = map[string]any{}
	known := make([]string, 0, len(d.p.Vars))
	for _, v := range d.p.Vars {
		known = append(known, v.Name)
	}
	_, order := d.mapping(n, "drill", nil)
	for _, e := range order {
		v := d.p.vars[e.key.Value]
		if v == nil {
			d.node(codeUndeclared, e.key, didYouMean(e.key.Value, known), "drill gives a value to %s, which is not declared", brief(e.key.Value))
			continue
		}
		value, err := v.Check(d.value(e.value, "drill"))
		if err != nil {
			d.node(codeDrill, e.value, "", "%s", err)
			continue
		}
		if ref, ok := value.(string); ok && v.Type == Secret && !strings.HasPrefix(ref, "env:") {
			d.node(codeDrill, e.value, "use env:NAME", "%s: a playbook may refer to a secret in the environment only", v.Name)
			continue
		}
		d.p.Drill[v.Name] = value
		d.p.drill[v.Name] = pos{e.value.Line, e.value.Column}
	}
}

// variables decodes vars.
func (d *decoder) variables(n *yaml.Node) {
	if n == nil {
		return
	}
	_, order := d.mapping(n, "vars", nil)
	if len(order) > maxVars {
		d.node(codeTooMany, n, "", "more than %d variables", maxVars)
		return
	}
	for _, e := range order {
		d.variable(e)
	}
}

func (d *decoder) variable(e entry) {
	name := e.key.Value
	v := &Var{Name: name, at: pos{e.key.Line, e.key.Column}}
	switch {
	case !varShape.MatchString(name):
		d.node(codeVariable, e.key, "want lower-case letters, digits and underscores, beginning with a letter", "variable name %s is badly formed", brief(name))
		return
	case slices.Contains(reserved(), name):
		d.node(codeVariable, e.key, "choose another name", "%s is a word of the expression language", brief(name))
		return
	}
	keys, _ := d.mapping(e.value, "variable "+name, []string{"type", "prompt", "required", "match", "default"})
	if keys == nil {
		return
	}
	if keys["type"] == nil {
		d.node(codeMissing, e.value, "known: "+strings.Join(typeNames(), ", "), "variable %s has no type", name)
		return
	}
	v.Type = Type(d.word(keys["type"], "type", typeNames()))
	v.Prompt = d.optional(keys["prompt"], "prompt")
	if r := keys["required"]; r != nil {
		v.Required = d.bool(r, "required")
	}
	if m := keys["match"]; m != nil {
		v.Match = d.text(m, "match")
		if err := v.setMatch(); err != nil {
			d.node(codeVariable, m, "", "%s: %s", name, err)
		}
	}
	if v.Required && v.Prompt == "" && keys["default"] == nil {
		d.node(codeVariable, e.key, "give it a prompt", "variable %s is required and nobody is asked for it", name)
	}
	d.p.vars[name] = v
	d.p.Vars = append(d.p.Vars, v)
	if def := keys["default"]; def != nil && v.Type != "" {
		value, err := v.Check(d.value(def, "default"))
		if err != nil {
			d.node(codeVarValue, def, "", "default of %s", err)
			return
		}
		if ref, ok := value.(string); ok && v.Type == Secret && !strings.HasPrefix(ref, "env:") {
			d.node(codeVarValue, def, "use env:NAME", "%s: a playbook may refer to a secret in the environment only", name)
			return
		}
		v.Default = value
	}
}

func (v *Var) setMatch() error {
	if v.Type == Bool || v.Type == Secret {
		return fmt.Errorf("match has no meaning for type %s", v.Type)
	}
	if len(v.Match) > 500 {
		return fmt.Errorf("match is longer than 500 bytes")
	}
	re, err := regexp.Compile(`^(?:` + v.Match + `)$`)
	if err != nil {
		return fmt.Errorf("match: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	v.match = re
	return nil
}
