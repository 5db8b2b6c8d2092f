package response

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"firebreak/config"
	"firebreak/incident"
	"firebreak/internal/testkit"
)

func (b *bench) open() {
	b.Helper()
	inc, err := b.s.Open(b.Context(), NewIncident{Title: "odd login on web-1"})
	b.must(err)
	b.id = inc.ID
}

func (b *bench) file(name, content string) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), name)
	b.must(os.WriteFile(path, []byte(content), 0o600))
	return path
}

const authLog = `not a line of any log
2026-11-20T02:58:01.000000+00:00 web-1 sshd[811]: Failed password for root from 203.0.113.9 port 40022 ssh2
2026-11-20T02:58:07.000000+00:00 web-1 sshd[811]: Accepted password for root from 203.0.113.9 port 40022 ssh2
`

func TestIngestSealsParsesAndAddsOnce(t *testing.T) {
	b := newBench(t, config.Config{})
	b.open()
	ctx := t.Context()
	path := b.file("auth.log", authLog)
	for i, added := range []int64{2, 0} {
		in, err := b.s.Ingest(ctx, b.id, []string{path}, IngestOptions{}, nil)
		b.must(err)
		if in.Events != 2 || in.Added != added || in.Rejected != 1 || len(in.Exhibits) != 1 {
			t.Errorf("pass %d: %+v", i, in)
		}
	}
	page, err := b.s.Page(ctx, b.id, PageRequest{Filter: `user:root "accepted password"`})
	b.must(err)
	if len(page) != 1 || page[0].Exhibit != "e1" || page[0].Offset == 0 {
		t.Fatalf("%+v", page)
	}
	yes := true
	b.must(b.s.Mark(ctx, b.id, page[0].ID.String(), &yes, []string{"pivot"}, "this is how they came in"))
	n, err := b.s.Count(ctx, b.id, "star:yes or tag:pivot")
	b.must(err)
	if n != 1 {
		t.Errorf("%d marked events", n)
	}
	_, err = b.s.Count(ctx, b.id, "user:(")
	b.want(CodeUsage, err)
	h, err := b.s.Histogram(ctx, b.id, HistogramRequest{Buckets: 10})
	b.must(err)
	if len(h.Buckets) != 10 || h.Buckets[0] != 1 || h.Buckets[9] != 1 {
		t.Errorf("%+v", h)
	}
	b.must(b.s.Rebuild(ctx, b.id, nil))
	page, err = b.s.Page(ctx, b.id, PageRequest{Filter: "star:yes"})
	b.must(err)
	if len(page) != 1 || !page[0].Star || len(page[0].Comments) != 1 {
		t.Errorf("after a rebuild the mark is gone: %+v", page)
	}
	b.verified()
}

func TestIngestOfSomeFilesThatCannotBeRead(t *testing.T) {
	b := newBench(t, config.Config{})
	b.open()
	good, missing := b.file("auth.log", authLog), filepath.Join(t.TempDir(), "gone.log")
	in, err := b.s.Ingest(t.Context(), b.id, []string{missing, good, t.TempDir()}, IngestOptions{}, nil)
	b.want(CodePartial, err)
	if in.Events != 2 || !strings.Contains(err.Error(), "gone.log") || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("%+v: %v", in, err)
	}
	_, err = b.s.Ingest(t.Context(), b.id, []string{good}, IngestOptions{Parser: "tea-leaves"}, nil)
	b.want(CodeUsage, err)
}

func TestDamagedEvidenceIsFound(t *testing.T) {
	b := newBench(t, config.Config{})
	b.open()
	_, err := b.s.Ingest(t.Context(), b.id, []string{b.file("auth.log", authLog)}, IngestOptions{}, nil)
	b.must(err)
	xs, _, err := b.s.Evidence(t.Context(), b.id)
	b.must(err)
	blob := filepath.Join(b.s.s.Dir(b.id), "evidence", xs[0].Blob[:2], xs[0].Blob)
	raw, err := os.ReadFile(blob)
	b.must(err)
	raw[len(raw)/2] ^= 1
	b.must(os.Chmod(blob, 0o600))
	b.must(os.WriteFile(blob, raw, 0o400))
	c, err := b.s.CheckExhibit(t.Context(), b.id, "e1")
	b.must(err)
	r, err := b.s.Verify(t.Context(), b.id, nil)
	b.must(err)
	if c.OK || r.OK() || !strings.Contains(r.Problems[0].String(), "e1") {
		t.Errorf("check %+v, report %+v", c, r)
	}
}

func TestDamagedTimelineIsMadeAgain(t *testing.T) {
	b := newBench(t, config.Config{})
	b.open()
	_, err := b.s.Ingest(t.Context(), b.id, []string{b.file("auth.log", authLog)}, IngestOptions{}, nil)
	b.must(err)
	b.must(b.s.s.Close())
	for _, suffix := range []string{"", "-wal", "-shm"} {
		path := filepath.Join(b.s.s.Dir(b.id), "timeline.db"+suffix)
		if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	b.must(os.WriteFile(filepath.Join(b.s.s.Dir(b.id), "timeline.db"), []byte(strings.Repeat("not a database ", 500)), 0o600))
	_, err = b.s.Count(t.Context(), b.id, "")
	b.want(CodeIntegrity, err)
	if _, err := b.s.Board(t.Context(), b.id); err != nil {
		t.Errorf("a damaged timeline hides the record: %v", err)
	}
	b.must(b.s.Rebuild(t.Context(), b.id, nil))
	n, err := b.s.Count(t.Context(), b.id, "")
	b.must(err)
	if n != 2 {
		t.Errorf("%d events", n)
	}
}

func TestIngestFromAStreamAndCompressed(t *testing.T) {
	b := newBench(t, config.Config{})
	b.open()
	var z strings.Builder
	w := gzip.NewWriter(&z)
	if _, err := fmt.Fprint(w, authLog); err != nil {
		t.Fatal(err)
	}
	b.must(w.Close())
	in, err := b.s.IngestFrom(t.Context(), b.id, "stdin", strings.NewReader(z.String()), IngestOptions{}, nil)
	b.must(err)
	if in.Events != 2 {
		t.Errorf("%+v", in)
	}
	left, err := filepath.Glob(filepath.Join(b.s.s.Dir(b.id), ".stream-*"))
	b.must(err)
	if len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestStreamOfAnOlderProgram is swept by whoever opens the incident next.
func TestStreamOfAnOlderProgram(t *testing.T) {
	b := newBench(t, config.Config{})
	b.open()
	b.must(b.s.s.Close())
	dir := filepath.Join(b.s.s.Dir(b.id), ".stream-123")
	b.must(os.Mkdir(dir, 0o700))
	b.must(os.WriteFile(filepath.Join(dir, "stdin"), []byte(authLog), 0o600))
	b.s = b.service(config.Config{}).As(incident.Actor{Name: "grace"})
	b.must(b.s.Note(t.Context(), b.id, "", "opened", false))
	if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
}

func TestCollectFromThisMachine(t *testing.T) {
	b := newBench(t, config.Config{})
	b.open()
	c, err := b.s.Collect(t.Context(), b.id, CollectOptions{Collectors: []string{"processes", "sockets"}}, nil)
	b.must(err)
	if c.Exhibits < 2 || c.Cut != "" {
		t.Fatalf("%+v", c)
	}
	n, err := b.s.Count(t.Context(), b.id, fmt.Sprintf("parser:fb.processes attr.pid:%d", os.Getpid()))
	b.must(err)
	if n == 0 {
		t.Error("this process is not on the timeline")
	}
	b.verified()
}

// TestFolderHandedOnIsWhole: a colleague takes an incident's folder over, trusts
// the key it was signed with, verifies the evidence and goes on.
func TestFolderHandedOnIsWhole(t *testing.T) {
	a, b := newBench(t, config.Config{}), &bench{T: t, clock: testkit.NewClock(time.Millisecond), home: t.TempDir(), seed: 7}
	a.open()
	_, err := a.s.Ingest(t.Context(), a.id, []string{a.file("auth.log", authLog)}, IngestOptions{}, nil)
	a.must(err)
	a.must(a.s.s.Close())
	b.s = b.service(config.Config{}).As(incident.Actor{Name: "grace"})
	b.id = a.id
	a.must(os.CopyFS(b.s.s.Dir(a.id), os.DirFS(a.s.s.Dir(a.id))))
	r, err := b.s.Verify(t.Context(), a.id, nil)
	a.must(err)
	if r.OK() {
		t.Fatal("an incident of an unknown workspace verified")
	}
	a.must(os.WriteFile(filepath.Join(b.home, "keys", "trusted"), []byte(a.s.s.key.Public()+"\n"), 0o600))
	b.s = b.service(config.Config{}).As(incident.Actor{Name: "grace"})
	r, err = b.s.Verify(t.Context(), a.id, nil)
	a.must(err)
	if !r.OK() || r.Exhibits != 1 {
		t.Errorf("%+v", r)
	}
	a.must(b.s.Note(t.Context(), a.id, "", "taken over", false))
	b.verified()
}
