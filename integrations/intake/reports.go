package intake

import (
	"cmp"
	"fmt"
	"strings"
)

func reportFormats() []format {
	return []format{
		sarifFormat(),
		githubFormat(),
		trivyFormat(),
		{
			name: "semgrep", tool: "Semgrep",
			about:    "`semgrep --json` (`results`), and Supply Chain findings of its API (`vulns`); one of them is one result",
			key:      "`extra.fingerprint` with rule and file; for Supply Chain `groupKey` with the place",
			snapshot: true,
			fits: func(n *node, _ bool) bool {
				if r := n.get("results"); r.isArray() && n.get("errors").isArray() {
					return n.has("paths") || n.has("version") || r.first().has("check_id", "extra") || n.count() == 2 && r.first() == nil
				}
				return n.first1("results").has("check_id", "path") || n.get("vulns").isArray() && (n.first1("vulns").has("advisory") || n.has("hasMore"))
			},
			read: readSemgrep,
		},
		{
			name: "gitleaks", tool: "gitleaks",
			about:    "lists of version 8 (`RuleID`) and of the older ones (`offender`, `lineNumber`), also one a line; one leak is one result. What was found is never shown",
			key:      "`Fingerprint`; in older versions commit, file, rule and line, as version 8 makes it",
			snapshot: true,
			fits: func(n *node, _ bool) bool {
				return n.has("RuleID", "File") && (n.has("Secret") || n.has("Match") || n.has("Commit") || n.has("StartLine")) ||
					n.has("offender", "rule") || n.has("Description", "File", "Secret") || n.has("line", "commit", "rule", "file")
			},
			read: readGitleaks,
		},
		{
			name: "sonarqube", tool: "SonarQube",
			about:    "answers of `api/issues/search` and `api/hotspots/search`, reports of sonar-report in JSON and HTML, and archives of such files; one issue or hotspot is one result",
			key:      "`key`",
			snapshot: true,
			fits: func(n *node, _ bool) bool {
				if n.get("hotspots").isArray() && (n.has("paging") || n.first1("hotspots").has("key", "component")) {
					return true
				}
				if !n.get("issues").isArray() {
					return false
				}
				return n.has("sonarBaseURL") || n.has("sonarComponent") || n.has("paging") || n.has("effortTotal") || n.first1("issues").has("rule", "component")
			},
			read: readSonar,
		},
		{
			name: "dependency-check", tool: "OWASP Dependency-Check",
			about:    "reports in XML and JSON; one vulnerability of one dependency is one result, those that are suppressed too",
			key:      "the dependency's SHA-1 (else its path) and the vulnerability's name",
			snapshot: true,
			fits: func(n *node, _ bool) bool {
				return n.has("scanInfo", "dependencies") || n.has("reportSchema", "dependencies")
			},
			read: readDependencyCheck,
		},
	}
}

func malformedAt(at, why string) error { return fmt.Errorf("%w: %s: %s", ErrMalformed, place(at), why) }

// readSemgrep reads the output of a scan, or the platform's list of findings in
// dependencies.
//
// Reference: semgrep/semgrep-interfaces, semgrep_output_v1.atd; Semgrep API,
// "Supply Chain findings".
func readSemgrep(c *reading, n *node, at string) error {
	c.by("Semgrep", n.at("version"))
	c.cover("", "")
	bad := 0
	_ = n.get("errors").each(func(_ int, e *node) error {
		if l := e.at("level"); l == "" || l == "error" {
			bad++
		}
		return nil
	})
	if bad > 0 {
		c.note("Semgrep reports %d errors of its own: results may be missing", bad)
	}
	if n.at("hasMore") == "true" {
		c.note("Semgrep has more findings than are in here")
	}
	if n.get("vulns").isArray() {
		c.by("Semgrep Supply Chain", "")
		c.report.Snapshot = n.at("hasMore") != "true"
		return n.get("vulns").each(func(i int, v *node) error { return c.semgrepVuln(v, under(at, "vulns", i)) })
	}
	return n.get("results").each(func(i int, r *node) error { return c.semgrepResult(r, under(at, "results", i)) })
}

func (c *reading) semgrepResult(r *node, at string) error {
	extra := r.get("extra")
	meta := extra.get("metadata")
	kind := Code
	switch {
	case extra.has("sca_info"):
		kind = Vulnerability
	case extra.has("validation_state") && extra.at("validation_state") != "NO_VALIDATOR", strings.Contains(r.at("check_id"), ".secrets."), meta.has("secret_type"):
		kind = SecretLeak
	}
	f := c.begin(kind, at)
	f.Rule = r.at("check_id")
	f.Message = extra.at("message")
	f.Title = cmp.Or(firstSentence(f.Message), f.Rule)
	f.Says = extra.at("severity")
	switch strings.ToUpper(f.Says) {
	case "INVENTORY", "EXPERIMENT":
		f.Severity = Info
	default:
		f.Severity = severityOf(f.Says)
	}
	f.File = r.at("path")
	f.Line, f.EndLine = r.get("start", "line").whole(), r.get("end", "line").whole()
	f.weakness(meta.get("cwe").texts()...)
	f.names(meta.at("sca-vuln-database-identifier"))
	f.names(meta.get("cve").texts()...)
	dep := extra.get("sca_info", "dependency_match", "found_dependency")
	f.Package, f.Version = dep.at("package"), dep.at("version")
	f.URL = cmp.Or(meta.at("source"), meta.at("shortlink"), meta.get("references").first().text())
	if extra.at("is_ignored") == "true" {
		f.State, f.StateSays = Suppressed, "is_ignored"
	}
	if own := extra.at("fingerprint"); own != "" && own != "requires login" {
		f.Fingerprint = strings.Join([]string{f.Rule, f.File, own}, "|")
	} else {
		f.instanceOf = r.at("start", "col") + "-" + r.at("end", "line") + ":" + r.at("end", "col")
	}
	return c.add("")
}

// firstSentence is a title made of a text.
func firstSentence(s string) string {
	s = firstLine(s)
	if i := strings.Index(s, ". "); i > 20 {
		return s[:i+1]
	}
	return s
}

func (c *reading) semgrepVuln(v *node, at string) error {
	f := c.begin(Vulnerability, at)
	adv := v.get("advisory")
	f.Title = cmp.Or(v.at("title"), adv.at("title"))
	f.Message = adv.at("description")
	f.Rule = adv.at("ruleId")
	f.names(adv.get("references", "cveIds").texts()...)
	f.weakness(adv.get("references", "cweIds").texts()...)
	f.Says = adv.at("severity")
	dep := v.get("matchedDependency")
	f.Package, f.Version = dep.at("name"), dep.at("versionSpecifier")
	f.FixedIn = v.at("closestSafeDependency", "versionSpecifier")
	file := v.get("dependencyFileLocation")
	f.File, f.Line = file.at("path"), file.get("startLine").whole()
	f.Repository = v.at("repositoryName")
	f.Time = moment(v.get("openedAt"))
	f.URL = cmp.Or(adv.get("references", "urls").first().text(), file.at("url"))
	f.StateSays = v.at("triage", "status")
	switch strings.ToUpper(f.StateSays) {
	case "IGNORED", "DISMISSED":
		f.State = Suppressed
	case "FIXED", "REMOVED":
		f.State = Fixed
	}
	if key := v.at("groupKey"); key != "" {
		f.Fingerprint = strings.Join([]string{key, f.File, f.Package, f.Version, file.at("startLine")}, "|")
	}
	return c.add("")
}

// readGitleaks reads one leak. The line, the match and the secret are never taken
// over; the secret is masked wherever else it stands.
//
// Reference: gitleaks/gitleaks, report/finding.go (version 8), scan/leak.go
// (version 7 and before).
func readGitleaks(c *reading, n *node, at string) error {
	c.by("gitleaks", "")
	c.cover(n.any("repo", "Repo"), "")
	f := c.begin(SecretLeak, at)
	secret := cmp.Or(n.any("Secret", "secret", "offender"))
	f.Rule = n.any("RuleID", "rule", "ruleID")
	f.Title = cmp.Or(n.at("Description"), f.Rule)
	f.File = n.any("File", "file")
	f.Line, f.EndLine = cmp.Or(n.get("StartLine").whole(), n.get("lineNumber").whole()), n.get("EndLine").whole()
	f.Commit = n.any("Commit", "commit")
	f.Repository = n.any("repoURL", "repo", "Repo")
	if f.Repository == "." {
		f.Repository = ""
	}
	f.User = n.any("Author", "author")
	f.URL = n.any("Link", "leakURL")
	f.Severity = High // it says none: a secret that is out is bad
	f.Time = moment(n.get("Date"))
	if f.Time.IsZero() {
		f.Time = moment(n.get("date"))
	}
	f.Fingerprint = n.at("Fingerprint")
	if f.Fingerprint == "" {
		f.Fingerprint = strings.TrimPrefix(fmt.Sprintf("%s:%s:%s:%d", f.Commit, f.File, f.Rule, f.Line), ":")
		f.Composed = true
	}
	return c.add(secret)
}

// readSonar reads issues and hotspots.
//
// Reference: SonarQube Web API, api/issues/search and api/hotspots/search;
// soprasteria/sonar-report.
func readSonar(c *reading, n *node, at string) error {
	c.by("SonarQube", "")
	project := n.any("sonarComponent", "projectName")
	first := n.get("issues").first()
	if first == nil {
		first = n.get("hotspots").first()
	}
	c.cover(cmp.Or(project, first.at("project")), n.at("branch"))
	rules := n.get("rules")
	byKey := map[string]*node{}
	_ = rules.each(func(_ int, r *node) error { byKey[r.at("key")] = r; return nil })
	_ = rules.members(func(key string, r *node) error { byKey[key] = r; return nil })
	total := cmp.Or(n.get("paging", "total").whole(), n.get("total").whole())
	here := int64(n.get("issues").count() + n.get("hotspots").count())
	if total > here && here > 0 && project == "" {
		c.note("SonarQube has %d of them, and %d are in here", total, here)
		c.report.Snapshot = false
	}
	base := n.at("sonarBaseURL")
	for _, list := range []string{"issues", "hotspots"} {
		err := n.get(list).each(func(i int, v *node) error { return c.sonarIssue(v, byKey, base, under(at, list, i)) })
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *reading) sonarIssue(v *node, rules map[string]*node, base, at string) error {
	f := c.begin(Code, at)
	f.Rule = v.any("rule", "ruleKey")
	rule := rules[f.Rule]
	f.Message = v.at("message")
	f.Title = cmp.Or(v.at("description"), rule.any("name"), firstLine(f.Message))
	f.Says = v.any("severity", "vulnerabilityProbability")
	if f.Says == "" {
		f.Says = v.get("impacts").first().at("severity")
	}
	f.Severity = sonarSeverity(f.Says)
	if strings.Contains(strings.ToLower(f.Rule), "knownvulnerabilit") || strings.Contains(strings.ToLower(f.Rule), "usingcomponentwith") {
		f.Kind = Vulnerability
	}
	project := v.at("project")
	f.File = strings.TrimPrefix(v.at("component"), project+":")
	if f.File == project && project != "" {
		f.File = ""
	}
	f.Resource = project
	f.Line, f.EndLine = cmp.Or(v.get("line").whole(), v.get("textRange", "startLine").whole()), v.get("textRange", "endLine").whole()
	f.names(f.Message)
	f.weakness(cweTags(v.get("tags"))...)
	f.User = v.any("author")
	f.Time, f.Updated, f.Ended = moment(v.get("creationDate")), moment(v.get("updateDate")), moment(v.get("closeDate"))
	f.Fingerprint = v.at("key")
	f.StateSays = joined(" ", v.any("issueStatus", "status"), v.at("resolution"))
	f.State = sonarState(v)
	if base = strings.TrimSuffix(base, "/"); base != "" && f.Fingerprint != "" {
		f.URL = base + "/project/issues?open=" + f.Fingerprint
	}
	return c.add("")
}

func sonarSeverity(says string) Severity {
	switch strings.ToUpper(says) {
	case "BLOCKER":
		return Critical
	case "CRITICAL", "HIGH":
		return High
	case "MAJOR", "MEDIUM":
		return Medium
	case "MINOR", "LOW":
		return Low
	case "INFO":
		return Info
	}
	return severityOf(says)
}

func sonarState(v *node) State {
	switch v.at("resolution") {
	case "FIXED", "REMOVED":
		return Fixed
	case "FALSE-POSITIVE", "WONTFIX", "SAFE", "ACKNOWLEDGED", "EXCEPTION":
		return Suppressed
	}
	switch v.any("issueStatus", "status") {
	case "FIXED", "CLOSED":
		return Fixed
	case "ACCEPTED", "FALSE_POSITIVE":
		return Suppressed
	}
	return Open
}
