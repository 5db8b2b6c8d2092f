package parse

import (
	"fmt"
	"strconv"
	"strings"

	"firebreak/forensics/formats/ese"
	"firebreak/timeline"
)

// srum is the System Resource Usage Monitor of Windows 8 and later: what each
// program used in an hour or so, for whom, for some weeks back. It knows of
// programs that are deleted since.
func srum() eseFormat {
	return eseFormat{
		"srum",
		[]string{"srudb.dat"},
		srumMap, readSRUM,
		About{
			Formats:   "SRUDB.dat of Windows 8 and later",
			Events:    "a row of a provider (network and processor use of a program, connections, notifications, energy, time in the foreground and others): logged, when it was written. Program and user by the table of names; columns without a place of their own under their names",
			Times:     "milliseconds, UTC",
			Reference: "Y. Khatri, SRUM forensics; libyal, esedb-kb, System Resource Usage Monitor (SRUM)",
			Oracle:    "esedbexport: rows",
			Differs:   "values that esedbexport shows as 2a2a2a2a are null, and left out",
		},
	}
}

const (
	srumMap  = "SruDbIdMapTable"
	maxNames = 1 << 20 // programs and users of SRUM that are kept
)

// srumID is a name that rows refer to.
type srumID struct{ app, sid string }

// srumProviders are the tables, by the id of who fills them.
func srumProviders() map[string]string {
	return map[string]string{
		"{D10CA2FE-6FCF-4F6D-848E-B2E99266FA86}": "notification",
		"{D10CA2FE-6FCF-4F6D-848E-B2E99266FA89}": "application",
		"{973F5D5C-1D90-4944-BE8E-24B94231A174}": "network",
		"{DD6636C4-8929-4683-974E-22C046A43763}": "connectivity",
		"{FEE4E14F-02A9-4550-B5CE-5FA2DA202E37}": "energy",
		"{5C8CF1C7-7257-4F13-B223-970EF5939312}": "timeline",
		"{7ACBBAA3-D029-4BE4-9A7A-0885927F1D8F}": "vfu",
		"{DA73FB89-2BEA-4DDC-86B8-6E048C6DA477}": "energy estimation",
		"{B6D82AF1-F780-4E17-8077-6CB9AD8A6FC4}": "tagged energy",
		"{97C2CE28-A37B-4920-B1E9-8B76CD341EC5}": "energy estimation",
		"{17F4D97B-F26A-5E79-3A82-90040A47D13D}": "volume",
		"{841A7317-3805-518B-C2EA-AD224CB4AF84}": "disk size",
		"{DC3D3B50-BB90-5066-FA4E-A5F90DD8B677}": "processor time",
		"{EEE2F477-0659-5C47-EF03-6D6BEFD441B3}": "interface",
	}
}

func readSRUM(db *eseFile) error {
	if err := db.rows(srumMap, db.srumName); err != nil {
		return err
	}
	tables, err := db.file.Tables(db.ctx)
	if err != nil {
		return err
	}
	for _, t := range tables {
		if !strings.HasPrefix(t.Name, "{") || t.Column("TimeStamp") < 0 {
			continue
		}
		provider := srumProviders()[strings.ToUpper(strings.TrimSuffix(t.Name, "LT"))]
		if provider == "" {
			provider = "provider " + foreignText(t.Name)
		}
		if err := db.of(t, func(row *ese.Row) error { return db.srumRow(row, provider) }); err != nil {
			return err
		}
	}
	return nil
}

// srumName keeps a name: a path, a service or package, or the bytes of a SID.
func (db *eseFile) srumName(row *ese.Row) error {
	b := row.Value("IdBlob").Bytes
	n, ok := row.Value("IdIndex").Number()
	if !ok || len(db.ids) >= maxNames {
		return nil
	}
	var id srumID
	if eseNumber(row, "IdType") == 3 {
		id.sid = b.SID()
	} else {
		id.app = foreignText(b.Wide(0, min(len(b), maxWinList)))
	}
	db.ids[n] = id
	return nil
}

// srumColumns are columns that have a place of their own, or say nothing.
var srumColumns = map[string]string{
	"bytessent": "bytes_sent", "bytesrecvd": "bytes_received", "bytesinbound": "bytes_received", "bytesoutbound": "bytes_sent",
	"autoincid": "", "timestamp": "", "appid": "", "userid": "", "endtime": "", "starttime": "", "connectstarttime": "",
}

const maxSRUMColumns = 128 // the widest table of Windows 11 has some 50

func (db *eseFile) srumRow(row *ese.Row, provider string) error {
	app, user := db.ids[eseNumber(row, "AppId")], db.ids[eseNumber(row, "UserId")]
	e := timeline.Event{
		Source: "srum", TimeKind: timeline.Logged, Precision: timeline.Millisecond, Time: eseTime(row, "TimeStamp"), User: user.sid,
	}
	a := &e.Attributes
	name := app.app
	if exe, rest, ok := srumProgram(app.app); ok {
		name = exe
		setAll(a, "exe", exe, "build", rest)
	} else {
		setAll(a, "app", name)
	}
	setAll(a, "provider", provider, "user_sid", user.sid)
	for _, c := range []string{"StartTime", "ConnectStartTime", "EndTime"} {
		if t := eseTime(row, c); !t.IsZero() {
			a.Set(map[string]string{"StartTime": "started", "ConnectStartTime": "connected", "EndTime": "ended"}[c], t.Format("2006-01-02T15:04:05.999Z07:00"))
		}
	}
	for i, c := range row.Table().Columns[:min(len(row.Table().Columns), maxSRUMColumns)] {
		as, known := srumColumns[strings.ToLower(c.Name)]
		if known && as == "" {
			continue
		}
		if n, ok := row.At(i).Number(); ok && n != 0 {
			if !known {
				as = foreignText(c.Name)
			}
			a.Set(as, strconv.FormatInt(n, 10))
		}
	}
	e.Message = srumMessage(row, provider, named(name)) + pre(", for ", user.sid)
	return db.put(row, e)
}

func srumMessage(row *ese.Row, provider, name string) string {
	sum := func(columns ...string) (n int64) {
		for _, c := range columns {
			n += eseNumber(row, c)
		}
		return n
	}
	switch provider {
	case "network":
		return fmt.Sprintf("network use of %s: %d bytes sent, %d received", name, sum("BytesSent"), sum("BytesRecvd"))
	case "application":
		return fmt.Sprintf("use by %s: %d bytes read, %d written", name, sum("ForegroundBytesRead", "BackgroundBytesRead"), sum("ForegroundBytesWritten", "BackgroundBytesWritten"))
	case "connectivity":
		return fmt.Sprintf("network connection for %d s", sum("ConnectedTime"))
	case "notification":
		return fmt.Sprintf("notification of %d bytes to %s", sum("PayloadSize"), name)
	}
	return provider + " use by " + name
}

// srumProgram is the path or the name of a program, and what stands behind it:
// some names are "!!NAME!BUILT!SIZE!".
func srumProgram(app string) (exe, rest string, ok bool) {
	if after, marked := strings.CutPrefix(app, "!!"); marked {
		exe, rest, _ = strings.Cut(after, "!")
		return exe, strings.Trim(rest, "!"), exe != ""
	}
	return app, "", strings.HasPrefix(app, `\`) || len(app) > 2 && app[1:3] == `:\`
}
