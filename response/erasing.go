package response

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"firebreak/config"
	"firebreak/incident"
	"firebreak/internal/shred"
	"firebreak/record"
	"firebreak/store"
	"firebreak/store/events"
)

// DoErasure destroys what two people agreed to. The record says so first; then
// everything that is left of it goes, and whoever opens the incident later goes
// on where this ends. Reviews that were written before are written anew. With
// CodePartial something is left: it is done again by calling it again.
func (s *Session) DoErasure(ctx context.Context, id incident.ID, erasure string, p ProgressFunc) (ErasureView, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return ErasureView{}, err
	}
	f.busy.Lock()
	defer f.busy.Unlock()
	if err := s.s.finishErasure(ctx, f, p); err != nil {
		return ErasureView{}, err
	}
	x, err := f.erasure(ctx, erasure)
	if err != nil {
		return ErasureView{}, err
	}
	if x.State == store.ErasureDone {
		return s.erasureView(ctx, f, x, "") // it may have been left unfinished, and is not now
	}
	tell(p, "counting what goes", 0, 0)
	v, err := s.erasureView(ctx, f, x, "")
	if err != nil {
		return v, err
	}
	tell(p, "erasing", 0, 0)
	_, err = f.store.Erase(ctx, func(tx *store.Tx) (record.Draft, []string, error) { return s.decideErasure(tx, f, x.ID, v.Events) })
	if err != nil && !errors.Is(err, store.ErrUnsealed) {
		return v, err
	}
	unsealed := err
	if err := s.s.finishErasure(ctx, f, p); err != nil {
		return v, errors.Join(err, unsealed)
	}
	if err := s.refill(ctx, f, p); err != nil {
		return v, errors.Join(fail(CodePartial, "firebreak ingest "+string(id)+" --rebuild", "everything is erased, the timeline could not be made again: %w", err), unsealed)
	}
	if slices.ContainsFunc(v.Files, func(name string) bool { return strings.HasPrefix(filepath.Base(name), "review.") }) {
		tell(p, "writing the review anew", 0, 0)
		if _, err := s.writeReview(ctx, f, "", ReviewOptions{}); err != nil {
			return v, errors.Join(fail(CodePartial, "firebreak review "+string(id), "everything is erased, the review could not be written anew: %w", err), unsealed)
		}
	}
	v, err = s.Erasure(ctx, id, x.ID)
	return v, errors.Join(err, unsealed)
}

// refill reads what is missing on the timeline: one that was too large to be
// written anew, or damaged, was emptied.
func (s *Session) refill(ctx context.Context, f *folder, p ProgressFunc) error {
	if !there(filepath.Join(f.dir, timelineFile)) {
		if xs, err := f.unreadWithout(ctx); err != nil || len(xs) == 0 {
			return err
		}
	}
	var sum Ingested
	return s.readUnread(ctx, f, &sum, p)
}

// unreadWithout is what is to be read where there is no timeline.
func (f *folder) unreadWithout(ctx context.Context) (out []store.Exhibit, err error) {
	err = f.store.View(ctx, func(tx *store.Tx) error {
		xs, err := tx.Exhibits()
		out = notWhole(xs, nil)
		return err
	})
	return out, err
}

// decideErasure makes the entry, if nothing stands against it.
func (s *Session) decideErasure(tx *store.Tx, f *folder, erasure string, events int64) (record.Draft, []string, error) {
	x, err := tx.Erasure(erasure)
	if err != nil {
		return record.Draft{}, nil, err
	}
	if h, standing, err := tx.Hold(); err != nil {
		return record.Draft{}, nil, err
	} else if standing {
		return record.Draft{}, nil, refused("firebreak hold "+string(f.id)+" --lift ends it, when it may end",
			"erase %s in %s: a legal hold stands since %s: %s", x.ID, f.id, h.At.UTC().Format("2006-01-02"), h.Reason)
	}
	switch {
	case x.State == store.ErasureAsked:
		return record.Draft{}, nil, refused("firebreak erase "+string(f.id)+" --agree "+x.ID, "erase %s: it needs the yes of %d different people and has %d", x.ID, store.Approvers, len(x.Agreed()))
	case x.State != store.ErasureAgreed:
		return record.Draft{}, nil, refused("", "erasure %s is %s", x.ID, x.State)
	}
	if err := s.s.checkConsents(tx, x); err != nil {
		return record.Draft{}, nil, err
	}
	values, acts, err := s.unchanged(tx, x)
	if err != nil {
		return record.Draft{}, nil, err
	}
	files, err := f.quoting(values, acts)
	if err != nil {
		return record.Draft{}, nil, err
	}
	left, err := f.copiesWith(tx, x.ErasureRequest)
	if err != nil {
		return record.Draft{}, nil, err
	}
	handed, err := s.s.handed(f)
	if err != nil {
		return record.Draft{}, nil, err
	}
	left = append(left, handed...)
	done := record.Erasure{ID: x.ID, Fields: x.Fields, Exhibits: x.Exhibits, Events: events, Basis: x.Basis, Left: left}
	for _, c := range x.Agreed() {
		done.Approvers = append(done.Approvers, c.Actor.Name)
	}
	d, err := s.draft(tx, record.ErasureDone, "", done)
	return d, files, err
}

// checkConsents checks the signatures under the consents again, from what was
// signed. A consent without one, or by a key that nobody here vouches for, is
// known by name only; it does not count where approvals have to be signed.
func (s *Service) checkConsents(tx *store.Tx, x store.Erasure) error {
	text, err := x.Text(tx.ID())
	if err != nil {
		return err
	}
	entries, err := tx.EntriesOf(record.ErasureAgreed)
	if err != nil {
		return err
	}
	for _, e := range entries {
		var c record.ErasureConsent
		if err := e.Decode(&c); err != nil {
			return err
		}
		if c.ID != x.ID {
			continue
		}
		err := record.ErrStranger
		if c.Signature != nil {
			err = s.CheckSignature(*c.Signature, record.ErasureNamespace, text, e.Time)
		}
		counts := slices.ContainsFunc(x.Agreed(), func(y store.Consent) bool { return y.Seq == e.Seq })
		switch {
		case err == nil:
		case errors.Is(err, record.ErrStranger):
			if counts && s.o.Config.Approvals == config.ApprovalsSigned {
				return refused("the configuration says approvals: signed; agree again with a key of the roster: firebreak erase "+string(tx.ID())+" --agree "+x.ID+" --key KEY", "erase %s: the consent of entry %d does not count: it is not signed by anybody on the roster", x.ID, e.Seq)
			}
		default:
			return &Error{Code: CodeIntegrity, Hint: "firebreak verify " + string(tx.ID()) + " says more", Err: fmt.Errorf("erase %s: the signature of entry %d: %w", x.ID, e.Seq, err)}
		}
	}
	return nil
}

// unchanged makes sure that what quotes the exhibits is still what was agreed
// to, and returns the texts that go, and whether some of them are of actions.
func (s *Session) unchanged(tx *store.Tx, x store.Erasure) (values []string, acts bool, err error) {
	entries, err := tx.Fields(0, 0)
	if err != nil {
		return nil, false, err
	}
	var now gathered
	for _, id := range x.Exhibits {
		if err := now.exhibit(tx, entries, id); err != nil {
			return nil, false, err
		}
	}
	for _, f := range now.fields {
		if !slices.Contains(x.Fields, f) {
			return nil, false, refused("ask for it again, and refuse this one: firebreak erase "+string(tx.ID())+" --refuse "+x.ID,
				"erase %s: what would go has changed since it was asked for: %s of entry %d quotes it too", x.ID, f.Name, f.Seq)
		}
	}
	open, err := openPlans(tx, entries)
	if err != nil {
		return nil, false, err
	}
	left := 0
	for _, e := range entries {
		for _, d := range e.Fields {
			if !slices.ContainsFunc(x.Fields, func(f record.ErasedField) bool { return f.Digest == d.Digest }) {
				continue
			}
			if d.Name == "plan" && !mayGo(e, d.Name, open) {
				return nil, false, refused("", "erase %s: action %s has not come to an end", x.ID, open[e.Seq])
			}
			left++
			acts = acts || strings.HasPrefix(string(e.Kind), "action.")
			values = append(values, quotable(d.Value)...)
		}
	}
	if left == 0 && len(x.Exhibits) == 0 {
		return nil, false, refused("", "erase %s: everything that it names is erased already", x.ID)
	}
	return values, acts, nil
}

// finishErasure destroys what a recorded erasure left outside the record:
// sealed bytes, events, exports, and the traces in the files of the databases.
func (s *Service) finishErasure(ctx context.Context, f *folder, p ProgressFunc) error {
	if f.readOnly || !store.Pending(f.dir) {
		return nil
	}
	tell(p, "destroying what is left", 0, 0)
	err := f.store.Finish(ctx, func(l store.Leftover, still func(blob string) bool) error {
		var errs []error
		shared := false
		for _, blob := range l.Blobs {
			if still(blob) {
				shared = true
				continue
			}
			errs = append(errs, f.locker.Destroy(ctx, blob))
		}
		s.reached("blobs")
		errs = append(errs, s.eraseEvents(ctx, f, l.Exhibits, shared, p))
		s.reached("events")
		for _, name := range l.Files {
			errs = append(errs, f.destroy(name))
		}
		s.reached("files")
		_, err := f.locker.Sweep()
		return errors.Join(append(errs, err)...)
	})
	switch {
	case err == nil:
		return nil
	case errors.Is(err, store.ErrBusy), errors.Is(err, events.ErrBusy):
		return fail(CodePartial, "close the other program and run it again; opening the incident tries it too", "partial: it is recorded, and another process still reads, so traces are left: %w", err)
	}
	return fail(CodePartial, HintOf(err), "partial: it is recorded, and something is left: %w", err)
}

// unfinishedErasure keeps why an erasure could not be finished.
func (f *folder) unfinishedErasure(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.unfinished = ""; err != nil {
		f.unfinished = err.Error()
	}
}

func (f *folder) whyUnfinished() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	why := "an erasure is recorded and not finished: traces may be left"
	if f.unfinished != "" {
		why += ": " + f.unfinished
	}
	return why
}

func (s *Service) reached(step string) {
	if s.o.Reached != nil {
		s.o.Reached(step)
	}
}

// eraseEvents takes the events of exhibits out of the timeline, without a trace.
// Those of another exhibit with the same bytes have the same ids and were kept
// once, as of the first: where bytes are shared, what stays is read again.
func (s *Service) eraseEvents(ctx context.Context, f *folder, exhibits []string, shared bool, p ProgressFunc) error {
	if len(exhibits) == 0 {
		return nil
	}
	if _, err := os.Stat(filepath.Join(f.dir, timelineFile)); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	db, err := s.timeline(ctx, f)
	if errors.Is(err, events.ErrDamaged) { // or of an older program
		return f.shredTimeline()
	}
	if err != nil {
		return err
	}
	tell(p, "erasing events", 0, 0)
	if shared {
		err = db.SetNoneWhole(ctx)
	}
	if err == nil {
		err = eraseIn(ctx, db, exhibits, maxScrubbed)
	}
	if errors.Is(err, events.ErrDamaged) {
		return f.shredTimeline()
	}
	return err
}

// maxScrubbed is the size in bytes up to which a timeline is written anew, which
// takes as much memory. A larger one is emptied: it is made again from the
// evidence that is left.
const maxScrubbed = 512 << 20

func eraseIn(ctx context.Context, db *events.DB, exhibits []string, most int64) error {
	for _, id := range exhibits {
		if _, err := db.EraseExhibit(ctx, id); err != nil {
			return err
		}
	}
	size, err := db.Size(ctx)
	if err == nil && size > most {
		err = db.Clear(ctx)
	}
	if err != nil {
		return err
	}
	return db.Scrub(ctx)
}

// timelineFile is the database of events in an incident's folder.
const timelineFile = "timeline.db"

// shredTimeline destroys a timeline that cannot be read: nobody can say what is
// in it. It is made again from the evidence.
func (f *folder) shredTimeline() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var errs []error
	if f.events != nil {
		errs = append(errs, f.events.Close())
		f.events = nil
	}
	files, err := filepath.Glob(filepath.Join(f.dir, timelineFile+"*"))
	errs = append(errs, err)
	for _, name := range files {
		errs = append(errs, shred.File(name))
	}
	return errors.Join(errs...)
}

// destroy destroys a file or a folder of the incident. The stand-ins of a drill
// are stopped first: they begin anew.
func (f *folder) destroy(name string) error {
	if name == drillFolder {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.world != nil {
			if err := f.world.Close(); err != nil {
				return fmt.Errorf("stop the drill's servers: %w", err)
			}
			f.world, f.registry = nil, nil
		}
	}
	return shred.Folder(filepath.Join(f.dir, name))
}
