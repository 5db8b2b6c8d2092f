package parse

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

func TestExcerptIsTheRecord(t *testing.T) {
	lines := []string{"first\n", strings.Repeat("long ", 2000) + "\r\n", "\n", "last without an end"}
	all := strings.Join(lines, "")
	packed := map[string]func(io.Writer) (io.WriteCloser, error){
		"plain": func(w io.Writer) (io.WriteCloser, error) { return nopCloser{w}, nil },
		"gzip":  func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil },
		"zstd":  func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) },
	}
	for name, pack := range packed {
		var b bytes.Buffer
		w, err := pack(&b)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, all); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		at := 0
		for _, l := range lines {
			x, err := ReadExcerpt(t.Context(), bytes.NewReader(b.Bytes()), "syslog", int64(at))
			if err != nil {
				t.Fatalf("%s at %d: %v", name, at, err)
			}
			if string(x.Record) != l || x.More || x.Start+int64(len(x.Before)) != int64(at) {
				t.Errorf("%s at %d: %d bytes from %d, more %v; want %d", name, at, len(x.Record), x.Start, x.More, len(l))
			}
			at += len(l)
		}
		if _, err := ReadExcerpt(t.Context(), bytes.NewReader(b.Bytes()), "syslog", int64(at)); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: behind the end: %v", name, err)
		}
	}
	csv := "a,b\n1,\"two\nlines \"\"quoted\"\"\"\n2,x\n"
	if x, err := ReadExcerpt(t.Context(), strings.NewReader(csv), "timesketch.csv", 4); err != nil || string(x.Record) != "1,\"two\nlines \"\"quoted\"\"\"\n" {
		t.Errorf("the record of a csv is %q: %v", x.Record, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ReadExcerpt(ctx, strings.NewReader(strings.Repeat("x", 1<<20)), "syslog", 1<<19); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled read: %v", err)
	}
	if _, err := ReadExcerpt(t.Context(), strings.NewReader(all), "fb.extents", 0); !errors.Is(err, ErrNoPlace) {
		t.Errorf("a format without places: %v", err)
	}
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }

func TestWhatCanBeCut(t *testing.T) {
	for _, name := range []string{"syslog", "access", "audit", "dpkg", "text", "timesketch.jsonl"} {
		if !Apart(name) || !slices.Contains(Names(), name) {
			t.Errorf("%s cannot be cut at its lines", name)
		}
	}
	for _, name := range []string{"journal", "utmp", "btmp", "lastlog", "apt", "packages", "history", "timesketch.csv", "fb.extents"} {
		if Apart(name) || !slices.Contains(Names(), name) {
			t.Errorf("%s can be cut at its lines", name)
		}
	}
}

// FuzzReadExcerpt looks whether what is read are the bytes that lie there,
// whatever they are.
func FuzzReadExcerpt(f *testing.F) {
	f.Add([]byte("one\ntwo\nthree"), "syslog", int64(4))
	f.Add(append([]byte{3, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 127}, "object"...), "journal", int64(0))
	f.Add([]byte("#1763600000\nid\n"), "history", int64(0))
	f.Add([]byte("a,\"b\nc\"\n"), "timesketch.csv", int64(0))
	f.Add([]byte("Start-Date: x\n\n"), "apt", int64(0))
	f.Add(make([]byte, 800), "utmp", int64(384))
	f.Fuzz(func(t *testing.T, b []byte, parser string, offset int64) {
		if Compressed(b) || offset < 0 || offset > 1<<40 {
			t.Skip()
		}
		x, err := ReadExcerpt(t.Context(), bytes.NewReader(b), parser, offset)
		if err != nil {
			if offset < int64(len(b)) && !errors.Is(err, ErrNoPlace) {
				t.Errorf("at %d of %d: %v", offset, len(b), err)
			}
			return
		}
		whole := slices.Concat(x.Before, x.Record, x.After)
		if x.Start+int64(len(x.Before)) != offset || !bytes.HasPrefix(b[x.Start:], whole) || len(x.Record) == 0 || len(x.Record) > excerptMost {
			t.Errorf("at %d: %d before, %d in the record, %d after", offset, len(x.Before), len(x.Record), len(x.After))
		}
	})
}
