package all

import (
	"strings"
	"testing"

	"firebreak/integrations/conform"
	"firebreak/integrations/drill"
)

// casesOfChat are the actions by which people are told.
func casesOfChat() []conform.Case {
	type m = map[string]any
	posted := func(t *testing.T, w conform.World, p map[string]any) {
		t.Helper()
		p["ts"] = did(t, w, "slack.message.post", "slack", m{"channel": drill.SlackChannel, "text": "We look into it."}).Data["ts"]
	}
	channels := []m{{"channel": "#incidents"}, {"channel": "C1"}, {"channel": "C0DRILL001&x=1"}, {"channel": 7.5}}
	with := func(extra m, list ...m) []m {
		var out []m
		for _, one := range list {
			c := m{}
			for k, v := range extra {
				c[k] = v
			}
			for k, v := range one {
				c[k] = v
			}
			out = append(out, c)
		}
		return out
	}
	const person = "U0DRILL777"
	return []conform.Case{
		{Action: "slack.channel.create", Connection: "slack", Params: m{"name": "inc-2026-0007"}, Bad: []m{{"name": "Two Words"}, {"name": "#x"}, {"name": strings.Repeat("x", 81)}, {"name": "a\nb"}}},
		{Action: "slack.channel.create", Connection: "slack", Params: m{"name": "inc-2026-0007", "private": true}},
		{Action: "slack.channel.archive", Connection: "slack", Params: m{"channel": drill.SlackChannel}, Bad: channels},
		{
			Action: "slack.channel.unarchive", Connection: "slack", Params: m{"channel": drill.SlackChannel}, Bad: channels,
			Setup: func(t *testing.T, w conform.World, p map[string]any) {
				did(t, w, "slack.channel.archive", "slack", m{"channel": p["channel"]})
			},
		},
		{
			Action: "slack.channel.invite", Connection: "slack", Params: m{"channel": drill.SlackChannel, "users": []any{drill.SlackPerson, person}},
			Bad: append(with(m{"users": []any{person}}, channels...), with(m{"channel": drill.SlackChannel}, m{"users": []any{"ada"}}, m{"users": []any{person + ",U1"}})...),
		},
		{Action: "slack.channel.kick", Connection: "slack", Params: m{"channel": drill.SlackChannel, "users": drill.SlackPerson}, Bad: with(m{"users": []any{person}}, channels...)},
		{
			Action: "slack.channel.topic", Connection: "slack", Params: m{"channel": drill.SlackChannel, "topic": "SEV1: payments <b>&</b> \"keys\""},
			Bad: append(with(m{"topic": "x"}, channels...), with(m{"channel": drill.SlackChannel}, m{"topic": "two\nlines"}, m{"topic": strings.Repeat("x", 251)})...),
		},
		{
			Action: "slack.message.post", Connection: "slack", Params: m{"channel": drill.SlackChannel, "text": "<!channel> see <https://a.example|https://b.example> & firebreak-key:abc", "mention": []any{"here", drill.SlackPerson}},
			Bad: append(with(m{"text": "x"}, channels...), with(m{"channel": drill.SlackChannel}, m{"text": strings.Repeat("<", 10_000)}, m{"text": "x", "thread": "yesterday"}, m{"text": "x", "mention": []any{"everyone> <!channel"}})...),
		},
		{Action: "slack.message.post", Connection: "slack", Params: m{"channel": drill.SlackChannel, "text": "An answer.", "thread": "1700000000.000100"}},
		{
			Action: "slack.message.post", Connection: "slack", Params: m{"channel": drill.SlackChannel, "text": "In the thread of the incident."},
			Setup: func(t *testing.T, w conform.World, _ map[string]any) {
				did(t, w, "slack.message.post", "slack", m{"channel": drill.SlackChannel, "text": "First."})
			},
		},
		{
			Action: "slack.message.update", Connection: "slack", Params: m{"channel": drill.SlackChannel, "text": "We *contain* <it>."}, Setup: posted,
			Bad: []m{{"channel": drill.SlackChannel, "ts": "1", "text": "x"}},
		},
		{
			Action: "slack.message.delete", Connection: "slack", Params: m{"channel": drill.SlackChannel}, Setup: posted,
			Bad: []m{{"channel": drill.SlackChannel, "ts": "now"}},
		},
		{Action: "slack.pin.add", Connection: "slack", Params: m{"channel": drill.SlackChannel, "ts": "1700000000.000100"}, Bad: []m{{"channel": drill.SlackChannel, "ts": "x"}}},
		{
			Action: "slack.pin.remove", Connection: "slack", Params: m{"channel": drill.SlackChannel, "ts": "1700000000.000100"},
			Setup: func(t *testing.T, w conform.World, p map[string]any) {
				did(t, w, "slack.pin.add", "slack", m{"channel": p["channel"], "ts": p["ts"]})
			},
		},
		{
			Action: "slack.bookmark.add", Connection: "slack", Params: m{"channel": drill.SlackChannel, "title": "Status page", "link": "https://status.example/x?a=1"},
			Bad: with(m{"channel": drill.SlackChannel, "title": "x"}, m{"link": "javascript:alert(1)"}, m{"link": "http://x.example/"}, m{"link": "https://x.example/ y"}),
		},
		{
			Action: "slack.bookmark.remove", Connection: "slack", Params: m{"channel": drill.SlackChannel}, Lasting: true, Bad: []m{{"channel": drill.SlackChannel, "bookmark": "../x"}},
			Setup: func(t *testing.T, w conform.World, p map[string]any) {
				p["bookmark"] = did(t, w, "slack.bookmark.add", "slack", m{"channel": drill.SlackChannel, "title": "Old", "link": "https://old.example/"}).Data["bookmark"]
			},
		},
		{Action: "teams.message.send", Connection: "chat", Params: m{"title": "SEV1", "text": "We contain.\n\n<at>Ada</at> [x](https://x.example)"}, Bad: []m{{"text": "x", "title": "two\nlines"}, {"text": strings.Repeat("x", 29_000)}, {"text": 1.5}}},
		{
			Action: "smtp.mail.send", Connection: "email", Params: m{"subject": "[LIVE SEV1] Zahlungen: Schlüssel verloren", "text": "Wir sehen es uns an.\n.\n..two", "cc": []any{"Bob Brown <bob@acme.example>"}},
			Bad: []m{
				{"subject": "x\r\nBcc: all@acme.example", "text": "x"},
				{"subject": "x", "text": "x", "to": []any{"ada@acme.example\r\nRCPT TO:<x@y>"}},
				{"subject": "x", "text": "x", "to": []any{"nobody"}},
				{"subject": "x", "text": "x", "to": []any{"ädä@acme.example"}},
				{"subject": "x", "text": "x", "to": []any{`"a b"@acme.example`}},
				{"subject": "x", "text": "x\x00y"},
			},
		},
		{
			Action: "jira.issue.create", Connection: "jira", Params: m{"project": drill.JiraProject, "summary": "Leaked <key>", "text": "We are on it.\n\nLine\nline", "labels": []any{"incident"}},
			Bad: []m{
				{"project": "sec", "summary": "x"},
				{"project": `SEC" OR project = "HR`, "summary": "x"},
				{"project": "SEC", "summary": "two\nlines"},
				{"project": "SEC", "summary": "x", "labels": []any{"firebreak-abc"}},
				{"project": "SEC", "summary": "x", "labels": []any{`a"b`}},
				{"project": "SEC", "summary": "x", "text": strings.Repeat("x", 33_000)},
			},
		},
		{Action: "jira.issue.comment", Connection: "jira", Params: m{"issue": drill.JiraIssue, "text": "Seen."}, Bad: []m{{"issue": "../SEC-1", "text": "x"}, {"issue": "SEC-0", "text": "x"}}},
		{
			Action: "jira.comment.delete", Connection: "jira", Params: m{"issue": drill.JiraIssue}, Bad: []m{{"issue": drill.JiraIssue, "comment": "1/../2"}},
			Setup: func(t *testing.T, w conform.World, p map[string]any) {
				p["comment"] = did(t, w, "jira.issue.comment", "jira", m{"issue": p["issue"], "text": "x"}).Data["comment"]
			},
		},
		{Action: "jira.issue.transition", Connection: "jira", Params: m{"issue": drill.JiraIssue, "status": "in progress"}, Bad: []m{{"issue": "SEC-1?x", "status": "x"}}},
		{Action: "jira.issue.link", Connection: "jira", Params: m{"issue": drill.JiraIssue, "to": drill.JiraOther}, Bad: []m{{"issue": drill.JiraIssue, "to": drill.JiraIssue}, {"issue": "x", "to": drill.JiraOther}}},
		{
			Action: "jira.link.delete", Connection: "jira", Lasting: true, Params: m{}, Bad: []m{{"link": "1 OR 1"}},
			Setup: func(t *testing.T, w conform.World, p map[string]any) {
				p["link"] = did(t, w, "jira.issue.link", "jira", m{"issue": drill.JiraIssue, "to": drill.JiraOther, "type": "Blocks"}).Data["link"]
			},
		},
	}
}
