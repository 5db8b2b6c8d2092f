// Package foreign reads the archives that other collectors leave behind: UAC,
// Velociraptor's offline collector, CyLR, KAPE, and plain tar and zip files or
// folders of logs. It finds out who made one, of which host, in which zone and
// when; it gives each member the path that it had on its host, the times that
// the archive knows, and the hashes that the archive's own lists claim.
//
// An archive is hostile. Nothing is unpacked onto the disk, no link is followed,
// no name becomes a path, and there are limits for members, sizes and ratios.
// Every member is handed out, or stands in the list of what was refused, or is a
// folder or a link, which are told of aside. An archive is read twice: once
// to learn what it says of itself, once for its members. A member that is itself
// an archive is handed out as it is.
//
// Where to begin reading: doc.go is what a caller sees; box.go is what lies on the
// disk (tar, zip, folder), kinds.go who made it, survey.go the first reading,
// content.go a member while it is read.
package foreign

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"firebreak/record"
)

// Limits bounds an archive. A zero member takes its default.
type Limits struct {
	Members int   // entries of any kind: 500,000
	File    int64 // bytes of one member: 64 GiB
	Total   int64 // bytes of all members: 1 TiB
	Ratio   int64 // of a zip's member, past its first 512 MiB: 1000
	Kept    int64 // bytes of what the archive says of itself: 64 MiB
}

func (l Limits) withDefaults() Limits {
	if l.Members <= 0 {
		l.Members = 500_000
	}
	for _, m := range []struct {
		at  *int64
		def int64
	}{{&l.File, 64 << 30}, {&l.Total, 1 << 40}, {&l.Ratio, 1000}, {&l.Kept, 64 << 20}} {
		if *m.at <= 0 {
			*m.at = m.def
		}
	}
	return l
}

// freeBytes is what a member may have before its ratio counts.
const freeBytes = 512 << 20

// Options says how to read an archive.
type Options struct {
	Limits   Limits
	Password []byte // of an encrypted zip; nil for none
	Key      []byte // RSA private key in PEM, for the password of a Velociraptor collection; nil for none
	// Progress, which may be nil, hears how many bytes of the archive are read.
	Progress func(done, total int64)
}

// About is what an archive says of itself. What it does not say is empty.
type About struct {
	Kind     string    `json:"kind"` // uac, velociraptor, cylr, kape, files
	Tool     string    `json:"tool,omitempty"`
	Host     string    `json:"host,omitempty"`
	System   string    `json:"system,omitempty"`
	Zone     string    `json:"zone,omitempty"` // IANA name
	Started  time.Time `json:"started,omitzero"`
	Finished time.Time `json:"finished,omitzero"`
	Notes    []string  `json:"notes,omitempty"`
}

// Member is one file of an archive.
type Member struct {
	Name   string       // in the archive; bytes that are no UTF-8 are escaped as \xHH
	Path   string       // on its host, "" for what the tool wrote itself
	Size   int64        // as the archive says
	Stat   *record.Stat // what the archive knows of the file, nil for nothing
	Claims []Claim      // hashes that the archive's lists give
	Notes  []string     // what is to be known of it
}

// Claim is a hash that the archive gives for one of its members.
type Claim struct {
	Algorithm string // md5, sha1, sha256
	Sum       string // hexadecimal, small letters
	From      string // the list that has it
}

// Count is what an archive held besides its files.
type Count struct {
	Folders, Links int
}

// ErrPassword is returned for an archive that is encrypted, with a password that
// is missing or wrong.
var ErrPassword = errors.New("the archive is encrypted")

// ErrForm is returned for a file that is no archive of a known form.
var ErrForm = errors.New("no archive that can be read")

// Archive is an archive whose survey is done.
type Archive struct {
	About

	aside   func(path, target string, stat record.Stat) error
	box     box
	o       Options
	kind    kind
	base    string // folder in which everything lies, with its slash
	claims  map[string][]Claim
	facts   map[string]fact
	refused []record.Refusal
	count   Count
	sums    tally
}

// fact is what an archive's metadata knows of a member.
type fact struct {
	path  string
	stat  *record.Stat
	notes []string
}

// tally counts what was read.
type tally struct {
	members int
	bytes   int64
}

// Open surveys an archive: a file, or a folder. Errors: ErrForm, ErrPassword,
// the file system's, the context's.
func Open(ctx context.Context, path string, o Options) (*Archive, error) {
	o.Limits = o.Limits.withDefaults()
	b, err := openBox(path, o)
	if err != nil {
		return nil, fmt.Errorf("open archive %s: %w", path, err)
	}
	a := &Archive{box: b, o: o, claims: map[string][]Claim{}, facts: map[string]fact{}}
	if err := a.survey(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("read archive %s: %w", path, err), b.Close())
	}
	return a, nil
}

// Close ends the reading.
func (a *Archive) Close() error { return a.box.Close() }

// Listen sets who hears, during Each, of folders and links: their path on the host
// (else their name in the archive), where a link points, and what the archive
// knows of them.
func (a *Archive) Listen(aside func(path, target string, stat record.Stat) error) { a.aside = aside }

// Says is what the archive says of itself.
func (a *Archive) Says() About { return a.About }

// Refused lists what was not handed out. It is complete when Each has ended.
func (a *Archive) Refused() []record.Refusal { return a.refused }

// Counted is how many folders and links there were. It is complete when Each has
// ended.
func (a *Archive) Counted() Count { return a.count }

func (a *Archive) refuse(name, format string, args ...any) {
	a.refused = append(a.refused, record.Refusal{Collector: "import." + a.Kind, Source: name, Reason: fmt.Sprintf(format, args...)})
}

// Each hands out the files in the order of the archive. What r gives ends where
// the member is damaged or over a limit: r's notes, which are complete at its end,
// say so. The errors are the context's and those of member.
func (a *Archive) Each(ctx context.Context, member func(m Member, r *Content) error) error {
	a.refused, a.count, a.sums = nil, Count{}, tally{}
	seen := map[string]int{}
	err := a.box.walk(ctx, func(e *entry, open func() (io.ReadCloser, error)) error {
		return a.one(e, open, seen, member)
	})
	var d *damage
	switch {
	case errors.As(err, &d):
		a.refuse("the archive", "%s", d)
	case errors.Is(err, errEnough):
	case err != nil:
		return fmt.Errorf("read archive: %w", err)
	}
	return nil
}

// errEnough ends a walk at a limit, which stands in the refusals.
var errEnough = errors.New("limit reached")

// one hands out one entry.
func (a *Archive) one(e *entry, open func() (io.ReadCloser, error), seen map[string]int, member func(Member, *Content) error) error {
	a.sums.members++
	if a.sums.members > a.o.Limits.Members {
		a.refuse(e.name, "this and all behind it: the limit of %d members is reached", a.o.Limits.Members)
		return errEnough
	}
	switch e.is {
	case isFolder, isLink:
		if e.is == isFolder {
			a.count.Folders++
		} else {
			a.count.Links++
		}
		if a.aside != nil {
			return a.aside(a.named(e), e.target, e.stat)
		}
		return nil
	case isOther:
		a.refuse(e.name, "a device, FIFO or socket: it has no content")
		return nil
	case isFile:
	}
	m := a.member(e)
	if n := seen[e.name]; n > 0 {
		m.Notes = append(m.Notes, fmt.Sprintf("member %d of that name in the archive", n+1))
		m.Name = fmt.Sprintf("%s (%d)", m.Name, n+1)
	}
	seen[e.name]++
	switch {
	case e.refused != "":
		a.refuse(m.Name, "%s", e.refused)
		return nil
	case e.stat.Size > a.o.Limits.File:
		a.refuse(m.Name, "%d bytes: over the limit of %d for one member", e.stat.Size, a.o.Limits.File)
		return nil
	case a.sums.bytes >= a.o.Limits.Total:
		a.refuse(m.Name, "this and all behind it: the limit of %d bytes for all members is reached", a.o.Limits.Total)
		return errEnough
	}
	r, err := open()
	if err != nil {
		if errors.Is(err, errOurs) {
			return err
		}
		a.refuse(m.Name, "%s", err)
		return nil
	}
	c := newContent(r, m, e.packed, a.o.Limits, a.o.Limits.Total-a.sums.bytes)
	err = member(m, c)
	a.sums.bytes += c.n
	return errors.Join(err, r.Close())
}
