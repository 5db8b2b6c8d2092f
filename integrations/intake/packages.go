package intake

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

func packageFormats() []format {
	return []format{
		{
			name: "snyk", tool: "Snyk",
			about:    "`snyk test --json` and `snyk container test --json`: a project, or a list of them (`vulnerabilities`, those of `applications` too), and `snyk iac test --json`; one entry is one result",
			key:      "id, package with version, and the path to it (`from`)",
			snapshot: true,
			fits: func(n *node, listed bool) bool {
				if n.has("infrastructureAsCodeIssues") || listed && n.has("error", "path") {
					return true
				}
				return n.get("vulnerabilities").isArray() && (n.has("projectName") || n.has("packageManager") || n.has("dependencyCount") || n.has("ok") || n.has("licensesPolicy")) &&
					!n.has("imageDigest") && !n.has("featurename")
			},
			read: readSnyk,
		},
		{
			name: "npm-audit", tool: "npm audit",
			about:    "npm 6 (`advisories`): one advisory is one result; npm 7 and later (`auditReportVersion` 2): one entry of `vulnerabilities` is one result",
			key:      "npm 6: the advisory's id and its package; later: package and range",
			snapshot: true,
			fits: func(n *node, _ bool) bool {
				return n.has("auditReportVersion") && n.get("vulnerabilities").isObject() ||
					n.get("advisories").isObject() && (n.has("actions") || n.has("metadata"))
			},
			read: readNPM,
		},
		{
			name: "grype", tool: "Grype",
			about:    "Grype's JSON (`matches`); one match is one result",
			key:      "id and namespace, package with version and type, and its place",
			snapshot: true,
			fits: func(n *node, _ bool) bool {
				m := n.get("matches")
				return (m.isArray() || n.has("matches", "descriptor")) && (m.first() == nil || m.first().has("vulnerability"))
			},
			read: readGrype,
		},
		{
			name: "anchore", tool: "Anchore Engine",
			about:    "vulnerabilities of an image (`vulnerabilities` with `vuln`); one entry is one result",
			key:      "id, package with version, its path, image",
			snapshot: true,
			fits: func(n *node, _ bool) bool {
				v := n.get("vulnerabilities")
				return v.isArray() && (v.first().has("vuln") || (n.has("imageDigest") || n.has("image_digest")) && n.has("vulnerability_type"))
			},
			read: readAnchore,
		},
		{
			name: "clair", tool: "Clair",
			about:    "clair-scanner (`featurename`), klar (`Vulnerabilities` by severity), Clair's layers (`Layer.Features`) and the reports of version 4 (`package_vulnerabilities`); one vulnerability of one package is one result",
			key:      "id, package with version, image",
			snapshot: true,
			fits: func(n *node, _ bool) bool {
				switch {
				case n.has("package_vulnerabilities", "vulnerabilities"):
					return true
				case n.get("Layer").has("Features"), n.get("Layer").has("Name"):
					return true
				case n.get("Vulnerabilities").isObject():
					return n.has("LayerCount") || slices.ContainsFunc(severityNames, func(s string) bool { return n.get("Vulnerabilities", s).isArray() })
				}
				return n.has("image", "unapproved") || n.first1("vulnerabilities").has("featurename")
			},
			read: readClair,
		},
		{
			name: "aqua", tool: "Aqua",
			about:    "scans of images (`resources[].vulnerabilities`), their older form (`cves`), and lists of the API (`result`); one vulnerability of one resource is one result, and one finding of malware or sensitive data",
			key:      "name, resource with version, its path, image",
			snapshot: true,
			fits: func(n *node, _ bool) bool {
				r := n.get("resources")
				return r.first().has("resource") || n.has("image") && (n.has("vulnerability_summary") || n.has("scan_started")) ||
					n.get("cves").isArray() && (n.has("cves_counts") || n.first1("cves").has("name", "severity")) ||
					n.get("result").isArray() && (n.first1("result").has("aqua_severity") || n.first1("result").has("resource", "name") || n.has("page", "pagesize"))
			},
			read: readAqua,
		},
		{
			name: "sysdig", tool: "Sysdig",
			about:    "sysdig-cli-scanner (`result.packages[].vulns`, newer: `result.vulnerabilities`), reports of vulnerabilities in JSON (`panels[].data`, `data`) and CSV; one vulnerability of one package is one result",
			key:      "id, package with version, its path, image and workload",
			snapshot: true,
			fits: func(n *node, _ bool) bool {
				r := n.get("result")
				return r.isObject() && (r.has("packages") || r.has("vulnTotalBySeverity")) && (n.has("scanner") || n.has("info") || r.has("metadata")) ||
					n.get("panels").isArray() && n.get("panels").first().has("data") ||
					n.get("data").isArray() && (n.first1("data").has("vulnName") || n.first1("data").has("vuln_id") || n.first1("data").has("vulnerabilityId") || n.first1("data") == nil && n.count() <= 3)
			},
			read: readSysdig,
		},
	}
}

// readSnyk reads a project, or an element of a list of them.
//
// Reference: docs.snyk.io, "Snyk CLI, test, --json"; snyk/cli,
// src/lib/snyk-test/legacy.ts.
func readSnyk(c *reading, n *node, at string) error {
	c.by("Snyk", "")
	name := cmp.Or(n.at("projectName"), n.at("path"))
	c.cover(name, n.at("displayTargetFile"))
	if e := n.at("error"); e != "" {
		c.note("Snyk did not test %s: %s", cmp.Or(n.at("path"), name), mask(e, ""))
		c.report.Snapshot = false
		return nil
	}
	for _, list := range []string{"ignore", "patch"} {
		if put := n.get("filtered", list).count(); put > 0 {
			c.note("Snyk put %d of them aside (filtered.%s)", put, list)
		}
	}
	if n.has("infrastructureAsCodeIssues") {
		return n.get("infrastructureAsCodeIssues").each(func(i int, v *node) error { return c.snykIaC(n, v, under(at, "infrastructureAsCodeIssues", i)) })
	}
	if err := c.snykProject(n, at); err != nil {
		return err
	}
	return n.get("applications").each(func(i int, a *node) error {
		at := under(at, "applications", i)
		c.cover(cmp.Or(name, a.at("projectName")), cmp.Or(a.at("displayTargetFile"), a.at("targetFile")))
		return c.snykProject(a, at)
	})
}

func (c *reading) snykProject(n *node, at string) error {
	image := ""
	if n.has("docker") || n.has("platform") {
		image = strings.TrimPrefix(cmp.Or(n.at("projectName"), n.at("path")), "docker-image|")
	}
	return n.get("vulnerabilities").each(func(i int, v *node) error { return c.snykVulnerability(n, v, image, under(at, "vulnerabilities", i)) })
}

func (c *reading) snykVulnerability(n, v *node, image, at string) error {
	kind := Vulnerability
	if v.at("type") == "license" || v.has("license") && !v.has("CVSSv3") {
		kind = License
	}
	f := c.begin(kind, at)
	f.Rule = v.at("id")
	f.Title = cmp.Or(v.at("title"), f.Rule)
	f.Package = cmp.Or(v.any("packageName", "moduleName", "name"))
	f.Version = v.at("version")
	if f.Package != "" {
		f.Title += " in " + f.Package
	}
	f.Message = v.at("description")
	ids := v.get("identifiers")
	f.names(ids.get("CVE").texts()...)
	f.weakness(ids.get("CWE").texts()...)
	f.IDs = append(f.IDs, f.Rule)
	f.names(ids.get("GHSA").texts()...)
	f.Says = v.any("severity", "severityWithCritical")
	f.Score = v.at("cvssScore")
	f.FixedIn = strings.Join(few(v.get("fixedIn").texts()), ", ")
	f.Image = image
	f.File = cmp.Or(n.at("displayTargetFile"), n.at("targetFile"))
	f.Repository = n.at("remoteRepoUrl")
	f.URL = v.at("url")
	if f.URL == "" && strings.HasPrefix(strings.ToUpper(f.Rule), "SNYK-") {
		f.URL = "https://security.snyk.io/vuln/" + f.Rule
	}
	f.instanceOf = strings.Join(v.get("from").texts(), ">")
	return c.add("")
}

func (c *reading) snykIaC(n, v *node, at string) error {
	f := c.begin(Misconfiguration, at)
	f.Rule = v.any("publicId", "id")
	f.Title = v.any("title", "subType")
	f.Message = v.any("issue", "impact", "msg")
	f.Says = v.at("severity")
	f.File = cmp.Or(n.at("targetFile"), n.at("targetFilePath"))
	f.Line = v.get("lineNumber").whole()
	f.Resource = strings.Join(v.get("path").texts(), ".")
	f.URL = v.any("documentation")
	if v.at("isIgnored") == "true" {
		f.State, f.StateSays = Suppressed, "ignored"
	}
	return c.add("")
}

// readNPM reads an audit of npm.
//
// Reference: npm/cli and npm/npm-audit-report; npm/arborist, lib/audit-report.js.
func readNPM(c *reading, n *node, at string) error {
	if n.get("advisories").isObject() {
		c.by("npm audit", "6")
		return n.get("advisories").members(func(id string, a *node) error { return c.npmAdvisory(id, a, under(at, "advisories", id)) })
	}
	c.by("npm audit", "7+")
	return n.get("vulnerabilities").members(func(name string, v *node) error { return c.npmPackage(name, v, under(at, "vulnerabilities", name)) })
}

func (c *reading) npmAdvisory(id string, a *node, at string) error {
	f := c.begin(Vulnerability, at)
	f.Rule = cmp.Or(a.at("github_advisory_id"), a.at("id"), id)
	f.Package = a.at("module_name")
	f.Title = cmp.Or(a.at("title"), f.Rule) + " in " + f.Package
	f.Message = a.at("overview")
	f.names(a.get("cves").texts()...)
	f.names(a.at("github_advisory_id"), a.at("url"))
	f.weakness(a.get("cwe").texts()...)
	f.Says = a.at("severity")
	f.Score = a.at("cvss", "score")
	var versions []string
	_ = a.get("findings").each(func(_ int, v *node) error { versions = append(versions, v.at("version")); return nil })
	f.Version = strings.Join(few(versions), ", ")
	f.FixedIn = a.at("patched_versions")
	f.Time, f.Updated = moment(a.get("created")), moment(a.get("updated"))
	f.URL = a.at("url")
	f.Fingerprint = cmp.Or(a.at("id"), id) + "|" + f.Package
	return c.add("")
}

func (c *reading) npmPackage(name string, v *node, at string) error {
	f := c.begin(Vulnerability, at)
	f.Package = cmp.Or(v.at("name"), name)
	f.Version = v.at("range")
	f.Says = v.at("severity")
	var by, titles []string
	_ = v.get("via").each(func(_ int, via *node) error {
		if via.isText() {
			by = append(by, via.text())
			return nil
		}
		titles = append(titles, via.at("title"))
		f.names(via.at("url"))
		f.weakness(via.get("cwe").texts()...)
		f.Rule = cmp.Or(f.Rule, lastPart(via.at("url")), via.at("source"))
		f.URL = cmp.Or(f.URL, via.at("url"))
		f.Score = cmp.Or(f.Score, via.at("cvss", "score"))
		return nil
	})
	switch titles = few(titles); {
	case len(titles) > 0:
		f.Title = strings.Join(titles, "; ") + " in " + f.Package
	case len(by) > 0:
		f.Title = f.Package + " depends on vulnerable " + strings.Join(few(by), ", ")
	}
	if fix := v.get("fixAvailable"); fix.isObject() {
		f.FixedIn = joined("@", fix.at("name"), fix.at("version"))
	}
	f.File = v.get("nodes").first().text()
	f.Fingerprint = f.Package + "|" + f.Version
	return c.add("")
}

func lastPart(link string) string {
	_, last, ok := cutLast(strings.TrimSuffix(link, "/"), "/")
	if !ok {
		return ""
	}
	return last
}

// readGrype reads a report.
//
// Reference: anchore/grype, grype/presenter/models (document.go, match.go).
func readGrype(c *reading, n *node, at string) error {
	c.by(cmp.Or(n.at("descriptor", "name"), "Grype"), n.at("descriptor", "version"))
	target := n.get("source", "target")
	image := target.at("userInput")
	if target.isText() {
		image = target.text()
	}
	c.seen = moment(n.get("descriptor", "timestamp"))
	c.cover(image, "")
	isImage := n.at("source", "type") == "image"
	if put := n.get("ignoredMatches").count(); put > 0 {
		c.note("Grype put %d matches aside (ignoredMatches)", put)
	}
	return n.get("matches").each(func(i int, m *node) error {
		at := under(at, "matches", i)
		v, a := m.get("vulnerability"), m.get("artifact")
		if !v.isObject() {
			return malformedAt(at, "it names no vulnerability")
		}
		f := c.begin(Vulnerability, at)
		f.Rule = v.at("id")
		f.names(f.Rule)
		_ = m.get("relatedVulnerabilities").each(func(_ int, r *node) error { f.names(r.at("id")); return nil })
		related := m.get("relatedVulnerabilities").first()
		f.Package, f.Version = a.at("name"), a.at("version")
		f.Message = cmp.Or(v.at("description"), related.at("description"))
		f.Title = joined(" in ", f.Rule, f.Package)
		f.Says = v.at("severity")
		f.Score = cmp.Or(v.get("cvss").first().at("metrics", "baseScore"), related.get("cvss").first().at("metrics", "baseScore"))
		if fix := v.get("fix"); fix.isObject() {
			f.FixedIn = strings.Join(few(fix.get("versions").texts()), ", ")
			f.StateSays = fix.at("state")
		} else {
			f.FixedIn = v.at("fixedInVersion")
		}
		if isImage {
			f.Image = image
		} else {
			f.Resource = image
		}
		f.File = a.get("locations").first().at("path")
		f.URL = cmp.Or(v.at("dataSource"), v.get("urls").first().text(), v.get("links").first().text())
		f.instanceOf = strings.Join([]string{v.at("namespace"), a.at("type"), a.at("id")}, "|")
		return c.add("")
	})
}

// readAnchore reads what Anchore Engine says of an image.
//
// Reference: anchore/anchore-engine, swagger: VulnerabilityResponse.
func readAnchore(c *reading, n *node, at string) error {
	c.by("Anchore Engine", "")
	image := n.any("imageFullTag", "image_full_tag", "imageDigest", "image_digest")
	c.cover(image, "")
	return n.get("vulnerabilities").each(func(i int, v *node) error {
		f := c.begin(Vulnerability, under(at, "vulnerabilities", i))
		f.Rule = v.at("vuln")
		f.names(f.Rule)
		_ = v.get("nvd_data").each(func(_ int, d *node) error {
			f.names(d.at("id"))
			f.Score = cmp.Or(f.Score, d.at("cvss_v3", "base_score"), d.at("cvss_v2", "base_score"))
			return nil
		})
		f.Package, f.Version = cmp.Or(v.at("package_name"), v.at("package")), v.at("package_version")
		f.Title = joined(" in ", f.Rule, f.Package)
		f.Message = v.at("extra", "description")
		f.Says = v.at("severity")
		if f.FixedIn = v.at("fix"); f.FixedIn == "None" {
			f.FixedIn = ""
		}
		f.Image = cmp.Or(image, v.at("imageDigest"))
		if f.File = v.at("package_path"); f.File == "pkgdb" || f.File == "None" {
			f.File = ""
		}
		f.URL = v.at("url")
		f.Time = moment(v.get("detected_at"))
		if v.at("will_not_fix") == "true" {
			f.StateSays = "will not be fixed"
		}
		f.instanceOf = v.at("feed_group")
		return c.add("")
	})
}

var severityNames = []string{"Defcon1", "Critical", "High", "Medium", "Low", "Negligible", "Unknown"}

// readClair reads the forms that Clair and its clients write.
//
// Reference: arminc/clair-scanner, optiopay/klar, quay/clair (API v1;
// claircore's VulnerabilityReport).
func readClair(c *reading, n *node, at string) error {
	c.by("Clair", "")
	switch {
	case n.has("package_vulnerabilities"):
		return c.clair4(n, at)
	case n.get("Layer").isObject():
		layer := n.get("Layer")
		c.cover(layer.at("Name"), "")
		return layer.get("Features").each(func(i int, p *node) error {
			return p.get("Vulnerabilities").each(func(k int, v *node) error {
				return c.clairOne(v, clairNames{"Name", "Severity", "Link", "Description", "FixedBy", "NamespaceName"}, p.at("Name"), p.at("Version"), layer.at("Name"),
					under(at, "Layer", "Features", i, "Vulnerabilities", k))
			})
		})
	case n.get("Vulnerabilities").isObject():
		c.cover("", "")
		return n.get("Vulnerabilities").members(func(level string, list *node) error {
			return list.each(func(i int, v *node) error {
				return c.clairOne(v, clairNames{"Name", "Severity", "Link", "Description", "FixedBy", "NamespaceName"}, v.at("FeatureName"), v.at("FeatureVersion"), "",
					under(at, "Vulnerabilities", level, i))
			})
		})
	}
	image := n.at("image")
	c.cover(image, "")
	return n.get("vulnerabilities").each(func(i int, v *node) error {
		return c.clairOne(v, clairNames{"vulnerability", "severity", "link", "description", "fixedby", "namespace"}, v.at("featurename"), v.at("featureversion"), image,
			under(at, "vulnerabilities", i))
	})
}

// clairNames are the members that say the same in different forms.
type clairNames struct{ id, severity, link, description, fixed, namespace string }

func (c *reading) clairOne(v *node, m clairNames, name, version, image, at string) error {
	f := c.begin(Vulnerability, at)
	f.Rule = v.at(m.id)
	f.names(f.Rule)
	f.Package, f.Version, f.FixedIn, f.Image = name, version, v.at(m.fixed), image
	f.Title = joined(" in ", f.Rule, f.Package)
	f.Message = v.at(m.description)
	f.Says = v.at(m.severity)
	f.URL = v.at(m.link)
	f.instanceOf = v.at(m.namespace)
	return c.add("")
}

func (c *reading) clair4(n *node, at string) error {
	image := n.any("manifest_hash", "image")
	c.cover(image, "")
	index := func(list string) map[string]*node {
		out := map[string]*node{}
		_ = n.get(list).members(func(id string, v *node) error { out[id] = v; return nil })
		return out
	}
	packages, vulnerabilities := index("packages"), index("vulnerabilities")
	return n.get("package_vulnerabilities").members(func(pkg string, list *node) error {
		return list.each(func(i int, id *node) error {
			v, p := vulnerabilities[id.text()], packages[pkg]
			f := c.begin(Vulnerability, under(at, "package_vulnerabilities", pkg, i))
			if v == nil {
				return malformedAt(f.Pointer, "the vulnerability "+clip(id.text(), 60)+" is not in it")
			}
			f.Rule = v.at("name")
			f.names(f.Rule)
			f.Package, f.Version, f.FixedIn, f.Image = p.at("name"), p.at("version"), v.at("fixed_in_version"), image
			f.Title = joined(" in ", f.Rule, f.Package)
			f.Message = v.at("description")
			f.Says = cmp.Or(v.at("normalized_severity"), v.at("severity"))
			f.URL, _, _ = strings.Cut(v.at("links"), " ")
			f.instanceOf = pkg + "|" + id.text()
			return c.add("")
		})
	})
}

// readAqua reads a scan of an image.
//
// Reference: docs.aquasec.com, "Scan results" (API v1 and v2).
func readAqua(c *reading, n *node, at string) error {
	c.by("Aqua", "")
	image := n.any("image", "image_name", "pull_name")
	c.cover(image, "")
	if s := n.get("scan_started", "seconds"); s.isNumber() {
		c.seen = moment(s)
	}
	if err := n.get("cves").each(func(i int, v *node) error { return c.aquaOne(v, nil, image, under(at, "cves", i)) }); err != nil {
		return err
	}
	if err := n.get("result").each(func(i int, v *node) error {
		return c.aquaOne(v, v.get("resource"), cmp.Or(v.at("image_name"), image), under(at, "result", i))
	}); err != nil {
		return err
	}
	return n.get("resources").each(func(i int, r *node) error {
		return r.get("vulnerabilities").each(func(k int, v *node) error {
			return c.aquaOne(v, r.get("resource"), image, under(at, "resources", i, "vulnerabilities", k))
		})
	})
}

func (c *reading) aquaOne(v, r *node, image, at string) error {
	f := c.begin(Vulnerability, at)
	f.Rule = v.at("name")
	f.names(f.Rule)
	f.weakness(v.get("cwe_ids").texts()...)
	f.Package, f.Version = cmp.Or(r.any("name", "path"), v.at("file")), r.at("version")
	f.FixedIn = v.any("fix_version", "fixed_version")
	f.Title = joined(" in ", f.Rule, f.Package)
	f.Message = v.at("description")
	f.Says = v.any("aqua_severity", "severity", "vendor_severity", "nvd_severity_v3", "nvd_severity")
	f.Score = v.any("aqua_score", "nvd_score_v3", "nvd_score", "score")
	if f.Severity = severityOf(f.Says); f.Severity == Unknown && f.Score != "" {
		f.Severity = severityOfScore(f.Score)
	}
	f.Image = image
	f.File = r.at("path")
	f.URL = v.any("vendor_url", "nvd_url", "url")
	if v.at("acknowledged") == "true" || v.has("acknowledged_date") && v.at("acknowledged_date") != "" {
		f.State, f.StateSays = Suppressed, "acknowledged"
	}
	f.Time = moment(v.get("first_found_date"))
	f.instanceOf = r.at("format")
	return c.add("")
}

// readSysdig reads what the scanner of the command line, or the service, reports.
//
// Reference: docs.sysdig.com, "Sysdig CLI scanner, JSON output" and "Vulnerability
// management reporting".
func readSysdig(c *reading, n *node, at string) error {
	c.by("Sysdig", "")
	r := n.get("result")
	if !r.isObject() {
		for _, list := range []string{"panels", "data"} {
			err := n.get(list).each(func(i int, p *node) error {
				if list == "data" {
					return c.sysdigReport(p, under(at, list, i))
				}
				return p.get("data").each(func(k int, v *node) error { return c.sysdigReport(v, under(at, list, i, "data", k)) })
			})
			if err != nil {
				return err
			}
		}
		c.cover("", "")
		return nil
	}
	c.by(cmp.Or(n.at("scanner", "name"), "Sysdig"), n.at("scanner", "version"))
	meta := r.get("metadata")
	image := meta.any("pullString", "imageId", "hostName")
	c.cover(image, "")
	c.seen = moment(n.get("info", "scanTime"))
	url := n.at("info", "resultUrl")
	if r.get("vulnerabilities").isObject() || r.get("packages").isObject() { // by reference
		return c.sysdigByRef(r, image, url, under(at, "result"))
	}
	return r.get("packages").each(func(i int, p *node) error {
		return p.get("vulns").each(func(k int, v *node) error {
			return c.sysdigOne(v, p, image, url, under(at, "result", "packages", i, "vulns", k))
		})
	})
}

// sysdigByRef reads the newer form, in which packages name vulnerabilities that
// stand elsewhere.
func (c *reading) sysdigByRef(r *node, image, url, at string) error {
	known := map[string]*node{}
	_ = r.get("vulnerabilities").members(func(id string, v *node) error { known[id] = v; return nil })
	return r.get("packages").members(func(id string, p *node) error {
		return p.get("vulnerabilitiesRefs").each(func(k int, ref *node) error {
			v := known[ref.text()]
			place := under(at, "packages", id, "vulnerabilitiesRefs", k)
			if v == nil {
				return malformedAt(place, "the vulnerability "+clip(ref.text(), 60)+" is not in it")
			}
			return c.sysdigOne(v, p, image, url, place)
		})
	})
}

func (c *reading) sysdigOne(v, p *node, image, url, at string) error {
	f := c.begin(Vulnerability, at)
	f.Rule = v.at("name")
	f.names(f.Rule)
	f.Package, f.Version, f.File = p.at("name"), p.at("version"), p.at("path")
	f.FixedIn = v.any("fixedInVersion", "fixVersion")
	f.Title = joined(" in ", f.Rule, f.Package)
	f.Says = cmp.Or(v.at("severity", "value"), v.at("severity"))
	f.Score = cmp.Or(v.at("cvssScore", "value", "score"), v.at("cvssScore", "score"))
	f.Image, f.URL = image, url
	if v.get("acceptedRisks").count() > 0 || v.get("riskAcceptRefs").count() > 0 {
		f.State, f.StateSays = Suppressed, "risk accepted"
	}
	f.instanceOf = p.at("type")
	return c.add("")
}

// sysdigReport reads one row of a report of the service.
func (c *reading) sysdigReport(v *node, at string) error {
	row := map[string]string{}
	_ = v.members(func(key string, x *node) error { row[key] = x.text(); return nil })
	get := func(names ...string) string {
		for _, n := range names {
			if row[n] != "" {
				return row[n]
			}
		}
		return ""
	}
	f := c.begin(Vulnerability, at)
	f.Rule = get("vuln_id", "vulnName", "vulnerabilityId", "vuln_name")
	f.names(f.Rule)
	f.Package, f.Version = get("scan_package_name", "packageName"), get("scan_package_version", "packageVersion")
	f.File = get("scan_package_path", "packagePath")
	f.FixedIn = get("vuln_fixed_in_version", "vulnFixVersion", "fixVersion")
	f.Title = joined(" in ", f.Rule, f.Package)
	f.Says = get("vuln_severity", "vulnSeverity", "severity")
	f.Score = get("vuln_cvss_score", "vulnCvssScore", "cvssScore")
	f.Image = get("container_image", "imagePullString", "image")
	f.Host = get("host_name", "hostName")
	f.Container = get("kubernetes_pod_container_name", "k8sPodContainerName")
	f.Resource = joined("/", get("kubernetes_cluster_name", "k8sClusterName"), get("kubernetes_namespace_name", "k8sNamespaceName"), get("kubernetes_workload_type", "k8sWorkloadType"), get("kubernetes_workload_name", "k8sWorkloadName"))
	f.URL = get("vuln_link", "vulnLink")
	if get("vuln_risk_accepted", "riskAccepted") == "true" {
		f.State, f.StateSays = Suppressed, "risk accepted"
	}
	f.instanceOf = get("container_image_id", "imageId") + "|" + get("scan_package_type", "packageType")
	return c.add("")
}

func sysdigName(s string) string {
	return strings.ToLower(strings.TrimSpace(strings.TrimPrefix(s, "\ufeff")))
}

// sysdigRow reads one row of a table.
func (c *reading) sysdigRow(names, row []string, at string) error {
	get := func(want ...string) string {
		for _, w := range want {
			if i := slices.Index(names, w); i >= 0 && row[i] != "" {
				return strings.TrimSpace(row[i])
			}
		}
		return ""
	}
	for i, cell := range row {
		if len(cell) > maxCell {
			return malformedAt(at, fmt.Sprintf("field %d has more than %d KiB", i+1, maxCell>>10))
		}
	}
	f := c.begin(Vulnerability, at)
	f.Rule = get(sysdigIDs...)
	if f.Rule == "" {
		return malformedAt(at, "it names no vulnerability")
	}
	f.names(f.Rule)
	f.Package, f.Version = get("package name"), get("package version")
	f.File = get("package path")
	f.FixedIn = get("fix version", "package suggested fix", "suggested fix")
	f.Title = joined(" in ", f.Rule, f.Package)
	f.Says = get("severity", "cve severity", "vuln severity")
	f.Score = get("cvss score", "cvss v3 base score")
	f.Image = get("image", "image pull string", "registry image repository")
	f.Host = get("host name", "hostname")
	f.Container = get("k8s container name")
	f.Resource = joined("/", get("k8s cluster name"), get("k8s namespace name"), get("k8s workload type"), get("k8s workload name"))
	f.URL = get("vuln link")
	if strings.EqualFold(get("risk accepted"), "true") {
		f.State, f.StateSays = Suppressed, "risk accepted"
	}
	f.instanceOf = get("image id", "image tag", "package type")
	return c.add("")
}
