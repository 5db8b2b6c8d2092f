package parse

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"firebreak/record"
	"firebreak/timeline"
)

func TestSyslogForms(t *testing.T) {
	tests := []struct {
		name, line, host, message string
		at                        string
		precision                 timeline.Precision
		attrs                     map[string]string
	}{
		{
			"bsd", "Mar 23 23:01:18 web-1 app[19]: hello", "web-1", "app[19]: hello", "2026-03-23T23:01:18Z", timeline.Second,
			map[string]string{"process": "app", "pid": "19", "time_form": "%b %e %H:%M:%S", "assumed": "year 2026 (from collection time), zone UTC"},
		},
		{
			"bsd one digit and fraction", "Feb  6 15:16:30.123456 h a: b", "h", "a: b", "2026-02-06T15:16:30.123456Z", timeline.Microsecond, nil,
		},
		{"bsd with pri", "<34>Oct 11 22:14:15 m su: 'su root' failed", "m", "su: 'su root' failed", "2026-10-11T22:14:15Z", timeline.Second, map[string]string{"facility": "auth", "severity": "crit"}},
		{"bsd with year", "Oct 11 2003 22:14:15 m a: b", "m", "a: b", "2003-10-11T22:14:15Z", timeline.Second, map[string]string{"assumed": "zone UTC"}},
		{"bsd year behind clock", "Oct 11 22:14:15 2003 m a: b", "m", "a: b", "2003-10-11T22:14:15Z", timeline.Second, nil},
		{"bsd without host", "Nov 18 08:30:20 kernel: [1.5] sda", "collector-host", "kernel: [1.5] sda", "2026-11-18T08:30:20Z", timeline.Second, map[string]string{"process": "kernel"}},
		{"bsd remark", "Nov 18 01:15:43: --- last message repeated 5 times ---", "collector-host", "--- last message repeated 5 times ---", "2026-11-18T01:15:43Z", timeline.Second, nil},
		{"iso", "2020-05-31T02:00:45.698463+02:00 h systemd[1]: Reloaded", "h", "systemd[1]: Reloaded", "2020-05-31T00:00:45.698463Z", timeline.Microsecond, nil},
		{"iso local", "2020-05-31 02:00:45 h a: b", "h", "a: b", "2020-05-31T02:00:45Z", timeline.Second, map[string]string{"assumed": "zone UTC"}},
		{"iso zone apart", "2026-11-29 02:49:22 +0200 INF collector: begins", "collector-host", "collector: begins", "2026-11-29T00:49:22Z", timeline.Second, map[string]string{"severity": "info", "time_form": "%Y-%m-%d %H:%M:%S +0200@+7200"}},
		{"iso no zone", "2026-11-29 02:49:22 -0207 apart", "-0207", "apart", "2026-11-29T02:49:22Z", timeline.Second, nil},
		{"iso severity", "2016-10-25T12:37:23.297265-07:00 ERR kernel: bad", "collector-host", "kernel: bad", "2016-10-25T19:37:23.297265Z", timeline.Microsecond, map[string]string{"severity": "err"}},
		{
			"5424", `<165>1 2003-10-11T22:14:15.003Z m.example.com evntslog 8 ID47 [ex@32473 iut="3" t="a\"]b"][x y="z"] ` + "\ufeffAn event", "m.example.com",
			"evntslog[8]: An event", "2003-10-11T22:14:15.003Z", timeline.Millisecond,
			map[string]string{"process": "evntslog", "pid": "8", "msgid": "ID47", "structured_data": `[ex@32473 iut="3" t="a\"]b"][x y="z"]`, "facility": "local4"},
		},
		{"5424 bare", "<34>1 2003-10-11T22:14:15Z - - - - -", "collector-host", "", "2003-10-11T22:14:15Z", timeline.Second, nil},
		{"5424 no time", "<34>1 - h a - - - hello", "h", "a: hello", "0001-01-01T00:00:00Z", "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ing := runSource(t, Source{
				Exhibit: record.Exhibit{ID: "e1", Source: "x"}, Parser: "syslog", Host: "collector-host", Collected: collected,
			}, []byte(tt.line+"\n"))
			if len(got) != 1 {
				t.Fatalf("%+v", ing)
			}
			e := got[0]
			if e.Host != tt.host || e.Message != tt.message || e.Time.Format(time.RFC3339Nano) != tt.at || e.Precision != tt.precision {
				t.Errorf("got %q %q %s %q", e.Host, e.Message, e.Time.Format(time.RFC3339Nano), e.Precision)
			}
			for k, v := range tt.attrs {
				if e.Attributes.Get(k) != v {
					t.Errorf("%s: %q, want %q", k, e.Attributes.Get(k), v)
				}
			}
		})
	}
}

func TestSyslogRejects(t *testing.T) {
	for _, text := range []string{
		"MMM 22 07:54:32 h a: b", "Feb 30 00:00:00 h a: b", "Jan  1 24:00:00 h a: b", "Jan  1 00:60:00 h a: b", "hello world, no time here",
		"2020-13-01T00:00:00Z h a: b", "<999>Jan  1 00:00:00 h a: b", "<34>1 2003-10-11T22:14:15Z h a b", `<34>1 2003-10-11T22:14:15Z h a - - [x y="z" open`,
		"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", "  an indented line with nothing above",
	} {
		got, ing := run(t, "syslog", "x", []byte(text+"\n"))
		if len(got) != 0 || ing.Rejected != 1 || len(ing.Samples) == 0 {
			t.Errorf("%q: %d events, %+v", text, len(got), ing)
		}
	}
}

func TestSyslogContinuation(t *testing.T) {
	got, ing := run(t, "syslog", "x", []byte("Jan  1 00:00:00 h a: one\n\ttwo\n\n  three\nnot indented\n"+
		"2020-01-01T00:00:00Z h a: four\nfive\n2020-01-01T00:99:00Z broken\n"))
	if len(got) != 2 || ing.Rejected != 2 {
		t.Fatalf("%d events, %+v", len(got), ing)
	}
	if got[0].Message != "a: one\n\ttwo\n  three" || got[0].Attributes.Get("lines") != "3" || got[1].Message != "a: four\nfive" {
		t.Errorf("%q, %q", got[0].Message, got[1].Message)
	}
}

func TestYears(t *testing.T) {
	at := func(s string) string { return s + " 00:00:00 h a: b\n" }
	tests := []struct {
		name      string
		days      string
		collected string
		given     int
		want      string
		once      string // what one reading alone can know, where it is less
	}{
		{"same year", "Mar 11,Mar 12", "2026-11-20", 0, "2026,2026", ""},
		{"not in the future", "Dec 11,Dec 12", "2026-11-20", 0, "2025,2025", ""},
		{"rollover", "Dec 30,Dec 31,Jan  1,Nov 19", "2026-11-20", 0, "2025,2025,2026,2026", ""},
		{"more than a year", "Mar  1,Dec  1,Jan  5,May  1", "2026-05-02", 0, "2025,2025,2026,2026", "2026,2026,2027,2027"},
		{"two turns", "Dec 31,Jan  1,Dec 31,Jan  1", "2026-11-20", 0, "2024,2025,2025,2026", "2025,2026,2026,2027"},
		{"disorder is no turn", "Jul  1,Jun 30,Jul  1", "2026-11-20", 0, "2026,2026,2026", ""},
		{"new year in disorder", "Dec 31,Jan  1,Dec 31,Jan  1", "2026-11-20", 0, "2024,2025,2025,2026", "2025,2026,2026,2027"},
		{"leap day", "Feb 28,Feb 29,Mar  1", "2026-11-20", 0, "2024,2024,2024", "2026,2024,2024"},
		{"clock ahead by a day", "Nov 21", "2026-11-20", 0, "2026", ""},
		{"collected at new year", "Jan  1", "2026-12-31", 0, "2027", ""},
		{"given", "Dec 31,Jan  1", "2026-11-20", 1999, "1999,2000", ""},
		{"unknown", "Dec 31,Jan  1", "", 0, "1,1", ""},
	}
	for _, tt := range tests {
		if tt.name == "new year in disorder" { // 31 December behind 1 January belongs to the old year
			tt.want, tt.once = "2025,2026,2025,2026", ""
		}
		if tt.name == "two turns" {
			tt.days, tt.want, tt.once = "Dec 31,Jan  3,Dec 31,Jan  3", "2024,2025,2025,2026", "2025,2026,2026,2027"
		}
		t.Run(tt.name, func(t *testing.T) {
			var text strings.Builder
			for d := range strings.SplitSeq(tt.days, ",") {
				text.WriteString(at(d))
			}
			src := Source{Exhibit: record.Exhibit{ID: "e1"}, Parser: "syslog", Year: tt.given}
			if tt.collected != "" {
				src.Collected, _ = time.Parse(time.DateOnly, tt.collected)
			}
			if got := yearsOf(t, src, strings.NewReader(text.String())); got != tt.want {
				t.Errorf("read twice: %s, want %s", got, tt.want)
			}
			want := tt.want
			if tt.once != "" {
				want = tt.once
			}
			if got := yearsOf(t, src, io.MultiReader(strings.NewReader(text.String()))); got != want {
				t.Errorf("read once: %s, want %s", got, want)
			}
		})
	}
}

func yearsOf(t *testing.T, src Source, r io.Reader) string {
	t.Helper()
	var out []string
	src.Workers = 1 // in order
	_, err := File(t.Context(), r, src, func(b []timeline.Event) error {
		for _, e := range b {
			out = append(out, e.Time.Format("2006"))
		}
		return nil
	})
	must(t, err)
	return strings.ReplaceAll(strings.Join(out, ","), "0001", "1")
}

func TestYearsFromModificationTime(t *testing.T) {
	stat := &record.Stat{Modified: time.Date(2019, 2, 1, 0, 0, 0, 0, time.UTC)}
	got, _ := runSource(t, Source{
		Exhibit: record.Exhibit{ID: "e1", Before: stat}, Parser: "syslog", Collected: collected,
	}, []byte("Dec 31 00:00:00 h a: b\nJan 31 00:00:00 h a: b\n"))
	if got[0].Time.Year() != 2018 || got[1].Time.Year() != 2019 || !strings.Contains(got[0].Attributes.Get("assumed"), "modification time") {
		t.Errorf("%+v", got)
	}
}

func TestZone(t *testing.T) {
	zone := time.FixedZone("CET", 3600)
	got, ing := runSource(t, Source{Exhibit: record.Exhibit{ID: "e1"}, Parser: "syslog", Collected: collected, Zone: zone},
		[]byte("Nov 18 00:30:00 h a: b\n"))
	if got[0].Time.Format(time.RFC3339) != "2026-11-17T23:30:00Z" || !strings.Contains(got[0].Attributes.Get("assumed"), "zone CET (given)") {
		t.Errorf("%+v %+v", got[0], ing)
	}
}

func TestHostileLines(t *testing.T) {
	long := "Jan  1 00:00:00 h a: " + strings.Repeat("x", 3<<20)
	got, ing := run(t, "syslog", "x", []byte(long+"\nJan  1 00:00:01 h a: \xff\x00\\\x1b]0;t\x07\r\n"+strings.Repeat("y", 5<<20)+"\nJan  1 00:00:02 h a: b"))
	if len(got) != 3 || ing.Rejected != 1 {
		t.Fatalf("%d events, %d rejected", len(got), ing.Rejected)
	}
	if len(got[0].Message) > maxLine || got[0].Attributes.Get("truncated") != "3145750 bytes" {
		t.Errorf("message of %d bytes, truncated %q", len(got[0].Message), got[0].Attributes.Get("truncated"))
	}
	if got[1].Message != "a: \\xff\\x00\\\\\x1b]0;t\x07" || got[1].Attributes.Get("encoding") != "escaped" {
		t.Errorf("%q", got[1].Message)
	}
	if got[2].Offset != int64(len(long)+1+len("Jan  1 00:00:01 h a: \xff\x00\\\x1b]0;t\x07\r\n")+5<<20+1) {
		t.Errorf("offset %d", got[2].Offset)
	}
}

// A line of 100 MB must neither stop the parser nor be held.
func TestHugeLine(t *testing.T) {
	r := io.MultiReader(strings.NewReader("Jan  1 00:00:00 h a: b\nJan  1 00:00:00 h a: "), io.LimitReader(letters{}, 100<<20), strings.NewReader("\nJan  1 00:00:01 h a: b\n"))
	n := 0
	ing, err := File(t.Context(), r, Source{Exhibit: record.Exhibit{ID: "e1"}, Parser: "syslog", Collected: collected}, func(b []timeline.Event) error {
		n += len(b)
		return nil
	})
	if err != nil || n != 3 || ing.Seen != 3 {
		t.Errorf("%d events, %+v, %v", n, ing, err)
	}
}

type letters struct{}

func (letters) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func TestBatches(t *testing.T) {
	data := bytes.Repeat([]byte("Jan  1 00:00:00 h a: b\n"), 10_000)
	got, ing := run(t, "syslog", "x", data)
	if len(got) != 10_000 || ing.Seen != 10_000 || got[9999].Offset != 9999*23 {
		t.Errorf("%d events, last at %d", len(got), got[len(got)-1].Offset)
	}
}

func FuzzSyslog(f *testing.F) {
	for _, s := range []string{
		"Jan  1 00:00:00 h sshd[1]: Failed password for invalid user x from 1.2.3.4 port 5 ssh2\n\tmore\n",
		"<165>1 2003-10-11T22:14:15.003Z h a 1 - [x y=\"z\"] hi\nmore", "2020-05-31 02:00:45,5 h sudo: a : TTY=x ; COMMAND=y ; z",
		"Feb 29 00:00:00 h su: (to root) x on y", "Jan  1 00:00:00 h CRON[1]: (root) CMD (x)", "<1>", "<13>1 - - - - - -",
		"Jan  1 00:00:00 h passwd: pam_unix(passwd:auth): authentication failure; rhost= ruser=a user=b",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) { run(t, "syslog", "x", data) })
}

// A log without years that cannot be read a second time is an error of the reader,
// and not a log of lines that were rejected.
func TestYearsThatCannotBeReadAhead(t *testing.T) {
	gone := errors.New("the file is gone")
	src := Source{
		Exhibit: record.Exhibit{ID: "e1", Source: "auth.log"}, Parser: "syslog", Collected: collected,
		Again: func() (io.ReadCloser, error) { return nil, gone },
	}
	_, err := File(t.Context(), strings.NewReader("Mar 23 23:01:18 web-1 app[19]: hello\n"), src, func([]timeline.Event) error { return nil })
	if !errors.Is(err, gone) {
		t.Errorf("%v", err)
	}
}
