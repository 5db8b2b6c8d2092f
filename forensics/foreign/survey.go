package foreign

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"firebreak/record"
)

// kind is one kind of archive: how it is known, what it says of itself, and where
// its members come from.
type kind interface {
	// wants says whether a member says something of the archive, so that the survey
	// keeps its bytes. name is without the archive's base.
	wants(name string) bool
	// learn reads what was kept.
	learn(a *Archive, kept map[string][]byte)
	// place is the path of a member on its host; "" for what the tool wrote.
	place(name string) string
	// key is the name under which learn notes facts and claims of a member.
	key(name string) string
}

// survey reads the names of an archive, finds out of which kind it is, and reads
// what it says of itself.
func (a *Archive) survey(ctx context.Context) error {
	var names []string
	kept := map[string][]byte{}
	var room, files int64 = a.o.Limits.Kept, 0
	var failed error
	err := a.box.walk(ctx, func(e *entry, open func() (io.ReadCloser, error)) error {
		if len(names) >= a.o.Limits.Members {
			return errEnough
		}
		if len(names) < maxSampled || e.is == isFile && telling(e.name) {
			names = append(names, e.name)
		}
		if e.is == isLink && strings.HasSuffix(e.name, "etc/localtime") {
			kept[e.name] = []byte(e.target)
		}
		if e.is != isFile {
			return nil
		}
		files++
		if !telling(e.name) || e.refused != "" || e.stat.Size > room {
			return nil
		}
		b, err := keep(open, room)
		if err != nil {
			failed = err // told of below, when nothing else is known
			return nil
		}
		room -= int64(len(b))
		kept[e.name] = b
		return nil
	})
	var d *damage
	switch {
	case errors.As(err, &d) && len(names) > 0, errors.Is(err, errEnough):
	case err != nil:
		return err
	}
	if files == 0 && len(names) == 0 {
		return fmt.Errorf("%w: it is empty", ErrForm)
	}
	if z, ok := a.box.(*zipBox); ok {
		if err := z.tryPassword(ctx); err != nil {
			return err
		}
	}
	if failed != nil && errors.Is(failed, errOurs) {
		return failed
	}
	a.judge(names, kept)
	return nil
}

// maxSampled is how many names decide of which kind an archive is.
const maxSampled = 20_000

// telling says whether any kind wants a member of that name.
func telling(name string) bool {
	name = strings.ReplaceAll(name, `\`, "/")
	for _, k := range kinds() {
		if k.wants(name) {
			return true
		}
	}
	return false
}

func keep(open func() (io.ReadCloser, error), room int64) ([]byte, error) {
	r, err := open()
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(r, room))
	return b, errors.Join(err, r.Close())
}

// tryPassword says that a password is missing or wrong before anything is taken.
func (b *zipBox) tryPassword(ctx context.Context) error {
	for _, m := range b.r.File {
		if m.Flags&1 == 0 {
			continue
		}
		r, err := b.open(ctx, m)
		if errors.Is(err, ErrPassword) {
			return err
		}
		if err == nil {
			return r.Close()
		}
		return nil // something else is wrong with it: Each says what
	}
	return nil
}

// judge decides the kind and lets it learn.
func (a *Archive) judge(names []string, kept map[string][]byte) {
	a.Kind, a.kind, a.base = kindOf(names)
	own := map[string][]byte{}
	for name, b := range kept {
		if inner, ok := strings.CutPrefix(name, a.base); ok {
			own[inner] = b
		}
	}
	a.kind.learn(a, own)
	if a.Zone == "" {
		a.Zone = zoneIn(a, own)
	}
	if a.Host == "" {
		a.Host = hostIn(a, own)
	}
}

// member describes a file of the archive.
func (a *Archive) member(e *entry) Member {
	inner := strings.TrimPrefix(e.name, a.base)
	stat, key := e.stat, a.kind.key(inner)
	m := Member{Name: e.name, Path: a.kind.place(inner), Size: e.stat.Size, Stat: &stat, Claims: a.claims[key], Notes: e.notes}
	if f, ok := a.facts[key]; ok {
		if f.path != "" {
			m.Path = f.path
		}
		if f.stat != nil {
			stat.Modified, stat.Accessed, stat.Changed, stat.Born = f.stat.Modified, f.stat.Accessed, f.stat.Changed, f.stat.Born
		}
		m.Notes = append(m.Notes, f.notes...)
	}
	return m
}

// named is where an entry lay on its host, or its name.
func (a *Archive) named(e *entry) string {
	inner := strings.TrimPrefix(e.name, a.base)
	if p := a.kind.place(inner); p != "" {
		return p
	}
	return e.name
}

// claim notes a hash that a list gives for a member.
func (a *Archive) claim(name, sum, from string) {
	sum = strings.ToLower(strings.TrimSpace(sum))
	b, err := hex.DecodeString(sum)
	if err != nil {
		return
	}
	algorithm := map[int]string{16: "md5", 20: "sha1", 32: "sha256"}[len(b)]
	if algorithm == "" || len(a.claims[name]) >= 8 {
		return
	}
	for _, c := range a.claims[name] {
		if c.Algorithm == algorithm && c.Sum == sum {
			return
		}
	}
	a.claims[name] = append(a.claims[name], Claim{algorithm, sum, from})
}

// sumLines reads lists as md5sum and sha256sum write them: the sum, two blanks
// or a blank and a star, the name.
func (a *Archive) sumLines(b []byte, from string) {
	for line := range bytes.Lines(b) {
		text := strings.TrimRight(string(line), "\r\n")
		sum, name, ok := strings.Cut(text, " ")
		if !ok {
			continue
		}
		name, _ = nameOf(strings.TrimPrefix(strings.TrimPrefix(name, " "), "*"))
		a.claim(name, sum, from)
	}
}

// hostIn looks for etc/hostname of the host's own tree.
func hostIn(a *Archive, kept map[string][]byte) string {
	for name, b := range kept {
		if a.kind.place(name) == "/etc/hostname" {
			if text := strings.TrimSpace(string(b)); len(text) < 256 && !strings.ContainsAny(text, "\n\x00") {
				return text
			}
		}
	}
	return ""
}

// zoneIn looks for etc/timezone, and for where etc/localtime points.
func zoneIn(a *Archive, kept map[string][]byte) string {
	for _, want := range []string{"/etc/timezone", "/etc/localtime"} {
		for name, b := range kept {
			if a.kind.place(name) != want {
				continue
			}
			if zone := zoneName(string(b)); zone != "" {
				return zone
			}
		}
	}
	return ""
}

// zoneName is the zone that a link or a file names, if there is one of that name.
func zoneName(text string) string {
	text = strings.TrimSpace(text)
	if _, behind, ok := strings.Cut(text, "zoneinfo/"); ok {
		text = behind
	}
	if text == "" || len(text) > 64 || text == "Local" {
		return ""
	}
	if _, err := time.LoadLocation(text); err != nil {
		return ""
	}
	return text
}

// commonBase is the folder in which all names lie, with its slash.
func commonBase(names []string) string {
	if len(names) == 0 {
		return ""
	}
	top, _, ok := strings.Cut(names[0], "/")
	if !ok {
		return ""
	}
	for _, n := range names {
		if !strings.HasPrefix(n, top+"/") && n != top {
			return ""
		}
	}
	return top + "/"
}

// inTree says whether a name begins as that of a file in a Linux tree does.
func inTree(name string) bool {
	top, _, ok := strings.Cut(name, "/")
	switch top {
	case "etc", "var", "home", "root", "usr", "opt", "run", "srv", "tmp", "proc", "sys", "boot", "dev", "lib":
		return ok
	}
	return false
}

// drivePath is the Windows path of a name that begins with a drive's folder, ""
// for others: C/Windows, C%3A/Windows, c/Windows.
func drivePath(name string) string {
	drive, rest, ok := strings.Cut(name, "/")
	drive = strings.TrimSuffix(strings.ToUpper(drive), ":")
	if !ok || len(drive) != 1 || drive[0] < 'A' || drive[0] > 'Z' {
		return ""
	}
	return drive + `:\` + strings.ReplaceAll(rest, "/", `\`)
}

// statOf makes a Stat of times alone.
func statOf(modified, accessed, changed, born time.Time) *record.Stat {
	return &record.Stat{Modified: utcTime(modified), Accessed: utcTime(accessed), Changed: utcTime(changed), Born: utcTime(born)}
}

// clean is a path on a host, absolute, with no way up.
func clean(name string) string { return path.Clean("/" + name) }
