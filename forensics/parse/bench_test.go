package parse

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"firebreak/record"
	"firebreak/timeline"
)

func benchmark(b *testing.B, parser string, data []byte) {
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	events := int64(0)
	for b.Loop() {
		ing, err := File(b.Context(), bytes.NewReader(data), Source{
			Exhibit: record.Exhibit{ID: "e1", SHA256: strings.Repeat("a", 64)}, Parser: parser, Collected: collected,
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
