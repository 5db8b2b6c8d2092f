// Package parse turns the bytes of one artefact into events of the timeline:
// logs, login records, journals, histories, file listings and the snapshots
// that package forensics takes.
//
// File streams: no artefact is held whole, lines and records have limits, and
// compressed input is opened with limits of its own. Every record is accounted
// for: it becomes events, or it is rejected and counted. No time is made up;
// what had to be assumed (a year, a zone) stands in the event.
package parse

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"firebreak/record"
	"firebreak/timeline"
)

// ErrUnknown is returned by File for a parser that does not exist.
var ErrUnknown = errors.New("no such parser")

// Source says where the bytes come from, and what to assume where they do not
// say: the zone of local times (nil is UTC), the year of the first date that
// has none (0 infers it), and the time of collection, which bounds the years.
// Only Exhibit is needed; its Finished and Host stand in for Collected and Host.
type Source struct {
	Exhibit   record.Exhibit
	Parser    string // one of Names; empty detects it
	Host      string
	Zone      *time.Location
	Year      int
	Collected time.Time
	Mapping   *Mapping // what the members or columns mean, for the parsers named mapped

	// Again opens the same bytes once more. Year-less logs are read twice when
	// it is given (or when the reader can seek), so that the years are counted
	// back from the last line; otherwise they are guessed from the first.
	Again func() (io.ReadCloser, error)
}

// headSize is how much of an artefact detection looks at.
const headSize = 64 << 10

// parser is one row of the table of formats.
type parser struct {
	name   string
	detect func(name string, head []byte) bool
	run    func(j *job, r *bufio.Reader) error
}

// parsers is the table of formats. Detection asks from the top, so the
// narrower format stands above the wider one.
func parsers() []parser {
	return []parser{
		{"journal", isJournal, parseJournal},
		{"lastlog", isLastlog, parseLastlog},
		{"btmp", isBtmp, parseBtmp},
		{"utmp", isUtmp, parseUtmp},
		{"fb.processes", isSnapshot("fb.processes"), parseSnapshot},
		{"fb.sockets", isSnapshot("fb.sockets"), parseSnapshot},
		{"fb.modules", isSnapshot("fb.modules"), parseSnapshot},
		{"fb.mounts", isSnapshot("fb.mounts"), parseSnapshot},
		{"fb.openfiles", isSnapshot("fb.openfiles"), parseSnapshot},
		{"fb.routes", isSnapshot("fb.routes"), parseSnapshot},
		{"fb.units", isSnapshot("fb.units"), parseSnapshot},
		{"fb.accounts", isSnapshot("fb.accounts"), parseSnapshot},
		{"fb.system", isSnapshot("fb.system"), parseSnapshot},
		{"fb.extents", isSnapshot("fb.extents"), parseExtents},
		{"events.jsonl", isEventsJSONL, parseEventsJSONL},
		{"events.csv", isHeading("time", "precision", "kind", "source", "host", "user", "message"), parseEventsCSV},
		{"l2t.csv", isHeading(l2tNames[:6]...), parseL2T},
		{"mactime.csv", isMactime, parseMactime},
		{"timesketch.jsonl", isTimesketchJSONL, parseTimesketchJSONL},
		{"timesketch.csv", isTimesketchCSV, parseTimesketchCSV},
		{"bodyfile", isBodyfile, parseBodyfile},
		{"audit", isAudit, parseAudit},
		{"apt", isApt, parseApt},
		{"dpkg", isDpkg, parseDpkg},
		{"packages", isPackages, parsePackages},
		{"history", isHistory, parseHistory},
		{"access", isAccess, parseAccess},
		{"syslog", isSyslog, parseSyslog},
		{"mapped.jsonl", never, parseMappedJSONL},
		{"mapped.json", never, parseMappedJSON},
		{"mapped.csv", never, parseMappedCSV},
		{"text", never, parseText},
	}
}

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
func Detect(name string, head []byte) string {
	head = plainHead(head)
	name = plainName(name)
	for _, p := range parsers() {
		if p.detect(name, head) {
			return p.name
		}
	}
	return "text"
}

// File parses one artefact and hands its events to emit in batches of at most
// 4096, which emit may keep. In the answer Events + Rejected = Seen, whatever
// the input; Samples show the first rejected records and every assumption
// (beginning with "note:"). Damaged input is no error: what can be read is
// parsed and the rest counted. Errors are: ErrUnknown, ErrMapping, the
// context's, the reader's own, and emit's; the answer then says how far it came.
func File(ctx context.Context, r io.Reader, src Source, emit func([]timeline.Event) error) (record.Ingestion, error) {
	if src.Host == "" {
		src.Host = src.Exhibit.Host
	}
	if src.Collected.IsZero() {
		src.Collected = src.Exhibit.Finished
	}
	again := src.Again
	if again == nil {
		again = rewinder(r)
	}
	in, err := open(r)
	if err != nil {
		return record.Ingestion{Exhibit: src.Exhibit.ID}, fmt.Errorf("parse %s: %w", src.Exhibit.Source, err)
	}
	defer in.close()
	br := bufio.NewReaderSize(in, headSize)
	if src.Parser == "" && src.Mapping != nil {
		src.Parser = src.Mapping.Parser()
	}
	if src.Parser == "" {
		head, peekErr := br.Peek(headSize)
		if peekErr != nil && !errors.Is(peekErr, io.EOF) && !errors.Is(peekErr, errDamaged) {
			return record.Ingestion{Exhibit: src.Exhibit.ID}, fmt.Errorf("parse %s: %w", src.Exhibit.Source, peekErr)
		}
		src.Parser = Detect(src.Exhibit.Source, head)
	}
	table := parsers()
	i := slices.IndexFunc(table, func(p parser) bool { return p.name == src.Parser })
	if i < 0 {
		return record.Ingestion{Exhibit: src.Exhibit.ID}, fmt.Errorf("parse %s: %w: %q", src.Exhibit.Source, ErrUnknown, src.Parser)
	}
	if strings.HasPrefix(src.Parser, "mapped.") && (src.Mapping == nil || src.Mapping.Parser() != src.Parser) {
		return record.Ingestion{Exhibit: src.Exhibit.ID}, fmt.Errorf("parse %s: %w: %s", src.Exhibit.Source, ErrMapping, src.Parser)
	}
	j := newJob(ctx, src, again, emit)
	err = table[i].run(j, br)
	if errors.Is(err, errDamaged) {
		j.reject(in.written, nil, err.Error())
		err = nil
	}
	if ferr := j.flush(); err == nil {
		err = ferr
	}
	if err != nil {
		return j.result(), fmt.Errorf("parse %s: %w", src.Exhibit.Source, err)
	}
	return j.result(), nil
}

// rewinder makes Again of a reader that can seek.
func rewinder(r io.Reader) func() (io.ReadCloser, error) {
	s, ok := r.(io.ReadSeeker)
	if !ok {
		return nil
	}
	at, err := s.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil
	}
	return func() (io.ReadCloser, error) {
		here, err := s.Seek(0, io.SeekCurrent)
		if err != nil {
			return nil, fmt.Errorf("rewind: %w", err)
		}
		if _, err := s.Seek(at, io.SeekStart); err != nil {
			return nil, fmt.Errorf("rewind: %w", err)
		}
		return rewound{Reader: s, seeker: s, back: here}, nil
	}
}

// rewound returns the reader to where it was when it is closed.
type rewound struct {
	io.Reader
	seeker io.Seeker
	back   int64
}

func (r rewound) Close() error {
	_, err := r.seeker.Seek(r.back, io.SeekStart)
	if err != nil {
		return fmt.Errorf("rewind: %w", err)
	}
	return nil
}
