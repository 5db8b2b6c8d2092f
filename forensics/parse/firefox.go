package parse

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"firebreak/forensics/formats/sqlite"
	"firebreak/timeline"
)

// firefoxPlaces is places.sqlite of Firefox and its kin: toolkit/components/places
// in its source. Times are microseconds since 1970 in UTC.
func firefoxPlaces() dbFormat {
	return dbFormat{
		"firefox.places",
		[]string{"places.sqlite"},
		[]string{"moz_places", "moz_historyvisits"},
		[]dbTable{
			{"moz_historyvisits", tellFirefoxVisit, func(row *sqlite.Row) bool {
				page, ok := row.Value("place_id").Number()
				return ok && page > 0 && isLikely(rowTime(row.Value("visit_date"), time.Microsecond))
			}},
			{"moz_places", tellFirefoxPlace, func(row *sqlite.Row) bool {
				at := rowTime(row.Value("last_visit_date"), time.Microsecond)
				return strings.Contains(row.Value("url").String(), ":") && (at.IsZero() || isLikely(at))
			}},
			{"moz_bookmarks", tellFirefoxBookmark, func(row *sqlite.Row) bool {
				return isLikely(rowTime(row.Value("dateAdded"), time.Microsecond))
			}},
			{"moz_annos", tellFirefoxAnno, nil},
		},
		About{
			Formats: "places.sqlite of Firefox 3 to today, with its write-ahead log",
			Events:  "a visit: accessed; a bookmark or folder: born, and modified where that differs; a download: started, and ended where its end is known; deleted visits, pages and bookmarks are recovered",
			Times:   "microseconds, UTC", Reference: "toolkit/components/places of Firefox", Oracle: "plaso; sqlite3",
			Differs: "plaso counts annotations of bookmarks; here the change of a bookmark is an event of its own",
		},
	}
}

// firefoxDownloads is downloads.sqlite, which Firefox had up to version 25.
func firefoxDownloads() dbFormat {
	return dbFormat{
		"firefox.downloads",
		[]string{"downloads.sqlite"},
		[]string{"moz_downloads"},
		[]dbTable{{"moz_downloads", tellFirefoxDownload, func(row *sqlite.Row) bool {
			return isLikely(rowTime(row.Value("startTime"), time.Microsecond))
		}}},
		About{
			Formats: "downloads.sqlite of Firefox 3 to 25", Events: "a download: started, and ended", Times: "microseconds, UTC",
			Reference: "toolkit/components/downloads of Firefox 20",
		},
	}
}

func tellFirefoxVisit(db *database, row *sqlite.Row) error {
	v := visit{at: rowTime(row.Value("visit_date"), time.Microsecond)}
	v.page, _ = row.Value("place_id").Number()
	if err := db.page(&v, "moz_places", v.page); err != nil {
		return err
	}
	names := []string{"", "link", "typed", "bookmark", "embedded", "redirected for good", "redirected", "download", "link in a frame", "reload"}
	if n, ok := row.Value("visit_type").Number(); ok && n > 0 && n < int64(len(names)) {
		v.how, v.typed = names[n], n == 2
	}
	return db.put(row, v.event(db.job))
}

// tellFirefoxPlace tells of pages that were deleted.
func tellFirefoxPlace(db *database, row *sqlite.Row) error {
	if !row.Recovered {
		return nil
	}
	v := visit{at: rowTime(row.Value("last_visit_date"), time.Microsecond), url: text(row, "url"), title: text(row, "title")}
	e := v.event(db.job)
	e.Message = "last " + e.Message
	e.Attributes.Set("visits", row.Value("visit_count").String())
	return db.put(row, e)
}

func tellFirefoxBookmark(db *database, row *sqlite.Row) error {
	kind, _ := row.Value("type").Number()
	what := map[int64]string{1: "bookmark", 2: "folder of bookmarks"}[kind]
	if what == "" {
		return nil // a separator
	}
	var v visit
	if fk, ok := row.Value("fk").Number(); ok {
		if err := db.page(&v, "moz_places", fk); err != nil {
			return err
		}
	}
	e := timeline.Event{
		Source: "browser", Time: rowTime(row.Value("dateAdded"), time.Microsecond), Precision: timeline.Microsecond, TimeKind: timeline.Born,
		User: browserUser(db.src.Exhibit.Source), Message: what + " " + named(text(row, "title")) + " added",
	}
	e.Attributes.Set(attrAction, "create")
	if title := text(row, "title"); title != "" {
		e.Attributes.Set("title", title)
	}
	if v.url != "" {
		e.Message += ": " + v.url
		e.Attributes.Set("url", v.url)
	}
	changed := e
	changed.Attributes = append(timeline.Attributes(nil), e.Attributes...)
	if err := db.put(row, e); err != nil {
		return err
	}
	if changed.Time = rowTime(row.Value("lastModified"), time.Microsecond); changed.Time.IsZero() || changed.Time.Equal(e.Time) {
		return nil
	}
	changed.TimeKind = timeline.Modified
	changed.Message = strings.Replace(e.Message, " added", " changed", 1)
	changed.Attributes.Set(attrAction, "modify")
	return db.put(row, changed)
}

// tellFirefoxAnno reads what newer versions keep of downloads: the file a page
// went to, and how that ended.
func tellFirefoxAnno(db *database, row *sqlite.Row) error {
	names, err := db.table("moz_anno_attributes")
	if err != nil {
		return err
	}
	id, _ := row.Value("anno_attribute_id").Number()
	var of sqlite.Row
	found, err := db.file.Lookup(names, id, &of)
	if err != nil || !found {
		return err
	}
	name := of.Value("name").String()
	if name != "downloads/destinationFileURI" && name != "downloads/metaData" {
		return nil
	}
	var v visit
	page, _ := row.Value("place_id").Number()
	if err := db.page(&v, "moz_places", page); err != nil {
		return err
	}
	d := download{began: rowTime(row.Value("dateAdded"), time.Microsecond), url: v.url, more: map[string]string{}}
	if name == "downloads/destinationFileURI" {
		d.path = strings.TrimPrefix(text(row, "content"), "file://")
		return d.put(db, row, timeline.Microsecond)
	}
	var meta struct {
		State    int   `json:"state"`
		EndTime  int64 `json:"endTime"` // milliseconds
		FileSize int64 `json:"fileSize"`
	}
	if json.Unmarshal(row.Value("content").Bytes, &meta) != nil || meta.EndTime <= 0 || meta.EndTime > maxSeconds*1000 {
		return nil
	}
	d.state, d.outcome = firefoxState(int64(meta.State))
	d.bytes = strconv.FormatInt(meta.FileSize, 10)
	e := timeline.Event{
		Source: "browser", Time: time.UnixMilli(meta.EndTime).UTC(), Precision: timeline.Millisecond, TimeKind: timeline.Ended,
		User: browserUser(db.src.Exhibit.Source), Message: "end of the download of " + named(d.url) + ": " + d.state,
	}
	for name, value := range map[string]string{attrAction: "download", attrOutcome: d.outcome, "url": d.url, "bytes": d.bytes, "state": d.state} {
		if value != "" {
			e.Attributes.Set(name, value)
		}
	}
	return db.put(row, e)
}

func tellFirefoxDownload(db *database, row *sqlite.Row) error {
	d := download{
		began: rowTime(row.Value("startTime"), time.Microsecond), ended: rowTime(row.Value("endTime"), time.Microsecond),
		url: text(row, "source"), path: strings.TrimPrefix(text(row, "target"), "file://"), referer: text(row, "referrer"),
		bytes: row.Value("currBytes").String(), total: row.Value("maxBytes").String(), more: map[string]string{"mime": text(row, "mimeType")},
	}
	if n, ok := row.Value("state").Number(); ok {
		d.state, d.outcome = firefoxState(n)
	}
	return d.put(db, row, timeline.Microsecond)
}

// firefoxState is the state of a download (nsIDownloadManager.idl).
func firefoxState(n int64) (state, outcome string) {
	switch n {
	case 0, 5, 7:
		return "in progress", ""
	case 1:
		return "complete", "success"
	case 2:
		return "failed", "failure"
	case 3:
		return "cancelled", "failure"
	case 4:
		return "paused", ""
	case 6, 8, 9:
		return "blocked", "failure"
	}
	return strconv.FormatInt(n, 10), ""
}
