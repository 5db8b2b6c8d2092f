package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"firebreak/store/events"
	"firebreak/tools/bench/ask"
)

// TestProbe fills a timeline and asks it one question of each kind.
func TestProbe(t *testing.T) {
	dir := t.TempDir()
	log, db := filepath.Join(dir, "log"), filepath.Join(dir, "timeline.db")
	var lines, said bytes.Buffer
	if err := part(t.Context(), []string{"log", "20000", "1", ""}, nil, &lines); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(log, lines.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := part(t.Context(), []string{"engine", log, db}, nil, &said); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(said.String(), "20000 events, 20000 new") {
		t.Fatalf("the engine says %q", said.String())
	}
	want := 0
	for line := range strings.Lines(lines.String()) {
		if strings.Contains(strings.ToLower(line), "session") {
			want++
		}
	}
	questions := []question{
		{Name: "open", Kind: "open", Times: 2},
		{Name: "first", Kind: "first", Filter: "sshd", Times: 2},
		{Name: "random", Kind: "random", Times: 5},
		{Name: "count", Kind: "count", Filter: "*session*", Times: 2},
		{Name: "histogram", Kind: "histogram", Times: 1},
		{Name: "values", Kind: "values", Times: 1},
		{Name: "sweep", Kind: "sweep", Rules: []string{"*session*", "nothing-has-this"}, Times: 1},
		{Name: "bad filter", Kind: "count", Filter: "((", Times: 1},
		{Name: "no such kind", Kind: "guess", Times: 1},
	}
	in, err := json.Marshal(questions)
	if err != nil {
		t.Fatal(err)
	}
	said.Reset()
	if err := part(t.Context(), []string{"probe", db}, bytes.NewReader(in), &said); err != nil {
		t.Fatal(err)
	}
	var answers []ask.Answer
	if err := json.Unmarshal(said.Bytes(), &answers); err != nil {
		t.Fatal(err)
	}
	number, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	for i, said := range []string{"50", "50", "", string(number), "", "", string(number) + " 0", "", ""} {
		a := answers[i]
		if fails := i >= 7; fails != (a.Error != "") {
			t.Errorf("%s: error %q", a.Name, a.Error)
		}
		if said != "" && a.Said != said {
			t.Errorf("%s: it says %q, want %q", a.Name, a.Said, said)
		}
		if i < 7 && (a.Times != questions[i].Times || a.P95 < a.P50 || a.P50 <= 0) {
			t.Errorf("%s: %+v", a.Name, a)
		}
	}
}

// TestRun: what a child cost is counted, and its failure told.
func TestRun(t *testing.T) {
	s, err := run(t.Context(), job{args: []string{"sh", "-c", "echo here; i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done"}})
	if err != nil || s.Out != "here\n" || s.CPU <= 0 || s.RSS <= 0 || s.Wall <= 0 {
		t.Errorf("%+v, %v", s, err)
	}
	if _, err := run(t.Context(), job{args: []string{"sh", "-c", "echo why >&2; exit 3"}}); err == nil || !strings.Contains(err.Error(), "why") {
		t.Errorf("exit 3: %v", err)
	}
	if _, err := run(t.Context(), job{args: []string{"sh", "-c", "exit 1"}, ok: []int{1}}); err != nil {
		t.Errorf("exit 1, which is no failure: %v", err)
	}
	if _, err := run(t.Context(), job{args: []string{"firebreak-no-such-program"}}); !errors.Is(err, exec.ErrNotFound) {
		t.Errorf("no such program: %v", err)
	}
}

// TestTurns: a peer that cannot be run says why, and keeps nothing from being
// measured; firebreak that fails ends the run.
func TestTurns(t *testing.T) {
	b := &bench{rounds: 3, say: &bytes.Buffer{}}
	broken := errors.New("not here")
	times := []time.Duration{3, 1, 2}
	n := 0
	good := func(context.Context) (sample, error) { n++; return sample{Wall: times[n-1]}, nil }
	bad := func(context.Context) (sample, error) { return sample{}, broken }
	lines := []*line{{}, {}}
	if err := b.turns(t.Context(), lines, good, bad); err != nil {
		t.Fatal(err)
	}
	if lines[0].Wall != 2 || lines[0].Rounds != 3 || lines[1].Why != "not here" {
		t.Errorf("%+v, %+v", lines[0], lines[1])
	}
	if err := b.turns(t.Context(), lines, bad, good); !errors.Is(err, broken) {
		t.Errorf("the first one fails: %v", err)
	}
	long := func(context.Context) (sample, error) { return sample{Wall: 2 * slow}, nil }
	lines = []*line{{}}
	if err := b.turns(t.Context(), lines, long); err != nil || lines[0].Rounds != 1 {
		t.Errorf("a slow one was run %d times, %v", lines[0].Rounds, err)
	}
}

// TestPage: what is on the page of a run.
func TestPage(t *testing.T) {
	b := &bench{scale: 0.1, rounds: 5, texts: "hand-written", began: now(), say: &bytes.Buffer{}}
	b.add(result{
		Work: "a work", Goal: "< 1 s", Met: func(l *line) bool { return l.Wall < time.Second },
		Lines: []*line{
			{Who: "firebreak", sample: sample{Wall: 500 * time.Millisecond, CPU: time.Second, RSS: 50e6}},
			{Who: "a|b", sample: sample{Wall: 100 * time.Second}, Scale: 0.5},
			{Who: "lnav", Why: "it is not here"},
		},
	})
	b.add(result{
		Work: "pages", Goal: "< 1 ms p95", Met: within(time.Millisecond),
		Lines: []*line{{Who: "firebreak", sample: sample{Wall: time.Millisecond / 2}, P95: 20 * time.Millisecond}},
	})
	b.same("a count", "1", "2")
	b.growth = []grown{{events: 3_000_000, added: 2_000_000, ingest: sample{Wall: time.Second, CPU: 2 * time.Second, RSS: 1e8}, size: 180_000_000, answers: []ask.Answer{{Name: "a question", P95: 0.25, CPU: 0.1}}}}
	page := string(b.page())
	for _, want := range []string{
		"SCALE=0.1: of 1,000,000 lines",
		"| a work | firebreak | 500 ms | 1.00 s | 50 MB |  | &lt; 1 s | yes |",
		`|  | a\|b | 100 s |  |  | ~400 |  |  |`,
		"|  | lnav | not run: it is not here | | | |  |  |",
		"| pages | firebreak | 0.50 ms / 20.0 ms |  |  |  | &lt; 1 ms p95 | no |",
		"- 1 goals were not met",
		"- a count: firebreak says 1, the other 2.",
		"| 3,000,000 | 2.00 M | 1.0 | 100 MB | 60.0 |",
		"| 250 ms, 100 ms |",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %q:\n%s", want, page)
		}
	}
	if strings.Contains(page, "they agree") {
		t.Error("the page says that the answers agree")
	}
}

// TestPercentile takes the value that 95 of 100 are not above.
// One work measured anew replaces its rows, and nothing else.
func TestMend(t *testing.T) {
	const page = "# Performance\n\n| work | program |\n| --- | --- |\n| a search, quick | ours | 1 s | | | | < 1 s | no |\n|  | theirs | 2 s | | | 2 | | |\n" +
		"| triage of this machine, 10 names | ours | 9 s | | | | | no |\n|  | UAC | not run | | | | | |\n\n## Notes\n\n- 2 goals were not met in this run; they say \"no\" above.\n"
	b := &bench{began: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC), rounds: 1}
	ours, peer := &line{Who: "ours", sample: sample{Wall: time.Second}}, &line{Who: "UAC", sample: sample{Wall: time.Minute}}
	b.results = []result{{Work: "triage of this machine, 12 names", Goal: "less", Met: func(l *line) bool { return l.Wall < peer.Wall }, Lines: []*line{ours, peer}}}
	got, err := b.mend(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| a search, quick | ours | 1 s |", "| triage of this machine, 12 names; measured apart, on 2026-03-04 | ours | 1.00 s |", "| UAC | 60.0 s |", "| yes |\n|  | UAC", "- 1 goals were not met"} {
		if !strings.Contains(string(got), want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if strings.Contains(string(got), "10 names") || strings.Count(string(got), "UAC") != 1 {
		t.Errorf("the old rows are still there:\n%s", got)
	}
	b.results[0].Work = "something else"
	if _, err := b.mend(page); err == nil {
		t.Error("a work that the page does not have was put somewhere")
	}
}

func TestPercentile(t *testing.T) {
	var of []float64
	for i := range 100 {
		of = append(of, float64(100-i))
	}
	if p50, p95 := ask.Percentile(of, 0.5), ask.Percentile(of, 0.95); p50 != 51 || p95 != 96 {
		t.Errorf("%v, %v", p50, p95)
	}
}

// TestEngineRefuses a log that is not there, and leaves no database behind its back.
func TestEngineRefuses(t *testing.T) {
	dir := t.TempDir()
	if err := engine(t.Context(), filepath.Join(dir, "none"), filepath.Join(dir, "timeline.db"), &bytes.Buffer{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a log that is not there: %v", err)
	}
	db, err := events.Open(t.Context(), filepath.Join(dir, "timeline.db"), events.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := db.Total(t.Context()); n != 0 || err != nil {
		t.Errorf("%d events, %v", n, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}
