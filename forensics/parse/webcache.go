package parse

import (
	"path"
	"strconv"
	"strings"
	"time"

	"firebreak/forensics/formats/ese"
	"firebreak/timeline"
)

// webCache is what Internet Explorer 10 and later, the old Edge and everything
// that asks WinINet keep: pages visited, files opened in Explorer (file:///),
// cookies, what lies in the cache, downloads.
func webCache() eseFormat {
	return eseFormat{
		"webcache",
		[]string{"webcachev*.dat"},
		"Containers", readWebCache,
		About{
			Formats:   "WebCacheV01.dat and its kin of Internet Explorer 10 and later, Edge (legacy) and WinINet",
			Events:    "an entry of a container: accessed; where it has no such time, modified, born or synchronised (logged). `container` says of which: History (files that were opened too), Content, Cookies, iedownload, …",
			Times:     "100 ns, UTC",
			Reference: "libyal, esedb-kb, Internet Explorer WebCache database",
		},
	}
}

const maxContainers = 4096

// container is a table of entries.
type webContainer struct {
	table, name, directory string
}

func readWebCache(db *eseFile) error {
	var all []webContainer
	err := db.rows("Containers", func(row *ese.Row) error {
		if row.Recovered || len(all) >= maxContainers {
			return nil
		}
		id, _ := row.Value("ContainerId").Number()
		all = append(all, webContainer{"Container_" + strconv.FormatInt(id, 10), eseText(row, "Name"), eseText(row, "Directory")})
		return nil
	})
	if err != nil {
		return err
	}
	for _, c := range all {
		if err := db.rows(c.table, func(row *ese.Row) error { return db.webEntry(row, c) }); err != nil {
			return err
		}
	}
	return nil
}

func (db *eseFile) webEntry(row *ese.Row, c webContainer) error {
	url := eseText(row, "Url")
	if url == "" {
		return nil // the settings of an application, no entry
	}
	e := timeline.Event{Source: "browser", Precision: timeline.Nanosecond, User: db.pathOwner()}
	e.Time, e.TimeKind = webTime(row)
	a := &e.Attributes
	user, address := webURL(url, c.name)
	action := "load"
	switch {
	case strings.HasPrefix(c.name, "MSHist"), c.name == "History":
		action = "visit"
		e.Message = "visit of " + address
		if strings.HasPrefix(address, "file:") {
			action, e.Message = "open", "opened "+address
		}
	case c.name == "Cookies":
		action = "cookie"
		e.Message = "cookie of " + address
	case c.name == "iedownload":
		action = "download"
		e.Message = "download of " + address
		setAll(a, "response", downloadText(row.Value("ResponseHeaders").Bytes))
	default:
		e.Message = "in the cache (" + named(c.name) + "): " + address
	}
	setAll(a, attrAction, action, "url", address, "container", c.name, "file", eseText(row, "Filename"))
	if e.User == "" {
		e.User = user
	}
	if user != "" {
		a.Set("account", user)
	}
	for name, column := range map[string]string{"created": "CreationTime", "modified": "ModifiedTime", "expires": "ExpiryTime", "synchronised": "SyncTime"} {
		if t := eseTime(row, column); !t.IsZero() && !t.Equal(e.Time) {
			a.Set(name, t.Format(time.RFC3339))
		}
	}
	setCount(a, "count", eseNumber(row, "AccessCount"))
	setCount(a, "bytes", eseNumber(row, "FileSize"))
	if f := eseText(row, "Filename"); f != "" && c.directory != "" {
		a.Set("path", path.Join(strings.ReplaceAll(c.directory, `\`, "/"), f))
	}
	return db.put(row, e)
}

// webTime is the first of an entry's times that it has.
func webTime(row *ese.Row) (time.Time, timeline.TimeKind) {
	for _, c := range []struct {
		column string
		kind   timeline.TimeKind
	}{{"AccessedTime", timeline.Accessed}, {"ModifiedTime", timeline.Modified}, {"CreationTime", timeline.Born}, {"SyncTime", timeline.Logged}} {
		if t := eseTime(row, c.column); !t.IsZero() {
			return t, c.kind
		}
	}
	return time.Time{}, timeline.Undated
}

// webURL takes an address apart from what a history puts in front of it:
// "Visited: bob@https://…", ":2023082020230821: bob@file:///…".
func webURL(text, container string) (user, address string) {
	if container != "History" && !strings.HasPrefix(container, "MSHist") {
		return "", text
	}
	_, rest, ok := strings.Cut(text, ": ")
	if !ok || !strings.HasPrefix(text, "Visited") && !strings.HasPrefix(text, ":") {
		return "", text
	}
	if user, address, ok = strings.Cut(rest, "@"); ok && !strings.ContainsAny(user, ":/") {
		return user, address
	}
	return "", rest
}

// downloadText is what a download keeps of itself: texts of UTF-16 among numbers.
func downloadText(b []byte) string {
	var out []string
	var run []byte
	end := func() {
		if len(run) >= 6 {
			out = append(out, string(run))
		}
		run = run[:0]
	}
	for i := 0; i+1 < min(len(b), maxWinList); i += 2 {
		if b[i+1] == 0 && b[i] >= 0x20 && b[i] < 0x7f {
			run = append(run, b[i])
		} else {
			end()
		}
	}
	end()
	text, _ := listed(out)
	return text
}
