package linux

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"firebreak/integrations"
)

// The real test runs this test binary again inside a network namespace of its
// own, where blocking an address can cut nobody off.
const inNamespace = "FIREBREAK_TEST_IN_NAMESPACE"

func TestNftablesReally(t *testing.T) {
	if os.Getenv(inNamespace) == "1" {
		reallyBlock(t)
		return
	}
	if os.Geteuid() != 0 {
		t.Skip("needs root for a network namespace")
	}
	if _, err := find("nft"); err != nil {
		t.Skip("needs the program nft (Debian package nftables)")
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestNftablesReally$", "-test.v")
	cmd.Env = append(os.Environ(), inNamespace+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	out, err := cmd.CombinedOutput()
	if errors.Is(err, syscall.EPERM) {
		t.Skip("may not make a network namespace here: " + err.Error())
	}
	if strings.Contains(string(out), "SKIP") && err == nil {
		t.Skip(string(out))
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// up brings the loopback interface up and gives it addresses that are not
// loopback ones, for a server to stand on.
func up(t *testing.T) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd) //nolint:errcheck // it only carried ioctls
	ifr, err := unix.NewIfreq("lo")
	if err != nil {
		t.Fatal(err)
	}
	ifr.SetUint16(unix.IFF_UP)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, ifr); err != nil {
		t.Fatal(err)
	}
	for i, a := range [][]byte{{203, 0, 113, 7}, {198, 18, 0, 8}} {
		ifr, err := unix.NewIfreq(fmt.Sprintf("lo:%d", i+1))
		if err != nil {
			t.Fatal(err)
		}
		if err := ifr.SetInet4Addr(a); err != nil {
			t.Fatal(err)
		}
		if err := unix.IoctlIfreq(fd, unix.SIOCSIFADDR, ifr); err != nil {
			t.Fatal(err)
		}
	}
}

// reach says whether a client gets an answer from the server at address.
func reach(address string) bool {
	conn, err := net.DialTimeout("tcp", address, 400*time.Millisecond)
	if err != nil {
		return false
	}
	defer conn.Close() //nolint:errcheck // what counts was read
	line, err := bufio.NewReader(conn).ReadString('\n')
	return err == nil && line == "hello\n"
}

func serve(t *testing.T, address string) string {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, err = io.WriteString(c, "hello\n")
			if err = errors.Join(err, c.Close()); err != nil {
				return
			}
		}
	}()
	return l.Addr().String()
}

func thisHost(t *testing.T, settings map[string]string) map[string]integrations.Action {
	t.Helper()
	as, err := actions(integrations.Connection{Name: "host", Kind: "linux", Now: time.Now, Settings: settings}, "linux")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]integrations.Action{}
	for _, a := range as {
		out[a.Describe().Name] = a
	}
	return out
}

func do(t *testing.T, as map[string]integrations.Action, c integrations.Call) (integrations.Plan, integrations.Receipt) {
	t.Helper()
	a := as[c.Action]
	prior, err := a.Prior(t.Context(), c)
	if err != nil {
		t.Fatalf("%s: prior: %v", c.Action, err)
	}
	p, err := a.Plan(t.Context(), c, prior)
	if err != nil {
		t.Fatalf("%s: plan: %v", c.Action, err)
	}
	r, err := a.Do(t.Context(), c, p)
	if err != nil {
		t.Fatalf("%s: do: %v", c.Action, err)
	}
	v, err := a.Verify(t.Context(), c, r)
	if err != nil || !v.OK {
		t.Fatalf("%s: verify: %+v, %v", c.Action, v, err)
	}
	return p, r
}

func nftOut(t *testing.T, args ...string) string {
	t.Helper()
	path, err := find("nft")
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(path, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("nft %v: %v: %s", args, err, out)
	}
	return string(out)
}

func reallyBlock(t *testing.T) {
	up(t)
	bad, good := serve(t, "203.0.113.7:0"), serve(t, "198.18.0.8:0")
	if !reach(bad) || !reach(good) {
		t.Fatal("the servers do not answer to begin with")
	}
	// A table of the site's own, which must stay as it is.
	nftOut(t, "add table inet site")
	nftOut(t, "add chain inet site input { type filter hook input priority 0; policy accept; }")
	nftOut(t, "add rule inet site input tcp dport 9 drop")
	site := nftOut(t, "list", "table", "inet", "site")
	as := thisHost(t, map[string]string{"ssh_client": "100.64.0.9 50000 22", "protected": "192.0.2.0/24"})
	call := integrations.Call{Action: "linux.nft.block", Connection: "host", Params: map[string]any{"address": "203.0.113.7"}}
	if p, err := as[call.Action].Prior(t.Context(), call); err != nil || p.State["blocked"] != false {
		t.Fatalf("prior %v, %v", p, err)
	}
	p, r := do(t, as, call)
	if reach(bad) {
		t.Error("the blocked address still answers")
	}
	if !reach(good) {
		t.Error("an address that is not blocked no longer answers")
	}
	if p.Unchanged || p.Requests[0].Body == "" || p.Inverse == nil {
		t.Errorf("plan %+v", p)
	}
	// The same again changes nothing, and a plan of it says so.
	if p, _ := do(t, as, call); !p.Unchanged {
		t.Error("blocking again: the plan does not say that it is so already")
	}
	if n := strings.Count(nftOut(t, "list", "table", "inet", "firebreak"), "@blocked4 drop"); n != 4 {
		t.Errorf("the rules are there %d times", n)
	}
	inverse, err := as[call.Action].(integrations.Reverter).Inverse(p.Call, p.Prior, r)
	if err != nil {
		t.Fatal(err)
	}
	do(t, as, inverse)
	if !reach(bad) {
		t.Error("the address does not answer after it was unblocked")
	}
	do(t, as, inverse) // there is nothing to do, and that is no error
	if got := nftOut(t, "list", "table", "inet", "site"); got != site {
		t.Errorf("the site's own table changed:\n%s", got)
	}
	realSets(t, as, bad)
}

// repairs has somebody empty a chain of ours: the address is still in the set,
// and blocks nothing. That must be seen, and doing it again must mend it.
func repairs(t *testing.T, as map[string]integrations.Action) {
	for _, params := range []map[string]any{{"address": "203.0.113.7", "ttl": "1h"}, {"address": "2001:db8:2::/48"}} {
		call := integrations.Call{Action: "linux.nft.block", Connection: "host", Params: params}
		p, r := do(t, as, call)
		nftOut(t, "flush chain inet firebreak output")
		if v, err := as[call.Action].Verify(t.Context(), call, r); err != nil || v.OK {
			t.Errorf("verified without the rules: %+v, %v", v, err)
		}
		if again, _ := do(t, as, call); again.Unchanged {
			t.Error("the plan sees nothing to do without the rules")
		}
		inverse, err := as[call.Action].(integrations.Reverter).Inverse(p.Call, p.Prior, r)
		if err != nil {
			t.Fatal(err)
		}
		do(t, as, inverse)
	}
}

// realSets tries networks, timeouts, IPv6 and overlaps with the real nft.
func realSets(t *testing.T, as map[string]integrations.Action, bad string) {
	for _, address := range []string{"203.0.113.0/29", "2001:db8::1", "2001:db8:1::/48", "192.168.4.0/22"} {
		for _, ttl := range []any{nil, "2h"} {
			call := integrations.Call{Action: "linux.nft.block", Connection: "host", Params: map[string]any{"address": address}}
			if ttl != nil {
				call.Params["ttl"] = ttl
			}
			p, r := do(t, as, call)
			if address == "203.0.113.0/29" && reach(bad) {
				t.Error("an address in a blocked network still answers")
			}
			// Nothing that passes with time may change a plan's digest.
			prior, err := as[call.Action].Prior(t.Context(), call)
			if err != nil {
				t.Fatal(err)
			}
			if again, err := as[call.Action].Prior(t.Context(), call); err != nil || fmt.Sprint(again) != fmt.Sprint(prior) {
				t.Errorf("two looks at the same state differ: %v, %v", prior, again)
			}
			inverse, err := as[call.Action].(integrations.Reverter).Inverse(p.Call, p.Prior, r)
			if err != nil {
				t.Fatal(err)
			}
			do(t, as, inverse)
		}
	}
	// Neighbours, which nft may print as one range.
	for _, address := range []string{"198.51.100.4", "198.51.100.5", "198.51.100.6/31", "198.51.100.8/30"} {
		do(t, as, integrations.Call{Action: "linux.nft.block", Connection: "host", Params: map[string]any{"address": address}})
	}
	for _, address := range []string{"198.51.100.4", "198.51.100.8/30"} {
		do(t, as, integrations.Call{Action: "linux.nft.unblock", Connection: "host", Params: map[string]any{"address": address}})
	}
	repairs(t, as)
	// What overlaps is refused in the plan, with what is in the way.
	wide := integrations.Call{Action: "linux.nft.block", Connection: "host", Params: map[string]any{"address": "198.51.100.0/29"}}
	prior, err := as[wide.Action].Prior(t.Context(), wide)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := as[wide.Action].Plan(t.Context(), wide, prior); err == nil || !strings.Contains(err.Error(), "198.51.100.5") {
		t.Errorf("an overlapping block: %v", err)
	}
	for _, address := range []string{"100.64.0.9", "100.64.0.0/16", "192.0.2.1", "192.0.0.0/16"} {
		call := integrations.Call{Action: "linux.nft.block", Connection: "host", Params: map[string]any{"address": address}}
		if _, err := as[call.Action].Prior(t.Context(), call); integrations.OutcomeOf(err) != integrations.Rejected || err == nil {
			t.Errorf("blocking %s: %v: want a rejection", address, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	call := integrations.Call{Action: "linux.nft.block", Connection: "host", Params: map[string]any{"address": "203.0.113.99"}}
	if _, err := as[call.Action].Do(ctx, call, integrations.Plan{}); integrations.OutcomeOf(err) != integrations.NotSent || err == nil {
		t.Errorf("under a context that has ended: %v", err)
	}
}
