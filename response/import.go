package response

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"firebreak/forensics"
	"firebreak/forensics/foreign"
	"firebreak/incident"
	"firebreak/record"
	"firebreak/store"
)

// importCollector is what exhibits from an archive name as collector.
const importCollector = "import"

// ImportOptions says how to take in what another tool collected.
type ImportOptions struct {
	Host      string         // "" takes the archive's
	Zone      *time.Location // nil takes the archive's
	Year      int
	Skew      time.Duration
	Authority string
	Reference bool   // the archive itself is not sealed, only its hash is recorded
	Password  []byte // of an encrypted archive
	Key       []byte // RSA private key in PEM, for the password of a Velociraptor collection
	Limits    foreign.Limits
	// Identities are files of age identities or of an ssh private key, for a
	// container. The workspace's own key is tried by itself.
	Identities []string
	In         io.Reader // is read when the path is "-"
}

// Imported sums up an import.
type Imported struct {
	Kind     string           `json:"kind"`
	Tool     string           `json:"tool,omitempty"`
	Host     string           `json:"host,omitempty"`
	Zone     string           `json:"zone,omitempty"`
	Taken    time.Time        `json:"taken,omitzero"`    // when the other tool ended
	Archive  string           `json:"archive,omitempty"` // its exhibit
	Members  int              `json:"members"`           // files of the archive
	Exhibits int              `json:"exhibits"`          // that were sealed now
	Known    int              `json:"known"`             // that an earlier import had sealed
	Bytes    int64            `json:"bytes"`
	Events   int64            `json:"events"`
	Added    int64            `json:"added"`
	Rejected int64            `json:"rejected"`
	Verified int              `json:"verified"` // members whose hash stands in the archive's lists and is right
	Differs  int              `json:"differs"`  // members that are not what the lists say
	Folders  int              `json:"folders"`
	Links    int              `json:"links"`
	Refused  []record.Refusal `json:"refused,omitempty"`
	Notes    []string         `json:"notes,omitempty"`

	// Of a container of our own.
	Container   string   `json:"container,omitempty"`   // its id
	Fingerprint string   `json:"fingerprint,omitempty"` // of the key that signs
	Sealed      bool     `json:"sealed,omitempty"`      // whole, and its signature is good
	Cut         string   `json:"cut,omitempty"`         // why it ended before its seal
	CutItems    []string `json:"cut_items,omitempty"`   // of which only the beginning came
}

// Import seals the members of an archive that another tool made, or of a
// container of our own, as exhibits with the paths and times that the archive
// knows, and reads them into the timeline. An archive is read only as far as it
// is new: the same one twice adds nothing, and what an interrupted import left is
// done by the next one.
func (s *Session) Import(ctx context.Context, id incident.ID, path string, o ImportOptions, p ProgressFunc) (Imported, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return Imported{}, err
	}
	f.busy.Lock()
	defer f.busy.Unlock()
	if err := f.writable(); err != nil {
		return Imported{}, err
	}
	if err := f.store.View(ctx, mustBeOpen); err != nil {
		return Imported{}, err
	}
	from, err := openSource(path, o.In)
	if err != nil {
		return Imported{}, err
	}
	sum, err := s.importFrom(ctx, f, from, o, p)
	return sum, errors.Join(err, from.Close())
}

func (s *Session) importFrom(ctx context.Context, f *folder, from *source, o ImportOptions, p ProgressFunc) (Imported, error) {
	switch {
	case from.isContainer() && (!o.Reference || from.file == nil):
		return s.importContainer(ctx, f, from, o, p)
	case from.stream != nil && len(from.head) == 0:
		return Imported{}, usage("did what should write there fail?", "import %s: nothing came", from.path)
	case from.stream != nil:
		return Imported{}, usage("save it in a file first: an archive is read twice", "import %s: only a container of firebreak can be read from a stream", from.path)
	case o.Reference && len(from.head) > 0 && (from.isContainer() || !foreign.IsArchive(from.head)):
		return s.refer(ctx, f, from.path, from.head, o, p)
	case len(o.Identities) > 0:
		return Imported{}, usage("", "import %s: --identity is for a container of firebreak, and this is none", from.path)
	}
	in, err := openForeign(ctx, from.path, o, p)
	if err != nil {
		return Imported{}, err
	}
	i := &importing{s: s, f: f, o: o, p: p, path: from.path, in: in}
	sum, err := i.run(ctx)
	return sum, errors.Join(err, in.Close())
}

// importing is one import.
type importing struct {
	s    *Session
	f    *folder
	o    ImportOptions
	p    ProgressFunc
	path string // as it was given
	full string
	in   *foreign.Archive
	says foreign.About

	archive record.Exhibit // of a file; empty for a folder
	tool    string         // hash of this program
	known   map[member]bool
	pending []record.Exhibit
	sealed  []record.Exhibit
	sum     Imported
}

// member is what makes two exhibits of an archive the same one.
type member struct{ within, root, name, sha256 string }

func (i *importing) run(ctx context.Context) (Imported, error) {
	started := i.s.s.o.Now()
	i.says = i.in.Says()
	i.sum = Imported{
		Kind: i.says.Kind, Tool: i.says.Tool, Host: i.says.Host, Zone: i.says.Zone, Taken: i.says.Finished, Notes: i.says.Notes,
	}
	if i.o.Host != "" {
		i.sum.Host = i.o.Host
	}
	if i.o.Zone != nil {
		i.sum.Zone = i.o.Zone.String()
	}
	err := i.prepare()
	if err == nil {
		err = i.take(ctx)
	}
	if err == nil {
		err = i.s.readImported(ctx, i)
	}
	cut := ""
	switch {
	case ctx.Err() != nil:
		cut = context.Cause(ctx).Error()
	case err != nil:
		cut = err.Error()
	}
	c := record.Collection{
		Profile: "import " + i.sum.Kind, Host: i.sum.Host, Root: i.full, Exhibits: i.sum.Exhibits, Bytes: i.sum.Bytes,
		Took: i.s.s.o.Now().Sub(started), Refused: fewRefusals(i.sum.Refused), Cut: cut,
	}
	if i.sum.Exhibits == 0 && i.sum.Known > 0 && err == nil { // nothing new: nothing to record, unless a kill came before that
		told, err := i.f.collected(ctx, func(old record.Collection) bool {
			return old.Cut == "" && old.Profile == c.Profile && old.Root == c.Root
		})
		if told || err != nil {
			return i.sum, err
		}
	}
	keep := context.WithoutCancel(ctx)
	return i.sum, errors.Join(err, i.s.actIn(keep, i.f, record.CollectionFinished, "", c, nil))
}

// fewRefusals bounds what goes into the record.
func fewRefusals(list []record.Refusal) []record.Refusal {
	const most = 1000
	if len(list) <= most {
		return list
	}
	out := append([]record.Refusal{}, list[:most]...)
	return append(out, record.Refusal{Collector: importCollector, Source: "/", Reason: fmt.Sprintf("%d more refusals are not listed", len(list)-most)})
}

// prepare hashes this program and learns what earlier imports sealed.
func (i *importing) prepare() (err error) {
	if i.tool, err = i.s.s.o.ToolSHA256(); err != nil {
		return fmt.Errorf("hash this program: %w", err)
	}
	if i.full, err = filepath.Abs(i.path); err != nil {
		return fmt.Errorf("find out where it is: %w", err)
	}
	return nil
}

// take seals the archive, or notes its hash, and then its members.
func (i *importing) take(ctx context.Context) error {
	if err := i.takeArchive(ctx); err != nil {
		return err
	}
	var xs []store.Exhibit
	err := i.f.store.View(ctx, func(tx *store.Tx) (err error) {
		xs, err = tx.Exhibits()
		return err
	})
	if err != nil {
		return err
	}
	i.known = map[member]bool{}
	for _, x := range xs {
		if x.Member != "" {
			i.known[i.same(x.Exhibit)] = true
		}
	}
	var aside []byte
	i.in.Listen(func(path, target string, stat record.Stat) error {
		aside = forensics.AppendBodyLine(aside, path, target, stat)
		return nil
	})
	err = i.in.Each(ctx, func(m foreign.Member, r *foreign.Content) error { return i.one(ctx, m, r) })
	i.sum.Refused = i.in.Refused()
	i.sum.Folders, i.sum.Links = i.in.Counted().Folders, i.in.Counted().Links
	if err == nil && len(aside) > 0 {
		err = i.list(ctx, aside)
	}
	return errors.Join(err, i.flush(ctx))
}

// same is what tells a member from others: in a file its name, in a folder, whose
// files may have changed, its content too.
func (i *importing) same(x record.Exhibit) member {
	if x.Within != "" {
		return member{within: x.Within, name: x.Member}
	}
	return member{root: x.Root, name: x.Member, sha256: x.SHA256}
}

// one seals one member.
func (i *importing) one(ctx context.Context, m foreign.Member, r *foreign.Content) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	i.sum.Members++
	x := i.exhibit(m)
	if i.known[i.same(x)] && x.Within != "" {
		i.sum.Known++
		return nil
	}
	tell(i.p, "sealing "+m.Name, int64(i.sum.Members), 0)
	head := &headed{r: r}
	sealed, err := i.f.locker.SealInput(ctx, head, x)
	if err != nil {
		return err
	}
	if i.known[i.same(sealed)] {
		i.sum.Known++
		return nil
	}
	sealed.Deviations = append(append(sealed.Deviations, m.Notes...), r.Notes()...)
	i.judge(m, r)
	if sealed.Format == "" {
		sealed.Format = detected(sealed.Source, head.b) //nolint:contextcheck // of the parsers only their names are asked for
	}
	i.sum.Exhibits++
	i.sum.Bytes += sealed.Size
	if i.pending = append(i.pending, sealed); len(i.pending) >= sealTogether {
		return i.flush(ctx)
	}
	return nil
}

// listName is the name of the list of folders and links, as a member. No member of
// an archive is called so: their names have no angle brackets in front of a folder.
const listName = "<folders and links>"

// list seals a body file of the folders and links, which have no content of their
// own.
func (i *importing) list(ctx context.Context, lines []byte) error {
	x := i.exhibit(foreign.Member{Name: listName})
	if x.Within != "" && i.known[i.same(x)] {
		return nil
	}
	x.Title, x.Source, x.Format, x.Method = "Folders and links of the archive", i.full, forensics.FormatBodyfile, "names, times and modes as the archive has them"
	sealed, err := i.f.locker.SealInput(ctx, bytes.NewReader(lines), x)
	if err != nil || i.known[i.same(sealed)] {
		return err
	}
	i.pending = append(i.pending, sealed)
	return nil
}

// judge counts what the archive's own lists say of a member.
func (i *importing) judge(m foreign.Member, r *foreign.Content) {
	switch right := len(r.Verified()); {
	case len(m.Claims) == 0:
	case right == len(m.Claims):
		i.sum.Verified++
	default:
		i.sum.Differs++
	}
}

// exhibit describes a member.
func (i *importing) exhibit(m foreign.Member) record.Exhibit {
	x := record.Exhibit{Source: m.Path}
	if x.Source == "" {
		x.Source = m.Name
	}
	x.Kind, x.Title, x.Host = importCollector+"."+i.says.Kind, x.Source, i.sum.Host
	x.Method = "read from an archive"
	if i.says.Tool != "" {
		x.Method += " that " + i.says.Tool + " made"
	}
	x.Collector, x.Taken, x.Before = importCollector, i.says.Finished, m.Stat
	x.Tool, x.ToolSHA256, x.Started, x.Argv, x.Clock = i.s.s.o.Tool, i.tool, i.s.s.o.Now().UTC(), i.s.s.o.Argv, forensics.ClockNow()
	x.Authority = i.o.Authority
	x.Origin, x.Within, x.Member, x.Stored = record.OriginArchive, i.archive.ID, m.Name, i.s.s.o.Host
	if x.Within == "" {
		x.Root = i.full
	}
	if r := i.options().reading(); r != nil {
		x.Reading = r
	}
	return x
}

// options are how members are read: in the zone that was given, else in the
// archive's own.
func (i *importing) options() IngestOptions {
	o := IngestOptions{Host: i.sum.Host, Zone: i.o.Zone, Year: i.o.Year, Skew: i.o.Skew, Authority: i.o.Authority, told: i.p}
	if o.Zone == nil && i.says.Zone != "" {
		if zone, err := time.LoadLocation(i.says.Zone); err == nil { // the survey asked: it is one
			o.Zone = zone
		}
	}
	return o
}

func (i *importing) flush(ctx context.Context) error {
	numbered, err := i.s.register(ctx, i.f, i.pending, "")
	i.sealed, i.pending = append(i.sealed, numbered...), i.pending[:0]
	return err
}

// headed remembers how a stream began.
type headed struct {
	r io.Reader
	b []byte
}

func (h *headed) Read(p []byte) (int, error) {
	n, err := h.r.Read(p)
	if room := 64<<10 - len(h.b); room > 0 {
		h.b = append(h.b, p[:min(n, room)]...)
	}
	return n, err
}
