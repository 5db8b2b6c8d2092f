package cacao

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"firebreak/playbooks"
)

// maker makes random JSON.
type maker struct{ r *rand.Rand }

func (m maker) text() string {
	pieces := []string{"a", "__x__:value", "absent", "json", "ids_", "\n", " ", "é", "\u200b", "\x00", "\r\n", "{{", "'", "\"", "\\", "💥", "- x", ": ", "#", "null", "1.0", "~", "\ufeff", "\t", "name"}
	var b strings.Builder
	for range m.r.IntN(5) {
		b.WriteString(pieces[m.r.IntN(len(pieces))])
	}
	return b.String()
}

func (m maker) number() Number {
	switch m.r.IntN(6) {
	case 0:
		return Number(strconv.FormatFloat(math.Float64frombits(m.r.Uint64()&^(0x7ff<<52)|uint64(m.r.IntN(0x7fe))<<52), 'e', -1, 64))
	case 1:
		return "123456789012345678901234567890"
	case 2:
		return "-0"
	case 3:
		return Number(fmt.Sprintf("%d.%d", m.r.IntN(100), m.r.IntN(1000)))
	default:
		return integer(int64(m.r.IntN(1000)) - 500)
	}
}

func (m maker) value(depth int) any {
	n := 8
	if depth == 0 {
		n = 6
	}
	switch m.r.IntN(n) {
	case 0:
		return nil
	case 1:
		return m.r.IntN(2) == 0
	case 2:
		return m.number()
	case 3, 4, 5:
		return m.text()
	case 6:
		out := []any{}
		for range m.r.IntN(4) {
			out = append(out, m.value(depth-1))
		}
		return out
	default:
		return m.object(depth - 1)
	}
}

func (m maker) object(depth int) *Object {
	o := NewObject()
	for range m.r.IntN(5) {
		o.Set(m.text(), m.value(depth))
	}
	return o
}

// vary changes a value a little.
func (m maker) vary(v any) any {
	switch v := v.(type) {
	case *Object:
		out := NewObject()
		for _, k := range v.Keys() {
			switch m.r.IntN(8) {
			case 0:
			case 1:
				out.Set(k, m.value(2))
			default:
				out.Set(k, m.vary(v.Get(k)))
			}
		}
		if m.r.IntN(3) == 0 {
			out.Set(m.text(), m.value(2))
		}
		return out
	case []any:
		out := []any{}
		for _, x := range v {
			out = append(out, m.vary(x))
		}
		return out
	default:
		if m.r.IntN(5) == 0 {
			return m.value(0)
		}
		return v
	}
}

// TestWhatIsKeptComesBack: any JSON passes through a playbook's file, digit by
// digit, and a difference makes of the one what the other was.
func TestWhatIsKeptComesBack(t *testing.T) {
	for seed := range uint64(2000) {
		m := maker{rand.New(rand.NewPCG(seed, 7))}
		base, ok := m.vary(m.object(4)).(*Object)
		if !ok {
			t.Fatal("no object")
		}
		want, ok := m.vary(base).(*Object)
		if !ok {
			t.Fatal("no object")
		}
		diff := difference(base, want)
		if diff == nil {
			if !same(base, want) {
				t.Fatalf("seed %d: no difference between\n%s\n%s", seed, exact(base), exact(want))
			}
			continue
		}
		file, err := toYAML(NewObject("cacao", diff))
		if err != nil {
			t.Fatal(err)
		}
		if strings.ContainsFunc(string(file), playbooks.Hidden) {
			t.Fatalf("seed %d: hidden characters in %q", seed, file)
		}
		read, err := fromYAML(file)
		if err != nil {
			t.Fatalf("seed %d: %v in\n%s", seed, err, file)
		}
		if exact(read.Get("cacao")) != exact(diff) {
			t.Fatalf("seed %d: the file says\n%s\nnot\n%s\n%s", seed, exact(read.Get("cacao")), exact(diff), file)
		}
		merge := &merging{}
		got, _ := clone(base).(*Object)
		merge.apply(got, read.object("cacao"), "")
		if len(merge.lost) > 0 || !same(got, want) {
			t.Fatalf("seed %d: lost %v\nbase %s\nwant %s\ngot  %s\ndiff %s", seed, merge.lost, exact(base), exact(want), exact(got), exact(diff))
		}
		again, err := Decode(Indented(want))
		if err != nil || exact(again) != exact(want) {
			t.Fatalf("seed %d: %v\n%s\n%s", seed, err, exact(again), exact(want))
		}
	}
}

// TestCanonical holds RFC 8785's own examples: section 3.2.2, 3.2.3 and the
// numbers of appendix B.
func TestCanonical(t *testing.T) {
	for in, want := range map[string]string{
		`{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}`:                                        `{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
		`{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}`: "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u0080\":\"Control\",\"ö\":\"Latin Small Letter O With Diaeresis\",\"€\":\"Euro Sign\",\"😀\":\"Emoji: Grinning Face\",\"\ufb33\":\"Hebrew Letter Dalet With Dagesh\"}",
	} {
		v, err := Decode([]byte(in))
		if err != nil {
			t.Fatal(err)
		}
		if got := string(Canonical(v)); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	for bits, want := range map[uint64]string{
		0x0000000000000000: "0", 0x8000000000000000: "0", 0x0000000000000001: "5e-324", 0x8000000000000001: "-5e-324",
		0x7fefffffffffffff: "1.7976931348623157e+308", 0xffefffffffffffff: "-1.7976931348623157e+308",
		0x4340000000000000: "9007199254740992", 0xc340000000000000: "-9007199254740992", 0x4430000000000000: "295147905179352830000",
		0x44b52d02c7e14af5: "9.999999999999997e+22", 0x44b52d02c7e14af6: "1e+23", 0x44b52d02c7e14af7: "1.0000000000000001e+23",
		0x444b1ae4d6e2ef4e: "999999999999999700000", 0x444b1ae4d6e2ef4f: "999999999999999900000", 0x444b1ae4d6e2ef50: "1e+21",
		0x3eb0c6f7a0b5ed8c: "9.999999999999997e-7", 0x3eb0c6f7a0b5ed8d: "0.000001",
		0x41b3de4355555553: "333333333.3333332", 0x41b3de4355555557: "333333333.33333343", 0xbecbf647612f3696: "-0.0000033333333333333333",
		0x43143ff3c1cb0959: "1424953923781206.2",
	} {
		f := math.Float64frombits(bits)
		if got := canonicalNumber(Number(strconv.FormatFloat(f, 'e', 17, 64))); got != want {
			t.Errorf("%016x: got %s, want %s", bits, got, want)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	for in, says := range map[string]string{
		``: "ends", `{"a":1,"a":2}`: "twice", `{"a":"\ud800"}`: "surrogate", "\"\xff\"": "UTF-8", `[01]`: "number", `[1e999]`: "larger",
		`{"a":1}x`: "after the end", `[1,]`: "not a JSON value", `{"a" 1}`: "colon", "\"a\nb\"": "control", `tru`: "not a JSON value",
		`{"a":1,}`: "name", strings.Repeat("[", 100): "deep", `"\x"`: "escape", `"abc`: "ends", `[1 2]`: "comma", `{1:2}`: "name",
		`[` + strings.Repeat(`0,`, 60_000) + `0]`: "values", strings.Repeat(" ", MaxSize+1): "limit",
	} {
		v, err := Decode([]byte(in))
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%.40q: got %v, %v, want an error that says %q", in, v, err, says)
		}
	}
}
