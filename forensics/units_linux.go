package forensics

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

// Limits on unit files, which systemd itself keeps small.
const (
	maxUnit      = 1 << 20
	maxUnitLines = 64
)

// unitFolder is one of systemd's load paths (systemd.unit(5)). Units in those
// that packages fill are listed; all others are sealed besides.
type unitFolder struct {
	base, name string
	strict     bool
	vendor     bool
}

// unitFolders lists the load paths of the system and of every user.
func (c *collection) unitFolders() []unitFolder {
	var out []unitFolder
	for _, dir := range []string{"/etc/systemd", "/run/systemd", "/usr/local/lib/systemd"} {
		out = append(out, unitFolder{"/", dir + "/system", false, false}, unitFolder{"/", dir + "/user", false, false})
	}
	for _, dir := range []string{"transient", "generator", "generator.early", "generator.late", "system.control", "system.attached"} {
		out = append(out, unitFolder{"/", "/run/systemd/" + dir, false, false})
	}
	out = append(out, unitFolder{"/", "/etc/systemd/system.control", false, false})
	for _, dir := range []string{"/usr/lib/systemd", "/lib/systemd"} {
		out = append(out, unitFolder{"/", dir + "/system", false, true}, unitFolder{"/", dir + "/user", false, true})
	}
	for _, home := range c.homes() {
		for _, dir := range []string{".config/systemd/user", ".local/share/systemd/user", ".config/systemd/user.control"} {
			out = append(out, unitFolder{home, dir, true, false})
		}
	}
	return out
}

// units writes the "fb.units" snapshot and seals the unit files that no package
// brought.
func (c *collection) units(ctx context.Context) error {
	var own []want
	e := c.exhibit("systemd units, timers and drop-ins", "/etc/systemd, /run/systemd, /usr/lib/systemd, ~/.config/systemd", FormatUnits, "in-process read of systemd's unit folders")
	err := c.snapshot(ctx, e, func(r *rows) error {
		seen := map[string]bool{}
		for _, dir := range c.unitFolders() {
			at, ok := c.folder(dir)
			if !ok || seen[at] {
				continue
			}
			seen[at] = true
			found, err := c.unitsIn(ctx, dir, r)
			if err != nil {
				return err
			}
			own = append(own, found...)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if over := int64(len(own)) - c.Limits.Files; over > 0 {
		c.refuse(own[c.Limits.Files].path(), refuse("this and %d more: the limit of %d files is reached", over-1, c.Limits.Files))
		own = own[:c.Limits.Files]
	}
	for _, w := range own {
		if err := c.take(ctx, w); err != nil {
			return err
		}
	}
	return nil
}

// folder says where a unit folder really is, if it is there: /lib is often a
// link to /usr/lib.
func (c *collection) folder(dir unitFolder) (string, bool) {
	h, err := c.tree.at(dir.base, dir.name, dir.strict)
	if err != nil {
		c.refuse(path.Join(dir.base, dir.name), err)
		return "", false
	}
	defer func() { _ = h.close() }()
	return c.tree.realPath(h), true
}

// unitsIn writes the units of a folder and of the .d, .wants and .requires
// folders in it, and returns the files to seal.
func (c *collection) unitsIn(ctx context.Context, dir unitFolder, r *rows) ([]want, error) {
	var own []want
	for _, name := range c.names(dir.base, dir.name, dir.strict) {
		if err := ctx.Err(); err != nil {
			return own, err
		}
		sub := dir
		sub.name = path.Join(dir.name, name)
		suffix := path.Ext(name)
		if suffix != ".d" && suffix != ".wants" && suffix != ".requires" {
			found, err := c.unit(sub, Unit{Name: name}, r)
			if err != nil {
				return own, err
			}
			own = append(own, found...)
			continue
		}
		of := strings.TrimSuffix(name, suffix)
		for _, file := range c.names(sub.base, sub.name, sub.strict) {
			u, in := Unit{Name: file, Wants: of}, sub
			if suffix == ".d" {
				u = Unit{Name: of, DropIn: file}
			}
			in.name = path.Join(sub.name, file)
			found, err := c.unit(in, u, r)
			if err != nil {
				return own, err
			}
			own = append(own, found...)
		}
	}
	return own, nil
}

// unit writes one line, and returns the file when it is to be sealed.
func (c *collection) unit(at unitFolder, u Unit, r *rows) ([]want, error) {
	h, err := c.tree.at(at.base, at.name, at.strict)
	if err != nil {
		c.refuse(path.Join(at.base, at.name), err)
		return nil, nil
	}
	defer func() { _ = h.close() }()
	u.Path, u.Stat, u.Vendor = h.path, h.stat, at.vendor
	u.Kind = strings.TrimPrefix(path.Ext(u.Name), ".")
	u.Raw = raw(u.Raw, "path", u.Path)
	var own []want
	switch h.raw.Mode & unix.S_IFMT {
	case unix.S_IFDIR:
		return nil, nil
	case unix.S_IFLNK:
		if u.Target, err = readlinkAt(h.fd, ""); err != nil {
			u.Refused = explain(err).Error()
		}
		u.Raw = raw(u.Raw, "target", u.Target)
	case unix.S_IFREG:
		b, err := c.unitFile(h)
		if err != nil {
			u.Refused = err.Error()
			break
		}
		sum := sha256.Sum256(b)
		u.SHA256 = hex.EncodeToString(sum[:])
		parseUnit(b, &u)
		if !at.vendor && len(b) > 0 {
			own = []want{{base: at.base, name: at.name, strict: at.strict, kind: "linux.unit", title: "systemd unit " + h.path, format: FormatText, optional: true}}
		}
	default:
		u.Refused = c.tree.regular(h).Error()
	}
	return own, r.add(u)
}

// unitFile reads a unit file whole.
func (c *collection) unitFile(h *handle) ([]byte, error) {
	if h.stat.Size > maxUnit {
		return nil, refuse("%d bytes: no unit file is that large", h.stat.Size)
	}
	f, err := c.tree.open(h, false)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(f, maxUnit))
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, explain(err)
	}
	return b, nil
}

// parseUnit picks the lines of a unit file that say what is run, when, by whom
// and for what. Lines that end in a backslash go on in the next.
func parseUnit(b []byte, u *Unit) {
	var whole string
	for line := range bytes.Lines(b) {
		text := strings.TrimSpace(string(line))
		if before, more := strings.CutSuffix(text, `\`); more && len(whole) < maxUnit {
			whole += before + " "
			continue
		}
		text, whole = whole+text, ""
		key, value, ok := strings.Cut(text, "=")
		key, value = strings.TrimSpace(key), strings.ToValidUTF8(strings.TrimSpace(value), "\uFFFD")
		if !ok || strings.HasPrefix(key, "#") || strings.HasPrefix(key, ";") {
			continue
		}
		text = key + "=" + value
		switch {
		case strings.HasPrefix(key, "Exec") && len(u.Exec) < maxUnitLines:
			u.Exec = append(u.Exec, text)
		case strings.HasPrefix(key, "On") && u.Kind == "timer" && len(u.Timer) < maxUnitLines:
			u.Timer = append(u.Timer, text)
		case key == "User":
			u.User = value
		case (key == "WantedBy" || key == "RequiredBy") && len(u.WantedBy) < maxUnitLines:
			u.WantedBy = append(u.WantedBy, strings.Fields(value)...)
		}
	}
}
