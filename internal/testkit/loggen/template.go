package loggen

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"firebreak/internal/lazyre"
)

// template is the text of a line with holes.
type template struct {
	program string
	parts   []part
}

// part is a piece of text, or a hole.
type part struct {
	text string
	hole byte // 'i' an address, 'x' a hexadecimal number, 'n' a number, 'u' a user; 0: text
	size int  // digits
}

var (
	holes = lazyre.New(`(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})|0x([0-9a-f]{4,16})|\b(\d{3,12})\b|(?:user(?:=| )|for )([a-z][a-z0-9]{2,14})\b`)
	bsd   = lazyre.New(`^\w{3}\s+\d+ \d\d:\d\d:\d\d \S+ ([^:\[ ]+)(?:\[\d+\])?: (.*)$`)
)

func parse(program, text string) template {
	t := template{program: program}
	last := 0
	for _, m := range holes.FindAllStringSubmatchIndex(text, -1) {
		for i, hole := range []byte("ixnu") {
			from, to := m[2*i+2], m[2*i+3]
			if from < 0 {
				continue
			}
			t.parts = append(t.parts, part{text: text[last:from]}, part{hole: hole, size: to - from})
			last = to
		}
	}
	t.parts = append(t.parts, part{text: text[last:]})
	return t
}

// parseAll reads lines of "PROGRAM: TEXT".
func parseAll(lines string) []template {
	var out []template
	for line := range strings.Lines(lines) {
		if program, text, ok := strings.Cut(strings.TrimSpace(line), ": "); ok {
			out = append(out, parse(program, text))
		}
	}
	return out
}

// load takes the templates of real logs where the folder has them.
func (p *pools) load(corpus string) error {
	for name, to := range map[string]*[]template{"OpenSSH_2k.log": &p.sshd, "Linux_2k.log": &p.linux} {
		b, err := os.ReadFile(filepath.Join(corpus, "loghub", name))
		if err != nil {
			return fmt.Errorf("read the templates: %w", err)
		}
		var all []template
		for line := range strings.Lines(string(b)) {
			if m := bsd.FindStringSubmatch(strings.TrimSpace(line)); m != nil && len(m[2]) > 5 {
				all = append(all, parse(m[1], m[2]))
			}
		}
		if len(all) == 0 {
			return fmt.Errorf("read the templates: %s has no line of syslog", name)
		}
		*to = all
	}
	p.from = "loghub for sshd and Linux, hand-written for the rest"
	return nil
}

// fill adds the template's text to the row, its holes filled anew.
func (l *Log) fill(row *Row, parts []part) {
	msg := row.Message
	for i := range parts {
		switch p := &parts[i]; p.hole {
		case 'i':
			row.Address = l.addresses[l.draw.address.Uint64()]
			msg = append(msg, row.Address...)
		case 'n':
			least := 1
			for range min(p.size-1, 8) {
				least *= 10
			}
			msg = strconv.AppendInt(msg, int64(least+l.r.IntN(9*least)), 10)
		case 'x':
			h := l.hexes[l.draw.hex.Uint64()]
			msg = append(msg, h[:min(p.size, len(h))]...)
		case 'u':
			msg = append(msg, l.names[l.draw.name.Uint64()]...)
		default:
			msg = append(msg, p.text...)
		}
	}
	row.Message = msg
}

// write makes the row's program and message.
func (l *Log) write(row *Row) {
	switch row.Kind {
	case "sshd":
		l.tagged(row, l.sshd)
	case "linux":
		l.tagged(row, l.linux)
	case "mac":
		l.tagged(row, l.mac)
	case "apache":
		t := &l.apache[l.r.IntN(len(l.apache))]
		row.Program = "httpd"
		row.Message = append(append(append(row.Message, '['), t.program...), "] "...)
		l.fill(row, t.parts)
	case "windows":
		t := &l.windows[l.r.IntN(len(l.windows))]
		row.Program = "TrustedInstaller"
		number := [...]int64{4624, 4625, 4688, 4672, 7045, 1102, 4720, 4648}[l.r.IntN(8)]
		row.Message = strconv.AppendInt(append(row.Message, '['), number, 10)
		row.Message = append(append(append(row.Message, " / "...), t.program...), "] "...)
		l.fill(row, t.parts)
	case "hadoop":
		t := &l.hadoop[l.r.IntN(len(l.hadoop))]
		row.Program = "java"
		row.Message = append(append(row.Message, t.program...), ' ')
		l.fill(row, t.parts)
	case "files":
		row.Program = "fs"
		row.Message = append(row.Message, l.paths[l.draw.path.Uint64()]...)
	case "web":
		l.request(row)
	}
}

// tagged is a line as a super-timeline shows it.
func (l *Log) tagged(row *Row, of []template) {
	t := &of[l.r.IntN(len(of))]
	row.Program = t.program
	row.Message = append(append(append(row.Message, '['), t.program...), ", pid: "...)
	row.Message = append(strconv.AppendInt(row.Message, int64(row.PID), 10), "] "...)
	l.fill(row, t.parts)
}

// request is a line of an access log.
func (l *Log) request(row *Row) {
	row.Program = "apache2"
	row.Address = l.addresses[l.draw.address.Uint64()]
	msg := append(append(row.Message, "GET "...), l.paths[l.draw.path.Uint64()]...)
	if l.r.IntN(2) == 0 {
		msg = strconv.AppendInt(append(msg, "?id="...), int64(l.r.IntN(1_000_000)), 10)
		msg = append(append(msg, "&session="...), l.hexes[l.draw.hex.Uint64()]...)
	}
	msg = append(append(msg, " HTTP/1.1 from: "...), row.Address...)
	code := [...]int64{200, 200, 200, 304, 404, 403, 500, 301}[l.r.IntN(8)]
	msg = strconv.AppendInt(append(msg, " code: "...), code, 10)
	row.Message = append(append(msg, " user_agent: "...), l.clients[l.r.IntN(len(l.clients))]...)
}
