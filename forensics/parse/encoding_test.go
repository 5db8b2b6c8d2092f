package parse

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"

	"github.com/klauspost/compress/gzip"
)

// wideText is text as UTF-16.
func wideText(s string, order binary.ByteOrder, mark bool) []byte {
	if mark {
		s = "\ufeff" + s
	}
	units := utf16.Encode([]rune(s))
	b := make([]byte, 2*len(units))
	for i, u := range units {
		order.PutUint16(b[2*i:], u)
	}
	return b
}

func TestUTF16(t *testing.T) {
	text := strings.Repeat("2026-05-31T02:00:45Z web-1 app: größer 🙂 日本\r\n", 3000)
	plain, _ := run(t, "", "x", []byte(text))
	for name, data := range map[string][]byte{
		"utf-16le": wideText(text, binary.LittleEndian, true), "utf-16be": wideText(text, binary.BigEndian, true),
		"utf-16le ": wideText("Nov 18 08:30:20 h a: b\n", binary.LittleEndian, false), "utf-16be ": wideText("Nov 18 08:30:20 h a: b\n", binary.BigEndian, false),
	} {
		got, ing := run(t, "", "x", data)
		if ing.Parser != "syslog" || ing.Rejected != 0 || len(got) == 0 || got[0].Attributes.Get("encoding") != strings.TrimSpace(name) {
			t.Fatalf("%s: %d events, %+v", name, len(got), ing)
		}
		if len(got) > 1 && (len(got) != len(plain) || got[2999].Message != plain[2999].Message) {
			t.Errorf("%s: %d events, the last %q", name, len(got), got[len(got)-1].Message)
		}
	}
	// Half a pair, half a unit at the end.
	cut := append(wideText("Nov 18 08:30:20 h a: b", binary.LittleEndian, true), 0x3d, 0xd8, 'x')
	got, _ := run(t, "syslog", "x", cut)
	if len(got) != 1 || got[0].Message != "a: b\ufffd\ufffd" {
		t.Errorf("%+v", got)
	}
	// A mark alone makes no UTF-16, and a binary file is none.
	for _, data := range []string{"\xff\xfeNov 18 08:30:20 h a: b\n", "\xfe\xff", "\xff\xfe\x00\x00\x00\x00"} {
		if e := encodingOf([]byte(data)); e.order != nil {
			t.Errorf("%q is taken for %s", data, e.name)
		}
	}
}

func TestNarrower(t *testing.T) {
	text := strings.Repeat("a🙂é\n", 9000)
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		r := iotest.OneByteReader(bytes.NewReader(wideText(text, order, true)))
		got, err := io.ReadAll(&narrower{r: r, order: order})
		if err != nil || string(got) != text {
			t.Errorf("%v: %d bytes of %d, %v", order, len(got), len(text), err)
		}
	}
}

func TestLineEnds(t *testing.T) {
	for name, end := range map[string]string{"lf": "\n", "crlf": "\r\n", "cr": "\r"} {
		got, ing := run(t, "", "x", []byte("\xef\xbb\xbf"+strings.Repeat("Nov 18 08:30:20 h a: b"+end, 9000)))
		if len(got) != 9000 || ing.Rejected != 0 || got[8999].Message != "a: b" {
			t.Errorf("%s: %d events, %+v", name, len(got), ing)
		}
	}
}

// Zeros that a crash left, and what stands behind them.
func TestBehindZeros(t *testing.T) {
	got, ing := run(t, "", "x", []byte("Nov 18 08:30:20 h a: b\n"+strings.Repeat("\x00", 5000)+"Nov 18 08:31:00 h a: after\n"+strings.Repeat("\x00", 300)))
	if len(got) != 2 || ing.Events != 1 || ing.Recovered != 1 || ing.Rejected != 1 || ing.Seen != 3 {
		t.Fatalf("%d events, %+v", len(got), ing)
	}
	if got[1].Attributes.Get("recovered") != "behind 5000 NUL bytes" || got[1].Message != "a: after" {
		t.Errorf("%+v", got[1])
	}
}

func TestFrames(t *testing.T) {
	frame := func(s string) string { return strconv.Itoa(len(s)) + " " + s }
	two := "<34>1 2003-10-11T22:14:15Z h app 1 - - one\n\ttwo"
	text := frame("<13>Nov 18 08:30:20 h a: b") + frame(two) + "<13>Nov 18 08:30:21 h a: a line between\n" + frame("<13>Nov 18 08:30:22 h a: c\n") + frame("<13>no time") + "99 <13>Nov 18 08:30:23 h a: cut"
	got, ing := run(t, "", "x", []byte(text))
	if ing.Parser != "syslog" || len(got) != 4 || ing.Rejected != 2 {
		t.Fatalf("%d events, %+v", len(got), ing)
	}
	if got[1].Message != "app[1]: one\n\ttwo" || got[2].Message != "a: a line between" || got[3].Message != "a: c" {
		t.Errorf("%+v", got)
	}
	if at := int64(strings.Index(text, two) - 3); got[1].Offset != at {
		t.Errorf("offset %d, want %d", got[1].Offset, at)
	}
	long := "<13>Nov 18 08:30:20 h a: " + strings.Repeat("x", 3<<20)
	got, ing = run(t, "", "x", []byte(frame(long)+frame("<13>Nov 18 08:30:22 h a: c")))
	if len(got) != 2 || ing.Rejected != 0 || !got[0].Attributes.Has("truncated") {
		t.Errorf("%d events, %+v", len(got), ing)
	}
}

func TestAccessJSON(t *testing.T) {
	got, ing := run(t, "", "access.log", []byte(strings.Join([]string{
		`{"time_iso8601":"2026-10-10T13:55:36+02:00","remote_addr":"10.0.0.1","remote_user":"frank","request":"GET /a?x=1 HTTP/1.1","status":200,"body_bytes_sent":12,"http_user_agent":"curl/8","http_referer":"-","upstream":"u1"}`,
		`{"level":"info","ts":1646861401.5241024,"logger":"http.log.access","msg":"handled request","request":{"remote_ip":"2001:db8::1","proto":"HTTP/2.0","method":"POST","host":"h.example","uri":"/x","headers":{"User-Agent":["Mozilla \"5\""]}},"user_id":"","size":10,"status":404}`,
		`{"ClientHost":"10.0.0.9","ClientUsername":"-","DownstreamContentSize":5,"DownstreamStatus":502,"RequestHost":"t.example","RequestMethod":"GET","RequestPath":"/t","RequestProtocol":"HTTP/1.1","StartUTC":"2026-10-10T11:55:36.123456789Z","request_User-Agent":"x","time":"2026-10-10T11:55:36Z"}`,
		`{"time":"10/Oct/2026:13:55:36 -0700","client":"1.2.3.4","method":"GET","path":"/p","status":"301"}`,
		`{"time":"yesterday","method":"GET","path":"/p","status":"301"}`, `{"time":1}`, `{"time":`, `[]`,
	}, "\n")))
	check(t, got, []told{
		{"2026-10-10T11:55:36Z", "logged", "GET /a?x=1 HTTP/1.1 200", "src_ip=10.0.0.1|user=frank|bytes=12|user_agent=curl/8|referer=|upstream=u1|time_text=2026-10-10T13:55:36+02:00"},
		{"2022-03-09T21:30:01.5241024Z", "logged", "POST /x HTTP/2.0 404", `src_ip=2001:db8::1|vhost=h.example|user_agent=Mozilla "5"|level=info|time_text=1646861401.5241024`},
		{"2026-10-10T11:55:36.123456789Z", "logged", "GET /t HTTP/1.1 502", "src_ip=10.0.0.9|user=|vhost=t.example|bytes=5|status=502"},
		{"2026-10-10T20:55:36Z", "logged", "GET /p 301", "src_ip=1.2.3.4|protocol="},
	})
	if ing.Rejected != 4 || ing.Parser != "access" {
		t.Errorf("%+v", ing)
	}
}

func TestOtherLogs(t *testing.T) {
	got, ing := run(t, "", "u_ex.log", []byte("#Software: Microsoft Internet Information Services 10.0\n#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) sc-status\n"+
		"2026-07-30 00:00:03 10.0.0.5 GET /a.asp id=1 80 ann 203.0.113.9 Mozilla/5.0+(X) 200\n2026-07-30 00:00:03 short\n#Date: 2026-07-31 00:00:00\n#Fields: time c-ip cs-method cs-uri-stem\n23:59:59 1.2.3.4 HEAD /\n"))
	check(t, got, []told{
		{"2026-07-30T00:00:03Z", "logged", "GET /a.asp?id=1 200", "user=ann|src_ip=203.0.113.9|user_agent=Mozilla/5.0 (X)|s-port=80|time_text=2026-07-30 00:00:03|assumed="},
		{"2026-07-31T23:59:59Z", "logged", "HEAD /", "src_ip=1.2.3.4"},
	})
	if ing.Parser != "w3c" || ing.Rejected != 1 {
		t.Errorf("%+v", ing)
	}
	got, ing = run(t, "", "vsftpd.log", []byte("Mon Jun  6 18:43:28 2016 [pid 2] CONNECT: Client \"192.168.1.9\"\nMon Jun  6 18:43:59 2016 [pid 3] [jean] FAIL UPLOAD: Client \"192.168.1.9\", \"/home/x\", 1 bytes\nnonsense\n"))
	check(t, got, []told{
		{"2016-06-06T18:43:28Z", "logged", "[pid 2] CONNECT: Client \"192.168.1.9\"", "action=connect|src_ip=192.168.1.9|time_text=Mon Jun  6 18:43:28 2016|assumed=zone UTC"},
		{"2016-06-06T18:43:59Z", "logged", "[pid 3] [jean] FAIL UPLOAD: Client \"192.168.1.9\", \"/home/x\", 1 bytes", "user=jean|action=upload|outcome=failure|path=/home/x"},
	})
	if ing.Parser != "vsftpd" || ing.Rejected != 1 {
		t.Errorf("%+v", ing)
	}
	got, _ = runSource(t, clockOf(t, "Europe/Berlin", 0), []byte("2022-04-12 00:24:24.741 UTC [9158] bob@shop FATAL:  password authentication failed for user \"bob\"\n2022-07-15 23:04:27 AEST [20-1] u@d LOG:  x\n"))
	check(t, got, []told{
		{"2022-04-12T00:24:24.741Z", "logged", "[9158] bob@shop FATAL:  password authentication failed for user \"bob\"", "user=bob|database=shop|outcome=failure|severity=fatal|pid=9158|assumed=|time_text=2022-04-12 00:24:24.741"},
		{"2022-07-15T21:04:27Z", "logged", "[20-1] u@d LOG:  x", "user=u|assumed=zone Europe/Berlin (given); the source says AEST|pid=20"},
	})
}

// Several members, frames or streams one after the other are read through; cut
// anywhere, what could be read counts.
func TestConcatenated(t *testing.T) {
	half := strings.Repeat(oneLine, 2500)
	for name, one := range squeeze(t, []byte(half)) {
		both := append(bytes.Clone(one), one...)
		got, ing := run(t, "", "auth.log."+name, both)
		if len(got) != 5000 || ing.Rejected != 0 {
			t.Errorf("%s: %d events, %+v", name, len(got), ing)
		}
		got, ing = run(t, "", "auth.log."+name, both[:len(one)+len(one)/2])
		if len(got) < 2500 || ing.Rejected == 0 {
			t.Errorf("%s cut: %d events, %+v", name, len(got), ing)
		}
	}
	bz, err := base64.StdEncoding.DecodeString(bzip2Line)
	must(t, err)
	got, ing := run(t, "syslog", "auth.log.bz2", append(bytes.Clone(bz), bz...))
	if len(got) != 2 || ing.Rejected != 0 {
		t.Errorf("bz2: %d events, %+v", len(got), ing)
	}
	// Stored data that was hit in its middle.
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err = w.Write([]byte(half))
	must(t, err)
	must(t, w.Close())
	got, ing = run(t, "syslog", "x.gz", append(b.Bytes(), "garbage behind it"...))
	if len(got) != 2500 || ing.Rejected != 1 {
		t.Errorf("garbage behind: %d events, %+v", len(got), ing)
	}
}

// Random bytes, of all parsers: the account settles, and nothing is fatal.
func TestRandomBytes(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	data := make([]byte, 200_000)
	for i := range data {
		data[i] = byte(r.UintN(256))
	}
	for _, parser := range append(Names(), "") {
		if strings.HasPrefix(parser, "mapped.") {
			continue
		}
		for _, size := range []int{0, 1, 4097, len(data)} {
			run(t, parser, "x", data[:size])
		}
	}
}
