package forensics

import (
	"bytes"
	"compress/flate"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"firebreak/forensics/formats/ext4"
)

// imageFinds gathers the lines of "fb.files" out of an image. They wait
// compressed until the walk is over.
type imageFinds struct {
	c      *imaging
	m      mounted
	users  map[uint32]string
	rows   int64
	more   int64
	hashed int64
	text   bytes.Buffer
	pack   *flate.Writer
	enc    *json.Encoder
	buf    []byte
}

func newImageFinds(c *imaging, m mounted, accounts []Account) (*imageFinds, error) {
	f := &imageFinds{c: c, m: m, users: map[uint32]string{}, buf: make([]byte, 256<<10)}
	for _, a := range accounts {
		if _, known := f.users[a.UID]; !known {
			f.users[a.UID] = a.Name
		}
	}
	var err error
	if f.pack, err = flate.NewWriter(&f.text, flate.BestSpeed); err != nil {
		return nil, err
	}
	f.enc = json.NewEncoder(f.pack)
	f.enc.SetEscapeHTML(false)
	return f, nil
}

// look notes a file if there is a reason to. What is young is not told: an image
// does not say when it was taken.
func (f *imageFinds) look(dir, name string, n *ext4.Inode) error {
	m := seenMode{mode: uint32(n.Mode), immutable: n.Flags&ext4.FlagImmutable != 0, appends: n.Flags&ext4.FlagAppend != 0}
	why, hash := m.reasons(dir, name)
	if len(why) == 0 {
		return nil
	}
	if f.rows++; f.rows > maxFinds {
		f.more++
		return nil
	}
	full := dir + "/" + name
	row := File{Path: full, Why: why, Stat: imageStat(n), User: f.users[n.UID]}
	row.Raw = raw(row.Raw, "path", full)
	if hash {
		if err := f.hash(&row, n); err != nil {
			row.Refused = err.Error()
		}
	}
	return f.enc.Encode(row)
}

// hash reads a file to its end.
func (f *imageFinds) hash(row *File, n *ext4.Inode) error {
	if n.Size > f.c.Limits.File {
		return fmt.Errorf("%d bytes: over the limit of %d for one file: not hashed", n.Size, f.c.Limits.File)
	}
	if f.hashed += n.Size; f.hashed > maxHashed {
		return fmt.Errorf("the limit of %d bytes for all that is hashed is reached", int64(maxHashed))
	}
	list, err := f.m.fs.Attributes(n)
	if err != nil {
		return err
	}
	for _, a := range list {
		if a.Name != "security.capability" {
			continue
		}
		text, err := fileCapabilities(a.Value)
		if err != nil {
			text = "unreadable: " + err.Error()
		}
		row.Capabilities, row.Why = text, append(row.Why, "capabilities")
	}
	data, err := f.m.fs.Open(n)
	if err != nil {
		return err
	}
	sum, first := sha256.New(), true
	for in := io.NewSectionReader(data, 0, n.Size); ; {
		k, err := in.Read(f.buf)
		if first && k > 0 {
			row.Content, row.Interpreter = contentOf(f.buf[:k])
			first = false
		}
		sum.Write(f.buf[:k])
		if errors.Is(err, io.EOF) {
			row.SHA256 = hex.EncodeToString(sum.Sum(nil))
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// seal seals the lines.
func (f *imageFinds) seal(ctx context.Context) error {
	if f.more > 0 {
		f.c.refuse("/", "%d more files worth a look: the limit of %d is reached", f.more, maxFinds)
	}
	if f.rows == 0 {
		return nil
	}
	if err := f.pack.Close(); err != nil {
		return err
	}
	e := f.c.exhibit(f.m, "Files worth a look, with hashes of executables", "executables, setuid, capabilities, hidden, immutable", FormatFiles)
	return f.c.seal(ctx, flate.NewReader(&f.text), e)
}

// accounts seals the "fb.accounts" snapshot, as of a live host; hashes are not kept.
func (c *imaging) accounts(ctx context.Context, m mounted, list []Account) error {
	if len(list) == 0 {
		return nil // another volume has them
	}
	e := c.exhibit(m, "Accounts and the state of their passwords", "/etc/passwd, /etc/shadow, /etc/group", FormatAccounts)
	e.Method += "; password hashes are not kept; stat is of /etc/shadow"
	if n, err := m.resolve("/etc/shadow"); err == nil {
		s := imageStat(n)
		e.Before = &s
	}
	shadow, err := m.small("/etc/shadow", maxAccounts)
	if err != nil {
		c.refuse("/etc/shadow", "%v", err)
		e.Deviations = append(e.Deviations, "shadow could not be read: the state of passwords is unknown")
	}
	applyShadow(list, shadow)
	clear(shadow)
	group, err := m.small("/etc/group", maxAccounts)
	if err != nil {
		c.refuse("/etc/group", "%v", err)
	}
	applyGroups(list, group)
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	for _, a := range list {
		if err := enc.Encode(a); err != nil { //nolint:gosec // whether there is one, never the word itself
			return err
		}
	}
	return c.seal(ctx, &text, e)
}
