package forensics

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

const spaceVar = "FIREBREAK_TEST_NETNS"

// elsewhere starts this test program in a network namespace of its own, where it
// does what TestNamespaceChild says for the word, and returns its process and its
// first line of output.
func elsewhere(t *testing.T, word string) (pid int, said string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("a network namespace of our own needs root")
	}
	c := exec.Command("/proc/self/exe", "-test.run=^TestNamespaceChild$")
	c.Env = append(os.Environ(), spaceVar+"="+word)
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	c.Stderr = os.Stderr
	in, err := c.StdinPipe()
	must(t, err)
	out, err := c.StdoutPipe()
	must(t, err)
	if err := c.Start(); err != nil {
		t.Skipf("a network namespace: %v", err)
	}
	t.Cleanup(func() {
		must(t, in.Close())
		must(t, c.Wait())
	})
	said, err = bufio.NewReader(out).ReadString('\n')
	must(t, err)
	said = strings.TrimSpace(said)
	if missing, ok := strings.CutPrefix(said, "skip "); ok {
		t.Skip(missing)
	}
	if strings.HasPrefix(said, "failed ") {
		t.Fatal(said)
	}
	return c.Process.Pid, said
}

func TestNamespaceChild(t *testing.T) {
	word := os.Getenv(spaceVar)
	if word == "" {
		t.Skip("only runs as a child of others")
	}
	said := "ready"
	switch word {
	case "listen":
		must(t, exec.Command("ip", "link", "set", "lo", "up").Run())
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		must(t, err)
		defer func() { _ = l.Close() }()
		said = l.Addr().String()
	case "nft":
		if said = run("nft", nftTable, "-f", "-"); said == "" {
			said = "ready"
		}
	case "iptables":
		said = "ready"
		for _, args := range []string{
			"-A INPUT -s 203.0.113.0/24 -p tcp --dport 4444 -m comment --comment c2 -j DROP", "-N OURS", "-A OURS -i lo -j ACCEPT", "-A FORWARD ! -d 198.51.100.9 -j OURS",
		} {
			if m := run("iptables-legacy", "", strings.Fields(args)...); m != "" {
				said = m
			}
		}
		if said == "ready" {
			list, err := readXtables("ip", unix.AF_INET, unix.SOL_IP, "filter")
			must(t, err)
			said = ""
			for _, f := range list {
				said += fmt.Sprintf("%s %s %s %s;", f.Kind, f.Chain, f.Rule, f.Comment)
			}
		}
	}
	fmt.Println(strings.ReplaceAll(said, "\n", " ")) // read by the parent
	_, _ = io.Copy(io.Discard, os.Stdin)             // until the parent has seen enough
}

// run runs a program; what it says of a failure begins with skip.
func run(program, input string, args ...string) string {
	c := exec.Command(program, args...)
	c.Stdin = strings.NewReader(input)
	out, err := c.CombinedOutput()
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return "skip " + program + " is not here"
	case err != nil:
		return fmt.Sprintf("failed %s: %v %s", program, err, out)
	}
	return ""
}

const nftTable = `table inet watch {
	comment "ours"
	set bad { type ipv4_addr; flags interval; elements = { 203.0.113.7, 198.51.100.0/24 } }
	chain in { type filter hook input priority -5; policy drop;
		ct state established,related accept comment "known"
		iifname "eth7" ip saddr 10.0.0.0/8 tcp dport 2222 counter accept
		ip saddr @bad drop
		meta skuid 33 tcp dport 1000-2000 log prefix "web: " reject
		udp dport 53 jump names
	}
	chain names {
		limit rate 5/minute return
	}
	chain nat { type nat hook prerouting priority dstnat;
		tcp dport 80 dnat ip to 192.0.2.1:8080
	}
}
`

func TestFirewall(t *testing.T) {
	pid, _ := elsewhere(t, "nft")
	ns, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/net", pid))
	must(t, err)
	want := map[string]bool{
		"table inet watch ours":                                               true,
		"set inet watch bad":                                                  true,
		"chain inet watch in input filter drop -5":                            true,
		"chain inet watch names 0":                                            true,
		"chain inet watch nat prerouting nat accept -100":                     true,
		`rule inet watch in ct state & established,related != 0 accept known`: true,
		`rule inet watch in iifname "eth7" meta nfproto ip ip saddr/8 10.0.0.0 meta l4proto tcp dport 2222 counter accept`: true,
		`rule inet watch in meta nfproto ip ip saddr @bad drop`:                                                            true,
		`rule inet watch in meta skuid 33 meta l4proto tcp dport >= 1000 dport <= 2000 log prefix "web: " reject`:          true,
		`rule inet watch in meta l4proto udp dport 53 jump names`:                                                          true,
		`rule inet watch names limit rate 5/minute return`:                                                                 true,
	}
	elements, dnat := "", false
	for _, f := range live[Firewall](t, "linux.firewall") {
		if f.NetNS != ns {
			continue
		}
		if f.Engine != "nftables" || f.Handle == 0 && f.Kind != "element" {
			t.Errorf("%+v", f)
		}
		switch f.Kind {
		case "element":
			elements += f.Rule + ";"
		case "chain":
			f.Rule = fmt.Sprint(f.Hook, " ", f.Type, " ", f.Policy, " ", f.Priority)
		}
		dnat = dnat || f.Chain == "nat" && strings.Contains(f.Rule, "dnat to 192.0.2.1 port 8080")
		delete(want, strings.Join(strings.Fields(strings.Join([]string{f.Kind, f.Family, f.Table, f.Chain, f.Set, f.Rule, f.Comment}, " ")), " "))
	}
	for key := range want {
		t.Errorf("not seen: %q", key)
	}
	if !dnat || !strings.Contains(elements, "203.0.113.7;") || !strings.Contains(elements, "198.51.100.0;") {
		t.Errorf("dnat seen: %v, elements %q", dnat, elements)
	}
}

func TestIptables(t *testing.T) {
	_, said := elsewhere(t, "iptables")
	want := "chain INPUT  ;rule INPUT -s 203.0.113.0/24 -p tcp --dport 4444 -j DROP c2;rule INPUT -j ACCEPT ;" +
		"chain FORWARD  ;rule FORWARD ! -d 198.51.100.9/32 -j to offset "
	if !strings.HasPrefix(said, want) || !strings.Contains(said, "chain OURS  ;rule OURS -i lo -j ACCEPT ;rule OURS -j RETURN ;") {
		t.Errorf("%q", said)
	}
}

func TestSocketsElsewhere(t *testing.T) {
	pid, addr := elsewhere(t, "listen")
	ns, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/net", pid))
	must(t, err)
	for _, s := range live[Socket](t, "linux.sockets") {
		if s.NetNS == ns && s.Local == addr && s.State == "listen" {
			if len(s.Owners) != 1 || s.Owners[0].PID != pid || s.Hidden != "" {
				t.Errorf("%+v", s)
			}
			return
		}
	}
	t.Errorf("%s in %s was not seen", addr, ns)
}

// A packet socket with a filter is how a back door waits without a port.
func TestPacketSocket(t *testing.T) {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0x0300)
	if err != nil {
		t.Skipf("a packet socket: %v", err)
	}
	defer func() { must(t, unix.Close(fd)) }()
	code := []unix.SockFilter{{Code: 0x28, K: 12}, {Code: 0x06, K: 0}}
	must(t, unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: 2, Filter: &code[0]}))
	seen := false
	for _, s := range live[Socket](t, "linux.sockets") {
		if s.Proto == "packet" && len(s.Owners) > 0 && s.Owners[0].PID == os.Getpid() {
			seen = true
			if ok, _ := (&collection{}).kernelPartsHere().has("af_packet_diag"); ok && (s.Filter != 2 || s.FilterRaw == "") {
				t.Errorf("the filter: %+v", s)
			}
		}
	}
	held := false
	for _, o := range live[OpenFile](t, "linux.openfiles") {
		held = held || o.PID == os.Getpid() && o.FD == fd && len(o.Why) == 1 && o.Why[0] == "packet"
	}
	if !seen || !held {
		t.Errorf("among the sockets: %v, among the open files: %v", seen, held)
	}
}

func (c *collection) kernelPartsHere() *kernelParts {
	if _, err := os.Stat("/proc/modules"); err != nil {
		return &kernelParts{static: true}
	}
	return &kernelParts{}
}

func TestDiffer(t *testing.T) {
	a, b, gone, fresh := Socket{Local: "1:1", State: "listen"}, Socket{Local: "2:2", State: "listen"}, Socket{Local: "3:3", State: "listen"}, Socket{Local: "4:4", State: "listen"}
	got, err := differ([]Socket{a, gone}, []Socket{a, b, fresh}, []Socket{a, gone}, func() ([]Socket, error) { return []Socket{a, b}, nil })
	must(t, err)
	hidden := map[string]string{}
	for _, s := range got {
		hidden[s.Local] = s.Hidden
	}
	// b is in no table and stays; fresh came and went; gone is in both tables only.
	if len(got) != 4 || hidden["1:1"] != "" || hidden["2:2"] != "/proc/net" || hidden["4:4"] != "" || hidden["3:3"] != "sock_diag" {
		t.Errorf("%+v", hidden)
	}
}

func TestCompareModules(t *testing.T) {
	list := []Module{{Name: "ext4"}, {Name: "nosys"}, {Name: "leaving"}}
	got := compareModules(list, map[string]string{"ext4": "live", "rootkit": "live"}, list[:2])
	want := map[string]string{"ext4": "false false", "nosys": "false true", "leaving": "false false", "rootkit": "true false"}
	for _, m := range got {
		if s := fmt.Sprint(m.Hidden, " ", m.NoSysfs); s != want[m.Name] {
			t.Errorf("%s: %s", m.Name, s)
		}
	}
	if len(got) != 4 {
		t.Errorf("%+v", got)
	}
	for _, m := range compareModules(list, nil, list) {
		if m.NoSysfs {
			t.Error("without /sys nothing is concluded")
		}
	}
}

func TestBPF(t *testing.T) {
	code := [2]uint64{0xb7, 0x95} // r0 = 0; exit
	license := []byte("GPL\x00")
	attr := make([]byte, 128)
	put := func(at int, v uint64, n int) {
		for i := range n {
			attr[at+i] = byte(v >> (8 * i))
		}
	}
	put(0, 1, 4) // BPF_PROG_TYPE_SOCKET_FILTER
	put(4, 2, 4)
	put(8, uint64(uintptr(unsafe.Pointer(&code[0]))), 8)
	put(16, uint64(uintptr(unsafe.Pointer(&license[0]))), 8)
	copy(attr[48:], "fb_test")
	fd, err := bpfCall(unix.BPF_PROG_LOAD, attr)
	if err != nil {
		t.Skipf("loading an eBPF program: %v", err)
	}
	defer func() { must(t, unix.Close(fd)) }()
	for _, b := range live[BPF](t, "linux.bpf") {
		if b.Kind == "program" && b.Name == "fb_test" {
			if b.Type != "socket_filter" || len(b.Owners) == 0 || b.Owners[0].PID != os.Getpid() || b.Loaded.IsZero() || b.UID != uint32(os.Getuid()) || b.Tag == "" {
				t.Errorf("%+v", b)
			}
			return
		}
	}
	t.Error("our program was not seen")
}

func FuzzNetlink(f *testing.F) {
	f.Add([]byte{20, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 1, 0})
	f.Add([]byte{2, 0, 0, 0, 12, 0, 4, 128, 8, 0, 1, 0, 99, 116, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		messages, _ := nlMessages(b)
		for _, m := range messages {
			if len(m.body) > len(b) {
				t.Error("longer than what it came in")
			}
		}
		for _, kind := range []string{"table", "chain", "rule", "set", "element"} {
			if n := len(parseNft(kind, b)); n > maxElements {
				t.Errorf("%d elements", n)
			}
		}
		for _, parse := range []func([]byte) (Socket, bool){
			func(b []byte) (Socket, bool) { return parseInetDiag("tcp6", b) }, parseUnixDiag, parsePacketDiag, parseNetlinkDiag,
		} {
			parse(b)
		}
		parseXtables("ip", "filter", b, nil)
		parseXtables("ip6", "filter", b, nil)
		parseKmsg(string(b))
	})
}

// TestMainThreadStays: /proc/self is the main thread, which cannot end with a
// goroutine. One that went into another namespace would take all that is read
// there with it.
func TestMainThreadStays(t *testing.T) {
	pid, _ := elsewhere(t, "listen")
	ns, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", pid))
	must(t, err)
	defer func() { must(t, ns.Close()) }()
	before, err := os.Readlink("/proc/self/ns/net")
	must(t, err)
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for range 50 {
				s, err := openNetlink(unix.NETLINK_ROUTE, int(ns.Fd()))
				if err != nil {
					t.Error(err)
					return
				}
				if err := s.close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if after, err := os.Readlink("/proc/self/ns/net"); err != nil || after != before {
		t.Errorf("the main thread went from %s to %s (%v)", before, after, err)
	}
}
