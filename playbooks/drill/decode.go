package drill

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"firebreak/incident"
	"firebreak/playbooks/drill/evidence"
)

// Parse reads a scenario and draws with the seed. The error is Problems, every
// one with its place in the file.
func Parse(name string, src []byte, seed int64) (*Scenario, error) {
	r := &reader{file: name}
	root := r.load(src)
	if root == nil {
		return nil, r.sorted()
	}
	sum := sha256.Sum256(src)
	s := &Scenario{Source: bytes.Clone(src), SHA256: hex.EncodeToString(sum[:]), Seed: seed}
	r.scenario(s, root)
	if len(r.problems) > 0 {
		return nil, r.sorted()
	}
	return s, nil
}

func (r *reader) sorted() Problems {
	slices.SortStableFunc(r.problems, func(a, b Problem) int { return (a.Line-b.Line)*10_000 + a.Column - b.Column })
	return slices.Compact(r.problems)
}

func (r *reader) scenario(s *Scenario, root *yaml.Node) {
	by, _ := r.mapping(root, "the scenario", "scenario", "id", "name", "version", "about", "playbook", "severity", "when", "length", "pace",
		"roles", "draw", "values", "answers", "evidence", "injects", "expect", "findings")
	if by == nil {
		return
	}
	if v := r.needed(root, by["scenario"], "scenario"); v != "" && v != FormatVersion {
		r.note(codeValue, by["scenario"], "write scenario: "+FormatVersion, "format %q is not known", cut(v))
	}
	s.ID = r.needed(root, by["id"], "id")
	if s.ID != "" && !slug.MatchString(s.ID) {
		r.note(codeValue, by["id"], "", "id must be small letters, digits and dashes")
	}
	if s.Version = r.needed(root, by["version"], "version"); s.Version != "" && !semver.MatchString(s.Version) {
		r.note(codeValue, by["version"], "as in 1.0.0", "version must be three numbers")
	}
	s.Playbook = r.needed(root, by["playbook"], "playbook")
	r.draws(s, by["draw"])
	s.Name = r.needed(root, by["name"], "name")
	s.About = r.needed(root, by["about"], "about")
	if n := by["severity"]; n != nil {
		sev, err := incident.ParseSeverity(r.text(n, "severity"))
		if err != nil {
			r.note(codeValue, n, "as in sev2", "severity: %v", err)
		}
		s.Severity = sev
	}
	if n := by["when"]; n == nil {
		r.note(codeMissing, root, "as in 2026-11-20T09:00:00Z", "when is missing: the story's own time")
	} else if t, err := time.Parse(time.RFC3339, n.Value); err != nil || t.Year() < 2000 || t.Year() > 2100 {
		r.note(codeValue, n, "as in 2026-11-20T09:00:00Z", "when is not a time")
	} else {
		s.When = t.UTC()
	}
	s.Length = r.duration(by["length"], "length")
	pace, _ := r.mapping(by["pace"], "pace", "manual", "automatic")
	s.Pace = Pace{4 * time.Minute, time.Minute}
	if n := pace["manual"]; n != nil {
		s.Pace.Manual = r.duration(n, "pace.manual")
	}
	if n := pace["automatic"]; n != nil {
		s.Pace.Automatic = r.duration(n, "pace.automatic")
	}
	for _, n := range r.list(by["roles"], "roles") {
		if role := r.role(n, "roles"); role != "" && !slices.Contains(s.Roles, role) {
			s.Roles = append(s.Roles, role)
		}
	}
	if len(s.Roles) == 0 {
		s.Roles = []incident.Role{incident.Commander, incident.Investigator}
	}
	s.Values, s.Answers = r.plain(by["values"], "values"), r.plain(by["answers"], "answers")
	for _, n := range r.list(by["evidence"], "evidence") {
		s.Evidence = append(s.Evidence, r.evidence(n))
	}
	for _, n := range r.list(by["injects"], "injects") {
		s.Injects = append(s.Injects, r.inject(n))
	}
	for _, n := range r.list(by["expect"], "expect") {
		s.Expect = append(s.Expect, r.expectation(n))
	}
	for _, n := range r.list(by["findings"], "findings") {
		f, _ := r.mapping(n, "a finding", "id", "says", "weight")
		s.Findings = append(s.Findings, Finding{r.id(n, f["id"]), r.needed(n, f["says"], "says"), r.number(f["weight"], "weight", 1, 0, maxWeight)})
	}
	r.names(s, root)
}

// draws picks one of each list by the seed. It comes first: all texts may hold it.
func (r *reader) draws(s *Scenario, n *yaml.Node) {
	s.Draw = map[string]string{}
	_, order := r.mapping(n, "draw")
	for _, p := range order {
		if !word.MatchString(p.key.Value) {
			r.note(codeValue, p.key, "", "draw: %q must be small letters, digits and _", cut(p.key.Value))
			continue
		}
		of := r.texts(p.value, "draw."+p.key.Value)
		if len(of) == 0 {
			r.note(codeMissing, p.value, "", "draw.%s has nothing to draw from", p.key.Value)
			continue
		}
		s.Draw[p.key.Value] = of[evidence.Dice(s.Seed, "draw "+p.key.Value).N(len(of))]
	}
	r.draw, r.drawn = s.Draw, true
}

func (r *reader) plain(n *yaml.Node, what string) map[string]any {
	out := map[string]any{}
	_, order := r.mapping(n, what)
	for _, p := range order {
		out[p.key.Value] = r.value(p.value, what+"."+p.key.Value)
	}
	return out
}

func (r *reader) id(parent, n *yaml.Node) string {
	id := r.needed(parent, n, "id")
	if id != "" && !slug.MatchString(id) {
		r.note(codeValue, n, "", "id %q must be small letters, digits and dashes", cut(id))
	}
	return id
}

func (r *reader) role(n *yaml.Node, what string) incident.Role {
	if n == nil {
		return ""
	}
	return incident.Role(r.oneOf(n, what, string(incident.Commander), string(incident.Investigator), string(incident.Scribe), string(incident.Approver),
		string(incident.Comms), string(incident.Legal), string(incident.Responder), string(incident.Observer)))
}

func (r *reader) evidence(n *yaml.Node) Evidence {
	by, _ := r.mapping(n, "evidence", "id", "generator", "host", "start", "collect", "events", "with")
	e := Evidence{
		ID: r.id(n, by["id"]), Host: r.needed(n, by["host"], "host"), Collect: r.texts(by["collect"], "collect"),
		Events: r.number(by["events"], "events", 10_000, 100, maxEvents), With: map[string]string{},
	}
	if e.Generator = r.needed(n, by["generator"], "generator"); e.Generator != "" {
		e.Generator = r.oneOf(by["generator"], "generator", evidence.Names()...)
	}
	if s := by["start"]; s != nil {
		if s.ShortTag() != "!!bool" {
			r.note(codeShape, s, "", "start must be true or false")
		}
		e.Start = strings.EqualFold(s.Value, "true")
	}
	_, order := r.mapping(by["with"], "with")
	for _, p := range order {
		e.With[p.key.Value] = r.text(p.value, "with."+p.key.Value)
	}
	return e
}

// moment reads `10m`, or {after: 5m, step: contain, is: done}.
func (r *reader) moment(n *yaml.Node, what string) Moment {
	if n == nil {
		return Moment{}
	}
	if n.Kind == yaml.ScalarNode {
		if n.Value == "start" {
			return Moment{}
		}
		return Moment{After: r.duration(n, what)}
	}
	by, _ := r.mapping(n, what, "after", "step", "phase", "inject", "is")
	m := Moment{After: r.duration(by["after"], what+".after"), Step: r.text(by["step"], "step"), Inject: r.text(by["inject"], "inject")}
	given := 0
	for _, k := range []string{"step", "phase", "inject"} {
		if by[k] != nil {
			given++
		}
	}
	if given != 1 {
		r.note(codeShape, n, "", "%s wants one of step, phase and inject", what)
	}
	switch {
	case m.Step != "":
		m.Is = "done"
		if by["is"] != nil {
			m.Is = r.oneOf(by["is"], "is", "planned", "started", "done", "failed", "skipped")
		}
	case m.Inject != "":
		m.Is = "here"
		if by["is"] != nil {
			m.Is = r.oneOf(by["is"], "is", "here", "answered")
		}
	case by["phase"] != nil:
		m.Phase = r.oneOf(by["phase"], "phase", phases()...)
	}
	return m
}

func phases() []string {
	var out []string
	for _, p := range incident.Phases() {
		out = append(out, p.String())
	}
	return out
}

func (r *reader) inject(n *yaml.Node) Inject {
	by, _ := r.mapping(n, "an inject", "id", "at", "from", "to", "title", "text", "ask", "within", "weight", "why", "falls-ill", "fault", "evidence")
	i := Inject{
		ID: r.id(n, by["id"]), At: r.moment(by["at"], "at"), From: r.text(by["from"], "from"), To: r.role(by["to"], "to"),
		Title: r.needed(n, by["title"], "title"), Text: r.text(by["text"], "text"), Within: r.duration(by["within"], "within"),
		Weight: r.number(by["weight"], "weight", 1, 0, maxWeight), Why: r.text(by["why"], "why"),
		Falls: r.role(by["falls-ill"], "falls-ill"), Evidence: r.texts(by["evidence"], "evidence"),
	}
	if by["at"] == nil {
		r.note(codeMissing, n, "as in at: 10m", "inject %s: at is missing", i.ID)
	}
	if ask := by["ask"]; ask != nil {
		a, _ := r.mapping(ask, "ask", "question", "choices", "right")
		i.Question, i.Right = r.needed(ask, a["question"], "question"), r.texts(a["right"], "right")
		_, order := r.mapping(a["choices"], "choices")
		for _, p := range order {
			if !slug.MatchString(p.key.Value) {
				r.note(codeValue, p.key, "", "a choice must be small letters, digits and dashes")
			}
			i.Choices = append(i.Choices, Choice{p.key.Value, r.text(p.value, "choice")})
		}
		for _, right := range i.Right {
			if !slices.ContainsFunc(i.Choices, func(c Choice) bool { return c.ID == right }) {
				r.note(codeName, a["right"], "", "right: %q is no choice", cut(right))
			}
		}
		if i.Within == 0 {
			r.note(codeMissing, n, "as in within: 10m", "inject %s asks something: within is missing", i.ID)
		}
	}
	if f := by["fault"]; f != nil {
		b, _ := r.mapping(f, "fault", "system", "method", "path", "mode", "times")
		i.Fault = &Fault{
			System: r.oneOf(b["system"], "system", "github", "pagerduty", "webhook", "slack", "teams", "smtp", "jira", "linux"), Method: r.text(b["method"], "method"), Path: r.text(b["path"], "path"),
			Mode: r.oneOf(b["mode"], "mode", FaultModes()...), Times: r.number(b["times"], "times", 1, 1, 100),
		}
		if b["system"] == nil || b["mode"] == nil {
			r.note(codeMissing, f, "", "fault wants system and mode")
		}
	}
	return i
}

// FaultModes are the ways in which a system of a drill can fail; package
// integrations/drill says what each does.
func FaultModes() []string {
	return []string{"drop-before", "drop-after", "429", "403", "500", "500-after", "garbage"}
}

func (r *reader) expectation(n *yaml.Node) Expectation {
	by, _ := r.mapping(n, "an expectation", "id", "says", "why", "weight", "clock", "by", "from", "answer", "is", "done", "never", "action", "before", "role")
	e := Expectation{
		ID: r.id(n, by["id"]), Says: r.needed(n, by["says"], "says"), Why: r.text(by["why"], "why"), Weight: r.number(by["weight"], "weight", 1, 0, maxWeight),
		Clock: r.text(by["clock"], "clock"), By: r.duration(by["by"], "by"), From: r.moment(by["from"], "from"),
		Answer: r.text(by["answer"], "answer"), Done: r.text(by["done"], "done"), Never: r.text(by["never"], "never"), Action: r.text(by["action"], "action"),
		Before: r.texts(by["before"], "before"), Role: r.role(by["role"], "role"),
	}
	given := 0
	for _, k := range []string{"answer", "done", "never", "action", "before", "role"} {
		if by[k] != nil {
			given++
		}
	}
	if given != 1 {
		r.note(codeShape, n, "", "expectation %s wants one of answer, done, never, action, before and role", e.ID)
	}
	if by["before"] != nil && len(e.Before) != 2 {
		r.note(codeShape, by["before"], "as in [evidence, change]", "before wants two names")
	}
	if is := by["is"]; is != nil {
		switch v := r.value(is, "is").(type) {
		case []any:
			e.Is = v
		default:
			e.Is = []any{v}
		}
	}
	if (e.Answer != "") != (len(e.Is) > 0) {
		r.note(codeMissing, n, "", "expectation %s: answer and is go together", e.ID)
	}
	if e.Clock != "" && e.By == 0 {
		r.note(codeMissing, n, "", "clock %s has no by", cut(e.Clock))
	}
	return e
}

// names looks whether ids are there once, and whether what is named is there.
func (r *reader) names(s *Scenario, root *yaml.Node) {
	seen := map[string]bool{}
	once := func(what, id string) {
		if key := what + " " + id; id != "" && seen[key] {
			r.note(codeTwice, root, "", "%s %s stands twice", what, id)
		} else {
			seen[key] = true
		}
	}
	for _, e := range s.Evidence {
		once("evidence", e.ID)
	}
	for _, i := range s.Injects {
		once("inject", i.ID)
	}
	for _, e := range s.Expect {
		once("expectation", e.ID)
	}
	known := map[string]bool{}
	for _, e := range s.Evidence {
		for _, f := range evidence.Findings(e.Generator) {
			known[f] = true
		}
	}
	for _, f := range s.Findings {
		once("finding", f.ID)
		if f.ID != "" && !known[f.ID] {
			r.note(codeName, root, "", "finding %s: no evidence of this scenario has it", f.ID)
		}
	}
	inject := func(where string, m Moment) {
		if m.Inject != "" && !seen["inject "+m.Inject] {
			r.note(codeName, root, "", "%s: there is no inject %s", where, cut(m.Inject))
		}
	}
	for _, i := range s.Injects {
		inject("inject "+i.ID, i.At)
		for _, e := range i.Evidence {
			if !seen["evidence "+e] {
				r.note(codeName, root, "", "inject %s: there is no evidence %s", i.ID, cut(e))
			}
		}
	}
	for _, e := range s.Expect {
		inject("expectation "+e.ID, e.From)
	}
}

// String is the scenario's name, for messages.
func (s *Scenario) String() string { return fmt.Sprintf("%s %s", s.ID, s.Version) }
