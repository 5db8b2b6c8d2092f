package audience

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"firebreak/internal/lazyre"
)

// strangers are words of what people wrote that look like somebody's name, or like
// that of a machine, and that nobody gave the incident. Nothing is claimed of them:
// they are for a person to look at before a text leaves.

// written are the fields that people type.
var written = set(`
	text title summary impact reason note comment says public executive regulator verify known alternatives question choice basis place class as
	message answers by_hand how
`)

// machineWords are words that end with a number and are no machine's name.
var machineWords = set(`
	sha1 sha256 sha384 sha512 md5 utf8 utf-8 utf16 utf-16 ipv4 ipv6 http1 http2 http3 base64 base32 ed25519 x86 amd64 arm64 python3 sqlite3 ext4 log4j
	oauth2 tls1 smbv1 smbv2 smbv3 iso27001 iso-27001 sp800 covid-19 win10 win11
`)

var (
	machineWord = lazyre.New(`^[a-z]{2,}[a-z0-9]*(?:-[a-z0-9]+)*-?\d{1,4}$`)
	hexWord     = lazyre.New(`^[0-9a-f]{6,}$`)
)

// look notes the strangers of a text, outside of what was found in it.
func (m *Mask) look(text string, all []found) {
	field, _, _ := strings.Cut(m.at.Field, ".")
	if m.field.exact || !written[field] || len(text) > mostLooked || m.at.Seq == 0 {
		return
	}
	people, machines := m.rules.hidden[Person], m.rules.hidden[Host]
	if !people && !machines {
		return
	}
	taken := func(from, to int) bool {
		return slices.ContainsFunc(all, func(x found) bool { return x.from < to && from < x.to })
	}
	words := wordsOf(text)
	for i := 0; i < len(words); i++ {
		w := words[i]
		if taken(w.from, w.to) {
			continue
		}
		if name := text[w.from:w.to]; machines && machineWord.MatchString(name) && !machineWords[name] && !hexWord.MatchString(name) {
			m.strange(Host, name, w, text)
			continue
		}
		last := i
		for last+1 < len(words) && last < i+3 && words[last+1].capital && text[words[last].to:words[last+1].from] == " " && !taken(words[last+1].from, words[last+1].to) {
			last++
		}
		if !people || !w.capital || last == i && w.first {
			continue
		}
		if last > i && w.first && (isCommon(lower(text[w.from:w.to])) || ordinary[lower(text[w.from:w.to])]) {
			i++ // "Then Quillfeather …"
			w = words[i]
		}
		if !ordinaryWords(text, words[i:last+1]) {
			m.strange(Person, text[w.from:words[last].to], stretch{from: w.from, to: words[last].to}, text)
		}
		i = last
	}
}

// mostLooked is the longest text that is looked through: what is longer nobody typed.
const mostLooked = 64 << 10

// stretch is a word of a text.
type stretch struct {
	from, to int
	capital  bool // it begins with a capital and goes on in small letters
	first    bool // it begins a sentence, where every word has a capital
}

func wordsOf(text string) []stretch {
	var out []stretch
	first := true
	for i := 0; i < len(text); {
		c, size := utf8.DecodeRuneInString(text[i:])
		if !unicode.IsLetter(c) && !unicode.IsDigit(c) {
			first = first || strings.ContainsRune(".:!?\n;\"“„(-•*#", c)
			i += size
			continue
		}
		w := stretch{from: i, first: first, capital: unicode.IsUpper(c)}
		small := 0
		for j := i + size; ; {
			c, size := utf8.DecodeRuneInString(text[j:])
			next := rune(' ')
			if j+size < len(text) {
				next, _ = utf8.DecodeRuneInString(text[j+size:])
			}
			inside := unicode.IsLetter(c) || unicode.IsDigit(c) || unicode.IsMark(c) || (c == '-' || c == '\'' || c == '’') && (unicode.IsLetter(next) || unicode.IsDigit(next))
			if j >= len(text) || !inside {
				w.to = j
				break
			}
			if unicode.IsLower(c) {
				small++
			}
			j += size
		}
		w.capital = w.capital && small > 0 && w.to-w.from > 2
		for _, end := range []string{"'s", "’s"} {
			w.to = w.from + len(strings.TrimSuffix(text[w.from:w.to], end))
		}
		out = append(out, w)
		i = max(w.to, i+size)
		first = false
	}
	return out
}

// ordinary are words that people write with a capital and that name nobody.
var ordinary = set(`
	the a an and but or not no nobody none this that these those there then when while what which who how we our us they their it its he she his her
	i you your after before since during with without from for of on in at by to as if so also all any each every some one two three four five
	english german french windows linux macos android apple microsoft google amazon azure aws github gitlab jira slack teams outlook exchange
	excel word office internet ethernet bluetooth wi-fi mail okta kubernetes docker postgres mysql oracle sap citrix vmware cisco fortinet
	active directory europe germany france britain america union
	bitte die der das ein eine und aber nicht wir sie er es
`)

// ordinaryWords says whether all of these words are words of every text.
func ordinaryWords(text string, words []stretch) bool {
	for _, w := range words {
		word := lower(text[w.from:w.to])
		if !isCommon(word) && !ordinary[word] && !ambiguous[word] {
			return false
		}
	}
	return true
}

func (m *Mask) strange(kind Kind, value string, at stretch, text string) {
	m.report.strange(found{kind: kind, value: value, from: at.from, to: at.to}, m.at, text)
}

// strange notes a word that is to be looked at.
func (r *reporter) strange(x found, at Place, text string) {
	id := string(x.kind) + "\x00" + Normal(x.kind, x.value)
	f := r.look[id]
	if f == nil {
		if len(r.look) >= mostStrange {
			r.moreStrange = true
			return
		}
		f = &Finding{Kind: x.kind, Value: x.value, Seen: []Sample{}}
		r.look[id] = f
	}
	f.Count++
	if len(f.Seen) < mostSamples {
		f.Seen = append(f.Seen, Sample{Place: at, Text: clip(text, x.from, x.to)})
	}
}

// mostStrange is how many such words are kept: a list that nobody reads helps nobody.
const mostStrange = 60
