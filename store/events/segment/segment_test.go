package segment

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"firebreak/timeline"
)

// memory is the parts of one image.
type memory map[[2]int][]byte

func (m memory) Part(kind Kind, n int) ([]byte, error) { return m[[2]int{int(kind), n}], nil }

func newEncoder(t testing.TB) *Encoder {
	t.Helper()
	e, err := NewEncoder()
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// opened encodes what the builder has and opens it.
func opened(t testing.TB, b *Builder, e *Encoder) *Reader {
	t.Helper()
	image, err := b.Encode(e)
	if err != nil {
		t.Fatal(err)
	}
	meta, err := ParseMeta(image.Meta)
	if err != nil {
		t.Fatal(err)
	}
	parts := memory{}
	for _, p := range image.Parts {
		parts[[2]int{int(p.Kind), p.N}] = bytes.Clone(p.Data)
	}
	image.Release()
	r := NewReader()
	r.Open(meta, parts)
	return r
}

var day = time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)

var someTexts = []string{
	"", "a", "Failed password for root from 10.0.0.5 port 22 ssh2", "1.2.3.4.5", "x10.0.0.1", "10.0.0.1000", "ошибка Ошибка", "Größe GRÖSSE", "ſshd \u212aernel",
	"a\x00b", "bad\xff\xc3\x28utf8", "\xe4\xb8", "мир_1", strings.Repeat("long", 50), strings.Repeat("ж", 300), "_", "a_b-c.d", "İstanbul", "e\u0301 x", "١٢٣ 1.2.3.٤",
}

func randomEvent(r *rand.Rand, n int) timeline.Event {
	text := func() string {
		words := make([]string, r.IntN(4))
		for i := range words {
			words[i] = someTexts[r.IntN(len(someTexts))]
		}
		return strings.Join(words, []string{" ", ".", ""}[r.IntN(3)])
	}
	e := timeline.Event{
		ID:   timeline.EventID(fmt.Sprint("sha", r.IntN(3)), "p", int64(r.IntN(1<<20)*(1+r.IntN(2)*1000)), r.IntN(2)*r.IntN(400)),
		Host: fmt.Sprint("host", r.IntN(5)), User: fmt.Sprint("user", r.IntN(1+n)), Source: "syslog", Parser: "p", Message: text(),
		Exhibit: fmt.Sprint("e", r.IntN(4)), Precision: timeline.Second, TimeKind: timeline.Logged, Technique: []string{"", "T1"}[r.IntN(2)],
		Time: day.Add(time.Duration(r.IntN(1000)) * time.Millisecond * 100), Offset: int64(n),
	}
	if r.IntN(2) == 0 {
		e.Offset = int64(e.ID.Place() >> 8)
	}
	switch r.IntN(10) {
	case 0:
		e.Time = time.Time{}
	case 1:
		e.Time = []time.Time{
			time.Date(1601, 1, 1, 0, 0, 0, 7, time.UTC), time.Date(30828, 9, 14, 2, 48, 5, 477580700, time.UTC), time.Date(1, 1, 1, 0, 0, 0, 1, time.UTC),
			time.Unix(0, 0).UTC(), time.Unix(-5, 3).UTC(),
		}[r.IntN(5)]
	case 2:
		e.Time = e.Time.Add(time.Duration(r.IntN(1e9)))
	}
	for range r.IntN(5) {
		name := []string{"pid", "process", "path", "имя", "", "rare" + fmt.Sprint(r.IntN(50))}[r.IntN(6)]
		value := text()
		switch r.IntN(4) {
		case 0:
			value = []string{"x", "y", "z"}[r.IntN(3)]
		case 1:
			if i := r.IntN(len(e.Message) + 1); i < len(e.Message) {
				value = e.Message[i : i+1+r.IntN(len(e.Message)-i)]
			}
		}
		e.Attributes.Set(name, value)
	}
	return e
}

func sameEvent(a, b timeline.Event) bool {
	if !a.Time.Equal(b.Time) || a.Time.IsZero() != b.Time.IsZero() {
		return false
	}
	a.Time, b.Time = time.Time{}, time.Time{}
	return slices.Equal(a.Attributes, b.Attributes) && fmt.Sprintf("%#v", a) == fmt.Sprintf("%#v", b)
}

// What goes in comes out again, once for each id, in the order of time.
func TestEventsComeBack(t *testing.T) {
	e := newEncoder(t)
	b := NewBuilder()
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 1))
		b.Reset()
		want := map[timeline.ID]timeline.Event{}
		for i := range 1 + r.IntN(6000) {
			event := randomEvent(r, i)
			if !b.Add(&event) {
				t.Fatal("full")
			}
			if _, ok := want[event.ID]; !ok {
				want[event.ID] = event
			}
		}
		read := opened(t, b, e)
		if read.Meta().Rows != len(want) {
			t.Fatalf("%d rows of %d", read.Meta().Rows, len(want))
		}
		last := timeline.Event{}
		for row := range read.Meta().Rows {
			got, err := read.Event(row)
			if err != nil {
				t.Fatal(err)
			}
			if w, ok := want[got.ID]; !ok || !sameEvent(got, w) {
				t.Fatalf("row %d\n got %#v\nwant %#v", row, got, w)
			}
			delete(want, got.ID)
			if s, l := Stamp(got.Time), Stamp(last.Time); row > 0 && (l > s || l == s && bytes.Compare(last.ID[:], got.ID[:]) >= 0) {
				t.Fatalf("row %d is out of order", row)
			}
			last = got
		}
		checkWords(t, read)
	}
}

// checkWords looks whether the lexicon has every token, and where it is.
func checkWords(t *testing.T, r *Reader) {
	t.Helper()
	blocks := map[string]uint64{}
	for row := range r.Meta().Rows {
		e, err := r.Event(row)
		if err != nil {
			t.Fatal(err)
		}
		bit := uint64(1) << r.Meta().blockOf(row)
		for _, text := range append([]string{e.Message}, func() (v []string) {
			for _, a := range e.Attributes {
				v = append(v, a.Value)
			}
			return v
		}()...) {
			for _, w := range naiveTokens(text) {
				blocks[w] |= bit
			}
		}
	}
	l, err := r.Lexicon()
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]uint64{}
	for i := range l.Len() {
		m, err := l.Blocks(i)
		if err != nil {
			t.Fatal(err)
		}
		texts[string(l.Token(i))] |= m
		if blocks[string(l.Token(i))] == 0 && len(l.Token(i)) > 0 {
			t.Fatalf("%q is in no text", l.Token(i))
		}
	}
	for w, mask := range blocks {
		got, err := r.Word(w)
		if err != nil || got&mask != mask {
			t.Fatalf("%q is in %x, want %x, %v", w, got, mask, err)
		}
		if (texts[w]|r.Long())&mask != mask {
			t.Fatalf("%q in the lexicon is in %x, want %x", w, texts[w], mask)
		}
	}
	if got, err := r.Word("nowhere"); err != nil || got != 0 {
		t.Errorf("a word that is nowhere: %x, %v", got, err)
	}
}
