package record

import (
	"encoding/json"
	"reflect"
	"testing"
)

// TestDecodeReadsEveryName holds the members that Decode writes by hand to what
// json.Marshal makes of them.
func TestDecodeReadsEveryName(t *testing.T) {
	t.Parallel()
	fields := map[string]json.RawMessage{
		"text": json.RawMessage(`"<a> & \u2028"`), `quo"te\`: json.RawMessage(`1`), "línea\n": json.RawMessage(`[1,{"b":null}]`),
		"\xff": json.RawMessage(`true`), "none": nil, "": json.RawMessage(` 12345678901234567890 `),
	}
	whole, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	var want, got map[string]json.RawMessage
	if err := json.Unmarshal(whole, &want); err != nil {
		t.Fatal(err)
	}
	if err := (Entry{Fields: fields}).Decode(&got); err != nil {
		t.Fatal(err)
	}
	for name := range want {
		var w, g any
		if json.Unmarshal(want[name], &w) != nil || json.Unmarshal(got[name], &g) != nil || !reflect.DeepEqual(w, g) {
			t.Errorf("%q is %s, want %s", name, got[name], want[name])
		}
	}
	if len(got) != len(want) {
		t.Errorf("there are %d members, want %d", len(got), len(want))
	}
	var none struct{}
	if err := (Entry{}).Decode(&none); err != nil {
		t.Error(err)
	}
}
