package config_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"firebreak/config"
)

func TestCalendars(t *testing.T) {
	src := "calendars:\n  de: ~/de.yaml\n  us: {file: /etc/us.yaml}\n  ae:\n    weekend: [friday, saturday]\n    holidays:\n      - {date: 2026-12-02, name: National Day}\n      - date: 2026-12-03\n"
	c, err := config.Parse("c", []byte(src))
	want := map[string]config.Calendar{
		"de": {File: "~/de.yaml"}, "us": {File: "/etc/us.yaml"},
		"ae": {Weekend: []string{"friday", "saturday"}, Holidays: []config.Holiday{{Date: "2026-12-02", Name: "National Day"}, {Date: "2026-12-03"}}},
	}
	if err != nil || !reflect.DeepEqual(c.Calendars, want) {
		t.Fatalf("%+v, %v", c.Calendars, err)
	}
	b, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := config.Parse("again", b); err != nil || !reflect.DeepEqual(again.Calendars, want) {
		t.Errorf("%s is read back as %+v, %v", b, again.Calendars, err)
	}
	if home := c.InHome("/home/ada"); home.Calendars["de"].File != "/home/ada/de.yaml" || c.Calendars["de"].File != "~/de.yaml" {
		t.Errorf("in home: %+v", home.Calendars)
	}
}

func TestCalendarsAreStrict(t *testing.T) {
	for src, want := range map[string]string{
		"calendars: [de]":                       "c:1:12: calendars: want keys with values",
		"calendars: {DE: x}":                    `c:1:17: calendars: playbooks name a calendar in lower case with hyphens, so not "DE"`,
		"calendars: {de: ''}":                   "names no calendar",
		"calendars: {de: {weekend: [sonntag]}}": `c:1:28: calendars.de.weekend: "sonntag" is no day of the week`,
		"calendars: {de: {weekend: sunday}}":    "want a list",
		"calendars: {de: {weekend: [monday, tuesday, wednesday, thursday, friday, saturday, sunday]}}": "no day of the week is a business day",
		"calendars: {de: {holidays: x}}":                                        "c:1:28: calendars.de.holidays: want a list",
		"calendars: {de: {holidays: [2026-12-25]}}":                             "want keys with values",
		"calendars: {de: {holidays: [{name: x}]}}":                              `calendars.de.holidays[0]: "" is no date`,
		"calendars: {de: {holidays: [{date: 2026-02-30}]}}":                     `c:1:36: calendars.de.holidays[0]: "2026-02-30" is no date`,
		"calendars: {de: {holidays: [{date: 2026-02-03}, {date: 2026-02-03}]}}": "2026-02-03 is there twice",
		"calendars: {de: {holiday: []}}":                                        "did you mean holidays?",
		"calendars: {de: {file: x, weekend: [sunday]}}":                         "a file, and days of its own",
		"calendars: {de: {holidays: [" + strings.Repeat("a,", 1001) + "]}}":     "more than 1000",
	} {
		_, err := config.Parse("c", []byte(src))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s\n gives %v\n want %s", src, err, want)
		}
	}
}
