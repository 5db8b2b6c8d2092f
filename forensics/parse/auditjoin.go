package parse

import (
	"bufio"
	"cmp"
	"encoding/hex"
	"net/netip"
	"path"
	"strconv"
	"strings"

	"firebreak/timeline"
)

// parseAudit makes one event of the lines that auditd wrote of one happening:
// those of the same node, time and serial. They need not stand together. An
// event is closed by its EOE line, by a line that is two seconds younger (what
// auparse waits for), or by 128 others that were begun behind it.
//
// Reference: Linux kernel, include/uapi/linux/audit.h and kernel/auditsc.c;
// linux-audit/audit-documentation, "SPEC Audit Event Parsing" and its dictionary
// of fields. The first line gives the fields their names; those of further ones
// stand under TYPE.NAME where a name is taken, and those of PATH under
// path0.NAME, path1.NAME ….
func parseAudit(j *job, r *bufio.Reader) error {
	p := &auditJoin{j: j, open: map[string]*auditEvent{}}
	err := eachLine(j, r, p.line)
	for len(p.order) > 0 && err == nil {
		err = p.close(p.order[0])
	}
	return err
}

const (
	auditOpen    = 128  // events that wait for more lines
	auditLines   = 1024 // lines of one event
	auditWait    = 2    // seconds
	auditCommand = 64 << 10
)

type auditJoin struct {
	j     *job
	open  map[string]*auditEvent
	order []*auditEvent
}

// auditEvent is an event that waits for more lines.
type auditEvent struct {
	key    string
	at     int64
	e      timeline.Event
	kinds  []string
	lines  int
	argv   []string
	args   int // bytes of them
	part   int // of the last one, that comes next
	title  string
	cwd    string
	paths  []string
	target string // the path that the event is about
}

func (p *auditJoin) line(ln line) error {
	e := timeline.Event{Precision: timeline.Millisecond, TimeKind: timeline.Logged, Source: "audit", Attributes: make(timeline.Attributes, 0, 32)}
	ln.held, ln.valid = false, false // events stay longer than lines
	if why := auditLine(p.j, &e, textOf(ln, &e.Attributes)); why != "" {
		p.j.reject(ln.offset, ln.text, why)
		return nil
	}
	key := e.Host + "\x00" + strconv.FormatInt(e.Time.UnixNano(), 10) + ":" + e.Attributes.Get("serial")
	for len(p.order) > 0 && e.Time.Unix()-p.order[0].e.Time.Unix() > auditWait {
		if err := p.close(p.order[0]); err != nil {
			return err
		}
	}
	g := p.open[key]
	if g == nil {
		if len(p.order) >= auditOpen {
			if err := p.close(p.order[0]); err != nil {
				return err
			}
		}
		g = &auditEvent{key: key, at: ln.offset, e: e}
		p.open[key] = g
		p.order = append(p.order, g)
		g.first()
	} else {
		g.join(e)
	}
	if g.lines >= auditLines || g.kinds[len(g.kinds)-1] == "EOE" {
		return p.close(g)
	}
	return nil
}

// close hands an event over.
func (p *auditJoin) close(g *auditEvent) error {
	delete(p.open, g.key)
	for i := range p.order {
		if p.order[i] == g {
			p.order = append(p.order[:i], p.order[i+1:]...)
			break
		}
	}
	g.settle()
	return p.j.add(g.at, g.e)
}

// first takes what the first line has for the whole event.
func (g *auditEvent) first() {
	kind := g.e.Attributes.Get("type")
	g.kinds, g.lines = append(g.kinds, kind), 1
	if !g.special(kind, &g.e.Attributes) {
		return
	}
	var rest timeline.Attributes // the fields of such lines have names of their own
	for _, x := range g.e.Attributes {
		switch x.Name {
		case "type", "serial", attrTimeForm, attrTimeText, attrEncoding, attrTruncated:
			rest.Set(x.Name, x.Value)
		}
	}
	fields := g.e.Attributes
	g.e.Attributes = rest
	g.keep(kind, fields)
}

// join takes a further line.
func (g *auditEvent) join(e timeline.Event) {
	kind := e.Attributes.Get("type")
	if n := len(g.kinds); g.kinds[n-1] != kind {
		g.kinds = append(g.kinds, kind)
	}
	g.lines++
	if e.User != "" && g.e.User == "" {
		g.e.User = e.User
	}
	g.special(kind, &e.Attributes)
	g.keep(kind, e.Attributes)
}

// special reads the lines that belong to others, and says whether it was one.
func (g *auditEvent) special(kind string, a *timeline.Attributes) bool {
	switch kind {
	case "EXECVE":
		g.execve(a)
	case "CWD":
		g.cwd = a.Get("cwd")
	case "PROCTITLE":
		g.title = a.Get("proctitle")
	case "PATH":
		if name := a.Get("name"); name != "" && name != "(null)" {
			g.paths = append(g.paths, name)
			if kind := a.Get("nametype"); g.target == "" && kind != "PARENT" {
				g.target = name
			}
		}
	default:
		return false
	}
	return true
}

// execve adds the arguments of a line; a long one comes in parts, a1[0], a1[1] …,
// which go on in further lines, as many arguments do.
func (g *auditEvent) execve(a *timeline.Attributes) {
	if n := len(g.argv); n > 0 { // the parts of the last one
		g.argv[n-1] += g.partsOf(a, n-1)
	}
	for n := len(g.argv); n < 1<<16; n++ {
		name := "a" + strconv.Itoa(n)
		arg := a.Get(name)
		g.part = 0
		arg += g.partsOf(a, n)
		if arg == "" && !a.Has(name) && !a.Has(name+"_len") {
			return
		}
		if g.args += len(arg) + 1; g.args > auditCommand {
			g.e.Attributes.Set(attrTruncated, "arguments beyond "+strconv.Itoa(auditCommand)+" bytes")
			return
		}
		g.argv = append(g.argv, arg)
	}
}

// partsOf are the parts of an argument that a line has, behind those before.
func (g *auditEvent) partsOf(a *timeline.Attributes, n int) string {
	var text []byte
	for ; g.args+len(text) < auditCommand; g.part++ {
		part := "a" + strconv.Itoa(n) + "[" + strconv.Itoa(g.part) + "]"
		if !a.Has(part) {
			break
		}
		text = append(text, a.Get(part)...)
	}
	return string(text)
}

// keep takes the fields of a further line, as far as no other has their names.
func (g *auditEvent) keep(kind string, fields timeline.Attributes) {
	a := &g.e.Attributes
	for _, x := range fields {
		name := x.Name
		switch {
		case len(*a) >= 2*maxMembers:
			return
		case name == "type", name == "serial", name == attrTimeForm, name == attrTimeText, name == attrCommand, name == attrOutcome, name == "process",
			name == attrSrcIP, name == attrSrcHost, kind == "EXECVE" && name != "argc", kind == "EOE":
			continue
		case kind == "PATH":
			if name == "item" || name == "name" && x.Value == "(null)" {
				continue
			}
			name = "path" + cmp.Or(fields.Get("item"), "0") + "." + name
		case kind == "SYSCALL" && len(name) == 2 && name[0] == 'a' && name[1] >= '0' && name[1] <= '3' && a.Has(name):
			name = "syscall." + name
		case a.Has(name):
			if a.Get(name) == x.Value {
				continue
			}
			name = strings.ToLower(kind) + "." + name
		}
		if !a.Has(name) {
			a.Set(name, x.Value)
		}
	}
}

// settle puts the event together.
func (g *auditEvent) settle() {
	a := &g.e.Attributes
	if g.lines > 1 {
		a.Set("type", strings.Join(g.kinds, ","))
		a.Set("records", strconv.Itoa(g.lines))
	}
	auditTell(&g.e, g.kinds[0])
	if len(g.argv) > 0 {
		a.Set(attrCommand, strings.Join(g.argv, " "))
	} else if g.title != "" && a.Get("cmd") == "" {
		a.Set(attrCommand, g.title)
	}
	if g.target != "" {
		target := g.target
		if g.cwd != "" && target[0] != '/' {
			target = path.Join(g.cwd, target)
		}
		a.Set("path", target)
	}
	if len(g.paths) > 1 {
		a.Set("paths", strings.Join(g.paths, ", "))
	}
	auditAddress(a)
	g.tell()
}

// tell writes the message, and what was done in one word.
func (g *auditEvent) tell() {
	a := &g.e.Attributes
	kind := g.kinds[0]
	call := auditCall(a)
	if call != "" {
		a.Set("syscall_name", call)
		if action := auditCallAction(call); action != "" {
			a.Set(attrAction, action)
		}
	} else if action := auditKindAction(kind); action != "" {
		a.Set(attrAction, action)
	}
	if g.lines == 1 {
		if kind == "EXECVE" || kind == "PROCTITLE" {
			g.e.Message = kind + ": " + a.Get(attrCommand)
		} else if said := auditSaid(&g.e, kind); said != "" {
			g.e.Message = said
		}
		return
	}
	what := a.Get(attrCommand)
	if p := a.Get("path"); p != "" && call != "execve" && call != "execveat" {
		what = say(p, pre("by ", what))
	}
	if ip := a.Get("dst_ip"); ip != "" {
		what = say("to", withPort(ip, a.Get("dst_port")), pre("by ", what))
	}
	failed := ""
	if a.Get(attrOutcome) == "failure" {
		failed = say("failed", a.Get("exit"))
	}
	who := cmp.Or(g.e.User, pre("auid ", auditID(a)))
	g.e.Message = say(g.kinds[0], call, pre("by ", who), pre("key ", a.Get("key")), pre(": ", what), post(failed))
}

// auditKindAction is what a line of a program says was done.
func auditKindAction(kind string) string {
	switch kind {
	case "USER_LOGIN", "LOGIN":
		return "login"
	case "USER_LOGOUT":
		return "logout"
	case "USER_AUTH":
		return "auth"
	case "USER_START":
		return "session_open"
	case "USER_END":
		return "session_close"
	case "ADD_USER", "ADD_GROUP":
		return "create"
	case "DEL_USER", "DEL_GROUP":
		return "delete"
	case "USER_MGMT", "GRP_MGMT", "USER_CHAUTHTOK", "ACCT_LOCK", "ACCT_UNLOCK", "CHUSER_ID", "CHGRP_ID", "GRP_CHAUTHTOK", "USER_ROLE_CHANGE", "CONFIG_CHANGE":
		return "modify"
	case "USER_CMD":
		return "exec"
	case "SERVICE_START":
		return "start"
	case "SERVICE_STOP":
		return "stop"
	case "SOFTWARE_UPDATE":
		return "install"
	case "KERN_MODULE":
		return "load"
	}
	return ""
}

func auditCallAction(call string) string {
	switch call {
	case "execve", "execveat":
		return "exec"
	case "connect":
		return "connect"
	case "unlink", "unlinkat", "rmdir":
		return "delete"
	case "rename", "renameat", "renameat2":
		return "rename"
	case "mkdir", "mkdirat", "creat", "link", "linkat", "symlink", "symlinkat", "mknod", "mknodat":
		return "create"
	case "chmod", "fchmod", "fchmodat", "chown", "fchown", "fchownat", "lchown", "setxattr", "truncate", "ftruncate":
		return "modify"
	case "init_module", "finit_module", "delete_module":
		return "load"
	case "mount":
		return "mount"
	}
	return ""
}

// auditCall is the name of the system call: as an enriched log says it, or by
// its number on the machines that most have.
func auditCall(a *timeline.Attributes) string {
	if name := a.Get("SYSCALL"); name != "" {
		return name
	}
	number := a.Get("syscall")
	switch a.Get("arch") {
	case "c000003e":
		return callX86(number)
	case "c00000b7":
		return callArm(number)
	}
	return ""
}

// auditAddress reads saddr: a struct sockaddr as the kernel writes it, in
// hexadecimal. The family is in the order of the machine, which is little on
// all that have many.
func auditAddress(a *timeline.Attributes) {
	b, err := hex.DecodeString(a.Get("saddr"))
	if err != nil || len(b) < 4 {
		return
	}
	family := int(b[0]) | int(b[1])<<8
	port := strconv.Itoa(int(b[2])<<8 | int(b[3]))
	switch {
	case family == 2 && len(b) >= 8:
		a.Set("dst_ip", netip.AddrFrom4([4]byte(b[4:8])).String())
		a.Set("dst_port", port)
	case family == 10 && len(b) >= 24:
		a.Set("dst_ip", netip.AddrFrom16([16]byte(b[8:24])).Unmap().String())
		a.Set("dst_port", port)
	case family == 1:
		text, _ := cString(b[2:])
		if text != "" {
			a.Set("socket", text)
		}
	}
}
