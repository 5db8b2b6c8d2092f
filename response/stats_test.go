package response

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"firebreak/config"
	"firebreak/incident"
	"firebreak/internal/testkit"
	"firebreak/record"
	"firebreak/store"
	"firebreak/store/keys"
)

// TestStats: what can be read is counted, what cannot is named with the reason,
// drills are apart, and nothing is written.
func TestStats(t *testing.T) {
	b := newBench(t, config.Config{Zone: "Europe/Berlin"})
	ctx := t.Context()
	open := func(title string, drill bool) incident.ID {
		inc, err := b.s.Open(ctx, NewIncident{Title: title, Severity: incident.SEV2, Drill: drill})
		b.must(err)
		b.clock.Advance(10 * time.Minute)
		b.must(b.s.Note(ctx, inc.ID, "", "looked at it", false))
		return inc.ID
	}
	good, drill := open("good", false), open("drill", true)
	cut, newer, locked, empty := open("cut", false), open("newer", false), open("locked", false), open("empty", false)
	b.must(b.s.Assign(ctx, good, incident.Commander, "ada"))
	b.must(b.s.StartClock(ctx, good, record.ClockStart{Event: "aware", At: b.clock.Now().Add(-time.Hour), Reason: "told", Clocks: []string{"eu-gdpr-33-authority"}}))
	b.must(b.s.MeetClock(ctx, good, record.Submission{Clock: "eu-gdpr-33-authority", At: b.clock.Now(), To: "the authority"}))
	b.must(b.s.Service().Close()) // the service opens each again when it is asked

	hand := func(id incident.ID, statement string) {
		db, err := sql.Open("sqlite3", filepath.Join(b.s.s.Dir(id), "incident.db"))
		b.must(err)
		_, err = db.Exec(statement)
		b.must(err)
		b.must(db.Close())
	}
	hand(cut, "DROP TRIGGER entries_stay; UPDATE entries SET line = 'x' WHERE seq = 2")
	hand(newer, "PRAGMA user_version = 99")
	b.must(os.WriteFile(filepath.Join(b.s.s.Dir(locked), keys.DataKeyFile), []byte("of another workspace"), 0o600))
	b.must(os.Remove(filepath.Join(b.s.s.Dir(empty), "incident.db")))

	before := filesOf(t, b.home)
	got, err := b.s.Stats(ctx, StatsRequest{}, nil)
	b.must(err)
	if len(got.Incidents) != 1 || got.Incidents[0].ID != good || got.OtherMode != 1 || got.Zone != "Europe/Berlin" {
		t.Errorf("counted %+v, other mode %d, zone %s", got.Incidents, got.OtherMode, got.Zone)
	}
	why := map[incident.ID]string{}
	for _, n := range got.NotCounted {
		why[n.Incident] = n.Why
	}
	for id, part := range map[incident.ID]string{cut: "entry 2", newer: "newer version", locked: "encrypted", empty: "not there"} {
		if !strings.Contains(why[id], part) {
			t.Errorf("%s is not counted: %q, want %q", id, why[id], part)
		}
	}
	if m, _ := got.Metric("commander"); m.N != 1 {
		t.Errorf("commander: %+v", m.Summary)
	}
	if m, _ := got.Metric("clock-margin"); m.N != 1 || *m.Median < 70*3600 || *m.Median > 71*3600 {
		t.Errorf("deadlines: %+v", m.Summary)
	}
	if now := filesOf(t, b.home); now != before {
		t.Errorf("it changed the workspace:\n%s\n%s", before, now)
	}
	if got, err = b.s.Stats(ctx, StatsRequest{Drills: true}, nil); err != nil || len(got.Incidents) != 1 || got.Incidents[0].ID != drill {
		t.Errorf("drills: %+v %v", got.Incidents, err)
	}
	_, err = b.s.Stats(ctx, StatsRequest{Profile: record.PublicProfile}, nil)
	b.want(CodeRefused, err)
	_, err = b.s.Stats(ctx, StatsRequest{Zone: "Mars/Olympus"}, nil)
	b.want(CodeUsage, err)
	stopped, stop := context.WithCancel(ctx)
	stop()
	if _, err = b.s.Stats(stopped, StatsRequest{}, nil); err == nil {
		t.Error("it goes on when it was stopped")
	}
}

// filesOf is every file of the workspace with its size.
func filesOf(t *testing.T, dir string) string {
	t.Helper()
	var out strings.Builder
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, "-shm") || strings.HasSuffix(path, "-wal") {
			return err
		}
		info, err := d.Info()
		if err == nil {
			_, err = fmt.Fprintf(&out, "%s %d\n", path, info.Size())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// BenchmarkStats reads a thousand incidents of two hundred entries each.
func BenchmarkStats(b *testing.B) {
	home := b.TempDir()
	w := &bench{clock: testkit.NewClock(time.Millisecond), home: home}
	svc, err := w.tryService(config.Config{})
	if err != nil {
		b.Fatal(err)
	}
	s := svc.As(incident.Actor{Name: "ada"})
	for range 1000 {
		_, err := s.Open(b.Context(), NewIncident{Title: "one of many", Severity: incident.SEV3, Playbook: "generic", begin: func(tx *store.Tx) ([]record.Draft, error) {
			var out []record.Draft
			for i := range 196 {
				d, err := s.draft(tx, record.Noted, "", record.Note{Text: fmt.Sprintf("note %d of a day of work, as long as notes are", i)})
				if err != nil {
					return nil, err
				}
				out = append(out, d)
			}
			return out, nil
		}})
		if err != nil {
			b.Fatal(err)
		}
	}
	if err := svc.Close(); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		got, err := s.Stats(b.Context(), StatsRequest{}, nil)
		if err != nil || len(got.Incidents) != 1000 {
			b.Fatal(len(got.Incidents), got.NotCounted, err)
		}
	}
}

func TestStatsMaskTitles(t *testing.T) {
	b := newBench(t, config.Config{})
	inc, err := b.s.Open(t.Context(), NewIncident{Title: "Mail of ada.okafor@corp.example read on quillhost-7", Severity: incident.SEV2})
	b.must(err)
	b.id = inc.ID
	b.act(record.SubjectNamed, record.Subject{Kind: "host", Value: "quillhost-7", Role: "victim"})
	for p, want := range map[record.Profile][]bool{record.FullProfile: {true, true, true}, record.TechnicalProfile: {true, false, true}, record.ExecutiveProfile: {false, false, false}} {
		got, err := b.s.Stats(t.Context(), StatsRequest{Profile: p}, nil)
		b.must(err)
		title := got.Incidents[0].Title
		for i, word := range []string{"Mail of ", "ada.okafor@corp.example", "quillhost-7"} {
			if strings.Contains(title, word) != want[i] {
				t.Errorf("%s reads %q", p, title)
			}
		}
	}
}
