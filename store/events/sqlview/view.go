// Package sqlview answers SQL over the events of a timeline, and writes them
// into a plain SQLite file.
//
// A view is a connection of its own, in memory, with a virtual table "events"
// that the timeline engine fills while it is read, and small tables beside it.
// It reads only: no file is opened, made or attached. What WHERE and ORDER BY
// ask for goes to the engine as far as a filter can say it; SQLite looks at
// each row again. What a sort spills is encrypted.
//
// Where to begin reading: table.c is the virtual table as SQLite sees it,
// constraint.go what of WHERE becomes a filter, scan.go how rows come from the
// engine (a batch is at most 1,024 rows and about 1 MiB), rows.go how they are
// packed for C, vfs.c and spill.go where a sort goes, file.go the file for others.
package sqlview

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"firebreak/store/events"
	"firebreak/timeline"
)

// Tables are what a view shows.
type Tables struct {
	Events   *events.DB
	Marks    []timeline.Mark
	Sealed   map[string]time.Time // when each exhibit was sealed
	Exhibits []Exhibit
	Now      time.Time // that relative times of filters go by
}

// Exhibit is a row of the table exhibits.
type Exhibit struct {
	ID, Title, Kind, Source, Host, SHA256 string
	Size                                  int64
	Sealed                                time.Time
	SealedBy                              string
}

// Spills say where a sort goes that is too large for the memory.
type Spills struct {
	Dir string   // the folder, which others may read: what goes there is encrypted
	Key [32]byte // random, for one view only
}

// Param is a value for a name of the query: :name, @name or $name.
type Param struct {
	Name  string
	Value any // int64, float64 or string
}

// ErrNoSQLite is returned by a program that was built without cgo.
var ErrNoSQLite = errors.New("built without cgo, and so without SQLite")

// ErrRefused is the cause of a statement that is more than a question.
var ErrRefused = errors.New("only one SELECT, WITH, VALUES or EXPLAIN is answered: nothing can be changed here")

// Error is what SQLite says of a query.
type Error struct {
	Message string
	Query   string
	Offset  int // in bytes, -1 where SQLite names no place
}

// Error is SQLite's message.
func (e *Error) Error() string { return e.Message }

// scansAtOnce is how many uses of events may be open at the same time: each keeps
// a connection of the engine and what it has decoded.
const scansAtOnce = 4

// view is what a connection's table knows.
type view struct {
	tables Tables
	marks  map[timeline.ID]timeline.Mark
	files  fileNumbers
	spills *spills

	rowids  atomic.Bool
	running atomic.Int32

	mu  sync.Mutex
	ctx context.Context //nolint:containedctx // of the statement that runs: C hands none on
	err error           // the first that the engine returned
}

func newView(t Tables, s Spills) (*view, error) {
	v := &view{tables: t, marks: make(map[timeline.ID]timeline.Mark, len(t.Marks))}
	for _, m := range t.Marks {
		v.marks[m.Event] = m
	}
	var err error
	v.spills, err = newSpills(s.Dir, s.Key)
	return v, err
}

// fail keeps the error for the caller of Query; SQLite only carries its text.
func (v *view) fail(err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.err == nil {
		v.err = err
	}
}

func (v *view) failure() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.err
}

// begin is called before a statement runs, with its context.
func (v *view) begin(ctx context.Context) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.ctx, v.err = ctx, nil
}

func (v *view) context() context.Context {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.ctx
}

var errTooManyScans = fmt.Errorf("events is read at more than %d places at once: put one of them into a table of the query, WITH name AS MATERIALIZED (SELECT …)", scansAtOnce)
