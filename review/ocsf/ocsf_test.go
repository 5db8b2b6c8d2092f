package ocsf_test

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"testing"

	"firebreak/incident"
	"firebreak/internal/testkit"
	"firebreak/internal/testkit/reviews"
	"firebreak/review"
	"firebreak/review/ocsf"
)

type object = map[string]any

func finding(t *testing.T, r review.Review) object {
	t.Helper()
	data, err := ocsf.Finding(r)
	if err != nil {
		t.Fatal(err)
	}
	var out object
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

func number(t *testing.T, v any) int64 {
	t.Helper()
	n, ok := v.(json.Number)
	if !ok {
		t.Fatalf("%v is no number", v)
	}
	i, err := n.Int64()
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// TestEveryReviewIsAFinding holds the findings to what class 2005 demands.
func TestEveryReviewIsAFinding(t *testing.T) {
	reviews.Each(t, func(t *testing.T, r review.Review) {
		o := finding(t, r)
		activity := number(t, o["activity_id"])
		if number(t, o["category_uid"]) != 2 || number(t, o["class_uid"]) != 2005 || number(t, o["type_uid"]) != 200500+activity || activity < 1 || activity > 3 {
			t.Errorf("%v", o)
		}
		if s := number(t, o["severity_id"]); s < 0 || s > 6 {
			t.Errorf("severity %d", s)
		}
		if s := number(t, o["status_id"]); s < 1 || s > 5 {
			t.Errorf("status %d", s)
		}
		number(t, o["time"])
		m := o["metadata"].(object)
		if m["version"] != ocsf.Version || m["product"].(object)["name"] == nil || !slices.Contains(m["profiles"].([]any), any("incident")) {
			t.Errorf("%v", m)
		}
		if list := o["finding_info_list"].([]any); len(list) == 0 || list[0].(object)["uid"] == "" {
			t.Errorf("%v", list)
		}
		for _, f := range o["finding_info_list"].([]any) {
			if f.(object)["uid"] == "" {
				t.Errorf("%v", f)
			}
		}
		if o["assignee"] == nil && o["assignee_group"] == nil {
			t.Error("nobody has it")
		}
	})
}

func TestGolden(t *testing.T) {
	data, err := ocsf.Finding(reviews.Rich(t, "k"))
	if err != nil {
		t.Fatal(err)
	}
	testkit.Golden(t, "rich.json", data)
	if again, err := ocsf.Finding(reviews.Rich(t, "k")); err != nil || !bytes.Equal(data, again) {
		t.Errorf("the same review gives other bytes (%v)", err)
	}
}

func TestActivityAndState(t *testing.T) {
	r := reviews.Empty(t, "k")
	is := func(why string, activity, status, severity, verdict int64) {
		t.Helper()
		o := finding(t, r)
		got := [4]int64{number(t, o["activity_id"]), number(t, o["status_id"]), number(t, o["severity_id"]), number(t, o["verdict_id"])}
		if got != [4]int64{activity, status, severity, verdict} {
			t.Errorf("%s: activity, status, severity, verdict are %v", why, got)
		}
	}
	is("opened", 1, 1, 4, 0)
	r.Integrity.Entries, r.Incident.Severity = 9, incident.SEV1
	is("goes on", 2, 1, 5, 0)
	r.Incident.Phase = incident.Contain
	is("being contained", 2, 2, 5, 0)
	r.Incident.Status, r.Findings = incident.Closed, []review.Finding{{ID: "f"}}
	is("closed", 3, 5, 5, 2)
	r.Incident.Drill, r.Incident.Severity = true, 0
	is("a drill", 3, 5, 0, 6)
}

// TestWithDefinitions checks with a checker that is made from OCSF' own
// definitions.
func TestWithDefinitions(t *testing.T) {
	dir := os.Getenv("FIREBREAK_OCSF_SCHEMA")
	if dir == "" {
		t.Skip("FIREBREAK_OCSF_SCHEMA names no folder with the definitions of OCSF (repository ocsf/ocsf-schema at " + ocsf.Version + ")")
	}
	d := definitions(t, dir)
	reviews.Each(t, func(t *testing.T, r review.Review) {
		for _, problem := range d.check("events/findings/incident_finding.json", finding(t, r)) {
			t.Error(problem)
		}
	})
	broken := finding(t, reviews.Rich(t, "k"))
	delete(broken, "class_uid")
	broken["status_id"], broken["sevrity"], broken["time"] = json.Number("17"), "High", "yesterday"
	broken["metadata"].(object)["product"] = object{"vendor_name": "x"}
	delete(broken, "assignee")
	if got := d.check("events/findings/incident_finding.json", broken); len(got) < 6 {
		t.Errorf("the checker finds too little: %q", got)
	}
}
