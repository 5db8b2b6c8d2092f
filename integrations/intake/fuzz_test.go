package intake

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"unicode/utf8"
)

// whole wants of any input what Decode promises of all of them.
func whole(t *testing.T, text []byte, o Options) {
	t.Helper()
	n := 0
	r, err := Decode(bytes.NewReader(text), o, func(f *Finding) error {
		n++
		sound(t, f)
		for _, s := range []string{f.Title, f.Message, f.File, f.Fingerprint, f.Pointer, f.URL} {
			if !utf8.ValidString(s) {
				t.Errorf("no UTF-8: %q", s)
			}
		}
		return nil
	})
	if r.Findings != n || len(r.Notes) > maxNotes || len(r.Scopes) > maxScopes {
		t.Errorf("%d counted, %d handed over", r.Findings, n)
	}
	if err == nil {
		return
	}
	for _, known := range []error{ErrEmpty, ErrMalformed, ErrUnknown, ErrReported, ErrTooLarge} {
		if errors.Is(err, known) {
			return
		}
	}
	t.Errorf("an error that is none of ours: %v", err)
}

// seeds are the texts of the tests, one for each shape.
func seeds(f *testing.F) {
	src, err := os.ReadFile("samples_test.go")
	if err != nil {
		f.Fatal(err)
	}
	for i, text := range strings.Split(string(src), "`") {
		if i%2 == 1 && len(text) > 2 {
			f.Add([]byte(text))
		}
	}
}

func FuzzDecode(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text []byte) { whole(t, text, Options{Name: "x"}) })
}

// Each family is asked by its name, so that detection keeps none of the input away.
func FuzzAlerts(f *testing.F)   { fuzzFamily(f, alertFormats()) }
func FuzzReports(f *testing.F)  { fuzzFamily(f, reportFormats()) }
func FuzzPackages(f *testing.F) { fuzzFamily(f, packageFormats()) }

func fuzzFamily(f *testing.F, family []format) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, one := range family {
			whole(t, text, Options{Format: one.name, Name: "x"})
			if check(text, 1) == nil { // the decoder itself, whatever the format's own look says
				c := &reading{emit: func(*Finding) error { return nil }, format: &one, report: Report{
					Severity: map[Severity]int{}, Kind: map[Kind]int{}, State: map[State]int{}, worst: map[Severity]Kind{}, scoped: map[string]bool{}, tooled: map[string]bool{},
				}}
				_ = one.read(c, &node{raw: bytes.TrimSpace(text)}, "")
			}
		}
	})
}

func FuzzMarkup(f *testing.F) {
	f.Add([]byte(`<analysis xmlns="x"><scanInfo><engineVersion>1</engineVersion></scanInfo><dependencies><dependency><fileName>a</fileName><vulnerabilities><vulnerability source="NVD"><name>CVE-2026-1</name><severity>HIGH</severity></vulnerability></vulnerabilities></dependency></dependencies></analysis>`))
	f.Add([]byte(`<!DOCTYPE html><html><title>SonarQube</title><style>a<b</style><table><tr><th>Rule<th>Component</tr><tr><td>r<td>c</td></tr></table>`))
	f.Add([]byte("Vulnerability ID,Severity\nCVE-2026-1,High\n"))
	f.Add([]byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, text []byte) { whole(t, text, Options{Name: "x"}) })
}

// FuzzJSON holds the reader of values against the standard library's.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{`{"a":[1,-2.5e+3,"x\u00e9\"\\",null,true,{}]}`, `[]`, `"\ud800"`, `{"a":1,"a":2}`, `[[[`, `-`, `01`, "\"\x7f\""} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		err := check(text, 1)
		if valid := json.Valid(text); err == nil && !valid {
			t.Fatalf("%q is taken for JSON", text)
		} else if err != nil && valid && !strings.Contains(err.Error(), "twice") && !strings.Contains(err.Error(), "within each other") {
			t.Fatalf("%q is JSON: %v", text, err)
		}
		if err != nil {
			return
		}
		var want any
		d := json.NewDecoder(bytes.NewReader(text))
		d.UseNumber()
		if err := d.Decode(&want); err != nil {
			t.Fatal(err)
		}
		same(t, &node{raw: bytes.TrimSpace(text)}, want)
	})
}

func same(t *testing.T, n *node, want any) {
	t.Helper()
	switch want := want.(type) {
	case map[string]any:
		if n.count() != len(want) {
			t.Fatalf("%d members, want %d", n.count(), len(want))
		}
		for k, v := range want {
			same(t, n.get(k), v)
		}
	case []any:
		list := n.list()
		if len(list) != len(want) {
			t.Fatalf("%d elements, want %d", len(list), len(want))
		}
		for i := range list {
			same(t, list[i], want[i])
		}
	case string:
		if n.text() != want {
			t.Fatalf("%q, want %q", n.text(), want)
		}
	case json.Number:
		if n.text() != want.String() {
			t.Fatalf("%q, want %q", n.text(), want)
		}
	case nil:
		if n.there() {
			t.Fatalf("%q is null", n.raw)
		}
	}
}

func FuzzMapping(f *testing.F) {
	f.Add([]byte(mappingText), []byte(`{"items":[{"id":1,"level":"P1","text":"t"}]}`))
	f.Fuzz(func(t *testing.T, mapping, text []byte) {
		m, err := NewMapping("m.yaml", mapping)
		if err != nil {
			var bad MappingErrors
			if !errors.As(err, &bad) || len(bad) == 0 || bad[0].Line < 1 {
				t.Errorf("%v", err)
			}
			return
		}
		whole(t, text, Options{Mapping: m, Name: "x"})
	})
}

// The report of a scanner, two thousand times over: what reading costs.
func BenchmarkDecode(b *testing.B) {
	element := `{"VulnerabilityID":"CVE-2026-1234","PkgID":"curl@7.81.0-1","PkgName":"curl","InstalledVersion":"7.81.0-1","FixedVersion":"7.81.0-2","Status":"fixed","Layer":{"DiffID":"sha256:3a9073a4d18e5ed2ae6f9fd9fee81ea43774907ce603ba955bba8fc0819aa250"},"SeveritySource":"ubuntu","PrimaryURL":"https://avd.aquasec.com/nvd/cve-2026-1234","Title":"curl: something","Description":"` +
		strings.Repeat("A flaw allows a server to do what it should not. ", 12) + `","Severity":"MEDIUM","CweIDs":["CWE-200"],"CVSS":{"nvd":{"V3Vector":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:L/A:N","V3Score":6.5}},"References":["https://a.example/1","https://a.example/2"]}`
	report := []byte(`{"SchemaVersion":2,"ArtifactName":"i","ArtifactType":"container_image","Results":[{"Target":"i (ubuntu 22.04)","Class":"os-pkgs","Vulnerabilities":[` +
		strings.TrimSuffix(strings.Repeat(element+",", 2000), ",") + `]}]}`)
	b.SetBytes(int64(len(report)))
	b.ReportAllocs()
	for b.Loop() {
		r, err := Decode(bytes.NewReader(report), Options{}, func(*Finding) error { return nil })
		if err != nil || r.Findings != 2000 {
			b.Fatal(r.Findings, err)
		}
	}
}
