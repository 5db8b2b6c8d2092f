package audience

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"firebreak/incident"
	"firebreak/record"
)

// manyEntries are entries with names in their texts, and names to look for.
func manyEntries(n, names int) ([]record.Entry, Options) {
	o := Options{Profile: record.PublicProfile, Key: []byte("key")}
	for i := range names {
		kind := Host
		value := fmt.Sprintf("srv-%d.dc%d.corp.example", i, i%7)
		if i%2 == 0 {
			kind, value = Person, fmt.Sprintf("Person%d Surname%d", i, i)
		}
		o.Names = append(o.Names, Name{Kind: kind, Value: value})
	}
	var out []record.Entry
	for i := range n {
		text := fmt.Sprintf("Person%d Surname%d saw srv-%d.dc%d.corp.example answer 10.1.%d.%d at 2026-11-28T14:37:12Z; mail a%d@corp.example, the usual words go on for a while here so that there is something to read", i*2, i*2, i*2+1, (i*2+1)%7, i%250, i%199, i)
		fields, err := json.Marshal(text)
		if err != nil {
			panic(err)
		}
		out = append(out, record.Entry{
			Seq: int64(i + 1), Time: time.Unix(int64(i), 0), Actor: incident.Actor{ID: "p-1", Name: "Ada Lovelace"}, Kind: record.ReviewText,
			Fields: map[string]json.RawMessage{"text": fields, "part": json.RawMessage(`"summary"`)},
		})
	}
	return out, o
}

func BenchmarkApply(b *testing.B) {
	entries, o := manyEntries(5000, 5000)
	o.Profile = record.ExecutiveProfile
	b.ReportAllocs()
	for b.Loop() {
		m := New(entries, o)
		m.Entries(entries)
	}
}
