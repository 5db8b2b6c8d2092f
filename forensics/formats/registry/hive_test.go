package registry

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func open(t *testing.T, b []byte) *Hive {
	t.Helper()
	h, err := Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func walk(t *testing.T, h *Hive) (keys map[string]*Key, lost []string) {
	t.Helper()
	keys = map[string]*Key{}
	err := h.Walk(t.Context(), func(k *Key) error {
		keys[k.Found+k.Path] = k
		return nil
	}, func(_ int64, why string) error {
		lost = append(lost, why)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return keys, lost
}

func TestWalk(t *testing.T) {
	b, _ := small()
	h := open(t, b)
	if h.Dirty || h.Damaged || h.Name != `\??\C:\Users\eve\ntuser.dat` || h.Written.IsZero() {
		t.Errorf("%+v", h)
	}
	keys, lost := walk(t, h)
	if len(keys) != 5 || len(lost) != 0 {
		t.Fatalf("%d keys, lost %q", len(keys), lost)
	}
	run := keys[`Software\Run`]
	if run == nil || run.Written.Format(time.RFC3339) != "2025-12-01T22:00:00Z" || run.Depth != 2 {
		t.Fatalf("%+v", run)
	}
	vals, all, err := run.Values(100)
	if err != nil || !all || len(vals) != 4 {
		t.Fatal(vals, all, err)
	}
	if vals[0].Text(9) != "first" || vals[1].Text(9) != `%TEMP%\u.exe` || vals[2].Text(9) != "7" || len(vals[3].Data) != 40000 || vals[3].Text(2) != "0102… (40000 bytes)" {
		t.Errorf("%q %q %q %d %s", vals[0].Text(9), vals[1].Text(9), vals[2].Text(9), len(vals[3].Data), vals[3].Text(2))
	}
	if keys["Software\\a/b"] == nil {
		t.Error("a name with a separator")
	}
	gone := keys[FoundFree+`Software\Gone`]
	if gone == nil {
		t.Fatal("the deleted key was not found")
	}
	if vals, _, err := gone.Values(9); err != nil || len(vals) != 1 || vals[0].Text(9) != "x.exe" {
		t.Error(vals, err)
	}
	soft := keys["Software"]
	if c, err := soft.Child("RUN"); err != nil || c == nil || c.Path != `Software\Run` {
		t.Error(c, err)
	}
	if p, err := run.Parent(); err != nil || p == nil || p.Name != "Software" || p.Path != "Software" {
		t.Error(p, err)
	}
}

// A hive whose last changes are in a log is read as it was at last.
func TestReplay(t *testing.T) {
	clean, _ := small()
	at := uint32(bytes.Index(clean, []byte("Run")))
	page := (at - baseSize) &^ 511
	changed := func(name string) map[uint32][]byte {
		p := bytes.Clone(clean[baseSize+page : baseSize+page+512])
		copy(p[at-baseSize-page:], name)
		return map[uint32][]byte{page: p}
	}
	bins := uint32(len(clean) - baseSize)
	dirty := bytes.Clone(clean)
	le32.PutUint32(dirty[4:], 6)
	le32.PutUint32(dirty[508:], checksum(dirty))
	log := func(name string, b []byte) Log { return Log{name, bytes.NewReader(b), int64(len(b))} }
	damaged := entryLog(5, bins, changed("AAA"), changed("BBB"))
	damaged[len(damaged)-1] ^= 1
	for name, tt := range map[string]struct {
		hive []byte
		logs []Log
		want string
		note string
	}{
		"newer":                {dirty, []Log{log("1", entryLog(5, bins, changed("AAA"), changed("BBB")))}, "BBB", ""},
		"two logs":             {dirty, []Log{log("2", entryLog(6, bins, changed("BBB"))), log("1", entryLog(5, bins, changed("AAA")))}, "BBB", ""},
		"a gap between them":   {dirty, []Log{log("1", entryLog(5, bins, changed("AAA"))), log("2", entryLog(9, bins, changed("BBB")))}, "AAA", "missing"},
		"older entries":        {dirty, []Log{log("1", entryLog(3, bins, changed("AAA"), changed("BBB"), changed("CCC")))}, "CCC", ""},
		"damaged":              {dirty, []Log{log("1", damaged)}, "AAA", "damaged"},
		"old form":             {dirty, []Log{log("", pageLog(6, bins, changed("AAA")))}, "AAA", ""},
		"old form, older":      {dirty, []Log{log("", pageLog(4, bins, changed("AAA")))}, "Run", "no log"},
		"a hive that is clean": {clean, []Log{log("1", entryLog(5, bins, changed("AAA")))}, "Run", ""},
		"empty log":            {dirty, []Log{log("1", nil)}, "Run", "no log"},
	} {
		h := open(t, tt.hive)
		if err := h.Replay(tt.logs...); err != nil {
			t.Fatal(name, err)
		}
		keys, lost := walk(t, h)
		notes := fmt.Sprint(h.Notes)
		if keys[`Software\`+tt.want] == nil || len(lost) != 0 || (tt.note == "") != (len(h.Notes) == 0) || !strings.Contains(notes, tt.note) {
			t.Errorf("%s: lost %q, notes %q", name, lost, notes)
		}
	}
}

// Cycles, cells outside, lists that lie: each ends in a problem.
func TestHostile(t *testing.T) {
	b, root := small()
	h := open(t, b)
	keys, _ := walk(t, h)
	soft := keys["Software"]
	circle := bytes.Clone(b)
	le32.PutUint32(circle[baseSize+soft.list+4+4:], root) // its first key is the root
	_, lost := walk(t, open(t, circle))
	if !slices.ContainsFunc(lost, func(s string) bool { return strings.Contains(s, "two parents") }) {
		t.Errorf("circle: %q", lost)
	}
	outside := bytes.Clone(b)
	le32.PutUint32(outside[baseSize+soft.list+4+4:], 0x7ffffff8)
	keys, lost = walk(t, open(t, outside))
	if len(lost) != 1 || keys[FoundOrphan+`Software\Run`] == nil {
		t.Errorf("outside: %q", lost)
	}
	cut := b[:baseSize+512]
	if _, lost := walk(t, open(t, cut)); len(lost) == 0 {
		t.Error("a hive that is cut has lost nothing")
	}
	if _, err := Open(bytes.NewReader([]byte("regf")), 4); !errors.Is(err, ErrFormat) {
		t.Error(err)
	}
}

func FuzzHive(f *testing.F) {
	b, _ := small()
	f.Add(b, entryLog(5, uint32(len(b)-baseSize), map[uint32][]byte{0: b[baseSize : baseSize+512]}))
	f.Add(b, pageLog(6, uint32(len(b)-baseSize), map[uint32][]byte{512: b[baseSize : baseSize+512]}))
	f.Fuzz(func(t *testing.T, b, log []byte) {
		h, err := Open(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		h.Dirty = true
		if err := h.Replay(Log{"log", bytes.NewReader(log), int64(len(log))}); err != nil {
			t.Fatal(err)
		}
		n := 0
		err = h.Walk(t.Context(), func(k *Key) error {
			n++
			vals, _, err := k.Values(8)
			for i := range vals {
				_ = vals[i].Text(16)
			}
			return err
		}, func(int64, string) error { n++; return nil })
		if err != nil || n > len(b)+1<<20 {
			t.Error(n, err)
		}
	})
}
