package registry

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"firebreak/forensics/formats/le"
)

// Key is one.
type Key struct {
	Offset    int64
	Name      string
	Path      string // from the root, without it
	Depth     int
	Written   time.Time
	Subkeys   uint32
	NumValues uint32
	Found     string // where it was found, when no key has it any more

	hive   *Hive
	given  []Value // of a key without a hive
	cell   uint32
	parent uint32
	list   uint32
	values uint32
	flags  uint16
}

// Types of values.
const (
	None     = 0
	Text     = 1
	Expand   = 2
	Binary   = 3
	Number   = 4
	BigEnd   = 5
	MultiSZ  = 7
	Number64 = 11
	Filetime = 0x10 // in properties of devices, without the flags above it
)

// Value is one of a key.
type Value struct {
	Offset int64
	Name   string // "" is the default
	Type   uint32
	Size   int // as the value says
	Data   le.Bytes
}

// Given is a key that was read elsewhere than in a hive, with its values. It knows
// of no other keys.
func Given(k Key, values []Value) *Key {
	k.hive, k.given = nil, values
	return &k
}

// key reads the key in a cell, nil where there is none.
func (h *Hive) key(offset uint32) (*Key, error) {
	b, err := h.cell(offset)
	if err != nil || b == nil {
		return nil, err
	}
	return h.parseKey(b, offset), nil
}

func (h *Hive) parseKey(b le.Bytes, offset uint32) *Key {
	if string(b.Cut(0, 2)) != "nk" {
		return nil
	}
	n := int(b.U16(72))
	if n == 0 && b.U16(2)&4 == 0 || !b.Has(76, n) {
		return nil
	}
	k := &Key{
		Offset: baseSize + int64(offset), hive: h, cell: offset, flags: b.U16(2), parent: b.U32(16), Subkeys: b.U32(20), list: b.U32(28),
		NumValues: b.U32(36), values: b.U32(40), Name: name(b, 76, n, b.U16(2)&0x20 != 0),
	}
	k.Written, _ = b.Filetime(4)
	return k
}

// name is text of a byte a character (ISO 8859-1, as the registry packs it) or of
// UTF-16.
func name(b le.Bytes, at, n int, packed bool) string {
	if !packed {
		return b.Wide(at, n)
	}
	var out strings.Builder
	for _, c := range b.Cut(at, n) {
		out.WriteRune(rune(c))
	}
	return out.String()
}

// Values are those of a key, at most so many; all is false where some are missing
// or not read.
func (k *Key) Values(most int) (out []Value, all bool, err error) {
	if k.hive == nil {
		out = k.given[:min(len(k.given), most)]
		return out, len(out) == int(k.NumValues), nil
	}
	n := int(min(k.NumValues, maxValues))
	if n == 0 {
		return nil, true, nil
	}
	list, err := k.hive.cell(k.values)
	if err != nil {
		return nil, false, err
	}
	for i := range min(n, most) {
		if !list.Has(4*i, 4) {
			return out, false, nil
		}
		v, err := k.hive.value(list.U32(4 * i))
		if err != nil {
			return out, false, err
		}
		if v == nil {
			continue
		}
		out = append(out, *v)
	}
	return out, len(out) == int(k.NumValues), nil
}

func (h *Hive) value(offset uint32) (*Value, error) {
	b, err := h.cell(offset)
	if err != nil || string(b.Cut(0, 2)) != "vk" {
		return nil, err
	}
	n := int(b.U16(2))
	if !b.Has(20, n) {
		return nil, nil
	}
	size := b.U32(4)
	v := &Value{Offset: baseSize + int64(offset), Type: b.U32(12), Name: name(b, 20, n, b.U16(16)&1 != 0), Size: int(size &^ (1 << 31))}
	if size&(1<<31) != 0 {
		v.Size = min(v.Size, 4)
		v.Data = b.Cut(8, v.Size)
		return v, nil
	}
	v.Data, err = h.data(b.U32(8), min(v.Size, maxData))
	return v, err
}

// data is that of a value, in one cell or, beyond 16344 bytes, in several.
func (h *Hive) data(offset uint32, size int) (le.Bytes, error) {
	if size == 0 {
		return nil, nil
	}
	b, err := h.cell(offset)
	if err != nil {
		return nil, err
	}
	const segment = 16344
	if size <= segment || string(b.Cut(0, 2)) != "db" || h.Minor < 4 {
		return b[:min(len(b), size)], nil
	}
	list, err := h.cell(b.U32(4))
	if err != nil {
		return nil, err
	}
	var out le.Bytes
	for i := range int(b.U16(2)) {
		if len(out) >= size || !list.Has(4*i, 4) {
			break
		}
		s, err := h.cell(list.U32(4 * i))
		if err != nil {
			return nil, err
		}
		out = append(out, s[:min(len(s), segment, size-len(out))]...)
	}
	return out, nil
}

// Child is a key below one, by its name without regard to case; nil where there
// is none.
func (k *Key) Child(name string) (*Key, error) {
	if k.hive == nil {
		return nil, nil
	}
	below, err := k.hive.list(k.list, int(min(k.Subkeys, maxSubkeys)), true)
	if err != nil {
		return nil, err
	}
	for _, offset := range below {
		c, err := k.hive.key(offset)
		if err != nil {
			return nil, err
		}
		if c != nil && strings.EqualFold(c.Name, name) {
			c.Path, c.Depth = join(k.Path, c.Name), k.Depth+1
			return c, nil
		}
	}
	return nil, nil
}

// Parent is the key above one, nil where there is none.
func (k *Key) Parent() (*Key, error) {
	if k.Depth == 0 || k.hive == nil {
		return nil, nil
	}
	p, err := k.hive.key(k.parent)
	if p != nil {
		p.Depth = k.Depth - 1
		if i := strings.LastIndexByte(k.Path, '\\'); i > 0 {
			p.Path = k.Path[:i]
		}
	}
	return p, err
}

// Text is the value as text: strings as they are, several joined by commas,
// numbers, times, and at most so many bytes of what is binary in hex.
func (v *Value) Text(most int) string {
	switch v.Type {
	case Text, Expand, 6:
		return v.Data.Wide(0, len(v.Data))
	case Number:
		if len(v.Data) >= 4 {
			return strconv.FormatUint(uint64(v.Data.U32(0)), 10)
		}
	case BigEnd:
		if d := v.Data; len(d) >= 4 {
			return strconv.FormatUint(uint64(d[0])<<24|uint64(d[1])<<16|uint64(d[2])<<8|uint64(d[3]), 10)
		}
	case Number64:
		if len(v.Data) >= 8 {
			return strconv.FormatUint(v.Data.U64(0), 10)
		}
	case MultiSZ:
		return strings.Join(v.List(), ", ")
	}
	if v.Type&0xfff == Filetime && len(v.Data) == 8 {
		if t, ok := v.Data.Filetime(0); ok {
			return t.Format(time.RFC3339Nano)
		}
	}
	if s, ok := v.readable(); ok {
		return s
	}
	n := min(len(v.Data), most)
	s := hex.EncodeToString(v.Data[:n])
	if n < v.Size {
		s += fmt.Sprintf("… (%d bytes)", v.Size)
	}
	return s
}

// readable is binary data that is text of UTF-16.
func (v *Value) readable() (string, bool) {
	if len(v.Data) < 8 || len(v.Data)%2 != 0 || v.Type&0xfff != Binary && v.Type != None && v.Type&0xfff != 0x12 {
		return "", false
	}
	s := v.Data.Wide(0, len(v.Data))
	if utf8.RuneCountInString(s)*2+2 < len(v.Data) {
		return "", false
	}
	for _, r := range s {
		if r < ' ' && r != '\t' && r != '\r' && r != '\n' || r == utf8.RuneError || r >= 0x180 {
			return "", false
		}
	}
	return s, true
}

// List is the texts of a value that has several.
func (v *Value) List() []string {
	var out []string
	for at := 0; at+1 < len(v.Data); {
		s, n := v.Data.WideZ(at, len(v.Data)-at)
		if at += n; s != "" {
			out = append(out, s)
		}
	}
	return out
}

// TypeName names the type.
func (v *Value) TypeName() string {
	names := [...]string{"NONE", "SZ", "EXPAND_SZ", "BINARY", "DWORD", "DWORD_BE", "LINK", "MULTI_SZ", "RESOURCE_LIST", "FULL_RESOURCE", "REQUIREMENTS", "QWORD"}
	if v.Type < uint32(len(names)) {
		return names[v.Type]
	}
	return fmt.Sprintf("0x%x", v.Type)
}
