package events

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"firebreak/internal/testkit"
	"firebreak/store/events/segment"
	"firebreak/timeline"
)

// One bit of the file is another: either nothing of it is read, and every answer is
// the same, or the timeline says that it is damaged.
func TestFlippedBits(t *testing.T) {
	if testOptions().Secret != nil {
		t.Skip("an encrypted page that was changed does not open at all")
	}
	dir := t.TempDir()
	good := filepath.Join(dir, "good.db")
	db, err := Open(t.Context(), good, testOptions())
	if err != nil {
		t.Fatal(err)
	}
	all := lines("e1", 0, 6000)
	mustAppend(t, db, all)
	mustAppend(t, db, lines("e2", 0, 50))
	mustAppend(t, db, lines("e3", 0, 50))
	if n := len(segmentsOf(t, db)); n != 3 {
		t.Fatalf("%d segments", n)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(5, 6))
	path := filepath.Join(dir, "flipped.db")
	damaged, rounds := 0, testkit.Rounds(t, 60, 5000)
	for range rounds {
		bit := r.IntN(8 * len(content))
		changed := bytes.Clone(content)
		changed[bit/8] ^= 1 << (bit % 8)
		if err := os.WriteFile(path, changed, 0o600); err != nil {
			t.Fatal(err)
		}
		switch err := readFlipped(t, path, all); {
		case errors.Is(err, ErrDamaged), errors.Is(err, ErrNewer):
			damaged++
		case err != nil:
			t.Errorf("bit %d of byte %d: %v", bit%8, bit/8, err)
		}
		for _, suffix := range []string{"-wal", "-shm"} {
			if err := os.Remove(path + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Fatal(err)
			}
		}
	}
	if damaged < rounds/2 {
		t.Errorf("%d of %d were noticed", damaged, rounds)
	}
}

// readFlipped asks for everything; without an error the answers are those of the
// sound file.
func readFlipped(t *testing.T, path string, all []timeline.Event) (err error) {
	db, err := Open(t.Context(), path, testOptions())
	if err != nil {
		return err
	}
	defer func() {
		if closed := db.Close(); err == nil && closed != nil {
			err = closed
		}
	}()
	total, err := db.Total(t.Context())
	if err != nil {
		return err
	}
	seen := 0
	err = db.view(t.Context(), func(s *snapshot) error {
		entries, err := s.segments()
		if err != nil {
			return err
		}
		want := map[timeline.ID]*timeline.Event{}
		for i := range all {
			want[all[i].ID] = &all[i]
		}
		r := segment.NewReader()
		for _, e := range entries {
			r.Open(e.meta, s.parts(e.id))
			if err := r.Check(); err != nil {
				return err
			}
			for row := range e.meta.Rows {
				got, err := r.Event(row)
				if err != nil {
					return err
				}
				if w := want[got.ID]; w != nil {
					if fmt.Sprint(*w) != fmt.Sprint(got) {
						t.Errorf("another event: %+v", got)
					}
					seen++
				}
			}
			if blocks, err := r.Word("failed"); err != nil {
				return err
			} else if blocks != 1<<len(e.meta.Blocks)-1 {
				t.Errorf("a word is in blocks %x of %d", blocks, len(e.meta.Blocks))
			}
		}
		return nil
	})
	if err == nil && (seen != len(all) || total != int64(len(all)+100)) {
		t.Errorf("%d events of %d, and %d in all", seen, len(all), total)
	}
	return err
}
