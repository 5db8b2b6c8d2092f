package indicators_test

import (
	"strings"
	"testing"
	"time"

	"firebreak/internal/testkit"
	"firebreak/internal/testkit/reviews"
	"firebreak/record"
	"firebreak/review"
	"firebreak/review/indicators"
)

func TestRead(t *testing.T) {
	for _, x := range []struct {
		kind, value string
		is          indicators.Kind
		read        string // "" where it is none
	}{
		{"address", "203.0.113.9", indicators.IPv4, "203.0.113.9"},
		{"address", " 203[.]0[.]113[.]9 ", indicators.IPv4, "203.0.113.9"},
		{"address", "::ffff:203.0.113.9", indicators.IPv4, "203.0.113.9"},
		{"address", "2001:DB8:0:0::1%eth0", indicators.IPv6, "2001:db8::1"},
		{"address", "[2001:db8::1]:443", indicators.IPv6, "2001:db8::1"},
		{"address", "10.1.2.3/8", indicators.IPv4, "10.0.0.0/8"},
		{"address", "10.1.2.3/32", indicators.IPv4, "10.1.2.3"},
		{"address", "300.1.2.3", "", ""}, {"address", "somewhere", "", ""}, {"address", "10.1.2.3/33", "", ""},
		{"domain", "Evil[.]Example.", indicators.Domain, "evil.example"},
		{"domain", "bücher.example", indicators.Domain, "bücher.example"},
		{"domain", "nodots", "", ""}, {"domain", "-a.example", "", ""}, {"domain", "a b.example", "", ""}, {"domain", "1.2.3.4", "", ""},
		{"domain", strings.Repeat("a", 64) + ".example", "", ""}, {"domain", "a..example", "", ""}, {"domain", "x.example' OR '1", "", ""},
		{"host", "c2.evil.example", indicators.Domain, "c2.evil.example"}, {"host", "laptop", "", ""},
		{"url", "hXXps://evil[.]example/a b", indicators.URL, "https://evil.example/a%20b"},
		{"url", "ftp://evil.example", indicators.URL, "ftp://evil.example"},
		{"url", "evil.example/x", "", ""}, {"url", "javascript:alert(1)", "", ""}, {"url", "http://[::1", "", ""}, {"url", "http://bücher.example/", "", ""},
		{"mail", "Bad.Guy[@]EVIL[.]example", indicators.Mail, "Bad.Guy@evil.example"},
		{"mail", "@evil.example", "", ""}, {"mail", "a@b", "", ""}, {"mail", "a..b@evil.example", "", ""}, {"mail", "a b@evil.example", "", ""},
		{"hash", strings.Repeat("AB", 16), indicators.MD5, strings.Repeat("ab", 16)},
		{"hash", "sha1:" + strings.Repeat("ab", 20), indicators.SHA1, strings.Repeat("ab", 20)},
		{"hash", strings.Repeat("ab", 32), indicators.SHA256, strings.Repeat("ab", 32)},
		{"hash", strings.Repeat("ab", 64), indicators.SHA512, strings.Repeat("ab", 64)},
		{"hash", strings.Repeat("ab", 33), "", ""}, {"hash", strings.Repeat("xy", 16), "", ""},
		{"path", `C:\x\y.exe`, indicators.Path, `C:\x\y.exe`}, {"path", "y.exe", "", ""},
		{"process", "sh -c x", indicators.Process, "sh -c x"}, {"process", "  ", "", ""},
		{"account", "svc", indicators.Account, "svc"}, {"person", "Eve", "", ""}, {"iban", "DE89370400440532013000", "", ""},
		{"address", record.WithheldMark, "", ""}, {"account", record.WithheldMark, "", ""}, {"process", "a\xffb", "", ""},
	} {
		got, ok := indicators.Read(x.kind, x.value)
		if ok != (x.read != "") || ok && (got.Kind != x.is || got.Value != x.read) {
			t.Errorf("%s %q: %v %q, %v", x.kind, x.value, got.Kind, got.Value, ok)
		}
	}
}

// TestSeen looks for values in the texts of marked events: only whole ones count.
func TestSeen(t *testing.T) {
	r := reviews.Empty(t, "k")
	at := testkit.Start()
	for n, text := range []string{
		"from 203.0.113.9 port 1", "from 203.0.113.91", "1203.0.113.9", "sent to 203.0.113.9.", "x203.0.113.9", "203.0.113.9.example", "(203.0.113.9)", "", "203.0.113.9/24",
	} {
		r.Timeline = append(r.Timeline, review.Row{Evidence: true, Seq: int64(n), Text: text, Time: at.Add(time.Duration(n) * time.Minute)})
	}
	r.Timeline = append(r.Timeline, review.Row{Text: "not evidence: 203.0.113.9"}, review.Row{Evidence: true, Seq: 99, Comments: []string{"that is 203.0.113.9"}})
	r.Indicators = []review.Subject{{Subject: record.Subject{Kind: "address", Value: "203.0.113.9"}}, {Subject: record.Subject{Kind: "path", Value: "/tmp/x"}}}
	found, others := indicators.Of(r)
	if len(found) != 2 || len(others) != 0 {
		t.Fatalf("%v %v", found, others)
	}
	if i := found[0]; i.Seen != 5 || !i.First.Equal(at) || !i.Last.Equal(at.Add(8*time.Minute)) {
		t.Errorf("seen %d times in %v, %v to %v", i.Seen, i.Seqs, i.First, i.Last)
	}
	r.Timeline = []review.Row{{Evidence: true, Text: "/tmp/x/y"}, {Evidence: true, Text: "/tmp/xy"}, {Evidence: true, Text: "rm /tmp/x"}}
	if found, _ = indicators.Of(r); found[1].Seen != 1 {
		t.Errorf("the path is seen %d times", found[1].Seen)
	}
}

func FuzzRead(f *testing.F) {
	for _, text := range reviews.Texts() {
		f.Add("url", text)
		f.Add("mail", text)
	}
	f.Fuzz(func(t *testing.T, kind, value string) {
		got, ok := indicators.Read(kind, value)
		if !ok {
			return
		}
		again, ok := indicators.Read(kind, got.Value)
		if !ok || again.Kind != got.Kind || again.Value != got.Value {
			t.Errorf("%s %q is read as %q, and that as %q", kind, value, got.Value, again.Value)
		}
	})
}
