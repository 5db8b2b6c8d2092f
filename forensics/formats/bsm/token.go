package bsm

import (
	"bytes"
	"net/netip"
	"strconv"
	"strings"
)

// cursor reads numbers and texts; what is not there reads as nothing, and short
// says so.
type cursor struct {
	b     []byte
	short bool
}

func (c *cursor) take(n int) []byte {
	if n < 0 || n > len(c.b) {
		c.short, c.b = true, nil
		return nil
	}
	out := c.b[:n]
	c.b = c.b[n:]
	return out
}

func (c *cursor) number(n int) uint64 {
	v := uint64(0)
	for _, b := range c.take(n) {
		v = v<<8 | uint64(b)
	}
	return v
}

func (c *cursor) u8() uint8   { return uint8(c.number(1)) }  //nolint:gosec // of one byte
func (c *cursor) u16() uint16 { return uint16(c.number(2)) } //nolint:gosec // of two bytes
func (c *cursor) u32() uint32 { return uint32(c.number(4)) } //nolint:gosec // of four bytes

// text is one with its length in front, and a NUL at its end.
func (c *cursor) text() string {
	return string(bytes.TrimRight(c.take(int(c.u16())), "\x00"))
}

// line is a text up to its NUL.
func (c *cursor) line() string {
	i := bytes.IndexByte(c.b, 0)
	if i < 0 {
		c.take(len(c.b) + 1)
		return ""
	}
	s := string(c.b[:i])
	c.take(i + 1)
	return s
}

// address is one of four or sixteen bytes.
func (c *cursor) address(n int) netip.Addr {
	a, ok := netip.AddrFromSlice(c.take(n))
	if !ok || a.IsUnspecified() {
		return netip.Addr{}
	}
	return a.Unmap()
}

// typed is an address behind the number of its bytes.
func (c *cursor) typed() netip.Addr {
	n := int(c.u32())
	if n != 4 && n != 16 {
		c.take(len(c.b) + 1)
		return netip.Addr{}
	}
	return c.address(n)
}

// read reads the tokens of a record without its trailer; ok is false where not
// even the header is whole.
func (r *Record) read(b []byte) (ok bool) {
	c := &cursor{b: b}
	kind := c.u8()
	c.u32()
	r.Version, r.Event, r.Modifier = c.u8(), c.u16(), c.u16()
	if kind == tokHead32x || kind == tokHead64x {
		r.Host = c.typed()
	}
	if kind == tokHead64 || kind == tokHead64x {
		r.Seconds, r.Millis = c.number(8), uint32(c.number(8)) //nolint:gosec // below a thousand
	} else {
		r.Seconds, r.Millis = c.number(4), c.u32()
	}
	if c.short {
		return false
	}
	for len(c.b) > 0 && !c.short {
		rest := len(c.b)
		if !r.token(c.u8(), c) || c.short {
			r.Lost = rest
			break
		}
	}
	return true
}

func (r *Record) more(name, value string) {
	if len(r.More) < maxList && value != "" {
		r.More = append(r.More, Pair{name, value})
	}
}

func keep[T any](list []T, v T) []T {
	if len(list) < maxList {
		return append(list, v)
	}
	return list
}

// token reads one; false is one that nobody here knows.
func (r *Record) token(kind uint8, c *cursor) bool {
	switch kind {
	case 0x24, 0x75, 0x7a, 0x7c: // subject
		s := subject(kind, c)
		r.Who = &s
	case 0x26, 0x77, 0x7b, 0x7d: // process
		s := subject(map[uint8]uint8{0x26: 0x24, 0x77: 0x75, 0x7b: 0x7a, 0x7d: 0x7c}[kind], c)
		r.Target = &s
	case 0x23, 0x25: // path
		if kind == 0x25 { // of the newer *at calls: how many, then texts
			for n := c.u32(); n > 0 && !c.short; n-- {
				r.Paths = keep(r.Paths, c.line())
			}
			return true
		}
		r.Paths = keep(r.Paths, c.text())
	case 0x27, 0x72: // return
		r.Returned, r.Errno = true, c.u8()
		r.Value = c.number(4 + 4*int(kind/0x72))
	case 0x28: // text
		r.Texts = keep(r.Texts, c.text())
	case 0x2d, 0x71: // argument of the call
		number := c.u8()
		v := c.number(4 + 4*int(kind/0x71))
		name := strings.Map(word, c.text())
		if name == "" {
			name = strconv.Itoa(int(number))
		}
		r.more("arg."+name, "0x"+strconv.FormatUint(v, 16))
	case 0x3c: // arguments of the program
		for n := c.u32(); n > 0 && !c.short; n-- {
			r.Arguments = keep(r.Arguments, c.line())
		}
	case 0x3d: // environment of the program
		for n := c.u32(); n > 0 && !c.short; n-- {
			c.line()
			r.Environment++
		}
	case 0x3e, 0x73, 0x31: // attributes of a file
		r.more("mode", strconv.FormatUint(c.number(4), 8))
		r.more("uid_file", strconv.FormatUint(c.number(4), 10))
		r.more("gid_file", strconv.FormatUint(c.number(4), 10))
		r.more("fsid", strconv.FormatUint(c.number(4), 10))
		r.more("inode", strconv.FormatUint(c.number(8), 10))
		c.take(4 + 4*int(kind/0x73))
	case 0x52: // exit
		r.more("exit", strconv.FormatInt(int64(int32(c.u32())), 10)) //nolint:gosec // two's complement
		c.u32()
	default:
		return r.rare(kind, c)
	}
	return true
}

// word leaves a name's letters.
func word(r rune) rune {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_', r == '-':
		return r
	}
	return '_'
}

// subject reads who did it: 0x24 with 32 bits of a terminal's port and four bytes
// of address, 0x75 with 64 bits of port, 0x7a and 0x7c the same with an address
// of either kind.
func subject(kind uint8, c *cursor) Subject {
	s := Subject{
		Audit: c.u32(), EffectiveUser: c.u32(), EffectiveGroup: c.u32(), RealUser: c.u32(), RealGroup: c.u32(), PID: c.u32(), Session: c.u32(),
	}
	if kind == 0x75 || kind == 0x7c {
		s.Port = c.number(8)
	} else {
		s.Port = c.number(4)
	}
	if kind == 0x7a || kind == 0x7c {
		s.Address = c.typed()
	} else {
		s.Address = c.address(4)
	}
	return s
}

// rare reads the tokens that few records have.
func (r *Record) rare(kind uint8, c *cursor) bool {
	switch kind {
	case 0x21, 0x29, 0x30, 0x33: // opaque, and what is written like it
		if kind == 0x29 {
			c.u8()
			size, n := c.u8(), c.u8()
			c.take(int(n) * []int{1, 2, 4, 8}[size&3])
			return size < 4
		}
		if kind != 0x21 {
			return false
		}
		c.take(int(c.u16()))
	case 0x22: // object of System V
		r.more("ipc", strconv.Itoa(int(c.u8()))+":"+strconv.FormatUint(c.number(4), 10))
	case 0x2a: // address
		r.Sockets = keep(r.Sockets, Socket{Remote: netip.AddrPortFrom(c.address(4), 0)})
	case 0x7e:
		r.Sockets = keep(r.Sockets, Socket{Remote: netip.AddrPortFrom(c.typed(), 0)})
	case 0x2b: // head of an IP packet
		c.take(20)
	case 0x2c: // port
		r.more("port", strconv.Itoa(int(c.u16())))
	case 0x2e: // socket: type, local, remote
		c.u16()
		local := c.u16()
		from := c.address(4)
		remote := c.u16()
		r.Sockets = keep(r.Sockets, Socket{Local: netip.AddrPortFrom(from, local), Remote: netip.AddrPortFrom(c.address(4), remote)})
	case 0x7f: // socket: domain, type, bytes of an address, local, remote
		c.take(4)
		n := int(c.u16())
		if n != 4 && n != 16 {
			return false
		}
		local := c.u16()
		from := c.address(n)
		remote := c.u16()
		r.Sockets = keep(r.Sockets, Socket{Local: netip.AddrPortFrom(from, local), Remote: netip.AddrPortFrom(c.address(n), remote)})
	case 0x80, 0x81: // address of a socket
		c.u16()
		port := c.u16()
		r.Sockets = keep(r.Sockets, Socket{Remote: netip.AddrPortFrom(c.address(4+12*int(kind-0x80)), port)})
	case 0x82:
		c.u16()
		r.Sockets = keep(r.Sockets, Socket{Path: c.line()})
	case 0x2f: // sequence
		r.more("sequence", strconv.FormatUint(c.number(4), 10))
	case 0x32: // permissions of an object of System V
		c.take(28)
	case 0x34, 0x3b: // groups
		n := 16
		if kind == 0x3b {
			n = int(c.u16())
		}
		c.take(4 * n)
	case 0x38: // privileges: the set, and names
		r.more("privilege_set", c.text())
		r.more("privileges", c.text())
	case 0x39:
		c.u8()
		r.more("privileges", c.text())
	case 0x60:
		r.more("zone", c.text())
	case 0x70:
		c.u32()
	case 0xed: // identity of a signed program
		signer := c.u32()
		r.more("signer_type", strconv.FormatUint(uint64(signer), 10))
		r.more("signing_id", c.text())
		c.u8()
		r.more("team_id", c.text())
		c.u8()
		r.more("cdhash", hexOf(c.take(int(c.u16()))))
	case 0xee, 0xef: // names of Kerberos, hashes of certificates
		for n := c.u32(); n > 0 && !c.short; n-- {
			if kind == 0xee {
				r.more("principal", c.text())
			} else {
				r.more("certificate_sha1", hexOf(c.take(20)))
			}
		}
	default:
		return false
	}
	return true
}

func hexOf(b []byte) string {
	if len(b) > 64 {
		b = b[:64]
	}
	out := make([]byte, 0, 2*len(b))
	for _, c := range b {
		out = append(out, "0123456789abcdef"[c>>4], "0123456789abcdef"[c&15])
	}
	return string(out)
}
