package intake

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

func sarifFormat() format {
	return format{
		name: "sarif", tool: "SARIF",
		about:    "SARIF 2.1.0 of any tool (`runs`); one of `runs[].results` is one result",
		key:      "`fingerprints`, `correlationGuid`, `partialFingerprints` with rule and file, `guid`, in this order",
		snapshot: true,
		fits: func(n *node, _ bool) bool {
			return n.get("runs").isArray() && (n.has("version") || n.has("$schema") || n.first1("runs").has("tool"))
		},
		read: readSARIF,
	}
}

// sarifRun is what the results of one run refer to.
type sarifRun struct {
	rules      []*node // of the driver, by their index
	extensions [][]*node
	byID       map[string]*node
	artifacts  []*node
	machine    string
}

// readSARIF reads a log.
//
// Reference: OASIS, "Static Analysis Results Interchange Format (SARIF) Version
// 2.1.0"; sections are given where they decide something.
func readSARIF(c *reading, n *node, at string) error {
	if v := n.at("version"); v != "" && !strings.HasPrefix(v, "2.1") {
		c.note("it is SARIF %s: 2.1.0 is what is known", v)
	}
	return n.get("runs").each(func(i int, run *node) error { return c.sarifRun(run, under(at, "runs", i)) })
}

func (c *reading) sarifRun(run *node, at string) error {
	driver := run.get("tool", "driver")
	c.by(cmp.Or(driver.at("name"), driver.at("fullName")), driver.any("semanticVersion", "version"))
	c.cover(cmp.Or(run.get("versionControlProvenance").first().at("repositoryUri"), run.at("automationId", "id")), "")
	r := &sarifRun{rules: driver.get("rules").list(), byID: map[string]*node{}, artifacts: run.get("artifacts").list()}
	remember := func(rules []*node) {
		for _, rule := range rules {
			if id := rule.at("id"); id != "" && r.byID[id] == nil {
				r.byID[id] = rule
			}
		}
	}
	remember(r.rules)
	_ = run.get("tool", "extensions").each(func(_ int, e *node) error {
		rules := e.get("rules").list()
		r.extensions = append(r.extensions, rules)
		remember(rules)
		return nil
	})
	c.seen = moment(nil)
	_ = run.get("invocations").each(func(_ int, v *node) error {
		c.seen = cmp.Or(moment(v.get("endTimeUtc")), moment(v.get("startTimeUtc")), c.seen)
		r.machine = cmp.Or(v.at("machine"), r.machine)
		if v.get("executionSuccessful").kind() == 'f' {
			c.note("%s says that it did not end well: results may be missing", c.tool)
		}
		if bad := errorsOf(v); bad > 0 {
			c.note("%s reports %d errors of its own: results may be missing", c.tool, bad)
		}
		return nil
	})
	if !run.get("results").isArray() {
		c.note("a run of %s has no results: it did not look for any", c.tool)
	}
	return run.get("results").each(func(i int, res *node) error { return c.sarifResult(r, res, under(at, "results", i)) })
}

func errorsOf(invocation *node) (bad int) {
	for _, list := range []string{"toolExecutionNotifications", "toolConfigurationNotifications"} {
		_ = invocation.get(list).each(func(_ int, v *node) error {
			if v.at("level") == "error" {
				bad++
			}
			return nil
		})
	}
	return bad
}

// rule finds the rule of a result (3.27.5 to 3.27.7): by index in its component,
// else by its id, whose last parts may be more precise than the rule's.
func (r *sarifRun) rule(res *node) *node {
	ref := res.get("rule")
	index := cmp.Or(res.at("ruleIndex"), ref.at("index"))
	rules := r.rules
	if e, err := strconv.Atoi(ref.at("toolComponent", "index")); err == nil && e >= 0 && e < len(r.extensions) {
		rules = r.extensions[e]
	}
	id := cmp.Or(res.at("ruleId"), ref.at("id"))
	if i, err := strconv.Atoi(index); err == nil && i >= 0 && i < len(rules) {
		if own := rules[i].at("id"); id == "" || own == id || strings.HasPrefix(id, own+"/") {
			return rules[i]
		}
	}
	for id != "" {
		if rule := r.byID[id]; rule != nil {
			return rule
		}
		i := strings.LastIndexByte(id, '/')
		if i < 0 {
			break
		}
		id = id[:i]
	}
	return nil
}

func (c *reading) sarifResult(r *sarifRun, res *node, at string) error {
	if !res.isObject() {
		return malformedAt(at, "it is no result")
	}
	rule := r.rule(res)
	id := cmp.Or(res.at("ruleId"), res.at("rule", "id"), rule.at("id"))
	tags := rule.get("properties", "tags").texts()
	f := c.begin(sarifKind(c.tool, id, tags, rule), at)
	f.Rule = id
	f.Message = sarifMessage(res.get("message"), rule)
	f.Title = cmp.Or(rule.at("shortDescription", "text"), firstLine(f.Message), rule.at("name"), id)
	f.Host = r.machine
	sarifSeverity(f, res, rule)
	c.sarifWhere(r, f, res)
	f.names(id, rule.at("name"))
	f.names(rule.get("properties").any("cve", "cveId")) // as some scanners have it
	f.weakness(cweTags(rule.get("properties", "tags"))...)
	f.weakness(rule.get("properties", "cwe").texts()...)
	f.weakness(cweRelations(res.get("taxa"))...)
	_ = rule.get("relationships").each(func(_ int, rel *node) error {
		if strings.EqualFold(rel.at("target", "toolComponent", "name"), "cwe") {
			f.weakness(rel.at("target", "id"))
		}
		return nil
	})
	f.URL = cmp.Or(res.at("hostedViewerUri"), rule.at("helpUri"))
	f.Time = moment(res.get("provenance", "firstDetectionTimeUtc"))
	f.Updated = moment(res.get("provenance", "lastDetectionTimeUtc"))
	sarifState(f, res)
	sarifKey(f, res)
	if f.Fingerprint == "" {
		f.instanceOf = f.Message
	}
	return c.add("")
}

func cweRelations(taxa *node) (out []string) {
	_ = taxa.each(func(_ int, t *node) error {
		if strings.EqualFold(t.at("toolComponent", "name"), "cwe") {
			out = append(out, t.at("id"))
		}
		return nil
	})
	return out
}

// sarifMessage is the text of a message, or of the one that the rule keeps under
// its id, with the arguments in their places (3.11).
func sarifMessage(m, rule *node) string {
	text := cmp.Or(m.at("text"), m.at("markdown"))
	if id := m.at("id"); text == "" && id != "" {
		own := rule.get("messageStrings", id)
		text = cmp.Or(own.at("text"), own.at("markdown"), rule.at("shortDescription", "text"))
	}
	args := m.get("arguments").texts()
	if len(args) == 0 || !strings.Contains(text, "{") || len(args) > 50 {
		return text
	}
	var pairs []string
	for i, a := range args {
		pairs = append(pairs, "{"+strconv.Itoa(i)+"}", clip(a, maxShort))
	}
	return strings.NewReplacer(pairs...).Replace(clip(text, 4*maxText))
}

// sarifSeverity takes the level (3.27.10): of the result, else of the rule, else
// warning; none where nothing failed. A rule's security-severity, as GitHub's code
// scanning knows it, is a CVSS score and says more.
func sarifSeverity(f *Finding, res, rule *node) {
	level := res.at("level")
	if kind := res.at("kind"); level == "" && kind != "" && kind != "fail" {
		level = "none"
	}
	if level == "" {
		level = cmp.Or(rule.at("defaultConfiguration", "level"), "warning")
	}
	f.Says = level
	f.Severity = severityOf(level)
	f.Score = cmp.Or(res.at("properties", "security-severity"), rule.at("properties", "security-severity"))
	if s := severityOfScore(f.Score); s != Unknown && f.Score != "" {
		f.Severity = s
	}
}

// sarifWhere takes the first location; how many more there are is in the title of
// nothing: the sealed file has them.
func (c *reading) sarifWhere(r *sarifRun, f *Finding, res *node) {
	loc := res.get("locations").first()
	p := loc.get("physicalLocation")
	art := p.get("artifactLocation")
	uri := art.at("uri")
	if i, err := strconv.Atoi(art.at("index")); uri == "" && err == nil && i >= 0 && i < len(r.artifacts) {
		uri = r.artifacts[i].at("location", "uri")
	}
	if uri == "" {
		uri = res.at("analysisTarget", "uri")
	}
	f.File = filePath(uri)
	f.Line, f.EndLine = p.get("region", "startLine").whole(), p.get("region", "endLine").whole()
	f.Resource = loc.get("logicalLocations").first().any("fullyQualifiedName", "decoratedName", "name")
	props := res.get("properties")
	f.Package, f.Version = props.any("packageName", "package", "dependency"), props.any("packageVersion", "installedVersion")
}

// filePath is the path of a location, without its scheme.
func filePath(uri string) string {
	if rest, ok := strings.CutPrefix(uri, "file://"); ok {
		uri = "/" + strings.TrimLeft(rest, "/")
	}
	if strings.Contains(uri, "%") {
		if plain, err := url.PathUnescape(uri); err == nil {
			return plain
		}
	}
	return uri
}

// sarifState reads suppressions (3.27.23: none of them under review or rejected),
// the comparison with a baseline (3.27.24) and the kind (3.27.9).
func sarifState(f *Finding, res *node) {
	kind := res.at("kind")
	switch kind {
	case "pass", "notApplicable":
		f.State, f.StateSays = Passed, kind
		return
	case "review", "open", "informational":
		f.StateSays = kind
	}
	if res.at("baselineState") == "absent" {
		f.State, f.StateSays = Fixed, "absent"
		return
	}
	all := true
	_ = res.get("suppressions").each(func(_ int, s *node) error {
		if st := s.at("status"); st == "underReview" || st == "rejected" {
			all = false
		}
		f.StateSays = "suppressed"
		return nil
	})
	if f.StateSays == "suppressed" && all {
		f.State = Suppressed
	}
}

// sarifKey takes what the tool means for this: fingerprints are whole keys, the
// partial ones are so together with rule and file; a guid may be new in each run.
func sarifKey(f *Finding, res *node) {
	if s := sortedMembers(res.get("fingerprints")); s != "" {
		f.Fingerprint = s
		return
	}
	if s := res.at("correlationGuid"); s != "" {
		f.Fingerprint = s
		return
	}
	if s := sortedMembers(res.get("partialFingerprints")); s != "" {
		f.Fingerprint = strings.Join([]string{f.Rule, f.File, s}, "|")
		return
	}
	f.Fingerprint = res.at("guid")
}

func sortedMembers(n *node) string {
	var parts []string
	_ = n.members(func(key string, v *node) error {
		if s := v.text(); s != "" {
			parts = append(parts, key+"="+s)
		}
		return nil
	})
	slices.Sort(parts)
	return strings.Join(parts, ",")
}

var (
	secretTools  = []string{"gitleaks", "trufflehog", "detect-secrets", "ggshield", "secret", "whispers", "kingfisher", "noseyparker"}
	configTools  = []string{"checkov", "kics", "tfsec", "terrascan", "kube", "dockle", "hadolint", "tflint", "cfn", "polaris", "prowler", "zizmor"}
	packageTools = []string{"grype", "dependency-check", "osv-scanner", "govulncheck", "npm", "pip-audit", "cargo-audit", "retire"}
)

func isSecretTool(tool string) bool { return oneOf(tool, secretTools) }

func oneOf(tool string, words []string) bool {
	tool = strings.ToLower(tool)
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(tool, w) })
}

// sarifKind tells the kinds apart by what the tool and the rule call themselves:
// SARIF itself does not say.
func sarifKind(tool, id string, tags []string, rule *node) Kind {
	words := strings.ToLower(strings.Join(tags, " "))
	switch {
	case isSecretTool(tool), strings.Contains(words, "secret"), strings.Contains(words, "credential"):
		return SecretLeak
	case cveShape.MatchString(id), strings.HasPrefix(id, "GHSA-"), strings.HasPrefix(id, "SNYK-"), oneOf(tool, packageTools),
		strings.Contains(words, "vulnerability") && (rule.get("properties").has("purls") || rule.at("properties", "cvssv3_baseScore") != ""):
		return Vulnerability
	case oneOf(tool, configTools), strings.Contains(words, "misconfiguration"):
		return Misconfiguration
	}
	return Code
}
