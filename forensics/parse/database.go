package parse

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"firebreak/forensics/formats/sqlite"
	"firebreak/timeline"
)

// dbTable says how the rows of one table of a database are told.
type dbTable struct {
	name string
	// tell puts the events of a row; it may look other rows up in db.
	tell func(db *database, row *sqlite.Row) error
	// fits says whether a deleted row may be one of this table; nil looks for none.
	fits func(row *sqlite.Row) bool
}

// database is a reading of a file of SQLite: each row that tells something is a
// record seen, deleted rows that were found are events recovered.
type database struct {
	*job
	file   *sqlite.File
	tables map[string]*sqlite.Table // that were asked for
	chains map[int64][]string       // the addresses of downloads

	commands map[int64]string // of yum's transactions
}

// table is a table by its name, nil where there is none.
func (db *database) table(name string) (*sqlite.Table, error) {
	t, asked := db.tables[name]
	if asked {
		return t, nil
	}
	t, err := db.file.Table(db.ctx, name)
	if err == nil {
		db.tables[name] = t
	}
	return t, err
}

// isDatabase detects a database by the tables that it has, whose text stands on
// its first pages when it is small; else by its name.
func isDatabase(of dbFormat) func(string, []byte) bool {
	return func(name string, head []byte) bool {
		if !bytes.HasPrefix(head, []byte(sqlite.Magic)) {
			return false
		}
		if slices.ContainsFunc(of.files, func(f string) bool { return strings.EqualFold(f, name) }) {
			return true
		}
		return !slices.ContainsFunc(of.needs, func(table string) bool {
			return !slices.ContainsFunc([]string{"", `"`, "`", "[", "IF NOT EXISTS "}, func(before string) bool {
				return bytes.Contains(head, []byte("CREATE TABLE "+before+table))
			})
		})
	}
}

// parseDatabase reads the tables of a format one after the other; those that a
// version of the program does not have are noted.
func parseDatabase(of dbFormat) func(*job, *bufio.Reader) error {
	return func(j *job, r *bufio.Reader) error {
		return j.database(r, func(db *database) error { return db.readAll(of) })
	}
}

// parseAnyDatabase finds out by its tables what a database is.
func parseAnyDatabase(j *job, r *bufio.Reader) error {
	return j.database(r, func(db *database) error {
		tables, err := db.file.Tables(db.ctx)
		if err != nil {
			return err
		}
		for _, f := range dbFormats() {
			has := func(name string) bool {
				return slices.ContainsFunc(tables, func(t *sqlite.Table) bool { return strings.EqualFold(t.Name, name) })
			}
			if !slices.ContainsFunc(f.needs, func(name string) bool { return !has(name) }) {
				return db.readAll(f)
			}
		}
		db.note("nothing here knows its tables: it is kept as evidence")
		return nil
	})
}

// database opens what is left of r, with its write-ahead log.
func (j *job) database(r io.Reader, read func(*database) error) error {
	at, size, done, err := j.whole(r)
	if err != nil {
		return err
	}
	defer done()
	wal, walSize, walDone, err := j.beside("-wal")
	if err != nil {
		return err
	}
	defer walDone()
	file, err := sqlite.Open(at, size, wal, walSize)
	if errors.Is(err, sqlite.ErrNotSQLite) || errors.Is(err, sqlite.ErrDamaged) {
		j.reject(0, nil, err.Error())
		return nil
	}
	if err != nil {
		return err
	}
	if err := read(&database{job: j, file: file, tables: map[string]*sqlite.Table{}}); err != nil {
		return err
	}
	for _, n := range file.Notes() {
		j.note(n)
	}
	return nil
}

func (db *database) readAll(of dbFormat) error {
	for _, t := range of.tables {
		if err := db.read(t); err != nil {
			return err
		}
	}
	return nil
}

func (db *database) read(t dbTable) error {
	table, err := db.table(t.name)
	if err != nil {
		return err
	}
	if table == nil {
		db.note("there is no table " + t.name)
		return nil
	}
	tell := func(row *sqlite.Row) error { return t.tell(db, row) }
	err = db.file.Rows(db.ctx, table, tell, func(offset int64, err error) error {
		db.reject(offset, nil, fmt.Sprintf("table %s: %s", t.name, err))
		return nil
	})
	if err != nil || t.fits == nil {
		return err
	}
	return db.file.Deleted(db.ctx, table, t.fits, tell)
}

// put takes the event of a row.
func (db *database) put(row *sqlite.Row, e timeline.Event) error {
	if row.Recovered {
		e.Attributes.Set(attrRecovered, "a deleted row of the database")
		return db.recover(row.Offset, e)
	}
	return db.add(row.Offset, e)
}

// text is a column's value as clean text.
func text(row *sqlite.Row, column string) string {
	s, _ := clean([]byte(row.Value(column).String()))
	return s
}

// rowTime is a time of so many units since 1970; the zero time where there is
// none.
func rowTime(v sqlite.Value, unit time.Duration) time.Time {
	n, ok := v.Number()
	if !ok || n <= 0 || n > maxSeconds*int64(time.Second/unit) {
		return time.Time{}
	}
	per := int64(time.Second / unit)
	t := time.Unix(n/per, n%per*int64(unit)).UTC()
	if !sane(t) {
		return time.Time{}
	}
	return t
}
