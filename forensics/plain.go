package forensics

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"firebreak/forensics/pattern"
	"firebreak/record"
)

// Collection on macOS and Windows, and of their disks where they are mounted, takes
// the live state that liveStates lists, and then files: what plainArtefacts lists,
// found in one walk, read with what every system has. It cannot keep access times
// from moving.

const methodPlain = "one descriptor, opened below the root without leaving it; hashed while read"

// plainArtefact is a kind of file of another system than Linux.
type plainArtefact struct {
	kind, title, format string
	logs                bool   // of the profile logs
	holds               string // a secret: listed, and taken only when secrets are asked for
	paths               []string
}

// plainCollection is one pass.
type plainCollection struct {
	Options
	system    string
	root      *os.Root
	sealed    func(record.Exhibit) error
	sum       record.Collection
	artefacts []plainArtefact
	set       *pattern.Set
	found     [][]plainFile // by artefact
	refusals  refusals
	origin    string
	secrets   withholding
	taken     int64
	now       string // the kind at work
}

type plainFile struct {
	name string // below the root, with slashes
	info fs.FileInfo
}

// collectPlain takes the files of a system below a root. What it answers, and
// when, is what Collect says.
func collectPlain(ctx context.Context, o Options, system, root string, sealed func(record.Exhibit) error) (record.Collection, error) {
	c := &plainCollection{Options: o, system: system, sealed: sealed, origin: record.OriginLive, now: system + ".files"}
	if o.Root != "" && o.Root != "/" {
		root, c.origin = o.Root, record.OriginImage
	}
	if c.Host == "" && c.origin == record.OriginLive {
		c.Host, _ = os.Hostname() // without one the exhibits name none
	}
	began := o.Now()
	c.sum = record.Collection{Profile: o.named(), Host: c.Host, Root: root, AsRoot: os.Geteuid() == 0} // on Windows nobody is 0
	var err error
	if c.secrets, err = newWithholding(&o); err != nil {
		return c.sum, fmt.Errorf("collect: %w", err)
	}
	if c.root, err = os.OpenRoot(root); err != nil {
		return c.sum, fmt.Errorf("collect: %w", err)
	}
	defer func() { _ = c.root.Close() }()
	if c.Host == "" && c.origin == record.OriginImage {
		c.Host = imageHost(c.root, system)
		c.sum.Host = c.Host
	}
	err = c.run(ctx)
	c.sum.Refused = append(c.sum.Refused, c.refusals.uncounted()...)
	c.sum.Took = o.Now().Sub(began)
	if ctx.Err() != nil {
		c.sum.Cut = context.Cause(ctx).Error()
		return c.sum, nil
	}
	if err != nil {
		c.sum.Cut = err.Error()
		return c.sum, fmt.Errorf("collect: %w", err)
	}
	return c.sum, nil
}

func (c *plainCollection) run(ctx context.Context) error {
	profile := c.named()
	if err := c.live(ctx, profile); err != nil {
		return err
	}
	if profile != Volatile && !slices.Equal(c.Collectors, []string{"linux.files"}) { // files alone that are named
		c.artefacts = slices.DeleteFunc(plainArtefacts(c.system), func(a plainArtefact) bool { return profile == Logs && !a.logs })
	}
	c.set, c.found = pattern.New(), make([][]plainFile, len(c.artefacts))
	for i, a := range c.artefacts {
		for _, p := range a.paths {
			if err := c.set.Add(c.fold(p), i); err != nil {
				return err
			}
		}
	}
	c.Progress("the disk", 0, int64(len(c.artefacts)))
	if err := c.walk(ctx, ".", c.set.Start(), 0); err != nil {
		return err
	}
	for i, a := range c.artefacts {
		c.Progress(a.kind, int64(i), int64(len(c.artefacts)))
		c.now = a.kind
		if err := c.takeAll(ctx, a, c.found[i]); err != nil {
			return err
		}
	}
	c.now = c.system + ".files"
	for _, name := range c.Files {
		name := strings.TrimLeft(filepath.ToSlash(name[len(filepath.VolumeName(name)):]), "/")
		info, err := c.root.Lstat(filepath.FromSlash(name))
		if err != nil {
			c.refuse("/"+name, err)
			continue
		}
		if err := c.take(ctx, plainArtefact{kind: c.now, title: "File"}, plainFile{name, info}, true); err != nil {
			return err
		}
	}
	c.Progress("done", int64(len(c.artefacts)), int64(len(c.artefacts)))
	return nil
}

// fold makes names alike that are the same: on Windows in upper and lower case.
func (c *plainCollection) fold(name string) string {
	if c.system == "windows" {
		return strings.ToLower(name)
	}
	return name
}

// walkDeep bounds how deep folders may lie within each other.
const walkDeep = 64

// walk goes where a pattern leads, and into no link.
func (c *plainCollection) walk(ctx context.Context, dir string, at pattern.State, depth int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f, err := c.root.Open(filepath.FromSlash(dir))
	if err != nil {
		c.refuse("/"+dir, err)
		return nil
	}
	entries, err := f.ReadDir(maxPlainNames)
	_ = f.Close() // it was read only
	if err != nil && len(entries) == 0 && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, io.EOF) {
		c.refuse("/"+dir, err)
	}
	if len(entries) == maxPlainNames {
		c.refuse("/"+dir, refuse("more than %d names: the rest is not looked at", maxPlainNames))
	}
	for _, e := range entries {
		next := c.set.Step(at, c.fold(e.Name()), nil)
		if len(next) == 0 {
			continue
		}
		name := path.Join(dir, e.Name())
		if e.IsDir() {
			if depth < walkDeep && c.set.Open(next) {
				if err := c.walk(ctx, name, next, depth+1); err != nil {
					return err
				}
			}
			continue
		}
		c.set.Ends(next, func(id int) { c.meet(id, name) })
	}
	return nil
}

const maxPlainNames = 200_000

// meet notes a file that an artefact means. What a listing says of a file on
// Windows does not tell which one it is.
func (c *plainCollection) meet(id int, name string) {
	info, err := c.root.Lstat(filepath.FromSlash(name))
	switch {
	case err != nil:
		c.refuse("/"+name, err)
	case !info.Mode().IsRegular():
		c.refuse("/"+name, refuse("not a regular file (%s)", info.Mode().Type()))
	default:
		c.found[id] = append(c.found[id], plainFile{name, info})
	}
}

// takeAll takes the files of an artefact, the newest first.
func (c *plainCollection) takeAll(ctx context.Context, a plainArtefact, files []plainFile) error {
	slices.SortStableFunc(files, func(x, y plainFile) int {
		return cmp.Or(y.info.ModTime().Compare(x.info.ModTime()), strings.Compare(x.name, y.name))
	})
	for i, f := range files {
		if int64(i) >= c.Limits.Files {
			c.refuse("/"+f.name, refuse("more than %d files of this kind", c.Limits.Files))
			continue
		}
		if err := c.take(ctx, a, f, false); err != nil {
			return err
		}
	}
	return nil
}

// take seals one file, or lists why not. What a person names is taken whatever it
// holds.
func (c *plainCollection) take(ctx context.Context, a plainArtefact, f plainFile, asked bool) error {
	source := "/" + f.name
	switch why := c.secrets.why(source); {
	case asked:
	case a.holds != "" && !c.Secrets:
		c.refuse(source, refuseSecret(a.holds, "--secrets"))
		return nil
	case why != nil:
		c.refuse(source, why)
		return nil
	}
	if size := f.info.Size(); size > c.Limits.File || size > c.Limits.Total-c.taken {
		c.refuse(source, refuse("%d bytes: over the limit of %d for a file and %d for all", size, c.Limits.File, c.Limits.Total))
		return nil
	}
	e := c.exhibit(a.kind, a.title, source, a.format, methodPlain)
	e.Before, e.Deviations = plainStat(f.info), []string{"read without a way to keep its access time: reading it may have moved that"}
	in, err := c.root.OpenFile(filepath.FromSlash(f.name), os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		c.refuse(source, err)
		return nil
	}
	defer func() { _ = in.Close() }() // it is read only
	info, err := in.Stat()
	switch {
	case err != nil:
		c.refuse(source, err)
		return nil
	case !info.Mode().IsRegular() || !os.SameFile(info, f.info):
		c.refuse(source, refuse("another file has its name now"))
		return nil
	}
	r := &plainReader{ctx: ctx, f: in, left: min(c.Limits.File, c.Limits.Total-c.taken)}
	out, err := c.Sink.Seal(ctx, r, e)
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return ctx.Err()
	case r.err != nil:
		c.refuse(source, r.err)
		return nil
	default:
		return err
	}
	if after, err := in.Stat(); err == nil {
		out.After = plainStat(after)
		if after.Size() != info.Size() || !after.ModTime().Equal(info.ModTime()) {
			out.Deviations = append(out.Deviations, "it changed while it was read")
		}
	}
	c.taken += out.Size
	return c.hand(out)
}

// exhibit is what all exhibits of this pass have in common.
func (c *plainCollection) exhibit(kind, title, source, format, method string) record.Exhibit {
	e := record.Exhibit{
		Kind: kind, Title: title, Source: shown(source), Host: c.Host, Collector: kind, Origin: c.origin, Authority: c.Authority, Method: method,
		Argv: c.Argv, Tool: c.Tool, ToolSHA256: c.ToolSHA256, Started: c.Now().UTC(), ClockOffset: c.ClockOffset, Clock: ClockNow(), Stored: c.Stored, Format: format,
	}
	if c.origin == record.OriginLive {
		e.Machine = ThisMachine()
	} else {
		e.Root = c.Root
	}
	return e
}

// hand counts an exhibit that is sealed and hands it over.
func (c *plainCollection) hand(e record.Exhibit) error {
	c.sum.Exhibits++
	c.sum.Bytes += e.Size
	return c.sealed(e)
}

// plainReader reads a file up to a limit, and keeps what is wrong with the file
// apart from what is wrong with us.
type plainReader struct {
	ctx  context.Context //nolint:containedctx // it reads within one call
	f    *os.File
	left int64
	err  error
}

func (r *plainReader) Read(b []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := r.f.Read(b)
	if r.left -= int64(n); r.left < 0 {
		r.err = refuse("it grew over the limit while it was read")
		return 0, r.err
	}
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}

func (c *plainCollection) refuse(source string, err error) {
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return
	}
	reason := err.Error()
	var p *fs.PathError
	if errors.As(err, &p) { // the path stands beside it
		reason = p.Err.Error()
	}
	r := record.Refusal{Collector: c.now, Source: shown(source), Reason: shown(reason)}
	c.refusals.note(&c.sum, r, c.Refused)
}

func plainStat(info fs.FileInfo) *record.Stat {
	return &record.Stat{Size: info.Size(), Mode: info.Mode().String(), Modified: info.ModTime().UTC()}
}
