package segment

import (
	"context"
	"fmt"
	"os"
	"testing"

	"firebreak/forensics/parse"
	"firebreak/internal/testkit/loggen"
	"firebreak/record"
	"firebreak/timeline"
)

// logEvents is the events of a generated log.
func logEvents(b *testing.B, n int) []timeline.Event {
	b.Helper()
	log, err := loggen.New(loggen.Options{Lines: n, Seed: 1, Sources: 8, Corpus: os.Getenv("FIREBREAK_CORPUS")})
	if err != nil {
		b.Fatal(err)
	}
	events := make([]timeline.Event, 0, n)
	_, err = parse.File(context.Background(), log, parse.Source{Exhibit: record.Exhibit{ID: "e1", SHA256: "5a"}, Parser: "syslog", Workers: 1}, func(batch []timeline.Event) error {
		for i := range batch {
			// Values stay pieces of the message, as they are when a parser hands them over.
			e := batch[i].Clone()
			for j, a := range batch[i].Attributes {
				if d, ok := within(batch[i].Message, a.Value); ok {
					e.Attributes[j].Value = e.Message[d : d+len(a.Value)]
				}
			}
			events = append(events, e)
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return events
}

var kindNames = map[Kind]string{
	KindDictionary: "dictionary", KindShapes: "shapes", KindTimes: "times", KindPlaces: "places", KindCodes: "codes",
	KindText: "text", KindWords: "words", KindLexicon: "lexicon",
}

// BenchmarkEncode is the whole way from events to the bytes of segments.
func BenchmarkEncode(b *testing.B) {
	const n = 4 * MaxRows
	events := logEvents(b, n)
	e, err := NewEncoder()
	if err != nil {
		b.Fatal(err)
	}
	builder := NewBuilder()
	sizes := map[Kind]int{}
	rows, tokens, segments, raw := 0, 0, 0, 0
	encode := func() {
		image, err := builder.Encode(e)
		if err != nil {
			b.Fatal(err)
		}
		rows += builder.Len()
		tokens += len(e.table.kept)
		segments++
		for _, p := range image.Parts {
			sizes[p.Kind] += len(p.Data)
		}
		image.Release()
		builder.Reset()
	}
	b.ReportAllocs()
	for b.Loop() {
		for i := range events {
			raw += len(events[i].Message)
			if !builder.Add(&events[i]) {
				encode()
				builder.Add(&events[i])
			}
		}
		encode()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(rows), "ns/event")
	all := 0
	for _, s := range sizes {
		all += s
	}
	b.ReportMetric(float64(all)/float64(rows), "bytes/event")
	if testing.Verbose() {
		fmt.Printf("segments %d, rows %d, tokens a segment %d, message %.1f\n", segments, rows, tokens/segments, float64(raw)/float64(rows))
		for k, s := range sizes {
			fmt.Printf("  %-10s %6.2f bytes an event\n", kindNames[k], float64(s)/float64(rows))
		}
		fmt.Printf("%+v\n", events[1000])
	}
}
