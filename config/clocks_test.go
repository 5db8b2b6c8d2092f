package config

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func TestClocks(t *testing.T) {
	t.Parallel()
	c, err := Parse("config.yaml", []byte(`
clocks:
  regimes: [GDPR, us-tx]
  also: [eu-gdpr-33-processor]
  zone: Europe/Berlin
  holidays: {default: de, US: us}
  review: {sev1: 3d, sev2: 5bd, sev3: never}
calendars:
  de: {holidays: [{date: 2026-12-25}]}
  us: {holidays: [{date: 2026-07-03}]}
`))
	if err != nil {
		t.Fatal(err)
	}
	want := Clocks{
		Regimes: []string{"GDPR", "us-tx"}, Also: []string{"eu-gdpr-33-processor"}, Zone: "Europe/Berlin",
		Holidays: map[string]string{"default": "de", "US": "us"}, Review: map[string]string{"sev1": "3d", "sev2": "5bd", "sev3": "never"},
	}
	if !reflect.DeepEqual(c.Clocks, want) {
		t.Errorf("%+v, want %+v", c.Clocks, want)
	}
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Parse("config.json", text)
	if err != nil || !reflect.DeepEqual(again.Clocks, want) {
		t.Errorf("read back %+v, %v", again.Clocks, err)
	}
	one, err := Parse("config.yaml", []byte("clocks: {holidays: de, all: true}\ncalendars: {de: holidays.yaml}\n"))
	if err != nil || one.Clocks.Holidays["default"] != "de" || !one.Clocks.All {
		t.Errorf("%+v, %v", one.Clocks, err)
	}
}

func TestClocksRefused(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]string{
		"clocks: [GDPR]":                         "config.yaml:1:9: clocks: want keys with values",
		"clocks: {regime: [GDPR]}":               `clocks has no key "regime" (did you mean regimes?)`,
		"clocks: {regimes: GDPR}":                "clocks.regimes: want a list",
		"clocks: {regimes: ['']}":                "clocks.regimes[0]: want a short name",
		"clocks: {all: yes}":                     "clocks.all: want true or false",
		"clocks: {zone: Mars/Olympus}":           `clocks.zone "Mars/Olympus" is not known`,
		"clocks: {holidays: fr}":                 `clocks.holidays: there is no calendar "fr"`,
		"clocks: {review: {sev1: 3h}}":           `clocks.review.sev1: "3h" is no time`,
		"clocks: {review: {sev1: 0d}}":           `clocks.review.sev1: "0d" is no time`,
		"clocks: {review: {sev5: 3d}}":           `clocks.review: "sev5" is not known`,
		"clocks: {review: {sev1: 3d, sev1: 4d}}": `clocks.review: "sev1" is there twice`,
	} {
		_, err := Parse("config.yaml", []byte(src))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", src, err, want)
		}
	}
}
