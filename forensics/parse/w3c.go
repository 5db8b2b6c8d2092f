package parse

import (
	"bufio"
	"bytes"
	"strings"
	"time"

	"firebreak/timeline"
)

// parseW3C reads logs in the W3C extended format, as IIS writes them: lines that
// begin with # say what the fields are (#Fields) and, where no field does, on
// which day (#Date). Times are UTC, as the format says; fields keep their names
// beside those that access logs have. A + stands for a blank in user agents. The
// log of HTTP.sys (httperr) and of Windows' firewall (pfirewall.log, whose times
// are local where its heading says so) have the same form.
//
// Reference: W3C working draft WD-logfile-960323; Microsoft Learn, IIS log file formats.
func parseW3C(j *job, r *bufio.Reader) error {
	w := &w3c{j: j}
	return eachLine(j, r, w.line)
}

type w3c struct {
	j      *job
	fields []string
	day    string
	local  bool   // the heading says so: Windows' firewall
	source string // what it tells of, where that is not the web
}

func (w *w3c) line(ln line) error {
	if ln.text[0] == '#' {
		w.directive(string(ln.text[:min(len(ln.text), 16<<10)]))
		return nil
	}
	e := timeline.Event{TimeKind: timeline.Logged, Source: "web", Attributes: make(timeline.Attributes, 0, 24)}
	why := "values without #Fields above"
	if w.fields != nil {
		why = w.record(&e, textOf(ln, &e.Attributes))
	}
	if why != "" {
		w.j.reject(ln.offset, ln.text, why)
		return nil
	}
	return w.j.add(ln.offset, e)
}

// directive takes a line of the heading; a new one begins anew.
func (w *w3c) directive(text string) {
	name, value, _ := strings.Cut(strings.TrimRight(text, " "), ": ")
	switch name {
	case "#Fields":
		if w.fields = strings.Fields(value); len(w.fields) > maxMembers {
			w.fields = w.fields[:maxMembers]
		}
	case "#Date":
		w.day, _, _ = strings.Cut(value, " ")
	case "#Time Format":
		w.local = value == "Local"
	case "#Software":
		w.source = ""
		if value == "Microsoft Windows Firewall" {
			w.source = "network"
		}
	}
}

// record fills the event from the values of a line.
func (w *w3c) record(e *timeline.Event, text string) string {
	a := &e.Attributes
	day, hour := w.day, ""
	var method, stem, query string
	n := 0
	for value := range strings.FieldsSeq(text) {
		if n == len(w.fields) {
			return "more values than fields"
		}
		name := w.fields[n]
		n++
		if value == "-" {
			continue
		}
		switch name {
		case "date":
			day = value
		case "time":
			hour = value
		case "src-ip":
			a.Set(attrSrcIP, value)
		case "src-port", "c-port":
			a.Set(attrSrcPort, value)
		case "dst-ip":
			a.Set("dst_ip", value)
		case "dst-port":
			a.Set("dst_port", value)
		case "action":
			w.verdict(a, value)
		case "cs-uri":
			stem = value
		case "cs-method":
			method = value
			a.Set("method", value)
		case "cs-uri-stem":
			stem = value
		case "cs-uri-query":
			query = "?" + value
		case "cs-username":
			e.User = value
		case "c-ip":
			from(a, value)
		case "s-computername":
			e.Host = value
		case "sc-status":
			a.Set("status", value)
		case "cs-version":
			a.Set("protocol", value)
		case "sc-bytes":
			a.Set("bytes", value)
		case "cs-host":
			a.Set("vhost", value)
		case "cs(User-Agent)":
			a.Set("user_agent", strings.ReplaceAll(value, "+", " "))
		case "cs(Referer)":
			a.Set("referer", value)
		default:
			a.Set(name, value)
		}
	}
	if n < len(w.fields) {
		return "fewer values than fields"
	}
	when := day + " " + hour
	clock := &localClock{zone: time.UTC}
	if w.local {
		clock = w.j.clock
	}
	s, ok := isoStamp(when, clock)
	if !ok || s.size != len(when) || s.zoned {
		return "no time"
	}
	e.Time, e.Precision = s.time, s.precision
	if w.local {
		a.Set(attrAssumed, doubt(w.j.assumedZone(), s.how))
		w.j.note("local times without a zone: " + w.j.assumedZone())
	}
	w.j.told(a, s.as, when)
	if w.source != "" {
		e.Source = w.source
		e.Message = say(a.Get("verdict"), a.Get("protocol"), arrow(a.Get(attrSrcIP), a.Get(attrSrcPort), a.Get("dst_ip"), a.Get("dst_port")))
		return ""
	}
	url := stem + query
	set(a, "url", url)
	if e.Message = strings.TrimSpace(method + " " + url); a.Get("status") != "" {
		e.Message = strings.TrimSpace(e.Message + " " + a.Get("status"))
	}
	return ""
}

// verdict is what Windows' firewall did with a packet.
func (w *w3c) verdict(a *timeline.Attributes, value string) {
	if w.source == "" {
		a.Set("action", value)
		return
	}
	a.Set("verdict", value)
	switch value {
	case "ALLOW", "OPEN":
		a.Set(attrAction, "connect")
		a.Set(attrOutcome, "success")
	case "DROP":
		a.Set(attrAction, "block")
		a.Set(attrOutcome, "failure")
	case "CLOSE":
		a.Set(attrAction, "disconnect")
	}
}

func isW3C(_ string, head []byte) bool {
	for range 8 {
		text, rest, more := bytes.Cut(head, []byte("\n"))
		if len(text) == 0 || text[0] != '#' {
			return false
		}
		if bytes.HasPrefix(text, []byte("#Fields: ")) {
			fields := strings.Fields(string(text))
			for _, f := range fields[1:] {
				if f == "time" {
					return true
				}
			}
			return false
		}
		if !more {
			return false
		}
		head = rest
	}
	return false
}
