package playbooks

import (
	"slices"
	"strings"

	"firebreak/incident"
	"firebreak/internal/lazyre"

	"go.yaml.in/yaml/v4"
)

func topKeys() []string {
	return []string{
		"playbook", "id", "name", "version", "owner", "description", "labels", "attack", "severity", "tlp",
		"roles", "vars", "clocks", "calendar", "phases", "fallback", "drill", "cacao",
	}
}

// playbook decodes the whole file.
func (d *decoder) playbook(root *yaml.Node) {
	if root.Kind != yaml.MappingNode {
		d.node(codeFormat, root, "", "a playbook is a mapping that begins with playbook: %s", FormatVersion)
		return
	}
	keys, _ := d.mapping(root, "playbook", topKeys())
	p := d.p
	for key, n := range keys {
		p.places[key] = pos{n.Line, n.Column}
	}
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
	if n := keys["calendar"]; n != nil {
		p.Calendar = d.shaped(n, "calendar", slugShape, "the name of a calendar in the configuration, as in de")
	}
	p.Cacao = d.verbatim(keys["cacao"], "cacao")
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

func (d *decoder) shaped(n *yaml.Node, what string, shape *lazyre.Regexp, want string) string {
	s := d.text(n, what)
	if s != "" && !shape.MatchString(s) {
		d.node(codeValue, n, "want "+want, "%s %s is badly formed", what, brief(s))
	}
	return s
}

func (d *decoder) attack(n *yaml.Node) []string {
	return d.techniques(n, "attack", attackShape, "want T1078 or T1078.004", "an ATT&CK technique")
}

// techniques reads a list of ids that all have one shape.
func (d *decoder) techniques(n *yaml.Node, key string, shape *lazyre.Regexp, hint, what string) []string {
	out := d.texts(n, key)
	for i, s := range out {
		if !shape.MatchString(s) {
			d.node(codeValue, d.list(n, key)[i], hint, "%s is not %s", brief(s), what)
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
