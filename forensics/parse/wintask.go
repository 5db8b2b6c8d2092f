package parse

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"
	"time"

	"firebreak/forensics/formats/wintask"
	"firebreak/timeline"
)

const maxTask = 4 << 20

func isWinJob(_ string, head []byte) bool { return wintask.IsJob(head) }

func isTaskXML(_ string, head []byte) bool {
	return bytes.Contains(head[:min(len(head), 4096)], []byte("http://schemas.microsoft.com/windows/2004/02/mit/task"))
}

// parseWinJob makes an event of the last run of a task and of each trigger's
// beginning; of a task that has neither, one that is undated.
func parseWinJob(j *job, r *bufio.Reader) error {
	b, err := j.wholeBytes(r, maxTask)
	if err != nil || b == nil {
		return err
	}
	t, err := wintask.Job(b)
	if errors.Is(err, wintask.ErrFormat) {
		j.reject(0, nil, err.Error())
		return nil
	}
	if err != nil {
		return err
	}
	t.Name = strings.TrimSuffix(j.sourceName(), path.Ext(j.sourceName()))
	if t.Problem != "" {
		j.reject(0, nil, t.Problem)
	}
	if !t.LastRun.IsZero() {
		e := taskEvent(t, t.Actions[0])
		e.TimeKind, e.Precision = timeline.Started, timeline.Millisecond
		e.Message = "last run of the " + e.Message
		e.Time = j.localTime(t.LastRun, &e.Attributes)
		e.Attributes.Set(attrAction, "exec")
		e.Attributes.Set("exit_code", strconv.FormatUint(uint64(t.ExitCode), 10))
		if err := j.add(52, e); err != nil {
			return err
		}
	}
	for _, g := range t.Triggers {
		e := taskEvent(t, t.Actions[0])
		e.TimeKind, e.Precision = timeline.Logged, timeline.Minute
		if !g.Begin.IsZero() {
			e.Time = j.localTime(g.Begin, &e.Attributes)
		}
		if !g.End.IsZero() {
			e.Attributes.Set("ends", g.End.Format(time.DateOnly))
		}
		triggerTold(&e, g)
		if err := j.add(g.Offset, e); err != nil {
			return err
		}
	}
	if t.LastRun.IsZero() && len(t.Triggers) == 0 {
		return j.add(0, taskEvent(t, t.Actions[0]))
	}
	return nil
}

// taskEvent is what all events of a task say.
func taskEvent(t *wintask.Task, run wintask.Action) timeline.Event {
	e := timeline.Event{Source: "task", TimeKind: timeline.Undated, User: foreignText(t.RunAs)}
	line := foreignText(run.Line())
	e.Message = "task " + named(foreignText(t.Name)) + " that runs " + named(line)
	a := &e.Attributes
	setPlain(a, "author", t.Author)
	set(a, attrCommand, line)
	setPlain(a, "description", t.Description)
	if t.Disabled {
		a.Set("enabled", "no")
	}
	setPlain(a, "exe", run.Command)
	if t.Hidden {
		a.Set("hidden", "yes")
	}
	setPlain(a, "logon_type", t.LogonType)
	setPlain(a, "run_level", t.RunLevel)
	setPlain(a, "task", t.Name)
	setPlain(a, "working_dir", run.WorkingDir)
	return e
}

func triggerTold(e *timeline.Event, g wintask.Trigger) {
	a := &e.Attributes
	a.Set(attrAction, "schedule")
	setPlain(a, "trigger", triggerText(g))
	e.Message += ", from then on: " + foreignText(triggerText(g))
}

func triggerText(g wintask.Trigger) string {
	s := say(g.Kind, g.Detail, g.Interval)
	if g.Disabled {
		s += " (disabled)"
	}
	return s
}

// parseTaskXML makes an event of each action of a task, at its registration, and
// of each trigger that says from when on it holds.
func parseTaskXML(j *job, r *bufio.Reader) error {
	text, err := io.ReadAll(io.LimitReader(&patient{j, r}, maxTask+1))
	if err != nil {
		return fmt.Errorf("read the task: %w", err)
	}
	if len(text) > maxTask {
		j.reject(0, nil, "it is larger than 4 MiB")
		return nil
	}
	t, err := wintask.XML(bytes.NewReader(bytes.TrimPrefix(text, bomUTF8)))
	if errors.Is(err, wintask.ErrFormat) {
		j.reject(0, text, foreignText(err.Error()))
		return nil
	}
	if err != nil {
		return err
	}
	if t.Name == "" {
		t.Name = j.sourceName()
	}
	var triggers []string
	for _, g := range t.Triggers {
		triggers = append(triggers, triggerText(g))
	}
	when, _ := listed(triggers)
	runs := t.Actions
	if len(runs) == 0 {
		runs = []wintask.Action{{}}
	}
	for _, run := range runs {
		e := taskEvent(t, run)
		e.Message = "registered: " + e.Message
		e.Attributes.Set(attrAction, "create")
		set(&e.Attributes, "triggers", when)
		j.taskTime(&e, t.Registered, timeline.Born)
		if err := j.add(0, e); err != nil {
			return err
		}
	}
	for _, g := range t.Triggers {
		if g.Start == "" {
			continue
		}
		e := taskEvent(t, runs[0])
		triggerTold(&e, g)
		j.taskTime(&e, g.Start, timeline.Logged)
		if err := j.add(0, e); err != nil {
			return err
		}
	}
	return nil
}

// taskTime dates an event by a time of the XML, local where it has no zone.
func (j *job) taskTime(e *timeline.Event, text string, kind timeline.TimeKind) {
	text = foreignText(text)
	s, ok := isoStamp(text, j.clock)
	if !ok || s.size != len(text) {
		set(&e.Attributes, attrTimeText, text)
		return
	}
	e.Time, e.Precision, e.TimeKind = s.time, s.precision, kind
	if !s.zoned {
		e.Attributes.Set(attrAssumed, doubt(j.assumedZone(), s.how))
		j.note("local times without a zone: " + j.assumedZone())
	}
	j.told(&e.Attributes, s.as, text)
}
