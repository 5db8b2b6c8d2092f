// Command rows is what the timeline is compared with: the same events as rows
// of one SQLite table with two indexes and an FTS5 index, written through
// database/sql, as most programs would. It has to be built with the tag
// sqlite_fts5.
//
//	rows ingest DB FILE trigger|bulk   read a log; the index is kept by a trigger
//	                                   all along, or made at the end
//	rows ask DB                        answer the questions on the standard input
package main

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	_ "github.com/mattn/go-sqlite3"

	"firebreak/tools/bench/ask"
)

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdin, os.Stdout); err != nil { //nolint:forbidigo // a program's own streams
		fmt.Fprintln(os.Stderr, "rows:", err) //nolint:forbidigo // as above
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, in io.Reader, out io.Writer) error {
	switch {
	case len(args) == 4 && args[0] == "ingest":
		return ingest(ctx, args[1], args[2], args[3] == "bulk")
	case len(args) == 2 && args[0] == "ask":
		return answer(ctx, args[1], in, out)
	}
	return errors.New("rows ingest DB FILE trigger|bulk, or rows ask DB")
}

func open(path string) (*sql.DB, error) {
	return sql.Open("sqlite3", "file:"+path+"?_journal_mode=WAL&_synchronous=FULL&_txlock=immediate&_cache_size=-65536")
}

const (
	table   = `CREATE TABLE event(id INTEGER PRIMARY KEY, time INTEGER, host TEXT, user TEXT, process TEXT, pid TEXT, message TEXT)`
	indexes = `CREATE INDEX by_time ON event(time); CREATE INDEX by_host ON event(host, time)`
	fts     = `CREATE VIRTUAL TABLE words USING fts5(message, content='event', content_rowid='id', detail='full', tokenize='unicode61')`
	trigger = `CREATE TRIGGER follow AFTER INSERT ON event BEGIN INSERT INTO words(rowid, message) VALUES (new.id, new.message); END`
	// commit is how many rows one transaction has.
	commit = 10_000
)

func ingest(ctx context.Context, path, log string, bulk bool) (err error) {
	db, err := open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	before := []string{table, indexes, fts, trigger}
	var after []string
	if bulk {
		before = []string{table}
		after = []string{indexes, fts, `INSERT INTO words(words) VALUES ('rebuild')`}
	}
	if err := each(ctx, db, before); err != nil {
		return err
	}
	f, err := os.Open(log)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // it is only read
	lines := bufio.NewScanner(bufio.NewReaderSize(f, 1<<20))
	lines.Buffer(nil, 1<<20)
	for more := true; more; {
		if more, err = batch(ctx, db, lines); err != nil {
			return err
		}
	}
	return errors.Join(lines.Err(), each(ctx, db, after))
}

func each(ctx context.Context, db *sql.DB, statements []string) error {
	for _, s := range statements {
		if _, err := db.ExecContext(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	return nil
}

// batch writes the lines of one transaction; more says that others follow.
func batch(ctx context.Context, db *sql.DB, lines *bufio.Scanner) (more bool, err error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return false, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, tx.Rollback())
		}
	}()
	insert, err := tx.PrepareContext(ctx, `INSERT INTO event(time, host, user, process, pid, message) VALUES (?, ?, ?, ?, ?, ?)`)
	if err != nil {
		return false, err
	}
	defer insert.Close() //nolint:errcheck // the commit tells
	n := 0
	for n < commit && lines.Scan() {
		e, err := read(lines.Text())
		if err != nil {
			return false, err
		}
		if _, err := insert.ExecContext(ctx, e.time, e.host, e.user, e.process, e.pid, e.message); err != nil {
			return false, err
		}
		n++
	}
	return n == commit, tx.Commit()
}

type event struct {
	time                              int64
	host, user, process, pid, message string
}

// read cuts a line of syslog with an RFC 3339 time.
func read(line string) (e event, err error) {
	f := strings.SplitN(line, " ", 3)
	if len(f) < 3 {
		return e, fmt.Errorf("no line of syslog: %q", line)
	}
	at, err := time.Parse(time.RFC3339Nano, f[0])
	if err != nil {
		return e, err
	}
	e.time, e.host, e.message = at.UnixNano(), f[1], f[2]
	tag, _, _ := strings.Cut(f[2], ": ")
	e.process, e.pid, _ = strings.Cut(strings.TrimSuffix(tag, "]"), "[")
	if _, user, ok := strings.Cut(f[2], "user "); ok {
		e.user, _, _ = strings.Cut(user, " ")
	}
	return e, nil
}

// question is a statement. A "?" in it is a random time between From and To.
type question struct {
	Name     string `json:"name"`
	SQL      string `json:"sql"`
	Times    int    `json:"times"`
	From, To int64
}

func answer(ctx context.Context, path string, in io.Reader, out io.Writer) (err error) {
	var questions []question
	if err := json.NewDecoder(in).Decode(&questions); err != nil {
		return err
	}
	var answers []ask.Answer
	for _, q := range questions {
		db, err := open(path)
		if err != nil {
			return err
		}
		r := rand.New(rand.NewPCG(1, 9))
		answers = append(answers, ask.Again(q.Name, q.Times, func(int) (string, error) {
			var args []any
			if strings.Contains(q.SQL, "?") {
				args = append(args, q.From+r.Int64N(q.To-q.From))
			}
			return rows(ctx, db, q.SQL, args)
		}))
		if err := db.Close(); err != nil {
			return err
		}
	}
	return json.NewEncoder(out).Encode(answers)
}

// rows reads all columns of all rows. It says the only number of the only row,
// or else how many rows there were.
func rows(ctx context.Context, db *sql.DB, statement string, args []any) (said string, err error) {
	found, err := db.QueryContext(ctx, statement, args...)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, found.Close()) }()
	columns, err := found.Columns()
	if err != nil {
		return "", err
	}
	values, to := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		to[i] = &values[i]
	}
	n := 0
	for found.Next() {
		if err := found.Scan(to...); err != nil {
			return "", err
		}
		n++
	}
	if n == 1 && len(values) == 1 {
		said = fmt.Sprint(values[0])
	} else {
		said = fmt.Sprint(n)
	}
	return said, found.Err()
}
