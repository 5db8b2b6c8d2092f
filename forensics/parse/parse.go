// Package parse turns the bytes of one artefact into events of the timeline:
// logs, login records, journals, histories, file listings and the snapshots
// that package forensics takes.
//
// File streams: no artefact is held whole, lines and records have limits, and
// compressed input is opened with limits of its own. Every record is accounted
// for: it becomes events, or it is rejected and counted. No time is made up;
// what had to be assumed (a year, a zone) stands in the event.
//
// Where to begin reading: table.go is the table of formats; job.go is one
// reading, with its counts and samples; chunks.go reads formats of lines by
// several at once; lines.go and frames.go cut records; times.go and years.go make
// times. Every other file is a format.
package parse

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"firebreak/integrations/intake"
	"firebreak/record"
	"firebreak/timeline"
)

// ErrUnknown is returned by File for a parser that does not exist.
var ErrUnknown = errors.New("no such parser")

// Source says where the bytes come from, and what to assume where they do not
// say: the zone of local times (nil is UTC), the year of the first date that
// has none (0 infers it), and the time of collection, which bounds the years.
// Skew is how far the source's clock was ahead of UTC: it is taken off every
// time but those of observation, and the events say so. Only Exhibit is needed;
// its Finished and Host stand in for Collected and Host.
type Source struct {
	Exhibit   record.Exhibit
	Parser    string // one of Names; empty detects it
	Host      string
	Zone      *time.Location
	Year      int
	Skew      time.Duration
	Collected time.Time
	Mapping   *Mapping        // what the members or columns mean, for the parsers named mapped
	Findings  *intake.Mapping // the same for finding.mapped
	Workers   int             // how many read chunks of it at once; 0: as many as there are processors

	// Again opens the same bytes once more. Year-less logs are read twice when
	// it is given (or when the reader can seek), so that the years are counted
	// back from the last line; otherwise they are guessed from the first.
	Again func() (io.ReadCloser, error)

	// Beside opens the artefact that lay beside this one, whose name is this one's
	// with the suffix behind it: a database's write-ahead log, a registry hive's
	// transaction logs. It returns nil where there is none; it may be nil itself.
	Beside func(suffix string) (io.ReadCloser, error)

	// First is the exhibit of the incident that had the same bytes before this
	// one, nil where none had. The events of both are the same, and told once,
	// unless they are of another host, or of another place that gives them their
	// meaning: one key in two people's authorized_keys lets in twice.
	First *record.Exhibit

	// Window is what of it is wanted, nil for all.
	Window *Window

	chunk int // size of a chunk, for tests
}

// headSize is how much of an artefact detection looks at.
const headSize = 64 << 10

// never is for formats that nobody can tell by their bytes.
func never(string, []byte) bool { return false }

// Names lists the parsers, sorted.
func Names() []string {
	var names []string
	for _, p := range parsers() {
		names = append(names, p.name)
	}
	slices.Sort(names)
	return names
}

// Detect names the parser for an artefact from its file name and first bytes
// (64 KiB are plenty), compressed or not. It answers "text" when none fits.
func Detect(name string, head []byte) string { return detect(name, plainHead(head)) }

// detect is Detect for what is no longer compressed.
func detect(name string, head []byte) string {
	head = encodingOf(head).head(head)
	if isSettings(name, head) { // by the whole path: its last part alone says nothing
		return "settings"
	}
	name = plainName(name)
	for _, p := range parsers() {
		if p.detect(name, head) {
			return p.name
		}
	}
	return "text"
}

// File parses one artefact and hands its events to emit in batches of at most
// 4096, in no certain order. emit may be called from several goroutines at once,
// and may keep neither the batch nor a text of it when it returns: what is to be
// kept is cloned.
//
// In the answer Events + Rejected + Recovered = Seen, whatever the input; Samples
// show the first rejected records and every assumption (beginning with "note:").
// Damaged input is no error: what can be read is parsed and the rest counted.
// Errors are: ErrUnknown, ErrMapping, the context's, the reader's own, and emit's;
// the answer then says how far it came.
func File(ctx context.Context, r io.Reader, src Source, emit func([]timeline.Event) error) (record.Ingestion, error) {
	if src.Host == "" {
		src.Host = src.Exhibit.Host
	}
	if src.Collected.IsZero() {
		src.Collected = src.Exhibit.Finished
	}
	again := src.Again
	if again == nil {
		r, again = rewinder(r)
	}
	fail := func(err error) (record.Ingestion, error) {
		return record.Ingestion{Exhibit: src.Exhibit.ID}, fmt.Errorf("parse %s: %w", src.Exhibit.Source, err)
	}
	in, err := open(r)
	if err != nil {
		return fail(err)
	}
	defer in.close()
	br := bufio.NewReaderSize(in, headSize)
	if src.Parser == "" && src.Mapping != nil {
		src.Parser = src.Mapping.Parser()
	}
	head, err := br.Peek(headSize)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, errDamaged) && src.Parser == "" {
		return fail(err)
	}
	text := encodingOf(head)
	if src.Parser == "" {
		src.Parser = detect(src.Exhibit.Source, head) //nolint:contextcheck // nothing is read yet; a job has its context
	}
	table := parsers() //nolint:contextcheck // a job has its context
	i := slices.IndexFunc(table, func(p parser) bool { return p.name == src.Parser })
	if i < 0 {
		return fail(fmt.Errorf("%w: %q", ErrUnknown, src.Parser))
	}
	if strings.HasPrefix(src.Parser, "mapped.") && (src.Mapping == nil || src.Mapping.Parser() != src.Parser) {
		return fail(fmt.Errorf("%w: %s", ErrMapping, src.Parser))
	}
	j := newJob(ctx, src, again, emit)
	if !table[i].binary {
		if j.text = text; text.order != nil {
			br = bufio.NewReaderSize(text.open(br), headSize)
			j.note("the file is " + text.name + ": offsets are those in UTF-8")
		}
	}
	err = table[i].run(j, br)
	if errors.Is(err, errDamaged) {
		j.reject(in.written, nil, err.Error())
		err = nil
	}
	if ferr := j.flush(); err == nil {
		err = ferr
	}
	if err == nil {
		err = j.calendar.err // without years its lines were rejected
	}
	if err != nil {
		return j.result(), fmt.Errorf("parse %s: %w", src.Exhibit.Source, err)
	}
	return j.result(), nil
}

// rewinder makes Again of a reader that can seek. Who reads on waits until the
// one who began again has closed.
func rewinder(r io.Reader) (io.Reader, func() (io.ReadCloser, error)) {
	s, ok := r.(io.ReadSeeker)
	if !ok {
		return r, nil
	}
	at, err := s.Seek(0, io.SeekCurrent)
	if err != nil {
		return r, nil
	}
	one := &oneReader{r: s}
	return one, func() (io.ReadCloser, error) {
		one.mu.Lock()
		here, err := s.Seek(0, io.SeekCurrent)
		if err == nil {
			_, err = s.Seek(at, io.SeekStart)
		}
		if err != nil {
			one.mu.Unlock()
			return nil, fmt.Errorf("rewind: %w", err)
		}
		return &rewound{one: one, back: here}, nil
	}
}

// oneReader is read by one at a time.
type oneReader struct {
	mu sync.Mutex
	r  io.ReadSeeker
}

func (o *oneReader) Read(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.r.Read(p)
}

// rewound returns the reader to where it was when it is closed.
type rewound struct {
	one  *oneReader
	back int64
}

func (r *rewound) Read(p []byte) (int, error) { return r.one.r.Read(p) }

func (r *rewound) Close() error {
	defer r.one.mu.Unlock()
	if _, err := r.one.r.Seek(r.back, io.SeekStart); err != nil {
		return fmt.Errorf("rewind: %w", err)
	}
	return nil
}
