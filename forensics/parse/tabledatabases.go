package parse

import (
	"bytes"

	"firebreak/forensics/formats/sqlite"
)

// dbFormat is what one program keeps in a database.
type dbFormat struct {
	name   string
	files  []string // names that such files have: the schema of a large one may stand far behind
	needs  []string // the tables that tell it from others
	tables []dbTable
	about  About
}

// dbFormats are the databases that are understood. Of several that fit, the
// first is taken.
func dbFormats() []dbFormat {
	return []dbFormat{
		chromiumHistory(), firefoxPlaces(), firefoxDownloads(), safariHistory(),
		chromiumLogins(), firefoxForms(), macQuarantine(), macTCC(), macKnowledge(), zeitgeistActivity(),
		windowsTimeline(), rpmDatabase(), dnf5History(), dnfHistory(), yumHistory(),
		{
			"wtmpdb",
			[]string{"wtmp.db"},
			[]string{"wtmp"},
			[]dbTable{{"wtmp", tellWtmpdb, fitsWtmpdb}},
			About{
				Formats: "wtmpdb's database, with its write-ahead log", Events: "login and boot: started; logout and shutdown: ended",
				Times: "microseconds, UTC", Reference: "wtmpdb(8), lib/sqlite.c of wtmpdb 0.13",
				Differs: "deleted rows that are not overwritten are recovered",
			},
		},
		{
			"lastlog2",
			[]string{"lastlog2.db"},
			[]string{"Lastlog2"},
			[]dbTable{{"Lastlog2", tellLastlog2, fitsLastlog2}},
			About{
				Formats: "lastlog2's database of util-linux, with its write-ahead log", Events: "last login: started",
				Times: "seconds, UTC", Reference: "liblastlog2/src/lastlog2.c of util-linux 2.41",
				Differs: "deleted rows that are not overwritten are recovered",
			},
		},
	}
}

// databaseParsers are what programs keep in SQLite, and at the end any other
// database of SQLite.
func databaseParsers() []parser {
	var out []parser
	for _, f := range dbFormats() {
		if f.about.Oracle == "" {
			f.about.Oracle = "rows of databases that SQLite made, by the schema"
		}
		out = append(out, parser{name: f.name, detect: isDatabase(f), run: parseDatabase(f), binary: true, about: f.about})
	}
	return append(out, parser{
		name: "sqlite", binary: true, run: parseAnyDatabase,
		detect: func(_ string, head []byte) bool { return bytes.HasPrefix(head, []byte(sqlite.Magic)) },
		about: About{
			Formats: "any other database of SQLite 3", Events: "those of the databases here, where its tables are in the write-ahead log still; else none: kept as evidence",
			Reference: "https://www.sqlite.org/fileformat2.html",
		},
	})
}
