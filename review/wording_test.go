package review_test

import (
	"testing"

	"firebreak/review"
)

// TestBlaming: phrases that put blame, and those that only look so.
func TestBlaming(t *testing.T) {
	for _, text := range []string{
		"He should have rotated it.", "They should not have clicked", "it was human error", "a careless click", "carelessly left open",
		"the operator failed to check the list", "Nobody neglected to ask, but she forgot to answer", "the on-call engineer ignored the page",
		"that was his own mistake", "ops could have known", "Common sense says no", "we forgot the second key", "the junior admin overlooked the alert",
		"due to negligence", "whose fault is it", "the team failed to see it", "user error", "he was too lazy to look", "They must have noticed",
	} {
		if review.Blaming(text) == "" {
			t.Errorf("not found: %q", text)
		}
	}
	for _, text := range []string{
		"The service failed to start.", "the backup job failed to run", "the alert was ignored by the filter", "12 users failed to log in", "users failed to reach the shop",
		"git blame on this file shows the commit", "the disk driver error of 03:12", "a lazy lookup", "the culprit process was kworkerd", "the rule ignores such events",
		"the fault tolerance held", "packets were dropped", "a default fault handler", "the key must have been copied", "the forgotten host web-3", "the user agent failed to parse",
		"neglectable", "It could have been worse", "page fault", "the certificate failed to validate", "errors in the log",
	} {
		if found := review.Blaming(text); found != "" {
			t.Errorf("%q found in %q", found, text)
		}
	}
}

func TestReferences(t *testing.T) {
	for in, want := range map[string]string{
		"csf:DE.CM-01": "csf:DE.CM-01", "CSF:de.cm-01": "csf:DE.CM-01", "csf:RS.MI": "csf:RS.MI", "iso27001:8.15": "iso27001:A.8.15", "iso27001:a.5.37": "iso27001:A.5.37",
		"cis:8.2": "cis:8.2", "cis:18": "cis:18", "pci:10.2.1": "pci:10.2.1", "soc2:cc7.2": "soc2:CC7.2", "soc2:A1.2": "soc2:A1.2", "hipaa:164.312(b)": "hipaa:164.312(b)", "hipaa:164.308(a)(1)(ii)": "hipaa:164.308(a)(1)(ii)",
	} {
		got, err := review.ParseReference(in)
		if err != nil || got != want || review.ReferenceName(got) == "" {
			t.Errorf("%s: %q (%q), %v", in, got, review.ReferenceName(got), err)
		}
	}
	for _, in := range []string{
		"", "8.15", "nist:AC-2", "csf:XX.YY", "csf:DE.CM-1", "csf:DECM", "iso27001:A.8.35", "iso27001:A.5.0", "iso27001:A.9.1", "cis:19", "cis:0.1", "pci:13", "soc2:CC10", "soc2:X1", "hipaa:164.999", "hipaa:165.312", "csf:DE.CM-01; x",
	} {
		if got, err := review.ParseReference(in); err == nil {
			t.Errorf("%q is taken for %s", in, got)
		}
	}
}
