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
