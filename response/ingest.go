package response

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"firebreak/forensics"
	"firebreak/forensics/foreign"
	"firebreak/forensics/parse"
	"firebreak/incident"
	"firebreak/playbooks"
	"firebreak/record"
)

// ingestCollector is what exhibits that a responder gave name as collector.
const ingestCollector = "ingest"

// Ingest seals files as evidence and reads them into the timeline. A file that
// cannot be read does not keep the others from being read; the error names it.
// What an earlier process sealed and did not read to its end is read first.
func (s *Session) Ingest(ctx context.Context, id incident.ID, files []string, o IngestOptions, p ProgressFunc) (Ingested, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return Ingested{}, err
	}
	f.busy.Lock()
	defer f.busy.Unlock()
	return s.ingest(ctx, f, files, o, p)
}

func (s *Session) ingest(ctx context.Context, f *folder, files []string, o IngestOptions, p ProgressFunc) (Ingested, error) {
	return s.ingestEach(ctx, f, companionsFirst(files), p, func(path string) (record.Ingestion, record.Exhibit, error) {
		return s.ingestFile(ctx, f, path, o, p)
	})
}

func (s *Session) ingestEach(ctx context.Context, f *folder, files []string, p ProgressFunc, one func(path string) (record.Ingestion, record.Exhibit, error)) (Ingested, error) {
	var sum Ingested
	if err := f.writable(); err != nil {
		return sum, err
	}
	if err := f.store.View(ctx, mustBeOpen); err != nil {
		return sum, err
	}
	if err := s.readUnread(ctx, f, &sum, p); err != nil {
		return sum, err
	}
	var errs []error
	for i, path := range files {
		tell(p, "reading "+path, int64(i), int64(len(files)))
		in, x, err := one(path)
		if x.ID != "" {
			sum.Exhibits = append(sum.Exhibits, x.ID)
		}
		sum.Events += in.Events
		sum.Added += in.Added
		sum.Rejected += in.Rejected
		sum.Recovered += in.Recovered
		rejected, notes := in.Split()
		sum.Samples = append(sum.Samples, ofFile(path, files, rejected)...)
		sum.Notes = append(sum.Notes, ofFile(path, files, notes)...)
		if ctx.Err() != nil {
			return sum, errors.Join(err, context.Cause(ctx))
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("ingest %s: %w", path, err))
		}
	}
	if len(errs) > 0 && len(errs) < len(files) {
		return sum, &Error{Code: CodePartial, Err: errors.Join(errs...)}
	}
	return sum, errors.Join(errs...)
}

// ofFile says of each line which file it is about, where there are several.
func ofFile(path string, files, lines []string) []string {
	if len(files) < 2 {
		return lines
	}
	var out []string
	for _, line := range lines {
		out = append(out, filepath.Base(path)+": "+line)
	}
	return out
}

func (s *Session) ingestFile(ctx context.Context, f *folder, path string, o IngestOptions, p ProgressFunc) (record.Ingestion, record.Exhibit, error) {
	x, err := s.given(path, o)
	if err != nil {
		return record.Ingestion{}, record.Exhibit{}, err
	}
	a := &ahead{s: s, ctx: ctx, f: f, x: x, o: o}
	sealed, err := f.locker.SealFileBeside(ctx, path, x, func(done, total int64) { tell(p, a.doing()+path, done, total) }, a.begin)
	if err = a.sealed(err); err != nil { //nolint:contextcheck // it has the context
		return record.Ingestion{}, record.Exhibit{}, err
	}
	return s.ingestSealed(ctx, f, path, sealed, o, p, a)
}

// given describes evidence that a person hands over.
func (s *Session) given(source string, o IngestOptions) (record.Exhibit, error) {
	tool, err := s.s.o.ToolSHA256()
	if err != nil {
		return record.Exhibit{}, fmt.Errorf("hash this program: %w", err)
	}
	full, err := filepath.Abs(source)
	if err != nil {
		return record.Exhibit{}, fmt.Errorf("find out where it is: %w", err)
	}
	x := record.Exhibit{
		Kind: "file", Title: filepath.Base(source), Source: full, Host: o.Host, Collector: ingestCollector, Authority: o.Authority,
		Method: "given by the responder", Tool: s.s.o.Tool, ToolSHA256: tool, Started: s.s.o.Now().UTC(),
		Reading: o.reading(), Origin: record.OriginFile, Argv: s.s.o.Argv, Clock: forensics.ClockNow(), Stored: s.s.o.Host,
	}
	if o.Mapping != nil {
		x.Mapping = o.Mapping.Record()
	}
	if o.stream {
		x.Source, x.Origin = "the standard input", record.OriginInput
	}
	return x, nil
}

// ingestStream seals a stream as it comes.
func (s *Session) ingestStream(ctx context.Context, f *folder, name string, r io.Reader, o IngestOptions, p ProgressFunc) (record.Ingestion, record.Exhibit, error) {
	x, err := s.given(name, o)
	if err != nil {
		return record.Ingestion{}, record.Exhibit{}, err
	}
	tell(p, "sealing "+name, 0, 0)
	sealed, err := f.locker.SealInput(ctx, r, x)
	if err != nil {
		return record.Ingestion{}, record.Exhibit{}, err
	}
	return s.ingestSealed(ctx, f, name, sealed, o, p, &ahead{})
}

// ingestSealed registers what was sealed, and reads it into the timeline, if that
// was not done while it was sealed.
func (s *Session) ingestSealed(ctx context.Context, f *folder, path string, sealed record.Exhibit, o IngestOptions, p ProgressFunc, a *ahead) (record.Ingestion, record.Exhibit, error) {
	var err error
	if sealed.Format, err = s.formatOf(f, sealed, o); err != nil { //nolint:contextcheck // of the parsers only their names are asked for
		return record.Ingestion{}, record.Exhibit{}, errors.Join(err, a.discard())
	}
	numbered, err := s.register(ctx, f, []record.Exhibit{sealed}, o.Step)
	if err != nil {
		return record.Ingestion{}, record.Exhibit{}, errors.Join(err, a.discard()) //nolint:contextcheck // it has the context
	}
	switch published, err := a.publish(numbered[0]); { //nolint:contextcheck // it has the context
	case err != nil:
		return record.Ingestion{}, numbered[0], fmt.Errorf("read exhibit %s into the timeline: %w", numbered[0].ID, err)
	case published:
		in, err := s.parsed(ctx, f, a.db, numbered[0], a.in, o)
		return in, numbered[0], err
	}
	tell(p, "parsing "+path, 0, sealed.Size)
	o.told = p
	in, err := s.parse(ctx, f, numbered[0], o)
	if err == nil && o.Parser == "" && numbered[0].Format == "text" {
		if note := s.unopened(f, numbered[0]); note != "" {
			in.Samples = append(in.Samples, record.NotePrefix+note)
		}
	}
	return in, numbered[0], err
}

// formatHead is how much of a file is looked at to find its format.
const formatHead = 64 << 10

// formatOf finds out how a sealed file is read.
func (s *Session) formatOf(f *folder, x record.Exhibit, o IngestOptions) (string, error) {
	if parser, err := o.parser(); parser != "" || err != nil {
		return parser, err
	}
	r, err := f.locker.Open(x.Blob)
	if err != nil {
		return "", fmt.Errorf("open what was sealed: %w", err)
	}
	head := make([]byte, formatHead)
	n, err := io.ReadFull(r, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return "", errors.Join(fmt.Errorf("read what was sealed: %w", err), r.Close())
	}
	return formatBy(x.Source, head[:n]), r.Close()
}

// formatBy finds out by its name and first bytes how a file is read.
func formatBy(source string, head []byte) string {
	if foreign.IsArchive(head) { // what is in it has no place in it: import reads it
		return "text"
	}
	return parse.Detect(source, head)
}

// IngestFrom seals a stream and reads it into the timeline. It is sealed as it
// comes: a copy to read from would stay on the disk when the program is killed,
// and in part after its removal.
func (s *Session) IngestFrom(ctx context.Context, id incident.ID, name string, r io.Reader, o IngestOptions, p ProgressFunc) (Ingested, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return Ingested{}, err
	}
	o.stream = true
	f.busy.Lock()
	defer f.busy.Unlock()
	return s.ingestEach(ctx, f, []string{name}, p, func(name string) (record.Ingestion, record.Exhibit, error) {
		return s.ingestStream(ctx, f, name, r, o, p)
	})
}

// ingestStep performs a playbook's ingest step.
func (s *Session) ingestStep(ctx context.Context, f *folder, st *playbooks.Step, res playbooks.Resolved, p ProgressFunc) (map[string]any, error) {
	o := IngestOptions{Step: st.ID, Host: s.s.o.Host}
	if host, ok := res.With["host"].(string); ok {
		o.Host = host
	}
	o.Parser, _ = res.With["parser"].(string)
	o.Authority, _ = res.With["authority"].(string)
	in, err := s.ingest(ctx, f, res.Paths, o, p)
	return map[string]any{"events": in.Events, "rejected": in.Rejected, "recovered": in.Recovered}, err
}
