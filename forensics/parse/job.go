package parse

import (
	"context"
	"fmt"
	"io"
	"time"

	"firebreak/record"
	"firebreak/timeline"
)

const (
	batchSize  = 4096
	maxSamples = 10
	sampleSize = 200
)

// job is one run of one parser over one artefact: it numbers and batches the
// events, and counts.
type job struct {
	ctx   context.Context
	src   Source
	again func() (io.ReadCloser, error)
	emit  func([]timeline.Event) error
	zone  *time.Location
	batch []timeline.Event
	done  record.Ingestion
	notes []string
	last  int64 // offset of the last event
	n     int   // events at that offset so far
}

func newJob(ctx context.Context, src Source, again func() (io.ReadCloser, error), emit func([]timeline.Event) error) *job {
	zone := src.Zone
	if zone == nil {
		zone = time.UTC
	}
	return &job{
		ctx: ctx, src: src, again: again, emit: emit, zone: zone, last: -1,
		done: record.Ingestion{Exhibit: src.Exhibit.ID, Parser: src.Parser},
	}
}

// assumedZone says which zone was taken for times that name none.
func (j *job) assumedZone() string {
	if j.src.Zone == nil {
		return "zone UTC"
	}
	return "zone " + j.zone.String() + " (given)"
}

// add takes one event; id, parser, exhibit, host and undated kind are filled.
func (j *job) add(offset int64, e timeline.Event) error {
	if offset == j.last {
		j.n++
	} else {
		j.last, j.n = offset, 0
	}
	e.Offset = offset
	e.Parser = j.src.Parser
	e.Exhibit = j.src.Exhibit.ID
	e.ID = timeline.EventID(j.src.Exhibit.SHA256, e.Parser, offset, j.n)
	if e.Host == "" {
		e.Host = j.src.Host
	}
	if e.Time.IsZero() {
		e.TimeKind, e.Precision = timeline.Undated, ""
	} else {
		if j.done.First.IsZero() || e.Time.Before(j.done.First) {
			j.done.First = e.Time
		}
		if e.Time.After(j.done.Last) {
			j.done.Last = e.Time
		}
	}
	if j.batch == nil {
		j.batch = make([]timeline.Event, 0, batchSize)
	}
	j.batch = append(j.batch, e)
	j.done.Events++
	if len(j.batch) == batchSize {
		return j.flush()
	}
	return nil
}

// flush hands the batch over and forgets it.
func (j *job) flush() error {
	if err := j.ctx.Err(); err != nil {
		return err
	}
	if len(j.batch) == 0 {
		return nil
	}
	b := j.batch
	j.batch = nil
	return j.emit(b)
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
	r.Seen = r.Events + r.Rejected
	for _, n := range j.notes {
		r.Samples = append(r.Samples, record.NotePrefix+n)
	}
	return r
}
