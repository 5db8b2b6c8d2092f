package forensics

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"firebreak/record"
)

// collection is one pass of the collectors.
type collection struct {
	Options
	tree     *tree
	sealed   func(record.Exhibit) error
	sum      record.Collection
	now      Description // the collector at work
	at, of   int64       // its place among those chosen
	refusals refusals
	taken    int64 // plain bytes of files so far
	inodes   map[inode]string
	users    map[uint32]string
	hashes   map[version]string
	unsync   string // deviation of snapshots when the host's clock is not disciplined
	homeset  []string
	lock     sync.Mutex // of refusals: the disk is walked beside the sealing
	targets  []*target  // the artefacts of the chosen collectors
	walked   bool
	finds    *finds
	began    time.Time
	origin   string
	machine  *record.Machine // of a live host
	clock    *record.Clock
	parts    *kernelParts
	spaces   map[string]string // init's namespaces
	capMask  uint64            // of all capabilities there are
	secrets  withholding
	locked   map[inode]error // files of fixed names that are withheld, under whatever other name
}

// inode names a file. Its birth is part of it: numbers are used again.
type inode struct {
	major, minor uint32
	ino          uint64
	born         unix.StatxTimestamp
}

func inodeOf(s *unix.Statx_t) inode { return inode{s.Dev_major, s.Dev_minor, s.Ino, s.Btime} }

// collect runs the chosen collectors.
func collect(ctx context.Context, o Options, which []Description, sealed func(record.Exhibit) error) (record.Collection, error) {
	t, err := openTree(o.Root)
	if err != nil {
		return record.Collection{}, fmt.Errorf("collect: %w", err)
	}
	defer func() { _ = t.root.Close() }()
	c := &collection{
		Options: o, tree: t, sealed: sealed,
		inodes: map[inode]string{}, hashes: map[version]string{},
		of: int64(len(which)),
	}
	c.began = o.Now()
	c.finds = newFinds(c, which)
	defer c.finds.stop()
	if c.Host == "" {
		c.Host = c.hostName()
	}
	c.sum = record.Collection{Profile: o.named(), Host: c.Host, Root: "/", AsRoot: os.Geteuid() == 0}
	if t.image {
		c.sum.Root, c.origin = o.Root, record.OriginImage
	} else {
		c.unsync, c.origin, c.machine = unsynchronised(), record.OriginLive, ThisMachine()
	}
	if c.secrets, err = newWithholding(&o); err != nil {
		return c.sum, fmt.Errorf("collect: %w", err)
	}
	c.locked = c.withheldInodes()
	c.clock = ClockNow()
	c.users = c.userNames()
	err = c.runAll(ctx, which)
	c.sum.Refused = append(c.sum.Refused, c.refusals.uncounted()...)
	c.sum.Took = o.Now().Sub(c.began)
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

// runAll runs the collectors in order; the first error that is not the
// evidence's own ends it.
func (c *collection) runAll(ctx context.Context, which []Description) error {
	for i, d := range which {
		if err := ctx.Err(); err != nil {
			return err
		}
		c.now, c.at = d, int64(i)
		c.Progress(d.Name, c.at, c.of)
		if d.Live && c.tree.image {
			c.refuse("/", refuse("live state: an image has none"))
			continue
		}
		if d.Volatility >= walkAt && !c.walked {
			if err := c.walkDisk(ctx, which); err != nil {
				return err
			}
			c.now = d
		}
		if err := c.run(ctx, d.Name); err != nil {
			return err
		}
	}
	c.now = Description{Name: "linux.finds", Title: "Files worth a look"}
	if err := c.finds.seal(ctx); err != nil {
		return err
	}
	c.now = Description{Name: "linux.files", Title: "File"}
	for _, name := range c.Files {
		if err := c.asked(ctx, name); err != nil {
			return err
		}
	}
	c.Progress("done", c.of, c.of)
	return nil
}

// run is the one place where collectors' names meet their code.
func (c *collection) run(ctx context.Context, name string) error {
	switch name {
	case "linux.system":
		return c.system(ctx)
	case "linux.processes":
		return c.processes(ctx)
	case "linux.sockets":
		return c.sockets(ctx)
	case "linux.openfiles":
		return c.openFiles(ctx)
	case "linux.bpf":
		return c.bpf(ctx)
	case "linux.firewall":
		return c.firewall(ctx)
	case "linux.kernel":
		return c.kernelSettings(ctx)
	case "linux.kmsg":
		return c.kernelLog(ctx)
	case "linux.containers.state":
		return c.containers(ctx)
	case "linux.timers":
		return c.timers(ctx)
	case "linux.verify":
		return c.verify(ctx)
	case "linux.routes":
		return c.routes(ctx)
	case "linux.modules":
		return c.modules(ctx)
	case "linux.mounts":
		return c.mounts(ctx)
	case "linux.deleted":
		return c.deletedExecutables(ctx)
	case "linux.units":
		return errors.Join(c.units(ctx), c.artefacts(ctx, name))
	case "linux.accounts":
		return errors.Join(c.accounts(ctx), c.artefacts(ctx, name))
	case "linux.ssh":
		return errors.Join(c.artefacts(ctx, name), c.ssh(ctx))
	case "linux.sessions":
		return errors.Join(c.loginSessions(ctx), c.atOnce(ctx, name))
	case "linux.listing", "linux.finds":
		return nil // of the walk
	}
	return c.artefacts(ctx, name)
}

// refuse notes what could not be taken, once. Things that are not there are no
// refusal.
func (c *collection) refuse(source string, err error) {
	if err == nil || missing(err) {
		return
	}
	c.lock.Lock()
	defer c.lock.Unlock()
	r := record.Refusal{Collector: c.now.Name, Source: shown(source), Reason: err.Error()}
	c.refusals.note(&c.sum, r, c.Refused)
}

// exhibit begins the meta of something taken now.
func (c *collection) exhibit(title, source, format, method string) record.Exhibit {
	e := record.Exhibit{
		Kind: c.now.Name, Title: shown(title), Source: shown(source), Host: c.Host, Collector: c.now.Name,
		Authority: c.Authority, Method: method, Tool: c.Tool, ToolSHA256: c.ToolSHA256,
		Started: c.Now().UTC(), ClockOffset: c.ClockOffset, Format: format,
		Origin: c.origin, Machine: c.machine, Clock: c.clock, Argv: c.Argv, Stored: c.Stored,
	}
	if c.origin == record.OriginImage {
		e.Root = c.Root
		if zone := c.zone(); zone != "" {
			if _, err := time.LoadLocation(zone); err == nil {
				e.Reading = &record.Reading{Zone: zone}
			}
		}
	}
	if !utf8.ValidString(source) {
		e.Deviations = append(e.Deviations, `its name is not UTF-8: other bytes are shown as \xHH, a backslash as \\`)
	}
	return e
}

// hand counts an exhibit and gives it to the caller.
func (c *collection) hand(e record.Exhibit) error {
	c.sum.Exhibits++
	c.sum.Bytes += e.Size
	return c.sealed(e)
}

// snapshot seals the JSON lines that fill writes. A refusal from fill means
// that there is nothing to seal.
func (c *collection) snapshot(ctx context.Context, e record.Exhibit, fill func(*rows) error) error {
	if c.unsync != "" && (c.now.Live || e.Format == FormatSystem) {
		e.Deviations = append(e.Deviations, c.unsync)
	}
	var r rows
	e, ok, err := c.stream(ctx, e, r.write(fill))
	if err != nil || !ok {
		return err
	}
	e.Deviations = append(e.Deviations, r.note...)
	return c.hand(e)
}

// stream seals what write produces. ok is false when it had nothing to give,
// which is then listed.
func (c *collection) stream(ctx context.Context, e record.Exhibit, write func(*bufio.Writer) error) (record.Exhibit, bool, error) {
	e, err := sealWritten(ctx, c.Sink, e, write)
	ok, err := c.judge(ctx, e.Source, err)
	return e, ok, err
}

// judge tells what stopped a sealing: the evidence (listed, and the collection
// goes on) or something of ours (an error).
func (c *collection) judge(ctx context.Context, source string, err error) (bool, error) {
	var r *refusal
	switch {
	case err == nil:
		return true, nil
	case ctx.Err() != nil:
		return false, ctx.Err()
	case errors.As(err, &r):
		c.refuse(source, r)
		return false, nil
	}
	return false, err
}

// hostName is the live host's name, or the one an image's files give.
func (c *collection) hostName() string {
	if !c.tree.image {
		if name, err := os.Hostname(); err == nil {
			return name
		}
		return ""
	}
	b, err := c.small("/etc/hostname", 256)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

// small reads a little file of the tree whole, without sealing it.
func (c *collection) small(name string, limit int64) ([]byte, error) {
	h, err := c.tree.at("/", name, false)
	if err != nil {
		return nil, err
	}
	defer func() { _ = h.close() }()
	if err := c.tree.regular(h); err != nil {
		return nil, err
	}
	f, err := c.tree.open(h, false)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, explain(err)
	}
	if int64(len(b)) > limit {
		return nil, refuse("larger than %d bytes", limit)
	}
	return b, nil
}

// unread notes the lines of a kernel table that could not be read.
func (r *rows) unread(source string, bad int) {
	if bad > 0 {
		r.note = append(r.note, fmt.Sprintf("%s: %d lines could not be read", source, bad))
	}
}
