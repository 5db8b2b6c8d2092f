package parse

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"firebreak/timeline"
)

// How the state of a running host is told: what a person should see of each
// line, and why.

// why appends the reasons that a collector gave.
func why(e *timeline.Event, reasons []string) {
	if len(reasons) > 0 {
		e.Message += ": " + strings.Join(reasons, ", ")
	}
}

// held tells who holds something, and makes the first holder the event's process.
func held(e *timeline.Event, m members) {
	var owners []struct {
		PID  int    `json:"pid"`
		Comm string `json:"comm"`
	}
	if json.Unmarshal([]byte(m["owners"]), &owners) != nil {
		return
	}
	for i, o := range owners {
		if i == 0 {
			m["process"], m["pid"] = o.Comm, strconv.Itoa(o.PID)
		}
		if i == 8 {
			e.Message += fmt.Sprintf(" and %d more", len(owners)-i)
			break
		}
		comm, _ := clean([]byte(o.Comm))
		e.Message += fmt.Sprintf(", %s[%d]", comm, o.PID)
	}
}

// oddities tells what a process' state alone gives away.
func oddities(e *timeline.Event, m members) {
	var out []string
	if m["hidden"] == "true" {
		out = append(out, "hidden from the list of processes")
	}
	if m["tracer"] != "" && m["tracer"] != "0" {
		out = append(out, "traced by process "+m["tracer"])
	}
	if loader := m.list("loader"); len(loader) > 0 {
		out = append(out, "loads "+strings.Join(loader, " "))
	}
	if m["container"] != "" {
		out = append(out, "in container "+m["container"][:min(len(m["container"]), 12)])
	}
	if m["login_user"] != "" && m["login_user"] != m["user"] {
		out = append(out, "of a login of "+m["login_user"])
	}
	if len(out) > 0 {
		e.Message += " (" + strings.Join(out, "; ") + ")"
	}
}

// tellEnvironment names the variables. Their values may be secrets: they stay in
// the exhibit.
func tellEnvironment(e *timeline.Event, m members) {
	e.Source = "process"
	m["process"] = m["comm"]
	var names []string
	for _, v := range m.list("variables") {
		name, _, _ := strings.Cut(v, "=")
		names = append(names, name)
	}
	delete(m, "variables")
	delete(m, "raw")
	m["names"] = strings.Join(names, " ")
	e.Message = fmt.Sprintf("environment of process %s (%s): %d variables, values in the exhibit", m["pid"], m["comm"], len(names))
}

func tellSetting(e *timeline.Event, m members) {
	e.Source = "kernel"
	switch m["kind"] {
	case "taint":
		e.Message = "kernel is tainted: " + m["name"]
	case "sysctl", "security":
		e.Message = "kernel setting " + m["name"] + " = " + m["value"]
	default:
		e.Message = m["kind"] + " " + m["name"]
	}
	if m["note"] != "" {
		e.Message += ": " + m["note"]
	}
}

func tellKernelMessage(e *timeline.Event, m members) {
	e.Source = "kernel"
	if t, ok := m.when("time"); ok {
		e.Time, e.Precision, e.TimeKind = t, timeline.Microsecond, timeline.Logged
	}
	m["severity"] = m["priority"]
	e.Message = m["text"]
}

func tellBPF(e *timeline.Event, m members) {
	e.Source = "kernel"
	e.Message = "eBPF " + m["kind"] + " " + m["id"] + ", " + m["type"]
	if m["name"] != "" {
		e.Message += " " + m["name"]
	}
	if m["kind"] == "program" {
		if t, ok := m.when("loaded"); ok {
			e.Time, e.Precision, e.TimeKind = t, timeline.Microsecond, timeline.Started
		}
		m["action"] = "load"
		if m["user"] != "" {
			e.Message += ", loaded by " + m["user"]
		}
	}
	if m["program"] != "" {
		e.Message += ", attaches program " + m["program"]
	}
	held(e, m)
	if m["refused"] != "" {
		e.Message += ": " + m["refused"]
	}
}

func tellFirewall(e *timeline.Event, m members) {
	e.Source = "firewall"
	e.Message = strings.Join(strings.Fields(strings.Join([]string{m["engine"], m["kind"], m["family"], m["table"], m["chain"], m["set"]}, " ")), " ")
	if m["hook"] != "" {
		e.Message += ", hook " + m["hook"] + ", policy " + m["policy"]
	}
	if m["rule"] != "" {
		m["title"] = m["comment"]
		e.Message += ": " + m["rule"]
	}
	if m["comment"] != "" {
		e.Message += " # " + m["comment"]
	}
}

func tellSession(e *timeline.Event, m members) {
	e.Source = "auth"
	if t, ok := m.when("started"); ok {
		e.Time, e.Precision, e.TimeKind = t, timeline.Microsecond, timeline.Started
	}
	m["action"], m["session"] = "login", m["logind_session"]
	e.Message = "session " + m["session"] + " of " + m["user"]
	for _, part := range [][2]string{{" by ", m["service"]}, {" on ", m["tty"]}, {" from ", m["src_host"]}, {", ", m["state"]}} {
		if part[1] != "" {
			e.Message += part[0] + part[1]
		}
	}
}

func tellContainer(e *timeline.Event, m members) {
	e.Source = "container"
	for _, at := range []struct {
		member string
		kind   timeline.TimeKind
	}{{"started", timeline.Started}, {"created", timeline.Born}} {
		if t, ok := m.when(at.member); ok && t.Year() > 1 {
			e.Time, e.Precision, e.TimeKind = t, timeline.Nanosecond, at.kind
			break
		}
	}
	name := m["name"]
	if name == "" {
		name = m["id"][:min(len(m["id"]), 12)]
	}
	m["container"] = m["id"]
	if argv := m.list("argv"); len(argv) > 0 {
		m[attrCommand] = strings.Join(argv, " ")
	}
	e.Message = m["runtime"] + " container " + name
	if m["runtime"] == "kubelet" {
		e.Message = "pod " + m["id"] + " with containers " + m["name"]
	}
	for _, part := range [][2]string{{" of image ", m["image"]}, {", pod ", m["pod"]}, {", ", m["state"]}} {
		if part[1] != "" {
			e.Message += part[0] + part[1]
		}
	}
	why(e, m.list("why"))
}

func tellTimer(e *timeline.Event, m members) {
	e.Source = "cron"
	if t, ok := m.when("last"); ok {
		e.Time, e.Precision, e.TimeKind = t, timeline.Microsecond, timeline.Started
		m["action"] = "exec"
		e.Message = "timer " + m["name"] + " last ran"
	} else {
		e.Message = "timer " + m["name"]
	}
	if s := m.list("schedule"); len(s) > 0 {
		e.Message += ", " + strings.Join(s, ", ")
	}
	if run := m.list("exec"); len(run) > 0 {
		m[attrCommand] = strings.Join(run, "; ")
		e.Message += ": " + m[attrCommand]
	}
	if m["why"] != "" {
		e.Message += ": " + m["why"]
	}
}

func tellPackageFile(e *timeline.Event, m members) {
	e.Source = "package"
	if t, ok := m.when("changed"); ok {
		e.Time, e.Precision, e.TimeKind = t, timeline.Nanosecond, timeline.Changed
	}
	pkg := strings.TrimSpace(m["package"] + " " + m["version"])
	switch m["finding"] {
	case "changed":
		m["action"] = "modify"
		e.Message = m["path"] + " is not as package " + pkg + " brought it"
		if m["conffile"] == "true" {
			e.Message += " (a configuration file)"
		}
	case "rights":
		m["action"] = "chmod"
		e.Message = "rights of " + m["path"] + " are not as package " + pkg + " gave them"
	case "missing":
		m["action"] = "delete"
		e.Message = m["path"] + " of package " + pkg + " is missing"
	case "unowned":
		e.Message = m["path"] + " belongs to no package"
	case "unread":
		e.Message = m["path"] + " of package " + pkg + " could not be compared"
	case "summary":
		e.Message = fmt.Sprintf("%s files of %s packages compared", m["checked"], m["packages"])
		if m["unread"] != "" {
			e.Message += ", " + m["unread"] + " left out"
		}
	default:
		e.Message = m["finding"] + " " + m["path"]
	}
	if m["note"] != "" {
		e.Message += ": " + m["note"]
	}
}

// isBPF knows "fb.bpf" by how its lines begin.
func isBPF(_ string, head []byte) bool {
	for _, kind := range []string{"program", "map", "link"} {
		if bytes.HasPrefix(head, []byte(`{"kind":"`+kind+`","id":`)) {
			return true
		}
	}
	return false
}

// liveParsers are the snapshots of a running host.
func liveParsers() []parser {
	row := func(name, events, times, of string) parser {
		detect := isSnapshot(name)
		if name == "fb.bpf" {
			detect = isBPF
		}
		return parser{name: name, detect: detect, run: parseSnapshot, about: About{Formats: "our own, JSON lines", Events: events, Times: times, Reference: "forensics." + of}}
	}
	return []parser{
		row("fb.environment", "the names of a process' variables, observed; their values stay in the exhibit", "of the collection", "Environment"),
		row("fb.kernel", "a setting, probe, patch or taint of the kernel, observed, and why it is worth a look", "of the collection", "Setting"),
		row("fb.kmsg", "a record of the kernel's log", "microseconds since boot, made UTC by the host's clock; off by what the machine was asleep", "KernelMessage"),
		row("fb.bpf", "an eBPF program at its loading; a map or link, observed", "nanoseconds since boot, made UTC by the host's clock", "BPF"),
		row("fb.firewall", "a table, chain, rule, set or element, observed", "of the collection", "Firewall"),
		row("fb.sessions", "a session at its start", "microseconds, UTC", "Session"),
		row("fb.containers", "a container at its start, else its making, else observed, and what lets it reach the host", "nanoseconds, UTC", "Container"),
		row("fb.timers", "a timer's last run by its stamp, else the timer as observed", "microseconds, UTC", "Timer"),
		row("fb.packagefile", "a file that differs from its package, or has none, at its last change", "nanoseconds, UTC", "PackageFile"),
	}
}
