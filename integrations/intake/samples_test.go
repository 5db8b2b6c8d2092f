package intake

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
)

// read decodes a text and returns copies of the findings.
func read(t testing.TB, text string, o Options) ([]Finding, Report, error) {
	t.Helper()
	var out []Finding
	r, err := Decode(strings.NewReader(text), o, func(f *Finding) error { out = append(out, *f); return nil })
	return out, r, err
}

func TestFormats(t *testing.T) {
	for _, c := range []struct {
		name, format, text string
		want               []string // kind severity state fingerprint pointer of each
	}{
		{
			"pagerduty", "pagerduty", `{"event":{"id":"01","event_type":"incident.resolved","occurred_at":"2026-11-21T03:12:00Z","data":{"id":"PGR0VU2","type":"incident","title":"Disk","status":"resolved","urgency":"low","priority":{"summary":"P1"},"html_url":"https://x.pagerduty.com/incidents/PGR0VU2"}}}`,
			[]string{"alert critical fixed PGR0VU2 /event"},
		},
		{
			"pagerduty note", "pagerduty", `{"event":{"id":"02","event_type":"incident.annotated","occurred_at":"2026-11-21T03:12:00Z","data":{"incident":{"id":"PGR0VU2","summary":"Disk"},"id":"PN1","content":"looking","type":"incident_note"}}}`,
			[]string{"alert unknown open PGR0VU2 /event"},
		},
		{
			"alertmanager of the api", "alertmanager", `[{"labels":{"alertname":"A","severity":"page"},"annotations":{},"fingerprint":"f1","startsAt":"2026-11-21T03:12:00Z","endsAt":"0001-01-01T00:00:00Z","status":{"state":"suppressed"}}]`,
			[]string{"alert high suppressed f1 /0"},
		},
		{
			"alertmanager resolved", "alertmanager", `{"version":"4","groupKey":"g","status":"resolved","alerts":[{"status":"resolved","labels":{"alertname":"A"},"fingerprint":"f1","endsAt":"2026-11-21T03:12:00Z"},{"status":"firing","labels":{"alertname":"B","severity":"info"},"fingerprint":"f2"}]}`,
			[]string{"alert unknown fixed f1 /alerts/0", "alert info open f2 /alerts/1"},
		},
		{
			"falco", "falco", `{"output":"03:12 shell","priority":"Warning","rule":"Terminal shell","time":"2026-11-21T03:12:00.123456789Z","hostname":"n1","output_fields":{"evt.time.iso8601":1763694720123456789,"container.id":"abc","proc.name":"bash","k8s.pod.name":null,"proc.aname[2]":"sh","user.name":"<NA>"}}`,
			[]string{"runtime medium open Terminal shell|n1|abc|bash "},
		},
		{
			"falco, one a line", "falco", "{\"output\":\"a\",\"priority\":\"Emergency\",\"rule\":\"R1\",\"time\":\"2026-11-21T03:12:00Z\"}\n{\"output\":\"b\",\"priority\":\"Notice\",\"rule\":\"R2\",\"time\":\"2026-11-21T03:12:00Z\"}\n",
			[]string{"runtime critical open R1||| /0", "runtime low open R2||| /1"},
		},
		{
			"ocsf", "ocsf", `[{"class_uid":2004,"severity_id":4,"severity":"High","status_code":"FAIL","metadata":{"product":{"name":"Prowler","version":"5"},"event_code":"s3"},"finding_info":{"uid":"u1","title":"T","created_time":1763694720},"resources":[{"uid":"arn:x"}]},{"class_uid":2004,"severity_id":1,"status_code":"PASS","metadata":{"product":{"name":"Prowler"}},"finding_info":{"uid":"u2","title":"T"}}]`,
			[]string{"misconfiguration high open u1 /0", "misconfiguration info passed u2 /1"},
		},
		{
			"ocsf of 1.0, one a line", "ocsf", "{\"class_uid\":2001,\"severity_id\":3,\"metadata\":{\"product\":{\"name\":\"X\"}},\"finding\":{\"uid\":\"u1\",\"title\":\"T\"}}\n{\"class_uid\":2002,\"severity_id\":6,\"metadata\":{\"product\":{\"name\":\"X\"}},\"finding_info\":{\"uid\":\"u2\",\"title\":\"V\"},\"vulnerabilities\":[{\"cve\":{\"uid\":\"CVE-2026-1\"}}]}",
			[]string{"alert medium open u1 /0", "vulnerability critical open u2 /1"},
		},
		{
			"code scanning", "github", `[{"number":4,"html_url":"https://github.com/o/r/security/code-scanning/4","state":"dismissed","dismissed_reason":"false positive","rule":{"id":"js/xss","severity":"error","security_severity_level":"medium","description":"XSS","tags":["external/cwe/cwe-079"]},"tool":{"name":"CodeQL"},"most_recent_instance":{"location":{"path":"a.js","start_line":3},"message":{"text":"m"}}}]`,
			[]string{"code medium suppressed https://github.com/o/r/security/code-scanning/4 /0"},
		},
		{
			"dependabot", "github", `{"number":1,"state":"auto_dismissed","html_url":"https://github.com/o/r/security/dependabot/1","security_advisory":{"ghsa_id":"GHSA-aaaa-bbbb-cccc","cve_id":"CVE-2026-1","severity":"low"},"security_vulnerability":{"package":{"name":"p"},"severity":"critical"},"dependency":{"package":{"name":"p"}}}`,
			[]string{"vulnerability critical suppressed https://github.com/o/r/security/dependabot/1 "},
		},
		{
			"graphql of an organization", "github", `{"data":{"organization":{"repositories":{"nodes":[{"url":"https://github.com/o/r","vulnerabilityAlerts":{"edges":[{"node":{"id":"RVA","number":3,"state":"FIXED","securityVulnerability":{"severity":"MODERATE","package":{"name":"p"},"advisory":{"summary":"s"}}}}]}}]}}}}`,
			[]string{"vulnerability medium fixed https://github.com/o/r/security/dependabot/3 /data/organization/repositories/nodes/0/vulnerabilityAlerts/edges/0/node"},
		},
		{
			"sarif, all states", "sarif", `{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"T","rules":[{"id":"R","defaultConfiguration":{"level":"note"},"properties":{"security-severity":"9.8"},"messageStrings":{"m":{"text":"a {0} b"}}}]}},"results":[{"ruleId":"R","ruleIndex":0,"message":{"id":"m","arguments":["x"]},"guid":"g1"},{"ruleId":"X","kind":"pass","message":{"text":"ok"},"correlationGuid":"c"},{"rule":{"id":"R/2"},"message":{"text":"t"},"suppressions":[{"kind":"inSource"}],"fingerprints":{"b":"2","a":"1"}},{"ruleId":"R","message":{"text":"t"},"suppressions":[{"kind":"external","status":"rejected"}],"baselineState":"absent","guid":"g2"}]}]}`,
			[]string{"code critical open g1 /runs/0/results/0", "code info passed c /runs/0/results/1", "code critical suppressed a=1,b=2 /runs/0/results/2", "code critical fixed g2 /runs/0/results/3"},
		},
		{
			"gitleaks 8", "gitleaks", `[{"RuleID":"github-pat","Description":"GitHub PAT","StartLine":3,"Match":"x=ghp_0123456789abcdefABCDEF0123","Secret":"ghp_0123456789abcdefABCDEF0123","File":"a.env","Commit":"c1","Fingerprint":"c1:a.env:github-pat:3"}]`,
			[]string{"secret high open c1:a.env:github-pat:3 /0"},
		},
		{
			"trivy with fingerprint and pass", "trivy", `{"SchemaVersion":2,"CreatedAt":"2026-11-21T03:12:00Z","ArtifactName":"i:1","ArtifactType":"container_image","Results":[{"Target":"i:1 (debian 12)","Class":"os-pkgs","Type":"debian","Vulnerabilities":[{"VulnerabilityID":"CVE-2026-1","PkgName":"p","Severity":"LOW","Fingerprint":"sha256:1"}]},{"Target":"Dockerfile","Class":"config","Misconfigurations":[{"ID":"DS1","Severity":"LOW","Status":"PASS"}]},{"Target":"x","Class":"license","Licenses":[{"Name":"GPL-3.0","Severity":"HIGH","Category":"restricted","PkgName":"q"}]}]}`,
			[]string{"vulnerability low open sha256:1 /Results/0/Vulnerabilities/0", "misconfiguration low passed misconfiguration|DS1||i:1|||||Dockerfile|||||Dockerfile /Results/1/Misconfigurations/0", "license high open license|GPL-3.0||i:1|||||x|||q||x /Results/2/Licenses/0"},
		},
		{
			"semgrep, not logged in", "semgrep", `{"version":"1","errors":[],"paths":{},"results":[{"check_id":"r","path":"a.py","start":{"line":1,"col":2},"end":{"line":1,"col":3},"extra":{"message":"m","severity":"WARNING","fingerprint":"requires login","is_ignored":true,"metadata":{}}}]}`,
			[]string{"code medium suppressed code|r|||||||a.py|1||||2-1:3 /results/0"},
		},
		{
			"snyk iac", "snyk", `{"projectName":"p","infrastructureAsCodeIssues":[{"id":"SNYK-CC-1","title":"t","severity":"high","path":["a","b"],"lineNumber":4}]}`,
			[]string{"misconfiguration high open misconfiguration|SNYK-CC-1||||||a.b||4 /infrastructureAsCodeIssues/0"},
		},
		{
			"klar", "clair", `{"LayerCount":2,"Vulnerabilities":{"High":[{"Name":"CVE-2026-1","FeatureName":"p","FeatureVersion":"1","Severity":"High"}],"Low":[]}}`,
			[]string{"vulnerability high open vulnerability|CVE-2026-1||||||||||p|1 /Vulnerabilities/High/0"},
		},
		{
			"clair 4", "clair", `{"manifest_hash":"sha256:m","packages":{"1":{"name":"p","version":"2"}},"vulnerabilities":{"7":{"name":"CVE-2026-1","normalized_severity":"Critical"}},"package_vulnerabilities":{"1":["7"]}}`,
			[]string{"vulnerability critical open vulnerability|CVE-2026-1||sha256:m||||||||p|2|1|7 /package_vulnerabilities/1/0"},
		},
		{
			"clair layers", "clair", `{"Layer":{"Name":"l","Features":[{"Name":"p","Version":"1","Vulnerabilities":[{"Name":"CVE-2026-1","Severity":"Defcon1"}]}]}}`,
			[]string{"vulnerability critical open vulnerability|CVE-2026-1||l||||||||p|1 /Layer/Features/0/Vulnerabilities/0"},
		},
		{
			"sysdig by reference", "sysdig", `{"info":{},"scanner":{"name":"s"},"result":{"metadata":{"pullString":"i"},"packages":{"a":{"name":"p","version":"1","vulnerabilitiesRefs":["v"]}},"vulnerabilities":{"v":{"name":"CVE-2026-1","severity":"High"}}}}`,
			[]string{"vulnerability high open vulnerability|CVE-2026-1||i||||||||p|1 /result/packages/a/vulnerabilitiesRefs/0"},
		},
		{
			"sysdig table", "sysdig", "\ufeffVulnerability ID,Severity,Package name,Package version,Image,Risk accepted\nCVE-2026-1,High,p,1,i,false\nCVE-2026-2,Low,\"p,q\",2,i,true\n",
			[]string{"vulnerability high open vulnerability|CVE-2026-1||i||||||||p|1 /rows/0", "vulnerability low suppressed vulnerability|CVE-2026-2||i||||||||p,q|2 /rows/1"},
		},
		{
			"sonar hotspots", "sonarqube", `{"paging":{"total":1},"hotspots":[{"key":"h","component":"p:a.py","project":"p","ruleKey":"python:S1","vulnerabilityProbability":"HIGH","status":"REVIEWED","resolution":"SAFE","message":"m"}]}`,
			[]string{"code high suppressed h /hotspots/0"},
		},
		{
			"dependency-check json", "dependency-check", `{"reportSchema":"1.1","scanInfo":{"engineVersion":"9"},"dependencies":[{"fileName":"a.jar","filePath":"/a.jar","sha1":"s","packages":[{"id":"pkg:maven/g/a@1.0"}],"vulnerabilities":[{"name":"CVE-2026-1","severity":"HIGH"}],"suppressedVulnerabilities":[{"name":"CVE-2026-2","severity":"LOW"}]}]}`,
			[]string{"vulnerability high open s|/a.jar|CVE-2026-1 /dependencies/0/vulnerabilities/0", "vulnerability low suppressed s|/a.jar|CVE-2026-2 /dependencies/0/suppressedVulnerabilities/0"},
		},
		{"grype, none", "grype", `{"matches":[],"descriptor":{"name":"grype","version":"1"}}`, nil},
		{"npm 7, none", "npm-audit", `{"auditReportVersion":2,"vulnerabilities":{},"metadata":{}}`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			found, r, err := read(t, c.text, Options{})
			if err != nil || r.Format != c.format || len(found) != len(c.want) {
				t.Fatalf("%s: %d findings, %v", r.Format, len(found), err)
			}
			for i, f := range found {
				sound(t, &f)
				if got := fmt.Sprintf("%s %s %s %s %s", f.Kind, f.Severity, f.State, f.Fingerprint, f.Pointer); got != c.want[i] {
					t.Errorf("got  %s\nwant %s", got, c.want[i])
				}
			}
			if _, named, err := read(t, c.text, Options{Format: c.format}); err != nil || named.Findings != r.Findings {
				t.Errorf("named: %d, %v", named.Findings, err)
			}
			if _, _, err := read(t, c.text, Options{Format: "alertmanager"}); (err == nil) != (c.format == "alertmanager") {
				t.Errorf("as another format: %v", err)
			}
		})
	}
}

// Nanoseconds of today do not fit into a float: they stay as they are.
func TestTimesAreExact(t *testing.T) {
	found, _, err := read(t, `{"output":"o","priority":"Error","rule":"r","output_fields":{"evt.time.iso8601":1763694720123456789}}`, Options{})
	if err != nil || found[0].Time.UnixNano() != 1763694720123456789 {
		t.Errorf("%v, %v", found, err)
	}
	for text, want := range map[string]int64{
		"1763694720": 1763694720e9, "1763694720123": 1763694720123e6, "1763694720123456": 1763694720123456e3, "1763694720.5": 1763694720500e6,
		"0": 0, "-5": 0, "1e999999999": 0, `"1e9"`: 0, "99999999999999999999999": 0, `"0001-01-01T00:00:00Z"`: 0,
		`"2026-11-21T03:12:00+0100"`: time.Date(2026, 11, 21, 2, 12, 0, 0, time.UTC).UnixNano(), `"2026-11-21"`: time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC).UnixNano(),
	} {
		got := moment(&node{raw: []byte(text)})
		if want == 0 && !got.IsZero() || want != 0 && got.UnixNano() != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

const oneLeak = `[{"RuleID":"r","File":"f","Secret":"s","Fingerprint":"k"}]`

// The same report in other clothes is the same report.
func TestClothes(t *testing.T) {
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, err := z.Write([]byte(oneLeak))
	if err = errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	wide := func(big bool) string {
		var b []byte
		for _, u := range utf16.Encode([]rune("\ufeff" + strings.Replace(oneLeak, `"f"`, `"ö😀"`, 1))) {
			if big {
				b = append(b, byte(u>>8), byte(u))
			} else {
				b = append(b, byte(u), byte(u>>8))
			}
		}
		return string(b)
	}
	for name, text := range map[string]string{
		"plain": oneLeak, "BOM": "\ufeff" + oneLeak, "space": "\r\n\t " + oneLeak + " \n", "gzip": zipped.String(), "UTF-16": wide(false), "UTF-16 BE": wide(true),
		"a line": strings.Trim(oneLeak, "[]"), "lines": strings.Trim(oneLeak, "[]") + "\n" + strings.Trim(oneLeak, "[]") + "\n",
	} {
		found, r, err := read(t, text, Options{})
		if err != nil || r.Format != "gitleaks" || len(found) == 0 || found[0].Fingerprint != "k" || strings.HasPrefix(name, "UTF-16") && found[0].File != "ö😀" {
			t.Errorf("%s: %v %v", name, found, err)
		}
	}
}

func TestMalformed(t *testing.T) {
	deep := strings.Repeat("[", 300) + strings.Repeat("]", 300)
	for name, c := range map[string]struct {
		text string
		want error
		says string
	}{
		"0 bytes":           {"", ErrEmpty, ""},
		"space":             {" \n\t", ErrEmpty, ""},
		"only a BOM":        {"\ufeff", ErrEmpty, ""},
		"no JSON":           {"hello", ErrUnknown, "neither JSON nor XML"},
		"binary":            {"\x00\x01\x02", ErrUnknown, ""},
		"cut":               {oneLeak[:30], ErrMalformed, "ends"},
		"cut in a list":     {oneLeak[:len(oneLeak)-1], ErrMalformed, "ends inside a list"},
		"cut in a line":     {strings.Trim(oneLeak, "[]") + "\n{\"RuleID\":", ErrMalformed, "line 2"},
		"behind":            {oneLeak + "x", ErrMalformed, "stands behind"},
		"comma":             {strings.Replace(oneLeak, "}]", "},]", 1), ErrMalformed, "comma"},
		"no commas":         {`[{"RuleID":"r","File":"f","Secret":"s"} {}]`, ErrMalformed, "comma or ]"},
		"twice":             {`{"runs":[],"version":"2.1.0","runs":[{}]}`, ErrMalformed, `the member "runs" is there twice`},
		"twice, escaped":    {`{"runs":[],"version":"2.1.0","\u0072uns":[{}]}`, ErrMalformed, "twice"},
		"deep":              {`{"runs":` + deep + `}`, ErrMalformed, "brackets within each other"},
		"number":            {`{"version":"2.1.0","runs":[{"a":01}]}`, ErrMalformed, "no number"},
		"control":           {"{\"version\":\"2.1.0\",\"runs\":[{\"a\":\"\x01\"}]}", ErrMalformed, "control character"},
		"a list of numbers": {"[1,2]", ErrMalformed, "no object"},
		"a number":          {"12", ErrUnknown, ""},
		"an object":         {`{"hello":1}`, ErrUnknown, "hello"},
		"error of npm":      {`{"error":{"code":"ENOLOCK","summary":"no lock"}}`, ErrReported, "ENOLOCK no lock"},
		"error of snyk":     {`{"ok":false,"error":"no token","path":"/x"}`, ErrReported, "no token"},
		"error of GitHub":   {`{"message":"Bad credentials","documentation_url":"https://docs.github.com"}`, ErrReported, "Bad credentials"},
		"error of GraphQL":  {`{"errors":[{"message":"no such repository"}],"data":null}`, ErrReported, "no such repository"},
		"error of sonar":    {`{"errors":[{"msg":"no project"}]}`, ErrReported, "no project"},
		"other element":     {`[{"RuleID":"r","File":"f","Secret":"s"},{"x":1}]`, ErrMalformed, "at /1 is not of the format gitleaks"},
		"XML":               {"<a/>", ErrUnknown, "XML"},
		"XML cut":           {`<analysis><dependencies><dependency><fileName>a`, ErrMalformed, ""},
		"XML entities":      {`<!DOCTYPE a [<!ENTITY x "y">]><analysis/>`, ErrMalformed, "entities"},
		"HTML":              {"<!DOCTYPE html><html><title>Hi</title></html>", ErrUnknown, "none of sonar-report"},
		"zip cut":           {"PK\x03\x04 and no more", ErrMalformed, "archive"},
		"gzip cut":          {"\x1f\x8b\x08\x00\x00\x00\x00\x00", ErrMalformed, ""},
		"table":             {"a,b\n1,2\n", ErrUnknown, ""},
		"null byte":         {"null x", ErrMalformed, ""},
	} {
		found, r, err := read(t, c.text, Options{})
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %d findings, %v, want %v: %s", name, len(found), err, c.want, c.says)
		}
		if r.Findings != len(found) {
			t.Errorf("%s: %d counted, %d handed over", name, r.Findings, len(found))
		}
	}
	for _, text := range []string{"[]", "null", " [ ] \n"} {
		if found, r, err := read(t, text, Options{}); err != nil || len(found) != 0 || len(r.Notes) == 0 {
			t.Errorf("%s: %v %v %v", text, found, r, err)
		}
	}
}

// What was found by those who look for secrets is shown nowhere.
func TestSecretsAreMasked(t *testing.T) {
	const secret = "hunter2-is-the-password"
	for _, text := range []string{
		`[{"RuleID":"r","File":"` + secret + `","Secret":"` + secret + `","Match":"x ` + secret + `","Link":"https://x/` + secret + `","Description":"d ` + secret + `","Fingerprint":"k ` + secret + `"}]`,
		`[{"rule":"r","file":"f","offender":"` + secret + `","line":"` + secret + `","commit":"c","repo":"."}]`,
		`[{"number":2,"html_url":"https://github.com/o/r/security/secret-scanning/2","secret_type":"t","secret":"` + secret + `","state":"open","secret_type_display_name":"` + secret + `"}]`,
	} {
		found, _, err := read(t, text, Options{})
		if err != nil || len(found) != 1 || strings.Contains(fmt.Sprintf("%+v", found[0]), secret) {
			t.Errorf("%+v, %v", found, err)
		}
	}
	for _, s := range []string{"ghp_0123456789abcdefABCD", "AKIAABCDEFGHIJKLMNOP", "xoxb-1234567890-abc", "-----BEGIN RSA PRIVATE KEY-----\nMII", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"} {
		found, _, err := read(t, `{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"x"}},"results":[{"ruleId":"r","message":{"text":"found `+strings.ReplaceAll(s, "\n", `\n`)+`"}}]}]}`, Options{})
		if err != nil || strings.Contains(fmt.Sprintf("%+v", found[0]), strings.Split(s, "\n")[0]) {
			t.Errorf("%+v, %v", found, err)
		}
	}
	if got := safeURL("https://user:pass@example.org/a@b"); got != "https://example.org/a@b" {
		t.Error(got)
	}
	for _, bad := range []string{"javascript:alert(1)", "file:///etc/passwd", "//x", "\x1b]8;;https://x"} {
		if safeURL(bad) != "" {
			t.Errorf("%q is taken for a link", bad)
		}
	}
}

// One finding is the same one in another place of the report, or in a later one.
func TestKeysHold(t *testing.T) {
	const one, two = `{"RuleID":"r","File":"f","Secret":"s","Fingerprint":"a"}`, `{"RuleID":"r","File":"g","Secret":"s","Fingerprint":"b"}`
	first, _, err := read(t, "["+one+","+two+"]", Options{Name: "x"})
	second, _, e := read(t, "["+two+","+one+"]", Options{Name: "y"})
	if err != nil || e != nil || first[0].Key != second[1].Key || first[1].Key != second[0].Key || first[0].Key == first[1].Key {
		t.Errorf("%v %v %v %v", first, second, err, e)
	}
}

// A list and lines may be of any length: one value is held at a time.
func TestLongListsStream(t *testing.T) {
	const n = 20_000
	element := strings.Trim(oneLeak, "[]")
	r, err := Decode(&repeated{head: "[", text: element, between: ",", tail: "]", n: n}, Options{}, func(*Finding) error { return nil })
	if err != nil || r.Findings != n {
		t.Errorf("%d, %v", r.Findings, err)
	}
	r, err = Decode(&repeated{text: element, between: "\n", n: n}, Options{}, func(*Finding) error { return nil })
	if err != nil || r.Findings != n {
		t.Errorf("%d, %v", r.Findings, err)
	}
	v := newValuesOf(`{"a":"` + strings.Repeat("x", 100) + `"}`)
	v.max = 50
	if _, err := v.value(); !errors.Is(err, ErrTooLarge) {
		t.Error(err)
	}
	stop := errors.New("enough")
	r, err = Decode(&repeated{head: "[", text: element, between: ",", tail: "]", n: n}, Options{}, func(*Finding) error { return stop })
	if !errors.Is(err, stop) || r.Findings != 1 {
		t.Errorf("%d, %v", r.Findings, err)
	}
}
