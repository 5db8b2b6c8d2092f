package response

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"firebreak/forensics/parse"
	"firebreak/record"
	"firebreak/store"
	"firebreak/store/events"
)

// parse reads one exhibit into the timeline and records how that went. What it
// added before an error or a cancellation stays; reading the exhibit again adds
// the rest.
func (s *Session) parse(ctx context.Context, f *folder, x record.Exhibit, o IngestOptions) (record.Ingestion, error) {
	db, err := s.s.renewedTimeline(ctx, f)
	if err != nil {
		return record.Ingestion{}, err
	}
	r, err := f.locker.Open(x.Blob)
	if err != nil {
		return record.Ingestion{}, fmt.Errorf("open exhibit %s: %w", x.ID, err)
	}
	replaced, err := s.replace(ctx, f, db, x, o)
	if err != nil {
		return record.Ingestion{}, errors.Join(err, r.Close())
	}
	if x.Host == "" {
		x.Host = o.Host
	}
	collected := x.Finished
	if !x.Taken.IsZero() { // an archive was collected before it was sealed here
		collected = x.Taken
	}
	first, err := f.first(ctx, x)
	if err != nil {
		return record.Ingestion{}, errors.Join(err, r.Close())
	}
	to := db.NewAppender(ctx)
	in, err := parse.File(ctx, s.heard(r, x, o.told), parse.Source{
		Exhibit: x, Parser: cmp.Or(o.Parser, x.Format), Host: x.Host, Zone: o.Zone, Year: o.Year, Skew: o.Skew, Collected: collected, Mapping: o.Mapping, Findings: o.Findings, First: first,
		Again:  func() (io.ReadCloser, error) { return f.locker.Open(x.Blob) },
		Beside: func(suffix string) (io.ReadCloser, error) { return s.beside(ctx, f, x, suffix) },
	}, to.Add)
	added, cerr := to.Close() //nolint:contextcheck // what is merged then goes on when the caller has gone
	if err == nil {           // the error of adding is the same
		err = cerr
	}
	in.Added = added
	if err = errors.Join(err, r.Close()); err != nil {
		in.Exhibit = x.ID
		return in, fmt.Errorf("read exhibit %s into the timeline: %w", x.ID, err)
	}
	in.Samples = append(in.Samples, replaced...)
	return s.parsed(ctx, f, db, x, in, o)
}

// parsed notes and records that all events of an exhibit are on the timeline.
func (s *Session) parsed(ctx context.Context, f *folder, db *events.DB, x record.Exhibit, in record.Ingestion, o IngestOptions) (record.Ingestion, error) {
	in.Exhibit, in.Year, in.Zone, in.Skew = x.ID, o.Year, zoneName(o.Zone), skewText(o.Skew)
	if err := db.SetWhole(ctx, x.ID); err != nil {
		return in, err
	}
	if o.again != nil && readsSame(*o.again, in) {
		return in, nil // nothing new is known, so nothing is recorded
	}
	return in, s.actIn(ctx, f, record.TimelineIngested, o.Step, in, nil)
}

// heard passes on how far the reading of an exhibit is, and how fast.
func (s *Session) heard(r io.Reader, x record.Exhibit, p ProgressFunc) io.Reader {
	if p == nil {
		return r
	}
	return &heard{Reader: r, what: "parsing " + x.Title, total: x.Size, p: p, now: s.s.o.Now, since: s.s.o.Now()}
}

// heard is a reader that tells how far it is.
type heard struct {
	io.Reader
	what        string
	done, total int64
	said        int64
	p           ProgressFunc
	now         func() time.Time
	since       time.Time
}

// saidEvery is how many bytes are read between two words.
const saidEvery = 4 << 20

func (h *heard) Read(b []byte) (int, error) {
	n, err := h.Reader.Read(b)
	h.done += int64(n)
	if h.done-h.said >= saidEvery || err != nil {
		h.said = h.done
		what := h.what
		if took := h.now().Sub(h.since); took >= time.Second {
			what += fmt.Sprintf(" (%.0f MB/s)", float64(h.done)/1e6/took.Seconds())
		}
		tell(h.p, what, h.done, h.total)
	}
	return n, err
}

// reading is what a person said of how to read a file, nil for nothing.
func (o IngestOptions) reading() *record.Reading {
	r := record.Reading{Zone: zoneName(o.Zone), Year: o.Year, Skew: skewText(o.Skew)}
	if r == (record.Reading{}) {
		return nil
	}
	return &r
}

// readAs fills in how an exhibit was read, or was to be read.
func (o *IngestOptions) readAs(exhibit, zone string, year int, skew string) (err error) {
	o.Year = year
	if zone != "" {
		if o.Zone, err = time.LoadLocation(zone); err != nil {
			return fmt.Errorf("read exhibit %s as before: %w", exhibit, err)
		}
	}
	if skew != "" {
		if o.Skew, err = time.ParseDuration(skew); err != nil {
			return fmt.Errorf("read exhibit %s as before: %w", exhibit, err)
		}
	}
	return nil
}

// optionsOf is how an exhibit was read the last time, or was to be read.
func optionsOf(x store.Exhibit) (IngestOptions, error) {
	o := IngestOptions{Host: x.Host, Parser: x.Format}
	_, findings := parse.FindingFormat(x.Format)
	switch {
	case x.Mapping != nil && findings:
		var err error
		if o.Findings, err = parse.FindingMapping(x.Mapping); err != nil {
			return o, fmt.Errorf("read exhibit %s as before: its mapping: %w", x.ID, err)
		}
	case x.Mapping != nil:
		var err error
		if o.Mapping, err = parse.NewMapping(x.Mapping.Name, []byte(x.Mapping.Text)); err != nil {
			return o, fmt.Errorf("read exhibit %s as before: its mapping: %w", x.ID, err)
		}
	}
	switch {
	case x.Parsed != nil:
		o.again = x.Parsed
		o.Parser = cmp.Or(x.Parsed.Parser, x.Format)
		return o, o.readAs(x.ID, x.Parsed.Zone, x.Parsed.Year, x.Parsed.Skew)
	case x.Reading != nil:
		return o, o.readAs(x.ID, x.Reading.Zone, x.Reading.Year, x.Reading.Skew)
	}
	return o, nil
}

// readAlike says whether an exhibit was read, or is being read, with the same
// year, zone and skew.
func readAlike(x store.Exhibit, o IngestOptions) bool {
	as := cmp.Or(x.Reading, &record.Reading{})
	if in := x.Parsed; in != nil {
		as = &record.Reading{Zone: in.Zone, Year: in.Year, Skew: in.Skew}
	}
	return *as == *cmp.Or(o.reading(), &record.Reading{})
}

// skewText is a skew in the record, "" for none.
func skewText(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

// unread are the exhibits whose events are not all on the timeline, without those
// that another process is at: whoever was has ended or was cancelled, or the
// timeline was lost, renewed or only in part made again.
func (s *Service) unread(ctx context.Context, f *folder, db *events.DB) (out []store.Exhibit, err error) {
	whole, err := db.Whole(ctx)
	if err != nil {
		return nil, err
	}
	err = f.store.View(ctx, func(tx *store.Tx) error {
		xs, err := tx.Exhibits()
		out = notWhole(xs, whole)
		return err
	})
	return out, err
}

func notWhole(xs []store.Exhibit, whole map[string]bool) (out []store.Exhibit) {
	for _, x := range xs {
		busy := x.Parsed == nil && x.Owner != store.Owner() && store.Alive(x.Owner)
		as := x.Format
		if x.Parsed != nil {
			as = cmp.Or(x.Parsed.Parser, as)
		}
		if !whole[x.ID] && x.Erased == "" && as != "" && as != "text" && !busy {
			out = append(out, x)
		}
	}
	return out
}

// readUnread reads what is unread. One that cannot be read does not hinder what is
// done now; a note names it.
func (s *Session) readUnread(ctx context.Context, f *folder, sum *Ingested, p ProgressFunc) error {
	db, err := s.s.renewedTimeline(ctx, f)
	if err != nil {
		return err
	}
	xs, err := s.s.unread(ctx, f, db)
	if err != nil {
		return err
	}
	for _, x := range xs {
		var in record.Ingestion
		o, err := optionsOf(x)
		if err == nil {
			o.told = p
			in, err = s.parse(ctx, f, x.Exhibit, o)
		}
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			sum.Notes = append(sum.Notes, fmt.Sprintf("%s is not on the timeline with all its events, and cannot be read: %v", x.ID, err))
		default:
			sum.Resumed = append(sum.Resumed, x.ID)
			sum.Added += in.Added
			what := "was sealed and never read to its end"
			if x.Parsed != nil {
				what = "was not on the timeline with all its events"
			}
			sum.Notes = append(sum.Notes, fmt.Sprintf("%s %s: %s of %s had been missing", x.ID, what, plural(int(in.Added), "event"), plural(int(in.Events+in.Recovered), "event")))
		}
	}
	return nil
}
