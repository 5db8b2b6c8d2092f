package parse

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"firebreak/forensics/formats/evt"
	"firebreak/timeline"
)

func isEvt(_ string, head []byte) bool { return evt.Is(head) }

// parseEvt makes an event of each record of an event log of Windows NT to 2003.
// Those that the log no longer counts are recovered.
//
// Reference: package forensics/formats/evt.
func parseEvt(j *job, r *bufio.Reader) error {
	at, size, done, err := j.whole(r)
	if err != nil {
		return err
	}
	defer done()
	f, err := evt.Open(at, size)
	if errors.Is(err, evt.ErrFormat) {
		j.reject(0, nil, err.Error())
		return nil
	}
	if err != nil {
		return err
	}
	if f.Dirty {
		j.note("the log was not closed: its header is older than its records")
	}
	if !f.HasEnd {
		j.note("the log has no end record")
	}
	promised, found, counted := f.Promised(), int64(0), map[uint32]struct{}{}
	err = f.Each(func(rec *evt.Record) error {
		e := evtEvent(rec)
		_, twice := counted[rec.Number]
		if n := int64(rec.Number) - int64(f.Oldest); rec.Counted && !twice && n >= 0 && n < promised {
			counted[rec.Number] = struct{}{}
			found++
		}
		if rec.Counted && !rec.Damaged {
			return j.add(rec.Offset, e)
		}
		e.Attributes.Set(attrRecovered, "left of older records")
		if rec.Damaged {
			e.Attributes.Set(attrRecovered, "its end was written over")
		}
		return j.recover(rec.Offset, e)
	})
	if err != nil {
		return err
	}
	if lost := promised - found; lost > 0 {
		j.rejectMany(lost, 0, nil, fmt.Sprintf("records are missing that the log counts (%d to %d)", f.Oldest, f.Next-1))
	}
	return nil
}

func evtEvent(rec *evt.Record) timeline.Event {
	e := timeline.Event{Source: "evtx", TimeKind: timeline.Logged, Precision: timeline.Second}
	e.Time, _ = epoch(int64(rec.Generated), 0)
	tidyOf := func(s string) string { text, _ := clean([]byte(s)); return text }
	e.Host = tidyOf(rec.Computer)
	a := &e.Attributes
	id := strconv.Itoa(int(rec.EventID & 0xffff))
	setText(a, "computer", e.Host)
	a.Set("event_id", id)
	a.Set("level", evtType(rec.Type))
	setText(a, "provider", tidyOf(rec.Source))
	if q := rec.EventID >> 16; q != 0 {
		a.Set("qualifiers", strconv.Itoa(int(q)))
	}
	a.Set("record_id", strconv.FormatUint(uint64(rec.Number), 10))
	if rec.Category != 0 {
		a.Set("task", strconv.Itoa(int(rec.Category)))
	}
	setText(a, "user_sid", rec.SID)
	e.User = winSID(rec.SID)
	if d := int64(rec.Written) - int64(rec.Generated); d != 0 {
		if t, ok := epoch(int64(rec.Written), 0); ok {
			a.Set("written", t.Format("2006-01-02T15:04:05Z"))
		}
	}
	switch rec.Type {
	case 8:
		a.Set(attrOutcome, "success")
	case 16:
		a.Set(attrOutcome, "failure")
	}
	var texts []string
	for i, s := range rec.Texts {
		s = tidyOf(s)
		if s != "" && i < maxEvtxFields {
			a.Set("data"+strconv.Itoa(i+1), s)
			texts = append(texts, strings.Join(strings.Fields(s), " "))
		}
	}
	if n := len(rec.Data); n > 0 {
		a.Set("binary", strings.ToUpper(hex.EncodeToString(rec.Data[:min(n, maxJournalValue/2)])))
	}
	e.Message = named(tidyOf(rec.Source)) + " " + id
	if len(texts) > 0 {
		told := strings.Join(texts, ", ")
		if len(told) > maxWinField {
			told = strings.ToValidUTF8(told[:maxWinField], "") + "…"
		}
		e.Message += ": " + told
	}
	return e
}

// evtType names the types of [MS-EVEN] 2.2.
func evtType(n uint16) string {
	switch n {
	case 0, 4:
		return "information"
	case 1:
		return "error"
	case 2:
		return "warning"
	case 8:
		return "audit success"
	case 16:
		return "audit failure"
	}
	return strconv.Itoa(int(n))
}
