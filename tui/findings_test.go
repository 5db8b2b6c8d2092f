package tui

import (
	"context"
	"strings"
	"testing"

	"firebreak/forensics/triage"
	"firebreak/incident"
	"firebreak/response"
	"firebreak/timeline"
)

// foundFindings are two findings; the text of one is hostile.
func foundFindings() []response.TriageFinding {
	one := triage.Finding{
		ID: "f3a90c11e2", Severity: triage.Critical, Title: "A shell holds a connection", Rule: "shell-on-socket", Technique: "T1059.004",
		Host: "web-1", About: "remote 203.0.113.9:4444", First: at(3), Last: at(3), Reason: "tcp established 10.0.0.5:51022 to 203.0.113.9:4444, sh[812]",
		Count: 1, Events: []timeline.ID{timeline.EventID("x", "y", 1, 0)}, Exhibits: []string{"e2"}, Filter: "sshd",
		FalsePositive: "Scripts that use /dev/tcp of bash, for seconds.", Next: []string{"The other end, in all logs", "The parent of the shell"},
	}
	two := triage.Finding{
		ID: "f77c0a9d41", Severity: triage.Medium, Title: "A cron table was written lately", Rule: "cron-new", Technique: "T1053.003",
		Host: "web-1", About: "/etc/cron.d/\x1b[31mred", First: at(4), Last: at(4), Reason: "written with no package \u202e", Count: 1, Filter: "cron",
		Events: []timeline.ID{timeline.EventID("x", "y", 2, 0)}, Exhibits: []string{"e3"}, FalsePositive: "Administrators write cron tables.", Next: []string{"When the job ran first"},
		Also: []triage.Also{{Rule: "persist-file-new", Severity: triage.Low, Title: "A new file where things run by themselves", Reason: "made at 03:04"}},
	}
	return []response.TriageFinding{{Finding: one}, {Finding: two}}
}

func (s *scripted) Triage(_ context.Context, _ incident.ID, o response.TriageOptions, _ response.ProgressFunc) (response.TriageReport, error) {
	r := response.TriageReport{Rules: 80, Dismissed: 1, Findings: foundFindings()}
	if o.All {
		r.Dismissed = 0
	}
	return r, s.fail
}

func (s *scripted) JudgeFinding(ctx context.Context, _ incident.ID, f response.TriageFinding, confirmed bool, reason string) error {
	return s.act(ctx, "judge %s %v %q", f.ID, confirmed, reason)
}

func TestFindings(t *testing.T) {
	h := begin(t)
	h.press("6")
	h.sees("2 findings", "1 dismissed", "CRITICAL", "A shell holds a connection", "The other end, in all logs", "T1059.004")
	h.press("down")
	h.sees(`/etc/cron.d/\x1b[31mred`, "A new file where things run by themselves")
	h.press("c").types("not ours").press("enter")
	h.did(`judge f77c0a9d41 true "not ours"`)
	h.press("enter")
	h.sees("Timeline")
	if got := h.m.timeline.applied; got != "cron" {
		t.Errorf("the timeline is filtered by %q", got)
	}
	h.press("6", "*")
	if last := h.desk.did[len(h.desk.did)-1]; !strings.Contains(last, "star") {
		t.Errorf("did %q", last)
	}
}

func TestFindingsThatFail(t *testing.T) {
	h := begin(t)
	h.desk.fail = context.DeadlineExceeded
	h.press("6")
	h.sees("the rules could not be asked")
}
