package parse

import (
	"bufio"
	"bytes"
	"strconv"
	"strings"

	"firebreak/timeline"
)

// parseTranscript reads PowerShell's transcripts: a heading between lines of
// stars, and then what stood on the screen. A session is an event at its start,
// with what was typed at its prompts; a command with a time above it, as
// -IncludeInvocationHeader writes it, is an event of its own.
//
// Reference: PowerShell, engine/hostifaces/MshHostUserInterface.cs. Local times,
// of 14 digits.
func parseTranscript(j *job, r *bufio.Reader) error {
	p := &transcript{j: j}
	err := eachLine(j, r, p.line)
	if ferr := p.finish(); err == nil {
		err = ferr
	}
	return err
}

type transcript struct {
	j                 *job
	stars, heading    bool
	waiting           bool // a session that is not told yet
	at                int64
	start, user, host string
	program, pid, as  string
	commandTime       string
	commands          int
	typed             []string // commands without a time
	size              int
	attrs             timeline.Attributes
}

const (
	transcriptCommands = 10_000   // of one file that become events
	transcriptTyped    = 64 << 10 // bytes of commands without a time that a session keeps
)

func (p *transcript) line(ln line) error {
	ln.held, ln.valid = false, false
	var a timeline.Attributes
	text := strings.TrimRight(textOf(ln, &a), " ")
	if len(text) >= 20 && strings.Trim(text, "*") == "" {
		p.stars = true
		p.heading = false
		return nil
	}
	after := p.stars
	p.stars = false
	name, value, ok := strings.Cut(text, ":")
	value = strings.TrimSpace(value)
	switch {
	case after && strings.Contains(text, "transcript start"):
		if err := p.finish(); err != nil {
			return err
		}
		p.typed, p.size = nil, 0
		p.heading, p.waiting, p.at = true, true, ln.offset
		p.start, p.user, p.host, p.program, p.pid, p.as, p.attrs = "", "", "", "", "", "", a
	case p.heading && ok:
		switch name {
		case "Start time":
			p.start = value
		case "Username":
			p.user = value
		case "RunAs User":
			p.as = value
		case "Machine":
			p.host, _, _ = strings.Cut(value, " ")
		case "Host Application":
			p.program = value
		case "Process ID":
			p.pid = value
		case "PSVersion":
			p.attrs.Set("version", value)
		}
	case after && strings.HasPrefix(text, "Command start time:"):
		p.commandTime = value
	case strings.HasPrefix(text, "PS ") && strings.Contains(text, ">"):
		return p.command(ln.offset, text)
	}
	return nil
}

// finish tells the session.
func (p *transcript) finish() error {
	if !p.waiting {
		return nil
	}
	p.waiting = false
	e := timeline.Event{TimeKind: timeline.Started, Attributes: p.attrs}
	t := tale{j: p.j, e: &e, a: &e.Attributes}
	if !t.fourteen(p.start) {
		p.j.reject(p.at, nil, "a transcript without a start")
		return nil
	}
	p.fill(&t)
	t.set(attrAction, "exec")
	t.set(attrCommand, p.program)
	t.set("commands", strings.Join(p.typed, "\n"))
	e.Message = say("PowerShell session of", named(p.user), pre(": ", p.program))
	return p.j.add(p.at, e)
}

func (p *transcript) fill(t *tale) {
	t.e.Source, t.e.User, t.e.Host = "process", p.user, p.host
	t.set("process", "powershell")
	t.set("pid", p.pid)
	if p.as != p.user {
		t.set("run_as", p.as)
	}
}

// command tells a line behind a prompt.
func (p *transcript) command(offset int64, text string) error {
	_, command, _ := strings.Cut(text, ">")
	command = strings.TrimSpace(command)
	if command == "" {
		return nil
	}
	if p.commandTime == "" {
		if p.size += len(command) + 1; p.size < transcriptTyped {
			p.typed = append(p.typed, command)
		}
		return nil
	}
	if p.commands++; p.commands > transcriptCommands {
		p.j.reject(offset, nil, "too many commands")
		return nil
	}
	e := timeline.Event{TimeKind: timeline.Started}
	t := tale{j: p.j, e: &e, a: &e.Attributes}
	if !t.fourteen(p.commandTime) {
		p.j.reject(offset, []byte(text), "no time")
		return nil
	}
	p.commandTime = ""
	p.fill(&t)
	t.set(attrAction, "exec")
	t.set(attrCommand, command)
	e.Message = "PS> " + command
	return p.j.add(offset, e)
}

// fourteen takes a local time of fourteen digits: 20220721023749.
func (t *tale) fourteen(s string) bool {
	if len(s) != 14 || digits(s) != s {
		return false
	}
	return t.civil(two(s, 0)*100+two(s, 2), two(s, 4), two(s, 6), two(s, 8), two(s, 10), two(s, 12), "", s)
}

func isTranscript(_ string, head []byte) bool {
	head = head[:min(len(head), 512)]
	return bytes.HasPrefix(head, []byte("**********************")) && bytes.Contains(head, []byte("transcript start")) && bytes.Contains(head, []byte("\nStart time:"))
}

// parseSetupAPI reads Windows' logs of what was installed (setupapi.dev.log,
// setupapi.app.log): sections between ">>>" and "<<<".
//
// Reference: Microsoft Learn, "SetupAPI Text Logs", "Format of a Text Log
// Section". Local times, in milliseconds.
func parseSetupAPI(j *job, r *bufio.Reader) error {
	var s setupSection
	finish := func() error {
		if !s.open {
			return nil
		}
		s.open = false
		return s.add(j)
	}
	err := eachLine(j, r, func(ln line) error {
		ln.held, ln.valid = false, false
		var a timeline.Attributes
		text := textOf(ln, &a)
		switch {
		case strings.HasPrefix(text, ">>>  Section start "):
			if s.open {
				s.start = strings.TrimSpace(text[len(">>>  Section start "):])
			}
		case strings.HasPrefix(text, ">>>  "):
			if err := finish(); err != nil {
				return err
			}
			s = setupSection{open: true, at: ln.offset, title: strings.Trim(text[5:], "[] "), attrs: a}
		case strings.HasPrefix(text, "<<<  Section end "):
			s.end = strings.TrimSpace(text[len("<<<  Section end "):])
		case strings.HasPrefix(text, "<<<  [Exit status: "):
			s.exit = strings.Trim(text[len("<<<  [Exit status: "):], "[] ")
			return finish()
		case s.open:
			s.lines++
			if command, ok := strings.CutPrefix(strings.TrimSpace(text), "cmd: "); ok && s.command == "" {
				s.command = command
			}
		}
		return nil
	})
	if ferr := finish(); err == nil {
		err = ferr
	}
	return err
}

type setupSection struct {
	open                             bool
	at                               int64
	title, start, end, exit, command string
	lines                            int
	attrs                            timeline.Attributes
}

// add tells a section at its start.
func (s *setupSection) add(j *job) error {
	e := timeline.Event{TimeKind: timeline.Started, Source: "system", Attributes: s.attrs}
	t := tale{j: j, e: &e, a: &e.Attributes}
	y, mon, d, ok := date(strings.ReplaceAll(s.start, "/", "-"), 0)
	h, m, sec, ok2 := clock(s.start, 11)
	if !ok || !ok2 || !t.civil(y, mon, d, h, m, sec, fractionOf(s.start), s.start) {
		j.reject(s.at, []byte(s.title), "a section without a start")
		return nil
	}
	t.set("title", s.title)
	t.set("ended", s.end)
	t.set(attrCommand, s.command)
	t.set("lines", strconv.Itoa(s.lines))
	kind, device, ok := strings.Cut(s.title, " - ")
	if ok {
		t.set("device", device)
	}
	switch low := strings.ToLower(kind); {
	case strings.Contains(low, "uninstall"), strings.Contains(low, "delete"):
		t.set(attrAction, "remove")
	case strings.Contains(low, "install"), strings.Contains(low, "import"), strings.Contains(low, "stage"):
		t.set(attrAction, "install")
		if strings.Contains(low, "install") {
			e.TimeKind = timeline.Installed
		}
	}
	switch {
	case s.exit == "SUCCESS":
		t.set(attrOutcome, "success")
	case strings.HasPrefix(s.exit, "FAILURE"):
		t.set(attrOutcome, "failure")
	}
	failed := s.exit
	if failed == "SUCCESS" {
		failed = ""
	}
	e.Message = say(s.title, post(failed))
	return j.add(s.at, e)
}

func isSetupAPI(_ string, head []byte) bool {
	head = head[:min(len(head), 4096)]
	return bytes.HasPrefix(head, []byte("[Device Install Log]")) || bytes.HasPrefix(head, []byte("[SetupAPI Log]")) || bytes.HasPrefix(head, []byte(">>>  [")) && bytes.Contains(head, []byte("\n>>>  Section start "))
}
