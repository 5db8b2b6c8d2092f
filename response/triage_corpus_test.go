package response

import (
	"path/filepath"
	"slices"
	"testing"

	"firebreak/config"
	"firebreak/forensics/triage"
	"firebreak/internal/testkit"
)

// read is an incident that the files were read into.
func (b *bench) read(pattern string) TriageReport {
	b.Helper()
	files, err := filepath.Glob(pattern)
	b.must(err)
	if len(files) == 0 {
		b.Fatalf("%s: no files", pattern)
	}
	b.open()
	_, err = b.s.Ingest(b.Context(), b.id, files, IngestOptions{}, nil)
	b.must(err)
	r, err := b.s.Triage(b.Context(), b.id, TriageOptions{}, nil)
	b.must(err)
	return r
}

// Of logs of attacks the rules speak that were made for them; each finding says
// why, and its filter finds its events.
func TestTriageOfTheCorpus(t *testing.T) {
	for _, c := range []struct {
		pattern string
		want    map[string]triage.Severity
	}{
		{"evtx/*.evtx", map[string]triage.Severity{
			"win-log-cleared": triage.High, "win-machine-password": triage.High, "win-logging-off": triage.High,
			"win-task-by-service": triage.High, "win-task-odd": triage.High, "win-office-starts-shell": triage.High,
			"win-code-by-helper": triage.High, "win-wmi-starts-shell": triage.High, "win-commands-redirected": triage.Critical,
			"win-elevated-by-helper": triage.High, "win-shell-from-console-host": triage.Medium,
			"win-powershell-hidden-code": triage.High, "win-powershell-credentials": triage.High,
			"win-thread-in-other": triage.Medium, "win-process-opened-by-odd": triage.Medium, "win-run-key": triage.Medium,
			"win-startup-file": triage.Medium, "win-timestomp": triage.Medium, "win-pipe-of-tool": triage.High,
			"win-remote-exec-service": triage.Medium, "win-program-from-public": triage.Medium,
			"win-shell-by-tool-of-attackers": triage.High, "win-bits-odd": triage.High,
		}},
		{"cloudtrail/*.json", map[string]triage.Severity{
			"aws-secrets-read": triage.Medium, "aws-function-public": triage.Medium, "aws-permissions-read": triage.Low,
		}},
	} {
		t.Run(filepath.Dir(c.pattern), func(t *testing.T) {
			dir := testkit.Corpus(t, filepath.Dir(c.pattern))
			b := newBench(t, config.Config{})
			r := b.read(filepath.Join(dir, c.pattern))
			set, err := TriageRules("")
			b.must(err)
			spoke := map[string]int{}
			for _, f := range r.Findings {
				for _, rule := range f.Rules() {
					spoke[rule]++
				}
				if n, err := b.s.Count(t.Context(), b.id, f.Filter); err != nil || n < int64(len(f.Events)) {
					t.Errorf("%s: %d events by %q: %v", f.Rule, n, f.Filter, err)
				}
			}
			for rule, severity := range c.want {
				switch known := set.Rule(rule); {
				case known == nil || known.Severity != severity:
					t.Errorf("%s is no rule of severity %s", rule, severity)
				case spoke[rule] == 0:
					t.Errorf("%s says nothing", rule)
				}
			}
			for rule, n := range spoke {
				if _, ok := c.want[rule]; !ok && !slices.Contains([]string{"win-task-made"}, rule) {
					t.Errorf("%s speaks %d times, and was not meant to", rule, n)
				}
			}
			t.Logf("%d findings", len(r.Findings))
		})
	}
}
