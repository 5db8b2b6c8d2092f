package review

import (
	"cmp"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"firebreak/internal/redact"
	"firebreak/record"
)

// Mask takes names and addresses out of a text for readers who may not see them,
// and secrets out of any text. What the reader's profile lets out stays.
type Mask struct {
	names    *regexp.Regexp
	standIn  map[string]string // by the name in lower case; a short one as it is written
	hosts    bool              // addresses of hosts go, too
	people   bool              // addresses of people go, too
	Replaced []string          // what stands in the place of something, in the order it was met
}

// Masked are names that may stand in the texts of an incident, each with what is
// to stand in its place.
type Masked struct {
	People, Hosts map[string]string
}

// What stands where an address was.
const (
	anAddress = "(address)"
	aMailbox  = "(mail address)"
	aHost     = "(host)"
)

// Find adds the mail addresses and the names of hosts that stand in a text of the
// record: whoever inserts that text shows them.
func (m Masked) Find(text string) {
	for _, found := range mailbox.FindAllString(text, -1) {
		m.People[found] = aMailbox
	}
	for _, found := range domain.FindAllString(mailbox.ReplaceAllString(text, " "), -1) {
		m.Hosts[found] = aHost
	}
}

// NewMask is the mask for readers who see no more than each of the profiles lets
// out.
func NewMask(m Masked, profiles ...record.Profile) *Mask {
	k := &Mask{standIn: map[string]string{}}
	for _, p := range profiles {
		k.people = k.people || !p.ShowsPeople()
		k.hosts = k.hosts || !p.ShowsHosts()
	}
	if k.people {
		k.add(m.People)
	}
	if k.hosts {
		k.add(m.Hosts)
	}
	names := slices.SortedFunc(maps.Keys(k.standIn), func(a, b string) int { // a name may be part of a longer one
		return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b))
	})
	for i, n := range names {
		if names[i] = regexp.QuoteMeta(n); utf8.RuneCountInString(n) >= 4 {
			names[i] = "(?i:" + names[i] + ")"
		}
	}
	if len(names) > 0 {
		k.names = regexp.MustCompile(strings.Join(names, "|"))
	}
	return k
}

// common are names that are words of every text: nobody is known by them.
var common = []string{"root", "admin", "administrator", "user", "system", "nobody", "firebreak", "localhost", "host", "unknown", "test"}

// mostNames bounds what is searched for.
const mostNames = 5000

func (k *Mask) add(names map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(names)) {
		as := folded(strings.TrimSpace(name))
		if utf8.RuneCountInString(as) < 2 || slices.Contains(common, strings.ToLower(as)) || len(k.standIn) >= mostNames {
			continue
		}
		k.standIn[as] = names[name]
	}
}

// folded is a name as it is searched for: a long one however it is written, a
// short one only as it is, or every "am" and "it" would be somebody's.
func folded(name string) string {
	if utf8.RuneCountInString(name) < 4 {
		return name
	}
	return strings.ToLower(name)
}

// Strict masks a text that was put together from the record: names, addresses of
// hosts and of people, secrets.
func (k *Mask) Strict(text string) string {
	text = k.Typed(text)
	if k.people {
		text = k.swap(text, mailbox, func(string) (string, bool) { return aMailbox, true })
	}
	if k.hosts {
		text = k.swap(text, domain, func(string) (string, bool) { return aHost, true })
	}
	return text
}

// Typed masks a text that somebody wrote for its readers: a mail address that is
// nobody's known one stays, as it may be where they can ask.
func (k *Mask) Typed(text string) string {
	text = k.HideSecrets(text)
	if k.names != nil {
		text = k.named(text)
	}
	if k.hosts {
		text = k.swap(text, numeric, func(found string) (string, bool) {
			trimmed := strings.TrimRight(found, ".:")
			_, err := netip.ParseAddr(trimmed)
			return anAddress + found[len(trimmed):], err == nil
		})
	}
	return text
}

// HideSecrets takes what looks like a credential out of a text.
func (k *Mask) HideSecrets(text string) string {
	out := redact.Shaped(text)
	if out != text {
		k.Replaced = append(k.Replaced, redact.Hidden)
	}
	return out
}

func (k *Mask) swap(text string, shape *regexp.Regexp, with func(string) (string, bool)) string {
	return shape.ReplaceAllStringFunc(text, func(found string) string {
		out, ok := with(found)
		if !ok {
			return found
		}
		k.Replaced = append(k.Replaced, strings.TrimRight(out, ".:"))
		return out
	})
}

// named replaces whole names only: "ada" is not in "adapter".
func (k *Mask) named(text string) string {
	var b strings.Builder
	for at := 0; ; {
		loc := k.names.FindStringIndex(text[at:])
		if loc == nil {
			b.WriteString(text[at:])
			return b.String()
		}
		from, to := at+loc[0], at+loc[1]
		if !borders(text, from, to) {
			_, size := utf8.DecodeRuneInString(text[from:])
			b.WriteString(text[at : from+size])
			at = from + size
			continue
		}
		standIn := k.standIn[folded(text[from:to])]
		b.WriteString(text[at:from] + standIn)
		k.Replaced = append(k.Replaced, standIn)
		at = to
	}
}

func borders(text string, from, to int) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:from])
	after, _ := utf8.DecodeRuneInString(text[to:])
	return (from == 0 || !inWord(before)) && (to == len(text) || !inWord(after))
}

func inWord(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }

var (
	mailbox = regexp.MustCompile(`[\p{L}\p{N}._%+-]{1,64}@[\p{L}\p{N}-]{1,63}(?:\.[\p{L}\p{N}-]{1,63}){1,8}`)
	domain  = regexp.MustCompile(`\b[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,62}\.){1,8}[\p{L}][\p{L}\p{N}-]{1,62}\b`)
	numeric = regexp.MustCompile(`\b(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}\b|(?:[0-9A-Fa-f]{0,4}:){2,7}(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f]{0,4}))`)
)
