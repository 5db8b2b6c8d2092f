package audience

import (
	"encoding/json"
	"testing"

	"firebreak/record"
	"firebreak/review"
)

// A later word on one kind does not stand for another whose name is withheld.
func TestKindsOfImpactStayApart(t *testing.T) {
	number := func(n float64) *float64 { return &n }
	var entries []record.Entry
	for i, p := range []record.Impact{
		{Measure: "people", Class: "customers", Low: number(5000), High: number(5000), Certainty: "confirmed"},
		{Measure: "people", Class: "employees", Low: number(40), High: number(40), Certainty: "confirmed"},
		{Measure: "people", Class: "customers", Low: number(6000), High: number(6000), Certainty: "confirmed"},
	} {
		raw, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		e := record.Entry{Seq: int64(i + 2), Kind: record.ImpactStated}
		if err := json.Unmarshal(raw, &e.Fields); err != nil {
			t.Fatal(err)
		}
		entries = append(entries, e)
	}
	opened := record.Entry{Seq: 1, Kind: record.IncidentOpened, Fields: map[string]json.RawMessage{"title": json.RawMessage(`"x"`), "severity": json.RawMessage(`"SEV2"`), "tlp": json.RawMessage(`"clear"`), "drill": json.RawMessage("false")}}
	masked, extra, _ := Apply(append([]record.Entry{opened}, entries...), review.Extra{}, Options{Profile: record.PublicProfile, Key: []byte("k")})
	r, err := review.Build(masked, extra)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Impact) != 2 || *r.Impact[0].Low != 6000 || r.Impact[0].Class != "kind 1" || *r.Impact[1].Low != 40 || r.Impact[1].Class != "kind 2" {
		t.Errorf("%+v", r.Impact)
	}
}
