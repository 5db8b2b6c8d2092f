package parse

import (
	"bufio"
	"bytes"
	"path"
	"strconv"
	"strings"

	"firebreak/timeline"
)

// otherHistory picks the reader for the histories that are no lists of
// commands, by the file's name. It answers nil for all others.
func otherHistory(source string) func(*job, line) error {
	switch path.Base(source) {
	case ".viminfo", "viminfo", "_viminfo":
		return viminfoLine
	case ".wget-hsts":
		return hstsLine
	case ".lesshst":
		return lessLine
	}
	return nil
}

// historyEvent is an event of one of them.
func historyEvent(j *job, program string) timeline.Event {
	e := timeline.Event{Source: "shell", TimeKind: timeline.Started, Precision: timeline.Second, User: homeOf(j.src.Exhibit.Source)}
	e.Attributes = timeline.Attributes{{Name: "shell", Value: program}}
	if e.User != "" {
		e.Attributes.Set("user_from", "path")
	}
	return e
}

// viminfoLine reads Vim's own state. Only the lines that begin with a bar carry
// times: "|2,TYPE,SECONDS,…,"text"" is an entry of a history, "|3,…" a register,
// "|4,…" a mark in a file. The lines for older versions of Vim repeat them, and
// are no records.
func viminfoLine(j *job, ln line) error {
	if ln.text[0] != '|' || len(ln.text) < 3 || ln.text[1] < '2' || ln.text[1] > '4' {
		return nil
	}
	e := historyEvent(j, "vim")
	f := strings.Split(textOf(ln, &e.Attributes)[1:], ",")
	at, from, what := 2, 4, "command"
	switch {
	case f[0] == "2" && len(f) > 4:
		if n, err := strconv.Atoi(f[1]); err == nil && n >= 0 && n < 5 {
			what = []string{"command", "search", "expression", "input", "debug command"}[n]
		}
	case f[0] == "3" && len(f) > 6:
		at, from, what = 5, 6, "register"
	case f[0] == "4" && len(f) > 5:
		at, from, what = 4, 5, "mark in file"
	default:
		j.reject(ln.offset, ln.text, "line of viminfo is not known")
		return nil
	}
	sec, err := strconv.ParseInt(f[at], 10, 64)
	t, ok := epoch(sec, 0)
	if err != nil || !ok && sec != 0 {
		j.reject(ln.offset, ln.text, "no time")
		return nil
	}
	e.Time = t
	e.Attributes.Set(attrTimeText, f[at])
	e.Attributes.Set("kind", what)
	e.Message = what + ": " + strings.Trim(strings.Join(f[from:], ","), `"`)
	return j.add(ln.offset, e)
}

// hstsLine reads wget's list of hosts: "host port subdomains created max-age".
func hstsLine(j *job, ln line) error {
	if ln.text[0] == '#' {
		return nil
	}
	e := historyEvent(j, "wget")
	f := strings.Fields(textOf(ln, &e.Attributes))
	if len(f) < 5 {
		j.reject(ln.offset, ln.text, "no host of wget")
		return nil
	}
	sec, err := strconv.ParseInt(f[3], 10, 64)
	t, ok := epoch(sec, 0)
	if err != nil || !ok {
		j.reject(ln.offset, ln.text, "no time")
		return nil
	}
	e.Time, e.TimeKind = t, timeline.Logged
	e.Attributes.Set(attrTimeText, f[3])
	e.Message = "wget reached " + f[0] + " over TLS"
	return j.add(ln.offset, e)
}

// lessLine reads less's history: searches and commands stand behind a quote.
func lessLine(j *job, ln line) error {
	text, ok := bytes.CutPrefix(ln.text, []byte(`"`))
	if !ok || len(text) == 0 {
		return nil // a heading
	}
	e := historyEvent(j, "less")
	e.Message = textOf(line{text: text, size: ln.size, cut: ln.cut}, &e.Attributes)
	return j.add(ln.offset, e)
}

// parseOther runs one of them.
func parseOther(j *job, r *bufio.Reader, f func(*job, line) error) error {
	return eachLine(j, r, func(ln line) error { return f(j, ln) })
}

// libeditMark is the first line of a history that libedit wrote, as mysql, psql
// and Python on many systems do.
const libeditMark = "_HiStOrY_V2_"

// libeditLine reads a command of such a history, whose blanks and the like are
// backslashes with three octal digits (vis(3), VIS_WHITE).
func libeditLine(j *job, ln line) error {
	if string(ln.text) == libeditMark {
		return nil
	}
	e := historyEvent(j, shellOf(j.src.Exhibit.Source))
	text := textOf(ln, &e.Attributes)
	if strings.IndexByte(text, '\\') >= 0 && !e.Attributes.Has(attrEncoding) {
		var escaped bool
		if text, escaped = clean(unvis(text)); escaped {
			e.Attributes.Set(attrEncoding, "escaped")
		}
	}
	e.Message = text
	return j.add(ln.offset, e)
}

// unvis undoes \040 and \\.
func unvis(s string) []byte {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] != '\\' || i+1 == len(s):
			b = append(b, s[i])
		case i+3 < len(s) && s[i+1] >= '0' && s[i+1] <= '3' && s[i+2] >= '0' && s[i+2] <= '7' && s[i+3] >= '0' && s[i+3] <= '7':
			b = append(b, (s[i+1]-'0')<<6|(s[i+2]-'0')<<3|(s[i+3]-'0'))
			i += 3
		case s[i+1] == '\\':
			b = append(b, '\\')
			i++
		default:
			b = append(b, s[i])
		}
	}
	return b
}
