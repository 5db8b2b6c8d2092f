package response

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"firebreak/incident"
	"firebreak/record"
	"firebreak/store"
	"firebreak/store/archive"
	"firebreak/store/events"
)

// RepairOptions says what may be done. Without Do it is only said.
type RepairOptions struct {
	Do          bool
	From        string // a backup to take evidence from
	Keys        BackupKeys
	AcceptOlder bool // go on with a record that is older than one already seen
	Reason      string
}

// Repaired says what was, or would be, done, and what is left to do.
type Repaired struct {
	Incident incident.ID `json:"incident"`
	Plan     []string    `json:"plan"`
	Done     bool        `json:"done"`
	Lost     []string    `json:"lost,omitempty"`  // what cannot be brought back from here
	Aside    string      `json:"aside,omitempty"` // where the old files are kept
	Evidence []Harmed    `json:"evidence,omitempty"`
	Problems []string    `json:"problems,omitempty"` // that a verification finds afterwards
}

// Harmed is an exhibit whose bytes are missing or damaged.
type Harmed struct {
	Exhibit string `json:"exhibit"`
	Blob    string `json:"blob"`
	Found   string `json:"found"`
	From    string `json:"from,omitempty"` // the backup that has them
}

// repairing is one repair under way.
type repairing struct {
	s   *Session
	id  incident.ID
	dir string
	o   RepairOptions
	p   ProgressFunc
	out Repaired
}

// Repair mends what can be made again from the record and the evidence: kept
// hashes, projection, the heads file, the timeline, modes, what killed processes
// left; and takes harmed evidence from a backup. Lines, fields and signed heads
// are never changed. It can be run again whenever it was interrupted.
func (s *Session) Repair(ctx context.Context, id incident.ID, o RepairOptions, p ProgressFunc) (Repaired, error) {
	r := &repairing{s: s, id: id, dir: s.s.Dir(id), o: o, p: p}
	r.out.Incident, r.out.Plan = id, []string{}
	if o.AcceptOlder && o.Reason == "" {
		return r.out, usage("--reason says why the newer entries are given up; it is recorded", "--accept-older wants a --reason")
	}
	if err := s.s.forget(id); err != nil {
		return r.out, err
	}
	for _, step := range []func(context.Context) error{r.record, r.modes, r.older, r.evidence, r.leftovers, r.timeline} {
		if err := step(ctx); err != nil {
			return r.out, noSpace(err)
		}
	}
	if !o.Do {
		return r.out, nil
	}
	r.out.Done = true
	return r.out, r.verify(ctx)
}

// forget closes an incident that this service has open.
func (s *Service) forget(id incident.ID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.folders[id]
	if f == nil {
		return nil
	}
	delete(s.folders, id)
	return f.close()
}

func (r *repairing) plan(format string, args ...any) {
	r.out.Plan = append(r.out.Plan, fmt.Sprintf(format, args...))
}

// modes takes the rights of others away.
func (r *repairing) modes(context.Context) error {
	if !posixModes {
		return nil
	}
	n := 0
	err := filepath.WalkDir(r.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return absentOK(err)
		}
		info, err := d.Info()
		if err != nil || info.Mode().Perm()&0o077 == 0 || info.Mode()&fs.ModeSymlink != 0 {
			return absentOK(err)
		}
		n++
		if r.o.Do {
			return os.Chmod(path, info.Mode().Perm()&^0o077) //nolint:gosec // of the incident's own folder; links are left alone
		}
		return nil
	})
	if n > 0 {
		r.plan("take the rights of others than the owner from %d files and folders", n)
	}
	return unwritable(err)
}

// record mends the database and the heads file.
func (r *repairing) record(ctx context.Context) error {
	tell(r.p, "reading the record", 0, 0)
	o, err := r.s.s.optionsOf(r.id)
	if err != nil {
		return err
	}
	m, err := store.Repair(ctx, r.dir, o, !r.o.Do)
	r.out.Plan = append(r.out.Plan, m.Plan...)
	r.out.Lost, r.out.Aside = m.Lost, m.Aside
	switch {
	case errors.Is(err, store.ErrUntrusted):
		return refused("add the key to keys/trusted if it is a colleague's", "%w", err)
	case errors.Is(err, store.ErrTampered), errors.Is(err, store.ErrDamaged):
		return &Error{Code: CodeIntegrity, Hint: r.restoreHint(), Err: err}
	case err != nil:
		return err
	}
	if m.Done && m.Salvaged && len(m.Lost) > 0 {
		return r.recordLoss(ctx, m)
	}
	return nil
}

func (r *repairing) restoreHint() string {
	return "restore it from a backup: firebreak restore FILE " + string(r.id) + " --replace"
}

// recordLoss says in the record itself what was lost of it, where it can still
// be gone on with.
func (r *repairing) recordLoss(ctx context.Context, m store.Mending) error {
	o, err := r.s.s.optionsOf(r.id)
	if err != nil {
		return err
	}
	st, err := store.Open(ctx, r.dir, o)
	if errors.Is(err, store.ErrTruncated) || errors.Is(err, store.ErrTampered) {
		r.plan("nothing is recorded: the newest entries are lost, and the record cannot be gone on with; %s", r.restoreHint())
		return nil
	}
	if err != nil {
		return storeError(r.id, err)
	}
	h := st.Head()
	if err := st.Close(); err != nil {
		return err
	}
	return r.s.recordRestore(ctx, r.id, record.Restored{Size: h.Size, Root: h.Root, Lost: m.Lost, Aside: filepath.Base(m.Aside), Reason: r.o.Reason})
}

// older goes on, knowingly, with a record that is older than one already seen.
func (r *repairing) older(ctx context.Context) error {
	known, err := r.s.s.known(r.id)
	if err != nil || known.Size == 0 {
		return nil //nolint:nilerr // a damaged file knows nothing; it is written anew at the next opening
	}
	st, _, err := r.s.s.openToVerify(ctx, r.id)
	if err != nil {
		return nil //nolint:nilerr // a record that is mended only if it is said so; verify has the last word
	}
	how, head, err := standingOf(ctx, st, known)
	if err = errors.Join(err, st.Close()); err != nil || how != older && how != rewritten {
		return nil //nolint:nilerr // as above
	}
	if !r.o.AcceptOlder {
		return &Error{
			Code: CodeIntegrity, Hint: r.restoreHint() + "; or give the newer entries up, on the record: --accept-older --reason TEXT",
			Err: fmt.Errorf("repair %s: %w: it has %d entries, the head %s was seen", r.id, ErrOlder, head.Size, known.Short()),
		}
	}
	r.plan("go on from entry %d and record that what follows it up to %s is given up", head.Size, known.Short())
	if !r.o.Do {
		return nil
	}
	return r.s.recordRestore(ctx, r.id, record.Restored{Size: head.Size, Root: head.Root, KnownSize: known.Size, KnownRoot: known.Root, Reason: r.o.Reason})
}

// exhibits are those of the record, as far as it can be read.
func (r *repairing) exhibits(ctx context.Context) (xs []store.Exhibit, err error) {
	st, _, err := r.s.s.openToVerify(ctx, r.id)
	if err != nil {
		return nil, err
	}
	err = st.View(ctx, func(tx *store.Tx) error { xs, err = tx.Exhibits(); return err })
	xs = slices.DeleteFunc(xs, erased)
	return xs, errors.Join(err, st.Close())
}

// leftovers takes away what killed processes left.
func (r *repairing) leftovers(ctx context.Context) error {
	locker, err := r.s.s.lockerOf(r.id)
	if err != nil {
		return nil //nolint:nilerr // the missing key is told with the evidence
	}
	in, err := locker.List(ctx)
	if err != nil {
		return err
	}
	entries, err := os.ReadDir(r.dir)
	if err != nil {
		return err
	}
	n := len(in.Temporary)
	for _, e := range entries {
		if archive.IsScratch(e.Name()) {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	r.plan("remove unfinished files of processes that are gone (%d are there)", n)
	if !r.o.Do {
		return nil
	}
	if _, err := locker.Sweep(); err != nil {
		return err
	}
	_, err = archive.Sweep(r.dir)
	return err
}

// timeline is made again where it is missing or damaged.
func (r *repairing) timeline(ctx context.Context) error {
	xs, err := r.exhibits(ctx)
	if err != nil {
		return nil //nolint:nilerr // without a record there is no timeline; the record's step has told
	}
	parsed := false
	for _, x := range xs {
		parsed = parsed || x.Parsed != nil && x.Parsed.Events > 0
	}
	path := filepath.Join(r.dir, "timeline.db")
	switch {
	case !there(path):
		if !parsed {
			return nil
		}
		r.plan("make the timeline from the evidence: there is none")
	default:
		db, err := r.s.s.openEvents(ctx, r.id)
		if err == nil {
			err = errors.Join(db.Check(ctx), db.Close())
		}
		if err == nil {
			return nil
		}
		if !errors.Is(err, events.ErrDamaged) {
			return err
		}
		r.plan("make the timeline again from the evidence: it is damaged")
	}
	if !r.o.Do {
		return nil
	}
	if err := r.s.Rebuild(ctx, r.id, r.p); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		r.out.Lost = append(r.out.Lost, "the timeline: "+err.Error())
	}
	return nil
}

// verify has the last word.
func (r *repairing) verify(ctx context.Context) error {
	report, err := r.s.Verify(ctx, r.id, r.p)
	if err != nil {
		return err
	}
	for _, p := range report.Problems {
		r.out.Problems = append(r.out.Problems, p.String())
	}
	if report.OK() {
		return nil
	}
	hint := r.restoreHint()
	if strings.Contains(r.out.Problems[0], "exhibit ") {
		hint = "a backup may have the evidence: firebreak repair " + string(r.id) + " --from FILE"
	}
	return &Error{Code: CodeIntegrity, Hint: hint, Err: fmt.Errorf("repair %s: this is left: %s", r.id, r.out.Problems[0])}
}
