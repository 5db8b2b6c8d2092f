package parse

import (
	"cmp"
	"strings"
	"time"

	"firebreak/timeline"
)

// suricataEve is Suricata's eve.json: alerts, flows and what it saw of protocols.
//
// Reference: Suricata User Guide, "Eve JSON Format". Times are in microseconds,
// with a zone.
func suricataEve() service {
	return service{
		knows: func(h recordHead) bool { return h.has("timestamp", "event_type") },
		tell:  tellSuricata,
	}
}

func tellSuricata(t *tale) string {
	if !t.when(t.get("timestamp")) {
		return "no time"
	}
	kind := t.get("event_type")
	t.e.Source = "network"
	t.set("dst_ip", t.get("dest_ip"))
	t.set("dst_port", t.get("dest_port"))
	flow := arrow(t.get("src_ip"), t.get("src_port"), t.get("dest_ip"), t.get("dest_port"))
	what := ""
	switch kind {
	case "alert":
		t.e.Source = "ids"
		t.set("rule", t.get("alert.signature"))
		t.set("severity", t.get("alert.severity"))
		if t.get("alert.action") == "blocked" {
			t.set(attrAction, "block")
		}
		what = say(t.get("alert.signature"), post(t.get("alert.category")))
	case "dns":
		t.e.Source = "dns"
		t.set("domain", cmp.Or(t.get("dns.rrname"), t.at("dns.query", "0.rrname"), t.at("dns.queries", "0.rrname")))
		what = say(t.get("dns.type"), t.get("dns.rrtype"), t.a.Get("domain"), t.get("dns.rcode"))
	case "http":
		t.e.Source = "web"
		t.set("method", t.get("http.http_method"))
		t.set("domain", t.get("http.hostname"))
		t.set("url", t.get("http.url"))
		t.set("status", t.get("http.status"))
		t.set("user_agent", t.get("http.http_user_agent"))
		t.set("referer", t.get("http.http_refer"))
		what = say(t.get("http.http_method"), t.get("http.hostname"), t.get("http.url"), t.get("http.status"))
	case "tls":
		t.set("domain", t.get("tls.sni"))
		what = say(t.get("tls.version"), t.get("tls.sni"), t.get("tls.subject"))
	case "fileinfo":
		t.e.Source = "file"
		t.set("path", t.get("fileinfo.filename"))
		t.set("size", t.get("fileinfo.size"))
		t.set("hash_md5", t.get("fileinfo.md5"))
		t.set("hash_sha1", t.get("fileinfo.sha1"))
		t.set("sha256", t.get("fileinfo.sha256"))
		what = t.get("fileinfo.filename")
	case "ssh":
		what = say(t.get("ssh.client.software_version"), pre("to ", t.get("ssh.server.software_version")))
	case "flow", "netflow":
		t.set(attrAction, "connect")
		what = say(t.get("app_proto"), t.get("flow.state"))
	case "anomaly":
		what = t.get("anomaly.event")
	case "stats":
		t.e.Source = "system"
	}
	t.e.Message = say(kind, pre(": ", what), t.get("proto"), flow)
	return ""
}

// arrow is a connection as people write it.
func arrow(src, sport, dst, dport string) string {
	if src == "" && dst == "" {
		return ""
	}
	return withPort(src, sport) + " -> " + withPort(dst, dport)
}

func withPort(ip, port string) string {
	switch {
	case port == "" || port == "0":
		return ip
	case strings.IndexByte(ip, ':') >= 0:
		return "[" + ip + "]:" + port
	}
	return ip + ":" + port
}

// falcoAlerts is Falco's output in JSON.
//
// Reference: falco.org, "Falco outputs", json_output. Times are UTC in
// nanoseconds.
func falcoAlerts() service {
	return service{
		knows: func(h recordHead) bool { return h.has("output", "priority", "rule", "time") },
		tell: func(t *tale) string {
			if !t.when(t.get("time")) {
				return "no time"
			}
			t.e.Source = "ids"
			const p = "output_fields."
			t.e.Host = t.get("hostname")
			t.e.User = t.get(p + "user.name")
			t.set("severity", strings.ToLower(t.get("priority")))
			t.set("process", t.get(p+"proc.name"))
			t.set("pid", t.get(p+"proc.pid"))
			t.set("parent", t.get(p+"proc.pname"))
			t.set("exe", t.get(p+"proc.exepath"))
			t.set(attrCommand, t.get(p+"proc.cmdline"))
			t.set("path", t.get(p+"fd.name"))
			t.set("container", t.get(p+"container.name", p+"container.id"))
			t.e.Message = t.get("output")
			return ""
		},
	}
}

// osqueryResults is the results log of osquery: a row added or removed, a batch
// of both, or a snapshot of all.
//
// Reference: osquery.readthedocs.io, "Logging" (event, batch and snapshot
// format). The time is unixTime, in seconds.
func osqueryResults() service {
	return service{
		knows: func(h recordHead) bool {
			return h.has("name", "hostIdentifier") && h.any("columns", "snapshot", "diffResults") && h.any("unixTime", "calendarTime")
		},
		tell: func(t *tale) string {
			if !t.since(t.get("unixTime"), timeline.Second) {
				at, err := time.Parse("Mon Jan _2 15:04:05 2006 MST", t.get("calendarTime"))
				if err != nil || !sane(at) {
					return "no time"
				}
				t.e.Time, t.e.Precision = at.UTC(), timeline.Second
				t.j.told(t.a, wording{}, t.get("calendarTime"))
			}
			t.e.Source = "system"
			t.e.Host = t.get("hostIdentifier")
			const p = "columns."
			t.e.User = t.get(p+"username", p+"user")
			for _, x := range [...]struct{ to, from string }{
				{"pid", p + "pid"},
				{"path", p + "path"},
				{attrCommand, p + "cmdline"},
				{"sha256", p + "sha256"},
				{"hash_md5", p + "md5"},
				{"hash_sha1", p + "sha1"},
				{"uid", p + "uid"},
				{"dst_ip", p + "remote_address"},
				{"dst_port", p + "remote_port"},
				{"parent", p + "parent"},
			} {
				t.set(x.to, t.get(x.from))
			}
			what := t.get(p+"cmdline", p+"path", p+"name", p+"command")
			state := cmp.Or(t.get("action"), "batch")
			if t.get("snapshot") != "" {
				state = "snapshot"
			}
			t.e.Message = say("osquery", t.get("name"), state, pre(": ", what))
			return ""
		},
	}
}
