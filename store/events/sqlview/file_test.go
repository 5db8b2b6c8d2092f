package sqlview

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"firebreak/timeline"
)

func writeFile(t *testing.T, es []timeline.Event, marks map[timeline.ID]timeline.Mark) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "events ? # %20.sqlite")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := NewFile(t.Context(), path, map[string]time.Time{"e1": day.Add(time.Hour)}, Spills{Dir: t.TempDir(), Key: [32]byte{1}})
	if err != nil {
		t.Fatal(err)
	}
	for i := range es {
		if err := f.Write(&es[i], marks[es[i].ID]); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(f.Flush(), f.Close()); err != nil {
		t.Fatal(err)
	}
	if names, err := filepath.Glob(filepath.Dir(path) + "/*"); err != nil || len(names) != 1 {
		t.Fatalf("beside the file lie others: %q, %v", names, err)
	}
	return path
}

// The plain file holds what the table shows, to the byte.
func TestFileHoldsWhatTheTableShows(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	es := randomEvents(r, 3*fileRows+17)
	marks := map[timeline.ID]timeline.Mark{}
	var list []timeline.Mark
	for i := range 20 {
		m := timeline.Mark{Event: es[i*7].ID, Star: i%2 == 0, Tags: []string{"a b", `"`}, Comments: []string{"x\ny"}}
		marks[m.Event], list = m, append(list, m)
	}
	path := writeFile(t, es, marks)
	var quotedColumns []string
	for _, c := range columns[:colFilter] {
		quotedColumns = append(quotedColumns, `hex("`+c.Name+`"), typeof("`+c.Name+`")`)
	}
	query := "select " + strings.Join(quotedColumns, ", ") + " from events order by id"
	want := ask(t, openView(t, es, list...), query)
	file, err := sql.Open("sqlite3", (&url.URL{Scheme: "file", OmitHost: true, Path: path}).String())
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close() //nolint:errcheck // only read
	rows, err := file.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close() //nolint:errcheck // only read
	var got []string
	for rows.Next() {
		texts, into := make([]string, 2*colFilter), make([]any, 2*colFilter)
		for i := range texts {
			into[i] = &texts[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		got = append(got, strings.Join(texts, "|"))
	}
	if err := rows.Err(); err != nil || !slices.Equal(got, want) {
		t.Fatalf("%d rows of %d, or not the same: %v", len(got), len(want), err)
	}
	var sound string
	if err := file.QueryRowContext(t.Context(), "pragma integrity_check").Scan(&sound); err != nil || sound != "ok" {
		t.Fatal(sound, err)
	}
}

func TestSqliteReadsTheFile(t *testing.T) {
	program, err := exec.LookPath("sqlite3")
	if err != nil {
		t.Skip("needs the program sqlite3")
	}
	path := writeFile(t, someEvents(), nil)
	for query, want := range map[string]string{
		"select count(*), min(time) from events":                                                                   "5|2026-11-20T00:00:01.000000000Z",
		"select json_extract(attributes, '$.pid') from events where host = 'web-1' and user = 'root'":              "4711",
		"select count(*) from events where time >= '2026-11-20T00:00:02' and time < '2026-11-21'":                  "2",
		"select group_concat(name) from (select name from sqlite_schema where type = 'index' order by name)":       "events_host,events_time,events_user",
		"select strftime('%H:%M', time), (time_ns / 1000000000) - strftime('%s', time) from events where offset=5": "01:00|0",
	} {
		out, err := exec.CommandContext(t.Context(), program, "-readonly", path, query).CombinedOutput()
		if err != nil || strings.TrimSpace(string(out)) != want {
			t.Errorf("%s: %s, want %s, %v", query, out, want, err)
		}
	}
}

func TestFileIsCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	path := filepath.Join(t.TempDir(), "x.sqlite")
	f, err := NewFile(ctx, path, nil, Spills{})
	if err != nil {
		t.Fatal(err)
	}
	e := someEvents()[0]
	cancel()
	for range fileRows {
		if err = f.Write(&e, timeline.Mark{}); err != nil {
			break
		}
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("write: %v", err)
	}
	if err := f.Flush(); !errors.Is(err, context.Canceled) {
		t.Errorf("flush: %v", err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

func TestFileInNoFolder(t *testing.T) {
	if f, err := NewFile(t.Context(), filepath.Join(t.TempDir(), "none", "x.sqlite"), nil, Spills{}); err == nil {
		t.Error(f.Close(), "a file was made")
	}
}

// A statement that was interrupted leaves the view usable, and a broken
// argument list is an error.
func TestArguments(t *testing.T) {
	for _, b := range [][]byte{{1}, bytes.Repeat([]byte{0xff}, 28), bytes.Repeat([]byte{1}, 40)} {
		if cs, err := constraints(b); err == nil {
			t.Errorf("%v was read: %v", b, cs)
		}
	}
	if fmt.Sprint(columns[colFilter].Name) != "filter" || len(Columns()) != int(colFilter)+1 {
		t.Error("the columns are not those of table.h")
	}
}
