package parse

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"firebreak/record"
	"firebreak/timeline"
)

func benchmark(b *testing.B, parser string, data []byte) {
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	events := int64(0)
	for b.Loop() {
		ing, err := File(b.Context(), bytes.NewReader(data), Source{
			Exhibit: record.Exhibit{ID: "e1", SHA256: strings.Repeat("a", 64)}, Parser: parser, Collected: collected, Workers: 1,
		}, func([]timeline.Event) error { return nil })
		if err != nil {
			b.Fatal(err)
		}
		events += ing.Events
	}
	b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
}

func BenchmarkSyslog(b *testing.B) {
	lines := []string{
		"Jun 14 15:16:01 combo sshd(pam_unix)[19939]: authentication failure; logname= uid=0 euid=0 tty=NODEVssh ruser= rhost=218.188.2.4\n",
		"Jun 14 15:16:02 combo sshd[19937]: Failed password for invalid user webmaster from 173.234.31.186 port 38926 ssh2\n",
		"Jun 14 15:16:03 combo kernel: [997.390602] sda2: rw=0, want=65, limit=2\n",
		"Jun 14 15:16:04 combo CRON[31051]: (root) CMD (touch /var/run/crond.somecheck)\n",
	}
	benchmark(b, "syslog", bytes.Repeat([]byte(strings.Join(lines, "")), 50_000))
}

func BenchmarkSyslogRFC3339(b *testing.B) {
	lines := []string{
		"2026-06-14T15:16:01.123456+00:00 combo sshd(pam_unix)[19939]: authentication failure; logname= uid=0 euid=0 tty=NODEVssh ruser= rhost=218.188.2.4\n",
		"2026-06-14T15:16:02.654321+00:00 combo sshd[19937]: Failed password for invalid user webmaster from 173.234.31.186 port 38926 ssh2\n",
		"2026-06-14T15:16:03.000001+00:00 web-7 kernel: [997.390602] sda2: rw=0, want=65, limit=2 and some more text that makes it as long as most of the lines are\n",
		"2026-06-14T15:16:04.999999+00:00 combo CRON[31051]: (root) CMD (touch /var/run/crond.somecheck)\n",
		"2026-06-14T15:16:05.000000+00:00 hadoop-3 yarn[811]: INFO [main] org.apache.hadoop.mapreduce.v2.app.MRAppMaster: Executing with tokens: 127 of 5512\n",
	}
	benchmark(b, "syslog", bytes.Repeat([]byte(strings.Join(lines, "")), 50_000))
}

func BenchmarkAccess(b *testing.B) {
	benchmark(b, "access", bytes.Repeat([]byte(`10.22.8.119 - - [10/Oct/2026:13:55:36 +0000] "GET /usr/share/doc/libssl/changelog.gz?x=1 HTTP/1.1" 200 23261 "https://www.example.com/start" "Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0"`+"\n"), 100_000))
}

func BenchmarkAccessJSON(b *testing.B) {
	benchmark(b, "access", bytes.Repeat([]byte(`{"time":"2026-10-10T13:55:36+00:00","remote_addr":"10.22.8.119","request":"GET /a?x=1 HTTP/1.1","status":200,"bytes":23261,"http_user_agent":"curl/8"}`+"\n"), 100_000))
}

// BenchmarkServices reads the samples over and over, as lines and in one array.
func BenchmarkServices(b *testing.B) {
	for _, s := range append(samples(), moreSamples()...) {
		switch s.name {
		case "x.jsonl":
			b.Run("cloudtrail lines", func(b *testing.B) { benchmark(b, "cloudtrail", bytes.Repeat([]byte(trailRecord+"\n"), 20_000)) })
			b.Run("cloudtrail records", func(b *testing.B) {
				benchmark(b, "cloudtrail", []byte(`{"Records":[`+strings.Repeat(trailRecord+",", 20_000)+trailRecord+`]}`))
			})
		case "eve.json", "alb.log", "fast.log", "0.log":
			b.Run(s.parser, func(b *testing.B) { benchmark(b, s.parser, bytes.Repeat([]byte(s.text), 20_000)) })
		}
	}
	b.Run("audit", func(b *testing.B) {
		var text bytes.Buffer
		for i := range 20_000 {
			text.WriteString(strings.ReplaceAll(strings.ReplaceAll(auditLog, ":90", ":"+strconv.Itoa(i)+"90"), "1795054445", strconv.Itoa(1795054445+i/10)))
		}
		benchmark(b, "audit", text.Bytes())
	})
}

func BenchmarkTimesketch(b *testing.B) {
	benchmark(b, "timesketch.jsonl", bytes.Repeat([]byte(`{"message":"a login of somebody","datetime":"2026-01-02T03:04:05.678+01:00","timestamp_desc":"Start Time","hostname":"h1","username":"bob","n":5,"tag":["x"]}`+"\n"), 100_000))
}

func BenchmarkBodyfile(b *testing.B) {
	benchmark(b, "bodyfile", bytes.Repeat([]byte("0|/usr/lib/x86_64-linux-gnu/libc.so.6|131|r/rrwxr-xr-x|0|0|1926232|1700000000|1690000000|1700000001|1690000000\n"), 100_000))
}

func BenchmarkJournal(b *testing.B) {
	name := os.Getenv("JOURNAL")
	if name == "" {
		b.Skip("set JOURNAL to a journal file")
	}
	data, err := os.ReadFile(name)
	if err != nil {
		b.Fatal(err)
	}
	benchmark(b, "journal", data)
}

func BenchmarkFormats(b *testing.B) {
	e := timeline.Event{
		Time: collected.Add(-time.Hour), Precision: timeline.Second, TimeKind: timeline.Logged, Source: "auth", Parser: "syslog", Host: "web-1", User: "webmaster",
		Message:    "sshd[19937]: Failed password for invalid user webmaster from 173.234.31.186 port 38926 ssh2",
		Attributes: timeline.AttributesOf(map[string]string{"action": "login", "outcome": "failed", "src_ip": "173.234.31.186", "src_port": "38926", "process": "sshd", "pid": "19937"}),
	}
	for format, parser := range map[timeline.Format]string{timeline.JSONL: "events.jsonl", timeline.CSV: "events.csv", timeline.TimesketchJSONL: "timesketch.jsonl", timeline.L2TCSV: "l2t.csv"} {
		b.Run(parser, func(b *testing.B) {
			var text bytes.Buffer
			w, err := timeline.NewWriter(&text, format)
			if err != nil {
				b.Fatal(err)
			}
			for range 50_000 {
				if err := w.Write(&e, timeline.Mark{}); err != nil {
					b.Fatal(err)
				}
			}
			if err := w.Flush(); err != nil {
				b.Fatal(err)
			}
			benchmark(b, parser, text.Bytes())
		})
	}
}
