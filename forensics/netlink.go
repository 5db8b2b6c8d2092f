package forensics

import (
	"encoding/binary"
	"iter"
)

// Netlink's framing (netlink(7), Documentation/userspace-api/netlink/intro.rst):
// a message is a header of 16 bytes and its payload, an attribute a header of 4
// bytes and its value, both padded to 4 bytes. All lengths count the header.
const (
	nlHeader  = 16
	nlAttr    = 4
	nlTypes   = 0x3fff // the two highest bits of an attribute's type are flags
	nlNesting = 8      // how deep attributes may lie in one another
)

// nlmsg is one netlink message.
type nlmsg struct {
	kind, flags uint16
	seq         uint32
	body        []byte
}

// nlMessages cuts a datagram into messages. ok is false where it ends amid one.
func nlMessages(b []byte) (out []nlmsg, ok bool) {
	for len(b) >= nlHeader {
		n := int(binary.NativeEndian.Uint32(b))
		if n < nlHeader || n > len(b) {
			return out, false
		}
		out = append(out, nlmsg{
			kind: binary.NativeEndian.Uint16(b[4:]), flags: binary.NativeEndian.Uint16(b[6:]),
			seq: binary.NativeEndian.Uint32(b[8:]), body: b[nlHeader:n],
		})
		b = b[min((n+3)&^3, len(b)):]
	}
	return out, len(b) == 0
}

// nlAttrs goes through attributes; it ends at the first that is damaged.
func nlAttrs(b []byte) iter.Seq2[uint16, []byte] {
	return func(yield func(uint16, []byte) bool) {
		for len(b) >= nlAttr {
			n, kind := int(binary.NativeEndian.Uint16(b)), binary.NativeEndian.Uint16(b[2:])&nlTypes
			if n < nlAttr || n > len(b) || !yield(kind, b[nlAttr:n]) {
				return
			}
			b = b[min((n+3)&^3, len(b)):]
		}
	}
}

// appendAttr writes an attribute.
func appendAttr(b []byte, kind uint16, value []byte) []byte {
	b = binary.NativeEndian.AppendUint16(b, uint16(nlAttr+len(value))) //nolint:gosec // our own short values
	b = binary.NativeEndian.AppendUint16(b, kind)
	b = append(b, value...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

// zeroEnded is a C string in a buffer.
func zeroEnded(b []byte) string {
	for i, c := range b {
		if c == 0 {
			return string(b[:i])
		}
	}
	return string(b)
}

// native32 and big32 read numbers that may be cut short: then they are 0.
func native32(b []byte) uint32 {
	if len(b) < 4 {
		return 0
	}
	return binary.NativeEndian.Uint32(b)
}

func big32(b []byte) uint32 {
	if len(b) < 4 {
		return 0
	}
	return binary.BigEndian.Uint32(b)
}

func big64(b []byte) uint64 {
	if len(b) < 8 {
		return 0
	}
	return binary.BigEndian.Uint64(b)
}
