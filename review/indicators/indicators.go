// Package indicators reads what a review says of the attacker the way machines
// exchange it: addresses, names, hashes and paths that were written for people,
// defanged perhaps, become values that a rule can be made of.
//
// It is pure, and it guesses nothing: a value that is not what its kind says is
// given back among the others, as it is.
package indicators

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"firebreak/record"
	"firebreak/review"
)

// Kind says what an indicator is, finer than record.Subject does.
type Kind string

// The kinds.
const (
	IPv4    Kind = "ipv4"
	IPv6    Kind = "ipv6"
	Domain  Kind = "domain"
	URL     Kind = "url"
	Mail    Kind = "mail"
	MD5     Kind = "MD5"
	SHA1    Kind = "SHA-1"
	SHA256  Kind = "SHA-256"
	SHA512  Kind = "SHA-512"
	Path    Kind = "path"
	Process Kind = "process"
	Account Kind = "account"
)

// IsHash says whether the value is the hash of a file. The kind is then the name
// of its algorithm.
func (k Kind) IsHash() bool { return slices.Contains([]Kind{MD5, SHA1, SHA256, SHA512}, k) }

// Indicator is one value of the attacker's, with where the marked events show it.
type Indicator struct {
	Kind    Kind
	Value   string // as machines read it; a network is written as a prefix
	Network bool
	Subject review.Subject
	Seen    int       // in how many marked events it stands
	First   time.Time // of those that have a time
	Last    time.Time
	Seqs    []int64 // their entries
}

// Of returns the indicators of a review, each once, and the attacker's names that
// have no such form.
func Of(r review.Review) (found []Indicator, others []review.Subject) {
	had := map[string]bool{}
	for _, s := range r.Indicators {
		i, ok := Read(s.Kind, s.Value)
		if !ok {
			others = append(others, s)
			continue
		}
		key := string(i.Kind) + "\x00" + i.Value
		if had[key] {
			continue
		}
		had[key] = true
		i.Subject = s
		i.look(r.Timeline)
		found = append(found, i)
	}
	return found, others
}

// Read reads one value of one kind of record.Subject.
func Read(kind, value string) (Indicator, bool) {
	if !utf8.ValidString(value) || record.Gone(value) {
		return Indicator{}, false
	}
	switch kind {
	case "address":
		return address(Refang(strings.TrimSpace(value)))
	case "domain", "host":
		return domain(Refang(strings.TrimSpace(value)))
	case "url":
		return location(Refang(strings.TrimSpace(value)))
	case "mail":
		return mailbox(Refang(strings.TrimSpace(value)))
	case "hash":
		return hash(strings.TrimSpace(value))
	case "path":
		return Indicator{Kind: Path, Value: value}, strings.ContainsAny(value, `/\`)
	case "process":
		return Indicator{Kind: Process, Value: value}, strings.TrimSpace(value) != ""
	case "account":
		return Indicator{Kind: Account, Value: value}, strings.TrimSpace(value) != ""
	}
	return Indicator{}, false
}

// Refang takes back what was done to a value so that nobody clicks on it.
func Refang(s string) string {
	for _, p := range [][2]string{{"[.]", "."}, {"(.)", "."}, {"[dot]", "."}, {"[@]", "@"}, {"[at]", "@"}, {"[:]", ":"}, {"[://]", "://"}} {
		s = strings.ReplaceAll(s, p[0], p[1])
	}
	if scheme, rest, ok := strings.Cut(s, "://"); ok {
		switch strings.ToLower(scheme) {
		case "hxxp":
			s = "http://" + rest
		case "hxxps":
			s = "https://" + rest
		}
	}
	return s
}

func address(s string) (Indicator, bool) {
	if p, err := netip.ParsePrefix(s); err == nil && !p.Addr().Is4In6() {
		p = p.Masked()
		if p.IsSingleIP() {
			return of(p.Addr()), true
		}
		i := of(p.Addr())
		i.Value, i.Network = p.String(), true
		return i, true
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		with, err := netip.ParseAddrPort(s)
		if err != nil {
			return Indicator{}, false
		}
		a = with.Addr()
	}
	return of(a.WithZone("").Unmap()), true
}

func of(a netip.Addr) Indicator {
	if a.Is4() {
		return Indicator{Kind: IPv4, Value: a.String()}
	}
	return Indicator{Kind: IPv6, Value: a.String()}
}

// domain takes a name of at least two labels, of letters, digits and hyphens.
func domain(s string) (Indicator, bool) {
	s = strings.ToLower(strings.TrimSuffix(s, "."))
	return Indicator{Kind: Domain, Value: s}, isDomain(s)
}

func isDomain(s string) bool {
	labels := strings.Split(s, ".")
	if len(s) > 253 || len(labels) < 2 {
		return false
	}
	for _, l := range labels {
		if l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' {
			return false
		}
		for _, r := range l {
			if r != '-' && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) {
				return false
			}
		}
	}
	return strings.Trim(labels[len(labels)-1], "0123456789") != ""
}

// location takes a URL with a host that RFC 3986 has a form for.
func location(s string) (Indicator, bool) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme == "" || u.Hostname() == "" || strings.ContainsFunc(u.Host, func(r rune) bool { return r >= utf8.RuneSelf || r == '%' }) {
		return Indicator{}, false
	}
	out := u.String()
	for i := range len(out) {
		if c := out[i]; c <= ' ' || c > '~' || strings.IndexByte("\"<>\\^`{|}", c) >= 0 {
			return Indicator{}, false
		}
	}
	return Indicator{Kind: URL, Value: out}, true
}

func mailbox(s string) (Indicator, bool) {
	at := strings.LastIndexByte(s, '@')
	if at < 1 || at > 64 {
		return Indicator{}, false
	}
	local, host := s[:at], strings.ToLower(s[at+1:])
	for _, part := range strings.Split(local, ".") {
		if part == "" {
			return Indicator{}, false
		}
		for i := range len(part) {
			c := part[i]
			if c <= ' ' || c > '~' || strings.IndexByte(`"(),:;<>@[\]`, c) >= 0 {
				return Indicator{}, false
			}
		}
	}
	return Indicator{Kind: Mail, Value: local + "@" + host}, isDomain(host)
}

// hash takes hexadecimal digits; their number says by which algorithm.
func hash(s string) (Indicator, bool) {
	if _, rest, ok := strings.Cut(s, ":"); ok {
		s = rest
	}
	s = strings.ToLower(s)
	if strings.Trim(s, "0123456789abcdef") != "" {
		return Indicator{}, false
	}
	kind, ok := map[int]Kind{32: MD5, 40: SHA1, 64: SHA256, 128: SHA512}[len(s)]
	return Indicator{Kind: kind, Value: s}, ok
}

// look finds the marked events whose text has the value in it.
func (i *Indicator) look(rows []review.Row) {
	for _, row := range rows {
		if !row.Evidence || !i.standsIn(row.Text) && !slices.ContainsFunc(row.Comments, i.standsIn) {
			continue
		}
		i.Seen++
		i.Seqs = append(i.Seqs, row.Seq)
		if row.Time.IsZero() {
			continue
		}
		if i.First.IsZero() || row.Time.Before(i.First) {
			i.First = row.Time
		}
		if row.Time.After(i.Last) {
			i.Last = row.Time
		}
	}
}

// standsIn looks for the whole value: 10.0.0.1 is not in 10.0.0.11.
func (i *Indicator) standsIn(text string) bool {
	if i.Network {
		return false
	}
	for _, value := range slices.Compact([]string{i.Value, i.Subject.Value}) {
		for at := 0; ; {
			n := strings.Index(text[at:], value)
			if n < 0 {
				break
			}
			from, to := at+n, at+n+len(value)
			before, _ := utf8.DecodeLastRuneInString(text[:from])
			after, size := utf8.DecodeRuneInString(text[to:])
			next, _ := utf8.DecodeRuneInString(text[to+size:])
			if (from == 0 || !i.joins(before)) && (to == len(text) || !i.joins(after) || after == '.' && !inWord(next)) {
				return true
			}
			at = from + 1
		}
	}
	return false
}

// joins says whether a character beside a value makes it another one.
func (i *Indicator) joins(r rune) bool {
	return inWord(r) || strings.ContainsRune(".-_@", r) || i.Kind == Path && strings.ContainsRune(`/\`, r)
}

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
