package review_test

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"firebreak/incident"
	"firebreak/internal/testkit"
	"firebreak/record"
	"firebreak/review"
	"firebreak/review/document"
	"firebreak/review/page"
)

// large is a record as a long incident leaves it: 5,000 entries, 200 exhibits.
func large(tb testing.TB) *story {
	tb.Helper()
	s := &story{t: tb, clock: testkit.NewClock(0), by: ada(), phase: incident.Identify}
	s.then(0, record.IncidentOpened, "", record.Opened{Title: "A long incident", Severity: incident.SEV1, TLP: incident.TLPAmber, Detected: testkit.Start().Add(-time.Hour)})
	s.then(0, record.RunStarted, "", record.Started{Run: "r1", Playbook: "stolen-key", Name: "Stolen deploy key", Version: "1.2.0", SHA256: strings.Repeat("ab12", 16), Source: playbook})
	for i := range 200 {
		id := fmt.Sprintf("e%d", i+1)
		s.then(time.Second, record.EvidenceSealed, "", record.Exhibit{
			ID: id, Kind: "linux.auth", Title: "Authentication log", Source: fmt.Sprintf("/var/log/auth.log.%d", i), Host: fmt.Sprintf("web-%d", i%20), Collector: "linux.auth",
			Method: "O_NOATIME read of one descriptor", Size: 48_211, SHA256: strings.Repeat(fmt.Sprintf("%02x", i%256), 32), Started: s.clock.Now(), Finished: s.clock.Now(),
		})
		s.then(0, record.TimelineIngested, "", record.Ingestion{Exhibit: id, Parser: "syslog", Events: 4811, Added: 4790, Seen: 4814, Rejected: 3, Samples: []string{"-- MARK --"}})
		s.then(0, record.EvidenceChecked, "", record.Check{Exhibit: id, OK: true, Found: strings.Repeat("77", 32)})
	}
	yes := true
	for i := 0; len(s.entries) < 5000; i++ {
		who := ada()
		if i%2 == 1 {
			who = jun()
		}
		id := fmt.Sprint(i)
		switch i % 10 {
		case 0, 1, 2:
			s.as(who, 7*time.Second, record.Noted, "", record.Note{Text: "looked at web-" + id + ", the login from 203.0.113.9 is there too, see http://evil.example/" + id, Decision: i%50 == 0})
		case 3, 4:
			s.as(who, 5*time.Second, record.EventMarked, "", record.Mark{Event: "EV" + id, Star: &yes, Tags: []string{"T1078", "lateral-movement"}, Time: testkit.Start().Add(-time.Duration(i) * time.Second), Message: "Accepted publickey for deploy from 203.0.113.9 port " + id, Exhibit: "e7", Comment: "seen"})
		case 5:
			action := "a" + id
			s.as(who, time.Second, record.ActionPlanned, "", record.Planned{Action: action, Name: "linux.nft.block", Connection: "web-1", Title: "Block an address", Target: "203.0.113." + fmt.Sprint(i%250), Danger: incident.Medium, Digest: strings.Repeat("11aa", 16), Plan: json.RawMessage(`{"effects":["nothing more leaves"]}`), Approvals: 1, Undo: "delete the element"})
			s.as(who, time.Second, record.ActionApproved, "", record.Decision{Action: action, Digest: strings.Repeat("11aa", 16), Strength: "local"})
			s.as(who, time.Second, record.ActionSending, "", record.Attempt{Action: action, Attempt: 1})
			s.as(who, time.Second, record.ActionSent, "", record.Outcome{Action: action, Attempt: 1})
			s.as(who, time.Second, record.ActionVerified, "", record.Outcome{Action: action, Attempt: 1, Says: "it is there"})
		case 6:
			s.as(who, time.Second, record.SubjectNamed, "", record.Subject{Kind: "address", Value: fmt.Sprintf("198.51.%d.%d", i/250, i%250), Role: "attacker", Note: "in the log of web-" + id})
		case 7:
			s.as(who, time.Second, record.StepDone, "scope", record.StepEnd{Run: "r1", Note: "again"})
			s.as(who, time.Second, record.StepReopened, "scope", record.StepSkip{Run: "r1", Reason: "one was forgotten"})
		case 8:
			s.as(who, time.Second, record.TechniqueSeen, "", record.Technique{Technique: fmt.Sprintf("T1%03d", i%300), At: testkit.Start().Add(-time.Duration(i) * time.Minute), Text: "seen in e7"})
		case 9:
			n := float64(i)
			s.as(who, time.Second, record.ImpactStated, "", record.Impact{Measure: "records", Class: "table " + fmt.Sprint(i%40), Low: &n, Certainty: "estimated"})
		}
	}
	return s
}

// forms builds the review and writes three forms of it.
func forms(tb testing.TB, entries []record.Entry, x review.Extra) int {
	tb.Helper()
	r, err := review.Build(entries, x)
	if err != nil {
		tb.Fatal(err)
	}
	md := document.Markdown(document.Of(r))
	html := page.HTML(r)
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		tb.Fatal(err)
	}
	return len(md) + len(html) + len(data)
}

func BenchmarkLargeReview(b *testing.B) {
	s := large(b)
	x := review.Extra{Head: s.head(), Now: s.clock.Now(), Tool: "firebreak 0.1.0"}
	b.Run("build", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := review.Build(s.entries, x); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("forms", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			forms(b, s.entries, x)
		}
	})
}

// TestLargeReviewFitsInMemory bounds everything that the review of a large record
// takes, kept or not: that is less than it may hold at one time.
func TestLargeReviewFitsInMemory(t *testing.T) {
	if underRace {
		t.Skip("the race detector makes everything larger")
	}
	s := large(t)
	x := review.Extra{Head: s.head(), Now: s.clock.Now(), Tool: "firebreak 0.1.0"}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	size := forms(t, s.entries, x)
	runtime.ReadMemStats(&after)
	if taken := (after.TotalAlloc - before.TotalAlloc) >> 20; taken > 200 {
		t.Errorf("took %d MiB for %d bytes", taken, size)
	} else {
		t.Logf("took %d MiB for %d bytes", taken, size)
	}
}
