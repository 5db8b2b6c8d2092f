package config_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"firebreak/config"
)

func TestRetention(t *testing.T) {
	yes := true
	c, err := config.Parse("c", []byte("retention:\n  - {kind: incident, closed_for: 2y, drill: true, severity: [sev3, sev4], action: erase}\n  - kind: evidence\n    closed_for: 26w\n    action: review\n"))
	want := []config.Rule{
		{Kind: "incident", ClosedFor: config.Age{Years: 2}, Drill: &yes, Severity: []string{"sev3", "sev4"}, Action: "erase"},
		{Kind: "evidence", ClosedFor: config.Age{Days: 182}, Action: "review"},
	}
	if err != nil || !reflect.DeepEqual(c.Retention, want) {
		t.Fatalf("%+v, %v", c.Retention, err)
	}
	b, err := json.Marshal(c) // what config show prints can be read back
	if err != nil {
		t.Fatal(err)
	}
	if again, err := config.Parse("again", b); err != nil || !reflect.DeepEqual(again.Retention, want) {
		t.Errorf("%s is read back as %+v, %v", b, again.Retention, err)
	}
}

func TestRetentionIsStrict(t *testing.T) {
	for src, want := range map[string]string{
		"retention: yes":                                                                    "c:1:12: retention: want a list of rules",
		"retention:\n  - kind: incdent":                                                     `c:2:11: retention[0].kind: "incdent" is not known (incident or evidence)`,
		"retention:\n  - {kind: incident, closed_for: 2y}":                                  "c:2:5: retention[0] has no action",
		"retention:\n  - {kind: incident, closed_for: 2 years, action: erase}":              `c:2:34: retention[0].closed_for: age "2 years": want a number and d, w, mo or y (as in 90d, 26w, 18mo or 2y)`,
		"retention:\n  - {kind: incident, closed_for: 0d, action: erase}":                   "want a number above zero",
		"retention:\n  - {kind: incident, closed_for: 2y, action: destroy}":                 "erase or review",
		"retention:\n  - {kind: incident, closed_for: 2y, action: erase, drill: maybe}":     "retention[0].drill: want true or false",
		"retention:\n  - {kind: incident, closed_for: 2y, action: erase, severity: sev1}":   "retention[0].severity: want a list",
		"retention:\n  - {kind: incident, closed_for: 2y, action: erase, severity: [sev5]}": `"sev5" is not known`,
		"retention:\n  - {kind: incident, closed_for: 2y, action: erase, closed_fro: 1y}":   "did you mean closed_for?",
		"retention:\n  - [incident]":                                                        "retention[0]: want keys with values",
		"retention:\n  - {kind: incident, kind: evidence, closed_for: 2y, action: erase}":   "twice",
		"retention:\n  - &a {kind: incident, closed_for: 2y, action: erase}\n  - *a":        "",
		"retention:\n  - {kind: incident, closed_for: [2y], action: erase}":                 "want text",
	} {
		_, err := config.Parse("c", []byte(src))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n gives %v\n want %s", src, err, want)
		}
	}
}

func TestAge(t *testing.T) {
	closed := time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]string{"1y": "2025-03-01", "4y": "2028-02-29", "12mo": "2025-03-01", "1mo": "2024-03-29", "2w": "2024-03-14", "90d": "2024-05-29"} {
		a, err := config.ParseAge(text)
		if err != nil || a.After(closed).Format(time.DateOnly) != want {
			t.Errorf("%s after %s is %s, %v; want %s", text, closed.Format(time.DateOnly), a.After(closed).Format(time.DateOnly), err, want)
		}
		if again, err := config.ParseAge(a.String()); err != nil || again != a {
			t.Errorf("%s is written as %s and read as %+v, %v", text, a, again, err)
		}
	}
	for _, text := range []string{"", "y", "-1y", "1.5y", "99999y", "1h", "1y ", " 1y", "1Y"} {
		if a, err := config.ParseAge(text); err == nil {
			t.Errorf("%q is read as %+v", text, a)
		}
	}
}
