package events

import (
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"firebreak/timeline"
)

// The small files of a triage end in few segments, in the order of time, with
// nothing lost.
func TestMerge(t *testing.T) {
	db := openTest(t)
	const files, each = 150, 40
	want := map[timeline.ID]bool{}
	for i := range files {
		batch := lines(fmt.Sprint("e", i), i*3, each)
		for _, e := range batch {
			want[e.ID] = true
		}
		mustAppend(t, db, batch)
	}
	if err := db.Merge(t.Context()); err != nil {
		t.Fatal(err)
	}
	entries := segmentsOf(t, db)
	if len(entries) > 8 {
		t.Errorf("%d segments are left", len(entries))
	}
	all := everything(t, db, timeline.Filter{}, MaxPage)
	for _, e := range all {
		if !want[e.ID] {
			t.Fatalf("%s is there and was not, or is there twice", e.ID)
		}
		delete(want, e.ID)
	}
	if len(want) != 0 {
		t.Errorf("%d are lost", len(want))
	}
	mustTotal(t, db, files*each)
	// One of the files can still be taken out.
	if n, err := db.DeleteExhibit(t.Context(), "e7"); n != each || err != nil {
		t.Errorf("deleted %d, %v", n, err)
	}
	mustTotal(t, db, (files-1)*each)
	mustAppend(t, db, lines("e7", 21, each))
}

// Segments that are half full are left alone, and so are few.
func TestMergeLeavesLargeOnes(t *testing.T) {
	db, times := openFew(t)
	mustAppend(t, db, lines("e1", 0, 4000*times))
	mustAppend(t, db, lines("e2", 0, 4000*times))
	mustAppend(t, db, lines("e3", 0, 10))
	before := segmentsOf(t, db)
	if err := db.Merge(t.Context()); err != nil {
		t.Fatal(err)
	}
	if after := segmentsOf(t, db); !slices.EqualFunc(before, after, func(a, b *entry) bool { return a.id == b.id }) {
		t.Errorf("%d segments became %d", len(before), len(after))
	}
}

// The background merges while others append, delete and merge, in two handles of
// one file, and readers see everything all the time.
func TestMergeAmongOthers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "timeline.db")
	var dbs [2]*DB
	for i := range dbs {
		var err error
		if dbs[i], err = Open(t.Context(), path, testOptions()); err != nil {
			t.Fatal(err)
		}
	}
	mustAppend(t, dbs[0], lines("base", 0, 500))
	const rounds = 40
	var wg sync.WaitGroup
	for i, db := range dbs {
		wg.Go(func() {
			for n := range rounds {
				exhibit := fmt.Sprint("e", i, "-", n)
				if added, err := db.Append(t.Context(), lines(exhibit, n, 30)); added != 30 || err != nil {
					t.Errorf("added %d, %v", added, err)
				}
				if n%4 == 3 {
					if gone, err := db.DeleteExhibit(t.Context(), exhibit); gone != 30 || err != nil {
						t.Errorf("deleted %d, %v", gone, err)
					}
				}
			}
		})
		wg.Go(func() {
			for range 15 {
				if n, err := db.CountExhibit(t.Context(), "base"); n != 500 || err != nil {
					t.Errorf("a reader sees %d, %v", n, err)
				}
				if err := db.Merge(t.Context()); err != nil {
					t.Error(err)
				}
				time.Sleep(5 * time.Millisecond)
			}
		})
	}
	wg.Wait()
	mustTotal(t, dbs[0], 500+2*rounds*30*3/4)
	for _, db := range dbs {
		closeTest(t, db)
	}
}

// Closing gives a merge up and waits for it.
func TestCloseStopsMerging(t *testing.T) {
	path := filepath.Join(t.TempDir(), "timeline.db")
	total := int64(0)
	for round := range 5 {
		db, err := Open(t.Context(), path, testOptions())
		if err != nil {
			t.Fatal(err)
		}
		mustTotal(t, db, total)
		for i := range 20 {
			mustAppend(t, db, lines(fmt.Sprint("e", round, "-", i), 0, 50))
			total += 50
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	db, err := Open(t.Context(), path, testOptions())
	if err != nil {
		t.Fatal(err)
	}
	defer closeTest(t, db)
	mustTotal(t, db, total)
}
