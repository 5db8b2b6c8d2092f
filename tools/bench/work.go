package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// ingest reads the whole log into a new incident, as one exhibit.
func (b *bench) ingest(ctx context.Context) error {
	ours := &line{Who: "firebreak ingest"}
	few := min(b.lines(), 1_000_000)
	short, err := b.make(ctx, "log", few, 1)
	if err != nil {
		return err
	}
	slowRows := &line{Who: "rows + FTS5 by trigger", Scale: float64(few) / float64(b.lines())}
	lnav := &line{Who: "lnav (keeps nothing)"}
	jobs := []func(context.Context) (sample, error){
		func(ctx context.Context) (sample, error) {
			if b.home, b.id, err = b.incident(ctx, "workspace"); err != nil {
				return sample{}, err
			}
			b.db = timelineOf(b.home, b.id)
			return run(ctx, job{args: []string{b.firebreak, "ingest", b.id, b.log}, env: b.environ(b.home)})
		},
		func(ctx context.Context) (sample, error) {
			path := filepath.Join(b.dir, "trigger.db")
			defer remove(path)
			return run(ctx, job{args: []string{b.rows, "ingest", path, short, "trigger"}})
		},
		b.lnav(";SELECT count(*) FROM syslog_log"),
	}
	if !b.wanted("ingest") || b.only != "" {
		jobs = jobs[:1]
	}
	lines := []*line{ours, slowRows, lnav}[:len(jobs)]
	if err := b.turns(ctx, lines, jobs...); err != nil {
		return err
	}
	ours.Size = size(b.db)
	perEvent := float64(ours.Size) / float64(b.lines())
	ours.Extra = fmt.Sprintf("%s a second, %.1f B an event", rate(b.lines(), ours.Wall), perEvent)
	if len(jobs) > 1 {
		slowRows.Extra = fmt.Sprintf("of %s lines: %s a second, %.1f CPU s a million", number(int64(few)), rate(few, slowRows.Wall), slowRows.CPU.Seconds()*1e6/float64(few))
		lnav.Extra = rate(b.lines(), lnav.Wall) + " a second, of the sorted log"
	}
	s, err := run(ctx, job{args: []string{b.firebreak, "search", b.id, "--count"}, env: b.environ(b.home)})
	if err != nil {
		return err
	}
	b.same("events of the whole log", strings.TrimSpace(s.Out), fmt.Sprint(b.lines()))
	b.add(result{
		Work: number(int64(b.lines())) + " lines of syslog: sealed, hashed, durable, searchable", Goal: "≥ 1 M a second, ≤ 150 MB, ≤ 65 B an event",
		Met: func(l *line) bool {
			return float64(b.lines())/l.Wall.Seconds() >= 1e6 && l.RSS <= 150e6 && perEvent <= 65
		},
		Lines: lines,
		Notes: []string{ours.cpuPerMillion(b.lines())},
	})
	return nil
}

func (l *line) cpuPerMillion(lines int) string {
	return fmt.Sprintf("%s: %.1f CPU s a million lines.", l.Who, l.CPU.Seconds()*1e6/float64(lines))
}

func rate(lines int, in time.Duration) string {
	n := float64(lines) / in.Seconds()
	if n >= 1e6 {
		return fmt.Sprintf("%.2f M", n/1e6)
	}
	return fmt.Sprintf("%.0f k", n/1e3)
}

// remove takes a database away with what lies beside it.
func remove(path string) {
	for _, end := range []string{"", "-wal", "-shm", "-journal"} {
		os.Remove(path + end) //nolint:errcheck // it may not be there, and the next run overwrites it
	}
}

// engineAlone is the same without an incident: what the prototype measured.
func (b *bench) engineAlone(ctx context.Context) error {
	ours := &line{Who: "the engine"}
	path := filepath.Join(b.dir, "engine.db")
	defer remove(path)
	err := b.turns(ctx, []*line{ours}, func(ctx context.Context) (sample, error) {
		remove(path)
		return run(ctx, job{args: []string{b.self, "engine", b.log, path}})
	})
	if err != nil {
		return err
	}
	ours.Extra = fmt.Sprintf("%s a second, %.1f B an event", rate(b.lines(), ours.Wall), float64(size(path))/float64(b.lines()))
	b.add(result{
		Work: "the same without an incident: hashed, durable, searchable, no sealed copy", Lines: []*line{ours},
		Notes: []string{ours.cpuPerMillion(b.lines())},
	})
	return nil
}

// lnav asks lnav one thing of the sorted log, from start to end: it keeps
// nothing between two runs.
func (b *bench) lnav(statement string) func(context.Context) (sample, error) {
	return func(ctx context.Context) (sample, error) {
		return run(ctx, job{args: []string{"lnav", "-n", "-c", statement, b.sorted}, env: b.environ(b.home)})
	}
}

// search runs the program from start to end.
func (b *bench) search(args ...string) func(context.Context) (sample, error) {
	return func(ctx context.Context) (sample, error) {
		return run(ctx, job{args: append([]string{b.firebreak, "search", b.id}, args...), env: b.environ(b.home)})
	}
}

// rg counts lines of the log.
func (b *bench) rg(args ...string) func(context.Context) (sample, error) {
	return func(ctx context.Context) (sample, error) {
		return run(ctx, job{args: append(append([]string{"rg", "-c"}, args...), b.log), ok: []int{1}})
	}
}

// firstScreen opens the timeline in a process of its own and shows a screenful.
func (b *bench) firstScreen(ctx context.Context) error {
	ours, screen, lnav := &line{Who: "firebreak search --limit 50"}, &line{Who: "firebreak run, key 3: until a line of the log is on the screen"}, &line{Who: "lnav"}
	err := b.turns(ctx, []*line{ours, screen, lnav},
		b.search("--limit", "50"), b.shown, b.lnav(";SELECT log_time, log_body FROM syslog_log LIMIT 50"))
	if err != nil {
		return err
	}
	if n := strings.Count(ours.Out, "\n"); n != 50 {
		b.same("rows of the first screen", fmt.Sprint(n), "50")
	}
	b.add(result{
		Work: "open the timeline, first screen (whole process)", Goal: "< 0.2 s, < 80 MB",
		Met:   func(l *line) bool { return l.Wall < 200*time.Millisecond && l.RSS < 80e6 },
		Lines: []*line{ours, screen, lnav},
	})
	return nil
}

// same notes two answers that should agree and do not.
func (b *bench) same(what, ours, theirs string) {
	if ours != theirs {
		b.faults = append(b.faults, fmt.Sprintf("%s: firebreak says %s, the other %s", what, ours, theirs))
		b.tell("  DIFFERS %s", b.faults[len(b.faults)-1])
	}
}

// bodyfile reads a million lines of a body file.
func (b *bench) bodyfile(ctx context.Context) error {
	ours, peer := &line{Who: "firebreak ingest"}, &line{Who: "mactime"}
	var home, id string
	defer func() { os.RemoveAll(home) }() //nolint:errcheck // the next run makes it anew
	err := b.turns(ctx, []*line{ours, peer},
		func(ctx context.Context) (s sample, err error) {
			if home, id, err = b.incident(ctx, "workspace-body"); err != nil {
				return sample{}, err
			}
			return run(ctx, job{args: []string{b.firebreak, "ingest", id, b.body}, env: b.environ(home)})
		},
		func(ctx context.Context) (sample, error) {
			return run(ctx, job{args: []string{"mactime", "-b", b.body, "-d", "-z", "UTC"}, drop: true})
		})
	if err != nil {
		return err
	}
	events, _, _ := strings.Cut(ours.Out, " (")
	ours.Extra = events
	b.add(result{
		Work: number(int64(min(1, b.scale*10)*1e6)) + " lines of a body file", Goal: "< 3 CPU s, < 200 MB",
		Met:   func(l *line) bool { return l.CPU < 3*time.Second && l.RSS < 200e6 },
		Lines: []*line{ours, peer},
	})
	return nil
}

// count reads the number that grep and rg print.
func count(out string) string {
	n := strings.TrimSpace(out)
	if n == "" {
		return "0"
	}
	if _, err := strconv.Atoi(n); err != nil {
		return out
	}
	return n
}
