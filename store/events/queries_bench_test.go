//go:build unix

package events

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"firebreak/internal/testkit/loggen"
	"firebreak/timeline"
)

// benchTimeline is the timeline that the environment names, to be read; else one
// of a million events.
func benchTimeline(b *testing.B) *DB {
	b.Helper()
	path := os.Getenv("FIREBREAK_BENCH_TIMELINE")
	if path == "" {
		path = filepath.Join(b.TempDir(), "timeline.db")
	}
	db, err := Open(b.Context(), path, Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { closeTest(b, db) })
	if os.Getenv("FIREBREAK_BENCH_TIMELINE") == "" {
		a := db.NewAppender(b.Context())
		benchLog(b, million, func(batch []timeline.Event) {
			if err := a.Add(batch); err != nil {
				b.Fatal(err)
			}
		})
		if _, err := a.Close(); err != nil {
			b.Fatal(err)
		}
	}
	return db
}

func BenchmarkQueries(b *testing.B) {
	db := benchTimeline(b)
	run := func(name string, do func(n int) error) {
		b.Run(name, func(b *testing.B) {
			n, before := 0, processTime(b)
			for b.Loop() {
				if err := do(n); err != nil {
					b.Fatal(err)
				}
				n++
			}
			b.ReportMetric(float64((processTime(b)-before).Microseconds())/1000/float64(n), "cpu-ms/op")
		})
	}
	ctx := b.Context()
	const day = "after:2024-04-10 before:2024-04-11 "
	for _, text := range []string{
		"", "mimikatz", `"nc -e /bin/sh"`, "sshd", "pid", "host:web-ber-01", "sshd host:web-ber-01 " + day, "failed " + day, "-failed", "*imikat*", "*173.234.3*",
		"10.0.0.0/8", "ip:10.20.0.0/16", "attr.pid:4711", `/Failed password for (invalid user )?\w+ from 10\.\d+/`, `/session (opened|closed) for user r\w+t/`,
		`/\d+\.\d+\.\d+\.255 port 4\d{4}/`, `/[a-f0-9]{13,16}&|[xyz]{3}q/`, `/[0-9a-f]{32}/`,
	} {
		f := parse(b, text)
		run("count/"+text, func(int) error { db.forget(); _, err := db.Count(ctx, f); return err })
		run("page/"+text, func(int) error { db.forget(); _, err := db.Page(ctx, f, Request{Limit: 50}); return err })
		run("estimate/"+text, func(int) error { db.forget(); _, _, err := db.Estimate(ctx, f); return err })
	}
	run("page/random", func(n int) error {
		at := loggen.Begin.Add(time.Duration(n*7919%2160) * time.Hour)
		_, err := db.Page(ctx, timeline.Filter{}, Request{At: at, Limit: 50})
		return err
	})
	run("page/end", func(int) error { _, err := db.Page(ctx, timeline.Filter{}, Request{End: true, Limit: 50}); return err })
	for _, text := range []string{"", "host:web-ber-01", "failed"} {
		f := parse(b, text)
		run("histogram/"+text, func(int) error {
			_, err := db.Histogram(ctx, f, loggen.Begin, loggen.Begin.Add(loggen.Span), 2160)
			return err
		})
		run("hosts and users/"+text, func(int) error {
			for _, field := range []timeline.Field{timeline.FieldHost, timeline.FieldUser} {
				if _, err := db.Values(ctx, f, field, "", ValuesOptions{Limit: 10}); err != nil {
					return err
				}
			}
			return nil
		})
		run("pids/"+text, func(int) error {
			_, err := db.Values(ctx, f, timeline.FieldAttribute, "pid", ValuesOptions{Limit: 10})
			return err
		})
		run("names/"+text, func(int) error { _, err := db.Names(ctx, f); return err })
		run("fields/"+text, func(int) error { _, err := db.Fields(ctx, f); return err })
		run("gaps/"+text, func(int) error { _, err := db.Gaps(ctx, f, timeline.FieldHost, 24*time.Hour); return err })
	}
	var rules []timeline.Filter
	for _, w := range loggen.Keywords() {
		rules = append(rules, parse(b, "*"+w+"*"))
	}
	run("sweep/100", func(int) error { _, err := db.Sweep(ctx, rules, nil); return err })
	run("scan/failed", func(int) error {
		return db.Scan(ctx, parse(b, "failed"), Request{}, func(*timeline.Event) error { return nil })
	})
	run("scan/100000", func(int) error {
		return db.Scan(ctx, timeline.Filter{}, Request{Limit: 100_000}, func(*timeline.Event) error { return nil })
	})
}

// processTime is what the process has used of all cores: on a busy machine the
// clock says little.
func processTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// forget makes a benchmark's question a new one each time.
func (db *DB) forget() {
	db.masks.mu.Lock()
	defer db.masks.mu.Unlock()
	db.masks.known = nil
}
