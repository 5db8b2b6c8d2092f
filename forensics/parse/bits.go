package parse

import (
	"bytes"
	"fmt"
	"strconv"
	"time"

	"firebreak/forensics/formats/ese"
	"firebreak/forensics/formats/le"
	"firebreak/timeline"
)

// transferQueue is the queue of BITS, the Background Intelligent Transfer Service
// of Windows 10 and later: files that are fetched without anyone watching, and a
// command that is run when they are there.
func transferQueue() eseFormat {
	return eseFormat{
		"bits",
		[]string{"qmgr.db"},
		"Jobs", readBITS,
		About{
			Formats:   "qmgr.db, the queue of BITS of Windows 10 and later; not qmgr0.dat of those before",
			Events:    "a job: born, with its name, owner, state, and the command that it runs at its end; each file of it, at the same time where the job is known, else undated: address, path, sizes. Deleted jobs are recovered",
			Times:     "100 ns, UTC",
			Reference: "ANSSI, bits_parser; Microsoft Learn, BG_JOB_STATE and BG_JOB_TYPE",
			Differs:   "what a job has behind its times is not read",
		},
	}
}

// mark of a list of files, and of what stands around it.
var bitsMark = []byte{0x36, 0xda, 0x56, 0x77, 0x6f, 0x51, 0x5a, 0x43, 0xac, 0xac, 0x44, 0xa2, 0x48, 0xff, 0xf3, 0x4d}

const (
	maxBITSFiles = 1 << 16
	maxBITSText  = 32 << 10 // characters of one text
)

// bitsJob is a job of the queue.
type bitsJob struct {
	id, name, about, command, args, sid string
	kind, priority, state               uint32
	files                               []string
	created, modified                   time.Time
}

// cursor reads the fields of a job one behind the other.
type bitsCursor struct {
	b   le.Bytes
	at  int
	bad bool
}

func (c *bitsCursor) number() uint32 {
	if !c.b.Has(c.at, 4) {
		c.bad = true
		return 0
	}
	c.at += 4
	return c.b.U32(c.at - 4)
}

// text is a number of characters with the NUL, and the characters.
func (c *bitsCursor) text() string {
	n := int(c.number())
	if c.bad || n > maxBITSText || !c.b.Has(c.at, 2*n) {
		c.bad = true
		return ""
	}
	c.at += 2 * n
	return foreignText(c.b.Wide(c.at-2*n, 2*n))
}

func readJob(b le.Bytes) (bitsJob, bool) {
	c := bitsCursor{b: b, at: 16}
	var j bitsJob
	j.kind, j.priority, j.state = c.number(), c.number(), c.number()
	c.number()
	j.id = b.GUID(c.at)
	c.at += 16
	j.name, j.about, j.command, j.args, j.sid = c.text(), c.text(), c.text(), c.text(), c.text()
	if c.bad || j.kind > 2 || j.state > 8 {
		return j, false
	}
	i := bytes.Index(b.From(c.at), bitsMark)
	if i < 0 {
		return j, true
	}
	c.at += i + len(bitsMark)
	for range min(c.number(), maxBITSFiles) {
		if !b.Has(c.at, 16) {
			return j, true
		}
		j.files = append(j.files, b.GUID(c.at))
		c.at += 16
	}
	if !bytes.Equal(b.Cut(c.at, 16), bitsMark) {
		return j, true
	}
	// four numbers of errors and patience, then the times
	j.created, _ = b.Filetime(c.at + 16 + 16)
	j.modified, _ = b.Filetime(c.at + 16 + 24)
	return j, true
}

func readBITS(db *eseFile) error {
	owner := map[string]*bitsJob{} // by the id of a file
	err := db.rows("Jobs", func(row *ese.Row) error {
		j, ok := readJob(row.Value("Blob").Bytes)
		if !ok {
			db.reject(row.Offset, nil, "a job that is of no known form")
			return nil
		}
		for _, f := range j.files {
			if len(owner) < maxBITSFiles {
				owner[f] = &j
			}
		}
		return db.putJob(row, &j)
	})
	if err != nil {
		return err
	}
	return db.rows("Files", func(row *ese.Row) error { return db.putTransfer(row, owner) })
}

// word is one of several by its number, else the number.
func word(n uint32, words ...string) string {
	if int64(n) < int64(len(words)) {
		return words[n]
	}
	return strconv.FormatUint(uint64(n), 10)
}

func (db *eseFile) putJob(row *ese.Row, j *bitsJob) error {
	e := timeline.Event{Source: "bits", Precision: timeline.Nanosecond, TimeKind: timeline.Born, Time: j.created, User: j.sid}
	setAll(&e.Attributes, attrAction, "transfer", attrCommand, say(j.command, j.args), "job", j.id, "name", j.name, "about", j.about, "user_sid", j.sid,
		"type", word(j.kind, "download", "upload", "upload and reply"), "priority", word(j.priority, "foreground", "high", "normal", "low"),
		"state", word(j.state, "queued", "connecting", "transferring", "suspended", "error", "transient error", "transferred", "acknowledged", "cancelled"),
		"files", strconv.Itoa(len(j.files)))
	if !j.modified.IsZero() {
		e.Attributes.Set("modified", j.modified.Format(time.RFC3339Nano))
	}
	e.Message = say("BITS job "+named(j.name), post(e.Attributes.Get("state"))) + pre(", runs at its end: ", e.Attributes.Get(attrCommand))
	return db.put(row, e)
}

func (db *eseFile) putTransfer(row *ese.Row, owner map[string]*bitsJob) error {
	b := row.Value("Blob").Bytes
	c := bitsCursor{b: b, at: 16}
	path, url, temp := c.text(), c.text(), c.text()
	if c.bad || path == "" && url == "" {
		db.reject(row.Offset, nil, "a file of a job that is of no known form")
		return nil
	}
	e := timeline.Event{Source: "bits", Precision: timeline.Nanosecond, TimeKind: timeline.Born}
	setAll(&e.Attributes, attrAction, "transfer", "url", url, "path", path, "temporary", temp)
	if done, size := b.U64(c.at), b.U64(c.at+8); b.Has(c.at, 16) {
		e.Attributes.Set("transferred", strconv.FormatUint(done, 10))
		if size != 1<<64-1 {
			e.Attributes.Set("bytes", strconv.FormatUint(size, 10))
		}
	}
	verb := "transfer"
	if j := owner[row.Value("Id").Bytes.GUID(0)]; j != nil {
		e.Time, e.User = j.created, j.sid
		setAll(&e.Attributes, "job", j.id, "name", j.name)
		verb = word(j.kind, "download", "upload", "upload")
	}
	e.Message = fmt.Sprintf("BITS %s of %s to %s", verb, named(url), named(path))
	return db.put(row, e)
}
