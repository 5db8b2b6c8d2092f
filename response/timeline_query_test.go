package response

import (
	"errors"
	"strings"
	"testing"
	"time"

	"firebreak/config"
	"firebreak/incident"
	"firebreak/timeline"
)

const nightLog = authLog + `2026-11-20T03:58:00.000000+00:00 web-1 sshd[811]: Accepted password for root from 203.0.113.9 port 40023 ssh2
2026-11-20T06:58:07.000000+00:00 web-2 sshd[812]: Accepted password for eve from 10.0.0.7 port 40022 ssh2
`

func (b *bench) night() []MarkedEvent {
	b.Helper()
	b.open()
	_, err := b.s.Ingest(b.Context(), b.id, []string{b.file("auth.log", nightLog)}, IngestOptions{}, nil)
	b.must(err)
	page, err := b.s.Page(b.Context(), b.id, PageRequest{})
	b.must(err)
	if len(page) != 4 {
		b.Fatalf("%d events", len(page))
	}
	return page
}

// What a colleague's process marks is seen here at the next question.
func TestMarksAreReadAgainWhenTheRecordGrows(t *testing.T) {
	b := newBench(t, config.Config{})
	page := b.night()
	if page[0].Discovered.IsZero() || page[0].Star {
		t.Errorf("%+v", page[0])
	}
	other, err := New(b.s.s.o)
	b.must(err)
	t.Cleanup(func() { b.must(other.Close()) })
	theirs := other.As(incident.Actor{Name: "bob"})
	yes := true
	b.must(theirs.MarkAll(b.Context(), b.id, page[1:3], MarkRequest{Star: &yes, Tags: []string{"in"}}))
	for filter, want := range map[string]int64{"star:": 2, "tag:in web-1": 2, "missing:tag": 2, "discovered:>=2020-01-01": 4, "discovered:<2020-01-01": 0} {
		n, err := b.s.Count(b.Context(), b.id, filter)
		b.must(err)
		if n != want {
			t.Errorf("%s: %d events, want %d", filter, n, want)
		}
	}
	var scanned []MarkedEvent
	b.must(b.s.Scan(b.Context(), b.id, PageRequest{Filter: "accepted", Limit: 2}, func(e MarkedEvent) error {
		e.Event = e.Clone()
		scanned = append(scanned, e)
		return nil
	}))
	if len(scanned) != 2 || !scanned[0].Star || len(scanned[1].Tags) != 1 || scanned[0].Discovered.IsZero() {
		t.Errorf("%+v", scanned)
	}
	stop := errors.New("enough")
	if err := b.s.Scan(b.Context(), b.id, PageRequest{}, func(MarkedEvent) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("%v", err)
	}
	b.want(CodeUsage, b.s.MarkAll(b.Context(), b.id, page, MarkRequest{}))
	b.want(CodeUsage, b.s.MarkAll(b.Context(), b.id, make([]MarkedEvent, MaxMarks+1), MarkRequest{Star: &yes}))
	b.verified()
}

func TestQueriesOfTheTimeline(t *testing.T) {
	b := newBench(t, config.Config{})
	page := b.night()
	ctx := b.Context()

	values, err := b.s.Values(ctx, b.id, ValuesRequest{Field: "user", Rare: true})
	b.must(err)
	if len(values) != 2 || values[0].Value != "eve" || values[1].Count != 3 || !values[1].Last.After(values[1].First) {
		t.Errorf("%+v", values)
	}
	for _, field := range []string{"hots", "id", "attr."} {
		_, err = b.s.Values(ctx, b.id, ValuesRequest{Field: field})
		b.want(CodeUsage, err)
	}

	gaps, err := b.s.Gaps(ctx, b.id, GapsRequest{By: "host", AtLeast: 30 * time.Minute})
	b.must(err)
	if len(gaps) != 2 || gaps[0].Value != "web-1" || !gaps[0].After.IsZero() || gaps[1].After != page[2].ID {
		t.Errorf("%+v", gaps)
	}
	for _, r := range []GapsRequest{{By: "attr.pid", AtLeast: 1}, {By: "host"}, {By: "x", AtLeast: 1}} {
		_, err = b.s.Gaps(ctx, b.id, r)
		b.want(CodeUsage, err)
	}

	around, err := b.s.SessionAround(ctx, b.id, page[0].ID.String(), []string{"host", "technique"}, time.Minute)
	b.must(err)
	n, err := b.s.Count(ctx, b.id, around.Filter)
	b.must(err)
	if around.Count != 2 || n != 2 || !around.From.Equal(page[0].Time) || !around.To.Equal(page[1].Time) {
		t.Errorf("%+v: %d", around, n)
	}
	_, err = b.s.SessionAround(ctx, b.id, "nothing", nil, time.Minute)
	b.want(CodeNotFound, err)
	_, err = b.s.SessionAround(ctx, b.id, page[0].ID.String(), []string{"hots"}, time.Minute)
	b.want(CodeUsage, err)

	h, err := b.s.Histogram(ctx, b.id, HistogramRequest{From: page[0].Time, To: page[0].Time.Add(8 * time.Second), Buckets: 4})
	b.must(err)
	if len(h.Buckets) != 4 || h.Buckets[0] != 1 || h.Buckets[3] != 1 {
		t.Errorf("%+v", h)
	}
	for _, r := range []HistogramRequest{{}, {Buckets: 1 << 20}, {Buckets: 1, From: page[1].Time, To: page[0].Time}} {
		_, err = b.s.Histogram(ctx, b.id, r)
		b.want(CodeUsage, err)
	}
	if h, err = b.s.Histogram(ctx, b.id, HistogramRequest{Filter: "nothing-like-this", Buckets: 3}); err != nil || len(h.Buckets) != 0 {
		t.Errorf("%+v: %v", h, err)
	}

	hits, err := b.s.Sweep(ctx, b.id, SweepRequest{Filters: []string{"203.0.113.9", "mimikatz", "user:eve"}}, nil)
	b.must(err)
	if len(hits) != 3 || hits[0].Count != 3 || hits[0].FirstEvent != page[0].ID.String() || hits[1].FirstEvent != "" || hits[2].Count != 1 {
		t.Errorf("%+v", hits)
	}
	hits, err = b.s.Sweep(ctx, b.id, SweepRequest{Filters: []string{"root"}, Among: "failed"}, nil)
	b.must(err)
	if hits[0].Count != 1 {
		t.Errorf("%+v", hits)
	}
	_, err = b.s.Sweep(ctx, b.id, SweepRequest{Filters: []string{"a", `"b`}}, nil)
	b.want(CodeUsage, err)
	var wrong *SweepError
	if !errors.As(err, &wrong) || wrong.N != 1 {
		t.Errorf("%v", err)
	}

	x, err := b.s.Explain(ctx, b.id, `after:2026-11-20 "failed password"`)
	b.must(err)
	if x.All.Events != 4 || x.Filter != `after:2026-11-20T00:00:00Z "failed password"` {
		t.Errorf("%+v", x)
	}
}

func TestCompletion(t *testing.T) {
	b := newBench(t, config.Config{})
	page := b.night()
	b.must(b.s.Mark(b.Context(), b.id, page[0].ID.String(), nil, []string{"patient zero"}, ""))
	for text, want := range map[string]string{
		"us|": "user:", "host:|": "web-1 web-2", "-host:web-2,WEB-1|": "web-1", "user:e| failed": "eve", "attr.src_p|": "attr.src_port:", "attr.src_ip:1|": "10.0.0.7", "tag:|": `"patient zero"`, `tag:"pat|`: `"patient zero"`,
		"star:y|": "yes", "after:det|": "detected", "failed /x|": "", "source:zz|": "",
	} {
		before, after, _ := strings.Cut(text, "|")
		found, err := b.s.Complete(b.Context(), b.id, before+after, len(before))
		b.must(err)
		var got []string
		for _, c := range found {
			got = append(got, c.Insert)
			if f := (before + after)[:c.From] + c.Insert + (before + after)[c.To:]; c.Insert[len(c.Insert)-1] != ':' && c.Insert != "detected" {
				if _, err := timeline.ParseFilter(f, page[0].Time); err != nil {
					t.Errorf("%s goes on as %s: %v", text, f, err)
				}
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}
