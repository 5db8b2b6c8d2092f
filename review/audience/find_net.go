package audience

import (
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	mostLocal = 64  // bytes before an @ (RFC 5321)
	mostHost  = 253 // bytes of a host's name (RFC 1035)
	mostLabel = 63
)

func localPart(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("._%+-'$", r)
}

// atSign finds a mail address, or user@host, around an @.
func (f *finder) atSign(i int) {
	if f.login == i+1 {
		return
	}
	from := i
	for from > 0 && i-from < mostLocal {
		r, size := utf8.DecodeLastRuneInString(f.text[:from])
		if !localPart(r) {
			break
		}
		from -= size
	}
	for from < i && strings.IndexByte(".-'%+", f.text[from]) >= 0 {
		from++
	}
	to, labels, named := f.host(i + 1)
	if from == i || to == i+1 || f.byteAt(from-1) == '/' && !strings.HasSuffix(f.text[:from], "//") && !strings.HasSuffix(f.text[:from], ":/") {
		return // a version of something: actions/checkout@v4
	}
	user, host := f.text[from:i], f.text[i+1:to]
	if labels > 1 && named {
		f.add(from, to, Mail)
		return
	}
	if a, err := netip.ParseAddr(host); err == nil && a.Is4() || labels == 1 && named && !isVersion(host) && len(user) > 1 {
		f.user(from, i)
		if err == nil || isCommon(host) {
			return // the address is found by itself
		}
		f.add(i+1, to, Host)
	}
}

// user is the account of a user@host.
func (f *finder) user(from, to int) {
	if name := f.text[from:to]; !isCommon(name) {
		f.add(from, to, Account)
	}
}

func isVersion(s string) bool {
	s = strings.TrimPrefix(lower(s), "v")
	return s != "" && isDigit(s[0]) || s == "latest" || s == "main" || s == "master"
}

// host reads the name of a host: where it ends, of how many parts it is, and
// whether the last has a letter, as a name's has.
func (f *finder) host(i int) (to, labels int, named bool) {
	to = i
	for at := i; at < len(f.text) && at-i < mostHost; {
		end := at
		letter := false
		for end < len(f.text) && end-at < mostLabel {
			r, size := utf8.DecodeRuneInString(f.text[end:])
			if r != '-' && r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) || r == utf8.RuneError {
				break
			}
			letter = letter || unicode.IsLetter(r)
			end += size
		}
		for end > at && (f.text[end-1] == '-' || f.text[end-1] == '_') {
			end--
		}
		if end == at {
			break
		}
		to, labels, named = end, labels+1, letter
		if f.byteAt(end) != '.' {
			break
		}
		at = end + 1
	}
	return to, labels, named
}

// userinfo takes user and password out of a URL: the password is a secret whoever
// reads, the user is somebody.
func (f *finder) userinfo(i int) {
	end := f.run(i, 512, func(c byte) bool {
		return c > ' ' && c != '/' && c != '?' && c != '#' && c != '"' && c != '\'' && c != '<' && c != '>'
	})
	at := strings.LastIndexByte(f.text[i:end], '@')
	if at < 0 {
		return
	}
	f.login = i + at + 1
	user, password, both := strings.Cut(f.text[i:i+at], ":")
	if both && password != "" {
		from := i + len(user) + 1
		f.out = append(f.out, found{from: from, to: i + at, kind: Secret, value: "the password of a URL", put: hidden})
	}
	if user != "" {
		f.user(i, i+len(user))
	}
}

// address finds an IPv4 or IPv6 address. One that every machine has is nobody's.
func (f *finder) address(i int) {
	four := f.run(i, 16, func(c byte) bool { return isDigit(c) || c == '.' })
	if a, ok := f.parse(i, four); ok && a.Is4() && !f.numbered(i) {
		if keptAddress(a) {
			return
		}
		f.add(i, i+len(strings.TrimRight(f.text[i:four], ".")), Address)
		return
	}
	six := f.run(i, 46, func(c byte) bool { return isHex(rune(c)) || c == ':' || c == '.' })
	a, ok := f.parse(i, six)
	if !ok || !a.Is6() || keptAddress(a) || strings.Count(f.text[i:six], ":") < 2 {
		return
	}
	to := i + len(strings.TrimRight(f.text[i:six], ".:"))
	if strings.HasSuffix(f.text[i:six], "::") {
		to = six
	}
	if f.byteAt(to) == '%' { // the interface it was seen on
		to = f.run(to+1, 16, func(c byte) bool { return isDigit(c) || isLetter(c) || c == '.' || c == '-' })
	}
	f.add(i, to, Address)
}

// parse reads an address of a stretch, without what ends the sentence behind it.
func (f *finder) parse(i, to int) (netip.Addr, bool) {
	text := f.text[i:to]
	if !f.ends(to) || !strings.ContainsAny(text, ".:") {
		return netip.Addr{}, false
	}
	for _, s := range []string{text, strings.TrimRight(text, "."), strings.TrimRight(text, ".:")} {
		if a, err := netip.ParseAddr(s); err == nil {
			return a, true
		}
	}
	return netip.Addr{}, false
}

// numbered says whether what stands there is the number of a version.
func (f *finder) numbered(i int) bool {
	before := lower(f.text[max(0, i-9):i])
	return strings.HasSuffix(before, "version ") || strings.HasSuffix(before, "release ") || f.byteAt(i-1) == '.' && isDigit(f.byteAt(i-2))
}

func keptAddress(a netip.Addr) bool {
	a = a.Unmap()
	return a.IsLoopback() || a.IsUnspecified() || a == netip.AddrFrom4([4]byte{255, 255, 255, 255})
}

// mac finds the address of a network card, in three ways to write it.
func (f *finder) mac(i int) {
	hex := func(c byte) bool { return isHex(rune(c)) }
	if f.byteAt(i-1) == ':' || f.byteAt(i-1) == '-' {
		return
	}
	first := f.run(i, 5, hex) - i
	sep := f.byteAt(i + first)
	groups := map[int]int{2: 6, 4: 3}[first]
	if groups == 0 || first == 2 && sep != ':' && sep != '-' || first == 4 && sep != '.' {
		return
	}
	at := i
	for n := 1; ; n++ {
		end := f.run(at, first+1, hex)
		if end-at != first {
			return
		}
		if n == groups {
			longer := f.byteAt(end) == sep && isHex(rune(f.byteAt(end+1)))
			text := lower(f.text[i:end])
			if f.ends(end) && !longer && strings.Trim(text, "0:-.") != "" && strings.Trim(text, "f:-.") != "" { // nobody's, and everybody's
				f.add(i, end, MAC)
			}
			return
		}
		if f.byteAt(end) != sep {
			return
		}
		at = end + 1
	}
}

// domain finds the full name of a host.
func (f *finder) domain(i int) {
	switch f.byteAt(i - 1) {
	case '.', '-':
		return
	case '@':
		if f.login != i {
			return
		}
	case '/', '\\':
		if c := f.text[i-1]; f.byteAt(i-2) != c { // the last part of a path is a file
			return
		}
	}
	to, labels, named := f.host(i)
	if labels < 2 || !named || !f.ends(to) || f.byteAt(to) == '@' || f.byteAt(to) == '(' {
		return
	}
	name := f.text[i:to]
	last := name[strings.LastIndexByte(name, '.')+1:]
	rest := strings.TrimSuffix(name, "."+last)
	if !isTop(last) || labels == 2 && fileEnds[lower(last)] && f.byteAt(i-1) != '/' || last != lower(last) && name != strings.ToUpper(name) {
		return
	}
	if second := rest[strings.LastIndexByte(rest, '.')+1:]; !strings.ContainsFunc(second, unicode.IsLetter) {
		return // a version: 1.2.dev
	}
	f.add(i, to, Domain)
}
