package response

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"firebreak/forensics"
	"firebreak/incident"
	"firebreak/playbooks"
	"firebreak/record"
	"firebreak/store"
	"firebreak/store/events"
)

// sealTogether is how many exhibits go into the record in one transaction.
const sealTogether = 32

// Collect takes evidence from this machine (or a mounted image), seals it, and
// reads what can be read into the timeline. What was sealed before a
// cancellation or a failure stays.
func (s *Session) Collect(ctx context.Context, id incident.ID, o CollectOptions, p ProgressFunc) (record.Collection, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return record.Collection{}, err
	}
	f.busy.Lock()
	defer f.busy.Unlock()
	return s.collect(ctx, f, o, p)
}

func (s *Session) collect(ctx context.Context, f *folder, o CollectOptions, p ProgressFunc) (record.Collection, error) {
	if err := f.writable(); err != nil {
		return record.Collection{}, err
	}
	if err := f.store.View(ctx, mustBeOpen); err != nil {
		return record.Collection{}, err
	}
	tool, err := s.s.o.ToolSHA256()
	if err != nil {
		return record.Collection{}, fmt.Errorf("hash this program: %w", err)
	}
	set, profile, err := chooseFrom(o.Profile, o.Definitions)
	if err != nil {
		return record.Collection{}, err
	}
	var sealed, pending []record.Exhibit
	flush := func() error {
		numbered, err := s.register(ctx, f, pending, o.Step)
		sealed, pending = append(sealed, numbered...), pending[:0]
		return err
	}
	host := s.s.o.Host
	if o.Root != "" {
		host = "" // an image names its own
	}
	var held func(record.Exhibit) bool
	var from []string
	if o.Resume {
		before, err := heldFiles(ctx, f)
		if err != nil {
			return record.Collection{}, err
		}
		held = func(x record.Exhibit) bool { _, ok := before.Holds(x); return ok }
		from = []string{string(f.id)}
	}
	c, err := forensics.Collect(ctx, forensics.Options{
		Profile: profile, Profiles: set, Collectors: o.Collectors, Root: o.Root, Partition: o.Partition, Paths: s.listed(f, o.Paths), Besides: s.s.o.Config.Collect.Folders, Files: o.Files, Authority: o.Authority,
		Environment: o.Environment, Secrets: o.Secrets, Own: []string{s.s.o.Home, f.dir},
		Held: held,
		Sink: f.locker, Now: s.s.o.Now, Host: host, Tool: s.s.o.Tool, ToolSHA256: tool,
		Argv: s.s.o.Argv, Stored: s.s.o.Host,
		Progress: func(what string, done, total int64) { tell(p, what, done, total) },
	}, func(x record.Exhibit) error { //nolint:contextcheck // of the parsers only their names are asked for
		var err error
		if x.Format == "" {
			if x.Format, err = s.guess(f, x); err != nil {
				return err
			}
		}
		pending = append(pending, x)
		if len(pending) < sealTogether {
			return nil
		}
		return flush()
	})
	if errors.Is(err, forensics.ErrNoCollector) { // nothing was begun: there is nothing to record
		return c, usage("firebreak collect --list", "%w", err)
	}
	err = errors.Join(err, flush())
	c.Continues = from
	if err == nil {
		_, err = s.parseAll(ctx, f, sealed, IngestOptions{Host: host, Step: o.Step}, c.Cut, p)
	}
	if err == nil && c.Cut == "" { // sealing comes first
		var sum Ingested
		err = s.readUnread(ctx, f, &sum, p)
		for _, note := range sum.Notes {
			tell(p, note, 0, 0)
		}
	}
	if err != nil && c.Cut == "" {
		c.Cut = err.Error()
	}
	keep := context.WithoutCancel(ctx)
	return c, errors.Join(err, s.actIn(keep, f, record.CollectionFinished, o.Step, c, nil))
}

// guess finds the parser of an exhibit that no artefact names one for. What is
// neither of a known format nor text has none.
func (s *Session) guess(f *folder, x record.Exhibit) (string, error) {
	format, err := s.formatOf(f, x, IngestOptions{})
	if err != nil || format != "text" {
		return format, err
	}
	r, err := f.locker.Open(x.Blob)
	if err != nil {
		return "", fmt.Errorf("open what was sealed: %w", err)
	}
	head := make([]byte, 8<<10)
	n, err := io.ReadFull(r, head)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	if bytes.IndexByte(head[:n], 0) >= 0 {
		format = ""
	}
	return format, errors.Join(err, r.Close())
}

// listed says which folders are listed with their file times: those asked for,
// else those of the profile (nil) and of the configuration. A drill lists few, so
// that an exercise does not index a developer's whole home.
func (s *Session) listed(f *folder, asked []string) []string {
	switch {
	case len(asked) > 0:
		return asked
	case f.drill:
		return []string{"/etc", "/usr/local/bin", "/usr/local/sbin", "/var/spool/cron", "/dev/shm"}
	}
	return nil
}

// parseAll reads sealed exhibits into the timeline.
func (s *Session) parseAll(ctx context.Context, f *folder, sealed []record.Exhibit, o IngestOptions, cut string, p ProgressFunc) (sum Ingested, err error) {
	if cut != "" {
		return sum, nil // the responder wanted it to stop
	}
	o.told = p
	for i, x := range sealed {
		tell(p, "reading "+x.Title, int64(i), int64(len(sealed)))
		if x.Format == "" || x.Format == "text" {
			continue
		}
		as := o
		if x.Reading != nil && as.Zone == nil && as.Year == 0 && as.Skew == 0 { // an image's own zone
			if err := as.readAs(x.ID, x.Reading.Zone, x.Reading.Year, x.Reading.Skew); err != nil {
				return sum, err
			}
		}
		in, err := s.parse(ctx, f, x, as)
		sum.Events += in.Events
		sum.Recovered += in.Recovered
		sum.Added += in.Added
		sum.Rejected += in.Rejected
		if err != nil {
			return sum, err
		}
	}
	return sum, nil
}

// register gives exhibits their numbers and records them as sealed.
func (s *Session) register(ctx context.Context, f *folder, xs []record.Exhibit, step string) ([]record.Exhibit, error) {
	return s.registerWith(ctx, f, xs, step, nil)
}

// registerWith is register, with entries about the exhibits that are recorded
// together with them, or not at all.
func (s *Session) registerWith(ctx context.Context, f *folder, xs []record.Exhibit, step string, also func(*store.Tx, []record.Exhibit) ([]record.Draft, error)) ([]record.Exhibit, error) {
	if len(xs) == 0 {
		return nil, nil
	}
	out := make([]record.Exhibit, len(xs))
	copy(out, xs)
	_, err := f.store.UpdateAll(context.WithoutCancel(ctx), func(tx *store.Tx) ([]record.Draft, error) {
		id, err := tx.NextID("e")
		if err != nil {
			return nil, err
		}
		var first int
		if _, err := fmt.Sscanf(id, "e%d", &first); err != nil {
			return nil, fmt.Errorf("number exhibits after %q: %w", id, err)
		}
		drafts := make([]record.Draft, len(out))
		for i := range out {
			out[i].ID = fmt.Sprintf("e%d", first+i)
			out[i].Owner = store.Owner()
			// An erasure may have destroyed the same bytes since they were sealed.
			if there, err := f.locker.Holds(out[i].Blob); !out[i].Elsewhere && (err != nil || !there) {
				return nil, errors.Join(fail(CodeIntegrity, "take it again", "record %s: its sealed bytes are gone", out[i].Source), err)
			}
			if drafts[i], err = s.draft(tx, record.EvidenceSealed, step, out[i]); err != nil {
				return nil, err
			}
		}
		if also == nil {
			return drafts, nil
		}
		more, err := also(tx, out)
		return append(drafts, more...), err
	})
	return out, err
}

// readsSame says whether a second reading found what the first did. How many
// events were new depends on what was in the timeline.
func readsSame(a, b record.Ingestion) bool {
	a.Added, b.Added = 0, 0
	one, err := json.Marshal(a)
	two, e := json.Marshal(b)
	return err == nil && e == nil && bytes.Equal(one, two)
}

// replace removes the events of the same bytes where they were sealed before
// and read with another year, zone, skew or mapping: they have the same ids and would
// keep their times. It returns notes that say so. Only what a responder ingests
// replaces; a collection, which knows neither, does not.
func (s *Session) replace(ctx context.Context, f *folder, db *events.DB, x record.Exhibit, o IngestOptions) ([]string, error) {
	if x.Collector != ingestCollector {
		return nil, nil
	}
	var xs []store.Exhibit
	err := f.store.View(ctx, func(tx *store.Tx) (err error) {
		xs, err = tx.Exhibits()
		return err
	})
	if err != nil {
		return nil, err
	}
	var notes []string
	for _, old := range xs {
		if old.ID == x.ID {
			break // the others are later
		}
		if old.SHA256 != x.SHA256 || readAlike(old, o) && sameMapping(old.Mapping, x.Mapping) {
			continue
		}
		n, err := db.DeleteExhibit(ctx, old.ID)
		if err != nil {
			return nil, fmt.Errorf("replace the events of %s: %w", old.ID, err)
		}
		if n > 0 {
			notes = append(notes, fmt.Sprintf("%sthe same bytes as %s, read with another year, zone, skew or mapping: they replace its %s", record.NotePrefix, old.ID, plural(int(n), "event")))
		}
	}
	return notes, nil
}

// zoneName is the IANA name of a zone, "" where none was given.
func zoneName(l *time.Location) string {
	if l == nil {
		return ""
	}
	return l.String()
}

// collectStep performs a playbook's collect step.
func (s *Session) collectStep(ctx context.Context, f *folder, st *playbooks.Step, res playbooks.Resolved, p ProgressFunc) (map[string]any, error) {
	if result, ok, err := s.exerciseCollect(ctx, f, st, p); ok || err != nil {
		return result, err
	}
	o := CollectOptions{Step: st.ID, Collectors: res.Collect, Paths: texts(res.With["paths"]), Files: texts(res.With["files"])}
	o.Root, _ = res.With["root"].(string)
	o.Authority, _ = res.With["authority"].(string)
	c, err := s.collect(ctx, f, o, p)
	if err == nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err == nil && c.Cut != "" {
		err = fail(CodePartial, "run the step again: what is sealed stays", "the collection ended early: %s", c.Cut)
	}
	return map[string]any{"exhibits": c.Exhibits, "bytes": c.Bytes, "refused": len(c.Refused)}, err
}

// tell passes progress on, if anybody listens.
func tell(p ProgressFunc, what string, done, total int64) {
	if p != nil {
		p(Progress{What: what, Done: done, Total: total})
	}
}

// texts reads a parameter that may be one text or a list of them.
func texts(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []string:
		return v
	case []any:
		var out []string
		for _, e := range v {
			if t, ok := e.(string); ok {
				out = append(out, t)
			}
		}
		return out
	}
	return nil
}

// Evidence returns the exhibits in the order they were sealed, and the passes
// that took them with what was refused.
func (s *Session) Evidence(ctx context.Context, id incident.ID) ([]ExhibitView, []record.Collection, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	var out []ExhibitView
	var passes []record.Collection
	err = f.store.View(ctx, func(tx *store.Tx) error {
		xs, err := tx.Exhibits()
		if err != nil {
			return err
		}
		for _, x := range xs {
			out = append(out, ExhibitView{Exhibit: x.Exhibit, Authority: x.Authority, SealedAt: x.SealedAt, SealedBy: x.SealedBy, Parsed: x.Parsed, Checked: x.Checked, Erased: x.Erased})
		}
		c, err := s.s.chains(tx)
		if err != nil {
			return err
		}
		addCustody(out, c)
		entries, err := tx.EntriesOf(record.CollectionFinished)
		if err != nil {
			return err
		}
		for _, e := range entries {
			var c record.Collection
			if err := e.Decode(&c); err != nil {
				return err
			}
			passes = append(passes, c)
		}
		return nil
	})
	return out, passes, err
}

// CheckExhibit hashes the sealed bytes again and records what was found.
func (s *Session) CheckExhibit(ctx context.Context, id incident.ID, exhibit string) (record.Check, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return record.Check{}, err
	}
	x, err := f.exhibit(ctx, exhibit)
	if err != nil {
		return record.Check{}, err
	}
	c, err := f.locker.Check(ctx, x)
	if err != nil {
		return c, fmt.Errorf("check exhibit %s: %w", exhibit, err)
	}
	c.Exhibit = exhibit
	return c, s.actIn(ctx, f, record.EvidenceChecked, "", c, nil)
}

func (f *folder) exhibit(ctx context.Context, exhibit string) (record.Exhibit, error) {
	var x store.Exhibit
	err := f.store.View(ctx, func(tx *store.Tx) (err error) {
		x, err = tx.Exhibit(exhibit)
		return err
	})
	if err != nil {
		return record.Exhibit{}, notFound("firebreak show lists the exhibits", "exhibit %q: %w", exhibit, err)
	}
	if x.Erased != "" {
		return record.Exhibit{}, refused("firebreak show "+string(f.id)+" "+x.Erased+" says on what grounds", "exhibit %s was erased, by %s", exhibit, x.Erased)
	}
	if x.Elsewhere {
		return record.Exhibit{}, refused("firebreak verify "+string(f.id)+" --at FILE compares the file with its hash", "exhibit %s is known by its hash only: its bytes were at %s on %s", exhibit, x.Source, x.Stored)
	}
	return x.Exhibit, nil
}
