package parse

import (
	"cmp"
	"encoding/json"
	"strconv"
	"time"

	"firebreak/forensics/formats/sqlite"
	"firebreak/timeline"
)

// windowsTimeline is what Windows 10 keeps of the use of programs and documents.
func windowsTimeline() dbFormat {
	likely := func(row *sqlite.Row) bool {
		return isLikely(rowTime(row.Value("StartTime"), time.Second)) && isLikely(rowTime(row.Value("LastModifiedTime"), time.Second))
	}
	return dbFormat{
		"windows.timeline",
		[]string{"ActivitiesCache.db"},
		[]string{"Activity", "ActivityOperation", "Activity_PackageId"},
		[]dbTable{{"Activity", tellActivity, likely}, {"ActivityOperation", tellActivity, likely}},
		About{
			Formats: "ActivitiesCache.db of Windows 10 and 11 (Timeline), with its write-ahead log",
			Events:  "an activity, and one that waits to be sent: started, and its end in `ended`; program, document, how long it was used, the text of the clipboard's kind but not its content. Deleted rows are recovered",
			Times:   "seconds, UTC", Reference: "libyal, dtformats, Windows 10 Timeline database; the schema of the files themselves", Oracle: "sqlite3: rows",
			Differs: "an operation that repeats an activity is an event too",
		},
	}
}

// activityKinds are the types of activities that are known.
var activityKinds = map[int64]string{2: "notification", 3: "backup", 5: "open", 6: "use", 10: "clipboard", 11: "system", 12: "system", 15: "system", 16: "copy or paste"}

func tellActivity(db *database, row *sqlite.Row) error {
	e := timeline.Event{
		Source: "process", Precision: timeline.Second, TimeKind: timeline.Started, Time: rowTime(row.Value("StartTime"), time.Second), User: db.pathOwner(),
	}
	if e.Time.IsZero() {
		e.Time, e.TimeKind = rowTime(row.Value("LastModifiedTime"), time.Second), timeline.Modified
	}
	n, _ := row.Value("ActivityType").Number()
	kind := activityKinds[n]
	if kind == "" {
		kind = "activity " + strconv.FormatInt(n, 10)
	}
	a := &e.Attributes
	app := activityProgram(blobOf(row.Value("AppId")))
	p := jsonMembers(blobOf(row.Value("Payload")), a, "displayText", "appDisplayName", "description", "contentUri", "activeDurationSeconds", "userTimezone")
	title, document, active := p["displayText"], p["contentUri"], p["activeDurationSeconds"]
	setAll(a, attrAction, "use", "exe", app, "kind", kind, "title", title, "about", p["description"], "document", document, "active_seconds", active,
		"zone", p["userTimezone"], "name", p["appDisplayName"], "device", text(row, "PlatformDeviceId"), "activity_id", text(row, "AppActivityId"))
	if end := rowTime(row.Value("EndTime"), time.Second); !end.IsZero() {
		a.Set("ended", end.Format(time.RFC3339))
	}
	e.Message = kind + " of " + named(app) + pre(": ", cmp.Or(title, document))
	if active != "" {
		e.Message += ", active for " + active + " s"
	}
	return db.put(row, e)
}

// blobOf is a value's bytes, whether it was stored as bytes or as text.
func blobOf(v sqlite.Value) []byte {
	if v.Kind == sqlite.Blob {
		return v.Bytes
	}
	return []byte(v.String())
}

// activityProgram is the program of an activity: its path, else its first name.
func activityProgram(b []byte) string {
	var list []struct{ Application, Platform string }
	if json.Unmarshal(b, &list) != nil {
		return ""
	}
	first := ""
	for _, one := range list {
		name := foreignText(one.Application)
		if one.Platform == "x_exe_path" && name != "" {
			return name
		}
		first = cmp.Or(first, name)
	}
	return first
}

// jsonMembers is the members of an object that are asked for, as text.
func jsonMembers(b []byte, a *timeline.Attributes, names ...string) map[string]string {
	out := map[string]string{}
	_ = eachMember(b, func(name string, raw []byte) error { // what is no object has none
		for _, n := range names {
			if n == name {
				out[n] = foreignText(jsonText(raw, a))
			}
		}
		return nil
	})
	return out
}
