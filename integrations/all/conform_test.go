package all

import (
	"context"
	"testing"
	"time"

	"firebreak/integrations"
	"firebreak/integrations/conform"
	"firebreak/integrations/drill"
)

// open makes a drill's world and the registry of its connections.
func open(t *testing.T) (*drill.World, conform.World) {
	t.Helper()
	w, err := drill.Open(t.TempDir(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	connections := w.Connections()
	r, err := integrations.NewRegistry(Systems(), connections)
	if err != nil {
		t.Fatal(err)
	}
	c := conform.World{Registry: r, Changes: func(t *testing.T) int {
		t.Helper()
		e, err := w.Effects()
		if err != nil {
			t.Fatal(err)
		}
		return len(e)
	}}
	for _, conn := range connections {
		for _, setting := range []string{"token", "routing_key", "secret", "url", "password", "user_token", "client_secret", "secret_access_key", "bearer"} {
			if conn.Secret == nil {
				continue
			}
			if v, err := conn.Secret(context.Background(), setting); err == nil {
				c.Secrets = append(c.Secrets, v)
			}
		}
	}
	if len(c.Secrets) < 9 {
		t.Fatalf("the drill has %d secrets", len(c.Secrets))
	}
	return w, c
}

// did carries out one action as setup for another, and returns its receipt.
func did(t *testing.T, w conform.World, name, connection string, params map[string]any) integrations.Receipt {
	t.Helper()
	a := conform.Lookup(t, w, name, connection)
	c := integrations.Call{Action: name, Connection: connection, Params: params, Key: integrations.Key("2026-0007", "setup", 0), Incident: "2026-0007"}
	prior, err := a.Prior(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	p, err := a.Plan(t.Context(), c, prior)
	if err != nil {
		t.Fatal(err)
	}
	r, err := a.Do(t.Context(), c, p)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func cases() []conform.Case {
	type m = map[string]any
	const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINEWnewNEWnewNEWnewNEWnewNEWnewNEWnewNEWn someone@somewhere"
	repos := []m{{"repo": "payments"}, {"repo": "acme/payments/../x"}, {"repo": "acme/.."}, {"repo": "acme/pay ments"}, {"repo": 7}, {"repo": "acme/payments?x=1"}}
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
	all := []conform.Case{
		{
			Action: "github.workflow.disable", Connection: "github", Params: m{"repo": drill.Repo, "workflow": drill.Workflow},
			Bad: append(with(m{"workflow": drill.Workflow}, repos...), with(m{"repo": drill.Repo}, m{"workflow": "../x.yml"}, m{"workflow": "a/b.yml"}, m{"workflow": "release"}, m{"workflow": "release.yml?x"})...),
		},
		{Action: "github.workflow.disable", Connection: "github", Params: m{"repo": drill.Repo, "workflow": "161336"}},
		{Action: "github.workflow.enable", Connection: "github", Params: m{"repo": drill.Repo, "workflow": "nightly.yml"}, Bad: with(m{"workflow": drill.Workflow}, repos...)},
		{
			Action: "github.deploykey.delete", Connection: "github", Params: m{"repo": drill.Repo, "key_id": drill.DeployKey}, Lasting: true,
			Bad: append(with(m{"key_id": 1}, repos...), with(m{"repo": drill.Repo}, m{"key_id": "x"}, m{"key_id": -1}, m{"key_id": 1.5}, m{"key_id": true})...),
		},
		{
			Action: "github.deploykey.create", Connection: "github", Params: m{"repo": drill.Repo, "title": "new", "key": key},
			Bad: append(with(m{"key": key}, repos...), with(m{"repo": drill.Repo}, m{"key": "no key"}, m{"key": key + "\nssh-rsa AAAA"}, m{"key": key, "read_only": "maybe"})...),
		},
		{
			Action: "github.issue.create", Connection: "github",
			Params: m{"repo": drill.Repo, "title": "Leaked token", "body": "We are on it.", "labels": []any{"incident", "security"}},
			Bad:    append(with(m{"title": "x"}, repos...), with(m{"repo": drill.Repo}, m{"title": "two\nlines"}, m{"title": "x", "labels": []any{"a\nb"}}, m{"title": "x", "labels": m{}})...),
		},
		{Action: "github.issue.close", Connection: "github", Params: m{"repo": drill.Repo, "number": 1}, Bad: with(m{"number": 1}, repos...)},
		{
			Action: "github.issue.reopen", Connection: "github", Params: m{"repo": drill.Repo, "number": "1"}, Bad: with(m{"repo": drill.Repo}, m{"number": 0}),
			Setup: func(t *testing.T, w conform.World, p map[string]any) {
				did(t, w, "github.issue.close", "github", m{"repo": p["repo"], "number": p["number"]})
			},
		},
		{
			Action: "github.issue.comment", Connection: "github", Params: m{"repo": drill.Repo, "number": 1, "body": "Seen. <!-- firebreak-key:abc -->"},
			Bad: append(with(m{"number": 1, "body": "x"}, repos...), with(m{"repo": drill.Repo, "body": "x"}, m{"number": "one"})...),
		},
		{
			Action: "github.comment.delete", Connection: "github", Params: m{"repo": drill.Repo, "comment_id": 1}, Bad: with(m{"comment_id": 1}, repos...),
			Setup: func(t *testing.T, w conform.World, p map[string]any) {
				p["comment_id"] = did(t, w, "github.issue.comment", "github", m{"repo": p["repo"], "number": 1, "body": "x"}).Data["comment_id"]
			},
		},
		{
			Action: "pagerduty.event.trigger", Connection: "pagerduty", Params: m{"summary": "Payments: intruder on web-1", "severity": "critical", "details": "more"}, Lasting: true,
			Bad: []m{{"summary": "two\nlines"}, {"summary": "x", "severity": "bad"}, {"summary": []any{}}},
		},
		{Action: "pagerduty.event.acknowledge", Connection: "pagerduty", Params: m{"dedup_key": "payments/latency"}, Bad: []m{{"dedup_key": "a\nb"}}},
		{Action: "pagerduty.event.resolve", Connection: "pagerduty", Params: m{"dedup_key": "payments/latency"}, Bad: []m{{"dedup_key": "a\nb"}}},
		{
			Action: "pagerduty.incident.note", Connection: "pagerduty", Params: m{"incident": drill.Incident, "note": "An intruder; see the record."},
			Bad: []m{{"incident": "../users", "note": "x"}, {"incident": "PDRILL1?x", "note": "x"}},
		},
		{Action: "webhook.send", Connection: "webhook", Params: m{"message": "We contain."}, Bad: []m{{"message": "x", "event": "a b"}, {"message": 1.5}}},
		{
			Action: "linux.nft.block", Connection: "host", Params: m{"address": drill.Address, "ttl": "4h"},
			Bad: []m{
				{"address": "0.0.0.0/0"},
				{"address": "127.0.0.1"},
				{"address": "::1"},
				{"address": "::/0"},
				{"address": "10.0.0.5/8"},
				{"address": "224.0.0.1"},
				{"address": "255.255.255.255"},
				{"address": "1.2.3.4; flush ruleset"},
				{"address": "1.2.3"},
				{"address": "fe80::1%eth0"},
				{"address": "::ffff:127.0.0.1"},
				{"address": "10.0.0.0/4"},
				{"address": drill.Address, "ttl": "-1h"},
				{"address": drill.Address, "ttl": "soon"},
				{"address": "::ffff:10.0.0.0/104"},
			},
		},
		{Action: "linux.nft.block", Connection: "host", Params: m{"address": "2001:db8:bad::/48"}},
		{
			Action: "linux.nft.unblock", Connection: "host", Params: m{"address": "198.51.100.0/24"}, Bad: []m{{"address": "x"}},
			Setup: func(t *testing.T, w conform.World, p map[string]any) {
				did(t, w, "linux.nft.block", "host", m{"address": p["address"]})
			},
		},
		{
			Action: "http.request", Connection: "http",
			Params: m{"method": "POST", "url": "https://waf.example/api/block?x=1", "headers": []any{"X-Why: 2026-0007"}, "secret_headers": []any{"X-Token: env:TOKEN"}, "body": `{"ip":"203.0.113.9"}`, "json": true, "expect": []any{"200"}},
			Bad: []m{
				{"method": "TRACE", "url": "https://waf.example/"},
				{"method": "POST", "url": "waf.example"},
				{"method": "POST", "url": "/../../x"},
				{"method": "POST", "url": "//other.example/x"},
				{"method": "POST", "url": "https://u:p@waf.example/"},
				{"method": "POST", "url": "ftp://waf.example/"},
				{"method": "POST", "url": "https://waf.example/#x"},
				{"method": "POST", "url": "/x", "headers": []any{"Host: other.example"}},
				{"method": "POST", "url": "/x", "headers": []any{"Authorization: x"}},
				{"method": "POST", "url": "/x", "headers": []any{"X: a\r\nY: b"}},
				{"method": "POST", "url": "/x", "headers": []any{"no colon"}},
				{"method": "POST", "url": "/x", "expect": []any{"2xx"}},
			},
		},
		{Action: "http.read", Connection: "http", Params: m{"method": "GET", "url": "/state"}, Bad: []m{{"method": "POST", "url": "/x"}, {"method": "GET", "url": "/x", "body": "x"}}, Traceless: true},
		{
			Action: "linux.run", Connection: "host", Params: m{"argv": []any{"systemctl", "stop", "cron"}}, Traceless: true,
			Bad: []m{{"argv": []any{}}, {"argv": []any{""}}, {"argv": []any{"x", m{}}}, {"argv": []any{"x"}, "timeout": "soon"}},
		},
		{
			Action: "linux.process.stop", Connection: "host", Params: m{"pid": drill.PID},
			Bad: []m{{"pid": 1}, {"pid": 2}, {"pid": 4100}, {"pid": 4090}, {"pid": 700}, {"pid": 99999}, {"pid": "x"}, {"pid": 0}, {"pid": drill.PID, "start": 1}},
		},
		{
			Action: "linux.process.continue", Connection: "host", Params: m{"pid": 811}, Bad: []m{{"pid": 99999}, {"pid": 811, "start": 1}},
			Setup: func(t *testing.T, w conform.World, p map[string]any) {
				did(t, w, "linux.process.stop", "host", m{"pid": p["pid"]})
			},
		},
	}
	all = append(all, gitHubCases()...)
	all = append(all, pagerCases()...)
	all = append(all, hostCases()...)
	all = append(all, kubernetesCases()...)
	all = append(all, declareCases()...)
	all = append(all, casesOfChat()...)
	return all
}

func TestEveryActionConforms(t *testing.T) {
	tested := map[string]bool{}
	for _, c := range append(cases(), casesOfChat()...) {
		tested[c.Action] = true
		t.Run(c.Action, func(t *testing.T) {
			t.Parallel()
			conform.Run(t, func(t *testing.T) conform.World {
				_, w := open(t)
				return w
			}, c)
		})
	}
	_, w := open(t)
	for _, l := range w.Registry.List() {
		if !tested[l.Description.Name] {
			t.Errorf("no case for %s", l.Description.Name)
		}
	}
}
