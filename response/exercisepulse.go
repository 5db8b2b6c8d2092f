package response

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"firebreak/forensics"
	"firebreak/incident"
	"firebreak/integrations/drill"
	"firebreak/playbooks"
	drills "firebreak/playbooks/drill"
	"firebreak/playbooks/drill/evidence"
	"firebreak/record"
	"firebreak/store"
)

// Pulse brings in what the scenario has for now. It is called by whoever looks:
// what is due is worked out from the record, so that a process that was killed,
// or a night in which nobody looked, loses nothing.
func (s *Session) Pulse(ctx context.Context, id incident.ID, p ProgressFunc) error {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return err
	}
	return s.pulse(ctx, f, p)
}

func (s *Session) pulse(ctx context.Context, f *folder, p ProgressFunc) error {
	if !f.drill || f.readOnly {
		return nil
	}
	x, err := f.exercise(ctx)
	if err != nil || x == nil || x.Over {
		return err
	}
	if inc, err := f.incident(ctx); err != nil || inc.Status == incident.Closed {
		return err
	}
	control := s.s.As(incident.Actor{Name: drills.Control})
	for range len(x.Injects) { // one may follow from another
		if len(x.DueAt(x.Elapsed(s.s.o.Now()))) == 0 {
			break
		}
		if err := control.bringIn(ctx, f); err != nil {
			return fmt.Errorf("bring in an inject: %w", err)
		}
		if x, err = f.exercise(ctx); err != nil {
			return err
		}
	}
	if err := s.s.armFaults(f, x); err != nil {
		return fmt.Errorf("bring in a fault: %w", err)
	}
	_, err = control.sealWanted(ctx, f, "", p)
	return err
}

// bringIn records the injects that are due. Of two processes one is first.
func (s *Session) bringIn(ctx context.Context, f *folder) error {
	_, err := f.store.UpdateAll(ctx, func(tx *store.Tx) ([]record.Draft, error) {
		if err := mustBeOpen(tx); err != nil {
			return nil, err
		}
		x, err := exerciseIn(tx)
		if err != nil || x == nil {
			return nil, err
		}
		inc, err := tx.Incident()
		if err != nil {
			return nil, err
		}
		now := x.Elapsed(s.s.o.Now())
		var drafts []record.Draft
		add := func(kind record.Kind, payload any) error {
			d, err := s.draft(tx, kind, "", payload)
			drafts = append(drafts, d)
			return err
		}
		for _, a := range x.DueAt(now) {
			in := record.Inject{Inject: a.ID, At: now, From: a.From, To: a.To, Title: a.Title, Text: injectText(a.Inject)}
			if a.Asks() {
				in.Due = now + a.Within
				in.Choices = map[string]string{}
				for _, c := range a.Choices {
					in.Choices[c.ID] = c.Text
				}
			}
			if err := add(record.DrillInject, in); err != nil {
				return nil, err
			}
			if a.Falls != "" && inc.Roles[a.Falls] != "" {
				if err := add(record.RoleAssigned, record.Assigned{Role: a.Falls}); err != nil {
					return nil, err
				}
			}
		}
		if len(drafts) == 0 {
			return nil, errMoved
		}
		return drafts, nil
	})
	if errors.Is(err, errMoved) {
		return nil // another process was first
	}
	return err
}

func injectText(i drills.Inject) string {
	if i.Question == "" {
		return i.Text
	}
	if i.Text == "" {
		return i.Question
	}
	return i.Text + "\n" + i.Question
}

// armFaults makes the drill's systems fail as the injects say that are here.
func (s *Service) armFaults(f *folder, x *drills.Exercise) error {
	faults := x.Faults()
	if len(faults) == 0 {
		return nil
	}
	if _, err := s.systems(f); err != nil {
		return err
	}
	for id, ft := range faults {
		if err := f.world.Arm(id, drill.Fault{System: ft.System, Method: ft.Method, Path: ft.Path, Mode: drill.Mode(ft.Mode), Times: ft.Times}); err != nil {
			return err
		}
	}
	return nil
}

// sealWanted seals what evidence should be there and is not: that of the start
// and of the injects, or with a step what its collection takes. It returns the
// exhibits it has sealed.
func (s *Session) sealWanted(ctx context.Context, f *folder, step string, p ProgressFunc) ([]record.Exhibit, error) {
	x, err := f.exercise(ctx)
	if err != nil || x == nil {
		return nil, err
	}
	if missing, err := missingEvidence(x, step); err != nil || len(missing) == 0 {
		return nil, err
	}
	dir := filepath.Join(f.dir, drillFolder)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("seal the scenario's evidence: %w", err)
	}
	unlock, err := lockFile(filepath.Join(dir, "evidence.lock")) // another process may be at it
	if err != nil {
		return nil, fmt.Errorf("seal the scenario's evidence: %w", err)
	}
	defer unlock()
	if x, err = f.exercise(ctx); err != nil {
		return nil, err
	}
	missing, err := missingEvidence(x, step)
	if err != nil {
		return nil, err
	}
	var out []record.Exhibit
	for _, m := range missing {
		sealed, err := s.sealMade(ctx, f, x, m, step, p)
		if err != nil {
			return out, fmt.Errorf("seal the scenario's evidence %s: %w", m.source(), err)
		}
		out = append(out, sealed)
	}
	return out, nil
}

// made is a file that a scenario makes.
type made struct {
	of   drills.Evidence
	file evidence.File
}

func (m made) source() string { return drills.Source(m.of, m.file.Source) }

func missingEvidence(x *drills.Exercise, step string) ([]made, error) {
	var out []made
	for _, e := range x.Wanted(step) {
		if !slices.ContainsFunc(evidence.Sources(e.Generator), func(file string) bool { return !x.Sealed(drills.Source(e, file)) }) {
			continue // or each look would make the logs again
		}
		files, err := x.Files(e)
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			if m := (made{e, file}); !x.Sealed(m.source()) {
				out = append(out, m)
			}
		}
	}
	return out, nil
}

// sealMade streams one file into the locker, registers it and reads it.
func (s *Session) sealMade(ctx context.Context, f *folder, x *drills.Exercise, m made, step string, p ProgressFunc) (record.Exhibit, error) {
	tool, err := s.s.o.ToolSHA256()
	if err != nil {
		return record.Exhibit{}, fmt.Errorf("hash this program: %w", err)
	}
	meta := record.Exhibit{
		Kind: "file", Title: m.file.Name, Source: m.source(), Host: m.of.Host, Collector: drills.Collector,
		Method: fmt.Sprintf("made for the exercise %s %s with seed %d", x.ID, x.Version, x.Seed), Tool: s.s.o.Tool, ToolSHA256: tool,
		Started: s.s.o.Now().UTC(), Origin: record.OriginInput, Argv: s.s.o.Argv, Clock: forensics.ClockNow(), Stored: s.s.o.Host,
	}
	tell(p, "sealing "+m.source(), 0, 0)
	r, w := io.Pipe()
	go func() {
		_, err := m.file.Write(w, evidence.Findings(m.of.Generator))
		_ = w.CloseWithError(err) // the reader has it
	}()
	sealed, err := f.locker.SealInput(ctx, r, meta)
	_ = r.Close() // ends the writer, when the sealing ended early
	if err != nil {
		return record.Exhibit{}, err
	}
	if sealed.Format, err = s.formatOf(f, sealed, IngestOptions{Parser: m.file.Parser}); err != nil { //nolint:contextcheck // of the parsers only their names are asked for
		return record.Exhibit{}, err
	}
	numbered, err := s.register(ctx, f, []record.Exhibit{sealed}, step)
	if err != nil {
		return record.Exhibit{}, err
	}
	tell(p, "reading "+m.source(), 0, 0)
	_, err = s.parse(ctx, f, numbered[0], IngestOptions{Host: m.of.Host, Step: step, Parser: numbered[0].Format, told: p})
	return numbered[0], err
}

// exerciseCollect is what a collect step takes in an exercise: the scenario's
// evidence, not this machine's.
func (s *Session) exerciseCollect(ctx context.Context, f *folder, st *playbooks.Step, p ProgressFunc) (result map[string]any, ok bool, err error) {
	x, err := f.exercise(ctx)
	if err != nil || x == nil {
		return nil, false, err
	}
	sealed, err := s.sealWanted(ctx, f, st.ID, p)
	c := record.Collection{Profile: "exercise", Root: "/", Exhibits: len(sealed)}
	for _, e := range sealed {
		c.Bytes += e.Size
		c.Host = e.Host
	}
	if err != nil {
		c.Cut = err.Error()
	}
	err = errors.Join(err, s.actIn(context.WithoutCancel(ctx), f, record.CollectionFinished, st.ID, c, nil))
	return map[string]any{"exhibits": c.Exhibits, "bytes": c.Bytes, "refused": 0}, true, err
}
