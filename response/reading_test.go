package response

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"firebreak/config"
	"firebreak/record"
	"firebreak/store"
)

// manyLines is a log that is read in several batches.
func manyLines(n int) string {
	var b strings.Builder
	for i := range n {
		at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(i) * time.Second)
		fmt.Fprintf(&b, "%s web-%d app[%d]: line %d\n", at.Format(time.RFC3339), i%5, i, i)
	}
	return b.String()
}

// A skew is taken off, recorded, and taken off again by a rebuild; another one
// replaces it.
func TestSkewIsKept(t *testing.T) {
	b := newBench(t, config.Config{})
	b.open()
	path := b.file("messages", "2026-11-20T03:12:01Z web-1 app: x\n")
	for _, pass := range []struct {
		skew time.Duration
		want string
	}{{90 * time.Second, "2026-11-20T03:10:31Z"}, {-time.Minute, "2026-11-20T03:13:01Z"}, {0, "2026-11-20T03:12:01Z"}} {
		in, err := b.s.Ingest(t.Context(), b.id, []string{path}, IngestOptions{Skew: pass.skew}, nil)
		b.must(err)
		if in.Added != 1 {
			t.Errorf("%s: %+v", pass.skew, in)
		}
		for range 2 {
			if got := b.only().Format(time.RFC3339); got != pass.want {
				t.Errorf("skew %s: %s, want %s", pass.skew, got, pass.want)
			}
			b.must(b.s.Rebuild(t.Context(), b.id, nil))
		}
	}
	xs, _, err := b.s.Evidence(t.Context(), b.id)
	b.must(err)
	if r := xs[0].Reading; r == nil || r.Skew != "1m30s" || xs[0].Parsed.Skew != "1m30s" || xs[2].Reading != nil {
		t.Errorf("%+v, %+v", r, xs[0].Parsed)
	}
	b.verified()
}

// What a cancelled ingest had added stays; the next one adds the rest.
func TestCancelledIngestGoesOn(t *testing.T) {
	b := newBench(t, config.Config{})
	b.open()
	const n = 60_000
	path := b.file("messages", manyLines(n))
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("the person pressed ctrl-c")
	_, err := b.s.Ingest(ctx, b.id, []string{path}, IngestOptions{Skew: time.Hour}, func(p Progress) {
		if strings.HasPrefix(p.What, "parsing ") && p.Done > 0 {
			cancel(stop)
		}
	})
	if !errors.Is(err, stop) {
		t.Fatalf("%v", err)
	}
	before, err := b.s.Count(t.Context(), b.id, "")
	b.must(err)
	if before >= n {
		t.Fatalf("%d events: it was not stopped", before)
	}
	// Another file takes it up, with the skew that was given then.
	in, err := b.s.Ingest(t.Context(), b.id, []string{b.file("other", "2026-11-20T03:12:01Z web-9 app: x\n")}, IngestOptions{}, nil)
	b.must(err)
	if !slices.Equal(in.Resumed, []string{"e1"}) || in.Added != n-before+1 || in.Events != 1 || !strings.Contains(strings.Join(in.Notes, "\n"), "e1 was sealed and never read to its end") {
		t.Errorf("%+v, %d before", in, before)
	}
	page, err := b.s.Page(t.Context(), b.id, PageRequest{Limit: 1})
	b.must(err)
	if got := page[0].Time.Format(time.RFC3339); got != "2026-10-31T23:00:00Z" {
		t.Errorf("the first event is at %s", got)
	}
	in, err = b.s.Ingest(t.Context(), b.id, []string{path}, IngestOptions{Skew: time.Hour}, nil)
	b.must(err)
	if in.Added != 0 || len(in.Resumed) != 0 || in.Events != n {
		t.Errorf("the same file again: %+v", in)
	}
	b.verified()
}

// What another process is reading is left alone; what a dead one left is taken up.
func TestOnlyTheDeadLeaveTheirReading(t *testing.T) {
	b := newBench(t, config.Config{})
	b.open()
	ctx := t.Context()
	f, err := b.s.s.open(ctx, b.id)
	b.must(err)
	in, err := b.s.Ingest(ctx, b.id, []string{b.file("messages", manyLines(10))}, IngestOptions{}, nil)
	b.must(err)
	if len(in.Exhibits) != 1 {
		t.Fatalf("%+v", in)
	}
	x, err := f.exhibit(ctx, "e1")
	b.must(err)
	seal := func(owner string) {
		x.Owner = owner
		_, err := f.store.Update(ctx, func(tx *store.Tx) (record.Draft, error) {
			if x.ID, err = tx.NextID("e"); err != nil {
				return record.Draft{}, err
			}
			return b.s.draft(tx, record.EvidenceSealed, "", x)
		})
		b.must(err)
	}
	seal(gone)
	seal("pid 1 " + strings.SplitN(store.Owner(), " ", 4)[2] + " elsewhere 0") // in another container: nobody knows
	seal("")                                                                   // by an older program
	db, err := b.s.s.timeline(ctx, f)
	b.must(err)
	xs, err := b.s.s.unread(ctx, f, db)
	b.must(err)
	var ids []string
	for _, x := range xs {
		ids = append(ids, x.ID)
	}
	if !slices.Equal(ids, []string{"e2", "e4"}) {
		t.Errorf("unread are %v", ids)
	}
}

// A reading tells how far it is, up to its end: of a file while it is sealed, of a
// stream afterwards.
func TestReadingTells(t *testing.T) {
	b := newBench(t, config.Config{})
	b.open()
	text := manyLines(110_000)
	var said []Progress
	hear := func(what string) ProgressFunc {
		said = nil
		return func(p Progress) {
			if strings.HasPrefix(p.What, what) && p.Total > 0 {
				said = append(said, p)
			}
		}
	}
	_, err := b.s.Ingest(t.Context(), b.id, []string{b.file("messages", text)}, IngestOptions{}, hear("sealing and parsing /"))
	b.must(err)
	rises(t, said, text)
	text += "2026-11-20T03:12:01Z web-9 app: x\n"
	_, err = b.s.IngestFrom(t.Context(), b.id, "messages", strings.NewReader(text), IngestOptions{}, hear("parsing messages"))
	b.must(err)
	rises(t, said, text)
}

func rises(t *testing.T, said []Progress, text string) {
	t.Helper()
	if len(said) == 0 || said[len(said)-1].Done != int64(len(text)) || said[len(said)-1].Total != int64(len(text)) {
		t.Errorf("%+v", said)
	}
	for i := 1; i < len(said); i++ {
		if said[i].Done < said[i-1].Done {
			t.Errorf("it goes back: %+v", said)
		}
	}
}
