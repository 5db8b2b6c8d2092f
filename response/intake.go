package response

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"firebreak/forensics/parse"
	"firebreak/incident"
	"firebreak/integrations/intake"
	"firebreak/record"
	"firebreak/store"
)

// intakeCollector is what exhibits that intake sealed name as collector.
const intakeCollector = "intake"

// IntakeRequest says what is taken in, and how it is read.
type IntakeRequest struct {
	File      string    // "-" is In
	In        io.Reader // the standard input
	Format    string    // of package intake; "" finds out
	Mapping   *intake.Mapping
	Authority string

	item string // of the inbox
	body []byte // what the item holds
	from string // who sent it
}

// TakenAlert is what came of taking a report in.
type TakenAlert struct {
	Incident incident.ID             `json:"incident"`
	Opened   bool                    `json:"opened,omitempty"` // for this
	Playbook string                  `json:"playbook,omitempty"`
	Exhibit  string                  `json:"exhibit"`
	Format   string                  `json:"format"`
	Tools    []string                `json:"tools,omitempty"`
	Findings int                     `json:"findings"`
	New      int                     `json:"new"`
	Again    int                     `json:"again"`
	Resolved int                     `json:"resolved"`
	Reopened int                     `json:"reopened"`
	Gone     int                     `json:"gone"`
	Open     int                     `json:"open"` // in the incident, of all that came in
	Severity map[intake.Severity]int `json:"severity"`
	Events   int64                   `json:"events"`         // on the timeline
	Same     bool                    `json:"same,omitempty"` // the incident holds these bytes, and they say nothing new
	Notes    []string                `json:"notes,omitempty"`
}

// ReadIntakeMapping reads a mapping file for intake. What is wrong with it is told
// line by line.
func ReadIntakeMapping(path string) (*intake.Mapping, error) {
	return readMapping(path, intake.MaxMapping, "docs/intake.md", intake.NewMapping)
}

// name is what the report is called where it does not say.
func (r IntakeRequest) name() string {
	switch {
	case r.from != "":
		return r.from
	case r.File == "-":
		return "stdin"
	}
	return filepath.Base(r.File)
}

func (r IntakeRequest) options() intake.Options {
	return intake.Options{Format: r.Format, Mapping: r.Mapping, Name: r.name()}
}

// ReadFindings reads a report, hands over its findings, and touches nothing: no
// workspace is needed.
func ReadFindings(ctx context.Context, r IntakeRequest, emit func(*intake.Finding) error) (intake.Report, error) {
	var gone error
	heard := func(f *intake.Finding) error {
		gone = emit(f)
		return gone
	}
	in, done, err := r.open(ctx)
	if err != nil {
		return intake.Report{}, err
	}
	report, err := intake.Decode(stoppable{ctx, in}, r.options(), heard)
	if err != nil && gone == nil {
		err = r.failed(err)
	}
	return report, errors.Join(err, done())
}

// open opens what is to be read.
func (r IntakeRequest) open(ctx context.Context) (io.Reader, func() error, error) {
	none := func() error { return nil }
	switch {
	case r.body != nil:
		return bytes.NewReader(r.body), none, nil
	case r.File == "-":
		return Interruptible(ctx, r.In), none, nil
	}
	f, err := openPatiently(ctx, r.File)
	if err != nil {
		return nil, none, err
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = fmt.Errorf("take in %s: it is a folder", r.File)
	}
	if err != nil {
		return nil, none, errors.Join(err, f.Close())
	}
	return f, f.Close, nil
}

// failed is what is said of an input that could not be read.
func (r IntakeRequest) failed(err error) error {
	var hint string
	switch {
	case errors.Is(err, intake.ErrUnknown):
		hint = "--format names it (" + strings.Join(intake.Names(), ", ") + "); --mapping FILE reads any other JSON (docs/intake.md)"
	case errors.Is(err, intake.ErrReported):
		hint = "the scan itself failed: run it again"
	case errors.Is(err, intake.ErrEmpty):
		hint = "did what should write it fail?"
	case errors.Is(err, intake.ErrTooLarge):
		hint = "docs/intake.md has the limits: a list, or one value a line, may be of any length"
	case errors.Is(err, intake.ErrMalformed):
		hint = "nothing of it was taken in: make the report again"
	default:
		return fmt.Errorf("take in %s: %w", r.File, err)
	}
	name := r.File
	if r.body != nil {
		name = r.item
	}
	return &Error{Code: CodeInternal, Hint: hint, Err: fmt.Errorf("take in %s: %w", name, err)}
}

// Intake seals a report or alerts as evidence, records what of its findings is new
// to the incident, and puts them on the timeline. The report is read to its end
// before anything is sealed: one that is broken leaves nothing behind.
func (s *Session) Intake(ctx context.Context, id incident.ID, r IntakeRequest, p ProgressFunc) (TakenAlert, error) {
	if err := r.hold(ctx); err != nil {
		return TakenAlert{}, err
	}
	tell(p, "reading "+r.name(), 0, 0)
	report, err := ReadFindings(ctx, r, func(*intake.Finding) error { return nil })
	if err != nil {
		return TakenAlert{}, err
	}
	return s.intake(ctx, id, r, report, p)
}

// maxHeld is how much of a stream is held, to be read before it is sealed.
const maxHeld = 256 << 20

// hold keeps the standard input, which can be read once.
func (r *IntakeRequest) hold(ctx context.Context) error {
	if r.File != "-" || r.body != nil {
		return nil
	}
	b, err := io.ReadAll(io.LimitReader(Interruptible(ctx, r.In), maxHeld+1))
	switch {
	case err != nil:
		return fmt.Errorf("take in the standard input: %w", err)
	case len(b) > maxHeld:
		return usage("save it in a file first: it is read before it is sealed", "take in the standard input: more than %d MiB", maxHeld>>20)
	}
	r.body = b
	return nil
}

func (s *Session) intake(ctx context.Context, id incident.ID, r IntakeRequest, report intake.Report, p ProgressFunc) (TakenAlert, error) {
	out := TakenAlert{Incident: id, Format: report.Format, Tools: report.Tools, Findings: report.Findings, Severity: report.Severity, Notes: report.Notes}
	f, err := s.s.open(ctx, id)
	if err != nil {
		return out, err
	}
	f.busy.Lock()
	defer f.busy.Unlock()
	if err := f.writable(); err != nil {
		return out, err
	}
	if err := f.store.View(ctx, mustBeOpen); err != nil {
		return out, err
	}
	x, err := s.sealReport(ctx, f, r, report, p)
	if err != nil {
		return out, err
	}
	says, now, err := s.readSealed(ctx, f, x)
	if err != nil { // the file changed between the two readings
		return out, r.failed(err)
	}
	report = now
	out.Findings, out.Severity, out.Notes = report.Findings, report.Severity, report.Notes
	taken, numbered, err := s.recordReport(ctx, f, r, x, report, says)
	if err != nil {
		return out, err
	}
	out.New, out.Again, out.Resolved, out.Reopened, out.Gone, out.Open = taken.New, taken.Again, taken.Resolved, taken.Reopened, taken.Gone, taken.open
	out.Exhibit, out.Same = taken.Exhibit, taken.same
	if numbered.ID == "" || numbered.Format == "" {
		return out, nil
	}
	tell(p, "putting the findings on the timeline", 0, int64(report.Findings))
	in, err := s.parse(ctx, f, numbered, IngestOptions{Parser: numbered.Format, Findings: r.Mapping, told: p})
	out.Events = in.Events
	return out, err
}

// sealReport seals the bytes; nothing is recorded yet.
func (s *Session) sealReport(ctx context.Context, f *folder, r IntakeRequest, report intake.Report, p ProgressFunc) (record.Exhibit, error) {
	x, err := s.given(r.name(), IngestOptions{Authority: r.Authority})
	if err != nil {
		return x, err
	}
	x.Kind, x.Collector = "alert."+report.Format, intakeCollector
	if report.Format == "" {
		x.Kind = "alert"
	}
	x.Title = r.name()
	x.Format = parse.FindingParser(report.Format)
	if report.Format == "" { // an empty list: there is nothing to read
		x.Format = ""
	}
	if r.Mapping != nil {
		x.Mapping = &record.Mapping{Name: r.Mapping.Name, SHA256: r.Mapping.SHA256, Text: r.Mapping.Text}
	}
	switch {
	case r.item != "":
		x.Source, x.Origin, x.Method = "sent by "+r.from, record.OriginInput, "received by intake serve"
	case r.body != nil:
		x.Source, x.Origin = "the standard input", record.OriginInput
	default:
		if x.Source, err = filepath.Abs(r.File); err != nil {
			return x, fmt.Errorf("find out where it is: %w", err)
		}
	}
	if r.body != nil {
		return f.locker.SealInput(ctx, bytes.NewReader(r.body), x)
	}
	return f.locker.SealFile(ctx, r.File, x, func(done, total int64) { tell(p, "sealing "+r.name(), done, total) })
}

// takenReport is what was recorded of a report.
type takenReport struct {
	record.Received
	open int
	same bool
}

// recordReport records exhibit and changes together. What the incident holds
// already, and what says nothing new, is not recorded again; the exhibit is empty
// then.
func (s *Session) recordReport(ctx context.Context, f *folder, r IntakeRequest, x record.Exhibit, report intake.Report, says reported) (out takenReport, numbered record.Exhibit, err error) {
	describe := func(c record.Received, exhibit string) record.Received {
		c.Exhibit, c.Source, c.Tools, c.Snapshot, c.Findings, c.Item = exhibit, report.Format, report.Tools, report.Snapshot, report.Findings, r.item
		c.Severity, c.Kinds, c.States, c.Notes = counts(report.Severity), counts(report.Kind), counts(report.State), report.Notes
		return c
	}
	var held string
	err = f.store.View(ctx, func(tx *store.Tx) error {
		l, err := s.ledger(ctx, f, tx)
		if err != nil {
			return err
		}
		if r.item != "" && l.items[r.item] != "" { // taken before the process was killed
			out.Exhibit, out.same, out.open = l.items[r.item], true, l.open()
			return nil
		}
		xs, err := tx.Exhibits()
		if err != nil {
			return err
		}
		i := slices.IndexFunc(xs, func(o store.Exhibit) bool {
			return o.SHA256 == x.SHA256 && o.Collector == intakeCollector && o.Format == x.Format && o.Erased == "" && sameMapping(o.Mapping, x.Mapping)
		})
		if i < 0 {
			return nil
		}
		held = xs[i].ID
		c := l.take(says)
		out.Received, out.open = describe(c, held), l.open()
		out.same = c.New+c.Resolved+c.Reopened+c.Gone == 0
		return nil
	})
	if err != nil || out.same {
		return out, record.Exhibit{}, err
	}
	if held != "" {
		_, err = f.store.Update(context.WithoutCancel(ctx), func(tx *store.Tx) (record.Draft, error) {
			l, err := s.ledger(ctx, f, tx)
			if err != nil {
				return record.Draft{}, err
			}
			out.Received = describe(l.take(says), held)
			out.open = l.open()
			return s.draft(tx, record.AlertReceived, "", out.Received)
		})
		return out, record.Exhibit{}, err
	}
	xs, err := s.registerWith(ctx, f, []record.Exhibit{x}, "", func(tx *store.Tx, xs []record.Exhibit) ([]record.Draft, error) {
		if err := mustBeOpen(tx); err != nil {
			return nil, err
		}
		l, err := s.ledger(ctx, f, tx)
		if err != nil {
			return nil, err
		}
		out.Received = describe(l.take(says), xs[0].ID)
		out.open = l.open()
		d, err := s.draft(tx, record.AlertReceived, "", out.Received)
		return []record.Draft{d}, err
	})
	if err != nil {
		return out, record.Exhibit{}, err
	}
	return out, xs[0], nil
}

func counts[K ~string](m map[K]int) map[string]int {
	if len(m) == 0 {
		return nil
	}
	out := make(map[string]int, len(m))
	for k, n := range m {
		out[string(k)] = n
	}
	return out
}
