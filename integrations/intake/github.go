package intake

import (
	"cmp"
	"strings"
)

// githubFormat reads alerts of GitHub: webhooks, lists of the REST interface, and
// what GraphQL gives of a repository's or an organization's vulnerability alerts.
//
// Reference: docs.github.com, "Webhook events and payloads" and REST: secret
// scanning, code scanning, Dependabot alerts, security advisories; GraphQL object
// RepositoryVulnerabilityAlert.
func githubFormat() format {
	return format{
		name: "github", tool: "GitHub",
		about: "secret scanning, code scanning and Dependabot alerts: webhooks, lists or single alerts of the REST interface, exports of GraphQL (`vulnerabilityAlerts`); security advisories",
		key:   "`html_url`; for GraphQL the repository's URL and `number`, else `id`",
		fits: func(n *node, _ bool) bool {
			return n.has("action", "alert") && n.get("alert").isObject() || isGitHubAlert(n) || n.has("action", "security_advisory") ||
				n.get("data").isObject() && alertsIn(n.get("data"), 0)
		},
		read: readGitHub,
	}
}

func isGitHubAlert(n *node) bool {
	return n.has("number", "secret_type") || n.has("number", "rule") && (n.has("tool") || n.has("most_recent_instance")) || n.has("number", "security_advisory") ||
		n.has("number", "security_vulnerability")
}

// maxGraph is how deep a list of alerts may lie in an answer of GraphQL.
const maxGraph = 8

// alertsIn says whether a list of vulnerability alerts is in there.
func alertsIn(n *node, depth int) (found bool) {
	look := func(v *node) error {
		if alertsIn(v, depth+1) {
			found = true
			return errStop
		}
		return nil
	}
	switch {
	case depth > maxGraph:
		return false
	case n.has("vulnerabilityAlerts"):
		return true
	case n.isArray():
		_ = n.each(func(_ int, v *node) error { return look(v) })
	default:
		_ = n.members(func(_ string, v *node) error { return look(v) })
	}
	return found
}

func readGitHub(c *reading, n *node, at string) error {
	c.by("GitHub", "")
	repo := n.get("repository")
	switch {
	case n.get("data").isObject():
		if e := n.get("errors").first(); e != nil {
			c.note("GraphQL reports an error besides: %s", mask(e.at("message"), ""))
		}
		c.report.Snapshot = true
		return c.graph(n.get("data"), nil, under(at, "data"), 0)
	case n.has("security_advisory") && !n.has("alert") && !n.has("number"):
		return c.advisory(n, at)
	case n.get("alert").isObject():
		a := n.get("alert")
		if a.has("affected_package_name") || a.has("external_identifier") {
			return c.oldAlert(n, under(at, "alert"))
		}
		return c.githubAlert(a, repo, n.at("action"), under(at, "alert"))
	}
	return c.githubAlert(n, repo, "", at)
}

// githubAlert reads an alert as REST and webhooks have it.
func (c *reading) githubAlert(a, repo *node, action, at string) error {
	if repo == nil {
		repo = a.get("repository")
	}
	name := cmp.Or(repo.at("full_name"), repoOf(a.any("html_url", "url")))
	secret := ""
	var f *Finding
	switch {
	case a.has("secret_type"):
		c.by("GitHub secret scanning", "")
		c.cover(name, "")
		f = c.begin(SecretLeak, at)
		f.Rule = a.at("secret_type")
		f.Title = cmp.Or(a.at("secret_type_display_name"), f.Rule) + " in " + cmp.Or(name, "a repository")
		secret = a.at("secret")
		f.Severity, f.Says = High, a.at("validity") // it says none: a secret that is out is bad
		if f.Says == "active" {
			f.Severity = Critical
		}
		if f.Says == "inactive" {
			f.Severity = Medium
		}
		where := a.get("first_location_detected")
		f.File, f.Line, f.EndLine, f.Commit = where.at("path"), where.get("start_line").whole(), where.get("end_line").whole(), where.at("commit_sha")
		if s := a.at("push_protection_bypassed"); s == "true" {
			f.Message = "push protection was bypassed"
		}
	case a.has("rule") && (a.has("tool") || a.has("most_recent_instance")):
		c.by(cmp.Or(a.at("tool", "name"), "GitHub code scanning"), a.at("tool", "version"))
		c.cover(name, "")
		rule, last := a.get("rule"), a.get("most_recent_instance")
		if last == nil {
			last = a.get("instances").first()
		}
		f = c.begin(sarifKind(c.tool, rule.at("id"), rule.get("tags").texts(), rule), at) // it came as SARIF
		f.Rule = rule.any("id", "name")
		f.Title = cmp.Or(rule.any("description", "full_description"), f.Rule)
		f.Message = cmp.Or(last.at("message", "text"), rule.at("full_description"))
		f.Says = cmp.Or(rule.at("security_severity_level"), rule.at("severity"))
		f.Severity = severityOf(f.Says)
		where := last.get("location")
		f.File, f.Line, f.EndLine, f.Commit = where.at("path"), where.get("start_line").whole(), where.get("end_line").whole(), last.at("commit_sha")
		f.names(f.Rule)
		f.weakness(cweTags(rule.get("tags"))...)
	default:
		c.by("Dependabot", "")
		c.cover(name, "")
		f = c.begin(Vulnerability, at)
		adv, vuln, dep := a.get("security_advisory"), a.get("security_vulnerability"), a.get("dependency")
		f.Title = cmp.Or(adv.at("summary"), adv.at("ghsa_id"))
		f.Message = adv.at("description")
		f.Rule = adv.at("ghsa_id")
		f.names(adv.at("cve_id"), f.Rule)
		_ = adv.get("identifiers").each(func(_ int, i *node) error { f.names(i.at("value")); return nil })
		_ = adv.get("cwes").each(func(_ int, w *node) error { f.weakness(w.at("cwe_id")); return nil })
		f.Says = cmp.Or(vuln.at("severity"), adv.at("severity"))
		f.Severity = severityOf(f.Says)
		f.Score = cmp.Or(adv.at("cvss", "score"), adv.at("cvss_severities", "cvss_v3", "score"))
		f.Package = cmp.Or(dep.at("package", "name"), vuln.at("package", "name"))
		f.Version = vuln.at("vulnerable_version_range")
		f.FixedIn = vuln.at("first_patched_version", "identifier")
		f.File = dep.at("manifest_path")
	}
	f.Repository = name
	f.URL = a.at("html_url")
	f.Fingerprint = cmp.Or(f.URL, a.at("url"))
	f.Time, f.Updated = moment(a.get("created_at")), moment(a.get("updated_at"))
	f.StateSays = a.at("state")
	if why := cmp.Or(a.at("resolution"), a.at("dismissed_reason")); why != "" {
		f.StateSays = strings.TrimSpace(f.StateSays + " (" + why + ")")
	}
	f.State = githubState(a, action)
	f.Ended = cmp.Or(moment(a.get("resolved_at")), moment(a.get("fixed_at")), moment(a.get("dismissed_at")), moment(a.get("auto_dismissed_at")))
	return c.add(secret)
}

// githubState is what has become of an alert: a secret that was revoked is
// fixed, one that nobody minds is put aside.
func githubState(a *node, action string) State {
	switch strings.ToLower(a.at("state")) {
	case "open":
		return Open
	case "fixed":
		return Fixed
	case "dismissed", "auto_dismissed":
		return Suppressed
	case "resolved":
		if a.at("resolution") == "revoked" {
			return Fixed
		}
		return Suppressed
	}
	switch action {
	case "fixed", "closed_by_user", "resolved", "appeared_in_branch_fixed":
		return Fixed
	case "dismissed", "dismiss", "auto_dismissed":
		return Suppressed
	}
	if !moment(a.get("fixed_at")).IsZero() {
		return Fixed
	}
	if !moment(a.get("dismissed_at")).IsZero() {
		return Suppressed
	}
	return Open
}

func cweTags(tags *node) (out []string) {
	for _, t := range tags.texts() {
		if strings.Contains(strings.ToLower(t), "cwe") {
			out = append(out, t)
		}
	}
	return out
}

// repoOf is OWNER/NAME of a link to something in a repository.
func repoOf(link string) string {
	_, rest, ok := strings.Cut(link, "://")
	if !ok {
		return ""
	}
	parts := strings.Split(rest, "/")
	if len(parts) > 4 && (parts[1] == "repos" || len(parts) > 5 && parts[1] == "api") { // api.github.com/repos/…
		for i, p := range parts {
			if p == "repos" && i+2 < len(parts) {
				return parts[i+1] + "/" + parts[i+2]
			}
		}
	}
	if len(parts) > 2 {
		return parts[1] + "/" + parts[2]
	}
	return ""
}

// oldAlert reads the webhook repository_vulnerability_alert, which servers of
// companies still send.
func (c *reading) oldAlert(n *node, at string) error {
	a := n.get("alert")
	c.by("Dependabot", "")
	name := n.at("repository", "full_name")
	c.cover(name, "")
	f := c.begin(Vulnerability, at)
	f.Package, f.Version, f.FixedIn = a.at("affected_package_name"), a.at("affected_range"), a.at("fixed_in")
	f.Rule = cmp.Or(a.at("ghsa_id"), a.at("external_identifier"))
	f.names(a.at("external_identifier"), a.at("ghsa_id"))
	f.Title = f.Package + ": " + f.Rule
	f.Says = a.at("severity")
	f.Repository = name
	f.URL = a.at("external_reference")
	f.Fingerprint = joined("#", n.at("repository", "html_url"), a.at("id"))
	f.Time = moment(a.get("created_at"))
	f.StateSays = cmp.Or(a.at("state"), n.at("action"))
	f.State = githubState(a, map[string]string{"resolve": "fixed", "dismiss": "dismissed"}[n.at("action")])
	return c.add("")
}

// advisory reads the webhook security_advisory: it is of no repository.
func (c *reading) advisory(n *node, at string) error {
	a := n.get("security_advisory")
	c.by("GitHub security advisories", "")
	f := c.begin(Vulnerability, under(at, "security_advisory"))
	f.Rule = a.at("ghsa_id")
	f.Title, f.Message = a.at("summary"), a.at("description")
	f.Says = a.at("severity")
	f.Score = a.at("cvss", "score")
	f.names(f.Rule, a.at("cve_id"))
	_ = a.get("identifiers").each(func(_ int, i *node) error { f.names(i.at("value")); return nil })
	_ = a.get("cwes").each(func(_ int, w *node) error { f.weakness(w.at("cwe_id")); return nil })
	v := a.get("vulnerabilities").first()
	f.Package, f.Version, f.FixedIn = v.at("package", "name"), v.at("vulnerable_version_range"), v.at("first_patched_version", "identifier")
	f.Fingerprint = f.Rule
	f.Time, f.Updated = moment(a.get("published_at")), moment(a.get("updated_at"))
	f.URL = cmp.Or(a.at("html_url"), a.get("references").first().at("url"))
	f.StateSays = n.at("action")
	if f.StateSays == "withdrawn" || !moment(a.get("withdrawn_at")).IsZero() {
		f.State = Suppressed
	}
	return c.add("")
}

// graph reads the lists of alerts wherever they lie in an answer of GraphQL.
func (c *reading) graph(n, repo *node, at string, depth int) error {
	if depth > maxGraph {
		return nil
	}
	if n.isArray() {
		return n.each(func(i int, v *node) error { return c.graph(v, repo, under(at, i), depth+1) })
	}
	if n.has("vulnerabilityAlerts") {
		repo = n
	}
	return n.members(func(key string, v *node) error {
		if key != "vulnerabilityAlerts" {
			return c.graph(v, repo, under(at, key), depth+1)
		}
		at := under(at, key)
		c.by("Dependabot", "")
		c.cover(graphRepo(repo), "")
		if v.at("pageInfo", "hasNextPage") == "true" {
			c.note("GraphQL has more pages of alerts than are in here")
			c.report.Snapshot = false
		}
		nodes, in := v.get("nodes"), "nodes"
		if !nodes.isArray() {
			nodes, in = v.get("edges"), "edges"
		}
		return nodes.each(func(i int, a *node) error {
			place := under(at, in, i)
			if in == "edges" {
				a, place = a.get("node"), under(place, "node")
			}
			return c.graphAlert(a, repo, place)
		})
	})
}

func graphRepo(repo *node) string {
	if name := repo.at("nameWithOwner"); name != "" {
		return name
	}
	if name := repoOf(repo.at("url")); name != "" {
		return name
	}
	return joined("/", repo.at("owner", "login"), repo.at("name"))
}

func (c *reading) graphAlert(a, repo *node, at string) error {
	if !a.isObject() {
		return nil
	}
	f := c.begin(Vulnerability, at)
	v := a.get("securityVulnerability")
	adv := v.get("advisory")
	if adv == nil {
		adv = a.get("securityAdvisory")
	}
	f.Title, f.Message = adv.at("summary"), adv.at("description")
	_ = adv.get("identifiers").each(func(_ int, i *node) error {
		f.names(i.at("value"))
		if f.Rule == "" && i.at("type") == "GHSA" {
			f.Rule = i.at("value")
		}
		return nil
	})
	_ = adv.get("cwes", "nodes").each(func(_ int, w *node) error { f.weakness(w.at("cweId")); return nil })
	f.Says = cmp.Or(v.at("severity"), adv.at("severity"))
	f.Score = adv.at("cvss", "score")
	f.Package = v.at("package", "name")
	f.Version = cmp.Or(a.at("vulnerableRequirements"), v.at("vulnerableVersionRange"))
	f.FixedIn = v.at("firstPatchedVersion", "identifier")
	f.File = cmp.Or(a.at("vulnerableManifestPath"), a.at("vulnerableManifestFilename"))
	f.Repository = graphRepo(repo)
	number, url := a.at("number"), repo.at("url")
	if number != "" && url != "" {
		f.URL = strings.TrimSuffix(url, "/") + "/security/dependabot/" + number
	}
	f.Fingerprint = cmp.Or(f.URL, a.at("id"))
	f.Time = moment(a.get("createdAt"))
	f.Updated = moment(v.get("updatedAt"))
	f.StateSays = a.at("state")
	if why := a.at("dismissReason"); why != "" {
		f.StateSays = strings.TrimSpace(f.StateSays + " (" + why + ")")
	}
	switch strings.ToUpper(a.at("state")) {
	case "FIXED":
		f.State = Fixed
	case "DISMISSED", "AUTO_DISMISSED":
		f.State = Suppressed
	case "":
		if !moment(a.get("fixedAt")).IsZero() {
			f.State = Fixed
		} else if !moment(a.get("dismissedAt")).IsZero() {
			f.State = Suppressed
		}
	}
	f.Ended = cmp.Or(moment(a.get("fixedAt")), moment(a.get("dismissedAt")))
	return c.add("")
}
