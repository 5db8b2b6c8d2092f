package parse

import (
	"bufio"
	"bytes"
	"path"
	"strconv"
	"strings"

	"firebreak/timeline"
)

// parseHistory reads the histories of shells: bash (with and without
// "#seconds" lines), zsh (plain and extended), fish, and plain lists of
// commands of other programs. The form of each line is recognised by itself.
//
// As bash does, a file that begins with a time keeps commands of several lines
// together, up to the next time; in another file a time belongs to one line.
// Commands without a time are undated events.
//
// Reference: bash, lib/readline/histfile.c; zsh, Src/hist.c; fish, src/history.cpp;
// vim, src/viminfo.c; less, cmdbuf.c; wget, src/hsts.c; libedit, src/history.c.
func parseHistory(j *job, r *bufio.Reader) error {
	head, _ := r.Peek(64) // an error comes back when it is read
	if f := otherHistory(j.src.Exhibit.Source, head); f != nil {
		return parseOther(j, r, f)
	}
	p := &historyParser{j: j, user: homeOf(j.src.Exhibit.Source), shell: shellOf(j.src.Exhibit.Source)}
	err := eachLine(j, r, p.line)
	if ferr := p.finish(); err == nil {
		err = ferr
	}
	return err
}

type historyParser struct {
	j           *job
	user, shell string
	began       bool // a line was seen
	joined      bool // the file began with a time: commands may have several lines
	open        bool // event waits for more of itself
	wrapped     bool // the last line of a zsh command ended in a backslash
	fish        bool // the waiting event came from fish
	paths       bool // inside fish's list of paths
	event       timeline.Event
	at          int64
	stamp       string // a "#seconds" line that waits for its command
	stampAt     int64
	text        []string
	size        int
}

func (p *historyParser) finish() error {
	if p.stamp != "" { // a time without a command
		p.j.reject(p.stampAt, []byte("#"+p.stamp), "a time without a command")
		p.stamp = ""
	}
	if !p.open {
		return nil
	}
	p.open, p.wrapped, p.paths = false, false, false
	p.event.Message = strings.Join(p.text, "\n")
	p.text, p.size = nil, 0
	return p.j.add(p.at, p.event)
}

// begin opens an event; more lines may join it.
func (p *historyParser) begin(ln line, offset int64, shell string) {
	a := timeline.Attributes{{Name: "shell", Value: shell}}
	if p.user != "" {
		a.Set("user_from", "path")
	}
	p.event = timeline.Event{Source: "shell", User: p.user, TimeKind: timeline.Started, Precision: timeline.Second, Attributes: a}
	p.at, p.open, p.size = offset, true, len(ln.text)
}

func (p *historyParser) line(ln line) error {
	first := !p.began
	p.began = true
	switch {
	case p.wrapped:
		return p.wrap(ln)
	case p.open && p.fish && bytes.HasPrefix(ln.text, []byte("  ")):
		p.fishMore(ln)
		return nil
	case isBashTime(ln.text):
		if first {
			p.joined = true
		}
		if err := p.finish(); err != nil {
			return err
		}
		p.stamp, p.stampAt = string(ln.text[1:]), ln.offset
		return nil
	case p.stamp != "":
		stamp, at := p.stamp, p.stampAt
		p.stamp = ""
		p.begin(ln, at, "bash")
		sec, err := strconv.ParseInt(stamp, 10, 64)
		if t, ok := epoch(sec, 0); err == nil && ok {
			p.event.Time = t
		}
		p.event.Attributes.Set(attrTimeText, "#"+stamp)
		p.text = append(p.text, textOf(ln, &p.event.Attributes))
		p.fish = false
		if !p.joined {
			return p.finish()
		}
		return nil
	case p.open && p.joined && !p.fish && p.event.Attributes.Get("shell") == "bash":
		return p.join(ln)
	}
	if err := p.finish(); err != nil {
		return err
	}
	if bytes.HasPrefix(ln.text, []byte("- cmd: ")) {
		p.begin(ln, ln.offset, "fish")
		p.fish = true
		text := textOf(line{text: ln.text[7:], size: ln.size, cut: ln.cut}, &p.event.Attributes)
		p.text = append(p.text, fishText(text))
		return nil
	}
	if sec, rest, took, ok := zshHead(ln.text); ok {
		return p.zsh(ln, sec, rest, took)
	}
	p.begin(ln, ln.offset, p.shell)
	p.fish = false
	p.text = append(p.text, textOf(ln, &p.event.Attributes))
	return p.finish()
}

// join adds a line to a bash command of several lines.
func (p *historyParser) join(ln line) error {
	if p.size+len(ln.text)+1 > maxRecord {
		p.j.reject(ln.offset, ln.text, "record is too long")
		return nil
	}
	p.size += len(ln.text) + 1
	p.text = append(p.text, textOf(ln, &p.event.Attributes))
	return nil
}

// isBashTime knows "#1380630977": the number sign and a date of this age.
func isBashTime(b []byte) bool {
	if len(b) < 2 || len(b) > 13 || b[0] != '#' {
		return false
	}
	for _, c := range b[1:] {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(b) >= 9 || string(b) == "#0"
}

// zshHead reads ": 1457771210:0;" of zsh's extended history.
func zshHead(b []byte) (sec int64, rest []byte, took string, ok bool) {
	tail, ok := bytes.CutPrefix(b, []byte(": "))
	if !ok {
		return 0, nil, "", false
	}
	at, tail, ok1 := bytes.Cut(tail, []byte(":"))
	elapsed, tail, ok2 := bytes.Cut(tail, []byte(";"))
	sec, err := strconv.ParseInt(string(bytes.TrimSpace(at)), 10, 64)
	if !ok1 || !ok2 || err != nil || len(elapsed) > 12 || bytes.Trim(elapsed, "0123456789") != nil && len(bytes.Trim(elapsed, "0123456789")) > 0 {
		return 0, nil, "", false
	}
	return sec, tail, string(elapsed), true
}

// zsh opens an event of the extended history.
func (p *historyParser) zsh(ln line, sec int64, rest []byte, took string) error {
	p.begin(ln, ln.offset, "zsh")
	p.fish = false
	if t, ok := epoch(sec, 0); ok {
		p.event.Time = t
	}
	p.event.Attributes.Set("took_s", took)
	p.event.Attributes.Set(attrTimeText, strconv.FormatInt(sec, 10))
	return p.wrap(line{text: rest, offset: ln.offset, size: ln.size, cut: ln.cut})
}

// wrap takes one line of a zsh command; a backslash at its end means that the
// command goes on.
func (p *historyParser) wrap(ln line) error {
	if len(p.text) > 0 && p.size+len(ln.text)+1 > maxRecord {
		p.j.reject(ln.offset, ln.text, "record is too long")
		return p.finish()
	}
	p.size += len(ln.text) + 1
	text := unmeta(ln.text)
	p.wrapped = len(text) > 0 && text[len(text)-1] == '\\'
	if p.wrapped {
		text = text[:len(text)-1]
	}
	p.text = append(p.text, textOf(line{text: text, size: ln.size, cut: ln.cut}, &p.event.Attributes))
	if p.wrapped {
		return nil
	}
	return p.finish()
}

// unmeta undoes zsh's own encoding: byte 0x83 means that the next one was
// xored with 32.
func unmeta(b []byte) []byte {
	if bytes.IndexByte(b, 0x83) < 0 {
		return b
	}
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		// A byte that zsh encodes is never below 0x80 before the change.
		if b[i] == 0x83 && i+1 < len(b) && b[i+1]^32 >= 0x80 {
			i++
			out = append(out, b[i]^32)
			continue
		}
		out = append(out, b[i])
	}
	return out
}

// fishMore reads the members under a fish command.
func (p *historyParser) fishMore(ln line) {
	text := strings.TrimSpace(textOf(ln, &p.event.Attributes))
	switch {
	case strings.HasPrefix(text, "when: "):
		p.paths = false
		sec, err := strconv.ParseInt(text[6:], 10, 64)
		if t, ok := epoch(sec, 0); err == nil && ok {
			p.event.Time = t
		}
		p.event.Attributes.Set(attrTimeText, text[6:])
	case text == "paths:":
		p.paths = true
	case p.paths && strings.HasPrefix(text, "- ") && p.size < maxRecord:
		p.size += len(text)
		old := p.event.Attributes.Get("paths")
		if old != "" {
			old += "\n"
		}
		p.event.Attributes.Set("paths", old+fishText(text[2:]))
	}
}

// fishText undoes fish's escapes: \\ and \n.
func fishText(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	return strings.NewReplacer(`\\`, `\`, `\n`, "\n").Replace(s)
}

// homeOf is the owner of a home folder that the path names.
func homeOf(source string) string {
	parts := strings.Split(path.Clean("/"+source), "/")
	for i, part := range parts[:len(parts)-1] {
		switch {
		case (part == "home" || part == "Users") && i+2 < len(parts):
			return parts[i+1]
		case part == "root" && i+1 < len(parts):
			return "root"
		}
	}
	return ""
}

// shellOf is the program whose history a file of that name is.
func shellOf(source string) string {
	name := strings.TrimLeft(plainName(source), "._")
	for _, end := range []string{"_history", "-history", "_hist", ".history"} {
		if s, ok := strings.CutSuffix(name, end); ok && s != "" {
			return s
		}
	}
	return "unknown"
}

func isHistory(name string, head []byte) bool {
	if otherHistory(name, head) != nil {
		return bytes.IndexByte(head, 0) < 0
	}
	bare := strings.TrimLeft(name, "._")
	if strings.HasSuffix(bare, "_history") || strings.HasSuffix(bare, ".history") || bare == "histfile" || bare == "zhistory" ||
		strings.HasSuffix(bare, "_history.txt") || strings.HasPrefix(bare, "bash_history") {
		return bytes.IndexByte(head, 0) < 0
	}
	first, rest, _ := bytes.Cut(head, []byte("\n"))
	if isBashTime(first) && len(first) >= 10 {
		return len(rest) > 0
	}
	if _, _, _, ok := zshHead(first); ok {
		return true
	}
	return bytes.HasPrefix(head, []byte("- cmd: ")) && bytes.Contains(head, []byte("\n  when: "))
}
