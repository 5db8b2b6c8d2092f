package parse

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"firebreak/forensics/formats/ese"
	"firebreak/timeline"
)

// eseFormat is what one program keeps in a database of ESE.
type eseFormat struct {
	name  string
	files []string // names that such files have, in small letters; * stands for anything
	needs string   // a table that tells it from others
	read  func(db *eseFile) error
	about About
}

// eseFormats are the databases of ESE that are understood.
func eseFormats() []eseFormat {
	return []eseFormat{srum(), webCache(), userAccess(), transferQueue()}
}

// eseFile is a reading of a database of ESE: each row that tells something is a
// record seen.
type eseFile struct {
	*job
	file *ese.File
	ids  map[int64]srumID // of SRUM
}

// eseParsers are what programs keep in ESE, and at the end any other database of
// it.
func eseParsers() []parser {
	var out []parser
	for _, f := range eseFormats() {
		out = append(out, parser{name: f.name, binary: true, about: f.about, detect: isESE(f), run: func(j *job, r *bufio.Reader) error {
			return j.eseFile(r, f.read)
		}})
	}
	return append(out, parser{
		name: "ese", binary: true, run: func(j *job, r *bufio.Reader) error { return j.eseFile(r, readAnyESE) },
		detect: func(_ string, head []byte) bool { return ese.Is(head) },
		about: About{
			Formats:   "any other database of ESE (Extensible Storage Engine), pages of 2 to 32 KiB, as of Windows Search and Active Directory",
			Events:    "those of the databases here, where its tables are; else none: kept as evidence",
			Reference: "libesedb, Extensible Storage Engine (ESE) Database File (EDB) format",
			Oracle:    "esedbexport, of a database that our tests make: every value",
		},
	})
}

// isESE detects a database by its name, or by the name of its table, which stands
// among the first pages where pages are small.
func isESE(f eseFormat) func(string, []byte) bool {
	return func(name string, head []byte) bool {
		if !ese.Is(head) {
			return false
		}
		name = strings.ToLower(name)
		return bytes.Contains(head, []byte(f.needs)) || slices.ContainsFunc(f.files, func(want string) bool {
			before, after, open := strings.Cut(want, "*")
			if !open {
				return name == want
			}
			return len(name) >= len(before)+len(after) && strings.HasPrefix(name, before) && strings.HasSuffix(name, after)
		})
	}
}

func readAnyESE(db *eseFile) error {
	for _, f := range eseFormats() {
		t, err := db.file.Table(db.ctx, f.needs)
		if err != nil {
			return err
		}
		if t != nil {
			return f.read(db)
		}
	}
	db.note("nothing here knows its tables: it is kept as evidence")
	return nil
}

func (j *job) eseFile(r *bufio.Reader, read func(*eseFile) error) error {
	at, size, done, err := j.whole(r)
	if err != nil {
		return err
	}
	defer done()
	f, err := ese.Open(at, size)
	if errors.Is(err, ese.ErrFormat) || errors.Is(err, ese.ErrDamaged) {
		j.reject(0, nil, err.Error())
		return nil
	}
	if err != nil {
		return err
	}
	if err := read(&eseFile{job: j, file: f, ids: map[int64]srumID{}}); err != nil {
		return err
	}
	for _, n := range f.Notes() {
		j.note(n)
	}
	return nil
}

// rows tells the rows of a table by its name; a table that is not there has none.
func (db *eseFile) rows(name string, tell func(*ese.Row) error) error {
	t, err := db.file.Table(db.ctx, name)
	if err != nil || t == nil {
		return err
	}
	return db.of(t, tell)
}

func (db *eseFile) of(t *ese.Table, tell func(*ese.Row) error) error {
	return db.file.Rows(db.ctx, t, tell, func(offset int64, err error) error {
		db.reject(offset, nil, fmt.Sprintf("table %s: %s", foreignText(t.Name), err))
		return nil
	})
}

// put takes the event of a row.
func (db *eseFile) put(row *ese.Row, e timeline.Event) error {
	if row.Recovered {
		e.Attributes.Set(attrRecovered, "a deleted row of the database")
		return db.recover(row.Offset, e)
	}
	return db.add(row.Offset, e)
}

// eseText is a column's text, clean.
func eseText(row *ese.Row, column string) string { return foreignText(row.Value(column).Text()) }

// eseNumber is a column's number, 0 where there is none.
func eseNumber(row *ese.Row, column string) int64 {
	n, _ := row.Value(column).Number()
	return n
}

// eseTime is a column's time, zero where there is none, or none that makes sense.
func eseTime(row *ese.Row, column string) time.Time {
	if t := row.Value(column).Time(); sane(t) {
		return t
	}
	return time.Time{}
}
