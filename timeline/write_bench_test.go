package timeline

import (
	"encoding/json"
	"io"
	"testing"
	"time"
)

// ordinary is an event as sshd's lines give them.
func ordinary() *Event {
	return &Event{
		ID: id("a"), Time: time.Date(2026, 11, 20, 3, 0, 0, 123000000, time.UTC), Precision: Millisecond, TimeKind: Logged, Source: "auth", Parser: "syslog",
		Host: "web-1", User: "webmaster", Message: "sshd[19937]: Failed password for invalid user webmaster from 173.234.31.186 port 38926 ssh2",
		Attributes: AttributesOf(map[string]string{
			"action": "login", "outcome": "failed", "src_ip": "173.234.31.186", "src_port": "38926", "process": "sshd", "pid": "19937", "time_text": "Nov 20 03:00:00.123",
		}),
		Exhibit: "e1", Offset: 4711,
	}
}

func BenchmarkWrite(b *testing.B) {
	for _, format := range Formats() {
		b.Run(string(format), func(b *testing.B) {
			e := ordinary()
			if format == Bodyfile {
				e.Source, e.TimeKind = "file", Modified
				e.Attributes = AttributesOf(map[string]string{"path": "/usr/lib/x86_64-linux-gnu/libc.so.6", "macb": "m.cb", "inode": "131", "mode": "r/rrwxr-xr-x", "uid": "0", "gid": "0", "size": "1926232"})
			}
			w, err := NewWriter(io.Discard, format)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if err := w.Write(e, Mark{}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
	b.Run("jsonl by encoding/json", func(b *testing.B) {
		e, w := ordinary(), json.NewEncoder(io.Discard)
		w.SetEscapeHTML(false)
		for b.Loop() {
			if err := w.Encode(e); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
	})
}
