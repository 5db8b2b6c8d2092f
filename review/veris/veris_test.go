package veris_test

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"firebreak/internal/testkit"
	"firebreak/internal/testkit/reviews"
	"firebreak/record"
	"firebreak/review"
	"firebreak/review/veris"
)

type object = map[string]any

func written(t *testing.T, r review.Review) object {
	t.Helper()
	data, err := veris.Record(r)
	if err != nil {
		t.Fatal(err)
	}
	var out object
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// at goes down into an object; "" where there is no way.
func at(o any, way ...string) any {
	for _, w := range way {
		m, ok := o.(object)
		if !ok {
			return ""
		}
		o = m[w]
	}
	return o
}

// TestEveryReviewIsARecord holds the records to what VERIS demands of each: its
// members, its words for what is not known, and its own rules between members.
func TestEveryReviewIsARecord(t *testing.T) {
	units := []string{"Seconds", "Minutes", "Hours", "Days", "Weeks", "Months", "Years", "Never", "NA", "Unknown"}
	reviews.Each(t, func(t *testing.T, r review.Review) {
		o := written(t, r)
		for _, m := range []string{"actor", "action", "discovery_method", "schema_version", "asset", "timeline", "incident_id", "security_incident", "summary"} {
			if o[m] == nil || o[m] == "" {
				t.Errorf("no %s", m)
			}
		}
		if y, _ := at(o, "timeline", "incident", "year").(float64); y < 1950 || y > 2050 {
			t.Errorf("year %v", at(o, "timeline", "incident", "year"))
		}
		for _, m := range []string{"compromise", "exfiltration", "discovery", "containment"} {
			if u, _ := at(o, "timeline", m, "unit").(string); !slices.Contains(units, u) {
				t.Errorf("timeline.%s.unit is %q", m, u)
			}
		}
		if len(o["action"].(object)) == 0 || len(o["attribute"].(object)) == 0 || len(o["actor"].(object)) == 0 {
			t.Error("an A is empty")
		}
		if o["action"].(object)["social"] != nil && (at(o, "attribute", "integrity") == nil || at(o, "value_chain", "distribution") == nil) {
			t.Error("a social action alters behaviour, and has a chain")
		}
		if list, ok := at(o, "attribute", "confidentiality", "data").([]any); ok {
			total, _ := at(o, "attribute", "confidentiality", "data_total").(float64)
			for _, d := range list {
				if n, ok := d.(object)["amount"].(float64); ok && n > total {
					t.Errorf("%v of one kind of %v records", n, total)
				}
			}
		}
	})
}

func TestGolden(t *testing.T) {
	data, err := veris.Record(reviews.Rich(t, "k"))
	if err != nil {
		t.Fatal(err)
	}
	testkit.Golden(t, "rich.json", data)
	if again, err := veris.Record(reviews.Rich(t, "k")); err != nil || !bytes.Equal(data, again) {
		t.Errorf("the same review gives other bytes (%v)", err)
	}
}

func TestWhatIsNotKnownIsUnknown(t *testing.T) {
	o := written(t, reviews.Empty(t, "k"))
	for _, way := range []string{"timeline.discovery.unit", "timeline.containment.unit", "impact.overall_rating", "targeted", "victim.employee_count"} {
		if v := at(o, strings.Split(way, ".")...); v != "Unknown" {
			t.Errorf("%s is %v", way, v)
		}
	}
	if at(o, "discovery_method", "unknown") != true || at(o, "action", "unknown") == nil || at(o, "actor", "unknown") == nil || at(o, "attribute", "unknown") == nil {
		t.Errorf("%v", o)
	}
	if o["security_incident"] != "Suspected" || !strings.Contains(o["notes"].(string), "nobody recorded when the incident began") {
		t.Errorf("%v: %v", o["security_incident"], o["notes"])
	}
}

func TestTimelineUnits(t *testing.T) {
	r := reviews.Rich(t, "k")
	for _, x := range []struct {
		after time.Duration
		unit  string
		value float64
	}{
		{59 * time.Second, "Seconds", 59},
		{90 * time.Second, "Minutes", 1.5},
		{23 * time.Hour, "Hours", 23},
		{36 * time.Hour, "Days", 1.5},
		{8 * 24 * time.Hour, "Weeks", 1.1},
		{45 * 24 * time.Hour, "Months", 1.5},
		{400 * 24 * time.Hour, "Years", 1.1},
		{-time.Hour, "Unknown", 0},
	} {
		r.Moments[1].At = r.Moments[0].At.Add(x.after)
		o := written(t, r)
		value, _ := at(o, "timeline", "discovery", "value").(float64)
		if at(o, "timeline", "discovery", "unit") != x.unit || value != x.value {
			t.Errorf("%v: %v", x.after, at(o, "timeline", "discovery"))
		}
	}
}

// TestMoney looks at sums that are one, a range, several, and in no currency.
func TestMoney(t *testing.T) {
	sum := func(low, high float64, unit string) review.Measured {
		return review.Measured{Impact: record.Impact{Measure: "money", Low: &low, High: &high, Unit: unit, Certainty: "confirmed"}}
	}
	r := reviews.Empty(t, "k")
	for _, x := range []struct {
		sums                []review.Measured
		amount, least, most any
	}{
		{[]review.Measured{sum(5, 5, "EUR")}, 5.0, nil, nil},
		{[]review.Measured{sum(5, 9, "EUR")}, nil, 5.0, 9.0},
		{[]review.Measured{sum(5, 5, "EUR"), sum(2, 2, "EUR")}, nil, nil, nil},
		{[]review.Measured{sum(5, 5, "shells")}, nil, nil, nil},
	} {
		r.Impact = x.sums
		i := written(t, r)["impact"].(object)
		if i["overall_amount"] != x.amount || i["overall_min_amount"] != x.least || i["overall_max_amount"] != x.most {
			t.Errorf("%v: %v", x.sums, i)
		}
	}
}

// TestWithSchema validates with VERIS' own schema.
func TestWithSchema(t *testing.T) {
	path := os.Getenv("FIREBREAK_VERIS_SCHEMA")
	if path == "" {
		t.Skip("FIREBREAK_VERIS_SCHEMA names no verisc-merged.json (repository vz-risk/veris)")
	}
	schema, err := jsonschema.NewCompiler().Compile(path)
	if err != nil {
		t.Fatal(err)
	}
	reviews.Each(t, func(t *testing.T, r review.Review) {
		if err := schema.Validate(written(t, r)); err != nil {
			t.Error(err)
		}
	})
}
