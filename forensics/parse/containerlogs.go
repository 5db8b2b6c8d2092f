package parse

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"strconv"
	"strings"

	"firebreak/timeline"
)

// Logs of containers. A line that was longer than the runtime's buffer (16 KiB)
// is written in parts, which are joined again, each stream for itself.
//
// Reference: Docker, daemon/logger/jsonfilelog (a part has no line feed at its
// end); Kubernetes, "CRI: Log management" (tags P and F). Times are UTC, or have
// their zone, in nanoseconds.

// partial joins the parts of one stream.
type partial struct {
	at    int64
	e     timeline.Event
	text  []byte
	lines int
}

type containerLog struct {
	j    *job
	open map[string]*partial
	keys []string
}

// add takes a part; last says that the line ends with it.
func (c *containerLog) add(offset int64, e timeline.Event, stream, text string, last bool) error {
	p := c.open[stream]
	if p == nil {
		p = &partial{at: offset, e: e}
	}
	if room := maxRecord - len(p.text); len(text) > room {
		text = text[:max(0, room)]
		p.e.Attributes.Set(attrTruncated, "over "+strconv.Itoa(maxRecord)+" bytes")
	}
	p.text = append(p.text, text...)
	p.lines++
	if !last {
		if c.open[stream] == nil {
			if len(c.open) >= 16 { // there are two streams
				if err := c.finish(); err != nil {
					return err
				}
			}
			c.open[stream] = p
			c.keys = append(c.keys, stream)
		}
		return nil
	}
	delete(c.open, stream)
	return c.hand(p)
}

func (c *containerLog) hand(p *partial) error {
	text, _ := clean(p.text)
	p.e.Message = text
	if p.lines > 1 {
		p.e.Attributes.Set("parts", strconv.Itoa(p.lines))
	}
	return c.j.add(p.at, p.e)
}

// finish hands over what never ended.
func (c *containerLog) finish() error {
	for _, k := range c.keys {
		if p := c.open[k]; p != nil {
			delete(c.open, k)
			if err := c.hand(p); err != nil {
				return err
			}
		}
	}
	c.keys = c.keys[:0]
	return nil
}

// parseContainer reads lines by f, which says of one to which stream it belongs,
// what its text is and whether it ends.
func parseContainer(f func(t *tale, ln line) (stream, text string, last bool, why string)) func(*job, *bufio.Reader) error {
	return func(j *job, r *bufio.Reader) error {
		c := &containerLog{j: j, open: map[string]*partial{}}
		err := eachLine(j, r, func(ln line) error {
			e := timeline.Event{TimeKind: timeline.Logged, Source: "container", Attributes: make(timeline.Attributes, 0, attrRoom)}
			t := tale{j: j, e: &e, a: &e.Attributes}
			ln.held, ln.valid = false, false
			stream, text, last, why := f(&t, ln)
			if why != "" {
				j.reject(ln.offset, ln.text, why)
				return nil
			}
			t.set("stream", stream)
			return c.add(ln.offset, e, stream, text, last)
		})
		if ferr := c.finish(); err == nil {
			err = ferr
		}
		return err
	}
}

// dockerLine reads {"log":"text\n","stream":"stdout","time":"…"}.
func dockerLine(t *tale, ln line) (stream, text string, last bool, why string) {
	b := bytes.TrimSpace(ln.text)
	if ln.cut || len(b) == 0 || b[0] != '{' {
		return "", "", false, "no line of a container"
	}
	b = jsonLine(b, t.a)
	if !json.Valid(b) {
		return "", "", false, "no JSON object"
	}
	t.flatten("", string(b), 1)
	text, stream = t.get("log"), cmp.Or(t.get("stream"), "stdout")
	if !t.when(t.get("time")) {
		return "", "", false, "no time"
	}
	t.a.Delete("log")
	t.a.Delete("time")
	whole := strings.TrimSuffix(text, "\n")
	return stream, strings.TrimSuffix(whole, "\r"), len(whole) < len(text) || len(text) < 16<<10, ""
}

func isDocker(_ string, head []byte) bool {
	h := firstRecord(head)
	if h == nil {
		return false
	}
	m := headOf(h)
	return m.has("log", "time") && m.any("stream", "attrs") && !m.any("kubernetes", "level")
}

// criLine reads "2016-10-06T00:17:09.669794202Z stdout P text".
func criLine(t *tale, ln line) (stream, text string, last bool, why string) {
	text = textOf(ln, t.a)
	when, rest, _ := strings.Cut(text, " ")
	stream, rest, ok := strings.Cut(rest, " ")
	if !ok || stream != "stdout" && stream != "stderr" {
		return "", "", false, "no line of a container"
	}
	tag, body, _ := strings.Cut(rest, " ")
	tag, _, _ = strings.Cut(tag, ":")
	if tag != "P" && tag != "F" {
		return "", "", false, "no line of a container"
	}
	if s, ok := isoStamp(when, utcClock()); !ok || !s.zoned || !t.when(when) {
		return "", "", false, "no time"
	}
	return stream, body, tag == "F", ""
}

func isCRI(_ string, head []byte) bool {
	text, _, _ := bytes.Cut(head, []byte("\n"))
	t := tale{j: newScratch(), e: &timeline.Event{}}
	t.a = &t.e.Attributes
	_, _, _, why := criLine(&t, line{text: text[:min(len(text), maxLine)]})
	return why == ""
}

// logfmtLine reads time="…" level=info msg="…" name=value, as containerd, dockerd
// and programs of their kind write it.
//
// Reference: sirupsen/logrus, TextFormatter. Times have their zone.
func logfmtLine(t *tale, text string) string {
	if !strings.HasPrefix(text, "time=") && !strings.HasPrefix(text, "ts=") && !strings.HasPrefix(text, "level=") && !strings.HasPrefix(text, "t=") {
		return "no line of names and values"
	}
	for len(*t.a) < maxMembers {
		text = strings.TrimLeft(text, " ")
		name, rest, ok := strings.Cut(text, "=")
		if !ok || name == "" || strings.ContainsAny(name, " \"") {
			break
		}
		var value string
		if strings.HasPrefix(rest, `"`) {
			inner, tail, ok := accessQuoted(rest)
			if !ok {
				break
			}
			value, text = inner, tail
			if strings.IndexByte(inner, '\\') >= 0 {
				if s, err := strconv.Unquote(`"` + inner + `"`); err == nil {
					value, _ = clean([]byte(s))
				}
			}
		} else {
			value, text, _ = strings.Cut(rest, " ")
		}
		if !isOurs(name) && value != "" {
			t.a.Set(name, value)
		}
	}
	when := t.get("time", "ts", "t")
	if !t.when(when) && !t.zeekTime(when) || t.get("msg", "message", "level", "err") == "" {
		return "no time and message"
	}
	for _, n := range []string{"time", "ts", "t"} {
		t.a.Delete(n)
	}
	t.e.Source = "container"
	t.set("severity", syslogLevel(t.get("level")))
	t.e.Message = say(t.get("msg", "message"), pre(": ", t.get("error", "err")))
	return ""
}
