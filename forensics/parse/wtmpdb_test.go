package parse

import (
	"bytes"
	"context"
	"database/sql"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	_ "github.com/mattn/go-sqlite3" // writes what is read here

	"firebreak/record"
	"firebreak/timeline"
)

// madeDatabase is the path of a database that these statements made. What is
// still in its write-ahead log stays there until the test ends.
func madeDatabase(t testing.TB, name, options string, statements ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	db, err := sql.Open("sqlite3", "file:"+path+"?"+options)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	for _, s := range statements {
		if _, err := db.ExecContext(context.Background(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	t.Cleanup(func() { _ = db.Close() })
	return path
}

// eventsOf reads a file with what lies beside it.
func eventsOf(t testing.TB, path string) ([]timeline.Event, record.Ingestion) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out []timeline.Event
	in, err := File(t.Context(), bytes.NewReader(b), Source{
		Exhibit: record.Exhibit{ID: "e1", Source: path, SHA256: strings.Repeat("ab", 32)}, Workers: 1,
		Beside: func(suffix string) (io.ReadCloser, error) {
			f, err := os.Open(path + suffix)
			if os.IsNotExist(err) {
				return nil, nil
			}
			return f, err
		},
	}, func(batch []timeline.Event) error {
		for _, e := range batch {
			out = append(out, e.Clone())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if in.Events+in.Rejected+in.Recovered != in.Seen {
		t.Errorf("%d + %d + %d is not %d", in.Events, in.Rejected, in.Recovered, in.Seen)
	}
	return out, in
}

func inWords(es []timeline.Event) []string {
	var out []string
	for _, e := range es {
		when := "-"
		if !e.Time.IsZero() {
			when = e.Time.Format("2006-01-02T15:04:05.999999999")
		}
		out = append(out, when+" "+string(e.TimeKind)+" "+e.User+": "+e.Message)
	}
	slices.Sort(out)
	return out
}

func TestWtmpdb(t *testing.T) {
	for _, c := range []struct{ between, parser string }{{"PRAGMA wal_checkpoint(TRUNCATE)", "wtmpdb"}, {"PRAGMA user_version", "sqlite"}} {
		t.Run(c.parser, func(t *testing.T) { testWtmpdb(t, c.between, c.parser) })
	}
}

// testWtmpdb reads rows that only the write-ahead log has.
func testWtmpdb(t *testing.T, between, parser string) {
	path := madeDatabase(t, "log.db", "_journal_mode=WAL",
		"CREATE TABLE IF NOT EXISTS wtmp(ID INTEGER PRIMARY KEY, Type INTEGER, User TEXT NOT NULL, Login INTEGER, Logout INTEGER, TTY TEXT, RemoteHost TEXT, Service TEXT) STRICT",
		between, "INSERT INTO wtmp VALUES (1, 1, 'reboot', 1763600000000001, NULL, '~', '6.12.0', NULL), (2, 3, 'ann', 1763600100000000, 1763600200000000, 'ssh', '203.0.113.9', 'sshd'), (3, 3, 'eve', 1763600300000000, NULL, 'tty1', '', 'login')")
	es, in := eventsOf(t, path)
	want := []string{
		"2025-11-20T00:53:20.000001 started : boot, kernel 6.12.0",
		"2025-11-20T00:55:00 started ann: login of ann on ssh from 203.0.113.9 (sshd)",
		"2025-11-20T00:56:40 ended ann: logout of ann on ssh from 203.0.113.9 (sshd)",
		"2025-11-20T00:58:20 started eve: login of eve on tty1 (login)",
	}
	if got := inWords(es); !slices.Equal(got, want) || in.Parser != parser {
		t.Errorf("%s:\n%s", in.Parser, strings.Join(got, "\n"))
	}
	if i := slices.IndexFunc(es, func(e timeline.Event) bool { return e.User == "ann" }); es[i].Attributes.Get("src_ip") != "203.0.113.9" {
		t.Errorf("%v", es[i].Attributes)
	}
}

func TestLastlog2WithADeletedRow(t *testing.T) {
	path := madeDatabase(t, "lastlog2.db", "_secure_delete=off", "PRAGMA secure_delete = OFF",
		"CREATE TABLE Lastlog2(Name TEXT PRIMARY KEY, Time INTEGER, TTY TEXT, RemoteHost TEXT, Service TEXT) STRICT",
		"INSERT INTO Lastlog2 VALUES ('ann', 1763600100, 'ssh', '203.0.113.9', 'sshd'), ('eve', 1763600200, 'ssh', '198.51.100.7', 'sshd'), ('bob', 1763600300, 'tty1', NULL, 'login')",
		"DELETE FROM Lastlog2 WHERE Name = 'eve'")
	es, in := eventsOf(t, path)
	want := []string{
		"2025-11-20T00:55:00 started ann: last login of ann on ssh from 203.0.113.9 (sshd)",
		"2025-11-20T00:56:40 started eve: last login of eve on ssh from 198.51.100.7 (sshd)",
		"2025-11-20T00:58:20 started bob: last login of bob on tty1 (login)",
	}
	if got := inWords(es); !slices.Equal(got, want) || in.Events != 2 || in.Recovered != 1 {
		t.Errorf("%+v:\n%s", in, strings.Join(got, "\n"))
	}
}
