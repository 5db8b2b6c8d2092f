package parse

import (
	"strings"
	"time"

	"firebreak/forensics/formats/sqlite"
	"firebreak/timeline"
)

// chromiumLogins is Login Data: for which sites a browser keeps a password. The
// password itself is never read. Times are microseconds since 1601.
func chromiumLogins() dbFormat {
	return dbFormat{
		"chromium.logins",
		[]string{"Login Data", "Login Data For Account"},
		[]string{"logins"},
		[]dbTable{{"logins", tellChromiumLogin, func(row *sqlite.Row) bool {
			return strings.Contains(row.Value("origin_url").String(), ":") && isLikely(webKitTime(row.Value("date_created")))
		}}},
		About{
			Formats: "Login Data of Chromium and its kin, with its write-ahead log",
			Events:  "a login that is kept: born when it was, accessed when it was used last, modified when its password was changed; the password is never read",
			Times:   "microseconds (old versions: seconds), UTC", Reference: "components/password_manager/core/browser of Chromium",
		},
	}
}

func tellChromiumLogin(db *database, row *sqlite.Row) error {
	url, user := text(row, "origin_url"), text(row, "username_value")
	e := timeline.Event{Source: "browser", Precision: timeline.Microsecond, TimeKind: timeline.Born, User: browserUser(db.src.Exhibit.Source)}
	never, _ := row.Value("blacklisted_by_user").Number()
	e.Message = "login " + named(user) + " kept for " + named(url)
	if never == 1 {
		e.Message = "no login is to be kept for " + named(url)
	}
	setAll(&e.Attributes, attrAction, "create", "url", url, "account", user, "realm", text(row, "signon_realm"), "times_used", row.Value("times_used").String())
	made := webKitTime(row.Value("date_created"))
	if made.IsZero() {
		made, e.Precision = rowTime(row.Value("date_created"), time.Second), timeline.Second
	}
	e.Time = made
	told := made
	if err := db.putCopy(row, e); err != nil {
		return err
	}
	for _, more := range []struct {
		column, action, words string
		kind                  timeline.TimeKind
	}{{"date_last_used", "access", "last use of the ", timeline.Accessed}, {"date_password_modified", "modify", "new password of the ", timeline.Modified}} {
		at := webKitTime(row.Value(more.column))
		if at.IsZero() || at.Equal(told) {
			continue
		}
		next := e
		next.Attributes = append(timeline.Attributes(nil), e.Attributes...)
		next.Time, next.Precision, next.TimeKind, next.Message = at, timeline.Microsecond, more.kind, more.words+e.Message
		next.Attributes.Set(attrAction, more.action)
		if err := db.put(row, next); err != nil {
			return err
		}
	}
	return nil
}

// putCopy takes an event that goes on being used.
func (db *database) putCopy(row *sqlite.Row, e timeline.Event) error {
	e.Attributes = append(timeline.Attributes(nil), e.Attributes...)
	return db.put(row, e)
}

// firefoxForms is formhistory.sqlite: what was typed into fields. Times are
// microseconds since 1970.
func firefoxForms() dbFormat {
	return dbFormat{
		"firefox.forms",
		[]string{"formhistory.sqlite"},
		[]string{"moz_formhistory"},
		[]dbTable{{"moz_formhistory", tellFirefoxForm, func(row *sqlite.Row) bool {
			return row.Value("fieldname").Kind == sqlite.Text && isLikely(rowTime(row.Value("firstUsed"), time.Microsecond))
		}}},
		About{
			Formats: "formhistory.sqlite of Firefox, with its write-ahead log",
			Events:  "what was typed into a field: born when it was first, accessed when it was last; deleted rows are recovered. Fields that are named as secrets (passwords, cards, codes) keep their value for themselves",
			Times:   "microseconds, UTC", Reference: "toolkit/components/satchel of Firefox",
		},
	}
}

func tellFirefoxForm(db *database, row *sqlite.Row) error {
	field, value := text(row, "fieldname"), text(row, "value")
	if isSecretField(field) {
		value = "(not copied)"
	}
	e := timeline.Event{
		Source: "browser", Time: rowTime(row.Value("firstUsed"), time.Microsecond), Precision: timeline.Microsecond, TimeKind: timeline.Born,
		User: browserUser(db.src.Exhibit.Source), Message: "typed into " + named(field) + ": " + named(value),
	}
	setAll(&e.Attributes, attrAction, "create", "field", field, "value", value, "times_used", row.Value("timesUsed").String())
	if err := db.putCopy(row, e); err != nil {
		return err
	}
	last := rowTime(row.Value("lastUsed"), time.Microsecond)
	if last.IsZero() || last.Equal(e.Time) {
		return nil
	}
	e.Time, e.TimeKind, e.Message = last, timeline.Accessed, "last "+e.Message
	e.Attributes.Set(attrAction, "access")
	return db.put(row, e)
}

// isSecretField says whether what a field is named for must not be shown.
func isSecretField(name string) bool {
	name = strings.ToLower(name)
	for _, word := range []string{"pass", "pwd", "secret", "token", "otp", "cvv", "cvc", "cvn", "card", "iban", "pin", "ssn", "cc-", "ccnum"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

// zeitgeistActivity is the log of Zeitgeist: which documents were used, by which
// programs. Times are milliseconds since 1970.
func zeitgeistActivity() dbFormat {
	return dbFormat{
		"zeitgeist",
		[]string{"activity.sqlite"},
		[]string{"event", "uri", "interpretation", "manifestation"},
		[]dbTable{{"event", tellZeitgeist, func(row *sqlite.Row) bool {
			return isLikely(rowTime(row.Value("timestamp"), time.Millisecond))
		}}},
		About{
			Formats: "activity.sqlite of Zeitgeist, with its write-ahead log",
			Events:  "a use of a document: accessed, born, modified or logged, as Zeitgeist says; a row for each document of an event",
			Times:   "milliseconds, UTC", Reference: "zeitgeist, libzeitgeist/table-lookup and sql-schema",
		},
	}
}

func tellZeitgeist(db *database, row *sqlite.Row) error {
	of := map[string]string{}
	for column, table := range map[string]string{
		"interpretation": "interpretation", "manifestation": "manifestation", "actor": "actor", "subj_id": "uri", "subj_text": "text",
		"subj_mimetype": "mimetype", "subj_origin": "uri",
	} {
		id, ok := row.Value(column).Number()
		t, err := db.table(table)
		if err != nil {
			return err
		}
		if !ok || t == nil {
			continue
		}
		var found sqlite.Row
		ok, err = db.file.Lookup(t, id, &found)
		if err != nil {
			return err
		}
		if ok {
			of[column] = text(&found, "value")
		}
	}
	word := of["interpretation"][strings.LastIndexAny(of["interpretation"], "#/")+1:]
	e := timeline.Event{
		Source: "file", Time: rowTime(row.Value("timestamp"), time.Millisecond), Precision: timeline.Millisecond, TimeKind: timeline.Logged,
		User: browserUser(db.src.Exhibit.Source),
	}
	action := "access"
	switch word {
	case "CreateEvent":
		action, e.TimeKind = "create", timeline.Born
	case "ModifyEvent":
		action, e.TimeKind = "modify", timeline.Modified
	case "DeleteEvent":
		action = "delete"
	case "MoveEvent":
		action = "rename"
	case "AccessEvent":
		e.TimeKind = timeline.Accessed
	}
	uri, program := of["subj_id"], strings.TrimPrefix(of["actor"], "application://")
	e.Message = say(action, "of", named(uri), pre("by ", program), post(of["subj_text"]))
	setAll(&e.Attributes, attrAction, action, "url", uri, "process", program, "title", of["subj_text"], "mime", of["subj_mimetype"],
		"interpretation", of["interpretation"], "manifestation", of["manifestation"])
	if path, ok := strings.CutPrefix(uri, "file://"); ok {
		setAll(&e.Attributes, "path", path)
	}
	return db.put(row, e)
}
