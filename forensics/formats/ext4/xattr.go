package ext4

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Attribute is an extended attribute, named as the kernel names it.
type Attribute struct {
	Name  string
	Value []byte
}

// prefixes of names, by their index.
var prefixes = map[byte]string{ //nolint:gochecknoglobals // a table
	1: "user.", 2: "system.posix_acl_access", 3: "system.posix_acl_default", 4: "trusted.", 6: "security.", 7: "system.", 8: "system.richacl",
}

const xattrMagic = 0xea020000

func isDamaged(err error) bool { return errors.Is(err, ErrDamaged) }

// Attributes are those in the inode and those in its block of attributes. Values
// that lie in inodes of their own are left nil.
func (f *FS) Attributes(n *Inode) ([]Attribute, error) {
	out, err := f.inodeAttributes(n)
	if err != nil || n.eas == 0 {
		return out, err
	}
	b := make([]byte, f.block)
	if err := f.at(n.eas, 0, b); err != nil {
		return out, fmt.Errorf("attributes of inode %d: %w", n.Number, err)
	}
	if binary.LittleEndian.Uint32(b) != xattrMagic {
		return out, fmt.Errorf("attributes of inode %d: %w", n.Number, damaged("no magic"))
	}
	more, err := attributes(b[32:], b)
	return append(out, more...), err
}

func (f *FS) inodeAttributes(n *Inode) ([]Attribute, error) {
	le := binary.LittleEndian
	if len(n.raw) <= 128+4 {
		return nil, nil
	}
	at := 128 + int(le.Uint16(n.raw[0x80:]))
	if at+4 > len(n.raw) || le.Uint32(n.raw[at:]) != xattrMagic {
		return nil, nil
	}
	return attributes(n.raw[at+4:], n.raw[at+4:])
}

// attributes reads entries; their values lie in values.
func attributes(b, values []byte) (out []Attribute, err error) {
	le := binary.LittleEndian
	for len(b) >= 16 && le.Uint32(b) != 0 {
		length, offset, size := int(b[0]), int(le.Uint16(b[2:])), int64(le.Uint32(b[8:]))
		if 16+length > len(b) {
			return out, damaged("the name of an attribute")
		}
		a := Attribute{Name: prefixes[b[1]] + string(b[16:16+length])}
		if inode := le.Uint32(b[4:]); inode == 0 {
			if int64(offset)+size > int64(len(values)) {
				return out, damaged("the value of attribute %q", a.Name)
			}
			a.Value = values[offset : offset+int(size)]
		}
		out = append(out, a)
		next := (16 + length + 3) &^ 3
		if next > len(b) {
			break
		}
		b = b[next:]
	}
	return out, nil
}

// inline is the content that lies in the inode: 60 bytes, and what the attribute
// system.data has.
func (f *FS) inline(n *Inode) ([]byte, error) {
	out := append([]byte(nil), n.data[:]...)
	as, err := f.inodeAttributes(n)
	if err != nil {
		return nil, fmt.Errorf("inode %d: %w", n.Number, err)
	}
	for _, a := range as {
		if a.Name == "system.data" {
			out = append(out, a.Value...)
		}
	}
	if int64(len(out)) > n.Size {
		out = out[:n.Size]
	}
	return out, nil
}
