package parse

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"firebreak/timeline"
)

// entry makes an event of one entry object. The fields keep their names;
// process, pid, severity and what enrich finds stand beside them in lower case.
func (p *journalReader) entry(offset int64, b []byte) error {
	le := binary.LittleEndian
	seqnum, realtime, monotonic := le.Uint64(b[16:]), le.Uint64(b[24:]), le.Uint64(b[32:])
	if realtime >= maxSeconds*1e6 {
		p.bad++
		p.j.reject(offset, nil, fmt.Sprintf("entry with time %d", realtime))
		return nil
	}
	step := 16
	if p.compact {
		step = 4
	}
	items := b[journalDataMin:]
	a := make(map[string]string, len(items)/step+8)
	e := timeline.Event{Precision: timeline.Microsecond, TimeKind: timeline.Logged, Source: "journal", Attributes: a}
	e.Time, _ = epoch(int64(realtime/1e6), int64(realtime%1e6)*1000)
	lost := 0
	p.room = maxRecord
	clear(p.again)
	for ; len(items) >= step; items = items[step:] {
		at := uint64(le.Uint32(items))
		if !p.compact {
			at = le.Uint64(items)
		}
		d, ok := p.data[at]
		if !ok {
			lost++
			continue
		}
		if d.once {
			delete(p.data, at)
			p.kept -= int64(len(d.value)) + 64
		}
		if !p.addField(a, d) {
			lost++
		}
	}
	if lost > 0 {
		a["fields_missing"] = strconv.Itoa(lost)
	}
	if p.hurt >= 0 {
		a["recovered"] = "behind damage at " + strconv.FormatInt(p.hurt, 10)
	}
	a["__SEQNUM"] = strconv.FormatUint(seqnum, 10)
	a["__MONOTONIC_TIMESTAMP"] = strconv.FormatUint(monotonic, 10)
	if _, ok := a["_BOOT_ID"]; !ok {
		a["_BOOT_ID"] = hex.EncodeToString(b[40:56])
	}
	tellEntry(&e)
	p.found++
	return p.j.add(offset, e)
}

// addField sets a field; further values of one name are NAME.2, NAME.3 …
// It answers false when the entry has no room for it.
func (p *journalReader) addField(a map[string]string, d journalDatum) bool {
	name := d.name
	if _, ok := a[name]; ok {
		n := max(p.again[name], 1) + 1
		p.again[name] = n
		name += "." + strconv.Itoa(n)
		if _, ok := a[name]; ok {
			return false
		}
	}
	if p.room -= len(name) + len(d.value); p.room < 0 {
		return false
	}
	a[name] = d.value
	if d.escaped {
		if a[attrEncoding] != "" {
			a[attrEncoding] += ", " + name
		} else {
			a[attrEncoding] = "escaped: " + name
		}
	}
	if d.size > 0 {
		a[attrTruncated] = strings.TrimPrefix(a[attrTruncated]+", "+name+" of "+strconv.FormatInt(d.size, 10)+" bytes", ", ")
	}
	return true
}

// tellEntry fills host, user, source and message, as journalctl's short form
// shows an entry.
func tellEntry(e *timeline.Event) {
	a := e.Attributes
	e.Host = a["_HOSTNAME"]
	process := first(a, "SYSLOG_IDENTIFIER", "_COMM")
	pid := first(a, "SYSLOG_PID", "_PID")
	if process != "" {
		a["process"] = process
	}
	if pid != "" {
		a["pid"] = pid
	}
	if n, err := strconv.Atoi(a["PRIORITY"]); err == nil {
		a["severity"] = severityName(n)
	}
	if n, err := strconv.Atoi(a["SYSLOG_FACILITY"]); err == nil {
		a["facility"] = facilityName(n)
	}
	msg := a["MESSAGE"]
	switch {
	case process == "":
		e.Message = msg
	case pid == "":
		e.Message = process + ": " + msg
	default:
		e.Message = process + "[" + pid + "]: " + msg
	}
	enrich(e, process, msg)
}

func first(a map[string]string, names ...string) string {
	for _, n := range names {
		if s := a[n]; s != "" {
			return s
		}
	}
	return ""
}
