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
	"slices"
	"strings"
	"syscall"
	"time"

	"firebreak/forensics"
	"firebreak/incident"
	"firebreak/internal/durable"
	"firebreak/record"
	"firebreak/record/bundle"
	"firebreak/store"
	"firebreak/store/keys"
)

// BundleOptions say what goes into a bundle, for whom, and where it is written.
type BundleOptions struct {
	To         string
	Profile    record.Profile
	Evidence   []string // ids of exhibits whose bytes go with it; "all"; none when empty
	Recipients []string // age or ssh keys, or files of such
	Plain      bool     // an encrypted incident may leave in the clear
	NoReview   bool
}

// Bundled is a bundle that was made.
type Bundled struct {
	Incident   incident.ID    `json:"incident"`
	File       string         `json:"file"`
	SHA256     string         `json:"sha256"`
	Bytes      int64          `json:"bytes"`
	Profile    record.Profile `json:"profile"`
	Encrypted  bool           `json:"encrypted"`
	Recipients []string       `json:"recipients,omitempty"`
	Entries    int            `json:"entries"`
	Withheld   int            `json:"withheld"`
	Exhibits   []string       `json:"exhibits,omitempty"`
	Seal       string         `json:"seal"`
	Key        string         `json:"key"` // verifier key of who signed it
}

// Bundle writes an archive of the incident that an outsider can verify, and
// records that it left. It appears whole or not at all. A record that does not
// verify, and damaged evidence, are not handed out. Where the configuration asks
// for it the record is signed first; a signature that could not be made is told
// when the bundle is there.
func (s *Session) Bundle(ctx context.Context, id incident.ID, o BundleOptions, p ProgressFunc) (made Bundled, err error) {
	to, err := o.target()
	if err != nil {
		return Bundled{}, err
	}
	sealTo, err := recipients(o.Recipients)
	if err != nil {
		return Bundled{}, err
	}
	if _, err := os.Lstat(to); err == nil {
		return Bundled{}, usage("name another file: a bundle replaces nothing", "%s is there already", to)
	}
	f, err := s.s.open(ctx, id)
	if err != nil {
		return Bundled{}, err
	}
	if f.readOnly {
		return Bundled{}, refused("copy the folder to a place you can write to: that a bundle left must be recorded", "bundle %s: %w", id, store.ErrReadOnly)
	}
	if f.key != nil && len(sealTo) == 0 && !o.Plain {
		return Bundled{}, refused("encrypt it: --recipient age1… or an ssh key; or say that it may leave in the clear: --plain", "bundle %s: the incident is encrypted, and the bundle would not be", id)
	}
	if f.key != nil && len(sealTo) == 0 {
		if err := s.s.outside(filepath.Dir(to)); err != nil {
			return Bundled{}, err
		}
	}
	unsigned, err := s.signHandedOut(ctx, f) // before, so that the bundle has it
	if err != nil {
		return Bundled{}, err
	}
	f.busy.Lock()
	defer f.busy.Unlock()
	tell(p, "reading the record", 0, 0)
	draft, err := s.compose(ctx, f, o)
	if err != nil {
		return Bundled{}, err
	}
	out, err := startArchive(to, sealTo)
	if errors.Is(err, fs.ErrNotExist) {
		return Bundled{}, usage("make the folder first", "write bundle: there is no folder %s", filepath.Dir(to))
	}
	if err != nil {
		return Bundled{}, fmt.Errorf("write bundle: %w", err)
	}
	defer func() { err = errors.Join(err, out.file.Drop()) }()
	if err := s.fill(ctx, f, out, draft, p); err != nil {
		return Bundled{}, bundleError(err)
	}
	if err := out.finish(); err != nil {
		return Bundled{}, bundleError(err)
	}
	made = Bundled{
		Incident: id, File: to, SHA256: hex.EncodeToString(out.sum.Sum(nil)), Bytes: out.bytes, Profile: o.Profile, Encrypted: len(sealTo) > 0,
		Recipients: namesOf(sealTo), Entries: int(draft.Head.Size), Withheld: draft.Withheld, Seal: draft.Head.Seal(), Key: s.s.key.Public(),
	}
	for _, x := range draft.Exhibits {
		made.Exhibits = append(made.Exhibits, x.ID)
	}
	// Recorded before it appears under its name: a copy that left unrecorded is
	// worse than a record of one that nobody got.
	err = s.actIn(ctx, f, record.BundleMade, "", record.Copy{
		Name: filepath.Base(to), SHA256: made.SHA256, Bytes: made.Bytes, Profile: string(o.Profile), Exhibits: made.Exhibits,
		Recipients: namesOf(sealTo), Size: draft.Head.Size, Root: draft.Head.Root,
	}, nil)
	if err != nil {
		return Bundled{}, err
	}
	if err := out.file.Publish(); err != nil {
		return Bundled{}, fmt.Errorf("write bundle (the record says already that it was made): %w", err)
	}
	return made, unsigned
}

// target is the file's name: an encrypted one ends in .age.
func (o BundleOptions) target() (string, error) {
	switch encrypted := strings.HasSuffix(o.To, ".age"); {
	case o.To == "":
		return "", usage("--to FILE.tar.gz", "a bundle needs a file to be written to")
	case len(o.Recipients) > 0 && !encrypted:
		return o.To + ".age", nil
	case len(o.Recipients) == 0 && encrypted:
		return "", usage("name who can open it: --recipient age1… or an ssh key", "%s says that it is encrypted, and there is no recipient", o.To)
	}
	return o.To, nil
}

// compose reads the record, verifies it, and composes what does not stream.
func (s *Session) compose(ctx context.Context, f *folder, o BundleOptions) (bundle.Draft, error) {
	src, keys, err := s.sound(ctx, f)
	if err != nil {
		return bundle.Draft{}, err
	}
	src.Profile, src.Made, src.By, src.Tool, src.Key = o.Profile, s.s.o.Now(), s.by, s.s.o.Tool, keyName(s.s.key.Public())
	if src.Roster, err = s.trustFile(RosterFile); err == nil {
		src.Stamper, err = s.trustFile(tsaFile)
	}
	if err != nil {
		return bundle.Draft{}, fmt.Errorf("bundle %s: %w", f.id, err)
	}
	src.Keys = []string{s.s.key.Public()}
	for _, k := range keys {
		if k != s.s.key.Public() {
			src.Keys = append(src.Keys, k)
		}
	}
	if src.Wanted, err = wanted(src.Lines, o); err != nil {
		return bundle.Draft{}, err
	}
	if !o.NoReview {
		src.Review = "made of the fields that the profile lets out, masked for its readers"
	}
	head := src.Heads[len(src.Heads)-1]
	if src.Held, err = s.heldBack(ctx, f, o.Profile, head); err != nil {
		return bundle.Draft{}, err
	}
	src.Derived = func(whole []record.Entry) (map[string][]byte, error) { return s.derived(ctx, f, o, head, whole) }
	return bundle.Compose(src)
}

// sound is the record, which verifies, and the keys that signed it.
func (s *Session) sound(ctx context.Context, f *folder) (src bundle.Source, keys []string, err error) {
	src.Incident = f.id
	err = f.store.View(ctx, func(tx *store.Tx) (err error) {
		if src.Lines, err = tx.Sealed(0, 0); err != nil {
			return err
		}
		if src.Heads, err = tx.AllHeads(); err != nil {
			return err
		}
		if src.Leaves, err = tx.Leaves(); err != nil {
			return err
		}
		keys, err = tx.Keys()
		return err
	})
	if err != nil {
		return src, nil, fmt.Errorf("bundle %s: %w", f.id, err)
	}
	return src, keys, s.soundFor(f, src)
}

// signHandedOut has the record signed where SignDecision would, unless it does
// not verify: nobody puts a name under damage. unsigned says why there is no
// signature where there should be one.
func (s *Session) signHandedOut(ctx context.Context, f *folder) (unsigned, err error) {
	if !s.signsDecisions(ctx) {
		return nil, nil
	}
	if _, _, err := s.sound(ctx, f); err != nil {
		return nil, err
	}
	unsigned = s.SignDecision(ctx, f.id, "handed out")
	return unsigned, context.Cause(ctx)
}

// soundFor verifies what is about to leave.
func (s *Session) soundFor(f *folder, src bundle.Source) error {
	trusted, _ := s.s.trust() // verify tells what in it is no key
	keys, err := record.ParseKeys(append(trusted, s.s.key.Public())...)
	if err != nil {
		return fmt.Errorf("bundle %s: %w", f.id, err)
	}
	ev := record.Evidence{Incident: f.id, Lines: src.Lines, Leaves: src.Leaves, Keys: keys}
	for _, h := range src.Heads {
		ev.Heads = append(ev.Heads, h.Signed...)
	}
	if r := record.Verify(ev); !r.OK() {
		return &Error{
			Code: CodeIntegrity, Hint: "firebreak verify " + string(f.id) + " says all that is wrong",
			Err: fmt.Errorf("bundle %s: the record does not verify: %s", f.id, r.Problems[0]),
		}
	}
	return nil
}

// wanted says which exhibits' bytes go with the bundle.
func wanted(lines []record.Sealed, o BundleOptions) (func(string) bool, error) {
	if len(o.Evidence) == 0 {
		return func(string) bool { return false }, nil
	}
	if !carriesEvidence(o.Profile) {
		return nil, usage("the profiles full, legal, technical and regulator can carry evidence", "the profile %s carries no evidence: its bytes cannot be masked", o.Profile)
	}
	there := map[string]bool{}
	for _, id := range bundle.ExhibitsOf(lines) {
		there[id] = true
	}
	if slices.Equal(o.Evidence, []string{"all"}) {
		return func(id string) bool { return there[id] }, nil
	}
	for _, id := range o.Evidence {
		if !there[id] {
			return nil, notFound("firebreak show INCIDENT evidence lists them, and those that were erased", "exhibit %q: %w", id, incident.ErrNotFound)
		}
	}
	return func(id string) bool { return slices.Contains(o.Evidence, id) }, nil
}

// fill writes the files, then the evidence straight from the locker.
func (s *Session) fill(ctx context.Context, f *folder, out *bundleFile, d bundle.Draft, p ProgressFunc) error {
	at, err := headTime(ctx, f, d.Head)
	if err != nil {
		return err
	}
	w := bundle.NewWriter(&until{ctx, out.top}, at)
	for i, file := range d.Files {
		tell(p, "writing "+file.Name, int64(i), int64(len(d.Files)))
		if err := w.Add(file.Name, file.Content); err != nil {
			return err
		}
	}
	for i, x := range d.Exhibits {
		tell(p, "writing "+x.ID+" "+x.Title, int64(i), int64(len(d.Exhibits)))
		if err := copyExhibit(f.locker, w, x); err != nil {
			return err
		}
	}
	return w.Close(s.s.key.Key, d.Head)
}

func copyExhibit(l *forensics.Locker, w *bundle.Writer, x record.Exhibit) error {
	plain, err := l.Open(x.Blob)
	if err != nil {
		return &Error{Code: CodeIntegrity, Hint: "leave it out with --evidence, or restore it from a copy", Err: fmt.Errorf("bundle exhibit %s: %w", x.ID, err)}
	}
	err = errors.Join(w.Copy(bundle.BlobName(x), x.Size, plain), plain.Close())
	if err == nil && w.Sum(bundle.BlobName(x)) != x.SHA256 {
		err = forensics.ErrDamaged
	}
	if errors.Is(err, forensics.ErrDamaged) {
		return &Error{Code: CodeIntegrity, Hint: "leave it out with --evidence, or restore it from a copy", Err: fmt.Errorf("bundle exhibit %s: %w", x.ID, err)}
	}
	return err
}

// headTime is the time of the newest entry: that of all files, so that the same
// record gives the same archive.
func headTime(ctx context.Context, f *folder, h record.Head) (at time.Time, err error) {
	err = f.store.View(ctx, func(tx *store.Tx) error {
		last, err := tx.Entries(h.Size-1, 1)
		if err == nil && len(last) == 1 {
			at = last[0].Time
		}
		return err
	})
	return at, err
}

// until is a writer that ends with its context.
type until struct {
	ctx context.Context //nolint:containedctx // it lives for one copy only
	w   io.Writer
}

func (u *until) Write(b []byte) (int, error) {
	if u.ctx.Err() != nil {
		return 0, context.Cause(u.ctx)
	}
	return u.w.Write(b)
}

// bundleError says what to do about a full disk.
func bundleError(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return &Error{Code: CodeInternal, Hint: "free some space, or write it to another disk: nothing of it stays behind", Err: fmt.Errorf("write bundle: %w", err)}
	}
	return fmt.Errorf("write bundle: %w", err)
}

// trustFile reads a file of whom this workspace believes; nil when there is none.
func (s *Session) trustFile(name string) ([]byte, error) {
	b, err := os.ReadFile(filepath.Join(s.s.o.Home, filepath.FromSlash(name)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return b, err
}

// keyName is the name and hash of a verifier key.
func keyName(public string) string {
	name, rest, _ := strings.Cut(public, "+")
	hash, _, _ := strings.Cut(rest, "+")
	return name + "+" + hash
}

// bundleFile is a file that is being written beside its place: bytes go through
// encryption, if any, to the disk, and are hashed on the way.
type bundleFile struct {
	file  *durable.Draft
	sum   hashWriter
	bytes int64
	top   io.Writer
	age   io.WriteCloser
}

type hashWriter interface {
	io.Writer
	Sum(b []byte) []byte
}

func startArchive(to string, sealTo []keys.Recipient) (*bundleFile, error) {
	file, err := durable.Create(to)
	if err != nil {
		return nil, err
	}
	a := &bundleFile{file: file, sum: sha256.New()}
	a.top = a
	if len(sealTo) > 0 {
		if a.age, err = keys.Encrypt(a, sealTo); err != nil {
			return nil, errors.Join(err, file.Drop())
		}
		a.top = a.age
	}
	return a, nil
}

// Write brings bytes of the finished form onto the disk.
func (a *bundleFile) Write(b []byte) (int, error) {
	n, err := a.file.Write(b)
	a.bytes += int64(n)
	if _, herr := a.sum.Write(b[:n]); herr != nil {
		return n, herr
	}
	return n, err
}

// finish brings all of it onto the disk.
func (a *bundleFile) finish() error {
	if a.age != nil {
		if err := a.age.Close(); err != nil {
			return err
		}
	}
	return a.file.Sync()
}
