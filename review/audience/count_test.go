package audience

import (
	"testing"

	"firebreak/record"
)

func TestCountsInSentencesAreAsCoarseAsThoseThatAreStated(t *testing.T) {
	public := New(nil, Options{Profile: record.PublicProfile, Key: []byte("key")})
	full := New(nil, Options{Profile: record.ExecutiveProfile, Key: []byte("key")})
	for text, want := range map[string]string{
		"3 people lost mail, and 12345 customers":        "Fewer than 10 people lost mail, and 12000 customers",
		"Data of 12,345 former customers; 99 servers":    "Data of 12,000 former customers; 99 servers",
		"1 affected user was told, 0 records were taken": "Fewer than 10 affected user was told, 0 records were taken",
		"It is over. 3 people; of 4 hosts":               "It is over. Fewer than 10 people; of fewer than 10 hosts",
		"3 hours, 7 steps, CVE-2026-3 users":             "3 hours, 7 steps, CVE-2026-3 users",
		"version 1.3 users, #7 hosts, 3peoples":          "version 1.3 users, #7 hosts, 3peoples",
	} {
		if got := public.Text(text, "a note"); got != want {
			t.Errorf("%q is %q", text, got)
		}
		if got := full.Text(text, "a note"); got != text {
			t.Errorf("for executives %q is %q", text, got)
		}
	}
	if r := public.Report(); len(r.Replaced) == 0 || r.Replaced[0].Kind != Count {
		t.Errorf("the report does not say so: %+v", r)
	}
}
