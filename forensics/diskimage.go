package forensics

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"

	"firebreak/forensics/formats/disk"
	"firebreak/forensics/formats/ext4"
	"firebreak/forensics/pattern"
	"firebreak/forensics/profiles"
	"firebreak/record"
)

// ErrImage says that there is nothing in an image that can be read. The message
// says what there is, and what to do.
var ErrImage = errors.New("no file system that can be read in the image")

const (
	methodImage = "read out of the image by its file system's structures: nothing mounted, nothing written"
	methodQCOW2 = "; the image is QEMU's qcow2"
)

// isImageFile says whether a root is a file (or a device) to be read as an image.
func isImageFile(root string) bool {
	if root == "" {
		return false
	}
	info, err := os.Stat(root)
	return err == nil && (info.Mode().IsRegular() || info.Mode()&(os.ModeDevice|os.ModeCharDevice) == os.ModeDevice)
}

// imaging is a collection out of an image file. It takes what the artefacts of
// the chosen collectors mean, lists every name with its times, and what is left of
// removed files.
type imaging struct {
	Options
	sealed   func(record.Exhibit) error
	sum      record.Collection
	which    []Description
	refusals refusals
	taken    int64
	zone     string
	clock    *record.Clock
	now      string // the collector at work
	method   string
	secrets  withholding
}

// collectImage collects from an image file.
func collectImage(ctx context.Context, o Options, which []Description, sealed func(record.Exhibit) error) (record.Collection, error) {
	c := &imaging{Options: o, which: which, sealed: sealed, clock: ClockNow()}
	c.sum = record.Collection{Profile: o.named(), Root: o.Root, AsRoot: os.Geteuid() == 0}
	var err error
	if c.secrets, err = newWithholding(&o); err != nil {
		return c.sum, fmt.Errorf("collect: %w", err)
	}
	started := o.Now()
	i, err := openImage(o.Root)
	if err != nil {
		return c.sum, fmt.Errorf("collect: %w", err)
	}
	defer i.file.Close() //nolint:errcheck // read only
	c.method = methodImage
	if i.packed {
		c.method += methodQCOW2
	}
	for _, n := range i.notes {
		c.refuse(o.Root, "%s", n)
	}
	list, err := c.volumes(i, i.size)
	if err != nil {
		return c.sum, fmt.Errorf("collect from %s: %w", o.Root, err)
	}
	err = c.all(ctx, list)
	c.sum.Refused = append(c.sum.Refused, c.refusals.uncounted()...)
	c.sum.Host, c.sum.Took = c.Host, o.Now().Sub(started)
	switch {
	case ctx.Err() != nil:
		c.sum.Cut = context.Cause(ctx).Error()
		return c.sum, nil
	case err != nil:
		c.sum.Cut = err.Error()
		return c.sum, fmt.Errorf("collect: %w", err)
	}
	return c.sum, nil
}

// volumes opens the file systems of the ext family; others are refused by name.
func (c *imaging) volumes(f io.ReaderAt, size int64) ([]mounted, error) {
	vs, err := disk.Volumes(f, size)
	if err != nil && len(vs) == 0 {
		return nil, fmt.Errorf("%w: %w", ErrImage, err)
	}
	if err != nil {
		c.refuse(c.Root, "its table of partitions: %v", err)
	}
	if c.Partition > 0 {
		chosen := slices.IndexFunc(vs, func(v disk.Volume) bool { return v.Number == c.Partition })
		if chosen < 0 {
			return nil, fmt.Errorf("%w: it has no partition %d: %s", ErrImage, c.Partition, numbersOf(vs))
		}
		vs = vs[chosen : chosen+1]
	}
	var list []mounted
	var others []string
	for _, v := range vs {
		named := c.Root
		if v.Number > 0 {
			named = fmt.Sprintf("%s, partition %d", c.Root, v.Number)
		}
		if hint := disk.Hint(v.Kind); hint != "" {
			kind := v.Kind
			if kind == "" {
				kind = "something unknown"
			}
			others = append(others, fmt.Sprintf("%s: %s", kind, hint))
			c.refuse(named, "%s: %s", kind, hint)
			continue
		}
		fs, err := ext4.Open(io.NewSectionReader(f, v.Offset, v.Size), v.Size)
		if err != nil {
			others = append(others, err.Error())
			c.refuse(named, "%v", err)
			continue
		}
		for _, note := range fs.Notes() {
			c.refuse(named, "%s", note)
		}
		m := mounted{fs: fs, named: named}
		if at := fs.MountedAt(); len(vs) > 1 && slices.Contains([]string{"/home", "/var", "/usr", "/boot", "/opt", "/srv", "/tmp", "/var/log", "/root"}, at) {
			m.at = at
		}
		list = append(list, m)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%w: it holds %s", ErrImage, strings.Join(others, "; "))
	}
	return list, nil
}

// all reads the volumes, the one with the host's /etc first.
func (c *imaging) all(ctx context.Context, list []mounted) error {
	var passwd []byte
	for _, m := range list {
		if c.Host == "" {
			b, _ := m.small("/etc/hostname", 256) // most volumes have none
			c.Host = strings.ToValidUTF8(strings.TrimSpace(string(b)), "\uFFFD")
		}
		if c.zone == "" {
			c.zone = m.zone()
		}
		if b, err := m.small("/etc/passwd", 4<<20); err == nil && passwd == nil {
			passwd = b
		}
	}
	for _, m := range list {
		c.sum.Host = c.Host
		if err := c.volume(ctx, m, passwd); err != nil {
			return err
		}
	}
	return nil
}

// volume walks one volume and takes what was found.
func (c *imaging) volume(ctx context.Context, m mounted, passwd []byte) error {
	w := &imageWalk{c: c, m: m, set: pattern.New(), seen: map[uint32]bool{}}
	err := w.aim(passwd)
	if err == nil && c.chose("linux.finds") {
		w.finds, err = newImageFinds(c, m, parsePasswd(passwd))
	}
	if err != nil {
		return err
	}
	c.now = "linux.system"
	if c.chose(c.now) {
		if err := c.system(ctx, m); err != nil {
			return err
		}
	}
	c.now = "linux.listing"
	if err := w.run(ctx, c.chose(c.now)); err != nil {
		return err
	}
	for _, d := range c.which {
		c.now = d.Name
		if d.Live {
			c.refuse("/", "live state: an image has none")
		}
		if d.Name == "linux.finds" {
			if err := w.finds.seal(ctx); err != nil {
				return err
			}
		}
		if d.Name == "linux.accounts" {
			own, _ := m.small("/etc/passwd", maxAccounts) // most volumes have none
			if err := c.accounts(ctx, m, parsePasswd(own)); err != nil {
				return err
			}
		}
		for _, t := range w.targets {
			if t.collector != d.Name {
				continue
			}
			if err := c.takeAll(ctx, m, t); err != nil {
				return err
			}
		}
	}
	c.now = "linux.files"
	for _, name := range c.Files {
		n, err := m.resolve(name)
		if err != nil {
			c.refuse(name, "%v", err)
			continue
		}
		if err := c.take(ctx, m, imageFound{path.Clean(name), n, true}, profiles.Artefact{Kind: c.now, Title: "File"}); err != nil {
			return err
		}
	}
	return nil
}

func (c *imaging) chose(name string) bool {
	return slices.ContainsFunc(c.which, func(d Description) bool { return d.Name == name })
}

func (c *imaging) refuse(source, format string, args ...any) {
	collector := c.now
	if collector == "" {
		collector = "linux"
	}
	r := record.Refusal{Collector: collector, Source: shown(source), Reason: fmt.Sprintf(format, args...)}
	c.refusals.note(&c.sum, r, c.Refused)
}

// exhibit begins the meta of something taken now.
func (c *imaging) exhibit(m mounted, title, source, format string) record.Exhibit {
	e := record.Exhibit{
		Kind: c.now, Title: shown(title), Source: shown(source), Host: c.Host, Collector: c.now, Authority: c.Authority,
		Method: c.method, Tool: c.Tool, ToolSHA256: c.ToolSHA256, Started: c.Now().UTC(), ClockOffset: c.ClockOffset,
		Format: format, Origin: record.OriginImage, Root: m.named, Clock: c.clock, Argv: c.Argv, Stored: c.Stored,
	}
	if c.zone != "" {
		e.Reading = &record.Reading{Zone: c.zone}
	}
	if e.Source != source {
		e.Deviations = append(e.Deviations, `its name is not UTF-8: other bytes are shown as \xHH, a backslash as \\`)
	}
	return e
}

func (c *imaging) seal(ctx context.Context, r io.Reader, e record.Exhibit) error {
	e, err := c.Sink.Seal(ctx, r, e)
	if err != nil {
		var bad *badImage
		if errors.As(err, &bad) && ctx.Err() == nil {
			c.refuse(e.Source, "%v", bad.err)
			return nil
		}
		return err
	}
	c.sum.Exhibits++
	c.sum.Bytes += e.Size
	return c.sealed(e)
}

// badImage is an error of the evidence, not of ours.
type badImage struct{ err error }

func (b *badImage) Error() string { return b.err.Error() }

// imageContent is a reader whose errors are the evidence's own.
type imageContent struct{ r io.Reader }

func (c imageContent) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = &badImage{err}
	}
	return n, err
}

// system seals what the image says of its machine.
func (c *imaging) system(ctx context.Context, m mounted) error {
	s := System{Host: c.Host, Now: c.Now().UTC(), Zone: c.zone}
	for _, name := range []string{"/etc/os-release", "/usr/lib/os-release"} {
		b, err := m.small(name, 64<<10)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(b)) {
			if v, ok := strings.CutPrefix(strings.TrimSpace(line), "PRETTY_NAME="); ok && s.OS == "" {
				s.OS = strings.ToValidUTF8(strings.Trim(v, `"'`), "\uFFFD")
			}
		}
	}
	if b, err := m.small("/etc/machine-id", 64); err == nil {
		s.MachineID = strings.ToValidUTF8(strings.TrimSpace(string(b)), "\uFFFD")
	}
	b, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return c.seal(ctx, bytes.NewReader(append(b, '\n')), c.exhibit(m, "Machine", "/etc", FormatSystem))
}

// imageStat is what the file system says of a file.
func imageStat(n *ext4.Inode) record.Stat {
	return record.Stat{
		Size: n.Size, Mode: modeText(n), UID: n.UID, GID: n.GID, Inode: uint64(n.Number), Links: uint64(n.Links),
		Modified: n.Modified, Accessed: n.Accessed, Changed: n.Changed, Born: n.Born,
	}
}

// modeText is a mode as ls writes it.
func modeText(n *ext4.Inode) string {
	b := []byte("?rwxrwxrwx")
	b[0] = "?pc?d?b?-?l?s???"[n.Mode>>12]
	for i := range 9 {
		if n.Mode&(1<<(8-i)) == 0 {
			b[1+i] = '-'
		}
	}
	for _, s := range []struct {
		bit    uint16
		at     int
		set, x byte
	}{{0o4000, 3, 'S', 's'}, {0o2000, 6, 'S', 's'}, {0o1000, 9, 'T', 't'}} {
		if n.Mode&s.bit != 0 {
			if b[s.at] == 'x' {
				b[s.at] = s.x
			} else {
				b[s.at] = s.set
			}
		}
	}
	return string(b)
}
