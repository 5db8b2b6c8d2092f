package review

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // see UUID
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
)

// Namespace is what the ids of the review's other forms are derived from: 16
// bytes that follow from the document's key, so that two documents of one incident
// share no id, and the same document has the same ids again. Without a key they
// follow from what the review was made over, and anybody who has that can tell.
func (r Review) Namespace(form string) [16]byte {
	key := r.key
	if len(key) == 0 {
		var over []byte
		over = append(over, r.Incident.ID...)
		over = append(over, 0)
		over = append(over, r.Integrity.Root...)
		over = binary.BigEndian.AppendUint64(over, uint64(r.Made.UnixNano())) //nolint:gosec // bits, not a number
		sum := sha256.Sum256(over)
		key = sum[:]
	}
	h := hmac.New(sha256.New, key)
	h.Write([]byte("firebreak ids\x00" + form))
	return [16]byte(h.Sum(nil))
}

// UUID is the UUID of version 5 (RFC 9562) of a name in a namespace.
func UUID(namespace [16]byte, name string) string {
	h := sha1.New() //nolint:gosec // version 5 is defined with SHA-1; nothing is trusted to it
	h.Write(namespace[:])
	h.Write([]byte(name))
	u := [16]byte(h.Sum(nil))
	u[6], u[8] = u[6]&0x0f|0x50, u[8]&0x3f|0x80
	return spelled(u)
}

// UUID4 is a UUID that is shaped like a random one and yet follows from the
// namespace and the name.
func UUID4(namespace [16]byte, name string) string {
	h := hmac.New(sha256.New, namespace[:])
	h.Write([]byte(name))
	u := [16]byte(h.Sum(nil))
	u[6], u[8] = u[6]&0x0f|0x40, u[8]&0x3f|0x80
	return spelled(u)
}

func spelled(u [16]byte) string {
	s := hex.EncodeToString(u[:])
	return fmt.Sprintf("%s-%s-%s-%s-%s", s[:8], s[8:12], s[12:16], s[16:20], s[20:])
}

// Confirmed says whether the record has it that the incident was one: a person
// stated an impact as confirmed, or confirmed a finding of triage. A drill is none.
func (r Review) Confirmed() bool {
	if r.Incident.Drill {
		return false
	}
	for _, m := range r.Impact {
		if m.Certainty == "confirmed" && (m.High == nil || *m.High > 0) {
			return true
		}
	}
	return len(r.Findings) > 0
}
