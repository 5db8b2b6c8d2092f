package parse

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"firebreak/internal/testkit"
	"firebreak/record"
	"firebreak/timeline"
)

// collected is when the tests' artefacts were taken.
var collected = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// run parses data under a file name; an empty parser is detected.
func run(t *testing.T, parser, source string, data []byte) ([]timeline.Event, record.Ingestion) {
	t.Helper()
	return runSource(t, Source{
		Exhibit:   record.Exhibit{ID: "e1", SHA256: "feed", Source: source, Host: "web-1"},
		Parser:    parser,
		Collected: collected,
	}, data)
}

func runSource(t *testing.T, src Source, data []byte) ([]timeline.Event, record.Ingestion) {
	t.Helper()
	var mu sync.Mutex
	var got []timeline.Event
	ing, err := File(t.Context(), bytes.NewReader(data), src, func(batch []timeline.Event) error {
		if len(batch) == 0 || len(batch) > batchSize {
			t.Errorf("batch of %d events", len(batch))
		}
		mu.Lock()
		defer mu.Unlock()
		for i := range batch {
			got = append(got, batch[i].Clone())
		}
		return nil
	})
	if err != nil {
		t.Fatalf("parse %s: %v", src.Exhibit.Source, err)
	}
	sortEvents(got)
	settle(t, got, ing)
	return got, ing
}

// sortEvents puts events in the order of their artefact.
func sortEvents(es []timeline.Event) {
	slices.SortFunc(es, func(a, b timeline.Event) int { return bytes.Compare(a.ID[:], b.ID[:]) })
}

// settle checks what must hold of every run.
func settle(t *testing.T, got []timeline.Event, ing record.Ingestion) {
	t.Helper()
	if ing.Events+ing.Recovered != int64(len(got)) || ing.Events+ing.Rejected+ing.Recovered != ing.Seen {
		t.Fatalf("account: %d events handed over, %+v", len(got), ing)
	}
	ids := make(map[timeline.ID]bool, len(got))
	for _, e := range got {
		if ids[e.ID] {
			t.Fatalf("id %s twice, second at offset %d", e.ID, e.Offset)
		}
		ids[e.ID] = true
		if e.Time.IsZero() != (e.TimeKind == timeline.Undated) {
			t.Fatalf("time %v with kind %q", e.Time, e.TimeKind)
		}
		if e.Time.Location() != time.UTC {
			t.Fatalf("time in %v", e.Time.Location())
		}
		if e.Exhibit != "e1" || e.Parser == "" || e.Message == "" && e.Attributes == nil {
			t.Fatalf("event without origin: %+v", e)
		}
		for _, a := range e.Attributes {
			if strings.ToValidUTF8(a.Value, "") != a.Value {
				t.Fatalf("attribute %s is not UTF-8: %q", a.Name, a.Value)
			}
		}
		if strings.ToValidUTF8(e.Message, "") != e.Message || strings.Contains(e.Message, "\x00") {
			t.Fatalf("message is not clean: %q", e.Message)
		}
	}
}

// corpus returns a file of the shared corpus, or skips.
func corpus(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(testkit.Corpus(t, name), filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The counts are those of expected.tsv, but where a comment says why not.
func TestCorpus(t *testing.T) {
	tests := []struct {
		file, parser     string
		events, rejected int64
	}{
		{"plaso/syslog/syslog", "syslog", 16, 1},
		{"plaso/syslog/syslog_rsyslog", "syslog", 5, 0},
		{"plaso/syslog/syslog_rsyslog_SyslogProtocol23Format", "syslog", 9, 0},
		{"plaso/syslog/syslog_ssh.log", "syslog", 9, 0},
		{"plaso/utmp/utmp", "utmp", 14, 0},
		{"plaso/utmp/utmp_s390", "utmp", 6, 0},
		{"plaso/bash_history", "history", 4, 0},
		{"plaso/zsh_extended_history.txt", "history", 4, 0},
		{"plaso/apt_history.log", "apt", 10, 0},
		{"plaso/audit_enriched.log", "audit", 12, 0}, // of 29 lines
		// plaso counts lines: 3. Each line has two different times here.
		{"plaso/bodyfile/bodyfile.corrupt", "bodyfile", 6, 0},
		{"loghub/Linux_2k.log", "syslog", 2000, 0},
		{"loghub/OpenSSH_2k.log", "syslog", 2000, 0},
	}
	for _, tt := range tests {
		t.Run(tt.file, func(t *testing.T) {
			data := corpus(t, tt.file)
			if got := Detect(tt.file, data[:min(len(data), headSize)]); got != tt.parser {
				t.Errorf("detected as %q, want %q", got, tt.parser)
			}
			_, ing := run(t, tt.parser, tt.file, data)
			if ing.Events != tt.events || ing.Rejected != tt.rejected {
				t.Errorf("%d events, %d rejected, want %d and %d: %q", ing.Events, ing.Rejected, tt.events, tt.rejected, ing.Samples)
			}
		})
	}
}

func TestFileErrors(t *testing.T) {
	none := func([]timeline.Event) error { return nil }
	if _, err := File(t.Context(), strings.NewReader("x"), Source{Parser: "nope"}, none); !errors.Is(err, ErrUnknown) {
		t.Errorf("unknown parser: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := File(ctx, strings.NewReader("x"), Source{Parser: "syslog"}, none); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	bad := errors.New("disk is gone")
	for _, head := range []string{"", "Nov 18 08:30:20 h a: b\n"} {
		_, err := File(t.Context(), io.MultiReader(strings.NewReader(head), failing{bad}), Source{Parser: "syslog"}, none)
		if !errors.Is(err, bad) {
			t.Errorf("reader's error after %q: %v", head, err)
		}
	}
	full := errors.New("full")
	_, err := File(t.Context(), strings.NewReader("Nov 18 08:30:20 h a: b\n"), Source{Parser: "syslog"}, func([]timeline.Event) error { return full })
	if !errors.Is(err, full) {
		t.Errorf("emit's error: %v", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// docs/parsers.md has every parser.
func TestDocumented(t *testing.T) {
	doc, err := os.ReadFile(filepath.Join(testkit.Root(t), "docs", "parsers.md"))
	must(t, err)
	for _, name := range Names() {
		if !bytes.Contains(doc, []byte("`"+name+"`")) {
			t.Errorf("docs/parsers.md does not have %s", name)
		}
	}
}
