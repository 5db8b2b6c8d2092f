package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"firebreak/incident"
)

const testID = incident.ID("2026-0007")

// dice is repeatable randomness, for salts and for entries.
func dice(seed byte) *rand.ChaCha8 { return rand.NewChaCha8([32]byte{seed}) }

func randomEntry(r *rand.Rand, seq int64) Entry {
	words := []string{"", "a", "Möbius", "<b>&\u2028", "\x00\x1b]0;x\a", "日本", strings.Repeat("x", 300), "line\nbreak", `"quoted"\`}
	word := func() string { return words[r.IntN(len(words))] }
	e := Entry{
		Seq: seq, Time: time.Unix(r.Int64N(4e9), r.Int64N(1e9)).UTC(), Mono: r.Int64(), Boot: word(),
		Actor: incident.Actor{ID: word(), Name: word()},
		Kind:  Kind("kind." + fmt.Sprint(r.IntN(9))), Phase: incident.Phase(r.IntN(6)), Step: word(),
		Fields: map[string]json.RawMessage{},
	}
	for range r.IntN(6) {
		v, err := marshal([]any{word(), r.Int64(), nil, map[string]any{word(): word()}})
		if err != nil {
			continue
		}
		e.Fields["f"+word()] = v
	}
	return e
}

func TestSealUnsealRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 500 {
		e := randomEntry(r, int64(i+1))
		s, err := Seal(testID, e, dice(1))
		if err != nil {
			t.Fatalf("seal %+v: %v", e, err)
		}
		again, err := Seal(testID, e, dice(1))
		if err != nil || !reflect.DeepEqual(s, again) {
			t.Fatalf("the same entry and salts gave other bytes")
		}
		if bytes.ContainsAny(s.Line, "\n\r") {
			t.Fatalf("line break in %q", s.Line)
		}
		r.Shuffle(len(s.Disclosures), func(a, b int) {
			s.Disclosures[a], s.Disclosures[b] = s.Disclosures[b], s.Disclosures[a]
		})
		got, withheld, err := Unseal(s.Line, s.Disclosures)
		if err != nil || len(withheld) != 0 || !reflect.DeepEqual(got, e) {
			t.Fatalf("unseal = %+v, %v, %v, want %+v", got, withheld, err, e)
		}
	}
}

func TestLineIsStable(t *testing.T) {
	e := Entry{
		Seq: 3, Time: time.Date(2026, 11, 20, 3, 14, 7, 5000, time.FixedZone("", 3600)), Mono: 42, Boot: "b",
		Actor: incident.Actor{ID: "u-1", Name: "Alice"}, Kind: Noted, Phase: incident.Contain, Step: "s",
		Fields: map[string]json.RawMessage{"text": json.RawMessage(` "a < b" `)},
	}
	s, err := Seal(testID, e, dice(7))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"v":1,"incident":"2026-0007","seq":3,"at":"2026-11-20T02:14:07.000005Z","mono":42,"boot":"b","actor":"u-1",` +
		`"kind":"note","phase":"contain","step":"s","_sd":["4n1","x"]}`
	cut := func(s string) string { head, _, _ := strings.Cut(s, `"_sd"`); return head }
	if got := string(s.Line); cut(got) != cut(want) {
		t.Errorf("line\n%s\nwant\n%s", got, want)
	}
	if strings.Contains(string(s.Line), "Alice") {
		t.Error("the actor's name stands in the clear")
	}
	for _, d := range s.Disclosures {
		parsed, err := ParseDisclosure(d)
		if err != nil {
			t.Fatal(err)
		}
		if parsed.Name == "text" && string(parsed.Value) != `"a < b"` {
			t.Errorf("value %s", parsed.Value)
		}
	}
}

// The digest of RFC 9901 section 4.2.3's first example.
func TestDigestVector(t *testing.T) {
	const disclosure = "WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0"
	const want = "X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0"
	if got := DigestOf(disclosure); got != want {
		t.Errorf("digest %s, want %s", got, want)
	}
	d, err := ParseDisclosure(disclosure)
	if err != nil || d.Name != "family_name" || string(d.Value) != `"Möbius"` {
		t.Errorf("disclosure = %+v, %v", d, err)
	}
}

func TestUnsealWithheldAndForeign(t *testing.T) {
	e := Entry{Seq: 1, Kind: Noted, Actor: incident.Actor{ID: "u", Name: "Alice"}, Fields: map[string]json.RawMessage{
		"text": json.RawMessage(`"secret"`), "decision": json.RawMessage(`true`),
	}}
	s, err := Seal(testID, e, dice(1))
	if err != nil {
		t.Fatal(err)
	}
	for i := range s.Disclosures {
		left := slices.Delete(slices.Clone(s.Disclosures), i, i+1)
		got, withheld, err := Unseal(s.Line, left)
		if err != nil || len(withheld) != 1 || withheld[0] != DigestOf(s.Disclosures[i]) {
			t.Errorf("withhold %d: %v, %v", i, withheld, err)
		}
		if named := len(got.Fields) + len(got.Actor.Name)/5; named != 2 {
			t.Errorf("withhold %d: entry = %+v", i, got)
		}
	}
	other, err := Seal(testID, e, dice(2))
	if err != nil {
		t.Fatal(err)
	}
	for name, ds := range map[string][]string{
		"of another entry": {other.Disclosures[0]},
		"twice":            {s.Disclosures[0], s.Disclosures[0]},
		"changed":          {s.Disclosures[0][:20] + "A" + s.Disclosures[0][21:]},
	} {
		if _, _, err := Unseal(s.Line, ds); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestSealRefuses(t *testing.T) {
	field := func(k, v string) map[string]json.RawMessage { return map[string]json.RawMessage{k: json.RawMessage(v)} }
	for name, e := range map[string]Entry{
		"number 0":         {Kind: Noted},
		"no kind":          {Seq: 1},
		"reserved name":    {Seq: 1, Kind: Noted, Fields: field("_sd", "1")},
		"dots":             {Seq: 1, Kind: Noted, Fields: field("...", "1")},
		"name of actor":    {Seq: 1, Kind: Noted, Fields: field(actorName, "1")},
		"no JSON":          {Seq: 1, Kind: Noted, Fields: field("a", "{")},
		"phase":            {Seq: 1, Kind: Noted, Phase: 9},
		"year 10000":       {Seq: 1, Kind: Noted, Time: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)},
		"endless step":     {Seq: 1, Kind: Noted, Step: strings.Repeat("x", MaxLine)},
		"too many fields":  {Seq: 1, Kind: Noted, Fields: manyFields(MaxFields)},
		"empty field name": {Seq: 1, Kind: Noted, Fields: field("", "1")},
	} {
		if _, err := Seal(testID, e, dice(1)); err == nil {
			t.Errorf("%s: sealed", name)
		}
	}
	if _, err := Seal(testID, Entry{Seq: 1, Kind: Noted}, strings.NewReader("short")); err == nil {
		t.Error("sealed without salt")
	}
}

func manyFields(n int) map[string]json.RawMessage {
	m := map[string]json.RawMessage{}
	for i := range n {
		m[fmt.Sprint("f", i)] = json.RawMessage("1")
	}
	return m
}

func TestParseLineRefusesOtherForms(t *testing.T) {
	s, err := Seal(testID, Entry{Seq: 1, Kind: Noted, Time: time.Unix(1, 0)}, dice(1))
	if err != nil {
		t.Fatal(err)
	}
	good := string(s.Line)
	for _, bad := range []string{
		"", "{}", "null", "[]", " " + good, good + " ", good + "\n", good + good,
		strings.Replace(good, `"v":1`, `"v":2`, 1),
		strings.Replace(good, `"v":1`, `"v":1.0`, 1),
		strings.Replace(good, `"seq":1`, `"seq":1,"seq":2`, 1),
		strings.Replace(good, `"seq":1`, `"Seq":1`, 1),
		strings.Replace(good, `"seq":1`, `"seq":-1`, 1),
		strings.Replace(good, `"boot":""`, `"boot":"","more":1`, 1),
		strings.Replace(good, `1970-01-01T00:00:01Z`, `1970-01-01T00:00:01.0Z`, 1),
		strings.Replace(good, `1970-01-01T00:00:01Z`, `1970-01-01T00:00:01+00:00`, 1),
		strings.Replace(good, `2026-0007`, `../../etc`, 1),
		strings.Replace(good, `"phase":""`, `"phase":"panic"`, 1),
		strings.Replace(good, `"_sd":[`, `"_sd":["x",`, 1),
		strings.Replace(good, `"_sd":[`, `"_sd":null,"x":[`, 1),
		strings.Repeat("[", MaxLine+1),
	} {
		if _, err := ParseLine([]byte(bad)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%.200s: %v, want ErrMalformed", bad, err)
		}
	}
}

func FuzzParseLine(f *testing.F) {
	for i := range byte(3) {
		s, err := Seal(testID, randomEntry(rand.New(rand.NewPCG(uint64(i), 1)), int64(i)+1), dice(i))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(s.Line)
	}
	f.Add([]byte(`{"v":1}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := ParseLine(b)
		if err != nil {
			return
		}
		if again, err := l.encode(); err != nil || !bytes.Equal(again, b) {
			t.Errorf("two forms of one line:\n%s\n%s", b, again)
		}
		if _, _, err := Unseal(b, nil); err != nil {
			t.Errorf("unseal: %v", err)
		}
	})
}

func FuzzParseDisclosure(f *testing.F) {
	s, err := Seal(testID, Entry{Seq: 1, Kind: Noted, Fields: map[string]json.RawMessage{"a": json.RawMessage(`{"b":[1]}`)}}, dice(1))
	if err != nil {
		f.Fatal(err)
	}
	for _, d := range s.Disclosures {
		f.Add(d)
	}
	f.Add("WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0")
	f.Add("W10")
	f.Fuzz(func(t *testing.T, text string) {
		d, err := ParseDisclosure(text)
		if err != nil {
			return
		}
		again, err := ParseDisclosure(d.String())
		if err != nil || again.Name != d.Name || again.Salt != d.Salt || !bytes.Equal(again.Value, d.Value) {
			t.Errorf("%+v, %v, want %+v", again, err, d)
		}
	})
}

func TestDecodeKeepsFieldsApart(t *testing.T) {
	d, err := NewDraft(incident.Actor{}, Noted, incident.NoPhase, "", Note{Text: "x", Decision: true})
	if err != nil {
		t.Fatal(err)
	}
	if got := slices.Sorted(maps.Keys(d.Fields)); !slices.Equal(got, []string{"decision", "text"}) {
		t.Errorf("fields %v", got)
	}
	if _, err := NewDraft(incident.Actor{}, Noted, incident.NoPhase, "", []int{1}); err == nil {
		t.Error("a payload that is no object was accepted")
	}
}

func BenchmarkUnseal(b *testing.B) {
	s, err := Seal(testID, Entry{
		Seq: 7, Kind: Noted, Time: time.Unix(1, 2), Actor: incident.Actor{ID: "u-1", Name: "Alice"},
		Fields: map[string]json.RawMessage{"text": json.RawMessage(`"what was seen and done"`), "decision": json.RawMessage("true")},
	}, dice(1))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := Unseal(s.Line, s.Disclosures); err != nil {
			b.Fatal(err)
		}
	}
}
