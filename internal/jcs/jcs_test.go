package jcs

import (
	"math"
	"strings"
	"testing"
)

// TestNumbersOfTheRFC are the samples of RFC 8785, appendix B.
func TestNumbersOfTheRFC(t *testing.T) {
	for bits, want := range map[uint64]string{
		0x0000000000000000: "0",
		0x8000000000000000: "0",
		0x0000000000000001: "5e-324",
		0x8000000000000001: "-5e-324",
		0x7fefffffffffffff: "1.7976931348623157e+308",
		0xffefffffffffffff: "-1.7976931348623157e+308",
		0x4340000000000000: "9007199254740992",
		0xc340000000000000: "-9007199254740992",
		0x4430000000000000: "295147905179352830000",
		0x44b52d02c7e14af5: "9.999999999999997e+22",
		0x44b52d02c7e14af6: "1e+23",
		0x44b52d02c7e14af7: "1.0000000000000001e+23",
		0x444b1ae4d6e2ef4e: "999999999999999700000",
		0x444b1ae4d6e2ef4f: "999999999999999900000",
		0x444b1ae4d6e2ef50: "1e+21",
		0x3eb0c6f7a0b5ed8c: "9.999999999999997e-7",
		0x3eb0c6f7a0b5ed8d: "0.000001",
		0x41b3de4355555553: "333333333.3333332",
		0x41b3de4355555554: "333333333.33333325",
		0x41b3de4355555555: "333333333.3333333",
		0x41b3de4355555556: "333333333.3333334",
		0x41b3de4355555557: "333333333.33333343",
		0xbecbf647612f3696: "-0.0000033333333333333333",
		0x43143ff3c1cb0959: "1424953923781206.2",
	} {
		got, err := Number(math.Float64frombits(bits))
		if err != nil || got != want {
			t.Errorf("%016x: %q, %v: want %q", bits, got, err, want)
		}
	}
	for _, bits := range []uint64{0x7fffffffffffffff, 0x7ff0000000000000, 0xfff0000000000000} {
		if got, err := Number(math.Float64frombits(bits)); err == nil {
			t.Errorf("%016x: %q: want an error", bits, got)
		}
	}
}

// TestSamplesOfTheRFC are the texts of RFC 8785, sections 3.2.2 and 3.2.3.
func TestSamplesOfTheRFC(t *testing.T) {
	for in, want := range map[string]string{
		`{
  "numbers": [333333333.33333329, 1E30, 4.50,
              2e-3, 0.000000000000000000000000001],
  "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
  "literals": [null, true, false]
}`: `{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
		`{
  "\u20ac": "Euro Sign",
  "\r": "Carriage Return",
  "\ufb33": "Hebrew Letter Dalet With Dagesh",
  "1": "One",
  "\ud83d\ude00": "Emoji: Grinning Face",
  "\u0080": "Control",
  "\u00f6": "Latin Small Letter O With Diaeresis"
}`: `{"\r":"Carriage Return","1":"One","` + "\u0080" + `":"Control","ö":"Latin Small Letter O With Diaeresis","€":"Euro Sign","😀":"Emoji: Grinning Face","` + "\ufb33" + `":"Hebrew Letter Dalet With Dagesh"}`,
		"[56,{\"d\":true,\"10\":null,\"1\":[]}]":          `[56,{"1":[],"10":null,"d":true}]`,
		`{"a":"<&> ` + "\u2028" + `","peach":"","\\u":1}`: `{"\\u":1,"a":"<&> ` + "\u2028" + `","peach":""}`,
		` -0 `: `0`,
	} {
		got, err := Canonical([]byte(in))
		if err != nil || string(got) != want {
			t.Errorf("%s\n got %s, %v\nwant %s", in, got, err, want)
			continue
		}
		again, err := Canonical(got)
		if err != nil || string(again) != want {
			t.Errorf("its own form is another: %s, %v", again, err)
		}
	}
}

func TestWhatHasNoForm(t *testing.T) {
	for name, in := range map[string]string{
		"empty":               "",
		"no UTF-8":            "\"\xff\"",
		"half a pair":         `"\ud83d"`,
		"the other half":      `"\ude00\ud83d"`,
		"half, then plain":    `"\ud83dA"`,
		"twice":               `{"a":1,"\u0061":2}`,
		"two values":          `1 2`,
		"beyond a double":     `1e400`,
		"open":                `{"a":`,
		"deeper than we go":   strings.Repeat("[", 300) + strings.Repeat("]", 300),
		"a trailing comma":    `[1,]`,
		"no name for a thing": `{1:2}`,
	} {
		if got, err := Canonical([]byte(in)); err == nil {
			t.Errorf("%s: %s: want an error", name, got)
		}
	}
	if got, err := Canonical([]byte(`"\\ud83d"`)); err != nil || string(got) != `"\\ud83d"` {
		t.Errorf("an escaped backslash is no escape: %s, %v", got, err)
	}
}

func FuzzCanonical(f *testing.F) {
	for _, s := range []string{`{"b":1,"a":[1e-7,"\u20ac"]}`, `"\ud83d\ude00"`, `[null,true,-0]`, `{"a":{"a":{}}}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		once, err := Canonical(in)
		if err != nil {
			return
		}
		twice, err := Canonical(once)
		if err != nil || string(twice) != string(once) {
			t.Errorf("%q: canonical %q is not its own form: %q, %v", in, once, twice, err)
		}
	})
}
