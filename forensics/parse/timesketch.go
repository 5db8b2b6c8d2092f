package parse

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"

	"firebreak/timeline"
)

// newTimesketchJSONL reads the lines that Timesketch imports, and those that
// plaso writes (json_line): objects with message, datetime (ISO 8601) or
// timestamp (microseconds), timestamp_desc, and whatever else, which becomes
// attributes.
//
// Reference: timesketch.org, Create timeline from JSON/JSONL/CSV file; plaso,
// output/shared_json.py.
func newTimesketchJSONL(j *job) lineReader {
	return each(func(ln line) error {
		if ln.cut {
			j.reject(ln.offset, ln.text, "line is too long")
			return nil
		}
		text := plasoJSON(ln.text)
		if len(text) == 0 {
			return nil
		}
		s := sketch{j: j}
		n := 0
		err := eachMember(jsonLine(text, &s.attrs), func(name string, raw []byte) error {
			if n++; n > maxMembers {
				return fmt.Errorf("more than %d members", maxMembers)
			}
			return s.member(name, raw)
		})
		return s.add(ln.offset, ln.text, err)
	})
}

// plasoJSON is the event in a line of plaso's other form (json), which is one
// object of events, one a line: {"event_0": {…}, then , "event_1": {…}, then }.
// Other lines stay as they are.
func plasoJSON(text []byte) []byte {
	text = bytes.TrimSpace(text)
	if string(text) == "}" {
		return nil
	}
	rest, first := bytes.CutPrefix(text, []byte(`{"event_`))
	if !first {
		bare := bytes.TrimLeft(bytes.TrimPrefix(text, []byte(",")), " ")
		if rest, first = bytes.CutPrefix(bare, []byte(`"event_`)); !first {
			return text
		}
	}
	name, event, found := bytes.Cut(rest, []byte(`": `))
	if !found || len(bytes.Trim(name, "0123456789")) > 0 || !bytes.HasPrefix(event, []byte("{")) {
		return text
	}
	return event[:skipValue(event, 0)]
}

// parseTimesketchCSV reads the same as comma-separated values (RFC 4180) under
// a line of names. A quoted value may hold line feeds.
//
// Reference: timesketch.org, Create timeline from JSON/JSONL/CSV file.
func parseTimesketchCSV(j *job, r *bufio.Reader) error {
	return eachNamed(j, r, nil, ',', "", func(head *columns, row csvRow) error {
		s := sketch{j: j, attrs: row.attrs}
		var err error
		for i, value := range row.fields {
			if value != "" && value != "-" && err == nil { // plaso writes - for none
				err = s.cell(head.names[i], value)
			}
		}
		return s.add(row.offset, row.raw, err)
	})
}

// sketch is one record of Timesketch or plaso.
type sketch struct {
	j         *job
	e         timeline.Event
	attrs     timeline.Attributes
	datetime  string
	timestamp string
	exact     time.Time // plaso's date_time, where it is finer than the timestamp
	precision timeline.Precision
	tags      []string
	desc      string
	dataType  string
	short     string
	source    string
}

// member takes one member of a line.
func (s *sketch) member(name string, raw []byte) error {
	switch name {
	case "__container_type__", "__type__":
		return nil
	case "date_time":
		if len(raw) > 0 && raw[0] == '{' {
			s.plasoTime(raw)
			return nil
		}
	case "tag":
		s.tags = sketchTags(raw)
		return nil
	}
	return s.value(name, jsonText(raw, &s.attrs))
}

// cell takes one value of a row.
func (s *sketch) cell(name, value string) error {
	switch name {
	case "tag":
		if strings.HasPrefix(value, "[") {
			s.tags = jsonTexts([]byte(value))
		} else {
			s.tags = strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' })
		}
		return nil
	case "attributes":
		if strings.HasPrefix(value, "{") { // of our own export
			err := eachMember([]byte(value), func(name string, raw []byte) error {
				s.attrs.Set(name, jsonText(raw, &s.attrs))
				return nil
			})
			if err == nil {
				return nil
			}
		}
	}
	return s.value(name, value)
}

func (s *sketch) value(name, value string) error {
	if value == "" {
		return nil
	}
	switch name {
	case "message":
		s.e.Message = value
	case "datetime":
		s.datetime = value
	case "timestamp":
		s.timestamp = value
	case "timestamp_desc":
		s.desc = value
		s.attrs.Set(name, value)
	case "hostname", "host", "computer_name":
		if s.e.Host != "" && name != "hostname" {
			s.attrs.Set(name, value)
			return nil
		}
		s.e.Host = value
	case "username", "user":
		if s.e.User != "" && name != "username" {
			s.attrs.Set(name, value)
			return nil
		}
		s.e.User = value
	case "technique":
		s.e.Technique = value
	case "source_short":
		s.short = value
	case "source":
		s.source = value
	case "data_type":
		s.dataType = value
		s.attrs.Set(name, value)
	default:
		s.attrs.Set(name, value)
	}
	return nil
}

// add makes the event of the record and takes it in.
func (s *sketch) add(offset int64, raw []byte, err error) error {
	if err == nil {
		err = s.settle()
	}
	if err != nil {
		s.j.reject(offset, raw, err.Error())
		return nil
	}
	s.e.Attributes = s.attrs
	return s.j.add(offset, s.e)
}

func (s *sketch) settle() error {
	s.e.TimeKind = sketchKind(s.desc)
	switch ours, is := strings.CutPrefix(s.dataType, "firebreak:"); {
	case is:
		s.e.Source = ours
	case s.short != "":
		s.e.Source = strings.ToLower(s.short)
	case s.source != "":
		s.e.Source = strings.ToLower(s.source)
	case s.dataType != "":
		s.e.Source = plasoSource(s.dataType)
	default:
		s.e.Source = "timesketch"
	}
	if len(s.tags) > 0 {
		s.attrs.Set("tag", strings.Join(s.tags, ", "))
	}
	if s.e.Message == "" && len(s.attrs) == 0 {
		return errors.New("neither a message nor attributes")
	}
	return s.date()
}

// plasoSource is our word for a data type as in fs:stat.
func plasoSource(dataType string) string {
	first, _, _ := strings.Cut(dataType, ":")
	if first == "fs" {
		return "file"
	}
	return strings.ToLower(first)
}

// sketchTags reads the tags of a line: a list, one text, or plaso's object with
// labels.
func sketchTags(raw []byte) []string {
	if len(raw) == 0 || raw[0] != '{' {
		return jsonTexts(raw)
	}
	var tags []string
	_ = walkObject(raw, func(name string, raw []byte) error { // it calls nothing that fails
		if name == "labels" {
			tags = jsonTexts(raw)
		}
		return nil
	})
	return tags
}

// sketchKind maps descriptions of times to ours: those that we write, and others
// that plaso has for the same.
func sketchKind(desc string) timeline.TimeKind {
	if kind, known := timeline.DescribedTimeKind(desc); known {
		return kind
	}
	switch strings.ToLower(desc) {
	case "crtime", "birth time", "...b", "file created":
		return timeline.Born
	case "modification time", "mtime", "m...", "file modified":
		return timeline.Modified
	case "atime", ".a..", "file accessed":
		return timeline.Accessed
	case "change time", "ctime", "..c.":
		return timeline.Changed
	case "last login time", "login time", "logged in", "last time executed", "connection established":
		return timeline.Started
	case "exit time", "logout time", "logged out":
		return timeline.Ended
	default:
		return timeline.Logged
	}
}

func isTimesketchJSONL(_ string, head []byte) bool {
	text, _, _ := bytes.Cut(head, []byte("\n"))
	return len(text) > 0 && text[0] == '{' && bytes.Contains(text, []byte(`"message"`)) &&
		(bytes.Contains(text, []byte(`"datetime"`)) || bytes.Contains(text, []byte(`"timestamp"`)))
}

func isTimesketchCSV(_ string, head []byte) bool {
	found := 0
	for _, name := range headingOf(head) {
		switch name {
		case "message", "datetime", "timestamp", "timestamp_desc":
			found++
		}
	}
	return found >= 2
}
