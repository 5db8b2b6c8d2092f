package events

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"firebreak/internal/testkit"
	"firebreak/timeline"
)

// TestFigures measures what the documentation says; it asserts no time.
func TestFigures(t *testing.T) {
	if !testkit.Soak() {
		t.Skip("takes minutes: set FIREBREAK_SOAK=1")
	}
	n := testkit.Rounds(t, 2000, 200_000)
	all := simpleEvents(n)
	ctx := t.Context()
	var dbs [2]*DB
	var paths [2]string
	for i, o := range []Options{{}, {Secret: &[32]byte{1, 2, 3}}} {
		paths[i] = filepath.Join(t.TempDir(), "timeline.db")
		db, err := Open(ctx, paths[i], o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { closeTest(t, db) })
		dbs[i] = db
	}
	appended := testkit.Turns(t, 3, func() error { return appendAll(t, dbs[0], all) }, func() error { return appendAll(t, dbs[1], all) })
	values := map[string]any{"appending them, encrypted / plain": testkit.Ratio(appended[1], appended[0])}
	for _, text := range []string{"", "host:web-0", "failed", `"failed password" user:root`, "attr.pid:4711"} {
		f := parse(t, text)
		query := func(db *DB) func() error {
			at := 0
			return func() error {
				at = (at + 7919) % 200_000
				if _, err := db.Page(ctx, f, Request{At: day.Add(time.Duration(at) * 311 * time.Millisecond), Limit: 200}); err != nil {
					return err
				}
				if _, err := db.Count(ctx, f); err != nil {
					return err
				}
				_, err := db.Histogram(ctx, f, day, day.AddDate(0, 0, 1), 80)
				return err
			}
		}
		took := testkit.Turns(t, 15, query(dbs[0]), query(dbs[1]))
		if text == "" {
			text = "no filter"
		}
		values[text+": plain, median"] = took[0].Round(10 * time.Microsecond).String()
		values[text+": encrypted / plain"] = testkit.Ratio(took[1], took[0])
	}
	// The first query of a process reads every page it needs from disk.
	cold := func(path string, o Options) func() error {
		return func() error {
			db, err := Open(ctx, path, o)
			if err != nil {
				return err
			}
			if _, err := db.Histogram(ctx, parse(t, "failed"), day, day.AddDate(0, 0, 1), 80); err != nil {
				return err
			}
			return db.Close()
		}
	}
	took := testkit.Turns(t, 7, cold(paths[0], Options{}), cold(paths[1], Options{Secret: &[32]byte{1, 2, 3}}))
	values["opened, and a text searched: plain, median"] = took[0].Round(time.Millisecond).String()
	values["opened, and a text searched: encrypted / plain"] = testkit.Ratio(took[1], took[0])
	for i, name := range []string{"bytes per event, plain", "bytes per event, encrypted"} {
		info, err := os.Stat(paths[i])
		if err != nil {
			t.Fatal(err)
		}
		values[name] = info.Size() / int64(n)
	}
	testkit.Tell(t, testkit.Figure{
		Name: "a query of the timeline", Rounds: n, Values: values,
		Note: "a page, the count and a histogram, taken in turn; ratios of medians",
	})
}

func appendAll(t *testing.T, db *DB, all []timeline.Event) error {
	t.Helper()
	if err := db.Clear(t.Context()); err != nil {
		return err
	}
	for len(all) > 0 {
		n := min(20_000, len(all))
		if _, err := db.Append(t.Context(), all[:n]); err != nil {
			return err
		}
		all = all[n:]
	}
	return nil
}
