package parse

import (
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"firebreak/forensics/formats/sqlite"
	"firebreak/timeline"
)

// chromiumHistory is the History of Chromium, Chrome, Edge, Brave, Opera, Vivaldi:
// components/history/core/browser in its source. Times are microseconds since
// 1601 in UTC; downloads of the earliest versions have seconds since 1970.
func chromiumHistory() dbFormat {
	return dbFormat{
		"chromium.history",
		[]string{"History"},
		[]string{"urls", "visits", "visit_source"},
		[]dbTable{
			{"visits", tellChromiumVisit, func(row *sqlite.Row) bool {
				url, ok := row.Value("url").Number()
				return ok && url > 0 && isLikely(webKitTime(row.Value("visit_time")))
			}},
			{"urls", tellChromiumURL, func(row *sqlite.Row) bool {
				at := webKitTime(row.Value("last_visit_time"))
				return strings.Contains(row.Value("url").String(), ":") && (at.IsZero() || isLikely(at))
			}},
			{"downloads", tellChromiumDownload, func(row *sqlite.Row) bool { return isLikely(chromiumBegan(row)) }},
		},
		About{
			Formats: "History of Chromium and its kin (Chrome, Edge, Brave, Opera), versions 8 to today, with its write-ahead log",
			Events:  "a visit: accessed; a download: started, and ended where its end is known; deleted visits, pages and downloads are recovered",
			Times:   "microseconds (old downloads: seconds), UTC", Reference: "components/history/core/browser of Chromium", Oracle: "plaso; sqlite3",
			Differs: "plaso counts a download once; here its end is an event of its own",
		},
	}
}

func tellChromiumVisit(db *database, row *sqlite.Row) error {
	v := visit{at: webKitTime(row.Value("visit_time"))}
	v.page, _ = row.Value("url").Number()
	if err := db.page(&v, "urls", v.page); err != nil {
		return err
	}
	transition, _ := row.Value("transition").Number()
	v.how = chromiumTransition(transition)
	v.typed = transition&0xff == 1
	if n, ok := row.Value("visit_duration").Number(); ok && n > 0 && n < int64(1e15) {
		v.duration = time.Duration(n) * time.Microsecond
	}
	return db.put(row, v.event(db.job))
}

// page fills in the address and title of a page.
func (db *database) page(v *visit, table string, id int64) error {
	t, err := db.table(table)
	if err != nil {
		return err
	}
	var row sqlite.Row
	found, err := db.file.Lookup(t, id, &row)
	if err != nil || !found {
		return err
	}
	v.url, v.title = text(&row, "url"), text(&row, "title")
	return nil
}

// tellChromiumURL tells of pages that were deleted; those that are there are told
// by their visits.
func tellChromiumURL(db *database, row *sqlite.Row) error {
	if !row.Recovered {
		return nil
	}
	v := visit{at: webKitTime(row.Value("last_visit_time")), url: text(row, "url"), title: text(row, "title")}
	e := v.event(db.job)
	e.Message = "last " + e.Message
	e.Attributes.Set("visits", row.Value("visit_count").String())
	return db.put(row, e)
}

// chromiumTransition is how a person came to a page (ui/base/page_transition_types.h).
func chromiumTransition(t int64) string {
	names := []string{
		"link", "typed", "bookmark", "subframe", "subframe, by hand", "generated", "start page", "form", "reload", "keyword", "keyword, generated",
	}
	core := t & 0xff
	if core < 0 || core >= int64(len(names)) {
		return ""
	}
	name := names[core]
	if t&0xc0000000 != 0 {
		name += ", redirected"
	}
	return name
}

func chromiumBegan(row *sqlite.Row) time.Time {
	if at := webKitTime(row.Value("start_time")); !at.IsZero() {
		return at
	}
	return rowTime(row.Value("start_time"), time.Second)
}

func tellChromiumDownload(db *database, row *sqlite.Row) error {
	d := download{
		began: chromiumBegan(row), ended: webKitTime(row.Value("end_time")),
		url: text(row, "url"), path: text(row, "target_path"), referer: text(row, "referrer"),
		bytes: row.Value("received_bytes").String(), total: row.Value("total_bytes").String(),
		more: map[string]string{
			"mime": text(row, "mime_type"), "tab_url": text(row, "tab_url"), "extension": text(row, "by_ext_id"),
			"danger": chromiumDanger(row.Value("danger_type")), "sha256": hex.EncodeToString(row.Value("hash").Bytes),
		},
	}
	if n, _ := row.Value("opened").Number(); n == 1 {
		d.more["opened"] = "yes"
	}
	if d.path == "" {
		d.path = text(row, "full_path")
	}
	if d.url == "" && !row.Recovered {
		if err := db.chain(&d, row.ID); err != nil {
			return err
		}
	}
	precision := timeline.Microsecond
	if n, _ := row.Value("start_time").Number(); n < 1e12 {
		precision = timeline.Second
	}
	switch n, ok := row.Value("state").Number(); {
	case !ok:
	case n == 0:
		d.state = "in progress"
	case n == 1:
		d.state, d.outcome = "complete", "success"
	case n == 2:
		d.state, d.outcome = "cancelled", "failure"
	default:
		d.state, d.outcome = "interrupted", "failure"
	}
	return d.put(db, row, precision)
}

// chain finds the addresses that a download was redirected over: the first is
// what was asked for, the last where the bytes came from.
func (db *database) chain(d *download, id int64) error {
	if db.chains == nil {
		t, err := db.table("downloads_url_chains")
		if err != nil {
			return err
		}
		db.chains = map[int64][]string{}
		if t != nil {
			err = db.file.Rows(db.ctx, t, func(row *sqlite.Row) error {
				of, _ := row.Value("id").Number()
				if len(db.chains) < maxChains && len(db.chains[of]) < 32 {
					db.chains[of] = append(db.chains[of], text(row, "url"))
				}
				return nil
			}, func(offset int64, err error) error { db.reject(offset, nil, err.Error()); return nil })
			if err != nil {
				return err
			}
		}
	}
	urls := db.chains[id]
	if n := len(urls); n > 0 {
		d.url = urls[n-1]
		if n > 1 {
			d.more["asked_url"] = urls[0]
		}
	}
	return nil
}

// maxChains is how many downloads' addresses are kept in memory.
const maxChains = 100_000

// chromiumDanger is what the browser thought of a download
// (components/download/public/common/download_danger_type.h).
func chromiumDanger(v sqlite.Value) string {
	n, ok := v.Number()
	names := []string{
		"", "dangerous file", "dangerous address", "dangerous content", "maybe dangerous content", "uncommon content",
		"kept by the user", "dangerous host", "potentially unwanted",
	}
	switch {
	case !ok || n <= 0:
		return ""
	case n < int64(len(names)):
		return names[n]
	}
	return strconv.FormatInt(n, 10)
}
