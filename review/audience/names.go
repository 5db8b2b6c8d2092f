package audience

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"firebreak/incident"
	"firebreak/record"
)

// who is somebody or something that is known, with all that it is called by.
type who struct {
	kind      Kind
	value     string // that its pseudonym is made of
	as        string
	responder bool
	attacker  bool
	shape     bool // nobody is known by it: it was found in a text of the record
	roles     []incident.Role
	word      string // the role that stands for a responder
}

// known are the names of an incident.
type known struct {
	all    map[string]*who // by kind and normalised value
	byID   map[string]*who // people by the pseudonym that the record has
	words  trie
	common map[string]bool // names that were left out, as they are words of every text
	told   map[incident.Role][]*who
	// Of the attacker, by their normal form: what lies under one of the domains, or
	// in one of the networks, is the attacker's, too.
	theirs   map[string]bool
	domains  map[string]bool
	networks []netip.Prefix
}

func newKnown() *known {
	return &known{
		all: map[string]*who{}, byID: map[string]*who{}, common: map[string]bool{}, told: map[incident.Role][]*who{},
		theirs: map[string]bool{}, domains: map[string]bool{},
	}
}

// mostNames bounds what is searched for.
const mostNames = 20000

const (
	leastName = 2   // letters: a shorter one is in every word
	mostName  = 256 // bytes: a longer one is no name
	leastFold = 4   // letters: a shorter name is searched for as it is written only
)

// add makes a name known, and returns whose it is; nil when it cannot be
// anybody's.
func (k *known) add(n Name) *who {
	value := strings.TrimSpace(norm.NFC.String(n.Value))
	if record.Gone(value) || strings.ContainsAny(value, "*?\n") || len(value) > mostName || len(k.all) >= mostNames {
		return nil
	}
	if n.Kind == Host || n.Kind == Domain || n.Kind == Address {
		n.Kind, value = machineOf(n.Kind, value)
	}
	if n.Kind == Person || n.Kind == Account { // a roster names people by their mail address
		if local, host, ok := strings.Cut(value, "@"); ok && local != "" && host != "" {
			w := k.put(n, local)
			k.called(w, value, n.Sure)
			return w
		}
	}
	return k.put(n, value)
}

// machineOf tells a host's name from its address, and takes port and user off.
func machineOf(kind Kind, value string) (Kind, string) {
	if _, h, ok := strings.Cut(value, "@"); ok {
		value = h
	}
	if a, err := netip.ParseAddr(strings.Trim(value, "[]")); err == nil {
		return Address, a.String()
	}
	if ap, err := netip.ParseAddrPort(value); err == nil {
		return Address, ap.Addr().String()
	}
	if kind != Address {
		value, _, _ = strings.Cut(value, ":")
	}
	return kind, strings.TrimRight(value, ".")
}

func (k *known) put(n Name, value string) *who {
	if n.Kind != Person && n.Kind != Account && isCommon(value) && !n.Sure || utf8.RuneCountInString(value) < leastName {
		k.common[strings.ToLower(value)] = true
		return nil
	}
	id := prefixes[n.Kind] + "\x00" + Normal(n.Kind, value)
	w := k.all[id]
	if w == nil {
		w = &who{kind: n.Kind, value: value}
		k.all[id] = w
	}
	w.responder = w.responder || n.Responder
	if n.As != "" {
		w.as = n.As
	}
	switch n.Kind { //nolint:exhaustive // the others are called one thing
	case Person, Account:
		k.people(w, value, n.Sure)
	case Host, Domain:
		k.called(w, value, n.Sure)
	case Path, Process, URL, Other, Hash, Mail, Group:
		k.called(w, value, n.Sure)
	}
	return w
}

// people takes what a person is called by: the whole name, the account without its
// domain, and each part of a name of several, as it is written.
func (k *known) people(w *who, value string, sure bool) {
	k.called(w, value, sure)
	if domain, account, ok := strings.Cut(value, `\`); ok && domain != "" {
		k.called(w, account, sure)
		return
	}
	parts := strings.FieldsFunc(value, func(r rune) bool { return r == ' ' || r == ',' })
	if len(parts) < 2 || len(parts) > 5 {
		return
	}
	if len(parts) == 2 { // Lovelace, Ada
		k.called(w, parts[1]+" "+parts[0], sure)
		k.called(w, parts[1]+", "+parts[0], sure)
		k.called(w, parts[0]+"."+parts[1], sure)
	}
	for _, p := range parts {
		first, _ := utf8.DecodeRuneInString(p)
		if n := utf8.RuneCountInString(p); n < 3 || !unicode.IsUpper(first) && unicode.IsLower(first) {
			continue
		}
		if ambiguous[strings.ToLower(p)] || isCommon(p) {
			k.common[strings.ToLower(p)] = true
			continue
		}
		k.words.add(p, w, true)
	}
}

// called has texts searched for what somebody is called.
func (k *known) called(w *who, value string, sure bool) {
	n := utf8.RuneCountInString(value)
	if w == nil || n < leastName {
		return
	}
	if isCommon(value) && !sure {
		k.common[strings.ToLower(value)] = true
		return
	}
	k.words.add(value, w, n < leastFold)
}

// shortHosts lets a host be found by the first part of its full name, where only
// one has it.
func (k *known) shortHosts() {
	full := map[string][]*who{}
	for _, w := range k.all {
		if (w.kind == Host || w.kind == Domain) && !w.shape {
			if first, _, ok := strings.Cut(strings.ToLower(w.value), "."); ok {
				full[first] = append(full[first], w)
			}
		}
	}
	for first, of := range full {
		id := prefixes[Host] + "\x00" + first
		short := k.all[id]
		switch {
		case len(of) > 1 || of[0].attacker || utf8.RuneCountInString(first) < 3:
		case short != nil && !short.attacker:
			short.value, short.as = of[0].value, firstOf(short.as, of[0].as)
			short.kind = of[0].kind
		case short == nil && !isCommon(first):
			k.words.add(first, of[0], utf8.RuneCountInString(first) < leastFold)
		}
	}
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// attacker says that something is the attacker's. Who works on the incident is not:
// a name that is both stays hidden. A person's name, number or account of money is
// no indicator, whoever it is.
func (k *known) attacker(kind Kind, value string) {
	switch kind { //nolint:exhaustive // people and what is theirs are no indicators
	case Person, Phone, IBAN, Card:
		return
	case Path, Process, Other, Secret, Time, Count, Group: // the names inside stay hidden
		return
	}
	value = strings.TrimSpace(value)
	switch kind { //nolint:exhaustive // the others are what they are
	case Host, Domain:
		kind, value = machineOf(kind, value)
	case URL:
		host := value
		if _, rest, ok := strings.Cut(host, "://"); ok {
			host = rest
		}
		if i := strings.IndexAny(host, "/?#"); i >= 0 {
			host = host[:i]
		}
		kind, value = machineOf(Domain, host)
	case Address:
		if p, err := netip.ParsePrefix(value); err == nil {
			k.networks = append(k.networks, p.Masked())
			return
		}
	}
	if kind == Host || kind == Domain {
		k.domains[Normal(Domain, value)] = true
	}
	id := prefixes[kind] + "\x00" + Normal(kind, value)
	k.theirs[id] = true
	w := k.all[id]
	if w == nil {
		w = &who{kind: kind, value: value}
		k.all[id] = w
		k.called(w, value, true)
	}
	w.attacker = !w.responder
}

// isTheirs says whether what was found is an indicator of the attacker.
func (k *known) isTheirs(kind Kind, value string) bool {
	if k.theirs[prefixes[kind]+"\x00"+Normal(kind, value)] {
		return true
	}
	switch kind { //nolint:exhaustive // the others are theirs whole, or not
	case Address:
		a, err := netip.ParseAddr(value)
		return err == nil && slices.ContainsFunc(k.networks, func(p netip.Prefix) bool { return p.Contains(a.Unmap()) })
	case Mail:
		_, host, _ := strings.Cut(value, "@")
		return k.underTheirs(host)
	case Host, Domain:
		return k.underTheirs(value)
	}
	return false
}

func (k *known) underTheirs(host string) bool {
	host = Normal(Domain, host)
	for host != "" {
		if k.domains[host] {
			return strings.Contains(host, ".")
		}
		_, host, _ = strings.Cut(host, ".")
	}
	return false
}

// holds notes that a person has a role.
func (k *known) holds(w *who, r incident.Role) {
	if w == nil || r == "" || slices.Contains(w.roles, r) {
		return
	}
	w.roles = append(w.roles, r)
	if !slices.Contains(k.told[r], w) {
		k.told[r] = append(k.told[r], w)
	}
	if w.word == "" {
		w.word = string(r)
		if n := len(k.told[r]); n > 1 {
			w.word += " " + strconv.Itoa(n)
		}
	}
}
