package timeline

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"strconv"
)

// ID is the stable id of an event: 80 bits that stand for exhibit and parser,
// 40 of offset, 8 that count events of one offset. Parsing again gives the same
// id, so marks survive a rebuild and the same file twice adds nothing. The ids of
// one file lie beside each other, in the order of the file. The zero ID is none.
//
// Its text is 26 characters of base32 that sort as the bytes do.
type ID [16]byte

// FileKey is what the ids of all events have in common that one parser made of
// one exhibit: the first 80 bits.
type FileKey [10]byte

// KeyOf is the key of the exhibit with that SHA-256 (hex), read by that parser. An
// exhibit whose bytes an earlier one had, from another place or host, puts what
// sets it apart behind the SHA-256 (forensics/parse).
func KeyOf(exhibitSHA256, parser string) FileKey {
	var room [192]byte
	file := sha256.Sum256(append(append(append(room[:0], exhibitSHA256...), 0), parser...))
	return FileKey(file[:len(FileKey{})])
}

// ID is the id of event n (counted from 0) that was made of the bytes at offset.
// An offset of 2^40 or more, or an n of 2^8 or more, makes the rest of the id a
// hash; such ids do not lie in order.
func (k FileKey) ID(offset int64, n int) ID {
	var id ID
	if offset >= 0 && offset < 1<<40 && n >= 0 && n < 1<<8 {
		binary.BigEndian.PutUint64(id[8:], uint64(offset)<<8|uint64(n))
	} else {
		var room [64]byte
		text := strconv.AppendInt(append(append(room[:0], k[:]...), 0), offset, 10)
		rest := sha256.Sum256(strconv.AppendInt(append(text, 0), int64(n), 10))
		copy(id[10:], rest[:])
	}
	copy(id[:], k[:])
	return id
}

// EventID is KeyOf and FileKey.ID in one.
func EventID(exhibitSHA256, parser string, offset int64, n int) ID {
	return KeyOf(exhibitSHA256, parser).ID(offset, n)
}

// Key is the part of the id that stands for exhibit and parser.
func (id ID) Key() FileKey { return FileKey(id[:len(FileKey{})]) }

// Place is the rest of the id, 48 bits: offset<<8 | n, or a hash.
func (id ID) Place() uint64 { return binary.BigEndian.Uint64(id[8:]) & (1<<48 - 1) }

// At is the id of that key and place.
func (k FileKey) At(place uint64) ID {
	var id ID
	binary.BigEndian.PutUint64(id[8:], place)
	copy(id[:], k[:])
	return id
}

// IsZero reports whether the id is none.
func (id ID) IsZero() bool { return id == ID{} }

// idText is base32 whose texts sort as the bytes do.
var idText = base32.HexEncoding.WithPadding(base32.NoPadding)

// String is the id's text, empty for the zero ID.
func (id ID) String() string {
	if id.IsZero() {
		return ""
	}
	return idText.EncodeToString(id[:])
}

// ParseID reads the text of an id; it is false for any other text.
func ParseID(text string) (ID, bool) {
	var id ID
	if len(text) != 26 {
		return id, false
	}
	if n, err := idText.Decode(id[:], []byte(text)); err != nil || n != len(id) || id.String() != text {
		return ID{}, false
	}
	return id, true
}

// MarshalText is String.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText is ParseID; an empty text is the zero ID.
func (id *ID) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*id = ID{}
		return nil
	}
	read, ok := ParseID(string(b))
	if !ok {
		return fmt.Errorf("read event id: %q is none", b)
	}
	*id = read
	return nil
}
