package segment

import (
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"firebreak/timeline"
)

// bomb is a packed part of some thousand bytes that says it has n, and has.
func bomb(n int) []byte {
	const block = 128 << 10
	out := binary.AppendUvarint([]byte{compressed}, uint64(n))
	out = append(out, 0x28, 0xb5, 0x2f, 0xfd, 0xe0) // one segment, its size in eight bytes
	out = binary.LittleEndian.AppendUint64(out, uint64(n))
	for left := n; left > 0; left -= block {
		head := uint32(min(left, block))<<3 | 1<<1
		if left <= block {
			head |= 1
		}
		out = append(out, byte(head), byte(head>>8), byte(head>>16), 'a')
	}
	return out
}

// A part that unpacks to a GiB is refused before anything is made for it.
func TestWhatUnpacksToTooMuch(t *testing.T) {
	image := sampleImage(t, 3, 2000)
	meta, err := ParseMeta(image.Meta)
	if err != nil {
		t.Fatal(err)
	}
	parts := memory{}
	for _, p := range image.Parts {
		parts[[2]int{int(p.Kind), p.N}] = p.Data
	}
	for _, test := range []struct {
		kind Kind
		n    int
		read func(r *Reader) error
	}{
		{KindText, 0, func(r *Reader) error { _, err := r.Text(0); return err }},
		{KindShapes, 0, func(r *Reader) error { _, err := r.Names(); return err }},
		{KindDictionary, int(Host), func(r *Reader) error { _, err := r.Dictionary(Host); return err }},
		{KindLexicon, 0, func(r *Reader) error { _, err := r.Lexicon(); return err }},
	} {
		at := [2]int{int(test.kind), test.n}
		was := parts[at]
		data := bomb(most)
		parts[at] = binary.LittleEndian.AppendUint32(data, checksum(meta.mark, test.kind, test.n, data))
		r := NewReader()
		r.Open(meta, parts)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := test.read(r)
		runtime.ReadMemStats(&after)
		if made := after.TotalAlloc - before.TotalAlloc; !errors.Is(err, ErrDamaged) || made > 8<<20 {
			t.Errorf("kind %d: %v, and %d bytes were made", test.kind, err, made)
		}
		parts[at] = was
	}
	m := *meta
	m.Text = olderText + 1
	if _, err := ParseMeta(m.Append(nil)); !errors.Is(err, ErrDamaged) {
		t.Errorf("a meta with more text than fits: %v", err)
	}
}

// What is kept together stays within the limits that its reader has.
func TestGiantsAreAlone(t *testing.T) {
	long := strings.Repeat("long name ", maxNames/10+1)
	many := func(n int, set func(e *timeline.Event, i int)) []timeline.Event {
		es := make([]timeline.Event, n)
		for i := range es {
			es[i] = timeline.Event{ID: timeline.EventID("sha", "p", int64(i), 0), Time: time.Unix(int64(i), 0), Message: fmt.Sprint("event ", i), Exhibit: "e1", Parser: "p"}
			set(&es[i], i)
		}
		return es
	}
	for what, es := range map[string][]timeline.Event{
		"a host": many(5, func(e *timeline.Event, i int) {
			if i == 2 {
				e.Host = long
			}
		}),
		"a name": many(5, func(e *timeline.Event, i int) {
			if i == 2 {
				e.Attributes.Set(long, "x")
			}
		}),
		"many names": many(30, func(e *timeline.Event, i int) { e.Attributes.Set(fmt.Sprint(i, long[:1<<20]), "x") }),
		"numbers":    many(3, func(e *timeline.Event, _ int) { e.Message = strings.Repeat("1.2.3.4.5.6.7.8.9.0.11.12.13.", 10_000) }),
		"letters":    many(3, func(e *timeline.Event, _ int) { e.Message = strings.Repeat("Ⱥ a Ⱦ b ", 100_000) }),
		"long values": many(300, func(e *timeline.Event, i int) {
			if n := longValue - 1 + i%3; i%20 < 3 { // the lengths around the one that is kept apart, in a column and not
				e.Attributes.Set("same", strings.Repeat("s", n))
				e.Attributes.Set("other", strings.Repeat(string(rune('a'+i/20)), n)+fmt.Sprint(i))
			}
			e.Attributes.Set("short", fmt.Sprint(i%9))
		}),
		"attributes": many(40, func(e *timeline.Event, i int) {
			for n := range 300 {
				e.Attributes.Set(fmt.Sprint("name", n), fmt.Sprint(i*n))
			}
		}),
	} {
		b, got := NewBuilder(), 0
		flush := func() {
			r := opened(t, b, newEncoder(t))
			if err := r.Check(); err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			for row := range r.Meta().Rows {
				e, err := r.Event(row)
				if err != nil || !sameEvent(e, es[got]) {
					t.Fatalf("%s: event %d is another: %v", what, got, err)
				}
				got++
			}
			b.Reset()
		}
		for i := range es {
			if !b.Add(&es[i]) {
				flush()
				if !b.Add(&es[i]) {
					t.Fatalf("%s: event %d is refused", what, i)
				}
			}
		}
		if flush(); got != len(es) {
			t.Errorf("%s: %d events, want %d", what, got, len(es))
		}
	}
}
