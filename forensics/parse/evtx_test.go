package parse

import (
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"firebreak/internal/testkit"
	"firebreak/timeline"
)

// Every log of the corpus gives as many events as its chunks' headers count.
func TestEvtxExpected(t *testing.T) {
	dir := filepath.Join(testkit.Corpus(t, "evtx/expected.tsv"), "evtx")
	table, err := os.ReadFile(filepath.Join(dir, "expected.tsv"))
	must(t, err)
	for row := range strings.Lines(string(table)) {
		f := strings.Split(strings.TrimSpace(row), "\t")
		want, err := strconv.ParseInt(f[1], 10, 64)
		if err != nil {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, f[0]))
		must(t, err)
		events, ing := run(t, "", f[0], data)
		if ing.Parser != "evtx" || ing.Events != want || ing.Rejected != 0 {
			t.Errorf("%s: %s, %d events, %d recovered, %d rejected, want %d: %q", f[0], ing.Parser, ing.Events, ing.Recovered, ing.Rejected, want, ing.Samples)
		}
		if os.Getenv("SHOW") != "" {
			t.Log(f[0], ing.Samples)
			for _, e := range events {
				t.Log(e.Time, e.User, e.Message, e.Attributes.Get("recovered"))
			}
		}
	}
}

// plaso's tests expect 6501 records of its log, which was not closed.
func TestEvtExpected(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(testkit.Corpus(t, "plaso/SysEvent.Evt"), "plaso", "SysEvent.Evt"))
	must(t, err)
	events, ing := run(t, "", "SysEvent.Evt", data)
	if ing.Parser != "evt" || len(events) != 6501 || ing.Rejected != 0 {
		t.Errorf("%s: %d events, %d recovered, %d rejected: %q", ing.Parser, ing.Events, ing.Recovered, ing.Rejected, ing.Samples)
	}
	t.Log(ing.Events, ing.Recovered, events[0].Message, events[0].Attributes)
}

// BenchmarkEvtx reads the chunks of all logs of the corpus, mixed.
func BenchmarkEvtx(b *testing.B) {
	files, err := filepath.Glob(filepath.Join(testkit.Corpus(b, "evtx/expected.tsv"), "evtx", "*.evtx"))
	if err != nil {
		b.Fatal(err)
	}
	var big []byte
	for i := range 6 * len(files) {
		data, err := os.ReadFile(files[i%len(files)])
		if err != nil {
			b.Fatal(err)
		}
		if big == nil {
			big = bytes.Clone(data[:4096])
		}
		binary.LittleEndian.PutUint64(data[4096+24:], uint64(i*1000)) // no copy of one before
		big = append(big, data[4096:]...)
	}
	big[120] = 1 // not closed: the header counts one chunk
	benchmark(b, "evtx", big)
}

// Names in the table's lines and lists are those that real records have.
func TestWinMessageNames(t *testing.T) {
	dir := filepath.Join(testkit.Corpus(t, "evtx/expected.tsv"), "evtx")
	files, err := filepath.Glob(filepath.Join(dir, "*.evtx"))
	must(t, err)
	messages := winMessages()
	seen := map[string]bool{}   // messages that a record has
	proven := map[string]bool{} // … and each of their fields
	for _, name := range files {
		data, err := os.ReadFile(name)
		must(t, err)
		events, _ := run(t, "", filepath.Base(name), data)
		for i := range events {
			a := events[i].Attributes
			n, _ := strconv.Atoi(a.Get("event_id")) // 0 is none of the table's
			m := messages[a.Get("provider")][n]
			if m == nil || a.Has(attrRecovered) {
				continue
			}
			key := a.Get("provider") + " " + a.Get("event_id")
			seen[key] = true
			for _, f := range m.names() {
				if slices.ContainsFunc(strings.Split(f, "|"), a.Has) {
					proven[key+" "+f] = true
				}
			}
			if events[i].Message == "" || strings.ContainsAny(events[i].Message, "\n\r") {
				t.Errorf("%s: message %q", key, events[i].Message)
			}
		}
	}
	if len(seen) < 20 {
		t.Errorf("only %d messages have records", len(seen))
	}
	// Fields that these records leave empty, or that came with later versions.
	absent := map[string]bool{}
	for _, s := range strings.Split(absentNames, "\n") {
		absent[s] = true
	}
	for key := range seen {
		provider, id, _ := cutLast(key, " ")
		n, err := strconv.Atoi(id)
		must(t, err)
		for _, f := range messages[provider][n].names() {
			if full := key + " " + f; !proven[full] && !absent[full] {
				t.Errorf("no record has %s", full)
			}
		}
	}
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// names are the fields that a message needs.
func (m *winMessage) names() []string {
	var out []string
	var of func([]winPiece)
	of = func(pieces []winPiece) {
		for _, p := range pieces {
			if p.field != "" && p.field != "user" {
				out = append(out, p.field)
			}
			of(p.optional)
		}
	}
	of(m.line)
	for _, s := range m.sets {
		out = append(out, s.field)
	}
	return append(out, m.who...)
}

const absentNames = `Microsoft-Windows-Sysmon 2 User
Microsoft-Windows-Sysmon 5 User
Microsoft-Windows-Sysmon 7 User
Microsoft-Windows-Sysmon 8 SourceUser
Microsoft-Windows-Sysmon 8 StartModule
Microsoft-Windows-Sysmon 10 SourceUser
Microsoft-Windows-Sysmon 11 User
Microsoft-Windows-Sysmon 12 User
Microsoft-Windows-Sysmon 13 User
Microsoft-Windows-Sysmon 17 User
Microsoft-Windows-Sysmon 18 User
Microsoft-Windows-PowerShell 4104 Path
Microsoft-Windows-Security-Auditing 4698 TaskAuthor
Microsoft-Windows-Security-Auditing 4699 TaskRuns
Microsoft-Windows-Security-Auditing 4699 TaskAuthor
Microsoft-Windows-Security-Auditing 4699 TaskAccount`

// theirs is an event as evtxexport writes it.
type theirs struct {
	System struct {
		EventID, EventRecordID, Channel, Computer, Keywords string
		Provider                                            struct {
			Name string `xml:",attr"`
		}
		TimeCreated struct {
			SystemTime string `xml:",attr"`
		}
		Execution struct {
			ProcessID, ThreadID string `xml:",attr"`
		}
		Security struct {
			UserID string `xml:",attr"`
		}
	}
	EventData struct {
		Data []struct {
			Name  string `xml:",attr"`
			Value string `xml:",chardata"`
		}
	}
}

// Fields and values are those that evtxexport reads of the same records.
func TestEvtxExport(t *testing.T) {
	program, err := exec.LookPath("evtxexport")
	if err != nil {
		t.Skip("evtxexport is missing: install libevtx-utils")
	}
	dir := filepath.Join(testkit.Corpus(t, "evtx/expected.tsv"), "evtx")
	files, err := filepath.Glob(filepath.Join(dir, "*.evtx"))
	must(t, err)
	values := 0
	for _, name := range files {
		data, err := os.ReadFile(name)
		must(t, err)
		events, _ := run(t, "", filepath.Base(name), data)
		ours := map[string]timeline.Event{}
		for i := range events {
			if a := events[i].Attributes; !a.Has(attrRecovered) {
				ours[a.Get("record_id")] = events[i]
			}
		}
		out, err := exec.CommandContext(t.Context(), program, "-f", "xml", name).Output()
		must(t, err)
		_, out, _ = bytes.Cut(out, []byte("\n"))
		d := xml.NewDecoder(bytes.NewReader(out))
		n := 0
		for ; ; n++ {
			var x theirs
			if err := d.Decode(&x); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Logf("%s: evtxexport writes no XML: %v", filepath.Base(name), err)
				break
			}
			e, ok := ours[x.System.EventRecordID]
			if !ok {
				t.Errorf("%s: record %s is not here", name, x.System.EventRecordID)
				continue
			}
			values += sameAsTheirs(t, &e, &x)
		}
		if n == 0 {
			t.Errorf("%s: nothing was compared", name)
		}
	}
	if values < 3000 {
		t.Errorf("only %d values were compared", values)
	}
}

func sameAsTheirs(t *testing.T, e *timeline.Event, x *theirs) int {
	t.Helper()
	a, s, n := e.Attributes, &x.System, 0
	where := s.Channel + " " + s.EventRecordID
	same := func(what, got, want string) {
		n++
		if got != want {
			t.Errorf("%s: %s is %q, evtxexport has %q", where, what, got, want)
		}
	}
	same("event_id", a.Get("event_id"), s.EventID)
	same("channel", a.Get("channel"), s.Channel)
	same("computer", a.Get("computer"), s.Computer)
	same("provider", a.Get("provider"), s.Provider.Name)
	same("tid", a.Get("tid"), s.Execution.ThreadID)
	same("user_sid", a.Get("user_sid"), s.Security.UserID)
	same("time", e.Time.Format("2006-01-02T15:04:05.000000000Z"), s.TimeCreated.SystemTime)
	unnamed := 0
	seen := map[string]int{}
	for _, f := range x.EventData.Data {
		name := f.Name
		if name == "" {
			unnamed++
			name = "data" + strconv.Itoa(unnamed)
		}
		if seen[name]++; seen[name] > 1 || f.Value == "" {
			continue // numbered here; not kept
		}
		got := a.Get(name)
		if got != f.Value && a.Has(name+".2") {
			got = a.Get(name + ".2") // a name that is ours already
		}
		flat := func(s string) string { // spaces, and zeros in front of hexadecimal, are as each likes
			s = strings.Join(strings.Fields(s), " ")
			if hex, ok := strings.CutPrefix(s, "0x"); ok && len(hex) > 1 {
				return "0x" + strings.TrimLeft(hex[:len(hex)-1], "0") + hex[len(hex)-1:]
			}
			if len(s) == len("2010-11-20T12:17:00.401000000Z") && strings.HasSuffix(s, "00Z") {
				return s[:len(s)-3] + "Z" // and so are digits of a time
			}
			return s
		}
		same(name, flat(got), flat(f.Value))
	}
	return n
}
