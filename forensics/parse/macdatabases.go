package parse

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"firebreak/forensics/formats/sqlite"
	"firebreak/timeline"
)

// setAll sets the attributes that have a value; they come in pairs.
func setAll(a *timeline.Attributes, pairs ...string) {
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			a.Set(pairs[i], pairs[i+1])
		}
	}
}

// macQuarantine is what LaunchServices notes of files that came from elsewhere.
// Times are seconds since 2001 with a fraction, in UTC.
func macQuarantine() dbFormat {
	return dbFormat{
		"macos.quarantine",
		[]string{"com.apple.LaunchServices.QuarantineEventsV2", "com.apple.LaunchServices.QuarantineEvents"},
		[]string{"LSQuarantineEvent"},
		[]dbTable{{"LSQuarantineEvent", tellQuarantine, func(row *sqlite.Row) bool {
			return row.Value("LSQuarantineTimeStamp").Kind == sqlite.Real && isLikely(cocoaTime(row.Value("LSQuarantineTimeStamp")))
		}}},
		About{
			Formats: "QuarantineEvents and QuarantineEventsV2 of macOS, with the write-ahead log",
			Events:  "a file that came from elsewhere: logged, with who took it in, from which address and page; deleted rows are recovered",
			Times:   "microseconds, UTC", Reference: "LSQuarantine.h; the schema of the files themselves",
			Differs: "the file's name is not in the database: its attribute com.apple.quarantine has the same `quarantine_id`",
		},
	}
}

func tellQuarantine(db *database, row *sqlite.Row) error {
	agent := text(row, "LSQuarantineAgentName")
	url, page := text(row, "LSQuarantineDataURLString"), text(row, "LSQuarantineOriginURLString")
	sender := strings.TrimSpace(text(row, "LSQuarantineSenderName") + " " + post(text(row, "LSQuarantineSenderAddress")))
	e := timeline.Event{
		Source: "file", Time: cocoaTime(row.Value("LSQuarantineTimeStamp")), Precision: timeline.Microsecond, TimeKind: timeline.Logged,
		User: browserUser(db.src.Exhibit.Source),
	}
	names := []string{"web download", "download", "mail attachment", "message attachment", "calendar attachment", "attachment"}
	kind := "file"
	if n, ok := row.Value("LSQuarantineTypeNumber").Number(); ok && n >= 0 && n < int64(len(names)) {
		kind = names[n]
	}
	e.Message = kind + " taken in by " + named(agent)
	if from := cmp.Or(url, page, sender, text(row, "LSQuarantineOriginTitle")); from != "" {
		e.Message += " from " + from
	}
	setAll(&e.Attributes, attrAction, "download", "process", agent, "bundle", text(row, "LSQuarantineAgentBundleIdentifier"), "url", url,
		"referer", page, "sender", sender, "title", text(row, "LSQuarantineOriginTitle"), "quarantine_kind", kind,
		"quarantine_id", text(row, "LSQuarantineEventIdentifier"))
	return db.put(row, e)
}

// macTCC is TCC.db: what programs may do that touches privacy. Times are seconds
// in UTC; versions before macOS 10.14 have none.
func macTCC() dbFormat {
	return dbFormat{
		"macos.tcc",
		[]string{"TCC.db"},
		[]string{"access", "admin"},
		[]dbTable{
			{"access", tellTCC, func(row *sqlite.Row) bool {
				return strings.HasPrefix(row.Value("service").String(), "kTCCService") && row.Value("client").Kind == sqlite.Text
			}},
			{"access_overrides", func(db *database, row *sqlite.Row) error {
				e := timeline.Event{Source: "audit", Message: "access to " + tccService(text(row, "service")) + " is open to every program"}
				setAll(&e.Attributes, attrAction, "grant", "service", text(row, "service"))
				return db.put(row, e)
			}, nil},
		},
		About{
			Formats: "TCC.db of macOS 10.8 to today: `allowed`, and `auth_value` with its reason",
			Events:  "a right that a program was given or refused: modified; undated where the version keeps no time; deleted rows are recovered",
			Times:   "seconds, UTC", Reference: "the schema of the files themselves",
			Differs: "an expired right (access_times, expired) is not told",
		},
	}
}

// tccService is the name of a service without what all of them begin with.
func tccService(s string) string { return strings.TrimPrefix(s, "kTCCService") }

func tellTCC(db *database, row *sqlite.Row) error {
	service, client := text(row, "service"), text(row, "client")
	allowed, old := row.Value("allowed").Number()
	value, _ := row.Value("auth_value").Number()
	what, action, outcome := "unknown", "grant", ""
	switch {
	case old && allowed == 1, !old && value == 2:
		what, outcome = "allowed", "success"
	case old, value == 0:
		what, action, outcome = "denied", "deny", "failure"
	case value == 3:
		what, outcome = "limited", "success"
	}
	e := timeline.Event{
		Source: "audit", Time: rowTime(row.Value("last_modified"), time.Second), Precision: timeline.Second, TimeKind: timeline.Modified,
		User: browserUser(db.src.Exhibit.Source), Message: "access to " + tccService(service) + " for " + named(client) + ": " + what,
	}
	target := text(row, "indirect_object_identifier")
	if target == "UNUSED" {
		target = ""
	}
	if target != "" {
		e.Message += " (of " + target + ")"
	}
	setAll(&e.Attributes, attrAction, action, attrOutcome, outcome, "service", service, "decision", what, "object", target,
		"reason", tccReason(row.Value("auth_reason")), "prompts", row.Value("prompt_count").String())
	if n, ok := row.Value("client_type").Number(); ok && n == 1 {
		setAll(&e.Attributes, "exe", client)
	} else {
		setAll(&e.Attributes, "bundle", client)
	}
	return db.put(row, e)
}

// tccReason is why a right is as it is.
func tccReason(v sqlite.Value) string {
	names := []string{
		"", "error", "user consent", "user set", "system set", "service policy", "MDM policy", "override policy", "missing usage string",
		"prompt timeout", "preflight unknown", "entitled", "app type policy",
	}
	n, ok := v.Number()
	switch {
	case !ok:
		return ""
	case n >= 0 && n < int64(len(names)):
		return names[n]
	}
	return strconv.FormatInt(n, 10)
}

// macKnowledge is knowledgeC.db: what was in use, and when. Times are seconds
// since 2001, in UTC.
func macKnowledge() dbFormat {
	return dbFormat{
		"macos.knowledge",
		[]string{"knowledgeC.db"},
		[]string{"ZOBJECT", "ZSOURCE", "ZSTRUCTUREDMETADATA"},
		[]dbTable{{"ZOBJECT", tellKnowledge, func(row *sqlite.Row) bool {
			return strings.HasPrefix(row.Value("ZSTREAMNAME").String(), "/") && isLikely(cocoaTime(row.Value("ZSTARTDATE")))
		}}},
		About{
			Formats: "knowledgeC.db of macOS and iOS, with its write-ahead log",
			Events:  "an object of any stream (app in focus, usage, web, media, device locked, plugged in, …): started; its end is `ended`, its source and metadata are attributes; deleted objects are recovered",
			Times:   "microseconds, UTC", Reference: "the schema of the files themselves",
			Differs: "an end is no event of its own: the next object's start says the same",
		},
	}
}

func tellKnowledge(db *database, row *sqlite.Row) error {
	stream, value := text(row, "ZSTREAMNAME"), text(row, "ZVALUESTRING")
	number := row.Value("ZVALUEINTEGER").String()
	e := timeline.Event{
		Source: "process", Time: cocoaTime(row.Value("ZSTARTDATE")), Precision: timeline.Microsecond, TimeKind: timeline.Started,
		User: browserUser(db.src.Exhibit.Source),
	}
	a := &e.Attributes
	setAll(a, "stream", stream)
	more, err := db.joined("ZSTRUCTUREDMETADATA", row.Value("ZSTRUCTUREDMETADATA"))
	if err != nil {
		return err
	}
	from, err := db.joined("ZSOURCE", row.Value("ZSOURCE"))
	if err != nil {
		return err
	}
	for _, pair := range append(more, from...) {
		a.Set(pair[0], pair[1])
	}
	e.Message = knowledgeWords(a, stream, value, number)
	end := cocoaTime(row.Value("ZENDDATE"))
	if !end.IsZero() {
		a.Set("ended", end.Format(time.RFC3339Nano))
		if took := end.Sub(e.Time); took > 0 && !e.Time.IsZero() {
			a.Set("took_s", strconv.FormatFloat(took.Seconds(), 'f', -1, 64))
		}
	}
	if made := cocoaTime(row.Value("ZCREATIONDATE")); !made.IsZero() {
		a.Set("created", made.Format(time.RFC3339Nano))
	}
	if n, ok := row.Value("ZSECONDSFROMGMT").Number(); ok && n != 0 {
		a.Set("seconds_from_gmt", strconv.FormatInt(n, 10))
	}
	return db.put(row, e)
}

// knowledgeWords says what an object tells of, and gives it its words.
func knowledgeWords(a *timeline.Attributes, stream, value, number string) string {
	switch {
	case strings.HasPrefix(stream, "/app/inFocus"):
		setAll(a, attrAction, "focus", "bundle", value)
		return "in focus: " + named(value)
	case strings.HasPrefix(stream, "/app/"), strings.HasPrefix(stream, "/media/"), strings.HasPrefix(stream, "/notification/"):
		setAll(a, "bundle", value)
	case strings.HasPrefix(stream, "/safari/"), strings.HasPrefix(stream, "/webapp/"), strings.Contains(stream, "/webUsage"):
		setAll(a, attrAction, "visit", "url", value)
		return say(strings.TrimPrefix(stream, "/")+":", named(value), post(a.Get("title")))
	case stream == "/device/isLocked":
		word := map[string]string{"0": "unlocked", "1": "locked"}[number]
		setAll(a, attrAction, map[string]string{"0": "unlock", "1": "lock"}[number], "value", number)
		return say("device", cmp.Or(word, "lock state "+number))
	}
	setAll(a, "value", cmp.Or(value, number))
	return say(strings.TrimPrefix(stream, "/")+":", cmp.Or(value, number, "(none)"))
}

// maxJoined bounds the columns that a joined row gives.
const maxJoined = 64

// joined is what a row of another table says, as attributes: columns that have a
// value, by what stands behind the last two underscores of their names.
func (db *database) joined(table string, of sqlite.Value) ([][2]string, error) {
	id, ok := of.Number()
	if !ok {
		return nil, nil
	}
	t, err := db.table(table)
	if err != nil || t == nil {
		return nil, err
	}
	var row sqlite.Row
	found, err := db.file.Lookup(t, id, &row)
	if err != nil || !found {
		return nil, err
	}
	var out [][2]string
	for i, column := range t.Columns {
		v := row.At(i)
		if v.Kind == sqlite.Null || v.Kind == sqlite.Blob || strings.HasPrefix(column, "Z_PK") || strings.HasPrefix(column, "Z_ENT") || strings.HasPrefix(column, "Z_OPT") {
			continue
		}
		name := column
		if i := strings.LastIndex(column, "__"); i >= 0 {
			name = column[i+2:]
		} else {
			name = strings.TrimPrefix(name, "Z")
		}
		value, _ := clean([]byte(v.String()))
		if name = strings.ToLower(strings.TrimLeft(name, "_")); name == "" || value == "" || len(out) >= maxJoined {
			continue
		}
		switch name {
		case "bundleid":
			name = "source_bundle"
		case "title", "url":
		default:
			name = strings.ToLower(strings.TrimPrefix(table, "Z")) + "." + name
			name = strings.TrimPrefix(name, "structuredmetadata.")
		}
		if isOurs(name) {
			name = "source." + name
		}
		out = append(out, [2]string{name, value})
	}
	return out, nil
}
