package evidence

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"time"
)

// Params are what a set of logs depends on. When is the moment at which the
// alert came: the logs end a little later.
type Params struct {
	Seed   int64
	Set    string // the name of the set, so that two sets of one scenario differ
	Host   string
	When   time.Time
	Events int
	With   map[string]string
}

// get is a parameter of the scenario, or what it is without one.
func (p Params) get(name, or string) string { return cmp.Or(p.With[name], or) }

// File is one log. Source is its place on the host; Parser reads it.
type File struct {
	Name   string
	Source string
	Parser string
	lines  []line
	write  func(*dice, line, []byte) []byte
	seed   *dice
}

// Truth is what is known of one line: it belongs to the attack.
type Truth struct {
	Offset  int64
	Line    int // counted from 1
	Finding string
}

// line is a moment in a log, before it is written out. What it means is known to
// the generator that made it.
type line struct {
	at      time.Time
	kind    uint8
	who     uint32
	what    uint32
	finding uint8 // 0: none; else one more than its place among the findings
	text    string
}

// generator makes the files of a set.
type generator struct {
	findings []string
	sources  []string // of its files, in their order
	files    func(Params) []File
}

func generators() map[string]generator {
	return map[string]generator{
		"web-host":     {webFindings, []string{"/var/log/nginx/access.log", "/var/log/auth.log", "/var/log/syslog", "/var/log/cron.log", "/var/log/audit/audit.log"}, webHost},
		"file-server":  {shareFindings, []string{"/var/log/samba/audit.log", "/var/log/auth.log", "/var/log/syslog"}, fileServer},
		"github-audit": {auditFindings, []string{"audit.json"}, gitHubAudit},
		"agent-log":    {agentFindings, []string{"/var/log/support-agent/agent.jsonl"}, agentLog},
	}
}

// Names are the generators there are.
func Names() []string {
	return []string{"agent-log", "file-server", "github-audit", "web-host"}
}

// Findings are what a generator hides in its logs.
func Findings(name string) []string { return generators()[name].findings }

// Sources are the places of the files that a generator makes.
func Sources(name string) []string { return generators()[name].sources }

// Make returns the files of a set; they are written when somebody wants them.
func Make(name string, p Params) ([]File, error) {
	g, ok := generators()[name]
	if !ok {
		return nil, fmt.Errorf("make evidence: no generator %q", name)
	}
	if p.Events < 100 || p.Events > 2_000_000 {
		return nil, fmt.Errorf("make evidence %s: %d events: want 100 to 2000000", name, p.Events)
	}
	files := g.files(p)
	for i := range files {
		slices.SortStableFunc(files[i].lines, func(a, b line) int { return a.at.Compare(b.at) })
	}
	return files, nil
}

// Events is how many lines the file has.
func (f *File) Events() int { return len(f.lines) }

// Write writes the log, and says which of its lines belong to the attack.
func (f *File) Write(w io.Writer, findings []string) ([]Truth, error) {
	out := bufio.NewWriterSize(w, 256<<10)
	d := *f.seed // so that writing twice gives the same bytes
	var truth []Truth
	var offset int64
	buf := make([]byte, 0, 1024)
	n := 0
	for _, l := range f.lines {
		buf = f.write(&d, l, buf[:0])
		if l.finding > 0 {
			truth = append(truth, Truth{offset, n + 1, findings[l.finding-1]})
		}
		if _, err := out.Write(buf); err != nil {
			return nil, fmt.Errorf("write %s: %w", f.Name, err)
		}
		offset += int64(len(buf))
		for _, c := range buf {
			if c == '\n' {
				n++
			}
		}
	}
	if err := out.Flush(); err != nil {
		return nil, fmt.Errorf("write %s: %w", f.Name, err)
	}
	return truth, nil
}

// busy spreads moments over a day as people do: few at night, most at noon.
func busy(d *dice, from, to time.Time) time.Time {
	for {
		t := from.Add(d.within(to.Sub(from)))
		weight := [24]int{2, 1, 1, 1, 1, 2, 3, 5, 7, 9, 10, 10, 9, 9, 10, 10, 9, 8, 8, 9, 9, 7, 5, 3}[t.Hour()]
		if d.N(10) < weight {
			return t
		}
	}
}

// stamp is the time as rsyslog writes it in its modern form.
func stamp(b []byte, t time.Time) []byte {
	return t.UTC().AppendFormat(b, "2006-01-02T15:04:05.000000+00:00")
}
