package audience

import (
	"strconv"
	"strings"

	"firebreak/internal/lazyre"
	"firebreak/review"
)

// mostNumber bounds how far a number with its separators reaches.
const mostNumber = 40

// moments are points of time as programs write them: the hour, and what is finer.
var moments = lazyre.New(`^(\d{4}-\d{2}-\d{2}[T ]\d{2}|\d{2})(:\d{2})(:\d{2})?([.,]\d{1,9})?( ?Z| ?UTC|[+-]\d{2}:?\d{2})?`)

// moment finds a point of time, and what is left of it when it is told to the hour.
func (f *finder) moment(i int) bool {
	if c := f.byteAt(i - 1); c == ':' || c == '.' || c == '-' {
		return false
	}
	found1 := moments.FindStringSubmatch(f.text[i:min(len(f.text), i+mostNumber)])
	if found1 == nil || len(found1[1]) == 2 && found1[3] == "" && found1[5] == "" {
		return false // 14:05 alone may be anything
	}
	to := i + len(found1[0])
	if !f.ends(to) || f.byteAt(to) == ':' && isDigit(f.byteAt(to+1)) || found1[1][len(found1[1])-2:] > "23" {
		return false
	}
	put := found1[1] + ":00"
	if found1[3] != "" {
		put += ":00"
	}
	put += found1[5]
	if put != found1[0] {
		f.out = append(f.out, found{from: i, to: to, kind: Time, value: found1[0], put: put})
	}
	return true
}

// counts are how many people, machines or records there are, in a sentence.
var counts = lazyre.New(`(?i)^(\d{1,3}(?:,\d{3}){1,3}|\d{1,9})( (?:[a-z]{1,20} )?(?:people|persons?|users?|customers?|employees?|patients?|members?|clients?|students?|accounts?|records?|systems?|servers?|hosts?|machines?|devices?|computers?))\b`)

// count finds such a number, and makes it as coarse as package audience makes those
// that are stated: below ten a band, else two digits.
func (f *finder) count(i int) bool {
	switch f.byteAt(i - 1) {
	case '.', ',', '-', ':', '/', '#', '@', '$', '=':
		return false
	}
	m := counts.FindStringSubmatch(f.text[i:min(len(f.text), i+2*mostNumber)])
	if m == nil {
		return false
	}
	n, err := strconv.ParseInt(strings.ReplaceAll(m[1], ",", ""), 10, 64)
	if err != nil || n == 0 {
		return false // none is no band
	}
	put := strconv.FormatInt(int64(rounded(float64(n))), 10)
	if n < fewest {
		put = fewWords
		if before := strings.TrimRight(f.text[:i], " \n"); before == "" || strings.ContainsAny(before[len(before)-1:], ".!?") {
			put = strings.ToUpper(put[:1]) + put[1:] // it begins a sentence
		}
	} else if strings.Contains(m[1], ",") {
		put = review.Grouped(int64(rounded(float64(n))))
	}
	if put != m[1] {
		f.out = append(f.out, found{from: i, to: i + len(m[1]), kind: Count, value: m[1], put: put})
	}
	return true
}

// The ways in which people write telephone numbers. Each needs a sign that it is
// one: the country's plus, or the leading zero and its groups.
var phones = []struct {
	begins      string
	shape       *lazyre.Regexp
	least, most int // digits
}{
	{"+", lazyre.New(`^\+[1-9]\d{0,3}(?:[ ./-]{0,2}(?:\(0?\d{0,5}\)|\d{1,12})){1,7}`), 8, 15},      // E.164
	{"0", lazyre.New(`^00[1-9]\d{0,2}(?:[ /-](?:\(0\) ?)?\d{2,8}){2,5}`), 10, 17},                  // with the way out of the country
	{"(", lazyre.New(`^\(0[1-9]\d{1,4}\) ?\d{2,8}(?:[ -]\d{2,5}){0,3}`), 9, 12},                    // (030) 1234567
	{"0", lazyre.New(`^0[1-9]\d{1,4}[/ -]\d{3,8}(?:[ -]\d{2,4}){0,3}`), 9, 12},                     // 030 1234567, 020 7946 0958
	{"0", lazyre.New(`^0[1-9](?:[ .]\d{2}){4}`), 10, 10},                                           // 01 23 45 67 89
	{"(23456789", lazyre.New(`^(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[ .-])[2-9]\d{2}[ .-]\d{4}`), 10, 10}, // (212) 555-0123
	{"0", lazyre.New(`^0(?:1[567]\d|7[1-9]\d\d)\d{6,8}`), 11, 12},                                  // mobile numbers written as one
}

// phone finds a telephone number.
func (f *finder) phone(i int) {
	switch f.byteAt(i - 1) {
	case '.', '-', ':', '/', '#', '=', '+', '$':
		if f.byteAt(i-1) != ':' || lower(f.text[max(0, i-4):max(0, i-1)]) != "tel" {
			return
		}
	case ' ':
		if isDigit(f.byteAt(i - 2)) { // inside a row of numbers
			return
		}
	}
	stretch := f.text[i:min(len(f.text), i+mostNumber)]
	for _, p := range phones {
		if strings.IndexByte(p.begins, f.text[i]) < 0 {
			continue
		}
		loc := p.shape.FindStringIndex(stretch)
		if loc == nil {
			continue
		}
		text := strings.TrimRight(stretch[:loc[1]], " ./-(")
		to := i + len(text)
		n := 0
		for j := range len(text) {
			if isDigit(text[j]) {
				n++
			}
		}
		next := f.byteAt(to)
		if n < p.least || n > p.most || !f.ends(to) || (next == '.' || next == ':' || next == '-' || next == ' ' || next == '/') && isDigit(f.byteAt(to+1)) {
			continue
		}
		f.add(i, to, Phone)
		return
	}
}

// card finds the number of a payment card: 13 to 19 digits that begin as a card's
// do, and whose check digit is right (ISO/IEC 7812-1, Luhn).
func (f *finder) card(i int) {
	if c := f.byteAt(i - 1); (c == ' ' || c == '-' || c == '.') && isDigit(f.byteAt(i-2)) {
		return
	}
	var digits []byte
	to, sep := i, byte(0)
	for at := i; at < len(f.text) && at-i < mostNumber; at++ {
		c := f.text[at]
		if isDigit(c) {
			digits = append(digits, c)
			to = at + 1
			continue
		}
		if c != ' ' && c != '-' || sep != 0 && c != sep || !isDigit(f.byteAt(at+1)) {
			break
		}
		sep = c
	}
	fraction := f.byteAt(to) == '.' && isDigit(f.byteAt(to+1))
	if isCard(string(digits)) && f.ends(to) && !fraction {
		f.add(i, to, Card)
	}
}

func isCard(digits string) bool {
	n := len(digits)
	if n < 13 || n > 19 {
		return false
	}
	two, three, four := digits[:2], digits[:3], digits[:4]
	switch {
	case digits[0] == '4':
		if n != 13 && n != 16 && n != 19 {
			return false
		}
	case two >= "51" && two <= "55", four >= "2221" && four <= "2720":
		if n != 16 {
			return false
		}
	case two == "34", two == "37":
		if n != 15 {
			return false
		}
	case three >= "300" && three <= "305", two == "36", two == "38", two == "39":
		if n < 14 {
			return false
		}
	case four >= "3528" && four <= "3589", four == "6011", three >= "644" && three <= "649", two == "65", two == "62":
		if n < 16 {
			return false
		}
	case two == "50", two >= "56" && two <= "58", two == "63", two == "67":
	default:
		return false
	}
	return luhn(digits)
}

func luhn(digits string) bool {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// iban finds an international bank account number: as long as its country's are,
// and with the right check digits (ISO 13616, ISO/IEC 7064 mod 97-10).
func (f *finder) iban(i int) {
	if !isLetter(f.text[i]) || !isLetter(f.byteAt(i+1)) || !isDigit(f.byteAt(i+2)) || !isDigit(f.byteAt(i+3)) {
		return
	}
	want := ibanLengths[strings.ToUpper(f.text[i:i+2])]
	if want == 0 {
		return
	}
	var digits []byte
	to := i
	for at := i; at < len(f.text) && len(digits) < want && at-i < 2*mostNumber; at++ {
		c := f.text[at]
		if isDigit(c) || isLetter(c) {
			digits = append(digits, c)
			to = at + 1
			continue
		}
		if c != ' ' && c != '-' || f.text[at-1] == c {
			return
		}
	}
	if len(digits) == want && f.ends(to) && mod97(strings.ToUpper(string(digits))) {
		f.add(i, to, IBAN)
	}
}

func mod97(s string) bool {
	s = s[4:] + s[:4]
	rest := 0
	for i := range len(s) {
		if c := s[i]; isDigit(c) {
			rest = (rest*10 + int(c-'0')) % 97
		} else {
			rest = (rest*100 + int(c-'A') + 10) % 97
		}
	}
	return rest == 1
}
