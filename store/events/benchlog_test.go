package events

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"firebreak/internal/testkit/loggen"
	"firebreak/timeline"
)

// benchLog calls give with the events of a log of n lines, in batches.
func benchLog(b testing.TB, n int, give func([]timeline.Event)) {
	b.Helper()
	log, err := loggen.New(loggen.Options{Lines: n, Seed: 1, Corpus: os.Getenv("FIREBREAK_CORPUS")})
	if err != nil {
		b.Fatal(err)
	}
	var batch []timeline.Event
	source, offset := -1, int64(0)
	var key timeline.FileKey
	exhibit := ""
	for row := log.Next(); row != nil; row = log.Next() {
		if row.Source != source {
			source, offset = row.Source, 0
			exhibit = fmt.Sprint("e", source)
			key = timeline.KeyOf(exhibit, "syslog")
		}
		batch = append(batch, timeline.Event{
			ID: key.ID(offset, 0), Time: row.Time, Precision: timeline.Microsecond, TimeKind: timeline.Logged, Source: "syslog", Parser: "syslog",
			Host: strings.Clone(row.Host), User: strings.Clone(row.User), Message: string(row.Message), Exhibit: exhibit, Offset: offset,
			Attributes: timeline.Attributes{{Name: "pid", Value: fmt.Sprint(row.PID)}, {Name: "program", Value: row.Program}},
		})
		offset += int64(len(row.Message)) + 60
		if len(batch) == 20_000 {
			give(batch)
			batch = nil
		}
	}
	give(batch)
}
