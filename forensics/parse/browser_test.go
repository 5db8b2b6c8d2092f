package parse

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"firebreak/internal/testkit"
	"firebreak/timeline"
)

func TestChromium(t *testing.T) {
	path := madeDatabase(t, "History", "", "PRAGMA secure_delete = OFF",
		"CREATE TABLE urls(id INTEGER PRIMARY KEY AUTOINCREMENT,url LONGVARCHAR,title LONGVARCHAR,visit_count INTEGER DEFAULT 0 NOT NULL,typed_count INTEGER DEFAULT 0 NOT NULL,last_visit_time INTEGER NOT NULL,hidden INTEGER DEFAULT 0 NOT NULL)",
		"CREATE TABLE visits(id INTEGER PRIMARY KEY,url INTEGER NOT NULL,visit_time INTEGER NOT NULL,from_visit INTEGER,transition INTEGER DEFAULT 0 NOT NULL,segment_id INTEGER,visit_duration INTEGER DEFAULT 0 NOT NULL)",
		"CREATE TABLE visit_source(id INTEGER PRIMARY KEY,source INTEGER NOT NULL)",
		"CREATE TABLE downloads (id INTEGER PRIMARY KEY,target_path LONGVARCHAR NOT NULL,start_time INTEGER NOT NULL,received_bytes INTEGER NOT NULL,total_bytes INTEGER NOT NULL,state INTEGER NOT NULL,danger_type INTEGER NOT NULL,hash BLOB NOT NULL,end_time INTEGER NOT NULL,opened INTEGER NOT NULL,referrer VARCHAR NOT NULL)",
		"CREATE TABLE downloads_url_chains (id INTEGER NOT NULL,chain_index INTEGER NOT NULL,url LONGVARCHAR NOT NULL, PRIMARY KEY (id, chain_index) )",
		"INSERT INTO urls VALUES (1,'https://mail.example/','Mail',2,1,13408200000000000,0),(2,'https://evil.example/login','Sign'||char(27)||'[31m in',1,0,13408200060000000,0),(3,'https://gone.example/','Gone',1,0,13408200070000000,0)",
		"INSERT INTO visits VALUES (1,1,13408200000000000,0,805306369,0,1500000),(2,2,13408200060000001,1,805306368,0,0),(3,3,13408200070000000,2,805306368,0,0)",
		"INSERT INTO downloads VALUES (9,'/home/ann/Downloads/a.pdf.exe',13408200100000000,77,77,1,3,x'0102',13408200101000000,1,'https://evil.example/login')",
		"INSERT INTO downloads_url_chains VALUES (9,0,'https://evil.example/a'),(9,1,'https://cdn.example/a.pdf.exe')",
		"DELETE FROM visits WHERE url = 3", "DELETE FROM urls WHERE id = 3")
	es, in := eventsOf(t, path)
	want := []string{
		"2025-11-21T12:00:00 accessed : visit of https://mail.example/ (Mail), typed",
		"2025-11-21T12:01:00.000001 accessed : visit of https://evil.example/login (Sign\x1b[31m in)", // made harmless where it is shown
		"2025-11-21T12:01:10 accessed : last visit of https://gone.example/ (Gone)",
		"2025-11-21T12:01:10 accessed : visit of a page whose own row is gone (3)",
		"2025-11-21T12:01:40 started : download of https://cdn.example/a.pdf.exe to /home/ann/Downloads/a.pdf.exe: complete",
		"2025-11-21T12:01:41 ended : end of the download of https://cdn.example/a.pdf.exe to /home/ann/Downloads/a.pdf.exe: complete",
	}
	if got := inWords(es); !slices.Equal(got, want) || in.Recovered != 2 || in.Parser != "chromium.history" {
		t.Errorf("%+v:\n%s", in, strings.Join(got, "\n"))
	}
	for _, e := range es {
		if e.Attributes.Get("action") == "download" && (e.Attributes.Get("sha256") != "0102" || e.Attributes.Get("danger") != "dangerous content" || e.Attributes.Get("asked_url") != "https://evil.example/a") {
			t.Errorf("%v", e.Attributes)
		}
	}
}

func TestFirefox(t *testing.T) {
	path := madeDatabase(t, "places.sqlite", "_journal_mode=WAL", "PRAGMA page_size = 32768",
		"CREATE TABLE moz_places (id INTEGER PRIMARY KEY, url LONGVARCHAR, title LONGVARCHAR, visit_count INTEGER DEFAULT 0, last_visit_date INTEGER)",
		"CREATE TABLE moz_historyvisits (id INTEGER PRIMARY KEY, from_visit INTEGER, place_id INTEGER, visit_date INTEGER, visit_type INTEGER, session INTEGER)",
		"CREATE TABLE moz_bookmarks (id INTEGER PRIMARY KEY, type INTEGER, fk INTEGER DEFAULT NULL, parent INTEGER, title LONGVARCHAR, dateAdded INTEGER, lastModified INTEGER)",
		"CREATE TABLE moz_anno_attributes (id INTEGER PRIMARY KEY, name VARCHAR(32) UNIQUE NOT NULL)",
		"CREATE TABLE moz_annos (id INTEGER PRIMARY KEY, place_id INTEGER NOT NULL, anno_attribute_id INTEGER, content LONGVARCHAR, dateAdded INTEGER DEFAULT 0)",
		"INSERT INTO moz_places VALUES (1,'https://evil.example/x.sh',NULL,1,1763640000000000),(2,'https://a.example/','A',3,1763640000000000)",
		"INSERT INTO moz_historyvisits VALUES (1,0,2,1763640000000000,2,0),(2,1,1,1763640010000000,7,0)",
		"INSERT INTO moz_bookmarks VALUES (1,1,2,0,'A site',1763640020000000,1763640030000000),(2,3,NULL,0,NULL,1763640020000000,0),(3,2,NULL,0,'Folder',1763640040000000,1763640040000000)",
		"INSERT INTO moz_anno_attributes VALUES (4,'downloads/destinationFileURI'),(5,'downloads/metaData')",
		`INSERT INTO moz_annos VALUES (1,1,4,'file:///home/ann/x.sh',1763640011000000),(2,1,5,'{"state":1,"endTime":1763640012500,"fileSize":5}',1763640012000000),(3,1,5,'{"state":',0)`)
	es, in := eventsOf(t, path)
	want := []string{
		"2025-11-20T12:00:00 accessed : visit of https://a.example/ (A), typed",
		"2025-11-20T12:00:10 accessed : visit of https://evil.example/x.sh",
		"2025-11-20T12:00:11 started : download of https://evil.example/x.sh to /home/ann/x.sh",
		"2025-11-20T12:00:12.5 ended : end of the download of https://evil.example/x.sh: complete",
		"2025-11-20T12:00:20 born : bookmark A site added: https://a.example/",
		"2025-11-20T12:00:30 modified : bookmark A site changed: https://a.example/",
		"2025-11-20T12:00:40 born : folder of bookmarks Folder added",
	}
	if got := inWords(es); !slices.Equal(got, want) || in.Parser != "firefox.places" {
		t.Errorf("%+v:\n%s", in, strings.Join(got, "\n"))
	}
}

func TestSafari(t *testing.T) {
	path := madeDatabase(t, "History.db", "",
		"CREATE TABLE history_items (id INTEGER PRIMARY KEY AUTOINCREMENT,url TEXT NOT NULL UNIQUE,visit_count INTEGER NOT NULL)",
		"CREATE TABLE history_visits (id INTEGER PRIMARY KEY AUTOINCREMENT,history_item INTEGER NOT NULL REFERENCES history_items(id) ON DELETE CASCADE,visit_time REAL NOT NULL,title TEXT NULL,load_successful BOOLEAN NOT NULL DEFAULT 1,redirect_source INTEGER NULL)",
		"INSERT INTO history_items VALUES (1,'https://a.example/',2)",
		"INSERT INTO history_visits VALUES (1,1,785332800.25,'A',1,NULL),(2,1,785332900,NULL,0,1)")
	es, _ := eventsOf(t, path)
	want := []string{
		"2025-11-20T12:00:00.25 accessed : visit of https://a.example/ (A)",
		"2025-11-20T12:01:40 accessed : visit of https://a.example/",
	}
	if got := inWords(es); !slices.Equal(got, want) || es[1].Attributes.Get("outcome") != "failure" {
		t.Errorf("%s", strings.Join(got, "\n"))
	}
}

// TestBrowserCorpus: visits and downloads are as many as plaso's; the ends of
// downloads and the changes of bookmarks come on top.
func TestBrowserCorpus(t *testing.T) {
	for _, c := range []struct {
		file                  string
		events, ends, changed int
	}{
		{"chrome/History", 71, 0, 0},
		{"chrome/History-58.0.3029.96", 2, 1, 0},
		{"chrome/History-59.0.3071.86", 2, 1, 0},
		{"firefox/places.sqlite", 100, 0, 17}, // and 3 annotations of bookmarks that plaso counts
	} {
		es, in := eventsOf(t, filepath.Join(testkit.Corpus(t, "plaso/"+c.file), "plaso", c.file))
		ends, changed := 0, 0
		for _, e := range es {
			if e.TimeKind == timeline.Ended {
				ends++
			}
			if e.TimeKind == timeline.Modified {
				changed++
			}
		}
		if int(in.Events) != c.events+c.ends+c.changed || ends != c.ends || changed != c.changed || in.Rejected != 0 {
			t.Errorf("%s: %+v, %d ends, %d changed", c.file, in, ends, changed)
		}
	}
}
