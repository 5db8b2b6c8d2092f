package evidence

import (
	"bytes"
	"context"
	"crypto/sha256"
	"sync"
	"testing"
	"time"

	"firebreak/forensics/parse"
	"firebreak/record"
	"firebreak/timeline"
)

func params(seed int64, events int) Params {
	return Params{Seed: seed, Set: "logs", Host: "web-1", When: time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC), Events: events}
}

// TestReadByTheParsers holds the logs against the parsers that will read them:
// every line becomes an event, and each line of the attack is the beginning of
// one.
func TestReadByTheParsers(t *testing.T) {
	for _, name := range Names() {
		t.Run(name, func(t *testing.T) {
			const want = 6000
			files, err := Make(name, params(7, want))
			if err != nil {
				t.Fatal(err)
			}
			found := map[string]int{}
			events := 0
			for i, f := range files {
				if sources := Sources(name); len(sources) != len(files) || sources[i] != f.Source {
					t.Errorf("file %d is %s, not of %v", i, f.Source, sources)
				}
				var b bytes.Buffer
				truth, err := f.Write(&b, Findings(name))
				if err != nil {
					t.Fatal(err)
				}
				format := f.Parser
				if format == "" {
					format = parse.Detect(f.Source, b.Bytes()[:min(b.Len(), 64<<10)])
				}
				if format == "text" {
					t.Errorf("%s is read as text", f.Name)
				}
				var mu sync.Mutex
				at := map[int64]timeline.Event{}
				x := record.Exhibit{ID: "e1", Source: f.Source, Format: format, SHA256: "00", Finished: params(0, 0).When.Add(time.Hour)}
				in, err := parse.File(context.Background(), bytes.NewReader(b.Bytes()), parse.Source{Exhibit: x}, func(es []timeline.Event) error {
					mu.Lock()
					defer mu.Unlock()
					for _, e := range es {
						at[e.Offset] = e.Clone()
					}
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
				if in.Rejected > 0 || int(in.Events) != f.Events() {
					t.Errorf("%s as %s: %d events of %d lines, %d rejected: %v", f.Name, format, in.Events, f.Events(), in.Rejected, in.Samples)
				}
				events += int(in.Events)
				for _, tr := range truth {
					found[tr.Finding]++
					e, ok := at[tr.Offset]
					if !ok {
						t.Errorf("%s: no event at byte %d, where %s is", f.Name, tr.Offset, tr.Finding)
					} else if e.Time.IsZero() {
						t.Errorf("%s: the event of %s has no time: %s", f.Name, tr.Finding, e.Message)
					}
				}
			}
			if events != want {
				t.Errorf("%d events, want %d", events, want)
			}
			for _, id := range Findings(name) {
				if found[id] == 0 {
					t.Errorf("nothing of %s is in the logs", id)
				}
			}
		})
	}
}

// TestSameSeedSameBytes: an exercise can be held again, and judged later.
func TestSameSeedSameBytes(t *testing.T) {
	sums := func(name string, seed int64) [32]byte {
		files, err := Make(name, params(seed, 3000))
		if err != nil {
			t.Fatal(err)
		}
		h := sha256.New()
		for _, f := range files {
			for range 2 { // a file can be written twice
				if _, err := f.Write(h, Findings(name)); err != nil {
					t.Fatal(err)
				}
			}
		}
		return [32]byte(h.Sum(nil))
	}
	for _, name := range Names() {
		first, again := sums(name, 1), sums(name, 1)
		if first != again {
			t.Errorf("%s: the same seed gives other bytes", name)
		}
		if first == sums(name, 2) {
			t.Errorf("%s: another seed gives the same bytes", name)
		}
	}
}

func TestMakeRefuses(t *testing.T) {
	if _, err := Make("nothing", params(1, 1000)); err == nil {
		t.Error("there is no generator of that name")
	}
	if _, err := Make("web-host", params(1, 5)); err == nil {
		t.Error("five events are too few")
	}
}

func BenchmarkWebHost(b *testing.B) {
	for range b.N {
		files, err := Make("web-host", params(1, 100_000))
		if err != nil {
			b.Fatal(err)
		}
		for _, f := range files {
			var out countingWriter
			if _, err := f.Write(&out, Findings("web-host")); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(out))
		}
	}
}

type countingWriter int64

func (c *countingWriter) Write(p []byte) (int, error) {
	*c += countingWriter(len(p))
	return len(p), nil
}
