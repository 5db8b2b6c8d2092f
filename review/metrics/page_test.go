package metrics_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"firebreak/incident"
	"firebreak/internal/term"
	"firebreak/internal/testkit"
	"firebreak/record"
	"firebreak/review/metrics"
)

func statsOf(t *testing.T, n int) metrics.Stats {
	t.Helper()
	var cases []metrics.Case
	for _, s := range many(t, n) {
		cases = append(cases, s.made(today()))
	}
	return metrics.Compute(cases, []metrics.NotCounted{{"2025-0004", "its key does not open it"}}, metrics.Request{Made: today(), Tool: "firebreak test"})
}

func TestText(t *testing.T) {
	for _, x := range []struct {
		name string
		n    int
		st   metrics.Style
	}{
		{"none", 0, metrics.Style{Width: 80}},
		{"one", 1, metrics.Style{Width: 80}},
		{"two", 2, metrics.Style{Width: 60, Plain: true}},
		{"many", 24, metrics.Style{Width: 80}},
		{"quarters", 24, metrics.Style{Width: 100, Plain: true, By: metrics.ByQuarter}},
	} {
		t.Run(x.name, func(t *testing.T) {
			text := statsOf(t, x.n).Text(x.st)
			for line := range strings.Lines(text) {
				if w := term.Width(strings.TrimRight(line, "\n")); w > x.st.Width {
					t.Errorf("%d cells of %d: %s", w, x.st.Width, line)
				}
			}
			if x.st.Plain && regexp.MustCompile(`[^\x20-\x7e\n]`).MatchString(text) {
				t.Error("not plain")
			}
			testkit.Golden(t, x.name+".txt", []byte(text))
		})
	}
}

func TestExplain(t *testing.T) {
	s := statsOf(t, 6)
	for _, key := range metrics.Keys() {
		text, ok := s.Explain(key, metrics.Style{Width: 80})
		if !ok || !strings.Contains(text, "("+key+")") {
			t.Errorf("%s: %q", key, text)
		}
	}
	if _, ok := s.Explain("mttr", metrics.Style{Width: 80}); ok {
		t.Error("it explains what there is not")
	}
	text, _ := s.Explain("detect", metrics.Style{Width: 80})
	testkit.Golden(t, "explain.txt", []byte(text))
}

// hostile is an incident whose every foreign text tries to be something else.
func hostile(t *testing.T, text string) metrics.Stats {
	t.Helper()
	s := open(t, "2026-0001", "2026-01-10 10:00", 1, record.Opened{Title: text})
	s.at(0, record.RunStarted, record.Started{Run: "r1", Playbook: text, Name: text, Source: text})
	s.at(0, record.FactorNamed, record.Factor{ID: text, Category: text, Key: text})
	s.at(0, record.ItemAdded, record.Item{ID: text, Text: text})
	s.at(0, record.ActionPlanned, record.Planned{Action: text, Approvals: 1})
	s.at(1, record.ActionApproved, record.Decision{Action: text})
	s.at(2, record.RoleAssigned, record.Assigned{Role: incident.Role(text), Person: text})
	other := open(t, "2026-0002", "2026-01-10 10:00", 1, record.Opened{Title: text})
	other.at(0, record.FactorNamed, record.Factor{ID: "f1", Category: text, Key: text})
	return metrics.Compute([]metrics.Case{s.made(today()), other.made(today())}, []metrics.NotCounted{{"2026-0003", text}}, metrics.Request{Playbooks: nil, Zone: text})
}

func TestHostile(t *testing.T) {
	tag := regexp.MustCompile(`(?i)<(script|img|iframe|object|embed|link|base|form|input|a)\b[^>]*>`)
	for _, text := range testkit.Hostile() {
		s := hostile(t, text)
		for _, by := range []string{"", metrics.BySeverity, metrics.ByPlaybook, metrics.ByQuarter} {
			quiet(t, s.Text(metrics.Style{Width: 80, By: by}))
		}
		for _, key := range metrics.Keys() {
			out, _ := s.Explain(key, metrics.Style{Width: 80})
			quiet(t, out)
		}
		page, err := s.HTML()
		if err != nil {
			t.Fatal(err)
		}
		quiet(t, string(page))
		for _, found := range tag.FindAllString(string(page), -1) {
			if !strings.HasPrefix(found, `<a href="#`) {
				t.Errorf("%q became %q", text, found)
			}
		}
	}
}

func quiet(t *testing.T, s string) {
	t.Helper()
	if raw := regexp.MustCompile("[\x00-\x08\x0b-\x1f\x7f\u0080-\u009f\u202a-\u202e\u2066-\u2069]").FindString(s); raw != "" {
		t.Errorf("%q is in the page", raw)
	}
}

// TestProfiles: those who run the house get numbers and ids, and no titles.
func TestProfiles(t *testing.T) {
	s := statsOf(t, 8)
	for profile, titles := range map[record.Profile]bool{record.FullProfile: true, record.TechnicalProfile: true, record.ExecutiveProfile: false, record.RegulatorProfile: false} {
		page, err := s.For(profile).HTML()
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(string(page)+encoded(t, s.For(profile)), "Mallory"); got != titles {
			t.Errorf("profile %s: titles %v, want %v", profile, got, titles)
		}
	}
	if !strings.Contains(encoded(t, s), "Mallory") {
		t.Error("masking changed what it was made of")
	}
}

func TestSameBytes(t *testing.T) {
	one, err := statsOf(t, 24).HTML()
	if err != nil {
		t.Fatal(err)
	}
	two, err := statsOf(t, 24).HTML()
	if err != nil || string(one) != string(two) {
		t.Error("the same cases, another page")
	}
}

// write keeps what a person wants to look at.
func write(t *testing.T, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(t.ArtifactDir(), name), content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestJSON: the shape that programs read.
func TestJSON(t *testing.T) {
	b, err := json.MarshalIndent(statsOf(t, 2), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	testkit.Golden(t, "stats.json", append(b, '\n'))
}
