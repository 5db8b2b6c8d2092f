package response

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"filippo.io/age"

	"firebreak/forensics/container"
	"firebreak/record"
)

// source is what is to be imported: how it begins, and a way to read it. A folder
// has neither.
type source struct {
	path   string
	head   []byte
	size   int64
	file   *os.File  // of a regular file
	stream io.Reader // else: what can be read once only, its beginning included
	pipe   *os.File  // that is to be closed
}

// openSource opens what is to be imported; "-" is in.
func openSource(path string, in io.Reader) (*source, error) {
	s := &source{path: path}
	if path == "-" {
		if in == nil {
			return nil, usage("", "import -: nothing is there to read from")
		}
		return s, s.begin(in)
	}
	info, err := os.Stat(path)
	if err != nil || info.IsDir() {
		return s, err
	}
	f, err := os.Open(path) // of a FIFO it waits for who writes, as cat does
	if err != nil {
		return nil, err
	}
	if info, err = f.Stat(); err == nil && info.Mode().IsRegular() {
		s.file, s.size, s.head = f, info.Size(), make([]byte, 64<<10)
		var n int
		n, err = io.ReadFull(f, s.head)
		s.head = s.head[:n]
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = nil
		}
	} else if err == nil {
		s.pipe = f
		err = s.begin(f)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("import %s: %w", path, err), f.Close())
	}
	return s, nil
}

// begin reads how a stream begins, and puts it back.
func (s *source) begin(in io.Reader) error {
	s.head = make([]byte, 64<<10)
	n, err := io.ReadFull(in, s.head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	s.head = s.head[:n]
	s.stream = io.MultiReader(bytes.NewReader(s.head), in)
	return nil
}

func (s *source) Close() error {
	var errs []error
	for _, f := range []*os.File{s.file, s.pipe} {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	return errors.Join(errs...)
}

// isContainer says whether it begins as a container of ours does: in the clear, or
// as any age file.
func (s *source) isContainer() bool {
	return bytes.HasPrefix(s.head, []byte(container.AgeBegins)) || container.Is(s.head)
}

// importContainer takes in a container of our own. A file is verified to its end
// before anything of it is taken: one that is damaged is refused. A stream is
// verified while it is taken. Of one that was cut, what is whole is taken, and the
// beginning of what was under way: CodePartial.
func (s *Session) importContainer(ctx context.Context, f *folder, in *source, o ImportOptions, p ProgressFunc) (sum Imported, err error) {
	if len(o.Password) > 0 {
		return sum, usage(wantIdentity, "import %s: a container of firebreak has no password", in.path)
	}
	own, err := s.s.ownIdentities()
	if err != nil {
		return sum, err
	}
	theirs, err := identities(o.Identities, s.s.o.Unlock.Ask)
	if err != nil {
		return sum, err
	}
	c := &containerImport{s: s, f: f, in: in, keys: append(theirs, own...), o: o, p: p}
	if in.file != nil {
		if err := c.look(ctx); err != nil {
			return sum, err
		}
	}
	return c.take(ctx)
}

type containerImport struct {
	s    *Session
	f    *folder
	in   *source
	keys []age.Identity
	o    ImportOptions
	p    ProgressFunc
	held map[int]bool // items that the incident holds already, when the file was looked through
}

// open begins to read it, from its start.
func (c *containerImport) open(ctx context.Context, what string) (*container.Reader, error) {
	in := c.in.stream
	if c.in.file != nil {
		if _, err := c.in.file.Seek(0, io.SeekStart); err != nil {
			return nil, fmt.Errorf("import %s: %w", c.in.path, err)
		}
		in = c.in.file
		if what != "" {
			what += " " + filepath.Base(c.in.path)
			in = &counting{ctx: ctx, r: in, tell: func(done int64) { tell(c.p, what, done, c.in.size) }}
		}
	}
	r, err := openContainer(in, c.keys)
	if err != nil {
		return nil, fmt.Errorf("import %s: %w", c.in.path, err)
	}
	return r, nil
}

// look verifies a file, and finds out which of its items are here.
func (c *containerImport) look(ctx context.Context) error {
	known, err := c.s.heldAlready(ctx, c.f)
	if err != nil {
		return err
	}
	r, err := c.open(ctx, "verifying")
	if err != nil {
		return err
	}
	defer r.Close()
	here := make(chan int)
	held := make(chan map[int]bool)
	go func() {
		all := map[int]bool{}
		for n := range here {
			all[n] = true
		}
		held <- all
	}()
	_, err = r.Each(ctx, func(i *container.Item, content io.Reader) error {
		if _, err := io.Copy(io.Discard, content); errors.Is(err, container.ErrDropped) {
			return nil
		} else if err != nil {
			return err
		}
		if end, _ := i.End(); known[heldKey(end)] {
			here <- i.Number
		}
		return nil
	})
	close(here)
	c.held = <-held
	if errors.Is(err, container.ErrDamaged) {
		return fail(CodeIntegrity, "ask for another copy; firebreak import INCIDENT - <FILE takes what stands before the damage", "import %s: nothing was taken: %w", c.in.path, err)
	}
	return err
}

// take reads it into the incident.
func (c *containerImport) take(ctx context.Context) (sum Imported, err error) {
	r, err := c.open(ctx, "")
	if err != nil {
		return sum, err
	}
	defer r.Close()
	head := r.Head()
	how := IngestOptions{Host: head.Host, Zone: c.o.Zone, Year: c.o.Year, Skew: c.o.Skew}
	if c.o.Host != "" {
		how.Host = c.o.Host
	}
	t, err := c.s.takeIn(ctx, c.f, r, taking{
		read: how, held: c.held, again: true,
		adapt: func(x *record.Exhibit) {
			x.Method += cameIn + head.ID + cameUnder + r.Fingerprint()
			if x.Authority == "" {
				x.Authority = c.o.Authority
			}
			if c.o.Host != "" && c.o.Host != x.Host {
				x.Deviations = append(x.Deviations, fmt.Sprintf("its container names the host %q", x.Host))
				x.Host = c.o.Host
			}
			if said := how.reading(); said != nil {
				x.Reading = said
			}
		},
	}, c.p)
	sum = Imported{
		Kind: "container", Tool: head.Tool, Host: how.Host, Taken: head.Created, Members: t.Items + len(t.CutItems), Exhibits: t.Exhibits, Known: t.Known,
		Bytes: t.Bytes, Events: t.Read.Events + t.Read.Recovered, Added: t.Read.Added, Rejected: t.Read.Rejected, Notes: t.Read.Notes,
		Container: head.ID, Fingerprint: t.Fingerprint, Sealed: t.Sealed, Cut: t.Cut, CutItems: t.CutItems,
	}
	if t.Collection != nil {
		sum.Refused = t.Collection.Refused
		if t.Collection.Cut != "" {
			sum.Notes = append(sum.Notes, "the collection itself ended early: "+t.Collection.Cut)
		}
	}
	switch {
	case err != nil:
		return sum, fmt.Errorf("import %s: %w", c.in.path, err)
	case t.Cut != "":
		return sum, fail(CodePartial, "what came is in the incident; firebreak import takes the whole container later, and adds what is missing", "import %s: the container was cut: %s", c.in.path, t.Cut)
	}
	return sum, nil
}
