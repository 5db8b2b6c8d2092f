package parse

import (
	"bufio"
	"errors"
	"fmt"
	"strconv"
	"time"

	"firebreak/forensics/formats/evtx"
	"firebreak/timeline"
)

func isEvtx(_ string, head []byte) bool { return evtx.Is(head) }

// evtxReader makes events of the records of one log.
type evtxReader struct {
	j        *job
	file     *evtx.File
	d        *evtx.Decoder
	messages map[string]map[int]*winMessage
	sum      string // what is wrong with the chunk's checksums
	last     uint64 // number of the last record
}

// parseEvtx makes an event of each record of a Windows event log. Records that
// the chunks' headers count and nobody finds are rejected; those behind them are
// recovered.
func parseEvtx(j *job, r *bufio.Reader) error {
	at, size, done, err := j.whole(r)
	if err != nil {
		return err
	}
	defer done()
	f, err := evtx.Open(at, size)
	if errors.Is(err, evtx.ErrFormat) {
		j.reject(0, nil, err.Error())
		return nil
	}
	if err != nil {
		return err
	}
	p := &evtxReader{j: j, file: f, d: evtx.NewDecoder(), messages: winMessages()}
	p.header()
	used := 0
	for slot := range f.Slots {
		if err := j.ctx.Err(); err != nil {
			return err
		}
		some, err := p.chunk(slot)
		if err != nil {
			return err
		}
		if some {
			used = slot + 1
		}
	}
	if missing := int64(f.Chunks - used); missing > 0 {
		j.rejectMany(missing, f.Offset(used), nil, "chunks are missing that the header counts: the file is cut")
	}
	return nil
}

// header says what is odd about the file's header.
func (p *evtxReader) header() {
	f := p.file
	switch {
	case f.Missing:
		p.j.note("the file's header is missing")
	case !f.Checksum:
		p.j.note("the checksum of the file's header is wrong")
	}
	if f.Dirty {
		p.j.note("the log was not closed: its header is older than its chunks")
	}
	if f.Full {
		p.j.note("the log was full")
	}
}

// chunk reads one; it answers whether there is anything in it.
func (p *evtxReader) chunk(slot int) (bool, error) {
	c, err := p.d.Load(p.file, slot)
	if err != nil || !c.Used {
		return false, err
	}
	p.sum = ""
	where := fmt.Sprintf("chunk %d at %d: ", slot, c.Offset)
	switch {
	case !c.Valid:
		p.j.note(where + "it has no header")
	case !c.HeaderSum:
		p.sum = "of the chunk's header is wrong"
	case !c.DataSum && c.Size == evtx.ChunkSize:
		p.sum = "of the chunk's records is wrong"
	}
	if p.sum != "" {
		p.j.note(where + "the checksum " + p.sum)
	}
	if !p.file.Missing && !p.file.Dirty && slot >= p.file.Chunks {
		p.d.Beyond()
	}
	found := int64(0)
	for {
		rec, text, ok := p.d.Next(p.j.room.text)
		p.j.room.text = text
		if !ok {
			break
		}
		counted := rec.Found == "" || rec.Found == evtx.FoundBehind || rec.Found == evtx.FoundBeyond
		if counted {
			found++
		}
		if counted && rec.Found == "" {
			if p.last != 0 && rec.ID > p.last+1 {
				p.j.note(fmt.Sprintf("record numbers jump from %d to %d", p.last, rec.ID))
			}
			p.last = rec.ID
		}
		if err := p.record(rec); err != nil {
			return true, err
		}
	}
	if lost := c.Promised - found; lost > 0 {
		p.j.rejectMany(lost, c.Offset, nil, fmt.Sprintf("records are missing that the chunk's header counts (%d to %d)", c.First, c.Last))
	}
	return true, nil
}

// levels are the names of the levels.
const maxEvtxFields = 256 // attributes of one event

func evtxLevel(n string) string {
	switch n {
	case "0", "4":
		return "information"
	case "1":
		return "critical"
	case "2":
		return "error"
	case "3":
		return "warning"
	case "5":
		return "verbose"
	}
	return n
}

// record makes an event of one.
func (p *evtxReader) record(rec *evtx.Record) error {
	j := p.j
	if rec.Err != nil {
		j.reject(rec.Offset, nil, fmt.Sprintf("record %d: %v", rec.ID, rec.Err))
		return nil
	}
	e := j.slot()
	e.Source, e.TimeKind, e.Precision = "evtx", timeline.Logged, timeline.Nanosecond
	a := &e.Attributes
	p.when(rec, e)
	s := &rec.System
	e.Host = s[evtx.Computer]
	// In the order of their names, so that each goes to the end.
	setText(a, "activity", s[evtx.Activity])
	setText(a, "channel", s[evtx.Channel])
	if p.sum != "" {
		a.Set("checksum", p.sum)
	}
	setText(a, "computer", s[evtx.Computer])
	setText(a, "event_id", s[evtx.EventID])
	setText(a, "event_source", s[evtx.EventSource])
	setText(a, "keywords", s[evtx.Keywords])
	setText(a, "level", evtxLevel(s[evtx.Level]))
	setText(a, "opcode", s[evtx.Opcode])
	setText(a, "pid", s[evtx.PID])
	setText(a, "processor", s[evtx.Processor])
	setText(a, "provider", s[evtx.Provider])
	setText(a, "provider_guid", s[evtx.ProviderGUID])
	if q := s[evtx.Qualifiers]; q != "0" {
		setText(a, "qualifiers", q)
	}
	number := s[evtx.RecordID]
	if number == "" {
		number = strconv.FormatUint(rec.ID, 10)
	}
	a.Set("record_id", number)
	if rec.Found != "" {
		a.Set(attrRecovered, rec.Found)
	}
	setText(a, "related_activity", s[evtx.RelatedActivity])
	setText(a, "session_id", s[evtx.Session])
	setText(a, "task", s[evtx.Task])
	if rec.Lost != nil {
		a.Set("template", rec.Lost.Error())
	}
	setText(a, "tid", s[evtx.TID])
	if rec.Cut {
		a.Set(attrTruncated, "fields of the event")
	}
	if rec.Escaped {
		a.Set(attrEncoding, "escaped")
	}
	setText(a, "user_sid", s[evtx.UserSID])
	if v := s[evtx.Version]; v != "0" {
		setText(a, "version", v)
	}
	if !p.fields(rec, a) {
		a.Set(attrTruncated, "fields of the event")
	}
	w := winEvent{e: e, provider: s[evtx.Provider], id: s[evtx.EventID], keywords: s[evtx.Keywords], fields: rec.Fields, room: &j.room}
	w.tell(p.messages)
	if rec.Found != "" || rec.Lost != nil {
		if rec.Found == "" {
			a.Set(attrRecovered, "without its template")
		}
		return j.take(rec.Offset, true)
	}
	return j.keep(rec.Offset)
}

// when dates the event by its System; where that says nothing, by the head of
// the record.
func (p *evtxReader) when(rec *evtx.Record, e *timeline.Event) {
	t, ok := evtx.When(rec.Time)
	if text := rec.System[evtx.Time]; !ok && text != "" {
		if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
			t, ok = at.UTC(), true
		} else {
			e.Attributes.Set(attrTimeText, text)
		}
	}
	written, known := evtx.When(rec.Written)
	switch {
	case !ok && known:
		t, ok = written, true
		e.Attributes.Set(attrAssumed, "time of writing")
	case ok && known:
		if d := written.Sub(t); d >= time.Second || d <= -time.Second {
			e.Attributes.Set("written", written.Format(time.RFC3339Nano))
		}
	}
	if ok && sane(t) {
		e.Time = t
	}
}

// fields sets the event's own; names that are ours already, or come twice, get a
// number.
func (p *evtxReader) fields(rec *evtx.Record, a *timeline.Attributes) bool {
	for _, f := range rec.Fields {
		if len(*a) >= maxEvtxFields {
			return false
		}
		name := f.Name
		for n := 2; a.Has(name); n++ {
			if n > 64 {
				return false
			}
			name = p.j.room.join(f.Name, ".", strconv.Itoa(n))
		}
		a.Set(name, f.Value)
	}
	return true
}

func setText(a *timeline.Attributes, name, value string) {
	if value != "" {
		a.Set(name, value)
	}
}
