package parquet

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"firebreak/timeline"
)

func BenchmarkWrite(b *testing.B) {
	var buf bytes.Buffer
	w := New(&buf, nil)
	at := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	key := timeline.KeyOf("x", "syslog")
	b.ResetTimer()
	for i := range b.N {
		e := timeline.Event{ID: key.ID(int64(i*100), 0), Time: at.Add(time.Duration(i) * time.Millisecond), Precision: timeline.Second, TimeKind: timeline.Logged, Source: "auth", Parser: "syslog", Host: fmt.Sprintf("web-%d", i%7), User: "root", Message: fmt.Sprintf("Failed password for root from 10.0.%d.%d port %d ssh2", i>>8&255, i&255, i&65535), Exhibit: "e1", Offset: int64(i * 100),
			Attributes: timeline.Attributes{{Name: "pid", Value: fmt.Sprint(i % 30000)}, {Name: "process", Value: "sshd"}}}
		if err := w.Write(&e, timeline.Mark{}); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(buf.Len())/float64(b.N), "B/event")
}
