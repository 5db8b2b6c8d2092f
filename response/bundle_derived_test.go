package response

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"firebreak/config"
	"firebreak/incident"
	"firebreak/record"
)

// handedOn is an incident whose only exhibit went from ada to bob, both signed,
// and of which a copy was taken.
func handedOn(t *testing.T) (*bench, *keyring) {
	t.Helper()
	b := newBench(t, config.Config{Sign: config.SignNever})
	k := b.keyring("ada", "bob")
	b.evidence("one")
	_, err := k.as("ada").Transfer(t.Context(), b.id, TransferRequest{Exhibits: []string{"e1"}, To: "bob", Reason: "imaging", Place: "room 3"})
	b.must(err)
	_, err = k.as("bob").Answer(t.Context(), b.id, AnswerRequest{Transfer: "t1", Place: "safe 2"})
	b.must(err)
	_, err = b.s.TakeExhibit(t.Context(), b.id, "e1", filepath.Join(t.TempDir(), "copy-of-one"), "carving", nil)
	b.must(err)
	return b, k
}

func TestBundleHasTheCustodyOfItsProfile(t *testing.T) {
	b, _ := handedOn(t)
	for _, c := range []struct {
		profile       record.Profile
		form          bool
		says, neither []string // in the form and the CASE file
	}{
		{record.FullProfile, true, []string{"room 3", "order 17", "none was noticed", "copy-of-one", "by bob@example.org"}, []string{"(withheld)", "NOT signed"}},
		{record.RegulatorProfile, true, []string{"room 3", "order 17", "to (withheld)"}, []string{"copy-of-one", "file0.txt", "NOT signed", `"web-1"`, ">web-1<", "NOT SAID"}},
		{record.TechnicalProfile, true, []string{"copy-of-one", "file0.txt", "its signature is withheld", "On the authority of</th><td class=\"missing\">(withheld)"}, []string{"room 3", "order 17", "NOT signed", "not signed", "NOT SAID", "is not known", "bob", `"ada"`, ">ada<"}},
		{record.ExecutiveProfile, false, nil, nil},
		{record.PublicProfile, false, nil, nil},
	} {
		t.Run(string(c.profile), func(t *testing.T) {
			made := b.bundle("a.tar.gz", BundleOptions{Profile: c.profile, NoReview: true})
			if r := b.checked(made.File, BundleVerification{}); !r.OK() {
				t.Fatalf("%v", r.Problems)
			}
			files, _ := b.members(made.File)
			form, graph := files["custody/form.html"], files["custody/case.jsonld"]
			if (form != "") != c.form || (graph != "") != c.form {
				t.Fatalf("form of %d bytes, CASE file of %d", len(form), len(graph))
			}
			if c.form && !json.Valid([]byte(graph)) {
				t.Errorf("no JSON: %.200s", graph)
			}
			both := strings.ReplaceAll(form, "[@]example[.]org", "@example.org") + graph
			for _, want := range c.says {
				if want = strings.Replace(want, "by bob@example.org", "by bob@", 1); !strings.Contains(both, want) {
					t.Errorf("it does not say %q", want)
				}
			}
			for _, no := range c.neither {
				if strings.Contains(both, no) {
					t.Errorf("it says %q", no)
				}
			}
		})
	}
}

func TestMaskedReviewClaimsNothingOfWhatIsWithheld(t *testing.T) {
	b, _ := handedOn(t)
	files, _ := b.members(b.bundle("a.tar.gz", BundleOptions{Profile: record.TechnicalProfile}).File)
	md := files["review/review.md"]
	for _, want := range []string{"withheld from its reader", "signed by (withheld)", "copied to"} {
		if !strings.Contains(md, want) {
			t.Errorf("it does not say %q", want)
		}
	}
	if strings.Contains(md, "NOT signed") {
		t.Error("it says that nobody signed what somebody signed")
	}
	whole, _ := b.members(b.bundle("b.tar.gz", BundleOptions{}).File)
	if strings.Contains(whole["review/review.md"], "withheld") {
		t.Error("the full review says that something is withheld")
	}
}

// ssh-keygen writes login and host of whoever made a key into its comment.
func TestBundleRosterHasNoComments(t *testing.T) {
	b, _ := handedOn(t)
	files, _ := b.members(b.bundle("a.tar.gz", BundleOptions{Profile: record.RegulatorProfile}).File)
	roster := files["trust/allowed_signers"]
	if n := strings.Count(roster, "\n"); n != 2 {
		t.Fatalf("%d lines:\n%s", n, roster)
	}
	for line := range strings.Lines(roster) {
		words := strings.Fields(line)
		if _, err := base64.StdEncoding.DecodeString(words[len(words)-1]); err != nil || len(words) != 4 {
			t.Errorf("%q", line)
		}
	}
}

func TestBundleIsSignedBeforeItLeaves(t *testing.T) {
	b := signBench(t, config.Config{Sign: config.SignDecisions}, newPerson(t, "ada@example.org"))
	b.evidence("one")
	made := b.bundle("a.tar.gz", BundleOptions{})
	r := b.checked(made.File, BundleVerification{Seals: []string{made.Seal}})
	if !r.OK() || len(r.Signatures) != 1 || !r.Signatures[0].OK || r.Signatures[0].Principal != "ada@example.org" {
		t.Errorf("%v, %+v", r.Problems, r.Signatures)
	}
	// Where it is not asked for, nobody signs.
	b.seed++
	b.s = b.service(config.Config{Sign: config.SignNever}).As(incident.Actor{Name: "ada"})
	made = b.bundle("b.tar.gz", BundleOptions{})
	if r := b.checked(made.File, BundleVerification{}); len(r.Signatures) != 1 {
		t.Errorf("%+v", r.Signatures)
	}
	// A key that cannot be had: the bundle is there, and it is said.
	b.s = b.s.WithKey("SHA256:0000")
	made, err := b.s.Bundle(t.Context(), b.id, BundleOptions{To: filepath.Join(t.TempDir(), "c.tar.gz"), Profile: record.FullProfile}, nil)
	var e *Error
	if CodeOf(err) != CodePartial || !errors.As(err, &e) || made.File == "" || !b.checked(made.File, BundleVerification{}).OK() {
		t.Errorf("%v, %+v", err, made)
	}
}
