package config_test

import (
	"strings"
	"testing"
	"time"

	"firebreak/config"
)

const intakeText = `intake:
  listen: 127.0.0.1:9119
  sources:
    pd: {kind: pagerduty, secret: [env:A, env:B], window: 1h}
    am: {kind: token, format: alertmanager, secret: env:C}
  rules:
    - {name: leaks, kind: secret, severity: high, open: sev1}
    - {name: pages, source: [pd], playbook: generic}
`

func TestIntake(t *testing.T) {
	c, err := config.Parse("c.yaml", []byte(intakeText))
	if err != nil {
		t.Fatal(err)
	}
	in := c.Intake
	if in.Listen != "127.0.0.1:9119" || len(in.Sources["pd"].Secret) != 2 || in.Sources["pd"].Age() != time.Hour || in.Sources["am"].Age() != 48*time.Hour ||
		in.Sources["am"].Format != "alertmanager" || len(in.Rules) != 2 || in.Rules[0].Kinds[0] != "secret" || in.Rules[0].Open != "sev1" || in.Rules[1].Sources[0] != "pd" {
		t.Errorf("%+v", in)
	}
}

func TestIntakeIsStrict(t *testing.T) {
	for text, want := range map[string]string{
		"intake: {listen: 9119}":                                              "no address with a port",
		"intake: {tls: {cert: a}}":                                            "wants cert and key",
		"intake: {sources: {a: {secret: env:A}}}":                             "has no kind",
		"intake: {sources: {a: {kind: token}}}":                               "has no secret",
		"intake: {sources: {a: {kind: token, secret: hunter2hunter2}}}":       "not a reference",
		"intake: {sources: {a: {kind: slack, secret: env:A}}}":                `"slack" is not known`,
		"intake: {sources: {a: {kind: token, secret: env:A, window: 9999h}}}": "is no time",
		"intake: {rules: [{name: a}]}":                                        "fits everything",
		"intake: {rules: [{kind: [secret]}]}":                                 "has no name",
		"intake: {rules: [{name: a, kind: [secrt]}]}":                         "did you mean secret?",
		"intake: {rules: [{name: a, severity: worst}]}":                       `"worst" is not known`,
		"intake: {rules: [{name: a, severity: high, open: sev9}]}":            `"sev9" is not known`,
		"intake: {rulez: []}":                                                 "did you mean rules?",
	} {
		_, err := config.Parse("c.yaml", []byte(text))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}
