package audience

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// Each kind with what it is and what only looks like it. A line is the text, and
// what is found in it as kind=value.
func TestFind(t *testing.T) {
	for text, want := range map[string][]string{
		// mail
		"ask ada.l+x@corp.example.org, now":      {"mail=ada.l+x@corp.example.org"},
		"MAILTO:Ada@Corp.Example.":               {"mail=Ada@Corp.Example"},
		"jürgen@bücher.example":                  {"mail=jürgen@bücher.example"},
		"<o'neill@acme.com>":                     {"mail=o'neill@acme.com"},
		"actions/checkout@v4 and pkg@1.2.3":      nil,
		"actions/checkout@main":                  nil,
		"@everyone, a @ b, x@, @y":               nil,
		"go install tool@latest":                 nil,
		`escaped\u0040 is not ada\u0040acme.com`: {"mail=ada@acme.com"},
		"https://x.example/?to=ada%40acme.com":   {"domain=x.example", "mail=ada@acme.com"},

		// user@host
		"ssh ada@web1":                         {"account=ada", "host=web1"},
		"ssh root@web1 and ada@10.1.2.3":       {"host=web1", "account=ada", "address=10.1.2.3"},
		"postgres://joe:hunter2@db.acme.com/x": {"account=joe", "secret=the password of a URL", "domain=db.acme.com"},
		"https://joe@acme.com/":                {"account=joe", "domain=acme.com"},
		"https://acme.com/@joe":                {"domain=acme.com"},

		// telephone
		"call +49 30 1234567.":               {"phone=+49 30 1234567"},
		"+49 (0)30 123-4567":                 {"phone=+49 (0)30 123-4567"},
		"+12125550123":                       {"phone=+12125550123"},
		"tel:+44-20-7946-0958":               {"phone=+44-20-7946-0958"},
		"0049 30 1234567":                    {"phone=0049 30 1234567"},
		"030 1234567 or 030/1234567":         {"phone=030 1234567", "phone=030/1234567"},
		"(030) 1234567":                      {"phone=(030) 1234567"},
		"020 7946 0958":                      {"phone=020 7946 0958"},
		"01 23 45 67 89":                     {"phone=01 23 45 67 89"},
		"(212) 555-0123, 212-555-0123":       {"phone=(212) 555-0123", "phone=212-555-0123"},
		"01701234567":                        {"phone=01701234567"},
		"+0200, +1, +12 and +100%":           nil,
		"2026-11-28 10:15, 01.02.2026 10:15": nil,
		"00 12 34 56 78 9a":                  nil,
		"01 02 03 04 05 06 07":               nil,
		"size 00123456789, 0x0301234567":     nil,
		"port 8080, 12345678901":             nil,
		"1.212-555-0123":                     nil,

		// IBAN
		"DE89 3704 0044 0532 0130 00":      {"iban=DE89 3704 0044 0532 0130 00"},
		"gb82west12345698765432 paid":      {"iban=gb82west12345698765432"},
		"NO9386011117947":                  {"iban=NO9386011117947"},
		"DE88370400440532013000":           nil,
		"DE8937040044053201300":            nil,
		"XX82WEST12345698765432":           nil,
		"ab12cd34ef56ab12cd34ef56ab12cd34": nil,

		// cards
		"4111 1111 1111 1111":  {"card=4111 1111 1111 1111"},
		"5555-5555-5555-4444,": {"card=5555-5555-5555-4444"},
		"378282246310005":      {"card=378282246310005"},
		"6011111111111117":     {"card=6011111111111117"},
		"4111111111111112":     nil,
		"1732800000000":        nil, // milliseconds since 1970
		"1732800000000000000":  nil,
		"4111 1111-1111 1111":  nil,
		"411111111111":         nil,

		// addresses
		"from 203.0.113.7:443, 10.0.0.0/8.":    {"address=203.0.113.7", "address=10.0.0.0"},
		"2001:db8::7, [2001:DB8:0:0::7]:22":    {"address=2001:db8::7", "address=2001:DB8:0:0::7"},
		"fe80::1%eth0 ::ffff:10.1.1.1":         {"address=fe80::1%eth0", "address=::ffff:10.1.1.1"},
		"127.0.0.1 ::1 0.0.0.0 :: std::string": nil,
		"version 1.2.3.4, v1.2.3.4, 1.2.3":     nil,
		"10.0.0.300, 1.2.3.4.5, at 10:15:30":   nil,
		"aa:bb:cc:dd:ee:ff AA-BB-CC-DD-EE-0F":  {"mac=aa:bb:cc:dd:ee:ff", "mac=AA-BB-CC-DD-EE-0F"},
		"aabb.ccdd.eeff":                       {"mac=aabb.ccdd.eeff"},
		"00:00:00:00:00:00 ff:ff:ff:ff:ff:ff":  nil,
		"aa:bb:cc:dd:ee aa:bb:cc:dd:ee:ff:00":  nil,

		// hosts by their full names
		"on web1.corp.example and DB.ACME.COM.":       {"domain=web1.corp.example", "domain=DB.ACME.COM"},
		`\\files.corp.local\share`:                    {"domain=files.corp.local"},
		"https://shop.acme.rs/a.py":                   {"domain=shop.acme.rs"},
		"README.md, run.sh, /etc/acme.com, e.g. this": nil,
		"github.workflow.disable, linux.processes":    nil,
		"done.It was, 1.2.dev, obj.name(), a..b.com":  nil,
	} {
		var got []string
		for _, x := range newKnown().find(text, false) {
			got = append(got, string(x.kind)+"="+x.value)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s\n got %q\nwant %q", text, got, want)
		}
	}
}

func TestMoments(t *testing.T) {
	for text, want := range map[string]string{
		"2026-11-28T14:37:12.123456Z, then": "2026-11-28T14:00:00Z, then",
		"2026-11-28 14:37 UTC":              "2026-11-28 14:00 UTC",
		"at 14:37:12 and 09:05Z":            "at 14:00:00 and 09:00Z",
		"2026-11-28T14:37:12+05:30":         "2026-11-28T14:00:00+05:30",
		"ratio 16:9, at 14:37, aa:10:15:30": "ratio 16:9, at 14:37, aa:10:15:30",
		"2026-11-28":                        "2026-11-28",
		"2026-11-28T14:00:00Z and 25:10:10": "2026-11-28T14:00:00Z and 25:10:10",
	} {
		got := text
		all := newKnown().find(text, true)
		for _, x := range slices.Backward(all) {
			if x.kind == Time {
				got = got[:x.from] + x.put + got[x.to:]
			}
		}
		if got != want {
			t.Errorf("%s\n got %s\nwant %s", text, got, want)
		}
	}
}

// Texts that provoke work at each of their places come to an end: a search that
// grows with the square of the length would not, in the time that a test has.
func TestFindHostile(t *testing.T) {
	k := newKnown()
	for i := range 2000 {
		k.add(Name{Kind: Host, Value: strings.Repeat("a.", i%100) + fmt.Sprint("x", i), Sure: true})
	}
	for _, part := range []string{"a.", "@", "a@", "1 ", "+1 ", "a:", "::", "1.", "%41", `\u0041`, "4111 ", "//a:b@", "aA1/", "DE89 "} {
		text := strings.Repeat(part, 20_000/len(part))
		for _, x := range k.find(text, true) {
			if x.from >= x.to || x.to > len(text) {
				t.Fatalf("%q: %+v", part, x)
			}
		}
	}
}

func FuzzFind(f *testing.F) {
	for _, s := range []string{"Ada Lovelace on web-1, 203.0.113.7", "4111 1111 1111 1111 \xff%C3%28", `\u00e4da\n`, "aGVsbG8gQWRhIExvdmVsYWNl", "+49 (0)30 1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		m := New(nil, Options{Profile: "public", Key: []byte("k"), Names: []Name{{Kind: Person, Value: "Ada Lovelace"}, {Kind: Host, Value: "web-1"}}})
		at := 0
		for _, x := range m.known.find(text, true) {
			if x.from < at || x.to < x.from || x.to > len(text) {
				t.Fatalf("%q: %+v after %d", text, x, at)
			}
			at = x.to
		}
		once := m.Text(text, "")
		if strings.Contains(" "+once+" ", " Ada Lovelace ") && strings.ToValidUTF8(text, "") == text {
			t.Errorf("%q: %q", text, once)
		}
	})
}
