package parse

import (
	"bufio"
	"bytes"
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"firebreak/timeline"
)

// Logs of AWS that are lines.
//
// Reference: Elastic Load Balancing User Guides, "Access logs" of Classic,
// Application and Network Load Balancers; Amazon VPC User Guide, "Flow log
// records"; Amazon S3 User Guide, "Server access log format". All times are UTC.

// isPeer says whether a field is an address with a port, or that there is none.
func isPeer(s string) bool {
	_, err := netip.ParseAddrPort(s)
	return s == "-" || err == nil
}

// isSeconds says whether fields are durations; -1 stands for none.
func isSeconds(fields []string) bool {
	return !slices.ContainsFunc(fields, func(s string) bool { _, err := strconv.ParseFloat(s, 64); return err != nil })
}

// elbLine reads a request that a load balancer passed on.
func elbLine(t *tale, text string) string {
	f := quotedFields(text, 40)
	if len(f) < 12 {
		return "no access log line of a load balancer"
	}
	kind := "classic"
	switch f[0] {
	case "http", "https", "h2", "grpcs", "ws", "wss":
		kind, f = f[0], f[1:]
	case "tls":
		if len(f) > 16 {
			return nlbLine(t, f)
		}
	}
	if s, ok := isoStamp(f[0], utcClock()); !ok || !s.zoned || len(f) < 12 || !isPeer(f[2]) || !isPeer(f[3]) || !isSeconds(f[4:7]) {
		return "no access log line of a load balancer"
	}
	if !t.when(f[0]) {
		return "no time"
	}
	t.e.Source = "web"
	t.set("type", kind)
	t.set("load_balancer", f[1])
	t.peer(dash(f[2]))
	t.target(f[3])
	t.status(f[7])
	t.set("target_status", dash(f[8]))
	t.set("bytes", f[10])
	t.request(f[11])
	names := []string{"user_agent", "ssl_cipher", "ssl_protocol"}
	if kind != "classic" {
		names = append(names, "target_group", "trace_id", "domain", "certificate", "rule_priority", "", "actions", "redirect", "error_reason", "", "", "classification", "classification_reason", "connection_trace_id")
	}
	for i, name := range names {
		if at := 12 + i; at < len(f) && name != "" {
			t.set(name, dash(f[at]))
		}
	}
	t.e.Message = say(f[11], f[7], pre("from ", f[2]))
	return ""
}

// target is the server behind.
func (t *tale) target(s string) {
	if host, port := splitPort(dash(s)); host != "" {
		t.set("dst_ip", host)
		t.set("dst_port", port)
	}
}

// nlbLine reads a TLS connection of a network load balancer.
func nlbLine(t *tale, f []string) string {
	if !t.when(f[2]) {
		return "no time"
	}
	t.e.Source = "network"
	t.set("type", "tls")
	t.set("load_balancer", f[3])
	t.peer(dash(f[5]))
	t.target(f[6])
	t.set("bytes", sum(f[9], f[10]))
	t.set("ssl_cipher", dash(f[14]))
	t.set("ssl_protocol", dash(f[15]))
	if len(f) > 17 {
		t.set("domain", dash(f[17]))
	}
	t.set(attrAction, "connect")
	t.e.Message = say("tls", f[5]+" -> "+f[6], t.get("domain"))
	return ""
}

// s3Line reads a request to a bucket.
func s3Line(t *tale, text string) string {
	f := quotedFields(text, 40)
	if len(f) < 17 || len(f[2]) != 26 || !t.web(f[2]) {
		return "no access log line of S3"
	}
	t.e.Source = "cloud"
	t.e.User = dash(f[4])
	t.set("resource", f[1]+pre("/", dash(f[7])))
	t.set("bucket", f[1])
	t.set("key", dash(f[7]))
	t.peer(dash(f[3]))
	t.set("request_id", f[5])
	t.set("operation", f[6])
	t.request(f[8])
	t.status(f[9])
	t.set("reason", dash(f[10]))
	t.set("bytes", dash(f[11]))
	t.set("referer", dash(f[15]))
	t.set("user_agent", dash(f[16]))
	switch parts := strings.Split(f[6], "."); {
	case len(parts) > 2 && parts[1] == "GET" && parts[2] == "OBJECT":
		t.set(attrAction, "download")
	case len(parts) > 1:
		t.set(attrAction, map[string]string{"GET": "read", "HEAD": "read", "PUT": "create", "POST": "create", "DELETE": "delete", "COPY": "create"}[parts[1]])
	}
	t.e.Message = say(f[6], pre("by ", t.e.User), pre("from ", dash(f[3])), pre(": ", t.get("resource")), f[9], post(dash(f[10])))
	return ""
}

// vpcDefault are the fields of a flow log, version 2.
func vpcDefault() []string {
	return strings.Fields("version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status")
}

// parseVPC reads flow logs: a heading that names the fields, or the default
// ones. Exports by way of CloudWatch have the time of receipt in front.
func parseVPC(j *job, r *bufio.Reader) error {
	fields := vpcDefault()
	return eachLine(j, r, func(ln line) error {
		if vpcHeading(ln.text) {
			fields = strings.Fields(string(ln.text[:min(len(ln.text), 8<<10)]))
			return nil
		}
		e := timeline.Event{TimeKind: timeline.Started, Source: "network", Attributes: make(timeline.Attributes, 0, 24)}
		t := tale{j: j, e: &e, a: &e.Attributes}
		ln.held, ln.valid = false, false
		values := strings.Fields(textOf(ln, t.a))
		if len(values) == len(fields)+1 && strings.HasSuffix(values[0], "Z") {
			values = values[1:]
		}
		why := "other values than fields"
		if len(values) == len(fields) {
			why = vpcRecord(&t, fields, values)
		}
		if why != "" {
			j.reject(ln.offset, ln.text, why)
			return nil
		}
		return j.add(ln.offset, e)
	})
}

func vpcRecord(t *tale, fields, values []string) string {
	for i, name := range fields {
		if name = strings.ReplaceAll(name, "_", "-"); values[i] != "-" && !isOurs(name) {
			t.a.Set(name, values[i])
		}
	}
	start := t.get("start")
	if !t.since(start, timeline.Second) {
		return "no time"
	}
	verdict := t.get("action")
	t.a.Delete("action")
	switch verdict {
	case "ACCEPT":
		t.set(attrAction, "connect")
		t.set(attrOutcome, "success")
	case "REJECT":
		t.set(attrAction, "connect")
		t.set(attrOutcome, "failure")
	}
	t.set("verdict", verdict)
	t.set(attrSrcIP, t.get("srcaddr"))
	t.set(attrSrcPort, t.get("srcport"))
	t.set("dst_ip", t.get("dstaddr"))
	t.set("dst_port", t.get("dstport"))
	t.set("account", t.get("account-id"))
	protocol := t.get("protocol")
	protocol = cmp.Or(map[string]string{"1": "ICMP", "6": "TCP", "17": "UDP", "58": "ICMPv6"}[protocol], protocol)
	flow := arrow(t.get("srcaddr"), t.get("srcport"), t.get("dstaddr"), t.get("dstport"))
	t.e.Message = say(cmp.Or(verdict, t.get("log-status")), protocol, flow, pre("", t.get("bytes")), map[bool]string{true: "bytes"}[t.get("bytes") != ""])
	return ""
}

func vpcHeading(b []byte) bool {
	return (bytes.Contains(b, []byte("srcaddr")) || bytes.Contains(b, []byte("pkt-srcaddr"))) && bytes.Contains(b, []byte("start"))
}

func isVPC(_ string, head []byte) bool {
	text, _, _ := bytes.Cut(head, []byte("\n"))
	if len(text) < 4096 && vpcHeading(text) && bytes.IndexByte(text, ',') < 0 && bytes.IndexByte(text, '{') < 0 {
		return true
	}
	f := strings.Fields(string(text[:min(len(text), 1024)]))
	if len(f) == 15 && strings.HasSuffix(f[0], "Z") {
		f = f[1:]
	}
	if len(f) != 14 || f[0] != "2" || !strings.HasPrefix(f[2], "eni-") && f[2] != "-" {
		return false
	}
	_, err := strconv.ParseInt(f[10], 10, 64)
	return err == nil
}
