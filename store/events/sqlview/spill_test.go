package sqlview

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// A spill keeps what is written, wherever it lies, and lets go of everything.
func TestSpillKeepsWhatIsWritten(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		s, err := newSpills(t.TempDir(), [32]byte{byte(seed)})
		if err != nil {
			t.Fatal(err)
		}
		s.room = int64(r.IntN(4)) * spillPage
		room := s.room
		f := s.open()
		var want []byte
		versions := map[string]string{}
		for range 300 {
			off, n := int64(r.IntN(20*spillPage)), 1+r.IntN(3*spillPage)
			if r.IntN(2) == 0 { // as a sort does: on and on
				off = int64(len(want))
			}
			switch r.IntN(8) {
			case 0:
				size := int64(r.IntN(len(want) + 1))
				if err := f.truncate(size); err != nil {
					t.Fatal(err)
				}
				want = want[:size]
			case 1, 2:
				got := make([]byte, n)
				have, err := f.read(got, off)
				if err != nil {
					t.Fatal(err)
				}
				expect := make([]byte, n)
				if off < int64(len(want)) {
					copy(expect, want[off:])
				}
				if !bytes.Equal(got, expect) || int64(have) != max(0, min(int64(n), int64(len(want))-off)) {
					t.Fatalf("seed %d: read of %d at %d differs", seed, n, off)
				}
			default:
				p := bytes.Repeat([]byte("plain text of the incident "), n/27+1)[:n]
				if err := f.write(p, off); err != nil {
					t.Fatal(err)
				}
				for int64(len(want)) < off+int64(n) {
					want = append(want, 0)
				}
				copy(want[off:], p)
			}
			if f.file != nil {
				onDisk, err := os.ReadFile(fmt.Sprintf("/proc/self/fd/%d", f.file.Fd()))
				if runtime.GOOS == "linux" && err != nil {
					t.Fatal(err)
				}
				if bytes.Contains(onDisk, []byte("incident")) {
					t.Fatal("there is plain text in the temporary file")
				}
				// The same key stream never covers two texts.
				for at := 0; at+spillPage <= len(onDisk); at += spillPage {
					page := onDisk[at : at+spillPage]
					if int64(at/spillPage) < int64(len(f.pages)) && f.pages[at/spillPage].filled == spillPage {
						key := fmt.Sprint(at, f.pages[at/spillPage].version)
						if before, there := versions[key]; there && before != string(page) {
							t.Fatalf("seed %d: page %d changed within one version", seed, at/spillPage)
						}
						versions[key] = string(page)
					}
				}
			}
		}
		got := make([]byte, len(want))
		if _, err := f.read(got, 0); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("seed %d: the whole differs, %v", seed, err)
		}
		if err := f.close(); err != nil {
			t.Fatal(err)
		}
		if s.room != room {
			t.Errorf("seed %d: %d bytes of memory were not given back", seed, room-s.room)
		}
		if names, err := os.ReadDir(s.dir); err != nil || len(names) > 0 {
			t.Errorf("files are left: %v, %v", names, err)
		}
	}
}

// A sort that is larger than the memory goes through an encrypted file without
// a name, and comes out sorted.
func TestALargeSortSpills(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("looks into /proc")
	}
	db := openView(t, someEvents())
	const query = `with recursive n(i) as (select 1 union all select i+1 from n where i < 400000)
		select 'secret' || hex(randomblob(100)) v from n order by v`
	last, rows, spilled := "", 0, false
	err := db.Query(t.Context(), query, nil, func([]string) error { return nil }, func(row []any) error {
		v, _ := row[0].(string)
		if v < last {
			return fmt.Errorf("%s comes behind %s", v, last)
		}
		last = v
		if rows++; rows != 100 {
			return nil
		}
		fds, err := filepath.Glob("/proc/self/fd/*")
		for _, fd := range fds {
			if to, err := os.Readlink(fd); err != nil || !strings.Contains(to, "firebreak-sql-") {
				continue
			}
			spilled = true
			b, err := os.ReadFile(fd)
			if err != nil {
				return err
			}
			if len(b) == 0 || bytes.Contains(b, []byte("secret")) {
				t.Errorf("%d bytes in the temporary file, readable", len(b))
			}
		}
		return err
	})
	if err != nil || rows != 400000 || !spilled {
		t.Fatalf("%d rows, spilled: %t, %v", rows, spilled, err)
	}
}
