package sshsig

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// Limits of a roster.
const (
	maxRoster = 1 << 20
	maxLines  = 10_000
	maxLine   = 32 << 10
)

// Roster is a parsed allowed_signers file: whose keys are whose. The zero
// value vouches for nobody.
type Roster struct {
	Lines []Line
}

// Line is one key of a roster.
type Line struct {
	Number      int       // in the file, from 1
	Principals  []string  // names or patterns, as they stand there
	Namespaces  []string  // patterns; nil allows any
	ValidAfter  time.Time // zero: always
	ValidBefore time.Time // zero: for ever
	Key         ssh.PublicKey
	Comment     string
}

// Fingerprint is the key's: SHA256:…
func (l Line) Fingerprint() string { return ssh.FingerprintSHA256(l.Key) }

// LineError is a line of a roster that cannot be read. It does not repeat the
// line.
type LineError struct {
	Number int
	Err    error
}

// Error implements error.
func (e *LineError) Error() string { return fmt.Sprintf("line %d: %v", e.Number, e.Err) }

// Unwrap returns the cause.
func (e *LineError) Unwrap() error { return e.Err }

// ParseRoster reads an allowed_signers file (ssh-keygen(1), ALLOWED SIGNERS).
// Lines that cannot be read are left out and told in the error, one *LineError
// each, beside the roster of the others: a slip of the pen locks nobody out. A
// time without a Z is taken for UTC, for which ssh-keygen takes local time.
func ParseRoster(b []byte) (Roster, error) {
	var r Roster
	if len(b) > maxRoster {
		return r, fmt.Errorf("roster: longer than %d bytes", maxRoster)
	}
	var bad []error
	n := 0
	for text := range bytes.Lines(b) {
		n++
		if n > maxLines {
			bad = append(bad, &LineError{n, fmt.Errorf("a roster has %d lines at most; the rest is not read", maxLines)})
			break
		}
		text = bytes.TrimSpace(text)
		if len(text) == 0 || text[0] == '#' {
			continue
		}
		l, err := parseLine(string(text))
		if err != nil {
			bad = append(bad, &LineError{n, err})
			continue
		}
		l.Number = n
		r.Lines = append(r.Lines, l)
	}
	return r, errors.Join(bad...)
}

// ParseLine reads one line of a roster.
func ParseLine(text string) (Line, error) { return parseLine(strings.TrimSpace(text)) }

func parseLine(text string) (Line, error) {
	var l Line
	if len(text) > maxLine {
		return l, fmt.Errorf("longer than %d bytes", maxLine)
	}
	for _, c := range text {
		if c < ' ' && c != '\t' || c == 0x7f {
			return l, errors.New("control characters")
		}
	}
	who, rest, err := word(text)
	if err != nil {
		return l, fmt.Errorf("principals: %w", err)
	}
	if l.Principals, err = patterns(who, "principals"); err != nil {
		return l, err
	}
	next, after, err := word(rest)
	if err != nil {
		return l, fmt.Errorf("options: %w", err)
	}
	if !knownType(next) {
		options, afterOptions, err := optionWord(rest)
		if err != nil {
			return l, fmt.Errorf("options: %w", err)
		}
		if err := l.options(options); err != nil {
			return l, err
		}
		if next, after, err = word(afterOptions); err != nil {
			return l, fmt.Errorf("key: %w", err)
		}
	}
	return l, l.key(next, after)
}

// key reads the type, the key and the comment.
func (l *Line) key(keyType, rest string) error {
	encoded, comment, _ := strings.Cut(strings.TrimLeft(rest, " \t"), " ")
	blob, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	if err != nil || len(blob) == 0 {
		return errors.New("key: want principals, options, a key type and the key in base64")
	}
	if l.Key, err = ssh.ParsePublicKey(blob); err != nil {
		return errors.New("key: cannot be read")
	}
	if l.Key.Type() != keyType {
		return fmt.Errorf("key: it is of type %.60s, the line says %.60s", l.Key.Type(), keyType)
	}
	if err := usable(l.Key); err != nil {
		return fmt.Errorf("key: %w", err)
	}
	l.Comment = strings.TrimSpace(comment)
	return nil
}

// options reads the options, separated by commas outside quotes.
func (l *Line) options(text string) error {
	for _, o := range splitOptions(text) {
		name, value, given := strings.Cut(o, "=")
		name = strings.ToLower(name)
		if given {
			if len(value) < 2 || value[0] != '"' || value[len(value)-1] != '"' {
				return fmt.Errorf("option %.40q: want its value in double quotes", name)
			}
			value = strings.ReplaceAll(value[1:len(value)-1], `\"`, `"`)
		}
		var err error
		switch {
		case name == "cert-authority":
			return errors.New("cert-authority: certificates are not supported; write a line for each person's own key")
		case name == "namespaces" && given && l.Namespaces == nil:
			l.Namespaces, err = patterns(value, "namespaces")
		case name == "valid-after" && given && l.ValidAfter.IsZero():
			l.ValidAfter, err = moment(value)
		case name == "valid-before" && given && l.ValidBefore.IsZero():
			l.ValidBefore, err = moment(value)
		case name == "namespaces" || name == "valid-after" || name == "valid-before":
			return fmt.Errorf("option %s: want it once, with a value", name)
		default:
			return fmt.Errorf("option %.40q is not known (and the key type is not, if it was meant as one)", name)
		}
		if err != nil {
			return fmt.Errorf("option %s: %w", name, err)
		}
	}
	if !l.ValidAfter.IsZero() && !l.ValidBefore.IsZero() && !l.ValidBefore.After(l.ValidAfter) {
		return errors.New("valid-before is not after valid-after: the key is never valid")
	}
	return nil
}

// moment reads YYYYMMDD[HHMM[SS]][Z].
func moment(s string) (time.Time, error) {
	digits := strings.TrimSuffix(strings.TrimSuffix(s, "Z"), "z")
	layout := map[int]string{8: "20060102", 12: "200601021504", 14: "20060102150405"}[len(digits)]
	t, err := time.Parse(layout, digits)
	if layout == "" || err != nil {
		return time.Time{}, errors.New("want a time as in 20261231 or 202612312359Z")
	}
	return t, nil
}

// patterns splits a list of patterns.
func patterns(s, what string) ([]string, error) {
	list := strings.Split(s, ",")
	for _, p := range list {
		if strings.Trim(p, "!") == "" || strings.ContainsAny(p, " \t\"") {
			return nil, fmt.Errorf("%s: want names with commas between, without blanks", what)
		}
	}
	return list, nil
}

// word takes the first word of a line; it may be quoted.
func word(s string) (first, rest string, err error) {
	s = strings.TrimLeft(s, " \t")
	if strings.HasPrefix(s, `"`) {
		first, rest, closed := strings.Cut(s[1:], `"`)
		if !closed {
			return "", "", errors.New("a quote is not closed")
		}
		return first, rest, nil
	}
	i := strings.IndexAny(s, " \t")
	if i < 0 {
		i = len(s)
	}
	if i == 0 {
		return "", "", errors.New("the line ends too early")
	}
	return s[:i], s[i:], nil
}

// optionWord takes the options: up to the first blank outside quotes.
func optionWord(s string) (first, rest string, err error) {
	s = strings.TrimLeft(s, " \t")
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && quoted && i+1 < len(s) && s[i+1] == '"':
			i++
		case s[i] == '"':
			quoted = !quoted
		case !quoted && (s[i] == ' ' || s[i] == '\t'):
			return s[:i], s[i:], nil
		}
	}
	if quoted {
		return "", "", errors.New("a quote is not closed")
	}
	return s, "", nil
}

func splitOptions(s string) []string {
	var out []string
	quoted, from := false, 0
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && quoted && i+1 < len(s) && s[i+1] == '"':
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == ',' && !quoted:
			out = append(out, s[from:i])
			from = i + 1
		}
	}
	return append(out, s[from:])
}

func knownType(s string) bool {
	return slices.Contains([]string{
		ssh.KeyAlgoED25519, ssh.KeyAlgoSKED25519, ssh.KeyAlgoSKECDSA256, ssh.KeyAlgoECDSA256,
		ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521, ssh.KeyAlgoRSA,
	}, s)
}
