package review_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"firebreak/internal/testkit"
	"firebreak/record"
	"firebreak/review"
	"firebreak/review/document"
	"firebreak/review/page"
	"firebreak/timeline"
)

func extra(s *story) review.Extra {
	x := review.Extra{Head: s.head(), Now: s.clock.Now(), Tool: "firebreak 0.1.0"}
	x.From, x.To = testkit.Start().Add(-3*time.Hour), testkit.Start().Add(2*time.Hour)
	for i := range 120 {
		n := int64(40 * (1 + math.Sin(float64(i)/9)))
		if i > 66 && i < 74 {
			n += 900
		}
		x.Buckets = append(x.Buckets, n)
	}
	aware := testkit.Start().Add(30 * time.Minute)
	x.Clocks = []review.ClockLine{
		{ID: "eu-gdpr-33-authority", Regime: "GDPR Art. 33", Duty: "tell the authority", Recipient: "BlnBDI", Start: "aware", Started: aware, Due: aware.Add(72 * time.Hour), Met: testkit.Start().Add(3 * time.Hour), Proof: "receipt 0412", State: "met", Source: "Regulation (EU) 2016/679", Confidence: "primary", Checked: "2026-11-01", Seqs: []int64{119, 121}},
		{ID: "eu-nis2-early", Regime: "NIS2 Art. 23", Duty: "early warning", Start: "aware", State: "does not apply", Reason: "no essential entity", Confidence: "secondary"},
	}
	x.Events = map[string]timeline.Event{"EV1": {
		ID: timeline.EventID("EV1", "syslog", 0, 0), Time: testkit.Start().Add(-126 * time.Minute).Add(482 * time.Millisecond), Precision: timeline.Millisecond, Source: "auth", Host: "build-1",
		Message: "Accepted publickey for deploy from 203.0.113.9 port 50122 ssh2: ED25519 SHA256:Xk1", Exhibit: "e2", Offset: 48111,
	}}
	return x
}

func build(t *testing.T, s *story) review.Review {
	t.Helper()
	r, err := review.Build(s.entries, extra(s))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestGoldens(t *testing.T) {
	r := build(t, rich(t))
	testkit.Golden(t, "rich.md", document.Markdown(document.Of(r)))
	testkit.Golden(t, "rich.html", page.HTML(r))
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	testkit.Golden(t, "rich.json", data)
	var described bytes.Buffer
	for _, e := range rich(t).entries {
		text, bad := review.Describe(e)
		described.WriteString(map[bool]string{true: "! ", false: "  "}[bad] + text + "\n")
	}
	testkit.Golden(t, "rich.describe.txt", described.Bytes())
}

func TestEveryKindIsDescribed(t *testing.T) {
	seen := map[record.Kind]bool{}
	for _, e := range rich(t).entries {
		seen[e.Kind] = true
		if text, _ := review.Describe(e); strings.Contains(text, "does not know") || strings.Contains(text, "cannot be read") {
			t.Errorf("#%d: %s", e.Seq, text)
		}
	}
	var src []byte
	for _, name := range []string{"kinds.go", "facts.go", "review.go", "clock.go"} {
		part, err := os.ReadFile(filepath.Join(testkit.Root(t), "record", name))
		if err != nil {
			t.Fatal(err)
		}
		src = append(src, part...)
	}
	for _, line := range strings.Split(string(src), "\n") {
		if _, rest, ok := strings.Cut(line, " Kind = \""); ok {
			if kind, _, _ := strings.Cut(rest, `"`); !seen[record.Kind(kind)] {
				t.Errorf("kind %s is not in the rich record", kind)
			}
		}
	}
}

func TestNoRecord(t *testing.T) {
	if _, err := review.Build(nil, review.Extra{}); !errors.Is(err, review.ErrNoRecord) {
		t.Errorf("got %v", err)
	}
	if _, err := review.Build(rich(t).entries[1:], review.Extra{}); !errors.Is(err, review.ErrNoRecord) {
		t.Errorf("got %v", err)
	}
}
