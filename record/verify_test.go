package record

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"firebreak/incident"
)

// good is a record of n entries with a head for each.
func good(t testing.TB, n int) Evidence {
	t.Helper()
	k := testKey(t, 1)
	ev := Evidence{Incident: testID, Keys: keysOf(t, k), Inside: [][]byte{}}
	var tree Tree
	for i := range n {
		e := Entry{
			Seq: int64(i + 1), Time: time.Unix(int64(i), 0), Kind: Noted, Actor: incident.Actor{ID: "u", Name: "Alice"},
			Fields: map[string]json.RawMessage{"text": json.RawMessage(fmt.Sprintf("%q", fmt.Sprint("note ", i+1)))},
		}
		s, err := Seal(testID, e, dice(byte(i)))
		if err != nil {
			t.Fatal(err)
		}
		ev.Lines = append(ev.Lines, s)
		ev.Leaves = append(ev.Leaves, LeafHash(s.Line))
		if err := tree.Append(LeafHash(s.Line)); err != nil {
			t.Fatal(err)
		}
		root, err := tree.Root(tree.Size())
		if err != nil {
			t.Fatal(err)
		}
		h, err := SignHead(k, Origin(k.Name(), testID), tree.Size(), root)
		if err != nil {
			t.Fatal(err)
		}
		ev.Heads = append(ev.Heads, h.Signed...)
		ev.Inside = append(ev.Inside, h.Signed)
	}
	return ev
}

// clone is a copy that a test may spoil.
func clone(ev Evidence) Evidence {
	ev.Lines = slices.Clone(ev.Lines)
	for i, s := range ev.Lines {
		ev.Lines[i] = Sealed{bytes.Clone(s.Line), slices.Clone(s.Disclosures)}
	}
	ev.Leaves, ev.Heads, ev.Inside = slices.Clone(ev.Leaves), bytes.Clone(ev.Heads), slices.Clone(ev.Inside)
	return ev
}

func heads(t testing.TB, ev Evidence) [][]byte {
	t.Helper()
	h, err := SplitHeads(ev.Heads)
	if err != nil {
		t.Fatal(err)
	}
	return h.Notes
}

// edit changes one letter of a line and leaves it readable.
func edit(s Sealed) Sealed {
	s.Line = bytes.Replace(s.Line, []byte(`"kind":"note"`), []byte(`"kind":"nope"`), 1)
	return s
}

// The matrix of tampering: each hand on the record has its name, with the kept
// leaf hashes and without them.
func TestVerifyNamesTampering(t *testing.T) {
	const n = 8
	base, longer := good(t, n), good(t, n+1)
	forged := func(ev Evidence) []byte { return heads(t, ev)[0] }
	type want struct {
		seq  int64
		what Fault
	}
	for _, c := range []struct {
		name   string
		hand   func(*Evidence)
		exact  []want // with leaf hashes
		coarse []want // without; nil for the same
	}{
		{"untouched", func(*Evidence) {}, nil, nil},
		{"edit one letter", func(ev *Evidence) { ev.Lines[4] = edit(ev.Lines[4]) }, []want{{5, Edited}}, nil},
		{"edit two lines", func(ev *Evidence) {
			ev.Lines[2], ev.Lines[4] = edit(ev.Lines[2]), edit(ev.Lines[4])
		}, []want{{3, Edited}, {5, Edited}}, []want{{3, Edited}}},
		{"garble a line", func(ev *Evidence) { ev.Lines[4].Line = []byte("x") }, []want{{5, Edited}}, nil},
		{"garble two lines", func(ev *Evidence) {
			ev.Lines[4].Line, ev.Lines[5].Line = []byte("x"), []byte("y")
		}, []want{{5, Edited}, {6, Edited}}, nil},
		{"delete the first", func(ev *Evidence) { ev.Lines = ev.Lines[1:] }, []want{{1, Removed}}, nil},
		{"delete in the middle", func(ev *Evidence) { ev.Lines = slices.Delete(ev.Lines, 3, 4) }, []want{{4, Removed}}, nil},
		{"delete two", func(ev *Evidence) { ev.Lines = slices.Delete(ev.Lines, 3, 5) }, []want{{4, Removed}, {5, Removed}}, nil},
		{"delete the last", func(ev *Evidence) { ev.Lines = ev.Lines[:n-1] }, []want{{8, Truncated}}, nil},
		{"delete the last three", func(ev *Evidence) { ev.Lines = ev.Lines[:n-3] }, []want{{6, Truncated}}, nil},
		{"delete all", func(ev *Evidence) { ev.Lines = nil }, []want{{1, Truncated}}, nil},
		{"swap", func(ev *Evidence) { ev.Lines[2], ev.Lines[3] = ev.Lines[3], ev.Lines[2] }, []want{{3, Reordered}}, nil},
		{"insert a copy", func(ev *Evidence) { ev.Lines = slices.Insert(ev.Lines, 5, ev.Lines[1]) }, []want{{2, Inserted}}, nil},
		{"insert a new line", func(ev *Evidence) {
			ev.Lines = slices.Insert(ev.Lines, 5, edit(ev.Lines[1]))
		}, []want{{2, Inserted}}, nil},
		{"add at the end", func(ev *Evidence) {
			ev.Lines = append(ev.Lines, longer.Lines[n])
		}, []want{{9, Unvouched}}, nil},
		{"change a disclosure", func(ev *Evidence) {
			ev.Lines[4].Disclosures[0] = base.Lines[0].Disclosures[0]
		}, []want{{5, ChangedDisclosure}}, nil},
		{"drop a disclosure", func(ev *Evidence) { ev.Lines[4].Disclosures = ev.Lines[4].Disclosures[:1] }, []want{{5, MissingDisclosure}}, nil},
		{"add a disclosure", func(ev *Evidence) {
			ev.Lines[4].Disclosures = append(ev.Lines[4].Disclosures, ev.Lines[3].Disclosures[0])
		}, []want{{5, ForeignDisclosure}}, nil},
		{"remove a head", func(ev *Evidence) {
			ev.Heads = slices.Concat(slices.Delete(heads(t, *ev), 3, 4)...)
		}, []want{{4, HeadRemoved}}, nil},
		{"remove all heads", func(ev *Evidence) { ev.Heads = nil }, []want{
			{0, HeadRemoved},
			{1, HeadRemoved},
			{2, HeadRemoved},
			{3, HeadRemoved},
			{4, HeadRemoved},
			{5, HeadRemoved},
			{6, HeadRemoved},
			{7, HeadRemoved},
		}, nil},
		{"remove a head inside", func(ev *Evidence) { ev.Inside = slices.Delete(ev.Inside, 3, 4) }, []want{{4, HeadRemoved}}, nil},
		{"flip a bit of a signature", func(ev *Evidence) {
			ev.Heads = bytes.Clone(ev.Heads)
			ev.Heads[len(ev.Heads)-20] ^= 1
			ev.Inside = nil
		}, []want{{0, BadSignature}, {8, Unvouched}}, []want{{8, Unvouched}, {0, BadSignature}}},
		{"garbage between heads", func(ev *Evidence) {
			ev.Heads = slices.Concat(forged(*ev), []byte("garbage\nhere\n"), ev.Heads[len(forged(*ev)):])
			ev.Inside = nil
		}, []want{
			{0, BadHead}, {2, Unvouched}, {3, Unvouched}, {4, Unvouched}, {5, Unvouched}, {6, Unvouched}, {7, Unvouched}, {8, Unvouched},
		}, nil},
		{"heads out of order", func(ev *Evidence) {
			hs := heads(t, *ev)
			hs[3], hs[4] = hs[4], hs[3]
			ev.Heads = slices.Concat(hs...)
		}, []want{{4, Reordered}}, nil},
		{"restore an old backup", func(ev *Evidence) {
			ev.Lines, ev.Leaves, ev.Inside = ev.Lines[:5], ev.Leaves[:min(5, len(ev.Leaves))], ev.Inside[:5]
		}, []want{{6, Truncated}}, nil},
		{"line of another incident", func(ev *Evidence) {
			ev.Lines[4].Line = bytes.Replace(ev.Lines[4].Line, []byte("2026-0007"), []byte("2026-0008"), 1)
		}, []want{{5, Edited}}, nil},
		{"foreign key", func(ev *Evidence) { ev.Keys, ev.Inside = keysOf(t, testKey(t, 9)), nil }, []want{
			{0, BadSignature},
			{0, BadSignature},
			{0, BadSignature},
			{0, BadSignature},
			{0, BadSignature},
			{0, BadSignature},
			{0, BadSignature},
			{0, BadSignature},
			{1, Unvouched},
		}, nil},
	} {
		for _, leaves := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/leaves=%v", c.name, leaves), func(t *testing.T) {
				ev := clone(base)
				if !leaves {
					ev.Leaves = nil
				}
				c.hand(&ev)
				expected := c.exact
				if !leaves && c.coarse != nil {
					expected = c.coarse
				}
				r := Verify(ev)
				var got []want
				for _, p := range r.Problems {
					got = append(got, want{p.Seq, p.What})
				}
				same := func(a, b want) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) }
				slices.SortFunc(got, same)
				expected = slices.SortedFunc(slices.Values(expected), same)
				if !slices.Equal(got, expected) {
					t.Errorf("got %v\nwant %v\nproblems %v", got, expected, r.Problems)
				}
			})
		}
	}
}

func TestVerifySealsAndNotes(t *testing.T) {
	ev := good(t, 6)
	seal := func(i int) string {
		h, err := ReadHead(heads(t, ev)[i])
		if err != nil {
			t.Fatal(err)
		}
		return h.Seal()
	}
	r := Verify(ev)
	if !r.OK() || r.Attested != 0 || len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "entries 1 to 6") {
		t.Errorf("no seal: %+v", r)
	}
	ev.Seals = []string{seal(3)}
	if r := Verify(ev); !r.OK() || r.Attested != 4 || !strings.Contains(r.Notes[0], "entries 5 to 6") {
		t.Errorf("one seal: %+v", r)
	}
	ev.Seals = []string{seal(5)}
	if r := Verify(ev); !r.OK() || r.Attested != 6 || len(r.Notes) != 0 {
		t.Errorf("full seal: %+v", r)
	}
	ev.Seals = []string{strings.Replace(seal(5), "@6", "@5", 1), strings.Replace(seal(5), "@6", "@7", 1), "nonsense"}
	r = Verify(ev)
	if len(r.Problems) != 3 || r.Problems[0].What != Rewritten || r.Problems[1].What != Truncated || r.Problems[2].What != BadHead {
		t.Errorf("bad seals: %v", r.Problems)
	}
}

// Whoever holds the key can rewrite everything: only the seal shows it.
func TestVerifyRewrittenByTheKeyHolder(t *testing.T) {
	old := good(t, 6)
	h, err := ReadHead(heads(t, old)[5])
	if err != nil {
		t.Fatal(err)
	}
	k := testKey(t, 1)
	ev := Evidence{Incident: testID, Keys: old.Keys}
	var lines [][]byte
	for _, s := range old.Lines {
		e := edit(s)
		ev.Lines = append(ev.Lines, e)
		lines = append(lines, e.Line)
	}
	tree, err := NewTree(lines)
	if err != nil {
		t.Fatal(err)
	}
	root, err := tree.Root(6)
	if err != nil {
		t.Fatal(err)
	}
	forged, err := SignHead(k, Origin(k.Name(), testID), 6, root)
	if err != nil {
		t.Fatal(err)
	}
	ev.Heads = forged.Signed
	if r := Verify(ev); !r.OK() || len(r.Notes) == 0 {
		t.Errorf("without a seal: %+v", r)
	}
	ev.Seals = []string{h.Seal()}
	if r := Verify(ev); r.OK() || r.Problems[0].What != Rewritten {
		t.Errorf("with a seal: %+v", r)
	}
	ev.Seals, ev.Heads = nil, slices.Concat(old.Heads, forged.Signed)
	if r := Verify(ev); r.OK() || !slices.ContainsFunc(r.Problems, func(p Problem) bool { return p.What == Rewritten }) {
		t.Errorf("with the old heads: %+v", r)
	}
}

func TestVerifyClaimedKeyTornHeadClockAndWithheld(t *testing.T) {
	ev := good(t, 3)
	ev.Claimed, ev.Keys = ev.Keys, nil
	ev.Heads = append(ev.Heads, ev.Heads[:30]...)
	ev.Withheld = map[string]bool{DigestOf(ev.Lines[1].Disclosures[1]): true}
	ev.Lines[1].Disclosures = ev.Lines[1].Disclosures[:1]
	r := Verify(ev)
	if len(r.Problems) != 1 || r.Problems[0].What != BadSignature || !strings.Contains(r.Problems[0].Where, "does not know: ") || r.Withheld != 1 || r.Head.Size != 0 {
		t.Fatalf("a key that only the record names: %+v", r)
	}
	ev.Keys = ev.Claimed
	if r = Verify(ev); !r.OK() || r.Withheld != 1 || r.Head.Size != 3 {
		t.Fatalf("report %+v", r)
	}
	all := strings.Join(r.Notes, "\n")
	for _, want := range []string{"beginning of a head (30 bytes)", "no seal from outside"} {
		if !strings.Contains(all, want) {
			t.Errorf("notes %q lack %q", all, want)
		}
	}
}

// Whatever single byte changes anywhere, the record is not called good.
func TestVerifyAnyByte(t *testing.T) {
	base := good(t, 5)
	r := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		ev := clone(base)
		ev.Leaves, ev.Inside = nil, nil
		flip := byte(1 << r.IntN(8))
		where := r.IntN(3)
		line := &ev.Lines[r.IntN(5)]
		switch where {
		case 0:
			line.Line[r.IntN(len(line.Line))] ^= flip
		case 1:
			d := []byte(line.Disclosures[1])
			d[r.IntN(len(d))] ^= flip
			line.Disclosures[1] = string(d)
		case 2:
			i := r.IntN(len(ev.Heads))
			before := heads(t, base)
			ev.Heads[i] ^= flip
			if h, err := SplitHeads(ev.Heads); err == nil && len(h.Notes) == len(before) && allOpen(h.Notes, base.Keys) {
				continue // a spare bit of base64 in a signature
			}
		}
		if Verify(ev).OK() {
			// The last head lost its end: what a crash leaves, and the lines
			// behind the head before it are reported.
			t.Fatalf("a flipped bit (place %d) went unnoticed", where)
		}
	}
}

func allOpen(notes [][]byte, keys Keys) bool {
	for _, n := range notes {
		if _, err := OpenHead(n, keys); err != nil {
			return false
		}
	}
	return true
}

func BenchmarkVerify(b *testing.B) {
	ev := good(b, 1000)
	for b.Loop() {
		if r := Verify(ev); !r.OK() {
			b.Fatal(r.Problems)
		}
	}
}
