package record

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"firebreak/incident"
	"firebreak/internal/lazyre"
)

// Head is the signed size and root hash of a record: a C2SP tlog-checkpoint in
// a signed note. Origin ends in the incident's id. Root is lower-case hex;
// Signed holds the note's exact bytes.
type Head struct {
	Origin string `json:"origin"`
	Size   int64  `json:"size"`
	Root   string `json:"root"`
	Signed []byte `json:"signed,omitempty"`
}

// Origin is the first line of an incident's heads: the name of the key that
// opened the record, and the incident.
func Origin(key string, id incident.ID) string { return key + "/" + string(id) }

// Incident is the id in the head's origin.
func (h Head) Incident() incident.ID {
	return incident.ID(h.Origin[strings.LastIndexByte(h.Origin, '/')+1:])
}

// Seal is the head in one line, as in "2026-0007 @12 9f2c…" with all 64 digits
// of the root. Whoever holds one can show a later rewrite of the record, so it
// goes into every notification and footer. It is empty for the zero Head.
func (h Head) Seal() string {
	if h.Size == 0 {
		return ""
	}
	return fmt.Sprintf("%s @%d %s", h.Incident(), h.Size, h.Root)
}

// Short is Seal for a screen: it shows the first 12 digits of the root, which
// is enough to compare by eye and too little to prove anything with.
func (h Head) Short() string {
	if h.Size == 0 {
		return ""
	}
	return fmt.Sprintf("%s @%d %.12s…", h.Incident(), h.Size, h.Root)
}

var sealShape = lazyre.New(`^(\d{4}-\d{4,6}) @([1-9]\d{0,15}) ([0-9a-f]{64})$`)

// ParseSeal reads what Seal wrote. Only the incident, size and root are known
// from it; Origin is the incident alone and there is no signature.
func ParseSeal(s string) (Head, error) {
	m := sealShape.FindStringSubmatch(strings.TrimSpace(s))
	if m == nil {
		return Head{}, fmt.Errorf("seal %.100q: want incident, @size and 64 hex digits: %w", s, ErrMalformed)
	}
	size, err := strconv.ParseInt(m[2], 10, 64)
	if err != nil {
		return Head{}, fmt.Errorf("seal %.100q: %w", s, ErrMalformed)
	}
	return Head{Origin: m[1], Size: size, Root: m[3]}, nil
}

// SignHead makes the head of a record of that size and root.
func SignHead(key Key, origin string, size int64, root tlog.Hash) (Head, error) {
	if origin == "" || strings.ContainsAny(origin, "\r\n") {
		return Head{}, fmt.Errorf("sign head: origin %q: %w", origin, ErrMalformed)
	}
	if !key.Valid() {
		return Head{}, errors.New("sign head: there is no key")
	}
	text := fmt.Sprintf("%s\n%d\n%s\n", origin, size, base64.StdEncoding.EncodeToString(root[:]))
	signed, err := note.Sign(&note.Note{Text: text}, key.signer)
	if err != nil {
		return Head{}, fmt.Errorf("sign head: %w", err)
	}
	return Head{Origin: origin, Size: size, Root: hex.EncodeToString(root[:]), Signed: signed}, nil
}

// OpenHead reads a signed note and checks its signature. A note without a
// signature by one of the keys is an error.
func OpenHead(signed []byte, keys Keys) (Head, error) {
	n, err := note.Open(signed, keys.verifiers())
	if err != nil {
		return Head{}, fmt.Errorf("open head: %w", err)
	}
	h, err := parseCheckpoint(n.Text)
	if err != nil {
		return Head{}, fmt.Errorf("open head: %w", err)
	}
	h.Signed = bytes.Clone(signed)
	return h, nil
}

// OpenClaimed is OpenHead with keys that nobody vouches for. It says which of
// them signed, as in "name+hash".
func OpenClaimed(signed []byte, claimed Keys) (h Head, name string, err error) {
	err = fmt.Errorf("open head: no key: %w", ErrMalformed)
	for _, k := range claimed {
		if h, err = OpenHead(signed, Keys{k}); err == nil {
			return h, fmt.Sprintf("%s+%08x", k.Name(), k.KeyHash()), nil
		}
	}
	return Head{}, "", err
}

// StrangeKey says what it means that only the key of that name signed a head,
// and what can be done.
func StrangeKey(name string) string {
	return "signed with a key that this workspace does not know: " + name +
		"; if it is a colleague's, add it to keys/trusted or verify with --trust KEY"
}

// ReadHead reads a signed note without checking its signature: for a head that
// comes from a place where only this installation writes.
func ReadHead(signed []byte) (Head, error) {
	if n := noteLength(signed); n == 0 || n != len(signed) {
		return Head{}, fmt.Errorf("head: not a signed note: %w", ErrMalformed)
	}
	text, _, _ := strings.Cut(string(signed), "\n\n")
	h, err := parseCheckpoint(text + "\n")
	if err != nil {
		return Head{}, fmt.Errorf("head: %w", err)
	}
	h.Signed = bytes.Clone(signed)
	return h, nil
}

// parseCheckpoint reads the three lines of a checkpoint. Extension lines, which
// C2SP allows, are refused: we never write one, so one would be foreign.
func parseCheckpoint(text string) (Head, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[3] != "" || lines[0] == "" {
		return Head{}, fmt.Errorf("checkpoint: want origin, size and root: %w", ErrMalformed)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return Head{}, fmt.Errorf("checkpoint: size %.30q: %w", lines[1], ErrMalformed)
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize || len(lines[2]) != 44 {
		return Head{}, fmt.Errorf("checkpoint: root %.60q: %w", lines[2], ErrMalformed)
	}
	return Head{Origin: lines[0], Size: size, Root: hex.EncodeToString(root)}, nil
}

// Heads is a file of signed heads, split into its notes.
type Heads struct {
	Notes [][]byte
	// Torn is the number of bytes at the end that are the beginning of a note:
	// what a crash leaves behind.
	Torn int
}

// SplitHeads splits a file of concatenated notes without checking signatures.
// A last note that is cut off (or followed by the zero bytes that some file
// systems leave after a power loss) is torn; anything else that is not a note
// is an error that says at which byte.
func SplitHeads(b []byte) (Heads, error) {
	var h Heads
	rest := b
	for len(rest) > 0 {
		n := noteLength(rest)
		if n == 0 {
			if !couldBeTorn(rest) {
				return h, fmt.Errorf("heads: byte %d: not a signed head: %w", len(b)-len(rest), ErrMalformed)
			}
			h.Torn = len(rest)
			return h, nil
		}
		h.Notes = append(h.Notes, rest[:n])
		rest = rest[n:]
	}
	return h, nil
}

const signatureMark = "— "

// noteLength is the length of the complete note that b starts with, 0 if there
// is none: three lines, an empty one, and signature lines.
func noteLength(b []byte) int {
	const textLines = 4
	n, signatures := 0, 0
	for i := 0; ; i++ {
		end := bytes.IndexByte(b[n:], '\n')
		if end < 0 {
			break
		}
		l := b[n : n+end]
		if bytes.IndexByte(l, 0) >= 0 {
			return 0
		}
		if i < textLines-1 && len(l) == 0 || i == textLines-1 && len(l) != 0 {
			return 0
		}
		if i >= textLines {
			if !bytes.HasPrefix(l, []byte(signatureMark)) {
				break
			}
			signatures++
		}
		n += end + 1
	}
	if signatures == 0 {
		return 0
	}
	// A further signature line that is cut off belongs to this note.
	if bytes.HasPrefix(b[n:], []byte(signatureMark)) {
		return 0
	}
	return n
}

// couldBeTorn says whether b is a beginning of a note that goes on nowhere.
func couldBeTorn(b []byte) bool {
	b = bytes.TrimRight(b, "\x00")
	lines := bytes.Split(b, []byte("\n"))
	for i, l := range lines {
		last := i == len(lines)-1
		switch {
		case i == 0 && !last && len(l) == 0, i > 5, bytes.IndexByte(l, 0) >= 0:
			return false
		case i == 1 && !digits(l), i == 1 && !last && len(l) == 0:
			return false
		case i == 2 && !last && len(l) != 44, i == 2 && len(l) > 44:
			return false
		case i == 3 && len(l) != 0:
			return false
		case i == 4 && !bytes.HasPrefix(l, []byte(signatureMark)) && (!last || !bytes.HasPrefix([]byte(signatureMark), l)):
			return false
		}
	}
	return true
}

func digits(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// SkipToHead drops the beginning of b up to the first complete head, for b read
// from the middle of a heads file.
func SkipToHead(b []byte) []byte {
	mark := []byte("\n" + signatureMark)
	i := bytes.Index(b, mark)
	if i < 0 {
		return nil
	}
	b = b[i+1:]
	for bytes.HasPrefix(b, []byte(signatureMark)) {
		end := bytes.IndexByte(b, '\n')
		if end < 0 {
			return nil
		}
		b = b[end+1:]
	}
	return b
}
