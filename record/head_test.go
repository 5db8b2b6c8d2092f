package record

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
)

func testKey(t testing.TB, seed byte) Key {
	t.Helper()
	k, _, err := GenerateKey(dice(seed), fmt.Sprint("key", seed))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func keysOf(t testing.TB, ks ...Key) Keys {
	t.Helper()
	var out Keys
	for _, k := range ks {
		v, err := ParseKeys(k.Public())
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, v...)
	}
	return out
}

func signed(t testing.TB, k Key, size int64) Head {
	t.Helper()
	h, err := SignHead(k, Origin(k.Name(), testID), size, LeafHash(fmt.Append(nil, size)))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestKeyRoundTripAndSilence(t *testing.T) {
	k, secret, err := GenerateKey(dice(1), "host-1")
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParseKey(secret)
	if err != nil || again.Public() != k.Public() || again.Name() != "host-1" || !again.Valid() {
		t.Fatalf("key = %v, %v", again, err)
	}
	private := strings.Fields(secret)[0]
	hidden := private[strings.LastIndexByte(private, '+')+1:]
	for _, shown := range []string{fmt.Sprint(k), fmt.Sprintf("%+v", k), fmt.Sprintf("%#v", k), fmt.Sprintf("%+v", struct{ K Key }{k})} {
		if strings.Contains(shown, hidden) {
			t.Errorf("printing shows the secret: %s", shown)
		}
	}
	_, other, err := GenerateKey(dice(2), "host-1")
	if err != nil {
		t.Fatal(err)
	}
	mixed := private + "\n" + strings.Fields(other)[1]
	for _, bad := range []string{"", private, "PRIVATE+KEY+x+y+z\nx", mixed} {
		if _, err := ParseKey(bad); err == nil {
			t.Errorf("accepted %q", bad)
		} else if strings.Contains(err.Error(), hidden) {
			t.Errorf("the error shows the secret: %v", err)
		}
	}
	for _, name := range []string{"", "a b", "a+b", "a/b", "a\nb"} {
		if _, _, err := GenerateKey(dice(1), name); err == nil {
			t.Errorf("name %q accepted", name)
		}
	}
}

func TestHeadIsACheckpoint(t *testing.T) {
	k := testKey(t, 1)
	h := signed(t, k, 12)
	n, err := note.Open(h.Signed, note.VerifierList(keysOf(t, k)...)) // as any other C2SP reader would
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) != 4 || lines[0] != "key1/2026-0007" || lines[1] != "12" || len(lines[2]) != 44 {
		t.Errorf("checkpoint %q", n.Text)
	}
	if h.Incident() != testID {
		t.Errorf("incident %q", h.Incident())
	}
	got, err := OpenHead(h.Signed, keysOf(t, k))
	if err != nil || got.Seal() != h.Seal() || got.Size != 12 {
		t.Errorf("open = %+v, %v", got, err)
	}
	if got, err := ReadHead(h.Signed); err != nil || got.Seal() != h.Seal() {
		t.Errorf("read = %+v, %v", got, err)
	}
	if _, err := OpenHead(h.Signed, keysOf(t, testKey(t, 2))); err == nil {
		t.Error("a foreign key was accepted")
	}
	for i := range h.Signed { // no byte can change unnoticed
		b := bytes.Clone(h.Signed)
		b[i] ^= 1
		if got, err := OpenHead(b, keysOf(t, k)); err == nil && got.Seal() == h.Seal() && got.Origin == h.Origin {
			continue // a bit of the signature line that says nothing
		} else if err == nil {
			t.Errorf("byte %d: %+v", i, got)
		}
	}
}

func TestSealLine(t *testing.T) {
	h := signed(t, testKey(t, 1), 12)
	got, err := ParseSeal(h.Seal())
	if err != nil || got.Size != h.Size || got.Root != h.Root || got.Incident() != testID {
		t.Errorf("parse %q = %+v, %v", h.Seal(), got, err)
	}
	if (Head{}).Seal() != "" || (Head{}).Short() != "" {
		t.Error("the zero head has a seal")
	}
	if !strings.HasPrefix(h.Seal(), strings.TrimSuffix(h.Short(), "…")) {
		t.Errorf("short %q is not the beginning of %q", h.Short(), h.Seal())
	}
	for _, bad := range []string{"", "2026-0007", h.Seal()[:40], "x" + h.Seal(), h.Seal() + "0", strings.ToUpper(h.Seal()), strings.Replace(h.Seal(), "@12", "@012", 1)} {
		if _, err := ParseSeal(bad); err == nil {
			t.Errorf("accepted %q", bad)
		}
	}
}

func TestSplitHeadsCutAnywhere(t *testing.T) {
	k := testKey(t, 1)
	var file []byte
	var ends []int
	for i := range 3 {
		file = append(file, signed(t, k, int64(i+1)).Signed...)
		ends = append(ends, len(file))
	}
	for cut := range len(file) + 1 {
		whole := 0
		for _, e := range ends {
			if e <= cut {
				whole++
			}
		}
		for _, zeros := range []int{0, 7} {
			b := append(bytes.Clone(file[:cut]), make([]byte, zeros)...)
			h, err := SplitHeads(b)
			if err != nil || len(h.Notes) != whole {
				t.Fatalf("cut at %d, %d zeros: %d heads, want %d (%v)", cut, zeros, len(h.Notes), whole, err)
			}
			last := 0
			if whole > 0 {
				last = ends[whole-1]
			}
			if h.Torn != len(b)-last {
				t.Fatalf("cut at %d: torn %d, want %d", cut, h.Torn, len(b)-last)
			}
		}
	}
}

func TestSplitHeadsDamageIsNoTear(t *testing.T) {
	k := testKey(t, 1)
	one, two := signed(t, k, 1).Signed, signed(t, k, 2).Signed
	for name, b := range map[string][]byte{
		"text between":      append(append(bytes.Clone(one), "hello\nworld\n"...), two...),
		"zeros between":     append(append(bytes.Clone(one), 0, 0, 0), two...),
		"first half gone":   two[20:],
		"empty line before": append([]byte("\n"), one...),
		"words at the end":  append(bytes.Clone(one), "a\nnot a number\n"...),
		"unsigned":          append(bytes.Clone(one), "a\n3\n"+strings.Repeat("A", 44)+"\n\nno signature\n"...),
	} {
		if h, err := SplitHeads(b); err == nil {
			t.Errorf("%s: %d heads, torn %d, want an error", name, len(h.Notes), h.Torn)
		}
	}
}

func TestSkipToHead(t *testing.T) {
	k := testKey(t, 1)
	one, two := signed(t, k, 1).Signed, signed(t, k, 2).Signed
	file := append(bytes.Clone(one), two...)
	for cut := 1; cut < len(one)-1; cut++ {
		if got := SkipToHead(file[cut:]); !bytes.Equal(got, two) && !bytes.Equal(got, nil) {
			t.Fatalf("cut at %d: %q", cut, got)
		}
	}
}

func FuzzSplitHeads(f *testing.F) {
	k := testKey(f, 1)
	one := signed(f, k, 1).Signed
	f.Add(one)
	f.Add(append(bytes.Clone(one), one[:50]...))
	f.Add([]byte("a\n1\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := SplitHeads(b)
		total := h.Torn
		for _, n := range h.Notes {
			total += len(n)
			if head, err := OpenHead(n, keysOf(t, k)); err == nil && head.Size > 1 {
				t.Errorf("forged %+v", head)
			}
			if head, err := ReadHead(n); err == nil {
				if _, err := ParseSeal(head.Seal()); head.Size > 0 && err != nil && head.Incident() == testID {
					t.Errorf("head %+v has seal %q: %v", head, head.Seal(), err)
				}
			}
		}
		if err == nil && total != len(b) {
			t.Errorf("%d of %d bytes are accounted for", total, len(b))
		}
	})
}

func FuzzParseSeal(f *testing.F) {
	f.Add(signed(f, testKey(f, 1), 12).Seal())
	f.Add("2026-0007 @1 00")
	f.Fuzz(func(t *testing.T, s string) {
		h, err := ParseSeal(s)
		if err == nil && h.Seal() != strings.TrimSpace(s) {
			t.Errorf("%q reads as %q", s, h.Seal())
		}
	})
}
