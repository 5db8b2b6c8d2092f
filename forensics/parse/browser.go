package parse

import (
	"strconv"
	"strings"
	"time"

	"firebreak/forensics/formats/sqlite"
	"firebreak/timeline"
)

// Times of browsers.
const (
	webKitEpoch = 11644473600 // seconds from 1601 to 1970
	cocoaEpoch  = 978307200   // seconds from 1970 to 2001
)

// webKitTime is a time of microseconds since 1601.
func webKitTime(v sqlite.Value) time.Time {
	n, ok := v.Number()
	if !ok || n <= webKitEpoch*1_000_000 || n > (webKitEpoch+maxSeconds)*1_000_000 {
		return time.Time{}
	}
	n -= webKitEpoch * 1_000_000
	return time.Unix(n/1_000_000, n%1_000_000*1000).UTC()
}

// cocoaTime is a time of seconds since 2001, with a fraction.
func cocoaTime(v sqlite.Value) time.Time {
	f, ok := v.Float()
	if !ok || f <= -cocoaEpoch || f > maxSeconds-cocoaEpoch {
		return time.Time{}
	}
	micro := int64(f*1e6) + cocoaEpoch*1_000_000
	return time.Unix(micro/1_000_000, micro%1_000_000*1000).UTC()
}

// isLikely says whether a time that a deleted row seems to have can be one.
func isLikely(t time.Time) bool { return t.Year() >= 1995 && t.Year() <= 2100 }

// visit is one visit of a page, whatever the browser.
type visit struct {
	at         time.Time
	url, title string
	page       int64 // the row of the page
	how        string
	typed      bool
	duration   time.Duration
}

func (v visit) event(j *job) timeline.Event {
	e := timeline.Event{
		Source: "browser", Time: v.at, Precision: timeline.Microsecond, TimeKind: timeline.Accessed, User: browserUser(j.src.Exhibit.Source),
	}
	a := &e.Attributes
	a.Set(attrAction, "visit")
	if v.url == "" {
		e.Message = "visit of a page whose own row is gone (" + strconv.FormatInt(v.page, 10) + ")"
	} else {
		a.Set("url", v.url)
		e.Message = "visit of " + v.url
	}
	if v.title != "" {
		a.Set("title", v.title)
		e.Message += " (" + v.title + ")"
	}
	if v.how != "" {
		a.Set("transition", v.how)
	}
	if v.typed {
		e.Message += ", typed"
	}
	if v.duration > 0 {
		a.Set("took_s", strconv.FormatFloat(v.duration.Seconds(), 'f', -1, 64))
	}
	return e
}

// download is one download, whatever the browser.
type download struct {
	began, ended time.Time
	url, referer string
	path         string
	bytes, total string
	state        string
	outcome      string
	more         map[string]string
}

func (d download) put(db *database, row *sqlite.Row, precision timeline.Precision) error {
	e := timeline.Event{
		Source: "browser", Time: d.began, Precision: precision, TimeKind: timeline.Started, User: browserUser(db.src.Exhibit.Source),
		Message: "download of " + named(d.url) + " to " + named(d.path),
	}
	a := &e.Attributes
	a.Set(attrAction, "download")
	for name, value := range map[string]string{
		"url": d.url, "path": d.path, "referer": d.referer, "bytes": d.bytes, "bytes_total": d.total, "state": d.state, attrOutcome: d.outcome,
	} {
		if value != "" {
			a.Set(name, value)
		}
	}
	for name, value := range d.more {
		if value != "" {
			a.Set(name, value)
		}
	}
	if d.state != "" {
		e.Message += ": " + d.state
	}
	end := e
	end.Attributes = append(timeline.Attributes(nil), e.Attributes...)
	if err := db.put(row, e); err != nil || d.ended.IsZero() || d.ended.Equal(d.began) {
		return err
	}
	end.Time, end.TimeKind, end.Message = d.ended, timeline.Ended, "end of the "+e.Message
	return db.put(row, end)
}

// browserUser is the owner of the home that the file lay in.
func browserUser(source string) string { return homeOf(strings.ReplaceAll(source, `\`, "/")) }
