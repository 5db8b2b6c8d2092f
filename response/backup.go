package response

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"firebreak/forensics"
	"firebreak/incident"
	"firebreak/internal/durable"
	"firebreak/record"
	"firebreak/store"
	"firebreak/store/archive"
)

// BackupOptions says what is backed up, where to, and who can open it.
type BackupOptions struct {
	To        string
	Incidents []incident.ID
	// Workspace takes the keys, roster, playbooks and known heads too.
	Workspace bool
	Config    string // with Workspace: the configuration file, which holds references to secrets and no secrets
	Keys      BackupKeys
	// Plain writes an archive that anybody can read.
	Plain bool
}

// Backup says what was written and how a restore of it was tried.
type Backup struct {
	File       string      `json:"file"`
	SHA256     string      `json:"sha256"`
	Bytes      int64       `json:"bytes"`
	Files      int         `json:"files"`
	Recipients []string    `json:"recipients"`
	Tested     string      `json:"tested"` // "" when it was not
	Incidents  []BackedUp  `json:"incidents"`
	Left       []LeftAside `json:"left,omitempty"`
	Notes      []string    `json:"notes,omitempty"`
}

// BackedUp is one incident of a backup. Problems are what a verification of
// the restored copy found: the backup gives back what was there.
type BackedUp struct {
	Incident incident.ID `json:"incident"`
	Entries  int64       `json:"entries"`
	Root     string      `json:"root"`
	Exhibits int         `json:"exhibits"`
	Problems []string    `json:"problems,omitempty"`
}

// LeftAside is an incident that could not be taken.
type LeftAside struct {
	Incident incident.ID `json:"incident"`
	Reason   string      `json:"reason"`
}

// How a restore was tried.
const (
	testedWithOwn  = "restored and verified, with the key at hand"
	testedWithTest = "restored and verified, with a key made for the test; not with the recipients' own"
	testedPlain    = "restored and verified"
)

// attempts is how often a backup begins again because a file changed under it.
const attempts = 3

// backing is one backup under way.
type backing struct {
	s        *Session
	o        BackupOptions
	p        ProgressFunc
	keys     writeKeys
	taken    []picture
	manifest archive.Manifest
	out      Backup
}

// picture is one incident as it is taken.
type picture struct {
	f       *folder
	scratch *archive.Scratch
	store.Picture
}

// Backup writes one archive of incidents while others go on writing, reads it
// back from the disk, restores it into a folder of its own and verifies that.
// Only then the file gets its name, and each incident an entry. With
// CodePartial the archive is there and something is missing in it or could not
// be tested; with CodeIntegrity it is there, and an incident in it does not
// verify, here or there.
func (s *Session) Backup(ctx context.Context, o BackupOptions, p ProgressFunc) (out Backup, err error) {
	b := &backing{s: s, o: o, p: p}
	if b.keys, err = o.Keys.toWrite(s.s, o.Plain); err != nil {
		return out, err
	}
	file, err := durable.Create(o.To)
	if err != nil {
		return out, createError(err)
	}
	defer func() { err = errors.Join(err, file.Drop()) }()
	defer func() { err = errors.Join(err, b.drop()) }()
	if err := b.take(ctx); err != nil {
		return out, err
	}
	if err := b.write(ctx, file); err != nil {
		return out, fmt.Errorf("back up: %w", noSpace(err))
	}
	untested := b.test(ctx, file)
	if untested != nil && (ctx.Err() != nil || !errors.Is(untested, errUntested)) {
		return out, fmt.Errorf("back up: %w", untested)
	}
	if err := file.Publish(); err != nil {
		return out, fmt.Errorf("back up: %w", err)
	}
	return b.out, b.end(ctx, untested)
}

func createError(err error) error {
	switch {
	case errors.Is(err, fs.ErrExist):
		return refused("name another file, as with the date in it; a backup replaces none", "%w", err)
	case errors.Is(err, durable.ErrBusy):
		return refused("", "%w", err)
	}
	return err
}

// drop takes away what lies in the incidents' folders for the backup only.
func (b *backing) drop() error {
	var errs []error
	for _, t := range b.taken {
		errs = append(errs, t.scratch.Remove())
	}
	b.taken = nil
	return errors.Join(errs...)
}

// take takes a picture of each incident. Where several are wanted, one that
// cannot be opened is left aside and named.
func (b *backing) take(ctx context.Context) error {
	for i, id := range b.o.Incidents {
		tell(b.p, "copying the record of "+string(id), int64(i), int64(len(b.o.Incidents)))
		err := b.one(ctx, id)
		if err == nil {
			continue
		}
		if ctx.Err() != nil || len(b.o.Incidents) == 1 || errors.Is(err, store.ErrFull) {
			return err
		}
		b.out.Left = append(b.out.Left, LeftAside{id, err.Error()})
	}
	if len(b.taken) == 0 && !b.o.Workspace {
		return fail(CodeIntegrity, "", "back up: none of the incidents can be opened")
	}
	return nil
}

func (b *backing) one(ctx context.Context, id incident.ID) error {
	f, err := b.s.s.open(ctx, id)
	if err != nil {
		return err
	}
	// In the incident's own folder: what lies there is as private as the rest.
	scratch, err := archive.NewScratch(f.dir)
	if err = unwritable(err); errors.Is(err, store.ErrReadOnly) {
		return refused("copy the folder to a place you can write to, and back up from there", "back up %s: its copy is made in its own folder: %w", id, err)
	}
	if err != nil {
		return fmt.Errorf("back up %s: %w", id, err)
	}
	t := picture{f: f, scratch: scratch}
	t.Picture, err = f.store.Copy(ctx, filepath.Join(scratch.Dir, store.DatabaseFile), func(done, total int64) {
		tell(b.p, "copying the record of "+string(id), done, total)
	})
	if err != nil {
		return errors.Join(err, scratch.Remove())
	}
	b.taken = append(b.taken, t)
	return nil
}

// write writes the archive, and begins again when a file changed under it.
func (b *backing) write(ctx context.Context, file *durable.Draft) error {
	for n := 1; ; n++ {
		err := b.writeOnce(ctx, file)
		if err == nil || !errors.Is(err, archive.ErrChanged) || n == attempts {
			return err
		}
		if err := errors.Join(file.Truncate(0), rewind(file)); err != nil {
			return err
		}
	}
}

func (b *backing) writeOnce(ctx context.Context, file *durable.Draft) error {
	m := archive.Manifest{Made: b.s.s.o.Now().UTC(), Tool: b.s.s.o.Tool, Signer: b.s.s.key.Public(), Workspace: b.o.Workspace}
	sources, err := b.sources(ctx, &m)
	if err != nil {
		return err
	}
	sum := sha256.New()
	all := int64(0)
	for _, s := range sources {
		all += 2 * s.Length()
	}
	b.manifest, err = archive.Write(ctx, io.MultiWriter(file, sum), m, sources, b.keys.all(), func(done int64) {
		tell(b.p, "writing the backup", done>>10, all>>10)
	})
	if err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		return err
	}
	b.out.File, b.out.SHA256, b.out.Bytes = b.o.To, hex.EncodeToString(sum.Sum(nil)), info.Size()
	b.out.Files, b.out.Recipients = len(b.manifest.Files), b.keys.names()
	return nil
}

func rewind(f io.Seeker) error {
	_, err := f.Seek(0, io.SeekStart)
	return err
}

// errUntested is why a backup that was written could not be tested.
var errUntested = errors.New("a restore could not be tested")

// test reads the archive back from the disk, restores all of it and verifies.
func (b *backing) test(ctx context.Context, file *durable.Draft) (err error) {
	scratch, err := archive.NewScratch(b.s.s.incidentsDir())
	if err != nil {
		return roomFor(err)
	}
	defer func() { err = errors.Join(err, scratch.Remove()) }()
	if err := rewind(file); err != nil {
		return err
	}
	sum := sha256.New()
	in := io.TeeReader(file, sum)
	r, err := archive.Open(in, b.out.Bytes, b.keys.test...)
	if err != nil {
		return openError(b.o.To, err)
	}
	defer r.Close()
	outcome, err := unpack(ctx, r, scratch.Dir, func(archive.File) bool { return true }, b.p, "testing the backup")
	if err != nil {
		return roomFor(err)
	}
	if _, err := io.Copy(io.Discard, in); err != nil {
		return err
	}
	if !outcome.OK() || hex.EncodeToString(sum.Sum(nil)) != b.out.SHA256 {
		return &Error{Code: CodeIntegrity, Hint: "the disk may be failing: write it elsewhere", Err: fmt.Errorf("what was read back is not what was written: %w: %s", archive.ErrDamaged, faultsOf(outcome))}
	}
	b.out.Incidents = nil
	for _, i := range r.Manifest.Incidents {
		done := BackedUp{Incident: i.ID, Entries: i.Size, Root: i.Root, Exhibits: i.Exhibits}
		report, err := b.s.verifyAt(ctx, scratch.Dir, i, VerifyOptions{}, b.p)
		if err != nil {
			return roomFor(err)
		}
		for _, problem := range report.Problems {
			done.Problems = append(done.Problems, problem.String())
		}
		b.out.Incidents = append(b.out.Incidents, done)
	}
	b.out.Tested = b.keys.tested
	return nil
}

// roomFor marks the failures of a test that say nothing of the backup.
func roomFor(err error) error {
	if HintOf(err) == HintOf(store.ErrFull) || isFull(err) {
		return fmt.Errorf("%w: %w", errUntested, err)
	}
	return err
}

// end records the backup in each incident it holds, and says how it ended.
func (b *backing) end(ctx context.Context, untested error) error {
	if untested != nil {
		b.out.Incidents = nil
		for _, t := range b.taken {
			b.out.Incidents = append(b.out.Incidents, BackedUp{Incident: t.f.id, Entries: t.Head.Size, Root: t.Head.Root, Exhibits: len(t.Exhibits)})
		}
	}
	var errs []error
	for _, t := range b.taken {
		if t.f.readOnly {
			b.out.Notes = append(b.out.Notes, string(t.f.id)+" is open to be looked at only: the backup is not recorded in it")
			continue
		}
		c := record.Copy{
			Name: filepath.Base(b.o.To), SHA256: b.out.SHA256, Bytes: b.out.Bytes, Recipients: b.out.Recipients,
			Size: t.Head.Size, Root: t.Head.Root, Tested: b.out.Tested,
		}
		for _, x := range t.Exhibits {
			c.Exhibits = append(c.Exhibits, x.ID)
		}
		if err := b.s.actIn(ctx, t.f, record.BackupMade, "", c, nil); err != nil {
			errs = append(errs, fmt.Errorf("the backup is whole, and not recorded: %w", err))
			continue
		}
		errs = append(errs, b.s.s.learn(ctx, t.f.id, t.f.store), b.s.s.learnBackup(t.f.id, t.Head, t.f.store.Head()))
	}
	b.out.Notes = append(b.out.Notes, b.keys.notes...)
	if err := errors.Join(errs...); err != nil {
		return err
	}
	for _, i := range b.out.Incidents {
		if len(i.Problems) > 0 {
			return fail(CodeIntegrity, "firebreak verify "+string(i.Incident)+" finds the same here; older backups may be better: keep them", "%s is in the backup as it is, and does not verify: %s", i.Incident, i.Problems[0])
		}
	}
	switch {
	case untested != nil:
		return fail(CodePartial, "free some space, and test it: firebreak restore "+b.o.To+" --test", "%s is written: %w", b.o.To, untested)
	case len(b.out.Left) > 0:
		l := b.out.Left[0]
		return fail(CodePartial, "firebreak verify "+string(l.Incident)+" says what is wrong with it", "%d of %d incidents are not in the backup: %s: %s", len(b.out.Left), len(b.o.Incidents), l.Incident, l.Reason)
	}
	return nil
}

// unpack writes the wanted files of an archive below dir.
func unpack(ctx context.Context, r *archive.Reader, dir string, want func(archive.File) bool, p ProgressFunc, what string) (archive.Outcome, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return archive.Outcome{}, err
	}
	all := r.Manifest.Bytes()
	outcome, err := r.Unpack(ctx, root, want, func(done int64) { tell(p, what, done>>10, all>>10) })
	return outcome, errors.Join(err, root.Close())
}

// faultsOf names what is wrong with an archive, the first files by name.
func faultsOf(o archive.Outcome) string {
	const most = 3
	s := o.Note
	for i, f := range o.Faults {
		if s != "" {
			s += "; "
		}
		if i == most {
			return s + fmt.Sprintf("and %d more files", len(o.Faults)-most)
		}
		s += f.Path + ": " + f.Why
	}
	return s
}

// at is this workspace with another folder for its home: the same keys and
// people, other incidents.
func (s *Service) at(home string) *Service {
	o := s.o
	o.Home = home
	return &Service{o: o, key: s.key, vault: s.vault, leave: func() {}, folders: map[incident.ID]*folder{}, parsed: s.parsed}
}

// verifyAt verifies an incident that lies below another home, and that it is
// the one the manifest lists.
func (s *Session) verifyAt(ctx context.Context, home string, i archive.Incident, o VerifyOptions, p ProgressFunc) (record.Report, error) {
	trusted, slips := s.s.trust()
	o.Trust = append(o.Trust, trusted...)
	there := &Session{s: s.s.at(home), by: s.by}
	report, err := there.VerifyAgainst(ctx, i.ID, o, p)
	if err != nil {
		return report, errors.Join(err, slips)
	}
	if report.Head.Size > 0 && (report.Head.Size != i.Size || report.Head.Root != i.Root) {
		report.Problems = append(report.Problems, record.Problem{What: record.BadHead, Where: fmt.Sprintf(
			"the manifest says %d entries, root %s; the record says %s", i.Size, i.Root, report.Head.Seal())})
	}
	return report, nil
}

func isFull(err error) bool {
	return errors.Is(err, store.ErrFull) || errors.Is(err, forensics.ErrFull) || errors.Is(noSpace(err), store.ErrFull)
}
