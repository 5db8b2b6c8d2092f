package triage

import (
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"

	"firebreak/timeline"
)

// Field is a value of an event that a rule names: a field of the filter language
// (host, user, source, attr.NAME …), message, time, time.ns (the part of the time
// below a second, in nanoseconds), or a part of one: FIELD.dir and FIELD.base are
// folder and last part of a path, FIELD.net the /24 or /64 of an address.
type Field struct {
	name      string
	field     timeline.Field
	attribute string
	part      string
}

const (
	fieldMessage = "message"
	fieldTime    = "time"
	fieldNano    = "time.ns"
)

// ParseField reads a field's name.
func ParseField(name string) (Field, error) {
	switch name {
	case fieldMessage, fieldTime, fieldNano:
		return Field{name: name}, nil
	}
	base, part := name, ""
	for _, p := range []string{".dir", ".base", ".net"} {
		if cut, ok := strings.CutSuffix(name, p); ok && cut != "attr" {
			base, part = cut, p[1:]
		}
	}
	f, attribute, ok := timeline.ParseField(base)
	if !ok {
		return Field{}, fmt.Errorf("there is no field %q", name)
	}
	return Field{name: name, field: f, attribute: attribute, part: part}, nil
}

// String is the field's name.
func (f Field) String() string { return f.name }

// of is the field's value in an event, empty where it has none.
func (f Field) of(e *timeline.Event) string {
	switch f.name {
	case fieldMessage:
		return e.Message
	case fieldTime:
		if e.Time.IsZero() {
			return ""
		}
		return e.Time.UTC().Format(time.RFC3339Nano)
	case fieldNano:
		if e.Time.IsZero() {
			return ""
		}
		return strconv.Itoa(e.Time.Nanosecond())
	}
	v := f.field.Value(e, f.attribute)
	switch {
	case v == "":
	case f.part == "dir":
		return path.Dir(v)
	case f.part == "base" && windowsPath(v):
		return strings.ToLower(v[strings.LastIndexByte(v, '\\')+1:]) // their names have no case
	case f.part == "base":
		return path.Base(v)
	case f.part == "net":
		return network(v)
	}
	return v
}

// windowsPath says whether a path is one of Windows: of a drive, a share or a
// device.
func windowsPath(v string) bool {
	return strings.HasPrefix(v, `\`) || len(v) > 2 && v[1] == ':' && v[2] == '\\'
}

// what is the field in a word, as a finding names what it is about.
func (f Field) what() string {
	if f.part != "" {
		return f.part
	}
	if f.attribute != "" {
		return f.attribute
	}
	return f.name
}
