package parse

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"firebreak/timeline"
)

// ErrMapping is returned by File where a parser needs a mapping, and none, or
// one of another format, is given.
var ErrMapping = errors.New("it needs a mapping file of its format")

// Limits of a record that is mapped.
const (
	mappedDepth   = 8   // of objects whose members become attributes of their own
	mappedMembers = 400 // of a record; what is more stays together
)

// newMappedJSONL reads objects, one a line, as the mapping says.
//
// Reference: docs/formats.md.
func newMappedJSONL(j *job) lineReader {
	m := newMapped(j)
	return each(func(ln line) error {
		text := bytes.TrimSpace(ln.text)
		switch {
		case len(text) == 0 || m.m.comment != "" && bytes.HasPrefix(text, []byte(m.m.comment)):
			return nil
		case ln.cut:
			j.reject(ln.offset, ln.text, "line is too long")
			return nil
		}
		return m.object(ln.offset, text)
	})
}

// parseMappedCSV reads rows as the mapping says.
func parseMappedCSV(j *job, r *bufio.Reader) error {
	m := newMapped(j)
	var head *columns
	if len(m.m.columns) > 0 {
		head = newColumns(m.m.columns)
	}
	return eachNamed(j, r, head, m.m.comma, m.m.comment, func(head *columns, row csvRow) error {
		m.reset(row.attrs)
		for i, value := range row.fields {
			m.put(head.names[i], nil, value)
		}
		return m.add(row.offset, row.raw, nil)
	})
}

// mapped makes events of records as a mapping says.
type mapped struct {
	j     *job
	m     *Mapping
	clock *localClock
	paths []mappedValue
	at    map[string]int
	used  map[string]bool
	attrs timeline.Attributes
	full  int // members beyond mappedMembers
}

// mappedValue is a member by its path, as in user.name.
type mappedValue struct {
	path, value string
	raw         []byte // of JSON
}

func newMapped(j *job) *mapped {
	m := &mapped{j: j, m: j.src.Mapping, clock: j.clock, at: map[string]int{}, used: map[string]bool{}}
	if m.m.zone != nil {
		m.clock = &localClock{zone: m.m.zone}
	}
	return m
}

func (m *mapped) reset(attrs timeline.Attributes) {
	m.paths, m.attrs, m.full = m.paths[:0], attrs, 0
	clear(m.at)
	clear(m.used)
}

// object maps one JSON object.
func (m *mapped) object(offset int64, text []byte) error {
	m.reset(nil)
	b := jsonLine(text, &m.attrs)
	err := eachMember(b, func(name string, raw []byte) error { return m.member(name, raw, 1) })
	return m.add(offset, text, err)
}

// member keeps one member; those of an object within become members too, named
// by their path.
func (m *mapped) member(path string, raw []byte, depth int) error {
	if len(raw) > 0 && raw[0] == '{' && depth < mappedDepth && len(m.paths) < mappedMembers {
		return walkObject(raw, func(name string, raw []byte) error { return m.member(path+"."+name, raw, depth+1) })
	}
	m.put(path, raw, jsonText(raw, &m.attrs))
	return nil
}

func (m *mapped) put(path string, raw []byte, value string) {
	if len(m.paths) >= 2*mappedMembers {
		m.full++
		return
	}
	for _, none := range m.m.none {
		if value == none {
			value = ""
		}
	}
	if i, twice := m.at[path]; twice {
		m.paths[i].value, m.paths[i].raw = value, raw
		return
	}
	m.at[path] = len(m.paths)
	m.paths = append(m.paths, mappedValue{path, value, raw})
}

// get is the value of a path; a number in it is the place in an array.
func (m *mapped) get(path string) string {
	if i, ok := m.at[path]; ok {
		return m.paths[i].value
	}
	for cut := strings.LastIndexByte(path, '.'); cut > 0; cut = strings.LastIndexByte(path[:cut], '.') {
		if i, ok := m.at[path[:cut]]; ok {
			return jsonAt(m.paths[i].raw, path[cut+1:])
		}
	}
	return ""
}

// jsonAt is what is at a path within a JSON value.
func jsonAt(raw []byte, path string) string {
	for path != "" && len(raw) > 0 {
		name, rest, _ := strings.Cut(path, ".")
		var next []byte
		switch raw[0] {
		case '[':
			want, err := strconv.Atoi(name)
			if err != nil || want < 0 {
				return ""
			}
			i := skipSpace(raw, 1)
			for n := 0; i < len(raw) && raw[i] != ']'; n++ {
				end := skipValue(raw, i)
				if n == want {
					next = raw[i:end]
					break
				}
				if i = skipSpace(raw, end); i < len(raw) && raw[i] == ',' {
					i = skipSpace(raw, i+1)
				}
			}
		case '{':
			_ = walkObject(raw, func(member string, value []byte) error { // it calls nothing that fails
				if member == name {
					next = value
				}
				return nil
			})
		}
		raw, path = next, rest
	}
	return jsonText(raw, nil)
}

// add makes the event of the record and takes it in.
func (m *mapped) add(offset int64, raw []byte, err error) error {
	var e timeline.Event
	if err == nil {
		e, err = m.event()
	}
	if err != nil {
		m.j.reject(offset, raw, err.Error())
		return nil
	}
	return m.j.add(offset, e)
}

func (m *mapped) event() (timeline.Event, error) {
	use := func(path string) { m.used[path] = true }
	fill := func(t template) string { return t.fill(m.get, use) }
	e := timeline.Event{
		TimeKind: timeline.Logged, Host: fill(m.m.host), User: fill(m.m.user), Source: fill(m.m.source), Technique: fill(m.m.technique),
		Message: fill(m.m.message),
	}
	if e.Source == "" {
		e.Source = strings.TrimSuffix(strings.TrimSuffix(plainName(m.m.Name), ".yaml"), ".yml")
	}
	if kind := fill(m.m.kind); kind != "" {
		switch described, known := timeline.DescribedTimeKind(kind); {
		case knownKind(timeline.TimeKind(kind)):
			e.TimeKind = timeline.TimeKind(kind)
		case known:
			e.TimeKind = described
		}
	}
	when := strings.TrimSpace(fill(m.m.from))
	if err := m.date(&e, when); err != nil {
		return e, err
	}
	for i := range m.paths {
		v := &m.paths[i]
		if v.value == "" || m.used[v.path] || m.m.drop[v.path] {
			continue
		}
		name := v.path
		if to, renamed := m.m.rename[name]; renamed {
			name = to
		}
		if !m.attrs.Has(name) {
			m.attrs.Set(name, v.value)
		}
	}
	if when != "" {
		m.attrs.Set(attrTimeText, when)
	}
	if m.full > 0 {
		m.attrs.Set(attrTruncated, fmt.Sprintf("%d members", len(m.paths)+m.full))
	}
	if strings.TrimSpace(e.Message) == "" && len(m.attrs) == 0 {
		return e, errors.New("no member has a value")
	}
	e.Attributes = m.attrs
	return e, nil
}

// date reads the event's time. None, and an epoch of zero, is no time; what
// cannot be read as the mapping says is not an event of it.
func (m *mapped) date(e *timeline.Event, text string) error {
	if text == "" {
		return nil
	}
	local := func(s stamp) {
		e.Time, e.Precision = s.time, s.precision
		if s.zoned {
			return
		}
		assumed := m.j.assumedZone()
		if m.m.zone != nil {
			assumed = "zone " + m.m.zone.String() + " (mapping)"
		}
		m.attrs.Set(attrAssumed, doubt(assumed, s.how))
		m.j.note("local times without a zone: " + assumed)
	}
	switch {
	case m.m.epoch != "":
		t, precision, ok := unixTime(text, m.m.epoch)
		if !ok && strings.Trim(text, "0.") != "" {
			return errors.New("the time is no number of " + string(m.m.epoch) + " since 1970")
		}
		if ok {
			e.Time, e.Precision = t, precision
		}
		return nil
	case len(m.m.layouts) == 0:
		s, ok := sketchMoment(text, m.clock)
		if !ok {
			return errors.New("the time is not in ISO 8601")
		}
		local(s)
		return nil
	}
	for _, layout := range m.m.layouts {
		t, err := time.ParseInLocation(layout, text, m.clock.zone)
		if err == nil && sane(t) {
			zoned := strings.Contains(layout, "Z07") || strings.Contains(layout, "-07") || strings.HasSuffix(layout, "Z")
			local(stamp{time: t.UTC(), precision: layoutPrecision(layout, text), zoned: zoned})
			return nil
		}
	}
	return errors.New("the time is in none of the layouts")
}

// layoutPrecision is how fine a text of that layout is.
func layoutPrecision(layout, text string) timeline.Precision {
	switch {
	case !strings.Contains(layout, "04"):
		return timeline.Day
	case !strings.Contains(layout, "05"):
		return timeline.Minute
	}
	// Digits behind the seconds: a point or comma that follows ":dd".
	for i := 0; i+1 < len(text); i++ {
		if (text[i] == '.' || text[i] == ',') && i >= 3 && two(text, i-2) >= 0 {
			n := 0
			for i+1+n < len(text) && text[i+1+n] >= '0' && text[i+1+n] <= '9' {
				n++
			}
			if n > 0 && (text[i-3] < '0' || text[i-3] > '9') && strings.Contains(layout, "05") && text[i-3] == ':' {
				return precisionOf(n)
			}
		}
	}
	return timeline.Second
}
