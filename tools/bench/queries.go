package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"firebreak/internal/testkit/loggen"
	"firebreak/tools/bench/ask"
)

// sqlQuestion is what package rows answers.
type sqlQuestion struct {
	Name  string `json:"name"`
	SQL   string `json:"sql"`
	Times int    `json:"times"`
	From  int64
	To    int64
}

// asked is one work that is asked of firebreak's engine and, where there is a
// statement for it, of the rows.
type asked struct {
	question
	SQL  string
	Goal string
	Met  func(*line) bool
}

// putAll asks each in a process of its own, rounds times, in turn with the rows.
func (b *bench) putAll(ctx context.Context, all []asked) ([]*result, error) {
	var out []*result
	for _, a := range all {
		var ours, theirs []ask.Answer
		var rss, rowsRSS []sample
		for n := range b.rounds {
			q := a.question
			q.Seed = uint64(n)
			var answers []ask.Answer
			s, err := b.ask(ctx, []string{b.self, "probe", b.db}, []question{q}, &answers)
			if err != nil {
				return nil, err
			}
			if answers[0].Error != "" {
				return nil, fmt.Errorf("%s: %s", a.Name, answers[0].Error)
			}
			ours, rss = append(ours, answers[0]), append(rss, s)
			if a.SQL == "" || b.rowsDB == "" || n > 0 && rowsRSS[0].Wall > slow {
				continue
			}
			answers = nil
			s, err = b.ask(ctx, []string{b.rows, "ask", b.rowsDB}, []sqlQuestion{{
				Name: a.Name, SQL: a.SQL, Times: max(1, min(a.Times, 5)),
				From: loggen.Begin.UnixNano(), To: loggen.Begin.Add(loggen.Span).UnixNano(),
			}}, &answers)
			if err != nil {
				return nil, err
			}
			theirs, rowsRSS = append(theirs, answers[0]), append(rowsRSS, s)
		}
		r := result{Work: a.Name, Goal: a.Goal, Met: a.Met, Lines: []*line{answered("firebreak", ours, middle(rss).RSS)}}
		r.Lines[0].Extra = a.Filter
		if len(theirs) > 0 {
			r.Lines = append(r.Lines, answered("rows + FTS5", theirs, middle(rowsRSS).RSS))
		}
		out = append(out, b.add(r))
	}
	return out, nil
}

// bulkRows makes the rows that the queries are compared with, the fastest way
// that database/sql allows: indexes at the end. They are kept for the next run,
// with what they took.
func (b *bench) bulkRows(ctx context.Context) error {
	if b.rowsDB != "" {
		return nil
	}
	path := filepath.Join(b.dir, fmt.Sprintf("rows-%d.db", b.lines()))
	b.rowsDB = path
	note := path + ".json"
	l := &line{Who: "rows + FTS5, indexes at the end", Rounds: 1}
	text, err := os.ReadFile(note)
	if err == nil {
		err = json.Unmarshal(text, &l.sample)
	} else if os.IsNotExist(err) {
		b.tell("  making rows with FTS5 of the whole log")
		remove(path)
		if l.sample, err = run(ctx, job{args: []string{b.rows, "ingest", path, b.log, "bulk"}}); err == nil {
			if text, err = json.Marshal(l.sample); err == nil {
				err = os.WriteFile(note, text, 0o600)
			}
		}
	}
	if err != nil {
		return err
	}
	l.Extra = fmt.Sprintf("%s a second, %.0f B an event, %.1f CPU s a million", rate(b.lines(), l.Wall), float64(size(path))/float64(b.lines()), l.CPU.Seconds()*1e6/float64(b.lines()))
	b.add(result{Work: "the rows that the queries are compared with", Lines: []*line{l}})
	return nil
}

func within(d time.Duration) func(*line) bool {
	return func(l *line) bool { return l.P95 <= d }
}

const rowsPage = `SELECT e.* FROM words w JOIN event e ON e.id = w.rowid WHERE words MATCH '%s' ORDER BY e.time, e.id LIMIT 50`

// one day, one host and one word: the question that is asked most.
const (
	oneHost = "host:web-ber-01 "
	oneDay  = "after:2024-04-10 before:2024-04-11"
)

// pages are first pages and random ones.
func (b *bench) pages(ctx context.Context) error {
	if err := b.bulkRows(ctx); err != nil {
		return err
	}
	from := time.Date(2024, 4, 10, 0, 0, 0, 0, time.UTC)
	narrow := fmt.Sprintf(`SELECT e.* FROM words w JOIN event e ON e.id = w.rowid WHERE words MATCH 'sshd' AND e.host = 'web-ber-01' AND e.time >= %d AND e.time < %d ORDER BY e.time, e.id LIMIT 50`,
		from.UnixNano(), from.AddDate(0, 0, 1).UnixNano())
	first := func(what, filter, statement string) asked {
		return asked{question{Name: "first page: " + what, Kind: "first", Filter: filter, Times: 8}, statement, "< 50 ms p95", within(50 * time.Millisecond)}
	}
	results, err := b.putAll(ctx, []asked{
		first("a rare word", "mimikatz", fmt.Sprintf(rowsPage, "mimikatz")),
		first("a seldom phrase", `"nc -e /bin/sh"`, fmt.Sprintf(rowsPage, `"nc e bin sh"`)),
		first("a common word", "sshd", fmt.Sprintf(rowsPage, "sshd")),
		first("a very common word", "pid", fmt.Sprintf(rowsPage, "pid")),
		first("a word, a host, a day", "sshd "+oneHost+oneDay, narrow),
		{
			question{Name: "a page at a random time", Kind: "random", Times: 100},
			`SELECT * FROM event WHERE time >= ? ORDER BY time, id LIMIT 50`, "< 10 ms p95", within(10 * time.Millisecond),
		},
		{question: question{Name: "open, and the first page, in one process", Kind: "open", Times: 8}},
	})
	if err != nil {
		return err
	}
	// lnav has to read everything first, whatever is looked for.
	peer := &line{Who: "lnav"}
	if err := b.turns(ctx, []*line{{}, peer},
		func(context.Context) (sample, error) { return sample{}, nil },
		b.lnav(";SELECT log_time, log_body FROM syslog_log WHERE log_body LIKE '%mimikatz%' LIMIT 50")); err != nil {
		return err
	}
	results[0].Lines = append(results[0].Lines, peer)
	return nil
}

// sums are histograms, top values and counts.
func (b *bench) sums(ctx context.Context) error {
	if err := b.bulkRows(ctx); err != nil {
		return err
	}
	const hour = `SELECT time / 3600000000000, count(*) FROM event GROUP BY 1`
	const top = `SELECT host, count(*) FROM event GROUP BY 1 UNION ALL SELECT user, count(*) FROM event GROUP BY 1`
	results, err := b.putAll(ctx, []asked{
		{question{Name: "histogram of all, by the hour", Kind: "histogram", Times: 8}, hour, "< 60 ms", func(l *line) bool { return l.Wall < 60*time.Millisecond }},
		{
			question{Name: "histogram of one host", Kind: "histogram", Filter: strings.TrimSpace(oneHost), Times: 8},
			`SELECT time / 3600000000000, count(*) FROM event WHERE host = 'web-ber-01' GROUP BY 1`, "", nil,
		},
		{question{Name: "top hosts and top users", Kind: "values", Times: 8}, top, "< 100 ms", func(l *line) bool { return l.Wall < 100*time.Millisecond }},
		{question{Name: "count: a rare word", Kind: "count", Filter: "mimikatz", Times: 8}, `SELECT count(*) FROM words WHERE words MATCH 'mimikatz'`, "", nil},
		{question{Name: "count: a seldom phrase", Kind: "count", Filter: `"nc -e /bin/sh"`, Times: 5}, `SELECT count(*) FROM words WHERE words MATCH '"nc e bin sh"'`, "", nil},
		{question{Name: "count: a common word", Kind: "count", Filter: "sshd", Times: 5}, `SELECT count(*) FROM words WHERE words MATCH 'sshd'`, "", nil},
		{question{Name: "count: a very common word", Kind: "count", Filter: "pid", Times: 5}, `SELECT count(*) FROM words WHERE words MATCH 'pid'`, "", nil},
	})
	if err != nil {
		return err
	}
	b.same("events in the histogram", results[0].Lines[0].Out, fmt.Sprint(b.lines()-b.late(ctx)))
	for _, r := range results[3:] {
		if len(r.Lines) > 1 && r.Lines[1].Why == "" {
			b.same(r.Work, r.Lines[0].Out, r.Lines[1].Out)
		}
	}
	return nil
}

// late is how many events are outside of the histogram: their source went on a
// little longer.
func (b *bench) late(ctx context.Context) int {
	s, err := b.search("--count", "after:"+loggen.Begin.Add(loggen.Span).Format(time.RFC3339))(ctx)
	n := 0
	if err == nil {
		_, err = fmt.Sscan(s.Out, &n)
	}
	if err != nil {
		b.faults = append(b.faults, "count what is late: "+err.Error())
	}
	return n
}
