package audience

import (
	"slices"
	"strings"
	"testing"

	"firebreak/incident"
	"firebreak/record"
)

// strangersIn are the words of a note that somebody should look at.
func strangersIn(t *testing.T, p record.Profile, text string) []string {
	t.Helper()
	d, err := record.NewDraft(incident.Actor{ID: "k-ada", Name: "Ada Okafor"}, record.ReviewText, incident.Identify, "", record.PartText{Part: "summary", Version: 1, Text: text, Public: text})
	if err != nil {
		t.Fatal(err)
	}
	all := []record.Entry{{Seq: 7, Actor: d.Actor, Kind: d.Kind, Fields: d.Fields}}
	m := New(all, Options{Profile: p, Key: []byte("key"), Names: []Name{{Kind: Host, Value: "build-1"}}})
	m.Entries(all)
	var out []string
	for _, f := range m.Report().Look {
		out = append(out, string(f.Kind)+" "+f.Value)
	}
	return out
}

func TestWordsThatLookLikeNames(t *testing.T) {
	for text, want := range map[string][]string{
		"Then Zebulon Quillfeather called, and Ada Okafor answered.":           {"person Zebulon Quillfeather"},
		"We asked Quillfeather's office, on Monday, about the Windows server.": {"person Quillfeather"},
		"Marie-Luise von der Tann wrote.":                                      {"person Tann"}, // what begins a sentence could be any word
		"It reached web-12 and fs01, and build-1 too; sha256 of e12, T1078.":   {"host fs01", "host web-12"},
		"The Active Directory and the Internet were fine.":                     nil,
		"nothing here": nil,
		"Frau Weber and Élodie O’Connor's phone": {"person Frau Weber", "person Élodie O’Connor"},
		"it was deadbeef01 and 2026-11-28":       nil,
	} {
		if got := strangersIn(t, record.PublicProfile, text); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
		if got := strangersIn(t, record.FullProfile, text); got != nil {
			t.Errorf("who sees everything is shown %q", got)
		}
	}
	if got := strangersIn(t, record.TechnicalProfile, "asked Quillfeather on web-12"); !slices.Equal(got, []string{"person Quillfeather"}) {
		t.Errorf("hosts are shown to technical readers anyway: %q", got)
	}
	long := strings.Repeat("asked Quillfeather on web-12; ", 10_000)
	if got := strangersIn(t, record.PublicProfile, long); got != nil {
		t.Errorf("nobody typed %d bytes", len(long))
	}
	many := ""
	for c := 'a'; c <= 'z'; c++ {
		for d := 'a'; d <= 'e'; d++ {
			many += "asked Qu" + string(c) + string(d) + "x, "
		}
	}
	if got := strangersIn(t, record.PublicProfile, many); len(got) != mostStrange {
		t.Errorf("%d are listed", len(got))
	}
}

func FuzzStrangers(f *testing.F) {
	f.Add("Then Zebulon Quillfeather's web-12 – O’Connor\xff A-")
	f.Fuzz(func(t *testing.T, text string) {
		at := 0
		for _, w := range wordsOf(text) {
			if w.from < at || w.to < w.from || w.to > len(text) {
				t.Fatalf("%q: %+v behind %d", text, w, at)
			}
			at = w.to
		}
	})
}
