package intake

import (
	"cmp"
	"strings"
)

func trivyFormat() format {
	return format{
		name: "trivy", tool: "Trivy",
		about:    "all shapes: schema 2 (`Results`), the list of older versions, a cluster (`ClusterName`); one vulnerability, misconfiguration, secret or licence is one result",
		key:      "`Fingerprint` where there is one; else target, package, version, path and id",
		snapshot: true,
		fits: func(n *node, _ bool) bool {
			switch {
			case n.has("Target") && (n.has("Type") || n.has("Class") || n.has("Vulnerabilities") || n.has("Secrets") || n.has("Misconfigurations")):
				return true
			case n.has("ClusterName"):
				return true
			case n.get("Results").isArray() || n.has("Results") && n.has("ArtifactName"):
				return n.has("SchemaVersion") || n.has("ArtifactName") || n.first1("Results").has("Target")
			}
			return n.has("SchemaVersion", "ArtifactName")
		},
		read: readTrivy,
	}
}

// readTrivy reads a report.
//
// Reference: aquasecurity/trivy, pkg/types/report.go, pkg/types/finding.go,
// pkg/fanal/types (secret, license), pkg/k8s/report.
func readTrivy(c *reading, n *node, at string) error {
	c.by("Trivy", cmp.Or(n.at("Trivy", "Version")))
	if n.has("Target") { // an element of the list of older versions
		c.cover(imageOf(n.at("Target"), n.at("Class")), "")
		return c.trivyResult(n, trivyArtifact{}, at)
	}
	c.seen = moment(n.get("CreatedAt"))
	cluster := n.at("ClusterName")
	if cluster == "" && !n.has("ClusterName") {
		return c.trivyArtifact(n, trivyArtifact{}, at)
	}
	c.cover(cluster, "")
	for _, list := range []string{"Resources", "Vulnerabilities", "Misconfigurations", "Findings"} {
		err := n.get(list).each(func(i int, r *node) error {
			a := trivyArtifact{resource: joined("/", r.at("Namespace"), r.at("Kind"), r.at("Name")), cluster: cluster}
			if e := r.at("Error"); e != "" {
				c.note("%s was not scanned: %s", a.resource, mask(e, ""))
			}
			return c.trivyArtifact(r, a, under(at, list, i))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// trivyArtifact is what was looked at.
type trivyArtifact struct{ resource, cluster, image, host, repository string }

func (c *reading) trivyArtifact(n *node, a trivyArtifact, at string) error {
	name := n.at("ArtifactName")
	switch n.at("ArtifactType") {
	case "container_image":
		a.image = name
	case "vm":
		a.host = name
	case "repository":
		a.repository = name
	}
	if a.cluster == "" {
		c.cover(name, "")
	}
	if n.has("ExperimentalModifiedFindings") {
		if put := n.get("ExperimentalModifiedFindings").count(); put > 0 {
			c.note("Trivy put %d findings aside (ExperimentalModifiedFindings)", put)
		}
	}
	return n.get("Results").each(func(i int, r *node) error { return c.trivyResult(r, a, under(at, "Results", i)) })
}

// imageOf is the image that a target in "image (system version)" names.
func imageOf(target, class string) string {
	if i := strings.LastIndex(target, " ("); i > 0 && (class == "" || class == "os-pkgs") {
		return target[:i]
	}
	return ""
}

func (c *reading) trivyResult(r *node, a trivyArtifact, at string) error {
	target := r.at("Target")
	if a.image == "" {
		a.image = imageOf(target, r.at("Class"))
	}
	place := func(f *Finding) {
		f.Image, f.Host, f.Repository, f.Resource = a.image, a.host, a.repository, a.resource
		f.instanceOf = target
		if r.at("Class") != "os-pkgs" && imageOf(target, r.at("Class")) == "" {
			f.File = target
		}
	}
	for _, list := range []struct {
		name string
		add  func(v *node, at string) error
	}{
		{"Vulnerabilities", func(v *node, at string) error { return c.trivyVulnerability(v, place, at) }},
		{"Misconfigurations", func(v *node, at string) error { return c.trivyMisconfiguration(v, place, at) }},
		{"Secrets", func(v *node, at string) error { return c.trivySecret(v, place, at) }},
		{"Licenses", func(v *node, at string) error { return c.trivyLicense(v, place, at) }},
	} {
		err := r.get(list.name).each(func(i int, v *node) error {
			at := under(at, list.name, i)
			if !v.isObject() {
				return malformedAt(at, "it is no result")
			}
			return list.add(v, at)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *reading) trivyVulnerability(v *node, place func(*Finding), at string) error {
	f := c.begin(Vulnerability, at)
	place(f)
	f.Rule = v.at("VulnerabilityID")
	f.names(f.Rule)
	f.names(v.get("VendorIDs").texts()...)
	f.weakness(v.get("CweIDs").texts()...)
	f.Package, f.Version, f.FixedIn = v.at("PkgName"), v.at("InstalledVersion"), v.at("FixedVersion")
	f.Title = cmp.Or(v.at("Title"), firstLine(v.at("Description")), f.Rule)
	f.Message = v.at("Description")
	f.Says = v.at("Severity")
	f.Severity = severityOf(f.Says)
	if path := v.at("PkgPath"); path != "" {
		f.File = path
	}
	cvss := v.get("CVSS")
	for _, from := range []string{v.at("SeveritySource"), "nvd", "ghsa", "redhat"} {
		if f.Score == "" {
			f.Score = cvss.get(from).any("V40Score", "V3Score", "V2Score")
		}
	}
	f.URL = cmp.Or(v.at("PrimaryURL"), v.get("References").first().text())
	if s := v.at("Status"); s != "" {
		f.StateSays = s
	}
	f.instanceOf += "|" + cmp.Or(v.at("PkgID"), v.at("PkgIdentifier", "PURL"), v.at("Layer", "DiffID"))
	f.Fingerprint = v.at("Fingerprint")
	return c.add("")
}

func (c *reading) trivyMisconfiguration(v *node, place func(*Finding), at string) error {
	f := c.begin(Misconfiguration, at)
	place(f)
	f.Rule = v.any("ID", "AVDID")
	f.Title = cmp.Or(v.at("Title"), v.at("Message"))
	f.Message = cmp.Or(v.at("Message"), v.at("Description"))
	f.Says = v.at("Severity")
	f.Severity = severityOf(f.Says)
	cause := v.get("CauseMetadata")
	f.Line, f.EndLine = cause.get("StartLine").whole(), cause.get("EndLine").whole()
	if s := cause.at("Resource"); s != "" && f.Resource == "" {
		f.Resource = s
	}
	f.URL = cmp.Or(v.at("PrimaryURL"), v.get("References").first().text())
	f.StateSays = v.at("Status")
	switch strings.ToUpper(f.StateSays) {
	case "PASS":
		f.State = Passed
	case "EXCEPTION":
		f.State = Suppressed
	}
	f.instanceOf += "|" + clip(v.at("Message"), maxShort)
	f.Fingerprint = v.at("Fingerprint")
	return c.add("")
}

func (c *reading) trivySecret(v *node, place func(*Finding), at string) error {
	f := c.begin(SecretLeak, at)
	place(f)
	f.Rule = v.at("RuleID")
	f.Title = cmp.Or(v.at("Title"), f.Rule)
	f.Says = v.at("Severity")
	f.Severity = severityOf(f.Says)
	f.Line, f.EndLine = v.get("StartLine").whole(), v.get("EndLine").whole()
	if f.File == "" {
		_, f.File, _ = strings.Cut(f.instanceOf, ":")
	}
	f.Fingerprint = v.at("Fingerprint")
	return c.add("")
}

func (c *reading) trivyLicense(v *node, place func(*Finding), at string) error {
	f := c.begin(License, at)
	place(f)
	f.Rule = v.at("Name")
	f.Title = strings.TrimSpace("licence " + f.Rule + " (" + cmp.Or(v.at("Category"), "no category") + ")")
	f.Says = v.at("Severity")
	f.Severity = severityOf(f.Says)
	f.Package = v.at("PkgName")
	if path := v.at("FilePath"); path != "" {
		f.File = path
	}
	f.URL = v.at("Link")
	f.Fingerprint = v.at("Fingerprint")
	return c.add("")
}
