package response

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"filippo.io/age"

	"firebreak/incident"
	"firebreak/record"
	"firebreak/store"
	"firebreak/store/archive"
)

// RestoreOptions says what is put back from an archive, and how careful.
type RestoreOptions struct {
	File      string
	Incidents []incident.ID // none: all that it holds
	Keys      BackupKeys
	Config    string   // where the configuration belongs; one that is there stays
	Seals     []string // heads that somebody kept elsewhere
	Trust     []string // verifier keys to accept besides
	Test      bool     // verify only, put nothing in place
	Partial   bool     // put in place what verifies, and what can be looked at
	Replace   bool     // an incident that is there is moved aside
	// AcceptOlder puts a record in place that is older than one already seen;
	// Reason says why. The loss is recorded.
	AcceptOlder bool
	Reason      string
}

// Restored says what became of each incident of an archive.
type Restored struct {
	File      string        `json:"file"`
	Made      string        `json:"made"`
	Incidents []RestoredOne `json:"incidents"`
	Workspace []string      `json:"workspace,omitempty"` // files put in place
	Damage    []DamagedFile `json:"damage,omitempty"`
	Notes     []string      `json:"notes,omitempty"`
	faults    map[string]bool
}

// RestoredOne is one incident. Placed says that it is in its place.
type RestoredOne struct {
	Incident incident.ID `json:"incident"`
	Entries  int64       `json:"entries"`
	Root     string      `json:"root"`
	Exhibits int         `json:"exhibits"`
	Placed   bool        `json:"placed"`
	Aside    string      `json:"aside,omitempty"` // where the one that was there is kept
	Lost     string      `json:"lost,omitempty"`  // the newer head that was given up
	Problems []string    `json:"problems,omitempty"`
}

// DamagedFile is a file that the archive lists and does not give back.
type DamagedFile struct {
	Path string `json:"path"`
	Why  string `json:"why"`
}

// restoring is one restore under way.
type restoring struct {
	s        *Session
	o        RestoreOptions
	p        ProgressFunc
	manifest archive.Manifest
	sha      string
	dir      string  // what was unpacked
	home     Options // of the workspace
	clean    bool    // this workspace was empty
	seals    map[incident.ID][]record.Head
	out      Restored
}

// Restore reads an archive, verifies what is in it in a folder aside, and puts
// each incident in its place whole or not at all. It works in an empty home:
// there the workspace's own files are put in place too, before it is opened.
func Restore(ctx context.Context, o Options, r RestoreOptions, by incident.Actor, p ProgressFunc) (Restored, error) {
	if err := checkRestore(r); err != nil {
		return Restored{}, err
	}
	for _, d := range []string{"", "incidents", "keys"} {
		if err := os.MkdirAll(filepath.Join(o.Home, d), 0o700); err != nil {
			return Restored{}, &Error{Code: CodeInternal, Hint: "set FIREBREAK_HOME to a folder you can write to", Err: fmt.Errorf("restore: %w", noSpace(err))}
		}
	}
	rs := &restoring{o: r, p: p, home: o, out: Restored{File: r.File, Incidents: []RestoredOne{}}, seals: map[incident.ID][]record.Head{}}
	err := rs.run(ctx, o, by)
	return rs.out, noSpace(err)
}

func checkRestore(r RestoreOptions) error {
	for _, text := range r.Seals {
		if _, err := record.ParseSeal(text); err != nil {
			return usage("as it is printed: \"2026-0007 @12 9f2c…\" with all 64 digits", "%w", err)
		}
	}
	if r.AcceptOlder && r.Reason == "" {
		return usage("--reason says why the newer entries are given up; it is recorded", "--accept-older wants a --reason")
	}
	return nil
}

func (r *restoring) run(ctx context.Context, o Options, by incident.Actor) (err error) {
	incidents := filepath.Join(o.Home, "incidents")
	if _, err := archive.Sweep(incidents); err != nil {
		return err
	}
	scratch, err := archive.NewScratch(incidents)
	if err != nil {
		return unwritable(err)
	}
	defer func() { err = errors.Join(err, scratch.Remove()) }()
	r.dir = scratch.Dir
	if r.clean, err = isEmpty(o.Home); err != nil {
		return err
	}
	outcome, err := r.unpack(ctx, o)
	if err != nil {
		return err
	}
	r.judge(outcome)
	if err := r.ours(o.Home); err != nil {
		return err
	}
	if !r.o.Partial && !outcome.OK() {
		return &Error{Code: CodeIntegrity, Hint: "take another backup; --partial puts back what is whole", Err: fmt.Errorf("restore %s: %w: %d of %d files are whole; %s", r.o.File, archive.ErrDamaged, len(outcome.Whole), len(r.manifest.Files), faultsOf(outcome))}
	}
	if err := r.open(o, by); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.s.s.Close()) }() //nolint:contextcheck // closing is not cancelled
	return r.all(ctx)
}

// isEmpty says whether no incident was ever here.
func isEmpty(home string) (bool, error) {
	for _, dir := range []string{"incidents", "heads"} {
		entries, err := os.ReadDir(filepath.Join(home, dir))
		if err != nil && absentOK(err) != nil {
			return false, err
		}
		for _, e := range entries {
			if _, err := incident.ParseID(e.Name()); err == nil {
				return false, nil
			}
		}
	}
	return true, nil
}

// unpack reads the archive to its end and writes the wanted part of it aside.
func (r *restoring) unpack(ctx context.Context, o Options) (archive.Outcome, error) {
	in, sum, size, err := openBackup(r.o.File)
	if err != nil {
		return archive.Outcome{}, err
	}
	defer func() { _ = in.Close() }() // read only
	// The keys of the workspace that is here, if there is one.
	a, err := openArchive(in, sum, size, r.o.File, r.o.Keys, o)
	if err != nil {
		return archive.Outcome{}, err
	}
	defer a.Close()
	r.manifest, r.out.Made = a.Manifest, a.Manifest.Made.UTC().Format("2006-01-02T15:04:05Z")
	if err := r.choose(o); err != nil {
		return archive.Outcome{}, err
	}
	outcome, err := unpack(ctx, a, r.dir, func(f archive.File) bool {
		id := f.Incident()
		return id == "" && r.clean || id != "" && slices.Contains(r.o.Incidents, id)
	}, r.p, "reading the backup")
	if err != nil {
		return outcome, err
	}
	r.sha, err = sum.rest(in)
	return outcome, err
}

// choose fills in what is wanted and refuses at once what could not be put in
// place later.
func (r *restoring) choose(o Options) error {
	held := map[incident.ID]bool{}
	for _, i := range r.manifest.Incidents {
		held[i.ID] = true
	}
	if len(r.o.Incidents) == 0 {
		for _, i := range r.manifest.Incidents {
			r.o.Incidents = append(r.o.Incidents, i.ID)
		}
	}
	for _, id := range r.o.Incidents {
		if !held[id] {
			return notFound("firebreak restore FILE --list shows what it holds", "restore %s: it is not in the backup", id)
		}
		if _, err := os.Lstat(filepath.Join(o.Home, "incidents", string(id))); err == nil && !r.o.Replace && !r.o.Test {
			return refused("--replace moves the one that is here aside; or name the incidents you want", "restore %s: it is here already", id)
		}
	}
	for _, text := range r.o.Seals {
		h, err := record.ParseSeal(text)
		if err != nil {
			return err
		}
		if !slices.Contains(r.o.Incidents, h.Incident()) {
			return usage("", "the seal is of incident %s, which is not being restored", h.Incident())
		}
		r.seals[h.Incident()] = append(r.seals[h.Incident()], h)
	}
	return nil
}

// judge notes which files are not whole.
func (r *restoring) judge(o archive.Outcome) {
	r.out.faults = map[string]bool{}
	for _, f := range o.Faults {
		r.out.faults[f.Path] = true
		r.out.Damage = append(r.out.Damage, DamagedFile{f.Path, f.Why})
	}
	if o.Note != "" {
		r.out.Notes = append(r.out.Notes, o.Note)
	}
}

// open opens the workspace to verify with. An empty one takes the archive's own
// key, where it lies.
func (r *restoring) open(o Options, by incident.Actor) error {
	if r.clean && r.manifest.Workspace {
		o.Home = filepath.Join(r.dir, "workspace")
	}
	s, err := New(o)
	if CodeOf(err) == CodeAuth && r.clean && r.manifest.Workspace {
		return &Error{Code: CodeAuth, Hint: "give what opened it: --unlock, or a terminal; is that lost, set this workspace up first with firebreak init, and restore into it: the backup has the keys of its incidents", Err: fmt.Errorf("open the workspace of the backup: %w", err)}
	}
	if err != nil {
		return err
	}
	r.s = s.As(by)
	return nil
}

// settle puts the workspace's own files in place, once, before the first
// incident: with its key they can be gone on with.
func (r *restoring) settle() error {
	if r.s.s.o.Home == r.home.Home {
		return nil
	}
	if err := r.workspace(r.home); err != nil {
		return err
	}
	s, err := New(r.home)
	if err != nil {
		return err
	}
	err = r.s.s.Close()
	r.s = s.As(r.s.by)
	return err
}

// all verifies and places one incident after the other.
func (r *restoring) all(ctx context.Context) error {
	var errs []error
	for _, i := range r.manifest.Incidents {
		if !slices.Contains(r.o.Incidents, i.ID) {
			continue
		}
		one, err := r.one(ctx, i)
		r.out.Incidents = append(r.out.Incidents, one)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			errs = append(errs, err)
		}
	}
	if len(errs) == 0 && !r.o.Test {
		// A backup without incidents.
		if err := r.settle(); err != nil { //nolint:contextcheck // closing is not cancelled
			return err
		}
	}
	switch {
	case len(errs) == 1:
		return errs[0]
	case len(errs) > 1:
		return &Error{Code: CodeOf(errs[0]), Hint: HintOf(errs[0]), Err: errors.Join(errs...)}
	case len(r.out.Damage) > 0:
		return fail(CodePartial, "what is missing may be in another backup", "restored in part: %d files of the backup are damaged or missing", len(r.out.Damage))
	}
	for _, one := range r.out.Incidents {
		if len(one.Problems) > 0 {
			return fail(CodePartial, "firebreak verify "+string(one.Incident)+" shows them all", "%s is restored with problems: %s", one.Incident, one.Problems[0])
		}
	}
	return nil
}

func (r *restoring) one(ctx context.Context, i archive.Incident) (RestoredOne, error) {
	one := RestoredOne{Incident: i.ID, Entries: i.Size, Root: i.Root, Exhibits: i.Exhibits}
	for _, name := range []string{store.DatabaseFile, store.HeadsFile, evidenceKey} {
		if r.out.faults["incidents/"+string(i.ID)+"/"+name] {
			return one, fail(CodeIntegrity, "take another backup", "restore %s: its %s is damaged in the backup", i.ID, name)
		}
	}
	if err := r.adopt(i); err != nil {
		return one, err
	}
	report, err := r.s.verifyAt(ctx, r.dir, i, VerifyOptions{Trust: r.o.Trust}, r.p)
	if err != nil {
		return one, err
	}
	older, err := r.older(ctx, i, &one)
	if err != nil {
		return one, err
	}
	for _, p := range report.Problems {
		one.Problems = append(one.Problems, p.String())
	}
	if len(one.Problems) > 0 && !r.o.Partial {
		return one, &Error{Code: CodeIntegrity, Hint: r.hint(report), Err: fmt.Errorf("restore %s: it does not verify: %s", i.ID, one.Problems[0])}
	}
	if r.o.Test {
		return one, nil
	}
	return one, r.place(ctx, i, &one, older)
}

// hint is what can be done about an incident that does not verify.
func (r *restoring) hint(report record.Report) string {
	for _, p := range report.Problems {
		if p.What == record.BadSignature && r.manifest.Signer != "" {
			return "if the workspace that made the backup is to be trusted: --trust '" + r.manifest.Signer + "'; --partial puts it back to be looked at"
		}
	}
	return "take another backup; --partial puts it back as it is, with its problems"
}

// older compares the record in the archive with what is known of it from
// elsewhere: seals, and the newest head that this workspace has seen. It
// returns the head that it does not go on from.
func (r *restoring) older(ctx context.Context, i archive.Incident, one *RestoredOne) (lost record.Head, err error) {
	heads := r.seals[i.ID]
	sealed := len(heads)
	if known, err := r.s.s.known(i.ID); err == nil && known.Size > 0 {
		heads = append(heads, known)
	} else if err != nil {
		r.out.Notes = append(r.out.Notes, err.Error())
	}
	st, _, err := r.s.s.at(r.dir).openToVerify(ctx, i.ID)
	if err != nil {
		return lost, err
	}
	defer func() { _ = st.Close() }() // only read from
	for n, h := range heads {
		how, head, err := standingOf(ctx, st, h)
		if err != nil {
			return lost, err
		}
		if how != older && how != rewritten {
			continue
		}
		undone := r.undone(ctx, i.ID, head.Size)
		if how == older && r.s.s.onlyBackup(i.ID, head, h) {
			r.out.Notes = append(r.out.Notes, fmt.Sprintf("%s: what came after it is the entry about this backup, and nothing else", i.ID))
		} else if r.o.Test && n >= sealed {
			r.out.Notes = append(r.out.Notes, fmt.Sprintf("%s: it has %d entries; %s was seen since", i.ID, head.Size, h.Short()))
			continue
		} else if !r.o.AcceptOlder {
			what := fmt.Sprintf("is older than %s: %s would be lost", h.Seal(), entriesFrom(head.Size+1, h.Size))
			if how == rewritten {
				what = "is not the record of " + h.Seal() + ": its first " + fmt.Sprint(h.Size) + " entries are others"
			}
			for _, u := range undone {
				what += "; " + u
			}
			return lost, &Error{Code: CodeIntegrity, Hint: "restore a newer backup; or give the newer entries up, on the record: --accept-older --reason TEXT", Err: fmt.Errorf("restore %s: %w: the backup of %d entries %s", i.ID, ErrOlder, head.Size, what)}
		} else {
			for _, u := range undone {
				if note := string(i.ID) + ": " + u; !slices.Contains(r.out.Notes, note) {
					r.out.Notes = append(r.out.Notes, note)
				}
			}
		}
		if h.Size > lost.Size {
			lost = h
		}
	}
	one.Lost = lost.Seal()
	return lost, nil
}

func entriesFrom(a, b int64) string {
	if a == b {
		return fmt.Sprintf("entry %d", a)
	}
	return fmt.Sprintf("entries %d to %d", a, b)
}

// openBackup opens an archive's file, to be hashed while it is read.
func openBackup(name string) (*os.File, *summing, int64, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, nil, 0, usage("", "open backup: %w", err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = usage("", "open backup: %s is not a file", name)
	}
	if err != nil {
		return nil, nil, 0, errors.Join(err, f.Close())
	}
	return f, newSumming(f), info.Size(), nil
}

// openArchive opens an archive with the keys at hand.
func openArchive(f *os.File, in io.Reader, size int64, name string, keys BackupKeys, o Options) (*archive.Reader, error) {
	passphrase, err := archive.NeedsPassphrase(f)
	if err != nil {
		return nil, openError(name, err)
	}
	if err := rewind(f); err != nil {
		return nil, err
	}
	var ids []age.Identity
	if ids, err = keys.toRead(o, passphrase); err != nil {
		return nil, err
	}
	a, err := archive.Open(in, size, ids...)
	if err != nil {
		return nil, openError(name, err)
	}
	return a, nil
}
