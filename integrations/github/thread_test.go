package github

import (
	"testing"

	"firebreak/integrations"
)

// Updates are comments on the one tracking issue; other messages are issues.
func TestUpdatesKeepToTheirIssue(t *testing.T) {
	c := integrations.Connection{Settings: map[string]string{"repo": "acme/payments"}}
	thread := integrations.Thread{Before: []integrations.Earlier{
		{Action: "github.issue.create", Data: map[string]any{"repo": "acme/other", "number": 3.0}},
		{Action: "github.issue.create", Data: map[string]any{"repo": "acme/payments", "number": 7.0}}, // as JSON gives it
	}}
	name, params, err := notify(c, integrations.Message{Subject: "s", Body: "b", Update: true, Thread: thread})
	if err != nil || name != "github.issue.comment" || params["number"] != int64(7) {
		t.Errorf("%s %v, %v", name, params, err)
	}
	for what, m := range map[string]integrations.Message{
		"the first word":   {Subject: "s", Body: "b", Update: true},
		"a step's message": {Subject: "s", Body: "b", Thread: thread},
	} {
		if name, params, err := notify(c, m); err != nil || name != "github.issue.create" {
			t.Errorf("%s: %s %v, %v", what, name, params, err)
		}
	}
}
