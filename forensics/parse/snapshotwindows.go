package parse

import (
	"bytes"
	"path"
	"strings"

	"firebreak/timeline"
)

// How the live state of Windows is told: with the attributes that that of Linux
// has, so that one filter finds both.

func tellWindowsProcess(e *timeline.Event, m members) {
	e.Source = "process"
	m[attrAction] = "exec" // also where its start could not be read: it runs
	state := "seen"
	if t, ok := m.when("started"); ok {
		e.Time, e.Precision, e.TimeKind = t, timeline.Nanosecond, timeline.Started
		state = "started"
	}
	what := m["command"]
	if what == "" {
		what = "[" + m["comm"] + "]"
	}
	m["process"] = m["comm"]
	if m["exe_sha256"] != "" {
		m["sha256"] = m["exe_sha256"]
	}
	e.Message = "process " + m["pid"] + " " + state + ": " + what
	if run := m.list("services"); len(run) > 0 {
		e.Message += ", runs the services " + strings.Join(run, ", ")
	}
	if odd := windowsOddities(m); len(odd) > 0 {
		e.Message += " (" + strings.Join(odd, "; ") + ")"
	}
}

// windowsOddities is what a process' state alone gives away.
func windowsOddities(m members) (out []string) {
	exe := m["exe"]
	folder := strings.Contains(exe, `\`) // those of the kernel's own processes are names only
	if folder && m["exe_deleted"] == "true" {
		out = append(out, "its executable "+exe+" is gone")
	}
	if name := windowsBase(exe); folder && !strings.EqualFold(name, m["comm"]) {
		out = append(out, "listed as "+m["comm"]+", its file is "+name)
	}
	person := strings.HasPrefix(m["sid"], "S-1-5-21-") || strings.HasPrefix(m["sid"], "S-1-12-1-")
	if person && m["integrity"] == "system" {
		out = append(out, "a person's, with the rights of the system")
	}
	return out
}

// windowsBase is the last part of a path of Windows.
func windowsBase(name string) string {
	return path.Base(strings.ReplaceAll(name, `\`, "/"))
}

func tellWindowsSocket(e *timeline.Event, m members) {
	if t, ok := m.when("opened"); ok {
		e.Time, e.Precision, e.TimeKind = t, timeline.Nanosecond, timeline.Started
	}
	tellSocket(e, m)
	switch {
	case m["process"] != "":
		e.Message += ", " + m["process"] + "[" + m["pid"] + "]"
	case m["pid"] != "":
		e.Message += ", process " + m["pid"]
	}
}

func tellWindowsDriver(e *timeline.Event, m members) {
	e.Source = "kernel"
	e.Message = "driver " + m["name"] + " loaded from " + m["path"]
	if m["refused"] != "" {
		e.Message += ", not read: " + m["refused"]
	}
}

// isWindowsState knows a format by how its lines begin, and by what those of
// Linux have and these do not.
func isWindowsState(format string) func(string, []byte) bool {
	form := map[string]struct {
		begins string
		needs  []string
		other  string
	}{
		"fb.winprocesses": {`{"pid":`, []string{`,"ppid":`, `,"comm":"`}, `"start_ticks":`},
		"fb.winsockets":   {`{"proto":"`, []string{`,"state":"`, `,"local":"`}, `"inode":`},
		"fb.windrivers":   {`{"name":"`, []string{`,"load_order":`, `,"image_size":`}, `"refs":`},
	}[format]
	return func(_ string, head []byte) bool {
		text, _, _ := bytes.Cut(head, []byte("\n"))
		for _, s := range form.needs {
			if !bytes.Contains(text, []byte(s)) {
				return false
			}
		}
		return bytes.HasPrefix(text, []byte(form.begins)) && !bytes.Contains(text, []byte(form.other))
	}
}

// windowsStateParsers are the snapshots of a running Windows.
func windowsStateParsers() []parser {
	row := func(name, events, times, of string) parser {
		return parser{name: name, detect: isWindowsState(name), run: parseSnapshot, about: About{Formats: "our own, JSON lines", Events: events, Times: times, Reference: "forensics." + of}}
	}
	return []parser{
		row("fb.winprocesses", "a process of Windows at its start, else observed, with its user, its command and the hash of its executable", "100 ns, UTC", "WindowsProcess"),
		row("fb.winsockets", "a socket of Windows when it was opened or accepted, else observed, with its process", "100 ns, UTC", "WindowsSocket"),
		row("fb.windrivers", "a driver of the running kernel of Windows, observed, with its file's hash", "of the collection", "WindowsDriver"),
	}
}
