package cacao_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"firebreak/playbooks/cacao"
)

// sound is a playbook that keeps every rule.
func sound(t *testing.T) string {
	t.Helper()
	src, err := os.ReadFile("testdata/sound.json")
	if err != nil {
		t.Fatal(err)
	}
	return string(src)
}

func problems(t *testing.T, src string) []cacao.Problem {
	t.Helper()
	v, err := cacao.Decode([]byte(src))
	if err != nil {
		t.Fatalf("%v in\n%s", err, src)
	}
	doc, ok := v.(*cacao.Object)
	if !ok {
		t.Fatal("no object")
	}
	return cacao.Validate(doc)
}

// TestRules: each rule has a file that breaks it, and one that almost does.
func TestRules(t *testing.T) {
	if got := problems(t, sound(t)); len(got) > 0 {
		t.Fatalf("the sound file: %v", got)
	}
	shown := map[string]bool{}
	for _, c := range []struct{ code, at, from, to string }{
		{"CA001", "/type", `"type": "playbook",`, `"type": "playbook-x",`},
		{"CA001", "/spec_version", `"cacao-2.0"`, `"cacao-3.0"`},
		{"CA002", "/id", `playbook--00000001-1111-4222`, `playbook--00000001-1111-7222`},
		{"CA002", "/created_by", `"identity--`, `"person--`},
		{"CA002", "/workflow/action--00000002-1111-4222-8333-444444444444", `{"type": "action", "name": "Fetch"`, `{"type": "parallel", "name": "Fetch"`},
		{"CA003", "/valid_from", `"valid_from": "2026-01-02T03:04:05.678Z"`, `"valid_from": "2026-01-02"`},
		{"CA003", "/created", `"created": "2026-01-02T03:04:05.678Z"`, `"created": "2026-01-02T03:04:05Z"`},
		{"CA004", "", `"name": "Sound",`, ``},
		{"CA004", "/workflow/action--00000001-1111-4222-8333-444444444444", `"agent": "group--00000001-1111-4222-8333-444444444444", "out_args"`, `"out_args"`},
		{"CA005", "/revoked", `"revoked": false`, `"revoked": "no"`},
		{"CA005", "/labels", `"labels": ["a"]`, `"labels": "a"`},
		{"CA006", "/workflow_start", `"workflow_start": "start--00000001`, `"workflow_start": "start--00000009`},
		{"CA006", "/workflow_start", `"type": "start"`, `"type": "action"`},
		{"CA007", "/workflow/if-condition--00000001-1111-4222-8333-444444444444/on_false", `"on_false": "action--00000002`, `"on_false": "action--00000009`},
		{"CA008", "/workflow/action--00000002-1111-4222-8333-444444444444", `"on_false": "action--00000002`, `"on_false": "end--00000003`},
		{"CA009", "/workflow/end--00000001-1111-4222-8333-444444444444", `"end--00000001-1111-4222-8333-444444444444": {"type": "end"}`, `"end--00000001-1111-4222-8333-444444444444": {"type": "end", "on_completion": "end--00000002-1111-4222-8333-444444444444"}`},
		{"CA009", "/workflow/start--00000001-1111-4222-8333-444444444444", `"type": "start", "on_completion"`, `"type": "start", "on_success"`},
		{"CA010", "/workflow/action--00000001-1111-4222-8333-444444444444", `"on_success": "if-condition`, `"on_completion": "end--00000002-1111-4222-8333-444444444444", "on_success": "if-condition`},
		{"CA011", "/workflow/if-condition--00000001-1111-4222-8333-444444444444/on_true", `"on_true": "end--00000003`, `"on_true": "end--00000001`},
		{"CA012", "/workflow/action--00000001-1111-4222-8333-444444444444", `"on_completion": "parallel--00000001`, `"on_completion": "action--00000001`},
		{"CA013", "/playbook_variables/__n", `"__n__"`, `"__n"`},
		{"CA013", "/playbook_variables/__n__/value", `"value": "3"`, `"value": "three"`},
		{"CA013", "/playbook_variables/__n__/value", `"value": "3"`, `"value": 3`},
		{"CA014", "/workflow/action--00000001-1111-4222-8333-444444444444/out_args/0", `"out_args": ["__b__"]`, `"out_args": ["__c__"]`},
		{"CA014", "/workflow/if-condition--00000001-1111-4222-8333-444444444444/condition", `__b__:value = true`, `__c__:value = true`},
		{"CA015", "/workflow/if-condition--00000001-1111-4222-8333-444444444444/condition", `__b__:value = true`, `b is true`},
		{"CA016", "/workflow/action--00000001-1111-4222-8333-444444444444/commands/0", `"command": "Look."`, `"text": "Look."`},
		{"CA016", "/workflow/action--00000002-1111-4222-8333-444444444444/commands/0/command", `GET /x HTTP/1.1`, `fetch x`},
		{"CA017", "/workflow/action--00000001-1111-4222-8333-444444444444/agent", `"agent": "group--00000001-1111-4222-8333-444444444444", "out_args"`, `"agent": "group--00000007-1111-4222-8333-444444444444", "out_args"`},
		{"CA018", "/target_definitions/http-api--00000001-1111-4222-8333-444444444444/address", `"address": {"url": ["https://api.example"]}`, `"x": 1`},
		{"CA019", "/authentication_info_definitions/oauth2--00000001-1111-4222-8333-444444444444/token", `"kms": true,`, `"kms": true, "token": "x",`},
		{"CA020", "/markings/0", `"markings": ["marking-tlp--bab4a63c`, `"markings": ["marking-tlp--0000a63c`},
		{"CA020", "/data_marking_definitions/marking-tlp--bab4a63c-aed9-4cf5-a766-dfca5abac2bb", `TLP:GREEN`, `TLP:RED`},
		{"CA021", "/workflow/action--00000001-1111-4222-8333-444444444444/step_extensions/extension-definition--00000001-1111-4222-8333-444444444444", `"extension_definitions": {"extension-definition--00000001`, `"extension_definitions": {"extension-definition--00000002`},
		{"CA022", "/severity", `"severity": 70`, `"severity": 101`},
		{"CA022", "/workflow/action--00000001-1111-4222-8333-444444444444/delay", `"delay": 0`, `"delay": -1`},
		{"CA023", "/workflow/parallel--00000001-1111-4222-8333-444444444444/type", `"type": "parallel"`, `"type": "single"`},
		{"CA024", "/authentication_info_definitions/oauth2--00000001-1111-4222-8333-444444444444/token", `"kms": true, "kms_key_identifier": "k"`, `"token": "x"`},
		{"CA025", "/modified", `"modified": "2026-02-03T04:05:06.789Z", "revoked"`, `"modified": "2025-02-03T04:05:06.789Z", "revoked"`},
		{"CA026", "/workflow/parallel--00000001-1111-4222-8333-444444444444/next_steps", `"next_steps": ["action--00000003-1111-4222-8333-444444444444", `, `"next_steps": [`},
		{"CA027", "/playbook_types", `"playbook_activities": ["restrict-access"],`, ``},
		{"CA028", "/signatures/0", `"public_key": "k",`, ``},
	} {
		src := sound(t)
		if !strings.Contains(src, c.from) {
			t.Fatalf("%s: the sound file has no %s", c.code, c.from)
		}
		got := problems(t, strings.Replace(src, c.from, c.to, 1))
		shown[c.code] = true
		if !slices.ContainsFunc(got, func(p cacao.Problem) bool { return p.Code == c.code && p.At == c.at && p.Message != "" }) {
			t.Errorf("%s at %s is not told: %v", c.code, c.at, got)
		}
	}
	for code := range cacao.Codes() {
		if !shown[code] {
			t.Errorf("no file breaks %s", code)
		}
	}
}

func TestOtherVersionsAreRefused(t *testing.T) {
	for src, says := range map[string]string{
		`{"type":"playbook","spec_version":"1.0"}`:       "CACAO 1.0",
		`{"type":"playbook","spec_version":"cacao-1.1"}`: "CACAO 1.1",
		`{"type":"playbook","spec_version":"cacao-9"}`:   "not known",
		`{"type":"bundle"}`:                              "not a CACAO playbook",
		`[]`:                                             "holds no object",
		`{"type":"playbook","spec_version":"cacao-2.0"}`: "no steps",
		strings.Replace(sound(t), `"on_completion": "parallel--00000001`, `"on_completion": "action--00000001`, 1): "circle: Look (action--00000001",
		strings.Replace(sound(t), `"on_false": "action--00000002`, `"on_false": "action--00000009`, 1):             "names no step",
	} {
		_, err := cacao.Import([]byte(src))
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%.60s: got %v, want an error that says %q", src, err, says)
		}
	}
}
