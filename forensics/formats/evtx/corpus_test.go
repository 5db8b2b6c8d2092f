package evtx

import (
	"bytes"
	"errors"
	"io"
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
	promised, lost   int64
	losses           []Loss
	why              []string
}

func readAll(t testing.TB, data []byte, each func(*Record)) (sum tally) {
	t.Helper()
	f, err := NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	d := NewDecoder()
	var buf, room []byte
	var l Ledger
	for {
		c, err := f.Next(room)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		room = c.Room
		sum.promised += c.Promised
		d.Load(&c)
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
		account := d.Tally()
		l.Add(&f.Header, &account)
	}
	sum.losses, _ = l.End(&f.Header)
	for _, x := range sum.losses {
		sum.lost += x.Count()
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
		if got.good != want || got.bad != 0 || got.lost != 0 || got.promised != want {
			t.Errorf("%s: %+v, want %d", f[0], got, want)
		}
	}
}
