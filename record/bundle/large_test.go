package bundle

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"firebreak/incident"
	"firebreak/internal/testkit"
	"firebreak/record"
)

// Both verifiers give the same verdicts on a record of many entries; -v says
// how long they took.
func TestLarge(t *testing.T) {
	n := testkit.Rounds(t, 4_000, 100_000)
	py := startPython(t)
	l := newLog(t, testID, 1)
	l.each = false
	l.add(record.IncidentOpened, record.Opened{Title: "a long one", Severity: incident.SEV1, TLP: incident.TLPRed})
	for i := 1; i < n; i++ {
		l.add(record.Noted, record.Note{Text: "note"})
		if i%1000 == 0 {
			l.sign()
		}
	}
	l.sign()
	start := time.Now()
	archive := l.bundle(record.FullProfile)
	t.Logf("%d entries, %d bytes, made in %s", n, len(archive), time.Since(start).Round(time.Millisecond))
	for _, c := range []struct {
		name string
		hand func(files) files
		want []fault
	}{
		{"untouched", func(f files) files { return f }, nil},
		{"edited", func(f files) files {
			lines := f.lines(LinesFile)
			lines[n/2][len(lines[n/2])-5] ^= 1
			f.setLines(LinesFile, lines)
			return f
		}, []fault{{int64(n/2 + 1), record.Edited}}},
		{"cut", func(f files) files {
			f.setLines(LinesFile, f.lines(LinesFile)[:n-7])
			return f
		}, []fault{{int64(n - 6), record.Truncated}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			whole := archive
			if c.name != "untouched" {
				whole = c.hand(unpack(t, archive)).pack(t)
			}
			path := filepath.Join(t.TempDir(), "b.tar.gz")
			if err := os.WriteFile(path, whole, 0o600); err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			r := verified(t, whole, Options{})
			mine := time.Since(start)
			start = time.Now()
			p := py.look(path, Options{})
			t.Logf("firebreak %s, verify.py %s", mine.Round(time.Millisecond), time.Since(start).Round(time.Millisecond))
			if got := faults(r.Problems); !slices.Equal(got, faults(p.Problems)) || len(c.want) == 0 && len(got) > 0 {
				t.Errorf("%d and %d problems: %.2000v", len(r.Problems), len(p.Problems), r.Problems)
			}
			for _, w := range c.want {
				if !slices.Contains(faults(r.Problems), w) {
					t.Errorf("no %v in %.2000v", w, r.Problems)
				}
			}
			if int(r.Entries) != p.Entries || r.Disclosures != p.Disclosures || r.Heads != p.Heads {
				t.Errorf("counts: %+v and %+v", r.Report, p)
			}
		})
	}
}
