package intake

import (
	"cmp"
	"net"
	"strings"
)

func alertFormats() []format {
	return []format{
		{
			name: "pagerduty", tool: "PagerDuty",
			about: "webhooks v3 (`event`), one or several one behind the other; one event is one result",
			key:   "the incident's id (`data.id`, for notes and responders `data.incident.id`); a service's id",
			fits:  func(n *node, _ bool) bool { return n.get("event").has("event_type", "data") },
			read:  readPagerDuty,
		},
		{
			name: "alertmanager", tool: "Alertmanager",
			about: "webhooks of version 4 (`alerts`), and the list of `GET /api/v2/alerts`; one alert is one result",
			key:   "`fingerprint`",
			fits: func(n *node, listed bool) bool {
				if listed {
					return n.has("labels", "fingerprint")
				}
				return n.get("alerts").isArray() && (n.has("groupKey") || n.has("receiver", "status") || n.first1("alerts").has("labels"))
			},
			read: readAlertmanager,
		},
		{
			name: "falco", tool: "Falco",
			about: "`json_output`: an event, a list of them, or one a line; falcosidekick's form too",
			key:   "rule, host, container and process",
			fits:  func(n *node, _ bool) bool { return n.has("rule", "priority", "output") },
			read:  readFalco,
		},
		{
			name: "ocsf", tool: "OCSF",
			about: "findings of OCSF 1.x (classes 2001 to 2007, detection findings 2004): an event, a list of them, or one a line",
			key:   "`finding_info.uid` (in older versions `finding.uid`), else `metadata.uid`",
			fits: func(n *node, _ bool) bool {
				class := n.at("class_uid")
				return len(class) == 4 && strings.HasPrefix(class, "200") && (n.has("finding_info") || n.has("finding") || n.has("metadata"))
			},
			read: readOCSF,
		},
	}
}

// first1 is the first element of the list that is that member.
func (n *node) first1(name string) *node { return n.get(name).first() }

// readPagerDuty reads a webhook of version 3.
//
// Reference: PagerDuty developer documentation, "Webhooks v3 overview".
func readPagerDuty(c *reading, n *node, at string) error {
	e := n.get("event")
	d := e.get("data")
	kind := e.at("event_type")
	c.by("PagerDuty", "")
	what := d
	if in := d.get("incident"); in.isObject() {
		what = in
	}
	c.cover(what.at("service", "summary"), "")
	f := c.begin(Alert, under(at, "event"))
	f.Rule = kind
	f.Fingerprint = cmp.Or(what.any("id", "incident_key"), d.at("id"), e.at("id"))
	f.Title = cmp.Or(what.any("title", "summary"), d.any("content", "message", "summary"), kind)
	if number := what.at("number"); number != "" {
		f.Title = "#" + number + " " + f.Title
	}
	f.Message = cmp.Or(d.at("content"), d.at("message"))
	if f.Message == "" && kind != "" {
		f.Message = kind
	}
	f.Resource = cmp.Or(what.at("service", "summary"), what.at("service", "id"))
	f.User = e.at("agent", "summary")
	if key := what.at("incident_key"); key != "" {
		f.IDs = append(f.IDs, key)
	}
	f.Says = cmp.Or(what.at("priority", "summary"), what.at("urgency"))
	f.Severity = severityOf(f.Says)
	f.StateSays = cmp.Or(what.at("status"), strings.TrimPrefix(kind, "incident."))
	if f.StateSays == "resolved" || kind == "incident.resolved" {
		f.State = Fixed
		f.Ended = cmp.Or(moment(what.get("resolved_at")), moment(e.get("occurred_at")))
	}
	f.Time = cmp.Or(moment(what.get("created_at")), moment(e.get("occurred_at")))
	f.Updated = moment(e.get("occurred_at"))
	f.URL = cmp.Or(what.at("html_url"), d.at("html_url"))
	return c.add("")
}

// readAlertmanager reads a notification, or one alert of the list that its API
// gives.
//
// Reference: Prometheus documentation, "Alerting: configuration, webhook_config";
// api/v2/openapi.yaml of prometheus/alertmanager.
func readAlertmanager(c *reading, n *node, at string) error {
	c.by("Alertmanager", "")
	if !n.get("alerts").isArray() {
		c.cover(n.at("generatorURL"), "")
		return c.alert(n, nil, at)
	}
	if v := n.at("version"); v != "" && v != "4" {
		c.note("the webhook is of version %s: version 4 is what is known", v)
	}
	if cut := n.at("truncatedAlerts"); cut != "" && cut != "0" {
		c.note("Alertmanager left %s alerts of the group out (max_alerts)", cut)
	}
	c.cover(n.at("externalURL"), n.at("groupKey"))
	return n.get("alerts").each(func(i int, a *node) error { return c.alert(a, n, under(at, "alerts", i)) })
}

func (c *reading) alert(a, group *node, at string) error {
	f := c.begin(Alert, at)
	labels, says := a.get("labels"), a.get("annotations")
	f.Rule = labels.at("alertname")
	f.Title = cmp.Or(says.any("summary", "title"), f.Rule)
	f.Message = says.any("description", "message", "summary")
	f.Fingerprint = a.at("fingerprint")
	f.Says = labels.any("severity", "priority", "level")
	f.Severity = severityOf(f.Says)
	f.Host = hostOf(labels.any("instance", "host", "hostname", "node", "nodename"))
	f.Container = labels.any("container", "container_name")
	f.Image = labels.any("image")
	f.Resource = joined("/", labels.at("namespace"), labels.any("pod", "deployment", "service", "job"))
	f.names(labels.any("cve", "cve_id", "vulnerability_id"))
	f.StateSays = cmp.Or(a.at("status"), a.at("status", "state"), group.at("status"))
	switch f.StateSays {
	case "resolved":
		f.State = Fixed
		f.Ended = moment(a.get("endsAt"))
	case "suppressed":
		f.State = Suppressed
	}
	f.Time, f.Updated = moment(a.get("startsAt")), moment(a.get("updatedAt"))
	f.URL = cmp.Or(says.any("runbook_url"), a.at("generatorURL"))
	if f.Fingerprint == "" {
		_ = labels.members(func(key string, v *node) error { f.instanceOf += key + "=" + v.text() + ","; return nil })
	}
	return c.add("")
}

// hostOf is the name or address in front of a port.
func hostOf(s string) string {
	if host, _, err := net.SplitHostPort(s); err == nil {
		return host
	}
	return s
}

func joined(by string, parts ...string) string {
	var out []string
	for _, p := range parts {
		if p != "" && p != "<NA>" {
			out = append(out, p)
		}
	}
	return strings.Join(out, by)
}

// readFalco reads one event.
//
// Reference: falco.org, "Falco outputs" (json_output); falcosidekick's
// types.FalcoPayload. evt.time and evt.time.iso8601 are whole nanoseconds, which
// no float holds.
func readFalco(c *reading, n *node, at string) error {
	c.by("Falco", "")
	o := n.get("output_fields")
	field := func(names ...string) string {
		for _, name := range names {
			if s := o.at(name); s != "" && s != "<NA>" {
				return s
			}
		}
		return ""
	}
	f := c.begin(Runtime, at)
	f.Rule = n.at("rule")
	f.Title = f.Rule
	f.Message = n.at("output")
	f.Says = n.at("priority")
	switch strings.ToLower(f.Says) {
	case "emergency", "alert", "critical":
		f.Severity = Critical
	case "error":
		f.Severity = High
	case "warning":
		f.Severity = Medium
	case "notice":
		f.Severity = Low
	case "informational", "debug":
		f.Severity = Info
	}
	f.Time = moment(n.get("time"))
	for _, name := range []string{"evt.time.iso8601", "evt.time", "evt.rawtime"} {
		if f.Time.IsZero() {
			f.Time = moment(o.get(name))
		}
	}
	f.Host = cmp.Or(n.at("hostname"), field("evt.hostname", "k8s.node.name"))
	f.Container = cmp.Or(field("container.name"), field("container.id"))
	id := cmp.Or(field("container.id"), f.Container)
	f.Image = joined(":", field("container.image.repository", "container.image"), field("container.image.tag"))
	f.Process = field("proc.name", "proc.exepath")
	f.User = field("user.name", "ka.user.name", "ct.user", "user.loginname")
	f.File = field("fd.name")
	f.Resource = cmp.Or(joined("/", field("k8s.ns.name", "ka.target.namespace"), field("k8s.pod.name", "ka.target.name")), field("ct.request.name"))
	_ = n.get("tags").each(func(_ int, tag *node) error {
		if t := tag.text(); len(t) > 4 && t[0] == 'T' && strings.Trim(t[1:], "0123456789.") == "" {
			f.IDs = append(f.IDs, t)
		}
		return nil
	})
	if f.Rule != "" {
		f.Fingerprint = strings.Join([]string{f.Rule, f.Host, id, f.Process}, "|")
	}
	return c.add("")
}

// readOCSF reads one finding of OCSF.
//
// Reference: schema.ocsf.io, category 2 (findings): 2001 security finding, 2002
// vulnerability, 2003 compliance, 2004 detection, 2005 incident, 2006 data
// security, 2007 application security posture.
func readOCSF(c *reading, n *node, at string) error {
	info := n.get("finding_info")
	if info == nil {
		info = n.get("finding")
	}
	product := n.get("metadata", "product")
	c.by(cmp.Or(product.at("name"), product.at("vendor_name"), info.at("product_uid")), product.at("version"))
	c.cover(joined(" ", n.at("cloud", "account", "uid"), n.at("cloud", "region")), "")
	kind := Alert
	switch n.at("class_uid") {
	case "2002":
		kind = Vulnerability
	case "2003", "2007":
		kind = Misconfiguration
	}
	_ = info.get("types").each(func(_ int, t *node) error {
		switch s := strings.ToLower(t.text()); {
		case strings.Contains(s, "vulnerabilit"):
			kind = Vulnerability
		case strings.Contains(s, "misconfig"), strings.Contains(s, "best practice"), strings.Contains(s, "configuration check"):
			kind = Misconfiguration
		}
		return nil
	})
	if kind == Alert && strings.EqualFold(product.at("name"), "prowler") {
		kind = Misconfiguration // its detections are checks of the configuration
	}
	f := c.begin(kind, at)
	f.Fingerprint = cmp.Or(info.at("uid"), n.at("metadata", "uid"))
	f.Title = cmp.Or(info.at("title"), n.at("message"), info.at("desc"))
	f.Message = cmp.Or(n.any("message", "status_detail"), info.at("desc"))
	f.Rule = cmp.Or(n.at("metadata", "event_code"), info.at("analytic", "uid"), info.at("analytic", "name"), n.at("compliance", "control"), n.at("rule", "uid"))
	f.Says = n.at("severity")
	f.Severity = ocsfSeverity(n.at("severity_id"), f.Says)
	f.Score = n.first1("vulnerabilities").get("cve", "cvss").first().at("base_score")
	_ = n.get("vulnerabilities").each(func(_ int, v *node) error {
		f.names(v.at("cve", "uid"), v.at("cve", "cwe", "uid"), v.at("advisory", "uid"))
		p := v.get("affected_packages").first()
		if f.Package == "" {
			f.Package, f.Version, f.FixedIn = p.at("name"), p.at("version"), p.at("fixed_in_version")
		}
		return nil
	})
	_ = info.get("attacks").each(func(_ int, a *node) error {
		f.IDs = append(f.IDs, cmp.Or(a.at("sub_technique", "uid"), a.at("technique", "uid")))
		return nil
	})
	f.Host = cmp.Or(n.at("device", "hostname"), n.at("device", "ip"), n.at("device", "name"))
	f.User = cmp.Or(n.at("actor", "user", "name"), n.at("user", "name"))
	f.Process = cmp.Or(n.at("process", "name"), n.at("actor", "process", "name"))
	r := n.first1("resources")
	if r == nil {
		r = n.get("resource")
	}
	f.Resource = cmp.Or(r.at("uid"), r.at("name"))
	f.StateSays = cmp.Or(n.at("status_code"), n.at("status"))
	f.State = ocsfState(n, info)
	f.Time = cmp.Or(moment(info.get("created_time_dt")), moment(info.get("created_time")), moment(info.get("first_seen_time")), moment(n.get("time_dt")), moment(n.get("time")), moment(n.get("event_time")))
	f.Updated = cmp.Or(moment(info.get("modified_time")), moment(info.get("last_seen_time")))
	f.Seen = cmp.Or(moment(n.get("time_dt")), moment(n.get("time")))
	f.URL = cmp.Or(info.at("src_url"), n.get("remediation", "references").first().text())
	f.instanceOf = f.Resource
	return c.add("")
}

func ocsfSeverity(id, says string) Severity {
	switch id {
	case "1":
		return Info
	case "2":
		return Low
	case "3":
		return Medium
	case "4":
		return High
	case "5", "6":
		return Critical
	}
	return severityOf(says)
}

// ocsfState is what has become of it: status_id 3 is suppressed, 4 resolved, 5
// archived; a compliance check that passed says PASS in status_code.
func ocsfState(n, info *node) State {
	switch strings.ToUpper(n.at("status_code")) {
	case "PASS", "PASSED":
		return Passed
	case "MUTED":
		return Suppressed
	}
	if strings.EqualFold(n.at("compliance", "status"), "pass") {
		return Passed
	}
	switch n.at("status_id") {
	case "3":
		return Suppressed
	case "4", "5", "6":
		return Fixed
	}
	switch strings.ToLower(cmp.Or(n.at("status"), info.at("status"))) {
	case "suppressed", "muted":
		return Suppressed
	case "resolved", "closed", "archived":
		return Fixed
	}
	if n.at("activity_id") == "3" { // close
		return Fixed
	}
	return Open
}
