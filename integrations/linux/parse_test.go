package linux

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

// What nft 1.0.6 printed for a table with single addresses, networks, a range
// and timeouts.
const printed = `{"nftables": [{"metainfo": {"version": "1.0.6", "release_name": "Lester Gooch #5", "json_schema_version": 1}},
{"table": {"family": "inet", "name": "firebreak", "handle": 1}},
{"set": {"family": "inet", "name": "blocked4", "table": "firebreak", "type": "ipv4_addr", "handle": 1, "flags": ["timeout", "interval"],
 "elem": [{"elem": {"val": "203.0.113.7", "timeout": 7200, "expires": 7199}}, {"prefix": {"addr": "10.0.0.0", "len": 9}}, "192.0.2.1", {"range": ["198.51.100.4", "198.51.100.9"]}]}},
{"set": {"family": "inet", "name": "blocked6", "table": "firebreak", "type": "ipv6_addr", "handle": 2, "flags": ["interval"], "elem": ["2001:db8::1"]}},
{"chain": {"family": "inet", "table": "firebreak", "name": "input", "handle": 3, "type": "filter", "hook": "input", "prio": -10, "policy": "accept"}},
{"rule": {"family": "inet", "table": "firebreak", "chain": "input", "handle": 6, "expr": [{"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": "@blocked4"}}, {"drop": null}]}},
{"rule": {"family": "inet", "table": "firebreak", "chain": "input", "handle": 7, "expr": [{"match": {"op": "==", "left": {"payload": {"protocol": "ip6", "field": "saddr"}}, "right": "@blocked6"}}, {"accept": null}]}}]}`

func TestReadTable(t *testing.T) {
	got, err := readTable([]byte(printed))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, n := range got.blocked {
		names = append(names, n.String())
	}
	want := "10.0.0.0/9 192.0.2.1/32 198.51.100.4/30 198.51.100.8/31 2001:db8::1/128 203.0.113.7/32"
	if s := strings.Join(names, " "); s != want {
		t.Errorf("blocked %s: want %s", s, want)
	}
	if got.guards != 1 {
		t.Errorf("%d dropping rules: want 1, the other one accepts", got.guards)
	}
}

func TestParse(t *testing.T) {
	for in, want := range map[string]string{
		"203.0.113.7": "203.0.113.7/32", "::ffff:203.0.113.7": "203.0.113.7/32", "2001:DB8::1": "2001:db8::1/128",
		"10.0.0.0/8": "10.0.0.0/8", "2001:db8::/32": "2001:db8::/32",
		"10.0.0.1/8": "", "::ffff:10.0.0.0/104": "", "fe80::1%lo": "", "010.0.0.1": "", "1.2.3": "", "": "", "a": "", "1.2.3.4/33": "", "1.2.3.4-5": "",
	} {
		n, err := parse(in)
		if (err == nil) != (want != "") || err == nil && n.String() != want {
			t.Errorf("parse(%q) = %s, %v: want %q", in, n, err, want)
		}
	}
}

func TestProtected(t *testing.T) {
	for in, want := range map[string]int{
		"":                              0,
		"203.0.113.5 50000 22":          1,
		"203.0.113.5 50000 10.0.0.1 22": 2,
		"fe80::1%eth0 50000 fe80::2 22": 2,
	} {
		got, err := protected(map[string]string{"ssh_client": in})
		if err != nil || len(got) != want {
			t.Errorf("%q: %v, %v: want %d", in, got, err, want)
		}
	}
	if _, err := protected(map[string]string{"ssh_client": "somewhere 1 2"}); err == nil {
		t.Error("a session from nowhere was taken")
	}
	if _, err := protected(map[string]string{"protected": "10.0.0.0/8, gateway"}); err == nil {
		t.Error("a network without numbers was taken")
	}
}

// TestScript holds what is fed to nft: one line more than the frame, and in it
// nothing but the address.
func TestScript(t *testing.T) {
	script := blockScript(netip.MustParsePrefix("203.0.113.7/32"), 4*time.Hour)
	if want := frame + "add element inet firebreak blocked4 { 203.0.113.7 timeout 14400s }\n"; script != want {
		t.Errorf("script:\n%s", script)
	}
	if s := unblockScript(netip.MustParsePrefix("2001:db8::/48")); s != "delete element inet firebreak blocked6 { 2001:db8::/48 }\n" {
		t.Errorf("script:\n%s", s)
	}
}

func FuzzReadTable(f *testing.F) {
	f.Add([]byte(printed))
	f.Add([]byte(`{"nftables":[{"set":{"name":"blocked4","elem":[{"elem":{"val":{"elem":{"val":"1.2.3.4"}}}}]}}]}`))
	f.Add([]byte(`{"nftables":[{"set":{"name":"blocked6","elem":[{"range":["::","ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"]}]}}]}`))
	f.Add([]byte(`{"nftables":[{"set":{"name":"blocked4","elem":[{"range":["0.0.0.1","255.255.255.254"]}]}}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := readTable(b)
		if err != nil {
			return
		}
		for _, n := range got.blocked {
			if !n.IsValid() || n != n.Masked() {
				t.Errorf("%s is not a network", n)
			}
		}
	})
}

func FuzzNetworks(f *testing.F) {
	f.Add("198.51.100.4", "198.51.100.9")
	f.Add("0.0.0.0", "255.255.255.255")
	f.Add("::", "::1")
	f.Add("::", "::0%lo")
	f.Fuzz(func(t *testing.T, from, to string) {
		ns, err := networks(from, to)
		if err != nil {
			return
		}
		if len(ns) > 256 {
			t.Fatalf("%d networks", len(ns))
		}
		a, b := netip.MustParseAddr(from), netip.MustParseAddr(to)
		if ns[0].Addr() != a || last(ns[len(ns)-1]) != b {
			t.Errorf("%v does not run from %s to %s", ns, from, to)
		}
		if !slices.IsSortedFunc(ns, func(x, y netip.Prefix) int { return x.Addr().Compare(y.Addr()) }) {
			t.Errorf("%v is not in order", ns)
		}
	})
}
