package bundle

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"

	"firebreak/record"
)

// signature is one signature of a person, where the profile lets it out.
type signature struct {
	seq  int64
	size int64 // of the head that is signed, 0 for what is no head
	sig  record.Signature
	file string // the armored signature
	text string // what was signed
}

// signatures are all signatures of people in the record, in order, each with
// the two files that ssh-keygen reads.
func signatures(lines []record.Sealed) ([]signature, error) {
	var out []signature
	count := map[int64]int{}
	head := func(e record.Entry, p record.Signed) {
		if p.Signature.Armored == "" || p.Size < 1 || p.Size >= e.Seq {
			return
		}
		count[p.Size]++
		name := fmt.Sprintf("record/checkpoints/%d", p.Size)
		out = append(out, signature{e.Seq, p.Size, p.Signature, fmt.Sprintf("%s.%d.sig", name, count[p.Size]), name + ".txt"})
	}
	other := func(e record.Entry, name string, s *record.Signature) {
		if s != nil && s.Armored != "" {
			name := fmt.Sprintf("record/signatures/%d.%s", e.Seq, name)
			out = append(out, signature{e.Seq, 0, *s, name + ".sig", name + ".txt"})
		}
	}
	each(lines, record.HeadSigned, head)
	for _, kind := range slices.Sorted(maps.Keys(signing)) {
		each(lines, kind, func(e record.Entry, p signatories) {
			other(e, "by", p.Signature)
			other(e, "from", p.From)
			other(e, "to", p.To)
		})
	}
	slices.SortStableFunc(out, func(a, b signature) int { return int(a.seq - b.seq) })
	for _, s := range out {
		if len(s.sig.Armored) > 64<<10 || len(s.sig.Text) > 16<<20 {
			return nil, fmt.Errorf("signature of entry %d: too large", s.seq)
		}
	}
	return out, nil
}

// signatories are the fields in which an entry carries signatures.
type signatories struct {
	Signature *record.Signature `json:"signature"`
	From      *record.Signature `json:"from_signature"`
	To        *record.Signature `json:"to_signature"`
}

// signing are the kinds of entries that carry signatures over texts of their
// own. verify.py has the same list.
var signing = map[record.Kind]bool{
	record.ActionApproved: true, record.ActionRejected: true, record.ErasureAgreed: true,
	record.CustodyTransferred: true, "custody.accepted": true,
}

// stampsOf are the time-stamps in the record, in order.
func stampsOf(lines []record.Sealed) ([]record.Stamped, error) {
	var out []record.Stamped
	var bad error
	each(lines, record.HeadStamped, func(e record.Entry, p record.Stamped) {
		switch {
		case p.Size < 1 || p.Size >= e.Seq || len(p.Token) == 0:
		case len(p.Token) > 1<<20:
			bad = fmt.Errorf("time-stamp of entry %d: too large", e.Seq)
		default:
			out = append(out, p)
		}
	})
	return out, bad
}

// rosterOf are the lines of an allowed_signers file with the keys that signed,
// and the certificate authorities, without their comments: ssh-keygen writes the
// login and the host there. The others are nobody's business.
func rosterOf(roster []byte, signed []signature) []byte {
	wanted := map[string]bool{}
	for _, s := range signed {
		wanted[s.sig.Key] = true
	}
	if len(wanted) == 0 {
		return nil
	}
	var out bytes.Buffer
	for line := range bytes.Lines(roster) {
		text := strings.TrimSpace(string(line))
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		if wanted[fingerprint(text)] || strings.Contains(text, "cert-authority") {
			out.WriteString(withoutComment(text) + "\n")
		}
	}
	return out.Bytes()
}

// withoutComment ends a line of the roster with its key.
func withoutComment(line string) string {
	for _, word := range strings.Fields(line) {
		if raw, err := base64.StdEncoding.DecodeString(word); err == nil && strings.HasPrefix(word, "AAAA") && len(raw) > 32 {
			return line[:strings.Index(line, word)+len(word)]
		}
	}
	return line
}

// fingerprint is that of the key in a line, as ssh-keygen -l shows it.
func fingerprint(line string) string {
	for _, word := range strings.Fields(line) {
		if !strings.HasPrefix(word, "AAAA") {
			continue
		}
		if raw, err := base64.StdEncoding.DecodeString(word); err == nil {
			h := sha256.Sum256(raw)
			return "SHA256:" + base64.RawStdEncoding.EncodeToString(h[:])
		}
	}
	return ""
}
