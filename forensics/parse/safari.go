package parse

import (
	"firebreak/forensics/formats/sqlite"
)

// safariHistory is Safari's History.db. Times are seconds since 2001 with a
// fraction, in UTC.
func safariHistory() dbFormat {
	return dbFormat{
		"safari.history",
		[]string{"History.db"},
		[]string{"history_items", "history_visits"},
		[]dbTable{{"history_visits", tellSafariVisit, func(row *sqlite.Row) bool {
			item, ok := row.Value("history_item").Number()
			return ok && item > 0 && row.Value("visit_time").Kind == sqlite.Real && isLikely(cocoaTime(row.Value("visit_time")))
		}}},
		About{
			Formats: "History.db of Safari 8 to today, with its write-ahead log", Events: "a visit: accessed; deleted ones are recovered",
			Times: "microseconds, UTC", Reference: "the schema of the files themselves", Oracle: "sqlite3",
		},
	}
}

func tellSafariVisit(db *database, row *sqlite.Row) error {
	v := visit{at: cocoaTime(row.Value("visit_time"))}
	v.page, _ = row.Value("history_item").Number()
	if err := db.page(&v, "history_items", v.page); err != nil {
		return err
	}
	if title := text(row, "title"); title != "" {
		v.title = title
	}
	if from, ok := row.Value("redirect_source").Number(); ok && from > 0 {
		v.how = "redirected"
	}
	e := v.event(db.job)
	if n, ok := row.Value("load_successful").Number(); ok {
		outcome := "failure"
		if n == 1 {
			outcome = "success"
		}
		e.Attributes.Set(attrOutcome, outcome)
	}
	return db.put(row, e)
}
