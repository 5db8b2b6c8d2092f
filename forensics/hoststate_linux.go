package forensics

import (
	"context"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxState bounds a state file of logind, a timer or a container's runtime.
const maxState = 4 << 20

// loginSessions writes the "fb.sessions" snapshot of a live host.
func (c *collection) loginSessions(ctx context.Context) error {
	const dir = "/run/systemd/sessions"
	if c.tree.image {
		return nil
	}
	names := c.names("/", dir, false)
	if len(names) == 0 {
		return nil
	}
	e := c.exhibit("Sessions of logind", dir, FormatSessions, "in-process read of logind's state files")
	return c.snapshot(ctx, e, func(r *rows) error {
		for _, name := range names {
			if strings.HasSuffix(name, ".ref") {
				continue // a FIFO that holds the session open
			}
			b, err := c.small(path.Join(dir, name), maxState)
			if err != nil {
				c.refuse(path.Join(dir, name), err)
				continue
			}
			if err := r.add(parseSession(name, b, c.users)); err != nil {
				return err
			}
		}
		return nil
	})
}

// parseSession reads a state file of logind: lines NAME=value.
func parseSession(id string, b []byte, users map[uint32]string) Session {
	v := variables(b)
	s := Session{
		ID: id, UID: number(v["UID"]), User: v["USER"], State: v["STATE"], Class: v["CLASS"], Kind: v["TYPE"], Service: v["SERVICE"],
		TTY: v["TTY"], Remote: v["REMOTE"] == "1", RemoteHost: v["REMOTE_HOST"], RemoteUser: v["REMOTE_USER"], Leader: int(number(v["LEADER"])), Scope: v["SCOPE"],
	}
	if s.User == "" {
		s.User = users[s.UID]
	}
	if us, err := strconv.ParseInt(v["REALTIME"], 10, 64); err == nil && us > 0 {
		s.Started = time.UnixMicro(us).UTC()
	}
	s.Raw = raw(nil, "file", string(b))
	return s
}

// variables reads lines NAME=value; quotes around a value are taken off.
func variables(b []byte) map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(string(b)) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if ok {
			out[name] = strings.Trim(value, `"'`)
		}
	}
	return out
}

// timers writes the "fb.timers" snapshot: timer units, the stamps of when the
// persistent ones last ran, and stamps whose timer is gone.
func (c *collection) timers(ctx context.Context) error {
	e := c.exhibit("Timers and when they last ran", "systemd's unit folders, /var/lib/systemd/timers", FormatTimers, "in-process read of unit files and stamps")
	return c.snapshot(ctx, e, func(r *rows) error {
		stamps := c.stamps()
		here := c.location()
		seen := map[string]bool{}
		for _, dir := range c.unitFolders() {
			at, ok := c.folder(dir)
			if !ok || seen[at] {
				continue
			}
			seen[at] = true
			for _, name := range c.names(dir.base, dir.name, dir.strict) {
				if err := ctx.Err(); err != nil {
					return err
				}
				if path.Ext(name) != ".timer" {
					continue
				}
				t, ok := c.timer(dir, name)
				if !ok {
					continue
				}
				if s, ok := stamps[t.User+"/"+name]; ok {
					t.Last, t.Stamp = s.when, s.path
					delete(stamps, t.User+"/"+name)
				}
				t.Next, _ = nextOf(t.Schedule, c.Now().In(here))
				if err := r.add(t); err != nil {
					return err
				}
			}
		}
		for _, s := range sortedStamps(stamps) {
			if err := r.add(Timer{Name: s.timer, Path: s.path, Last: s.when, Stamp: s.path, User: s.user, Why: "it has run, and its timer is not there any more"}); err != nil {
				return err
			}
		}
		return nil
	})
}

// location is the host's zone; UTC where it is unknown.
func (c *collection) location() *time.Location {
	if l, err := time.LoadLocation(c.zone()); err == nil {
		return l
	}
	return time.UTC
}

// timer reads one timer unit and what it starts.
func (c *collection) timer(dir unitFolder, name string) (Timer, bool) {
	u, ok := c.unitText(dir, name)
	if !ok {
		return Timer{}, false
	}
	t := Timer{Name: name, Path: u.Path, Schedule: u.Timer, Raw: raw(nil, "path", u.Path)}
	if dir.base != "/" {
		t.User = path.Base(dir.base)
	}
	t.Unit = strings.TrimSuffix(name, ".timer") + ".service"
	for _, line := range u.lines {
		if v, ok := strings.CutPrefix(line, "Unit="); ok {
			t.Unit = strings.TrimSpace(v)
		}
	}
	if path.Base(t.Unit) == t.Unit {
		if s, ok := c.unitText(dir, t.Unit); ok {
			t.Exec = s.Exec
		}
	}
	return t, true
}

// unitLines is a unit with its lines.
type unitLines struct {
	Unit
	lines []string
}

// unitText reads one unit file of a folder.
func (c *collection) unitText(dir unitFolder, name string) (unitLines, bool) {
	full := path.Join(dir.name, name)
	h, err := c.tree.at(dir.base, full, dir.strict)
	if err != nil {
		return unitLines{}, false
	}
	defer func() { _ = h.close() }()
	if c.tree.regular(h) != nil {
		return unitLines{}, false // a link: linux.units tells where it points
	}
	b, err := c.unitFile(h)
	if err != nil {
		return unitLines{}, false
	}
	u := unitLines{Unit: Unit{Path: h.path, Name: name, Kind: strings.TrimPrefix(path.Ext(name), ".")}}
	parseUnit(b, &u.Unit)
	for line := range strings.Lines(string(b)) {
		u.lines = append(u.lines, strings.TrimSpace(line))
	}
	return u, true
}

// stamp is a file whose time of modification says when a timer last ran.
type stamp struct {
	timer, path, user string
	when              time.Time
}

// stamps reads the stamps of the system and of every user.
func (c *collection) stamps() map[string]stamp {
	out := map[string]stamp{}
	look := func(base, dir, user string, strict bool) {
		for _, name := range c.names(base, dir, strict) {
			timer, ok := strings.CutPrefix(name, "stamp-")
			if !ok {
				continue
			}
			h, err := c.tree.at(base, path.Join(dir, name), strict)
			if err != nil {
				continue
			}
			out[user+"/"+timer] = stamp{timer, h.path, user, h.stat.Modified}
			_ = h.close()
		}
	}
	look("/", "/var/lib/systemd/timers", "", false)
	for _, home := range c.homes() {
		look(home, ".local/share/systemd/timers", path.Base(home), true)
	}
	return out
}

func sortedStamps(m map[string]stamp) []stamp {
	var out []stamp
	for _, s := range m {
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b stamp) int { return strings.Compare(a.path, b.path) })
	return out
}
