package review

import (
	"slices"
	"strings"
	"testing"

	"firebreak/record"
)

var maskedNames = Masked{
	People: map[string]string{"Grace Hopper": "p-7QX3A", "Grace": "p-2VAN7", "ada": "p-ADA", "root": "p-ROOT", "Jürgen": "p-JUR"},
	Hosts:  map[string]string{"web-1": "h-WEB1", "web-1.example.org": "h-FQDN", "vm": "h-VM", "a.b(c": "h-ODD", "Bücher": "h-BUE"},
}

// Each profile shows what it lets out, and no more: the same text for each.
func TestMaskByProfile(t *testing.T) {
	const text = "Grace Hopper on web-1.example.org (203.0.113.7, 2001:db8::7), mail victim@example.org, token ghp_0123456789abcdefghij0123"
	for profile, want := range map[record.Profile]string{
		record.FullProfile:      "Grace Hopper on web-1.example.org (203.0.113.7, 2001:db8::7), mail victim@example.org, token ***",
		record.LegalProfile:     "Grace Hopper on web-1.example.org (203.0.113.7, 2001:db8::7), mail victim@example.org, token ***",
		record.TechnicalProfile: "p-7QX3A on web-1.example.org (203.0.113.7, 2001:db8::7), mail (mail address), token ***",
		record.RegulatorProfile: "Grace Hopper on h-FQDN ((address), (address)), mail victim@(host), token ***",
		record.ExecutiveProfile: "p-7QX3A on h-FQDN ((address), (address)), mail (mail address), token ***",
		record.PublicProfile:    "p-7QX3A on h-FQDN ((address), (address)), mail (mail address), token ***",
	} {
		if got := NewMask(maskedNames, profile).Strict(text); got != want {
			t.Errorf("%s:\n got %s\nwant %s", profile, got, want)
		}
	}
	both := NewMask(maskedNames, record.TechnicalProfile, record.RegulatorProfile)
	if got := both.Strict("Grace on web-1"); got != "p-2VAN7 on h-WEB1" {
		t.Errorf("where two profiles hold, neither's secrets show: %s", got)
	}
}

func TestMaskWholeNames(t *testing.T) {
	for text, want := range map[string]string{
		"adapters, Canada, ADA":             "adapters, Canada, ADA", // a short name as it is written
		"ada and ada's, (ada)":              "p-ADA and p-ADA's, (p-ADA)",
		"GRACE HOPPER and Grace":            "p-7QX3A and p-2VAN7", // the longer name first
		"the root cause, by root":           "the root cause, by root",
		"web-10 web-1. web-1, WEB-1/x":      "web-10 h-WEB1. h-WEB1, h-WEB1/x",
		"vm, VM, vms":                       "h-VM, VM, vms",
		"a.b(c is odd":                      "h-ODD is odd",
		"Jürgen, jürgens BÜCHER":            "p-JUR, jürgens h-BUE",
		"at 11:30:22, version 1.2, 10:00":   "at 11:30:22, version 1.2, 10:00",
		"10.0.0.1, 10.0.0.300 and 10.0.0.1": "(address), 10.0.0.300 and (address)",
	} {
		if got := NewMask(maskedNames, record.PublicProfile).Typed(text); got != want {
			t.Errorf("%s:\n got %s\nwant %s", text, got, want)
		}
	}
	m := NewMask(maskedNames, record.PublicProfile)
	once := m.Strict("Grace Hopper, web-1, 203.0.113.7, x@y.example")
	if twice := m.Strict(once); twice != once {
		t.Errorf("masked twice: %s, then %s", once, twice)
	}
	if !slices.Contains(m.Replaced, "h-WEB1") || !slices.Contains(m.Replaced, anAddress) {
		t.Errorf("what was replaced: %v", m.Replaced)
	}
}

// A text may keep a mail address that a person wrote for its readers.
func TestMaskTyped(t *testing.T) {
	m := NewMask(maskedNames, record.PublicProfile)
	if got := m.Typed("Ask support@acme.example or see https://status.acme.example; not Grace on 10.1.2.3"); got != "Ask support@acme.example or see https://status.acme.example; not p-2VAN7 on (address)" {
		t.Error(got)
	}
}

func FuzzMask(f *testing.F) {
	f.Add("Grace Hopper on web-1", "x")
	f.Add("\xff\xfe web-1 \u00fc", "(")
	f.Fuzz(func(t *testing.T, text, name string) {
		m := NewMask(Masked{Hosts: map[string]string{"web-1": "H", name: "N"}}, record.PublicProfile)
		got := m.Strict(text)
		if text == "on web-1 now" && strings.Contains(got, "web-1") {
			t.Errorf("%q", got)
		}
	})
}
