package all

import (
	"strings"
	"testing"

	"firebreak/integrations/conform"
	"firebreak/integrations/drill"
)

// declareCases are those of the systems that files declare.
func declareCases() []conform.Case {
	type m = map[string]any
	users := []m{{"user": "../groups"}, {"user": "a/b"}, {"user": "jo?x=1"}, {"user": "jo%2f.."}, {"user": ""}, {"user": 1.5}, {"user": "jo\r\nX: y"}}
	hosts := []m{{"host": "web-1"}, {"host": strings.ToUpper(drill.FalconHost)}, {"host": drill.FalconHost + ",1"}}
	machines := []m{{"machine": "x' or 1 eq 1"}, {"machine": drill.Machine + "'"}}
	groups := []any{"sg-0d111000000000003", "sg-0d111000000000002"}
	switches := func(more m) m {
		out := m{"block_acls": true, "ignore_acls": "true", "block_policy": false, "restrict_buckets": true}
		for k, v := range more {
			out[k] = v
		}
		return out
	}
	after := func(action, connection string, params m) func(*testing.T, conform.World, map[string]any) {
		return func(t *testing.T, w conform.World, _ map[string]any) { did(t, w, action, connection, params) }
	}
	return []conform.Case{
		{Action: "okta.user.suspend", Connection: "okta", Params: m{"user": drill.Person}, Bad: users},
		{Action: "okta.user.unsuspend", Connection: "okta", Params: m{"user": "00udrill1"}, Bad: users, Setup: after("okta.user.suspend", "okta", m{"user": "00udrill1"})},
		{Action: "okta.sessions.end", Connection: "okta", Params: m{"user": drill.Person, "tokens": "false"}, Bad: append(users, m{"user": "jo", "tokens": "maybe"})},
		{Action: "okta.factors.reset", Connection: "okta", Params: m{"user": drill.Person}, Bad: users},
		{Action: "okta.password.expire", Connection: "okta", Params: m{"user": drill.Person}, Bad: users},
		{Action: "entra.user.disable", Connection: "entra", Params: m{"user": drill.Person}, Bad: users},
		{Action: "entra.user.enable", Connection: "entra", Params: m{"user": drill.Person}, Bad: users, Setup: after("entra.user.disable", "entra", m{"user": drill.Person})},
		{Action: "entra.sessions.revoke", Connection: "entra", Params: m{"user": drill.Person}, Bad: users},
		{Action: "aws.accesskey.disable", Connection: "aws", Params: m{"key": drill.AccessKey}, Bad: []m{{"key": "AKIA&Action=DeleteUser"}, {"key": "akiadrilldrilldrill1"}}},
		{Action: "aws.accesskey.enable", Connection: "aws", Params: m{"key": "AKIADRILLDRILLDRILL2"}, Bad: []m{{"key": "x"}}},
		{Action: "aws.role.deny", Connection: "aws", Params: m{"role": "release"}, Bad: []m{{"role": "a b"}, {"role": "release", "policy": "AdministratorAccess"}}},
		{Action: "aws.role.allow", Connection: "aws", Params: m{"role": "release"}, Bad: []m{{"role": "release", "policy": "base"}}, Setup: after("aws.role.deny", "aws", m{"role": "release"})},
		{Action: "aws.user.deny", Connection: "aws", Params: m{"user": "deploy", "policy": "firebreak-2026-0007"}, Bad: []m{{"user": "a/b"}}},
		{Action: "aws.user.allow", Connection: "aws", Params: m{"user": "deploy"}, Bad: []m{{"user": "a/b"}}, Setup: after("aws.user.deny", "aws", m{"user": "deploy"})},
		{Action: "aws.instance.isolate", Connection: "aws", Params: m{"instance": drill.Instance, "group": drill.Quarantine}, Bad: []m{{"instance": drill.Instance, "group": "default"}, {"instance": "web-1", "group": drill.Quarantine}}},
		{Action: "aws.instance.groups", Connection: "aws", Params: m{"instance": drill.Instance, "groups": groups}, Bad: []m{{"instance": drill.Instance, "groups": []any{"default"}}}},
		{Action: "aws.volume.snapshot", Connection: "aws", Params: m{"volume": drill.Volume}, Bad: []m{{"volume": "vol-x"}}},
		{Action: "aws.bucket.public.block", Connection: "aws", Params: m{"bucket": drill.Bucket}, Bad: []m{{"bucket": "../x"}, {"bucket": "a?acl"}, {"bucket": "A_B"}}},
		{Action: "aws.bucket.public.set", Connection: "aws", Params: switches(m{"bucket": drill.Bucket}), Bad: []m{switches(m{"bucket": "a/b"}), switches(m{"bucket": drill.Bucket, "block_acls": "yes"})}},
		{Action: "aws.account.public.block", Connection: "aws"},
		{Action: "aws.account.public.set", Connection: "aws", Params: switches(nil), Bad: []m{switches(m{"block_acls": 2})}},
		{Action: "crowdstrike.host.contain", Connection: "crowdstrike", Params: m{"host": drill.FalconHost}, Bad: hosts},
		{Action: "crowdstrike.host.lift", Connection: "crowdstrike", Params: m{"host": drill.FalconHost}, Bad: hosts, Setup: after("crowdstrike.host.contain", "crowdstrike", m{"host": drill.FalconHost})},
		{Action: "defender.machine.isolate", Connection: "defender", Params: m{"machine": drill.Machine, "type": "Selective"}, Bad: append(machines, m{"machine": drill.Machine, "type": "Half"})},
		{Action: "defender.machine.release", Connection: "defender", Params: m{"machine": drill.Machine}, Bad: machines, Setup: after("defender.machine.isolate", "defender", m{"machine": drill.Machine})},
		{Action: "defender.machine.restrict", Connection: "defender", Params: m{"machine": drill.Machine}, Bad: machines},
		{Action: "defender.machine.unrestrict", Connection: "defender", Params: m{"machine": drill.Machine}, Bad: machines, Setup: after("defender.machine.restrict", "defender", m{"machine": drill.Machine})},
		{Action: "cloudflare.ip.block", Connection: "cloudflare", Params: m{"address": drill.Address}, Bad: []m{{"address": "0.0.0.0/0"}, {"address": "example.org"}, {"address": drill.Address, "zone": "x"}}},
		{
			Action: "cloudflare.ip.unblock", Connection: "cloudflare", Lasting: true, Bad: []m{{"rule": "../../settings"}},
			Setup: func(t *testing.T, w conform.World, p map[string]any) {
				p["rule"] = did(t, w, "cloudflare.ip.block", "cloudflare", m{"address": drill.Address}).Data["rule"]
			},
		},
		{Action: "cloudflare.level.set", Connection: "cloudflare", Params: m{"level": "under_attack"}, Bad: []m{{"level": "highest"}}},
	}
}
