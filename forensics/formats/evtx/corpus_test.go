package evtx

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"firebreak/internal/testkit"
)

// tally is what a reading of a whole file came to.
type tally struct {
	good, found, bad int64
	promised         int64
	why              []string
}

func readAll(t testing.TB, data []byte, each func(*Record)) (sum tally) {
	t.Helper()
	f, err := Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	d := NewDecoder()
	var buf []byte
	for slot := range f.Slots {
		c, err := d.Load(f, slot)
		if err != nil {
			t.Fatal(err)
		}
		sum.promised += c.Promised
		for {
			rec, out, ok := d.Next(buf[:0])
			buf = out
			if !ok {
				break
			}
			switch {
			case rec.Err != nil:
				sum.bad++
				sum.why = append(sum.why, rec.Err.Error())
			case rec.Found != "":
				sum.found++
			default:
				sum.good++
			}
			if each != nil {
				each(rec)
			}
		}
	}
	return sum
}

// Every file of the corpus gives as many records as its chunks' headers say.
func TestExpected(t *testing.T) {
	dir := filepath.Join(testkit.Corpus(t, "evtx/expected.tsv"), "evtx")
	table, err := os.ReadFile(filepath.Join(dir, "expected.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	for row := range strings.Lines(string(table)) {
		f := strings.Split(strings.TrimSpace(row), "\t")
		want, err := strconv.ParseInt(f[1], 10, 64)
		if err != nil {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, f[0]))
		if err != nil {
			t.Fatal(err)
		}
		got := readAll(t, data, func(r *Record) {
			if r.Found != "" {
				return
			}
			if r.ID == 0 || r.Time == 0 || r.System[EventID] == "" || r.System[Provider] == "" || r.System[Computer] == "" {
				t.Errorf("%s: %+v", f[0], r)
			}
		})
		if got.good != want || got.bad != 0 || got.promised != want {
			t.Errorf("%s: %+v, want %d", f[0], got, want)
		}
	}
}
