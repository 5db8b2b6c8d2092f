package sshsig

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"firebreak/record"
)

// Check implements record.Roster: the signature is over the text, for that
// purpose, and its key is one that the roster gives to the principal, for that
// namespace, at that time. A good signature by a key that stands in no line is
// record.ErrStranger.
func (r Roster) Check(sig record.Signature, namespace string, text []byte, at time.Time) error {
	s, err := Parse([]byte(sig.Armored))
	if err != nil {
		return err
	}
	if s.Fingerprint() != sig.Key || s.Type() != sig.Type {
		return fmt.Errorf("it was made with the key %s %s, not with the one that the entry names", s.Type(), s.Fingerprint())
	}
	if sig.Verified && !s.Verified() {
		return errors.New("it claims a PIN or a finger, and the token asked for none")
	}
	if sig.Namespace != namespace || sig.Text != string(text) {
		return fmt.Errorf("it is kept as one over another text or for another purpose (%.60q)", sig.Namespace)
	}
	if err := s.Check(namespace, text); err != nil {
		return err
	}
	return r.Allows(s.Key, sig.Principal, namespace, at)
}

// Allows says whether the key is the principal's, for that namespace and time.
func (r Roster) Allows(key ssh.PublicKey, principal, namespace string, at time.Time) error {
	known, named := false, false
	var why error
	for _, l := range r.Lines {
		if !bytes.Equal(l.Key.Marshal(), key.Marshal()) {
			continue
		}
		known = true
		if !matches(l.Principals, principal) {
			continue
		}
		named = true
		if err := l.allows(namespace, at); err != nil {
			why = err
			continue
		}
		return nil
	}
	switch {
	case !known:
		return record.ErrStranger
	case !named:
		return fmt.Errorf("the roster gives the key to somebody else than %.100q", principal)
	}
	return why
}

// allows says whether the line holds for that purpose at that time.
func (l Line) allows(namespace string, at time.Time) error {
	switch {
	case l.Namespaces != nil && !matches(l.Namespaces, namespace):
		return fmt.Errorf("roster line %d: the key is not for %s", l.Number, namespace)
	case !l.ValidAfter.IsZero() && at.Before(l.ValidAfter):
		return fmt.Errorf("roster line %d: the key is not valid before %s", l.Number, l.ValidAfter.Format(time.RFC3339))
	case !l.ValidBefore.IsZero() && !at.Before(l.ValidBefore):
		return fmt.Errorf("roster line %d: the key is not valid since %s", l.Number, l.ValidBefore.Format(time.RFC3339))
	}
	return nil
}

// Principals are the names that the roster gives to a key for that namespace
// and time: what ssh-keygen -Y find-principals prints, without patterns, which
// name nobody.
func (r Roster) Principals(key ssh.PublicKey, namespace string, at time.Time) []string {
	var out []string
	for _, l := range r.Lines {
		if !bytes.Equal(l.Key.Marshal(), key.Marshal()) || l.allows(namespace, at) != nil {
			continue
		}
		for _, p := range l.Principals {
			if !strings.ContainsAny(p, "*?!") && !slices.Contains(out, p) && matches(l.Principals, p) {
				out = append(out, p)
			}
		}
	}
	return out
}

// Knows says whether some line has the key, valid or not.
func (r Roster) Knows(key ssh.PublicKey) bool {
	return slices.ContainsFunc(r.Lines, func(l Line) bool { return bytes.Equal(l.Key.Marshal(), key.Marshal()) })
}

// Names says whether some line names the principal itself, not by a pattern.
func (r Roster) Names(principal string) bool {
	return slices.ContainsFunc(r.Lines, func(l Line) bool { return slices.Contains(l.Principals, principal) })
}

// matches is OpenSSH's match_pattern_list: one of the patterns matches, and
// none of those with a ! before them does.
func matches(list []string, s string) bool {
	found := false
	for _, p := range list {
		if not, ok := strings.CutPrefix(p, "!"); ok {
			if like(not, s) {
				return false
			}
			continue
		}
		found = found || like(p, s)
	}
	return found
}

// like matches * and ?. It goes back only to the last star, so that no pattern
// takes longer than the product of both lengths.
func like(pattern, s string) bool {
	p, i, star, from := 0, 0, -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p++
			i++
		case star >= 0:
			from++
			p, i = star+1, from
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}
