package events

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"firebreak/timeline"
)

// askAll puts a question of each kind, and calls answered with what came back.
func askAll(t *testing.T, db *DB, f timeline.Filter, answered func(question string, err error)) {
	t.Helper()
	ctx := t.Context()
	_, err := db.Page(ctx, f, Request{Limit: 5})
	answered("page", err)
	_, err = db.Page(ctx, f, Request{End: true, Limit: 5})
	answered("last page", err)
	_, err = db.Count(ctx, f)
	answered("count", err)
	_, _, err = db.Estimate(ctx, f)
	answered("estimate", err)
	_, err = db.Histogram(ctx, f, day, day.Add(time.Hour), 7)
	answered("histogram", err)
	_, err = db.Values(ctx, f, timeline.FieldHost, "", ValuesOptions{})
	answered("values", err)
	_, err = db.Values(ctx, f, timeline.FieldAttribute, "pid", ValuesOptions{})
	answered("values of an attribute", err)
	_, err = db.Names(ctx, f)
	answered("names", err)
	_, err = db.Fields(ctx, f)
	answered("fields", err)
	_, err = db.Gaps(ctx, f, timeline.FieldHost, time.Minute)
	answered("gaps", err)
	_, _, _, err = db.Session(ctx, f, timeline.Cursor{Time: day.Add(time.Minute)}, time.Minute)
	answered("session", err)
	_, err = db.Sweep(ctx, []timeline.Filter{f, parse(t, "*umbe*"), parse(t, "nothing or exhibit:e1")}, nil)
	answered("sweep", err)
	answered("scan", db.Scan(ctx, f, Request{}, func(*timeline.Event) error { return nil }))
	_, err = db.Dictionary(ctx, timeline.FieldAttribute, "pid", "4", 10)
	answered("dictionary", err)
}

// Whatever part of a segment is damaged, a question gives ErrDamaged or does not
// need it.
func TestDamagedParts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "timeline.db")
	db, err := Open(t.Context(), path, testOptions())
	if err != nil {
		t.Fatal(err)
	}
	events := numbered("e1", 9000)
	for i := range events {
		events[i].Attributes.Set("pid", fmt.Sprint(i%7*1000))
		events[i].Attributes.Set("path", fmt.Sprint("/var/lib/", i))
		events[i].Message += strings.Repeat(fmt.Sprint(" word", i), 3)
	}
	mustAppend(t, db, events)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	raw := openRaw(t, path)
	defer closeTest(t, raw)
	damaged := 0
	for _, table := range []string{"part", "word"} {
		parts := readParts(t, raw, table)
		n := 0
		for id, data := range parts {
			if n++; n > 40 {
				break
			}
			broken := append([]byte{}, data...)
			broken[len(broken)/2] ^= 0x40
			set := func(data []byte) {
				if _, err := raw.Exec(`UPDATE `+table+` SET data = ? WHERE id = ?`, data, id); err != nil {
					t.Fatal(err)
				}
			}
			set(broken)
			if db, err = Open(t.Context(), path, testOptions()); err != nil {
				if !errors.Is(err, ErrDamaged) {
					t.Fatalf("open with part %d of %s damaged: %v", id, table, err)
				}
				damaged++
			} else {
				askAll(t, db, parse(t, `number "17" or "word8000"`), func(question string, err error) {
					switch {
					case errors.Is(err, ErrDamaged):
						damaged++
					case err != nil:
						t.Errorf("%s with part %d of %s damaged: %v", question, id, table, err)
					}
				})
				closeTest(t, db)
			}
			set(data)
		}
	}
	if damaged < 30 {
		t.Errorf("%d answers said that the timeline is damaged", damaged)
	}
}

func readParts(t *testing.T, raw *sql.DB, table string) map[int64][]byte {
	t.Helper()
	rows, err := raw.Query(`SELECT id, data FROM ` + table)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close() //nolint:errcheck // Err says it
	parts := make(map[int64][]byte)
	for rows.Next() {
		var id int64
		var data []byte
		if err := rows.Scan(&id, &data); err != nil {
			t.Fatal(err)
		}
		parts[id] = data
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return parts
}

// Readers go on with what they saw first while another handle of the file
// appends, merges and erases.
func TestReadersWhileSegmentsChange(t *testing.T) {
	dbs := openTwo(t)
	const kept = 3000
	mustAppend(t, dbs[0], numbered("kept", kept))
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(done)
		for i := range 12 {
			exhibit := fmt.Sprint("gone", i)
			for from := range 4 {
				if _, err := dbs[0].Append(t.Context(), numbered(exhibit, 1000)[from*250:][:250]); err != nil {
					t.Error(err)
				}
			}
			if err := dbs[0].Merge(t.Context()); err != nil {
				t.Error(err)
			}
			if n, err := dbs[0].EraseExhibit(t.Context(), exhibit); err != nil || n != 1000 {
				t.Errorf("erased %d, %v", n, err)
			}
		}
	})
	for rounds := 0; ; rounds++ {
		select {
		case <-done:
			wg.Wait()
			if rounds == 0 {
				t.Error("nothing was asked meanwhile")
			}
			return
		default:
		}
		if n, err := dbs[1].Count(t.Context(), parse(t, "number exhibit:kept")); n != kept || err != nil {
			t.Errorf("count %d, %v", n, err)
		}
		seen := 0
		var last timeline.Cursor
		err := dbs[1].Scan(t.Context(), timeline.Filter{}, Request{}, func(e *timeline.Event) error {
			if seen++; seen > 1 && placeOf(last).compare(placeOf(e.Cursor())) >= 0 {
				t.Errorf("%v after %v", e.Cursor(), last)
			}
			last = e.Cursor()
			return nil
		})
		if err != nil || seen < kept || (seen-kept)%250 != 0 && seen != kept {
			t.Errorf("scanned %d, %v", seen, err)
		}
		swept, err := dbs[1].Sweep(t.Context(), []timeline.Filter{parse(t, "kept"), parse(t, "*ept*")}, nil)
		if err != nil || swept[0].Count != kept || swept[1].Count != kept {
			t.Errorf("swept %v, %v", swept, err)
		}
	}
}

// A question ends where its context does, in the middle too.
func TestCancelledInTheMiddle(t *testing.T) {
	db := openTest(t)
	mustAppend(t, db, numbered("e1", 30_000))
	for name, ask := range map[string]func(context.Context, context.CancelFunc) error{
		"scan": func(ctx context.Context, cancel context.CancelFunc) error {
			n := 0
			return db.Scan(ctx, timeline.Filter{}, Request{}, func(*timeline.Event) error {
				if n++; n == 10 {
					cancel()
				}
				if n == 25_000 {
					t.Error("it goes on")
				}
				return nil
			})
		},
		"count": func(ctx context.Context, cancel context.CancelFunc) error {
			f := parse(t, "/numb.r/")
			time.AfterFunc(time.Millisecond, cancel)
			for {
				if _, err := db.Count(ctx, f); err != nil {
					return err
				}
			}
		},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		if err := ask(ctx, cancel); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
		cancel()
	}
	stop := errors.New("enough")
	if err := db.Scan(t.Context(), timeline.Filter{}, Request{}, func(*timeline.Event) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("scan: %v", err)
	}
	if n, err := db.Count(t.Context(), parse(t, "number")); n != 30_000 || err != nil {
		t.Errorf("afterwards: %d, %v", n, err)
	}
}
