package parse

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"firebreak/timeline"
)

// maxMembers bounds the members of one object that become attributes.
const maxMembers = 256

// snapshots maps each format of JSON lines that package forensics writes to how
// its lines are told.
func snapshots() map[string]func(*timeline.Event, members) {
	return map[string]func(*timeline.Event, members){
		"fb.processes": tellProcess,
		"fb.sockets":   tellSocket,
		"fb.openfiles": tellOpenFile,
		"fb.modules":   tellModule,
		"fb.mounts":    tellMount,
		"fb.routes":    tellRoute,
		"fb.units":     tellUnit,
		"fb.accounts":  tellAccount,
		"fb.system":    tellSystem,

		"fb.environment": tellEnvironment,
		"fb.kernel":      tellSetting,
		"fb.kmsg":        tellKernelMessage,
		"fb.bpf":         tellBPF,
		"fb.firewall":    tellFirewall,
		"fb.sessions":    tellSession,
		"fb.containers":  tellContainer,
		"fb.timers":      tellTimer,
		"fb.packagefile": tellPackageFile,
		"fb.files":       tellFile,

		"fb.winprocesses": tellWindowsProcess,
		"fb.winsockets":   tellWindowsSocket,
		"fb.windrivers":   tellWindowsDriver,
	}
}

// members is one flat JSON object: texts as they are, the rest as JSON.
type members map[string]string

// parseSnapshot reads one format of snapshots. A process stands at its start
// and a unit's file at its modification; everything else is state, observed at
// the time of collection. All members become attributes.
func parseSnapshot(j *job, r *bufio.Reader) error {
	tell := snapshots()[j.src.Parser]
	return eachLine(j, r, func(ln line) error {
		if ln.cut {
			j.reject(ln.offset, ln.text, "line is too long")
			return nil
		}
		m, err := object(ln.text)
		if err != nil {
			j.reject(ln.offset, ln.text, err.Error())
			return nil
		}
		e := timeline.Event{
			Time: j.src.Collected, Precision: timeline.Second, TimeKind: timeline.Observed,
			Source: strings.TrimPrefix(j.src.Parser, "fb."), User: m["user"],
		}
		if !sane(e.Time) {
			e.Time = time.Time{}
		} else {
			e.Time = e.Time.UTC()
		}
		tell(&e, m)
		e.Attributes = timeline.AttributesOf(m)
		return j.add(ln.offset, e)
	})
}

// object reads one JSON object without keeping its shape: members that are no
// texts stay JSON.
func object(b []byte) (members, error) {
	text := strings.TrimSpace(view(b))
	if text == "" || text[0] != '{' || !json.Valid(b) {
		return nil, errors.New("no JSON object")
	}
	m := make(members, 16)
	objectMembers(text, func(name, value string, _ bool) { m[strings.Clone(name)] = strings.Clone(value) })
	if len(m) > maxMembers {
		return nil, fmt.Errorf("more than %d members", maxMembers)
	}
	return m, nil
}

// list reads a member that is an array of texts.
func (m members) list(name string) []string {
	var out []string
	if json.Unmarshal([]byte(m[name]), &out) != nil {
		return nil
	}
	return out
}

// when reads a member that is a time.
func (m members) when(name string) (time.Time, bool) {
	t, err := time.Parse(time.RFC3339Nano, m[name])
	return t.UTC(), err == nil && sane(t)
}

func tellProcess(e *timeline.Event, m members) {
	e.Source = "process"
	state := "seen"
	if t, ok := m.when("started"); ok {
		e.Time, e.Precision, e.TimeKind = t, timeline.Millisecond, timeline.Started
		state = "started"
	}
	what := "[" + m["comm"] + "]"
	if argv := m.list("argv"); len(argv) > 0 {
		what = strings.Join(argv, " ")
		m[attrCommand] = what
	}
	m["process"] = m["comm"]
	e.Message = fmt.Sprintf("process %s %s: %s", m["pid"], state, what)
	if m["exe_deleted"] == "true" {
		e.Message += " (its executable " + m["exe"] + " is deleted)"
	}
	if m["exe_memfd"] == "true" {
		e.Message += " (its executable lies in memory only)"
	}
	if m["exe_sha256"] != "" {
		m["sha256"] = m["exe_sha256"]
	}
	oddities(e, m)
}

func tellSocket(e *timeline.Event, m members) {
	e.Source = "network"
	for _, side := range []string{"local", "remote"} {
		if ap, err := netip.ParseAddrPort(m[side]); err == nil {
			m[side+"_ip"] = ap.Addr().Unmap().WithZone("").String()
			m[side+"_port"] = strconv.Itoa(int(ap.Port()))
		}
	}
	e.Message = m["proto"] + " " + m["state"] + " " + m["local"] + m["path"]
	if m["remote"] != "" {
		e.Message += " to " + m["remote"]
	}
	if m["protocol"] != "" {
		e.Message += " protocol " + m["protocol"]
	}
	held(e, m)
	if m["filter"] != "" {
		e.Message += ", with a filter of " + m["filter"] + " instructions"
	}
	if m["hidden"] != "" {
		e.Message += ", hidden from " + m["hidden"]
	}
}

func tellOpenFile(e *timeline.Event, m members) {
	e.Source = "file"
	m["process"] = m["comm"]
	how := "descriptor " + m["fd"]
	if m["mapped"] != "" {
		how = "mapping " + m["mapped"]
	}
	reasons := strings.Join(m.list("why"), ", ")
	if reasons == "" || reasons == "deleted" {
		reasons = "file without a name"
	}
	e.Message = fmt.Sprintf("%s held by %s[%s], %s: %s", reasons, m["comm"], m["pid"], how, m["path"])
	if m["object"] != "" {
		e.Message += ", " + m["object"]
	}
	if m["count"] != "" && m["count"] != "1" {
		e.Message += ", " + m["count"] + " times"
	}
}

func tellModule(e *timeline.Event, m members) {
	e.Source = "kernel"
	e.Message = "kernel module " + m["name"] + " " + strings.ToLower(m["state"])
	if m["taint"] != "" {
		e.Message += ", taint " + m["taint"]
	}
	if m["hidden"] == "true" {
		e.Message += ", hidden from /proc/modules"
	}
	if m["no_sysfs"] == "true" {
		e.Message += ", hidden from /sys/module"
	}
}

func tellMount(e *timeline.Event, m members) {
	e.Source = "mount"
	e.Message = fmt.Sprintf("%s mounted on %s, type %s, %s", m["source"], m["point"], m["type"], m["options"])
}

func tellRoute(e *timeline.Event, m members) {
	e.Source = "network"
	e.Message = strings.TrimSpace(strings.Join([]string{m["kind"], m["address"], "on", m["interface"]}, " "))
	if m["gateway"] != "" {
		e.Message += " by " + m["gateway"]
	}
	if m["hardware"] != "" {
		e.Message += " at " + m["hardware"]
	}
}

func tellUnit(e *timeline.Event, m members) {
	e.Source = "unit"
	var stat struct {
		Modified time.Time `json:"modified"`
	}
	if json.Unmarshal([]byte(m["stat"]), &stat) == nil && sane(stat.Modified) {
		e.Time, e.Precision, e.TimeKind = stat.Modified.UTC(), timeline.Nanosecond, timeline.Modified
	}
	e.Message = "unit " + m["name"] + " at " + m["path"]
	if m["target"] != "" {
		e.Message += " -> " + m["target"]
	}
	if run := m.list("exec"); len(run) > 0 {
		e.Message += ": " + strings.Join(run, "; ")
	}
}

func tellAccount(e *timeline.Event, m members) {
	e.Source = "account"
	e.User = m["name"]
	e.Message = fmt.Sprintf("account %s, uid %s, shell %s, password %s", m["name"], m["uid"], m["shell"], m["password"])
}

func tellSystem(e *timeline.Event, m members) {
	e.Source = "system"
	if t, ok := m.when("now"); ok {
		e.Time, e.Precision = t, timeline.Nanosecond
	}
	if m["host"] != "" {
		e.Host = m["host"]
	}
	e.Message = fmt.Sprintf("system %s: %s, kernel %s", m["host"], m["os"], m["kernel"])
	if m["boot"] != "" {
		e.Message += ", boot " + m["boot"]
	}
}

// isSnapshot knows a format by the members that only its lines have.
func isSnapshot(format string) func(string, []byte) bool {
	needs := map[string][]string{
		"fb.processes": {`"start_ticks":`, `"ppid":`},
		"fb.sockets":   {`{"proto":`, `"state":`, `"inode":`},
		"fb.openfiles": {`{"pid":`, `"fd":`, `"links":`},
		"fb.modules":   {`{"name":`, `"refs":`},
		"fb.mounts":    {`{"id":`, `"point":`},
		"fb.routes":    {`{"kind":`, `"interface":`, `"address":`},
		"fb.units":     {`{"path":`, `"kind":`, `"stat":`},
		"fb.accounts":  {`{"name":`, `"home":`, `"shell":`},
		"fb.extents":   {`{"offset":`, `"data":`, `"size":`},
		"fb.files":     {`{"path":`, `"why":`, `"stat":`},
		"fb.system":    {`{"host":`, `"kernel":`, `"clock":`},

		"fb.environment": {`{"pid":`, `"variables":`},
		"fb.kernel":      {`{"kind":"sysctl","name":"`},
		"fb.kmsg":        {`{"seq":`, `"since_us":`},
		"fb.firewall":    {`{"kind":"`, `"engine":`, `"family":`},
		"fb.sessions":    {`{"logind_session":`, `"uid":`},
		"fb.containers":  {`{"runtime":`, `"id":`, `"source":`},
		"fb.timers":      {`{"name":`, `.timer"`, `"path":`},
		"fb.packagefile": {`{"path":`, `"finding":`},
	}[format]
	return func(_ string, head []byte) bool {
		text, _, _ := bytes.Cut(head, []byte("\n"))
		if len(text) == 0 || text[0] != '{' {
			return false
		}
		for _, s := range needs {
			if !bytes.Contains(text, []byte(s)) {
				return false
			}
		}
		return true
	}
}
