package parse

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"
	"time"

	"firebreak/forensics/formats/evtx"
	"firebreak/timeline"
)

func isEvtx(_ string, head []byte) bool { return evtx.Is(head) }

// evtxLog is the reading of one log: its chunks stand for themselves and are
// read by several at once, but counted in their order.
type evtxLog struct {
	j      *job
	file   *evtx.Reader
	ledger evtx.Ledger
	todo   chan *evtxChunk
	free   chan *evtxChunk
	ended  error // of the stream; to be read when todo is closed

	mu   sync.Mutex
	next *sync.Cond
	turn int // the chunk that is counted next
}

// evtxChunk is a chunk and its place in the order.
type evtxChunk struct {
	evtx.Chunk
	n int
}

// parseEvtx makes an event of each record of a Windows event log. Records that
// the headers count and nobody finds are rejected; those that they do not count
// are recovered.
func parseEvtx(j *job, r *bufio.Reader) error {
	f, err := evtx.NewReader(r)
	if errors.Is(err, evtx.ErrFormat) {
		j.reject(0, nil, err.Error())
		return nil
	}
	if err != nil {
		return err
	}
	workers := max(1, j.workers)
	l := &evtxLog{j: j, file: f, todo: make(chan *evtxChunk, 1), free: make(chan *evtxChunk, workers+2)}
	l.next = sync.NewCond(&l.mu)
	l.header()
	for range cap(l.free) {
		l.free <- &evtxChunk{}
	}
	if err := l.read(workers); err != nil {
		return err
	}
	gone, jumps := l.ledger.End(&f.Header)
	for _, x := range gone {
		reject(j, x)
	}
	for _, x := range jumps {
		j.note(fmt.Sprintf("record numbers jump from %d to %d", x.First-1, x.Last+1))
	}
	return l.ended
}

// read has all chunks read.
func (l *evtxLog) read(workers int) error {
	ctx, stop := context.WithCancelCause(l.j.ctx)
	defer stop(nil)
	forgetting := context.AfterFunc(ctx, func() { // whoever waits for its turn looks again
		l.mu.Lock()
		defer l.mu.Unlock()
		l.next.Broadcast()
	})
	defer forgetting()
	messages := winMessages()
	var wg sync.WaitGroup
	wg.Go(func() { l.cut(ctx) })
	for range workers {
		f := l.j.fork()
		f.ctx = ctx
		wg.Go(func() {
			if err := l.work(ctx, &evtxReader{j: f, d: evtx.NewDecoder(), messages: messages}); err != nil {
				stop(err)
			}
		})
	}
	wg.Wait()
	if l.j.ctx.Err() != nil {
		return l.j.ctx.Err()
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// cut makes chunks of the stream.
func (l *evtxLog) cut(ctx context.Context) {
	defer close(l.todo)
	for n := 0; ; n++ {
		var c *evtxChunk
		select {
		case c = <-l.free:
		case <-ctx.Done():
			return
		}
		var err error
		if c.Chunk, err = l.file.Next(c.Room); err != nil {
			if !errors.Is(err, io.EOF) {
				l.ended = err
			}
			return
		}
		c.n = n
		select {
		case l.todo <- c:
		case <-ctx.Done():
			return
		}
	}
}

// work reads chunks until there are none.
func (l *evtxLog) work(ctx context.Context, p *evtxReader) error {
	for c := range l.todo {
		if err := p.chunk(&c.Chunk); err != nil {
			return err
		}
		if err := l.settle(ctx, p, c.n); err != nil {
			return err
		}
		if len(p.j.room.text) > maxEvtxText {
			if err := p.j.flush(); err != nil {
				return err
			}
		}
		l.free <- c
	}
	return p.j.flush()
}

// settle waits until the chunk has its turn, and counts it.
func (l *evtxLog) settle(ctx context.Context, p *evtxReader, n int) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.turn != n {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		l.next.Wait()
	}
	l.j.merge(p.j)
	t := p.d.Tally()
	l.ledger.Add(&l.file.Header, &t)
	l.turn++
	l.next.Broadcast()
	return nil
}

// reject counts records that are gone.
func reject(j *job, l evtx.Loss) {
	what := fmt.Sprintf("record %d is ", l.First)
	switch {
	case l.Chunks > 0:
		what = fmt.Sprintf("%d chunks ", l.Chunks)
	case l.Last > l.First:
		what = fmt.Sprintf("records %d to %d are ", l.First, l.Last)
	}
	j.rejectMany(l.Count(), l.Offset, nil, what+l.Why)
}

// header says what is odd about the file's header.
func (l *evtxLog) header() {
	f := l.file
	switch {
	case f.Missing:
		l.j.note("the file's header is missing")
	case !f.Checksum:
		l.j.note("the checksum of the file's header is wrong")
	}
	if f.Dirty {
		l.j.note("the log was not closed: its header is older than its chunks")
	}
	if f.Full {
		l.j.note("the log was full")
	}
}

// evtxReader makes events of the records of chunks.
type evtxReader struct {
	j        *job
	d        *evtx.Decoder
	messages map[string]map[int]*winMessage
	sum      string // what is wrong with the chunk's checksums
}

// chunk reads one.
func (p *evtxReader) chunk(c *evtx.Chunk) error {
	p.d.Load(c)
	if !c.Used {
		return nil
	}
	p.sum = ""
	where := fmt.Sprintf("chunk at %d: ", c.Offset)
	switch {
	case !c.Valid:
		p.j.note(where + "it has no header")
	case c.Again:
		p.j.note(where + "it is a copy of one that came before")
	case !c.HeaderSum:
		p.sum = "of the chunk's header is wrong"
	case !c.DataSum && c.Size == evtx.ChunkSize:
		p.sum = "of the chunk's records is wrong"
	}
	if p.sum != "" {
		p.j.note(where + "the checksum " + p.sum)
	}
	for {
		rec, text, ok := p.d.Next(p.j.room.text)
		p.j.room.text = text
		if !ok {
			return nil
		}
		if err := p.record(rec); err != nil {
			return err
		}
	}
}

const (
	maxEvtxFields = 256     // attributes of one event
	maxEvtxText   = 4 << 20 // bytes of texts that wait to be handed over
)

// evtxLevel names the levels.
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
	rec.Fields = winDerive(s[evtx.Provider], s[evtx.EventID], rec.Fields)
	if !p.fields(rec, a) {
		a.Set(attrTruncated, "fields of the event")
	}
	w := winEvent{e: e, provider: s[evtx.Provider], id: s[evtx.EventID], keywords: s[evtx.Keywords], fields: rec.Fields, bare: rec.Lost != nil, room: &j.room}
	w.tell(p.messages)
	if e.User == "" && !w.knows && w.provider != "Microsoft-Windows-Sysmon" { // which always writes as SYSTEM
		e.User = winSID(s[evtx.UserSID])
	}
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

// fields sets the event's own; names that are ours stand below data, and those
// that come twice get a number.
func (p *evtxReader) fields(rec *evtx.Record, a *timeline.Attributes) bool {
	for _, f := range rec.Fields {
		if len(*a) >= maxEvtxFields {
			return false
		}
		first := f.Name
		if ours(first) {
			first = p.j.room.join("data.", first)
		}
		name := first
		for n := 2; a.Has(name); n++ {
			if n > 64 {
				return false
			}
			name = p.j.room.join(first, ".", strconv.Itoa(n))
		}
		a.Set(name, f.Value)
	}
	return true
}

// ours are names whose meaning people and rules rely on: no event may say them
// of itself.
func ours(name string) bool {
	if name == "" || name[0] < 'a' || name[0] > 'z' {
		return false
	}
	switch name {
	case attrAction, attrOutcome, attrRecovered, attrTruncated, attrEncoding, attrAssumed, attrSuspect, attrTimeText,
		attrMarkStar, attrMarkTags, attrMarkComments,
		"account", "activity", "author", "bytes", "channel", "checksum", "command", "computer", "domain", "dst_host", "dst_ip", "dst_port",
		"event_id", "event_source", "exe", "gid", "hash_md5", "hash_sha1", "host", "imphash", "inode", "key", "keywords", "level",
		"logger_pid", "macb", "method", "mode", "opcode", "parent", "path", "pid", "ppid", "process", "processor", "provider",
		"provider_guid", "qualifiers", "record_id", "referer", "region", "related_activity", "resource", "rule", "service", "session",
		"session_id", "severity", "sha256", "size", "src_host", "src_ip", "src_port", "status", "target_user", "task", "technique",
		"template", "tid", "title", "to_path", "tty", "uid", "url", "user", "user_agent", "user_sid", "value", "version", "written":
		return true
	}
	return false
}

func setText(a *timeline.Attributes, name, value string) {
	if value != "" {
		a.Set(name, value)
	}
}
