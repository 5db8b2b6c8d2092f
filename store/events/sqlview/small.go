package sqlview

import (
	"strings"
	"time"
)

// smallTable is a table that is made once, whole.
type smallTable struct {
	create, insert string
	columns        int
	rows           rows
}

// small are the tables beside events.
func small(t Tables) []*smallTable {
	marks := newSmall("marks", "event TEXT PRIMARY KEY", "star INTEGER", "tags TEXT", "comments TEXT")
	for _, m := range t.Marks {
		star := int64(0)
		if m.Star {
			star = 1
		}
		marks.text(m.Event.String())
		marks.rows.cells = append(marks.rows.cells, number(star))
		marks.text(string(appendTexts(nil, m.Tags)))
		marks.text(string(appendTexts(nil, m.Comments)))
		marks.rows.n++
	}
	exhibits := newSmall("exhibits", "id TEXT PRIMARY KEY", "title TEXT", "kind TEXT", "source TEXT", "host TEXT", "sha256 TEXT", "size INTEGER", "sealed TEXT COLLATE RFC3339", "sealed_by TEXT")
	for _, x := range t.Exhibits {
		for _, s := range []string{x.ID, x.Title, x.Kind, x.Source, x.Host, x.SHA256} {
			exhibits.text(s)
		}
		exhibits.rows.cells = append(exhibits.rows.cells, number(x.Size))
		exhibits.time(x.Sealed)
		exhibits.text(x.SealedBy)
		exhibits.rows.n++
	}
	return []*smallTable{marks, exhibits}
}

func newSmall(name string, columns ...string) *smallTable {
	return &smallTable{
		create:  "CREATE TABLE " + name + "(" + strings.Join(columns, ", ") + ")",
		insert:  "INSERT OR REPLACE INTO " + name + " VALUES (?" + strings.Repeat(", ?", len(columns)-1) + ")",
		columns: len(columns),
	}
}

func (t *smallTable) text(s string) {
	from := len(t.rows.text)
	t.rows.text = append(t.rows.text, s...)
	t.rows.cells = append(t.rows.cells, cell{v: int64(from), n: int32(len(s)), t: typeText}) //nolint:gosec // a line of the record
}

func (t *smallTable) time(at time.Time) {
	if at.IsZero() {
		t.rows.cells = append(t.rows.cells, cell{t: typeNull})
		return
	}
	t.text(string(appendTime(nil, at)))
}
