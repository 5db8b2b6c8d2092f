package review_test

import (
	"bytes"
	"regexp"
	"slices"
	"testing"

	"firebreak/record"
	"firebreak/review"
	"firebreak/review/audience"
	"firebreak/review/navigator"
	"firebreak/review/ocsf"
	"firebreak/review/stix"
	"firebreak/review/veris"
)

var exchanged = map[string]func(review.Review) ([]byte, error){
	"csv": review.Review.Sheet, "stix": stix.Bundle, "attack": navigator.Layer, "veris": veris.Record, "ocsf": ocsf.Finding,
}

// readBy is the whole story as readers of that profile have it, in one document.
func readBy(t *testing.T, p record.Profile, key string) review.Review {
	t.Helper()
	s := rich(t)
	entries, x, _ := audience.Apply(s.entries, extra(s), audience.Options{Profile: p, Key: []byte(key)})
	r, err := review.Build(entries, x)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func written(t *testing.T, form string, r review.Review) []byte {
	t.Helper()
	data, err := exchanged[form](r)
	if err != nil {
		t.Fatalf("%s: %v", form, err)
	}
	return data
}

// TestMasksHoldInEveryForm looks for people and hosts in the forms that readers get
// who may not know them.
func TestMasksHoldInEveryForm(t *testing.T) {
	planted := map[record.Profile][]string{
		record.PublicProfile: {"Ada Okafor", "Jun Lindqvist", "k-ada", "build-1", "acme/widgets"}, record.ExecutiveProfile: {"Ada Okafor", "Jun Lindqvist", "build-1"},
		record.TechnicalProfile: {"Ada Okafor", "Jun Lindqvist"}, record.RegulatorProfile: {"build-1"},
	}
	for p, names := range planted {
		r := readBy(t, p, "k")
		for form := range exchanged {
			data := written(t, form, r)
			for _, name := range names {
				if bytes.Contains(data, []byte(name)) {
					t.Errorf("%s is in %s for %s", name, form, p)
				}
			}
		}
	}
	if full := readBy(t, record.FullProfile, "k"); !bytes.Contains(written(t, "csv", full), []byte("Ada Okafor")) {
		t.Error("nobody is in the sheet for everybody who may see all")
	}
}

// TestTwoPublicFormsShareNoToken compares the ids and pseudonyms of two documents
// for the public.
func TestTwoPublicFormsShareNoToken(t *testing.T) {
	token := regexp.MustCompile(`(?:[a-z0-9-]+--)?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b[A-Za-z]+-[A-Z2-7]{6,}\b|\b20[0-9]{2}-[0-9]{4}\b`)
	one, two := readBy(t, record.PublicProfile, "one"), readBy(t, record.PublicProfile, "two")
	for form := range exchanged {
		theirs := token.FindAllString(string(written(t, form, two)), -1)
		for _, x := range token.FindAllString(string(written(t, form, one)), -1) {
			if slices.Contains(theirs, x) && !regexp.MustCompile(`^(extension-definition|marking-definition|ipv4-addr|ipv6-addr|domain-name|url|file|directory|email-addr|user-account)--`).MatchString(x) {
				t.Errorf("%s: both documents have %s", form, x)
			}
		}
	}
}
