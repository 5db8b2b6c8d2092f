package review_test

import (
	"encoding/json"
	"testing"

	"firebreak/record"
	"firebreak/review"
)

func TestDescribeWhatCannotBeRead(t *testing.T) {
	text, bad := review.Describe(record.Entry{Seq: 3, Kind: "future.kind"})
	if bad || text != "an entry of a kind that this version does not know: future.kind" {
		t.Errorf("%q %v", text, bad)
	}
	text, bad = review.Describe(record.Entry{Seq: 3, Kind: record.Noted, Fields: map[string]json.RawMessage{"text": json.RawMessage("7")}})
	if !bad || text == "" {
		t.Errorf("%q %v", text, bad)
	}
	text, _ = review.Describe(record.Entry{Seq: 3, Kind: record.Noted})
	if text != "note: (withheld)" {
		t.Errorf("%q", text)
	}
}

// A time that the readers may not see is not one that was taken back.
func TestDescribeWithheldTime(t *testing.T) {
	field := func(name, value string) map[string]json.RawMessage {
		return map[string]json.RawMessage{name: json.RawMessage(`"` + value + `"`)}
	}
	for _, c := range []struct {
		e    record.Entry
		want string
	}{
		{record.Entry{Kind: record.MomentStated, Fields: field("moment", "occurred")}, "takes back when it occurred"},
		{record.Entry{Kind: record.MomentStated, Fields: field("moment", "occurred"), Withheld: []string{"at"}}, "it occurred at (withheld)"},
		{record.Entry{Kind: record.MomentStated, Fields: field("moment", "contained"), Withheld: []string{"at", "reason"}}, "was contained at (withheld)"},
		{record.Entry{Kind: record.MomentStated, Fields: field("moment", "contained"), Erased: []string{"at"}}, "was contained at " + record.ErasedMark},
		{record.Entry{Kind: record.MomentStated, Fields: field("moment", "contained")}, "takes back when it was contained"},
		{record.Entry{Kind: record.ClockStarted, Fields: field("event", "aware")}, "aware is taken back as the start of deadlines"},
		{record.Entry{Kind: record.ClockStarted, Fields: field("event", "aware"), Withheld: []string{"at"}}, "aware at (withheld): deadlines count from it"},
		{record.Entry{Kind: record.ClockMet, Fields: field("clock", "x"), Withheld: []string{"at"}}, "deadline x: done at (withheld)"},
		{record.Entry{Kind: record.ClockMet, Fields: field("clock", "x")}, "deadline x: it is taken back that it was met"},
	} {
		if got, bad := review.Describe(c.e); bad || got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
