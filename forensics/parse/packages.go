package parse

import (
	"bufio"
	"bytes"
	"slices"
	"strings"
	"time"

	"firebreak/timeline"
)

// newDpkg reads dpkg.log: "date time action package version version". Its
// times are local and name no zone. Installations, upgrades and removals have
// kind installed; the states between are logged.
//
// Reference: dpkg(1), --log.
func newDpkg(j *job) lineReader {
	zone := j.assumedZone()
	note := "local times without a zone: " + zone
	return each(func(ln line) error {
		e := j.slot()
		e.TimeKind, e.Source = timeline.Logged, "package"
		a := &e.Attributes
		text := textOf(ln, a)
		s, ok := isoStamp(text, j.clock)
		if !ok || s.size+1 >= len(text) || text[s.size] != ' ' {
			j.reject(ln.offset, ln.text, "no time")
			return nil
		}
		rest := text[s.size+1:]
		action, args, _ := strings.Cut(strings.TrimLeft(rest, " "), " ")
		if action == "" {
			j.reject(ln.offset, ln.text, "no action")
			return nil
		}
		j.note(note)
		a.Set(attrAction, action)
		a.Set(attrAssumed, doubt(zone, s.how))
		e.Time, e.Precision, e.Message = s.time, s.precision, rest
		var names [3]string
		switch action {
		case "install", "upgrade", "remove", "purge", "disappear":
			e.TimeKind = timeline.Installed
			names = [3]string{"package", "old_version", "version"}
		case "configure", "trigproc":
			names = [3]string{"package", "version"}
		case "status":
			names = [3]string{"state", "package", "version"}
		case "conffile":
			names = [3]string{"path", "decision"}
		case "startup":
			names = [3]string{"phase", "command"}
		}
		for _, name := range names {
			var value string
			value, args, _ = strings.Cut(strings.TrimLeft(args, " "), " ")
			if name != "" && value != "" && value != "<none>" {
				a.Set(name, value)
			}
		}
		j.told(a, s.as, text[:s.size])
		return j.keep(ln.offset)
	})
}

// doubt is what was assumed of the zone, and of an hour in doubt.
func doubt(zone, how string) string {
	if how == "" {
		return zone
	}
	return zone + "; " + how
}

func isDpkg(_ string, head []byte) bool {
	text, _, _ := bytes.Cut(head, []byte("\n"))
	s, ok := isoStamp(string(text[:min(len(text), 64)]), &localClock{zone: time.UTC})
	if !ok || s.size != 19 || len(text) < 21 {
		return false
	}
	word, _, _ := bytes.Cut(text[20:], []byte(" "))
	switch string(word) {
	case "startup", "status", "install", "upgrade", "remove", "purge", "configure", "trigproc", "conffile", "disappear":
		return true
	}
	return false
}

// aptBlock is one run of apt, from Start-Date to End-Date.
type aptBlock struct {
	at      int64
	start   stamp
	attrs   timeline.Attributes
	actions []string // "Install: …" and the like, whole
	open    bool
}

// parseApt reads apt's history.log. A block becomes one event for each kind of
// change in it (Install, Upgrade, Remove, …) at its start, with the end and who
// asked as attributes; a block without any becomes one event. Times are local.
//
// Reference: apt, apt-pkg/deb/dpkgpm.cc.
func parseApt(j *job, r *bufio.Reader) error {
	zone := j.assumedZone()
	var b aptBlock
	finish := func() error {
		if !b.open {
			return nil
		}
		b.open = false
		return b.add(j)
	}
	err := eachLine(j, r, func(ln line) error {
		var a timeline.Attributes
		text := textOf(ln, &a)
		name, value, ok := strings.Cut(text, ": ")
		if ok && name == "Start-Date" {
			if err := finish(); err != nil {
				return err
			}
			s, ok := isoStamp(strings.Join(strings.Fields(value), " "), j.clock)
			if !ok {
				j.reject(ln.offset, ln.text, "no time")
				return nil
			}
			j.note("local times without a zone: " + zone)
			a.Set(attrTimeText, value)
			a.Set(attrAssumed, doubt(zone, s.how))
			b = aptBlock{at: ln.offset, start: s, attrs: a, open: true}
			return nil
		}
		if !b.open || !ok {
			j.reject(ln.offset, ln.text, "outside a block")
			return nil
		}
		for _, x := range a {
			b.attrs.Set(x.Name, x.Value)
		}
		switch name {
		case "End-Date":
			if s, ok := isoStamp(strings.Join(strings.Fields(value), " "), j.clock); ok {
				b.attrs.Set("ended", s.time.Format(time.RFC3339))
			}
			return finish()
		case "Commandline":
			b.attrs.Set(attrCommand, value)
		case "Requested-By":
			b.attrs.Set("requested_by", value)
		case "Error":
			b.attrs.Set("error", value)
		case "Comment":
			b.attrs.Set("comment", value)
		default:
			if len(b.actions) < 64 {
				b.actions = append(b.actions, text)
			} else {
				j.reject(ln.offset, ln.text, "too many changes in one block")
			}
		}
		return nil
	})
	if ferr := finish(); err == nil {
		err = ferr
	}
	return err
}

// add hands the block over.
func (b *aptBlock) add(j *job) error {
	user, _, _ := strings.Cut(b.attrs.Get("requested_by"), " (")
	actions := b.actions
	if len(actions) == 0 {
		actions = []string{"apt: " + b.attrs.Get(attrCommand)}
	}
	for _, text := range actions {
		name, list, _ := strings.Cut(text, ": ")
		e := timeline.Event{
			Time: b.start.time, Precision: b.start.precision, TimeKind: timeline.Installed,
			Source: "package", User: user, Message: text, Attributes: slices.Clone(b.attrs),
		}
		if len(b.actions) == 0 {
			e.TimeKind = timeline.Logged
		} else {
			e.Attributes.Set(attrAction, strings.ToLower(name))
			e.Attributes.Set("packages", list)
		}
		if err := j.add(b.at, e); err != nil {
			return err
		}
	}
	return nil
}

func isApt(_ string, head []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(head, "\n"), []byte("Start-Date: "))
}

// packaged fills the event of a line of the logs of dnf, yum, pacman, zypper
// and their like: a time, and then text (zypper's fields between bars).
func (p *syslogParser) packaged(e *timeline.Event, rest string) {
	e.Source = "package"
	e.Message = strings.TrimLeft(rest, "]| ")
	low := strings.ToLower(e.Message[:min(len(e.Message), 256)])
	for _, word := range []string{"installed", "upgraded", "updated", "removed", "erased", "reinstalled", "downgraded", "install|", "remove "} {
		if strings.Contains(low, word) {
			e.TimeKind = timeline.Installed
			return
		}
	}
}

func isPackages(name string, head []byte) bool {
	switch {
	case strings.HasPrefix(name, "dnf") && strings.HasSuffix(name, ".log"), name == "yum.log", name == "pacman.log":
		return true
	case name == "history":
		return bytes.Contains(head, []byte("|install|")) || bytes.Contains(head, []byte("|command|"))
	}
	return bytes.Contains(head[:min(len(head), 4096)], []byte("] [ALPM] "))
}
