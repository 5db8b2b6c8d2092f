package parse

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"time"

	"firebreak/record"
	"firebreak/timeline"
)

const (
	// batchSize is more than most chunks have: whoever hands a batch over may wait
	// until a segment is encoded, and while its chunk is not settled all others wait
	// for it.
	batchSize  = 2048
	firstBatch = 64 // of a file; most are small
	maxSamples = 10
	sampleSize = 200
)

// job is one run of one parser over one artefact, or over chunks of it: it
// numbers and batches the events, and counts.
//
// An event is made where it lies in the batch: slot gives room for it, keep
// takes it in. Batch, attributes and texts are used again when a batch was
// handed over, so nothing is allocated for an event.
type job struct {
	ctx   context.Context //nolint:containedctx // a job lives as long as the call that made it
	src   Source
	again func() (io.ReadCloser, error)
	emit  func([]timeline.Event) error
	zone  *time.Location
	key   timeline.FileKey
	clock *localClock
	forms forms
	*plain

	batch []timeline.Event // always with room for one more
	room  arena
	done  record.Ingestion
	notes []string
	last  int64 // offset of the last event
	n     int   // events at that offset so far

	late   int64  // seconds; what is later is from the future. 0 where the collection's time is not known
	skewed string // what is assumed of an event whose clock went wrong…
	unskew string // …where this was assumed before
}

// plain is what the jobs of one artefact have in common: how its text is
// written, and what was found out of its years.
type plain struct {
	text     encoding
	workers  int
	size     int // of a chunk
	calendar calendar
}

func newJob(ctx context.Context, src Source, again func() (io.ReadCloser, error), emit func([]timeline.Event) error) *job {
	zone := src.Zone
	if zone == nil {
		zone = time.UTC
	}
	j := &job{
		ctx: ctx, src: src, again: again, emit: emit, zone: zone, last: -1, plain: &plain{workers: src.Workers, size: src.chunk},
		key:  src.key(),
		done: record.Ingestion{Exhibit: src.Exhibit.ID, Parser: src.Parser},
	}
	j.clock = &localClock{zone: zone}
	if j.workers <= 0 {
		j.workers = min(runtime.GOMAXPROCS(0), maxWorkers)
	}
	if j.size <= 0 {
		j.size = chunkSize
	}
	if !src.Collected.IsZero() {
		j.late = src.Collected.Unix() + 24*60*60
	}
	return j
}

// placed are the parsers whose events say what the file's place is.
var placed = []string{"settings", "history", "plist", "task", "winjob"}

// key is what the ids of the events begin with.
func (s *Source) key() timeline.FileKey {
	of := s.Exhibit.SHA256
	if f := s.First; f != nil {
		if f.Host != "" && s.Host != "" && f.Host != s.Host {
			of += "\x00" + s.Host
		}
		if p := settingsPath(s.Exhibit.Source); slices.Contains(placed, s.Parser) && p != settingsPath(f.Source) {
			of += "\x00\x00" + p
		}
	}
	return timeline.KeyOf(of, s.Parser)
}

// fork is a job that reads another part of the same artefact.
func (j *job) fork() *job {
	return &job{
		ctx: j.ctx, src: j.src, again: j.again, emit: j.emit, zone: j.zone, key: j.key, last: -1, plain: j.plain,
		clock: &localClock{zone: j.zone}, late: j.late,
	}
}

// merge takes over what a fork counted and noted since the last time.
func (j *job) merge(f *job) {
	j.done.Events += f.done.Events
	j.done.Recovered += f.done.Recovered
	j.done.Rejected += f.done.Rejected
	j.widen(f.done.First, f.done.Last)
	for _, s := range f.done.Samples {
		if len(j.done.Samples) < maxSamples {
			j.done.Samples = append(j.done.Samples, s)
		}
	}
	for _, n := range f.notes {
		j.note(n)
	}
	f.done, f.notes = record.Ingestion{}, f.notes[:0]
}

// assumedZone says which zone was taken for times that name none.
func (j *job) assumedZone() string {
	if j.src.Zone == nil {
		return "zone UTC"
	}
	return "zone " + j.zone.String() + " (given)"
}

// slot is room for the next event, with room for attributes. It is of no more
// use when keep was called, or slot again.
func (j *job) slot() *timeline.Event { return j.slotFor(attrRoom) }

// slotFor is slot with room for so many attributes.
func (j *job) slotFor(attributes int) *timeline.Event {
	if j.batch == nil {
		j.batch = make([]timeline.Event, 0, firstBatch+1)
	}
	n := len(j.batch)
	e := &j.batch[:n+1][n]
	*e = timeline.Event{Attributes: j.room.wide(len(j.batch), cap(j.batch), attributes)}
	return e
}

// keep takes the event in the slot; id, parser, exhibit, host and undated kind
// are filled, and the clock's skew is taken off.
func (j *job) keep(offset int64) error { return j.take(offset, false) }

// take is keep; an event that was recovered is read from behind damage.
func (j *job) take(offset int64, recovered bool) error {
	n := len(j.batch)
	if n+1 == cap(j.batch) {
		waiting := j.batch[:n+1][n]
		if err := j.flush(); err != nil {
			return err
		}
		n = 0
		j.batch[:1][0] = waiting
	}
	e := &j.batch[:n+1][n]
	if offset == j.last {
		j.n++
	} else {
		j.last, j.n = offset, 0
	}
	e.Offset, e.Parser, e.Exhibit, e.ID = offset, j.src.Parser, j.src.Exhibit.ID, j.key.ID(offset, j.n)
	if e.Host == "" {
		e.Host = j.src.Host
	}
	if e.Time.IsZero() {
		e.TimeKind, e.Precision = timeline.Undated, ""
	} else {
		j.date(e)
	}
	if j.text.name != "" {
		e.Attributes.Set(attrEncoding, strings.TrimPrefix(e.Attributes.Get(attrEncoding)+", "+j.text.name, ", "))
	}
	if recovered {
		j.done.Recovered++
	} else {
		j.done.Events++
	}
	e.Attributes = j.room.used(e.Attributes)
	j.batch = j.batch[:n+1]
	return nil
}

// date takes the skew off the event's time, and says what is odd about it.
func (j *job) date(e *timeline.Event) {
	if j.src.Skew != 0 && e.TimeKind != timeline.Observed { // observed is by our own clock
		e.Time = e.Time.Add(-j.src.Skew)
		was := e.Attributes.Get(attrAssumed)
		if j.skewed == "" || j.unskew != was {
			how, by := "fast", j.src.Skew
			if by < 0 {
				how, by = "slow", -by
			}
			j.unskew = strings.Clone(was)
			j.skewed = strings.TrimPrefix(was+", clock "+how+" by "+by.String()+" (given)", ", ")
		}
		e.Attributes.Set(attrAssumed, j.skewed)
	}
	switch s := e.Time.Unix(); {
	case j.late != 0 && s > j.late:
		e.Attributes.Set(attrSuspect, "future")
	case s < 24*60*60:
		e.Attributes.Set(attrSuspect, "epoch")
	}
	j.widen(e.Time, e.Time)
}

// widen has the account reach over these times too.
func (j *job) widen(first, last time.Time) {
	if !first.IsZero() && (j.done.First.IsZero() || first.Before(j.done.First)) {
		j.done.First = first
	}
	if last.After(j.done.Last) {
		j.done.Last = last
	}
}

// add takes one event that was made elsewhere.
func (j *job) add(offset int64, e timeline.Event) error {
	*j.slot() = e
	return j.keep(offset)
}

// recover takes one event that was read from behind damage.
func (j *job) recover(offset int64, e timeline.Event) error {
	*j.slot() = e
	return j.take(offset, true)
}

// open is the event that was kept last, nil when it is handed over already.
func (j *job) open() *timeline.Event {
	if n := len(j.batch); n > 0 {
		return &j.batch[n-1]
	}
	return nil
}

// adopt takes a kept event over from another job, which forgets it.
func (j *job) adopt(from *job) error {
	e := from.open().Clone()
	from.batch = from.batch[:len(from.batch)-1]
	*j.slot() = e
	n := len(j.batch)
	if n+1 == cap(j.batch) {
		if err := j.flush(); err != nil {
			return err
		}
		n = 0
		j.batch[:1][0] = e
	}
	j.batch = j.batch[:n+1]
	return nil
}

// flush hands the batch over and begins a new one. What is in the slot keeps
// its attributes and texts until the flush after this one.
func (j *job) flush() error {
	if err := j.ctx.Err(); err != nil {
		return err
	}
	if len(j.batch) == 0 {
		return nil
	}
	if err := j.emit(j.batch); err != nil {
		return err
	}
	if n := cap(j.batch) - 1; n < batchSize && len(j.batch) == n {
		j.batch = make([]timeline.Event, 0, min(n*8, batchSize)+1)
	}
	j.batch = j.batch[:0]
	j.room.turn()
	return nil
}

// reject counts one record that gave no event, and keeps the first as samples.
func (j *job) reject(offset int64, raw []byte, why string) {
	j.rejectMany(1, offset, raw, why)
}

func (j *job) rejectMany(n, offset int64, raw []byte, why string) {
	j.done.Rejected += n
	if len(j.done.Samples) >= maxSamples {
		return
	}
	s := fmt.Sprintf("at %d: %s", offset, why)
	if n > 1 {
		s += fmt.Sprintf(" (%d records)", n)
	}
	if len(raw) > 0 {
		if len(raw) > sampleSize {
			raw = raw[:sampleSize]
		}
		text, _ := clean(raw)
		s += ": " + text
	}
	j.done.Samples = append(j.done.Samples, s)
}

// note states an assumption, once.
func (j *job) note(text string) {
	for _, n := range j.notes {
		if n == text {
			return
		}
	}
	if len(j.notes) < maxSamples {
		j.notes = append(j.notes, text)
	}
}

// result is the account so far.
func (j *job) result() record.Ingestion {
	r := j.done
	r.Seen = r.Events + r.Recovered + r.Rejected
	for _, n := range j.notes {
		r.Samples = append(r.Samples, record.NotePrefix+n)
	}
	return r
}
