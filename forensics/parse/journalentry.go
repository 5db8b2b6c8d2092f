package parse

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"firebreak/timeline"
)

// entry makes an event of one entry object. The fields keep their names;
// process, pid, severity and what enrich finds stand beside them in lower case.
func (p *journalReader) entry(offset int64, b []byte) error {
	le := binary.LittleEndian
	seqnum, realtime, monotonic := le.Uint64(b[16:]), le.Uint64(b[24:]), le.Uint64(b[32:])
	when, ok := journalMoment(realtime)
	if !ok {
		p.bad++
		p.j.reject(offset, nil, fmt.Sprintf("entry with time %d", realtime))
		return nil
	}
	step := p.itemSize()
	items := b[journalDataMin:]
	e := p.j.slotFor(len(items)/step + 12)
	e.Precision, e.TimeKind, e.Source = timeline.Microsecond, timeline.Logged, "journal"
	a := &e.Attributes
	e.Time = when
	lost := 0
	p.room = maxRecord
	clear(p.again)
	p.count++
	if p.ranks == nil {
		p.rank()
	}
	p.fields, p.marked, p.odd = p.fields[:0], p.marked[:0], p.odd[:0]
	for ; len(items) >= step; items = items[step:] {
		at := uint64(p.item(items)) //nolint:gosec // the bits as they are
		d, ok := p.data[at]
		if !ok {
			lost++
			continue
		}
		if d.once {
			delete(p.data, at)
			p.kept -= int64(len(d.value)) + 64
		}
		n := d.name.number
		if n < 0 || p.seen[n] == p.count {
			p.odd = append(p.odd, d)
			continue
		}
		p.seen[n] = p.count
		if p.room -= len(d.name.text) + len(d.value); p.room < 0 {
			lost++
			continue
		}
		p.sorted(journalField{p.ranks[n], d.name.text, d.value})
		if d.escaped || d.size > 0 {
			p.marked = append(p.marked, d)
		}
	}
	for _, f := range p.fields {
		*a = append(*a, timeline.Attribute{Name: f.name, Value: f.value})
	}
	for _, d := range p.marked {
		d.mark(a, d.name.text)
	}
	for _, d := range p.odd {
		if !p.addField(a, d) {
			lost++
		}
	}
	if lost > 0 {
		a.Set("fields_missing", strconv.Itoa(lost))
	}
	if p.hurt >= 0 {
		a.Set(attrRecovered, "behind damage at "+strconv.FormatInt(p.hurt, 10))
	}
	a.Set("__SEQNUM", p.j.room.number(seqnum))
	a.Set("__MONOTONIC_TIMESTAMP", p.j.room.number(monotonic))
	if !a.Has("_BOOT_ID") {
		a.Set("_BOOT_ID", hex.EncodeToString(b[40:56]))
	}
	tellEntry(p.j, e)
	p.found++
	return p.j.take(offset, p.hurt >= 0)
}

// journalMoment is a time in microseconds since 1970.
func journalMoment(us uint64) (time.Time, bool) {
	if us >= maxSeconds*1e6 {
		return time.Time{}, false
	}
	t, _ := epoch(int64(us/1e6), int64(us%1e6)*1000)
	return t, true
}

// itemSize is how much an entry has for each of its fields.
func (p *journalReader) itemSize() int {
	if p.compact {
		return 4
	}
	return 16
}

// item is the place that an item of an entry, or of the list of entries, begins with.
func (p *journalReader) item(b []byte) int64 {
	if p.compact {
		return int64(binary.LittleEndian.Uint32(b))
	}
	return int64(binary.LittleEndian.Uint64(b)) //nolint:gosec // the bits as they are
}

// sorted puts a field where it belongs among those of the entry.
func (p *journalReader) sorted(f journalField) {
	p.fields = append(p.fields, f)
	i := len(p.fields) - 1
	for ; i > 0 && p.fields[i-1].rank > f.rank; i-- {
		p.fields[i] = p.fields[i-1]
	}
	p.fields[i] = f
}

// addField sets a field; further values of one name are NAME.2, NAME.3 …
// It answers false when the entry has no room for it.
func (p *journalReader) addField(a *timeline.Attributes, d journalDatum) bool {
	name := d.name.text
	if a.Has(name) {
		n := max(p.again[name], 1) + 1
		p.again[name] = n
		name += "." + strconv.Itoa(n)
		if a.Has(name) {
			return false
		}
	}
	if p.room -= len(name) + len(d.value); p.room < 0 {
		return false
	}
	a.Set(name, d.value)
	d.mark(a, name)
	return true
}

// mark says what was done to a value.
func (d *journalDatum) mark(a *timeline.Attributes, name string) {
	if d.escaped {
		if a.Get(attrEncoding) != "" {
			a.Set(attrEncoding, a.Get(attrEncoding)+", "+name)
		} else {
			a.Set(attrEncoding, "escaped: "+name)
		}
	}
	if d.size > 0 {
		a.Set(attrTruncated, strings.TrimPrefix(a.Get(attrTruncated)+", "+name+" of "+strconv.FormatInt(d.size, 10)+" bytes", ", "))
	}
}

// tellEntry fills host, user, source and message, as journalctl's short form
// shows an entry.
func tellEntry(j *job, e *timeline.Event) {
	a := &e.Attributes
	e.Host = a.Get("_HOSTNAME")
	process := first(a, "SYSLOG_IDENTIFIER", "_COMM")
	pid := first(a, "SYSLOG_PID", "_PID")
	if process != "" {
		a.Set("process", process)
	}
	if pid != "" {
		a.Set("pid", pid)
	}
	if n, err := strconv.Atoi(a.Get("PRIORITY")); err == nil {
		a.Set("severity", severityName(n))
	}
	if n, err := strconv.Atoi(a.Get("SYSLOG_FACILITY")); err == nil {
		a.Set("facility", facilityName(n))
	}
	msg := a.Get("MESSAGE")
	switch {
	case process == "":
		e.Message = msg
	case pid == "":
		e.Message = j.room.join(process, ": ", msg)
	default:
		e.Message = j.room.join(process, "[", pid, "]: ", msg)
	}
	enrich(e, process, msg)
}

func first(a interface{ Get(name string) string }, names ...string) string {
	for _, n := range names {
		if s := a.Get(n); s != "" {
			return s
		}
	}
	return ""
}
