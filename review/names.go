package review

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // see UUID
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"firebreak/incident"
	"firebreak/record"
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
		over = binary.BigEndian.AppendUint64(over, uint64(r.Made.UnixNano()))
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

// Label is the TLP label that the document has for its readers: the incident's own,
// where nothing says otherwise.
func (r Review) Label() incident.TLP { return cmp.Or(r.Readers.Label, r.Incident.TLP) }

// Overhead are the lines that stand over the document: for whom it is, that it is a
// draft, that it is privileged.
func (r Review) Overhead() []string {
	var out []string
	if p := r.Readers.Profile; p != "" && p != record.FullProfile {
		out = append(out, "profile "+string(p))
	}
	if e := r.Edition; e != nil {
		line := "release " + e.Release
		if e.For != "" {
			line += ", for " + e.For
		}
		if out = append(out, line); e.Draft {
			out = append(out, "DRAFT: nobody had reviewed it when it was released")
		}
	}
	if r.Readers.Banner != "" {
		out = append(out, r.Readers.Banner)
	}
	return out
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

// Nameless returns what makes a text of the review fit for strangers: the names of
// those who responded are taken out, and it is made Harmless.
func (r Review) Nameless() func(string) string {
	var names []string
	for _, p := range r.People {
		if n := utf8.RuneCountInString(p.Name); n > 1 && n < 200 && !record.Gone(p.Name) {
			names = append(names, p.Name)
		}
	}
	slices.SortFunc(names, func(x, y string) int { return cmp.Or(cmp.Compare(len(y), len(x)), cmp.Compare(x, y)) })
	return func(text string) string {
		for _, name := range names {
			text = unnamed(text, name)
		}
		return Harmless(text)
	}
}

// unnamed takes a name out of a text where it is a whole word: "ada" is not in
// "adapter".
func unnamed(text, name string) string {
	var out strings.Builder
	for from := 0; ; {
		n := strings.Index(text[from:], name)
		if n < 0 {
			if from == 0 {
				return text
			}
			out.WriteString(text[from:])
			return out.String()
		}
		at := from + n
		to := at + len(name)
		out.WriteString(text[from:at])
		before, _ := utf8.DecodeLastRuneInString(text[:at])
		after, _ := utf8.DecodeRuneInString(text[to:])
		if unicode.IsLetter(before) || unicode.IsLetter(after) {
			out.WriteString(name)
		} else {
			out.WriteString("(a responder)")
		}
		from = to
	}
}
