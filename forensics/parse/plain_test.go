package parse

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf16"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"firebreak/timeline"
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
			x, err := ReadExcerpt(t.Context(), bytes.NewReader(b.Bytes()), "syslog", int64(at), nil)
			if err != nil {
				t.Fatalf("%s at %d: %v", name, at, err)
			}
			if string(x.Record) != l || x.More || x.Start+int64(len(x.Before)) != int64(at) {
				t.Errorf("%s at %d: %d bytes from %d, more %v; want %d", name, at, len(x.Record), x.Start, x.More, len(l))
			}
			at += len(l)
		}
		if _, err := ReadExcerpt(t.Context(), bytes.NewReader(b.Bytes()), "syslog", int64(at), nil); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: behind the end: %v", name, err)
		}
	}
	csv := "a,b\n1,\"two\nlines \"\"quoted\"\"\"\n2,x\n"
	if x, err := ReadExcerpt(t.Context(), strings.NewReader(csv), "timesketch.csv", 4, nil); err != nil || string(x.Record) != "1,\"two\nlines \"\"quoted\"\"\"\n" {
		t.Errorf("the record of a csv is %q: %v", x.Record, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ReadExcerpt(ctx, strings.NewReader(strings.Repeat("x", 1<<20)), "syslog", 1<<19, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled read: %v", err)
	}
	if _, err := ReadExcerpt(t.Context(), strings.NewReader(all), "fb.extents", 0, nil); !errors.Is(err, ErrNoPlace) {
		t.Errorf("a format without places: %v", err)
	}
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }

func TestWhatCanBeCut(t *testing.T) {
	for _, name := range []string{"syslog", "access", "dpkg", "text", "timesketch.jsonl"} {
		if !Apart(name) || !slices.Contains(Names(), name) {
			t.Errorf("%s cannot be cut at its lines", name)
		}
	}
	for _, name := range []string{"journal", "utmp", "btmp", "lastlog", "apt", "packages", "history", "timesketch.csv", "fb.extents", "audit", "cloudtrail"} {
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
	f.Add([]byte("\xff\xfeo\x00n\x00e\x00\n\x00t\x00w\x00o\x00"), "syslog", int64(4))
	f.Fuzz(func(t *testing.T, b []byte, parser string, offset int64) {
		if Compressed(b) || offset < 0 || offset > 1<<40 {
			t.Skip("packed, or a place that no file has")
		}
		in := bytes.NewReader(b)
		if text := encodingOf(b[:min(len(b), headSize)]); !isBinary(parser) && text.order != nil {
			b = narrow(b, text.order)
		}
		x, err := ReadExcerpt(t.Context(), in, parser, offset, nil)
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

// TestExcerptIsDecoded reads files whose bytes are not what the offsets of their
// events are counted in, or whose lines end otherwise.
func TestExcerptIsDecoded(t *testing.T) {
	lines := []string{}
	for i := range 3000 {
		lines = append(lines, fmt.Sprintf("2024-03-01T00:%02d:%02dZ web-1 sshd[%d]: Zugriff für größe 日本 \U0001f600 %d", i/60%60, i%60, i, i))
	}
	wide := func(s string, order binary.AppendByteOrder) []byte {
		b := order.AppendUint16(nil, 0xfeff)
		for _, u := range utf16.Encode([]rune(s)) {
			b = order.AppendUint16(b, u)
		}
		return b
	}
	plain := strings.Join(lines, "\n") + "\n"
	for name, file := range map[string][]byte{
		"utf-16le":         wide(plain, binary.LittleEndian),
		"utf-16be":         wide(plain, binary.BigEndian),
		"carriage returns": []byte(strings.ReplaceAll(plain, "\n", "\r")),
		"utf-8 with mark":  append([]byte("\ufeff"), plain...),
	} {
		var events []timeline.Event
		var mu sync.Mutex
		_, err := File(t.Context(), bytes.NewReader(file), Source{Parser: "syslog"}, func(es []timeline.Event) error {
			mu.Lock()
			defer mu.Unlock()
			for _, e := range es {
				events = append(events, e.Clone())
			}
			return nil
		})
		if err != nil || len(events) != len(lines) {
			t.Fatalf("%s: %d events: %v", name, len(events), err)
		}
		slices.SortFunc(events, func(a, b timeline.Event) int { return cmp.Compare(a.Offset, b.Offset) })
		for i, e := range events {
			if i%499 != 0 && i != len(events)-1 {
				continue
			}
			x, err := ReadExcerpt(t.Context(), bytes.NewReader(file), "syslog", e.Offset, nil)
			got := strings.TrimPrefix(strings.TrimRight(string(x.Record), "\r\n"), "\ufeff")
			if err != nil || got != lines[i] {
				t.Errorf("%s: the record at %d is %q, want %q: %v", name, e.Offset, got, lines[i], err)
			}
		}
	}
}

func TestExcerptTellsHowFarItIs(t *testing.T) {
	var told []int64
	_, err := ReadExcerpt(t.Context(), strings.NewReader(strings.Repeat("x\n", 8<<20)), "syslog", 12<<20, func(n int64) { told = append(told, n) })
	if want := int64(12<<20 - excerptAround); err != nil || len(told) != 3 || told[2] != want {
		t.Errorf("it told %v, want 3 times and %d at the end: %v", told, want, err)
	}
}
