package integrations

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
)

// names is a name server of this test: each question for a name gets the next of
// its addresses, and the last of them from then on.
type names struct {
	mu    sync.Mutex
	of    map[string][]netip.Addr
	asked map[string]int
}

// serve answers questions (RFC 1035, 4.1), which have one name and no compression.
func (n *names) serve(c net.PacketConn) {
	buffer := make([]byte, 1500)
	for {
		size, from, err := c.ReadFrom(buffer)
		if err != nil {
			return
		}
		q := append([]byte{}, buffer[:size]...)
		var labels []string
		at := 12
		for at < size && q[at] != 0 && at+1+int(q[at]) < size {
			labels = append(labels, string(q[at+1:at+1+int(q[at])]))
			at += 1 + int(q[at])
		}
		if at+5 > size {
			continue
		}
		kind := binary.BigEndian.Uint16(q[at+1:])
		reply := append([]byte{q[0], q[1], 0x85, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, q[12:at+5]...)
		if a, ok := n.next(strings.Join(labels, "."), kind); ok {
			reply[7] = 1
			reply = append(reply, 0xc0, 12, 0, byte(kind), 0, 1, 0, 0, 0, 0, 0, byte(len(a.AsSlice())))
			reply = append(reply, a.AsSlice()...)
		}
		if _, err := c.WriteTo(reply, from); err != nil {
			return
		}
	}
}

func (n *names) next(name string, kind uint16) (netip.Addr, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	list := n.of[name]
	if len(list) == 0 {
		return netip.Addr{}, false
	}
	a := list[min(n.asked[name], len(list)-1)]
	if (kind == 1) != a.Is4() || kind != 1 && kind != 28 {
		return netip.Addr{}, false
	}
	n.asked[name]++
	return a, true
}

// TestRebinding: what counts is where a name leads at the moment at which the
// connection is made, in whatever form the address comes.
func TestRebinding(t *testing.T) {
	c, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer closing(t, c)
	is := netip.MustParseAddr
	n := &names{asked: map[string]int{}, of: map[string][]netip.Addr{
		"metadata.test":    {is("169.254.169.254")},
		"mapped.test":      {is("::ffff:169.254.169.254")},
		"linklocal.test":   {is("fe80::a9fe:a9fe")},
		"nothing.test":     {is("0.0.0.0")},
		"nothing6.test":    {is("::")},
		"here.test":        {is("127.0.0.1")},
		"here6.test":       {is("::1")},
		"mapped-here.test": {is("::ffff:127.0.0.1")},
		"home.test":        {is("192.168.1.1")},
		"nat64.test":       {is("64:ff9b::a9fe:a9fe")},
		"turns.test":       {is("127.0.0.1"), is("169.254.169.254")},
	}}
	go n.serve(c)
	former := net.DefaultResolver
	defer func() { net.DefaultResolver = former }()
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", c.LocalAddr().String())
	}}
	refused := func(name string, public bool) {
		t.Helper()
		for _, method := range []string{"GET", "POST"} {
			err := send(t, testClient(Limits{Public: public}), method, "http://"+name+":1/latest/meta-data/")
			if OutcomeOf(err) != Rejected || !strings.Contains(err.Error(), "address refused") {
				t.Errorf("%s %s, public only %v: %v", method, name, public, err)
			}
		}
	}
	for _, name := range []string{"metadata.test", "mapped.test", "linklocal.test", "nothing.test", "nothing6.test"} {
		refused(name, false)
		refused(name, true)
	}
	for _, name := range []string{"here.test", "here6.test", "mapped-here.test", "home.test", "nat64.test"} {
		refused(name, true)
	}
	// The first answer is fine, the second is not: nothing is kept of the first.
	client := testClient(Limits{})
	if err := send(t, client, "GET", "http://turns.test:1/"); OutcomeOf(err) != NotSent || strings.Contains(err.Error(), "address refused") {
		t.Errorf("at first: %v", err)
	}
	err = send(t, client, "POST", "http://turns.test:1/")
	if OutcomeOf(err) != Rejected || !strings.Contains(err.Error(), "169.254.169.254") {
		t.Errorf("then: %v", err)
	}
	// Addresses that are written in ways in which only some read them.
	for _, odd := range []string{"2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "169.254.43518", "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]", "0.0.0.0", "[::]"} {
		err := send(t, testClient(Limits{}), "POST", "http://"+odd+":1/")
		var e *Error
		if !errors.As(err, &e) || e.Outcome != Rejected && e.Outcome != NotSent {
			t.Errorf("%s: %v", odd, err)
		}
	}
}
