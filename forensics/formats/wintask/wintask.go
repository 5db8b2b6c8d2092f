// Package wintask reads scheduled tasks of Windows: .job files (NT to 2003, and
// later for compatibility) and the XML of Vista and later.
//
// Times of .job are local, to the millisecond for the last run and to the minute
// for triggers. Those of the XML are ISO 8601, local where they name no zone.
//
// Reference: [MS-TSCH] 2.4 (.job) and 2.5 (XML).
package wintask

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"firebreak/forensics/formats/le"
)

// ErrFormat says that it is no task.
var ErrFormat = errors.New("no scheduled task")

const (
	maxTriggers = 1024
	maxText     = 32 << 10
	maxDepth    = 32
	maxNodes    = 100_000
)

// Trigger is when a task runs.
type Trigger struct {
	Offset     int64
	Kind       string
	Begin, End time.Time // of .job; local as if UTC
	Start      string    // of XML, as written
	Disabled   bool
	Detail     string // whose logon, which event
	Interval   string
}

// Action is what a task runs.
type Action struct {
	Command, Arguments, WorkingDir string
	Class, Data                    string // of a COM handler
}

// Line is the action as one line.
func (a Action) Line() string {
	if a.Class != "" {
		return strings.TrimSpace("COM " + a.Class + " " + a.Data)
	}
	return strings.TrimSpace(a.Command + " " + a.Arguments)
}

// Task is one.
type Task struct {
	Name, Author, Description, Registered string // Registered as written
	LastRun                               time.Time
	ExitCode                              uint32
	RunAs, RunLevel, LogonType            string
	Hidden, Disabled                      bool
	Actions                               []Action
	Triggers                              []Trigger
	Problem                               string
}

// IsJob knows a .job file: the version, and the offsets of its name and triggers.
func IsJob(head []byte) bool {
	b := le.Bytes(head)
	app, triggers := int(b.U16(20)), int(b.U16(22))
	return len(b) >= 76 && b.U16(2) == 1 && app == 70 && triggers > app && b.U16(0) >= 0x0400 && b.U16(0) < 0x0b00
}

// Job reads a .job file.
func Job(in []byte) (*Task, error) {
	b := le.Bytes(in)
	if !IsJob(in) {
		return nil, ErrFormat
	}
	t := &Task{ExitCode: b.U32(40)}
	flags := b.U32(48)
	t.Disabled, t.Hidden = flags&4 != 0, flags&0x200 != 0
	t.LastRun, _ = b.Systemtime(52)
	at := 70
	text := func() string {
		n := int(b.U16(at)) * 2
		s := b.Wide(at+2, min(n, maxText))
		at += 2 + n
		return s
	}
	a := Action{Command: text(), Arguments: text(), WorkingDir: text()}
	t.Author, t.Description = text(), text()
	t.Actions = []Action{a}
	at = int(b.U16(22))
	n := int(b.U16(at))
	at += 2
	if !b.Has(at-2, 2) {
		t.Problem = "the file is cut"
	}
	for i := range min(n, maxTriggers) {
		g := b.Cut(at, 48)
		if g == nil {
			t.Problem = fmt.Sprintf("%d of %d triggers are missing", n-i, n)
			break
		}
		t.Triggers = append(t.Triggers, jobTrigger(g, int64(at)))
		at += max(int(g.U16(0)), 48)
	}
	return t, nil
}

func jobTrigger(g le.Bytes, at int64) Trigger {
	day := func(i, hour, minute int) time.Time {
		y, m, d := int(g.U16(i)), int(g.U16(i+2)), int(g.U16(i+4))
		t := time.Date(y, time.Month(m), d, hour, minute, 0, 0, time.UTC)
		if y < 1970 || y > 2261 || int(t.Month()) != m || t.Day() != d || hour > 23 || minute > 59 {
			return time.Time{}
		}
		return t
	}
	kinds := [...]string{"once", "daily", "weekly", "monthly date", "monthly day", "on idle", "at system start", "at logon"}
	r := Trigger{Offset: at, Begin: day(4, int(g.U16(16)), int(g.U16(18))), Kind: fmt.Sprintf("type %d", g.U32(32))}
	if k := int(g.U32(32)); k >= 0 && k < len(kinds) {
		r.Kind = kinds[k]
	}
	if flags := g.U32(28); flags&1 != 0 {
		r.End = day(10, 0, 0)
	}
	r.Disabled = g.U32(28)&4 != 0
	if n := g.U32(24); n > 0 {
		r.Interval = fmt.Sprintf("every %d minutes for %d", n, g.U32(20))
	}
	return r
}

// xmlAction and the like are the parts of the XML that are read.
type xmlTask struct {
	Info struct {
		Date, Author, URI, Description string
	} `xml:"RegistrationInfo"`
	Triggers struct {
		All []xmlTrigger `xml:",any"`
	}
	Principals struct {
		Principal []struct{ UserId, GroupId, LogonType, RunLevel string } //nolint:revive // names of the XML
	}
	Settings struct{ Hidden, Enabled string }
	Actions  struct {
		All []xmlAction `xml:",any"`
	}
}

type xmlTrigger struct {
	XMLName                             xml.Name
	StartBoundary, EndBoundary, Enabled string
	UserId, Subscription, StateChange   string //nolint:revive // names of the XML
	Repetition                          struct{ Interval, Duration string }
	ScheduleByDay                       *struct{}
	ScheduleByWeek, ScheduleByMonth     *struct{}
	ScheduleByMonthDayOfWeek            *struct{}
}

type xmlAction struct {
	XMLName                              xml.Name
	Command, Arguments, WorkingDirectory string
	ClassId, Data                        string //nolint:revive // names of the XML
}

// limited ends what is deep or has many parts.
type limited struct {
	d     *xml.Decoder
	depth int
	n     int
}

func (l *limited) Token() (xml.Token, error) {
	t, err := l.d.Token()
	switch t.(type) {
	case xml.StartElement:
		l.depth++
	case xml.EndElement:
		l.depth--
	}
	if l.n++; l.depth > maxDepth || l.n > maxNodes {
		return nil, fmt.Errorf("%w: it is too deep or too large", ErrFormat)
	}
	return t, err
}

// XML reads the XML of a task, which is UTF-8 already whatever it says.
func XML(r io.Reader) (*Task, error) {
	d := xml.NewDecoder(r)
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	var x xmlTask
	if err := xml.NewTokenDecoder(&limited{d: d}).Decode(&x); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	t := &Task{
		Name: x.Info.URI, Author: x.Info.Author, Description: x.Info.Description, Registered: strings.TrimSpace(x.Info.Date),
		Hidden: strings.EqualFold(x.Settings.Hidden, "true"), Disabled: strings.EqualFold(x.Settings.Enabled, "false"),
	}
	for i, p := range x.Principals.Principal {
		if i == 0 {
			t.RunAs, t.RunLevel, t.LogonType = p.UserId+p.GroupId, p.RunLevel, p.LogonType
		}
	}
	for _, a := range x.Actions.All {
		t.Actions = append(t.Actions, Action{strings.TrimSpace(a.Command), strings.TrimSpace(a.Arguments), a.WorkingDirectory, a.ClassId, a.Data})
	}
	for _, g := range x.Triggers.All {
		r := Trigger{Kind: strings.TrimSuffix(g.XMLName.Local, "Trigger"), Start: strings.TrimSpace(g.StartBoundary), Disabled: strings.EqualFold(g.Enabled, "false"), Interval: g.Repetition.Interval}
		switch {
		case g.ScheduleByDay != nil:
			r.Kind = "daily"
		case g.ScheduleByWeek != nil:
			r.Kind = "weekly"
		case g.ScheduleByMonth != nil, g.ScheduleByMonthDayOfWeek != nil:
			r.Kind = "monthly"
		}
		for _, s := range []string{g.UserId, g.StateChange, g.Subscription} {
			if s != "" {
				r.Detail = strings.Join(strings.Fields(s), " ")
				break
			}
		}
		if t.Triggers = append(t.Triggers, r); len(t.Triggers) >= maxTriggers {
			break
		}
	}
	return t, nil
}
