package cacao

import (
	"crypto/sha1" //nolint:gosec // UUID version 5 is made of SHA-1 by its definition; nothing rests on it
	"encoding/hex"
	"strings"

	"firebreak/internal/lazyre"
)

// namespace begins the name of each id that an export makes (UUIDv5 in the
// namespace for URLs), so that the same playbook has the same ids everywhere.
const namespace = "firebreak playbook"

// urlSpace is the namespace for URLs of RFC 4122.
var urlSpace = [16]byte{0x6b, 0xa7, 0xb8, 0x11, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8}

// version5 is the UUID version 5 of a name.
func version5(space [16]byte, name string) string {
	h := sha1.New() //nolint:gosec // as above
	h.Write(space[:])
	h.Write([]byte(name))
	sum := h.Sum(nil)[:16]
	sum[6] = sum[6]&0x0f | 0x50
	sum[8] = sum[8]&0x3f | 0x80
	s := hex.EncodeToString(sum)
	return strings.Join([]string{s[:8], s[8:12], s[12:16], s[16:20], s[20:]}, "-")
}

// makeID is kind--UUIDv5 of the parts.
func makeID(kind string, parts ...string) string {
	return kind + "--" + version5(urlSpace, namespace+"/"+strings.Join(parts, "/"))
}

var (
	idShape     = lazyre.New(`^[a-z][a-z0-9-]+[a-z0-9]--[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	timeShape   = lazyre.New(`^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$`)
	varShape    = lazyre.New(`^__[a-zA-Z_][a-zA-Z0-9_-]{0,199}__$`)
	attackShape = lazyre.New(`^T\d{4}(\.\d{3})?$`)
)

// kindOf is the type part of an id.
func kindOf(id string) string {
	kind, _, _ := strings.Cut(id, "--")
	return kind
}

// slug makes an id of ours of a name.
func slug(name string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	s := strings.Trim(b.String(), "-")
	if len(s) > 48 {
		s = s[:48]
		if i := strings.LastIndexByte(s, '-'); i > 20 {
			s = s[:i]
		}
	}
	return strings.Trim(s, "-")
}
