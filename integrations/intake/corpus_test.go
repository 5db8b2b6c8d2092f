package intake

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"firebreak/internal/testkit"
)

// corpusCounts is how many results each file has, counted without our code by the
// command beside it; keys is how many different ones, where the source has keys of
// its own, counted the same way (0: it has none). A file that is broken has the
// error that is wanted.
var corpusCounts = []struct {
	file, format string
	results      int
	how          string
	keys         int
	keysHow      string
	bad          error
}{
	{"alertmanager-webhook-v4.json", "alertmanager", 1, `jq '.alerts|length'`, 1, `jq '[.alerts[].fingerprint]|unique|length'`, nil},
	{"anchore_engine/many_vulns_2.4.1.json", "anchore", 51, `jq '.vulnerabilities|length'`, 0, "", nil},
	{"anchore_grype/check_all_fields.json", "grype", 6, `jq '.matches|length'`, 0, "", nil},
	{"anchore_grype/fix_available.json", "grype", 1, `jq '.matches|length'`, 0, "", nil},
	{"anchore_grype/many_vulns4.json", "grype", 9, `jq '.matches|length'`, 0, "", nil},
	{"aqua/issue_10585.json", "aqua", 0, `jq '[.resources[].vulnerabilities//[]|length]|add'`, 0, "", nil},
	{"aqua/one_v2.json", "aqua", 1, `jq '.cves|length'`, 0, "", nil},
	{"aqua/vulns_with_aqua_severity.json", "aqua", 13, `jq '[.resources[].vulnerabilities//[]|length]|add'`, 0, "", nil},
	{"clair/clair_many_vul.json", "clair", 35, `jq '.vulnerabilities|length'`, 0, "", nil},
	{"dependency_check/multiple_vulnerabilities_has_multiple_findings.xml", "dependency-check", 9, `python3: 7 × vulnerabilities/vulnerability, 2 × vulnerabilities/suppressedVulnerability (ElementTree)`, 0, "", nil},
	{"dependency_check/version-6.5.3_multi_cwe_fabricated.xml", "dependency-check", 1, `python3: 1 × vulnerabilities/vulnerability (ElementTree)`, 0, "", nil},
	{"github_secrets_detection_report/github_secrets_detection_report_many_vul.json", "github", 3, `jq length`, 3, `jq '[.[].html_url]|unique|length'`, nil},
	{"github_vulnerability/github-1-vuln-no-fix.json", "github", 1, `jq '.data.repository.vulnerabilityAlerts.nodes|length'`, 1, `jq '[….nodes[].id]|unique|length'`, nil},
	{"github_vulnerability/github-vuln-version.json", "github", 1, `jq '.data.repository.vulnerabilityAlerts.nodes|length'`, 1, `jq '[….nodes[].id]|unique|length'`, nil},
	{"github_vulnerability/github_search.json", "github", 2, `jq '.data.repository.vulnerabilityAlerts.nodes|length'`, 2, `jq '[….nodes[].id]|unique|length'`, nil},
	{"github_vulnerability/github_shiro.json", "github", 1, `jq '.data.repository.vulnerabilityAlerts.nodes|length'`, 1, `jq '[….nodes[].id]|unique|length'`, nil},
	{"gitleaks/data_one.json", "gitleaks", 1, `jq length`, 1, `jq '[.[]|[.commit,.file,.rule,.lineNumber]]|unique|length'`, nil},
	{"gitleaks/redacted_data_many.json", "gitleaks", 6, `jq length`, 6, `jq '[.[]|[.commit,.file,.rule,.lineNumber]]|unique|length'`, nil},
	{"npm_audit/empty_with_error.json", "", 0, `jq '.error.code'`, 0, "", ErrReported},
	{"npm_audit/many_vuln_with_groups.json", "npm-audit", 5, `jq '.advisories|length'`, 5, `jq '[.advisories[].id]|unique|length'`, nil},
	{"npm_audit/no_vuln.json", "npm-audit", 0, `jq '.advisories|length'`, 0, "", nil},
	{"npm_audit_7_plus/many_vulns.json", "npm-audit", 6, `jq '.vulnerabilities|length'`, 6, `jq '[.vulnerabilities[]|[.name,.range]]|unique|length'`, nil},
	{"sarif/appendix_k.sarif", "sarif", 1, `jq '[.runs[].results[]?]|length'`, 0, "", nil},
	{"sarif/appendix_k3.sarif", "sarif", 1, `jq '[.runs[].results[]?]|length'`, 0, "", nil},
	{"sarif/bash-report-subset-same-hash-code-same-unique-id.sarif", "sarif", 4, `jq '[.runs[].results[]?]|length'`, 2, `jq '[.runs[].results[]?|[.ruleId,.locations[0].physicalLocation.artifactLocation.uri,.partialFingerprints]]|unique|length'`, nil},
	{"sarif/dependency_check.sarif", "sarif", 13, `jq '[.runs[].results[]?]|length'`, 0, "", nil},
	{"sarif/issue_10191.json", "sarif", 77, `jq '[.runs[].results[]?]|length'`, 77, `jq '[.runs[].results[]?|.fingerprints]|unique|length'`, nil},
	{"sarif/spotbugs.sarif", "sarif", 56, `jq '[.runs[].results[]?]|length'`, 0, "", nil},
	{"semgrep/close_old_findings_report_second_run_line24.json", "semgrep", 1, `jq '.results|length'`, 1, `jq '[.results[].extra.fingerprint]|unique|length'`, nil},
	{"semgrep/fingerprint_test.json", "semgrep", 2, `jq '.results|length'`, 0, "", nil},
	{"semgrep/many_vulns.json", "semgrep", 48, `jq '.results|length'`, 0, "", nil},
	{"semgrep/sca-deployments-vulns.json", "semgrep", 22, `jq '.vulns|length'`, 0, "", nil},
	{"snyk/all-projects_no_vulns.json", "snyk", 0, `jq '[.[].vulnerabilities|length]|add'`, 0, "", nil},
	{"snyk/single_project_many_vulns.json", "snyk", 41, `jq '.vulnerabilities|length'`, 41, `jq '[.vulnerabilities[]|[.id,.name,.version,.from]]|unique|length'`, nil},
	{"snyk/snykcontainer_issue_9270.json", "snyk", 37, `jq '[.vulnerabilities,.applications[].vulnerabilities|length]|add'`, 0, "", nil},
	{"sonarqube/findings_over_api.zip", "sonarqube", 6, `unzip -p | jq -s '[.[].issues|length]|add'`, 6, `unzip -p | jq -s '[.[].issues[].key]|unique|length'`, nil},
	{"sonarqube/issue_10150.json", "sonarqube", 3, `jq '.issues|length'`, 3, `jq '[.issues[].key]|unique|length'`, nil},
	{"sonarqube/sonar-rule-undefined.html", "sonarqube", 1, `grep -o '<td class="component">' | wc -l`, 1, "", nil},
	{"sonarqube/sonar.json", "sonarqube", 6, `jq '.issues|length'`, 6, `jq '[.issues[].key]|unique|length'`, nil},
	{"sysdig_cli/sysdig_reports_many_vul.json", "sysdig", 31, `jq '[.result.packages[].vulns//[]|length]|add'`, 0, "", nil},
	{"sysdig_reports/sysdig-2025.json", "sysdig", 6, `jq '[.panels[].data|length]|add'`, 0, "", nil},
	{"sysdig_reports/sysdig_reports_missing_cve_field.csv", "sysdig", 0, `awk -F, '{print NF}': 21 in the head, 25 in the row`, 0, "", ErrMalformed},
	{"trivy/cvss_severity_source.json", "trivy", 2, `jq '[.Results[]|.Vulnerabilities,.Misconfigurations,.Secrets,.Licenses|length]|add'`, 0, "", nil},
	{"trivy/issue_9092.json", "trivy", 1, `jq '[.Results[]|.Vulnerabilities,.Misconfigurations,.Secrets,.Licenses|length]|add'`, 0, "", nil},
	{"trivy/kubernetes.json", "trivy", 20, `jq '[.Vulnerabilities[].Results[]?,.Misconfigurations[].Results[]?|.Vulnerabilities,.Misconfigurations|length]|add'`, 0, "", nil},
	{"trivy/legacy_many_vulns.json", "trivy", 93, `jq '[.[].Vulnerabilities|length]|add'`, 0, "", nil},
	{"trivy/misconfigurations_and_secrets.json", "trivy", 5, `jq '[.Results[]|.Vulnerabilities,.Misconfigurations,.Secrets,.Licenses|length]|add'`, 0, "", nil},
}

func TestCorpus(t *testing.T) {
	root := filepath.Join(testkit.Corpus(t, "intake"), "intake")
	counted := map[string]bool{}
	for _, c := range corpusCounts {
		counted[filepath.FromSlash(c.file)] = true
		t.Run(c.file, func(t *testing.T) {
			f, err := os.Open(filepath.Join(root, filepath.FromSlash(c.file)))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = f.Close() }()
			keys := map[string]bool{}
			composed := 0
			r, err := Decode(f, Options{Name: filepath.Base(c.file)}, func(x *Finding) error {
				keys[x.Key] = true
				if x.Composed {
					composed++
				}
				sound(t, x)
				return nil
			})
			if c.bad != nil {
				if !errors.Is(err, c.bad) || r.Findings != 0 {
					t.Fatalf("%d findings, %v, want %v", r.Findings, err, c.bad)
				}
				return
			}
			if err != nil || r.Format != c.format || r.Findings != c.results {
				t.Fatalf("%s: %d findings, %v; %s says %d", r.Format, r.Findings, err, c.how, c.results)
			}
			if c.keys != 0 && len(keys) != c.keys {
				t.Errorf("%d keys; %s says %d", len(keys), c.keysHow, c.keys)
			}
			if c.keys == 0 && composed != r.Findings && c.format != "dependency-check" && c.format != "semgrep" {
				t.Errorf("%d of %d keys are composed", composed, r.Findings)
			}
		})
	}
	err := filepath.Walk(root, func(path string, i os.FileInfo, err error) error {
		if err == nil && !i.IsDir() && !counted[path[len(root)+1:]] {
			t.Logf("%s is new, and not counted here", path[len(root)+1:])
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// sound wants of any finding what all of them promise.
func sound(t testing.TB, f *Finding) {
	t.Helper()
	if len(f.Key) != 16 || f.Fingerprint == "" || f.Title == "" || f.Format == "" || f.Tool == "" || f.Kind == "" || f.Severity == "" || f.State == "" || f.Scope == "" {
		t.Errorf("something is missing: %+v", *f)
	}
	for _, s := range []string{f.Title, f.File, f.Package, f.Image, f.Host, f.Rule, f.Resource} {
		if len(s) > maxShort {
			t.Errorf("a text of %d bytes", len(s))
		}
	}
	if len(f.Message) > maxText || secretShape.MatchString(f.Title+" "+f.Message+" "+f.URL+" "+f.Fingerprint) {
		t.Errorf("too long, or a secret in it: %.100q", f.Message)
	}
}

// The page has every format as the table has it.
func TestDocumented(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(testkit.Root(t), "docs", "intake.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range Formats() {
		if row := "| `" + f.Name + "` | " + f.About + " | " + f.Key + " |\n"; !strings.Contains(string(page), row) {
			t.Errorf("docs/intake.md does not have %s", row)
		}
	}
	for _, name := range mappedFields {
		if !strings.Contains(string(page), name) {
			t.Errorf("docs/intake.md does not have the field %s", name)
		}
	}
}
