package forensics

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func TestParseStat(t *testing.T) {
	line := "4711 (a) b) (x\n) S 1 4711 4700 34816 -1 4194304 1 2 3 4 5 6 7 8 20 0 3 0 123456 1 2 18446744073709551615 1"
	var p Process
	if !parseStat([]byte(line), &p) {
		t.Fatal("not read")
	}
	if p.Comm != "a) b) (x\n" || p.State != "S" || p.PPID != 1 || p.Session != 4700 || p.TTY != "136:0" || p.Kernel || p.Ticks != 123456 {
		t.Errorf("%+v", p)
	}
	for _, bad := range []string{"", "1", "1 (", "1 (x", "1 )x(", "1 (x) S 1 2", "1 (x) S a b c d e f g h i j k l m n o p q r s t"} {
		if parseStat([]byte(bad), &p) {
			t.Errorf("%q was read", bad)
		}
	}
}

func TestContainers(t *testing.T) {
	id := strings.Repeat("0123456789abcdef", 4)
	for cgroup, want := range map[string]string{
		"/docker/" + id: id, "/system.slice/docker-" + id + ".scope": id, "/machine.slice/libpod-" + id + ".scope/container": id,
		"/kubepods.slice/kubepods-burstable.slice/cri-containerd-" + id + ".scope": id,
		"/lxc.payload.web/x": "lxc web", "/machine.slice/machine-deb.scope": "deb",
		"/user.slice/user-0.slice": "", "/" + id + "ff": "", "": "",
		"/ecs/0123456789abcdef0123456789abcdef/0123456789abcdef0123456789abcdef-1234567890": "0123456789abcdef0123456789abcdef-1234567890",
	} {
		if got := containerOf(cgroup); got != want {
			t.Errorf("%s: %q, want %q", cgroup, got, want)
		}
	}
}

func TestParseSockets(t *testing.T) {
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		t.Skip("the samples are little-endian")
	}
	for _, c := range []struct {
		proto, line string
		want        Socket
	}{
		{
			"tcp", "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 539 1 x",
			Socket{Proto: "tcp", State: "listen", Local: "127.0.0.1:8080", UID: 1000, Inode: 539},
		},
		{
			"tcp6", "   1: 00000000000000000000000001000000:0016 B80D0120000000000000000007000000:D431 01 0:0 0:0 0 0 0 77 1",
			Socket{Proto: "tcp6", State: "established", Local: "[::1]:22", Remote: "[2001:db8::7]:54321", Inode: 77},
		},
		{
			"udp", "  2: 00000000:0044 00000000:0000 07 0:0 0:0 0 0 0 78 2",
			Socket{Proto: "udp", State: "unconn", Local: "0.0.0.0:68", Inode: 78},
		},
	} {
		got, ok := parseSocket(c.proto, c.line)
		if !ok || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, %v", c.line, got, ok)
		}
	}
	for line, want := range map[string]Socket{
		"0000000000000000: 00000002 00000000 00010000 0001 01 1234 /run/a b":      {Proto: "unix", State: "listen", Type: "stream", Path: "/run/a b", Inode: 1234},
		"ffff888000000000: 00000003 00000000 00000000 0002 03 99":                 {Proto: "unix", State: "connected", Type: "dgram", Inode: 99},
		"0000000000000000: 00000002 00000000 00010000 0005 01    17 @/tmp/.X11@@": {Proto: "unix", State: "listen", Type: "seqpacket", Path: "@/tmp/.X11@@", Inode: 17},
	} {
		got, ok := parseUnix(line)
		if !ok || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v", line, got, ok)
		}
	}
}

func TestParseRoutes(t *testing.T) {
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		t.Skip("the samples are little-endian")
	}
	got, bad := parseRoutes([]byte("Iface\tDestination\neth0\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\neth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\nrubbish\n"), true, parseRoute)
	want := []Route{
		{Kind: "route", Interface: "eth0", Address: "0.0.0.0/0", Gateway: "192.0.2.1", Metric: 100, Flags: "UG"},
		{Kind: "route", Interface: "eth0", Address: "192.0.2.0/24", Flags: "U"},
	}
	if !reflect.DeepEqual(got, want) || bad != 1 {
		t.Errorf("%+v, %d", got, bad)
	}
	r, ok := parseRoute6("fe800000000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0")
	if !ok || r.Address != "fe80::/64" || r.Metric != 256 || r.Interface != "eth0" || r.Gateway != "" {
		t.Errorf("%+v", r)
	}
}

func TestParseNeighbour(t *testing.T) {
	message := func(state uint16, attrs ...[]byte) []byte {
		b := make([]byte, 12)
		binary.NativeEndian.PutUint32(b[4:], 2)
		binary.NativeEndian.PutUint16(b[8:], state)
		for i, a := range attrs {
			head := binary.NativeEndian.AppendUint16(nil, uint16(len(a)+4))
			head = binary.NativeEndian.AppendUint16(head, uint16(i+1)) // NDA_DST, NDA_LLADDR
			b = append(append(b, head...), a...)
			for len(b)%4 != 0 {
				b = append(b, 0)
			}
		}
		return b
	}
	name := func(i int) string { return "if" + string(rune('0'+i)) }
	n, ok := parseNeighbour(message(2, []byte{192, 0, 2, 1}, []byte{2, 0, 0, 0, 0, 9}), name)
	if !ok || n.Address != "192.0.2.1" || n.Hardware != "02:00:00:00:00:09" || n.State != "reachable" || n.Interface != "if2" {
		t.Errorf("%+v, %v", n, ok)
	}
	for _, b := range [][]byte{nil, make([]byte, 11), message(2), message(0x40, []byte{1, 2, 3, 4}), append(message(2), 3, 0, 1, 0), append(message(2), 99, 0, 1, 0)} {
		if n, ok := parseNeighbour(b, name); ok {
			t.Errorf("%v gave %+v", b, n)
		}
	}
}

func TestParseMounts(t *testing.T) {
	got, bad := parseMounts([]byte("36 35 98:0 / /a\\040b\\012c rw,noatime master:1 - nfs4 host:/x rw\n1 2\n40 36 0:5 / /proc rw - proc proc rw,x=1\n"))
	if bad != 1 || len(got) != 2 || got[0].Point != "/a b\nc" || !got[0].Network || got[1].Network || got[1].Super != "rw,x=1" {
		t.Errorf("%+v, %d", got, bad)
	}
	for fs, want := range map[string]bool{"fuse.sshfs": true, "fuse": true, "fuseblk": false, "ext4": false, "cifs": true, "9p": true, "autofs": true, "btrfs": false} {
		if networkType(fs) != want {
			t.Errorf("%s: %v", fs, !want)
		}
	}
}

func TestParseModules(t *testing.T) {
	got, bad := parseModules([]byte("rootkit 16384 0 - Live 0xffffffffc0000000 (OE)\nnf 4096 2 a,b, Live 0x0\nrubbish\n"))
	want := []Module{{Name: "rootkit", Size: 16384, State: "live", Taint: "OE"}, {Name: "nf", Size: 4096, Refs: 2, UsedBy: []string{"a", "b"}, State: "live"}}
	if !reflect.DeepEqual(got, want) || bad != 1 {
		t.Errorf("%+v, %d", got, bad)
	}
	mask, words := parseTaint("12288")
	if mask != 12288 || len(words) != 2 || !strings.Contains(words[0], "out-of-tree") || !strings.Contains(words[1], "unsigned") {
		t.Errorf("%d %v", mask, words)
	}
}

func TestWithoutHashes(t *testing.T) {
	in := "root:x:0:0::/root:/bin/sh\nold:$6$a$HASH:1:1::/:/bin/sh\nlocked:!!:2:2::/:/x\nbroken line\n+nis::::::\nlast:abHASHHASH123:3:3:::"
	out, n := withoutHashes([]byte(in))
	want := "root:x:0:0::/root:/bin/sh\nold:[withheld]:1:1::/:/bin/sh\nlocked:!!:2:2::/:/x\nbroken line\n+nis::::::\nlast:[withheld]:3:3:::"
	if string(out) != want || n != 2 {
		t.Errorf("%d\n%s", n, out)
	}
}

// FuzzTables throws the same bytes at every reader of a table: none may panic,
// and what comes out must fit into a record.
func FuzzTables(f *testing.F) {
	for _, s := range []string{
		"36 35 98:0 / /a rw - ext4 /dev/x rw\n", "m 1 0 - Live 0x0 (O)\n", "1 (x) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5",
		"0: 0100007F:1F90 00000000:0000 0A 0:0 0:0 0 0 0 539 1", "0: 2 0 10000 0001 01 1234 /run/x",
		"eth0 00000000 010200C0 0003 0 0 100 00000000", "Uid:\t0\t0\t0\t0\nCapEff:\tff\n", "0::/x\n1:name=systemd:/docker\n",
		"7f00-7f01 r-xp 00000000 08:01 12 /lib/x.so (deleted)", "a:$6$x$y:1:1:g:/h:/s\n", "[Service]\nExecStart=\\\nx\nOnCalendar=y\n",
		"x \\040\\", "\xff\x00",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		text := string(b)
		var p Process
		parseStat(b, &p)
		parseStatus(b, &p)
		p.Argv, p.Cgroup = splitArgv(b), parseCgroup(b)
		p.Container = containerOf(text)
		mounts, _ := parseMounts(b)
		modules, _ := parseModules(b)
		socket, _ := parseSocket("tcp", text)
		unix, _ := parseUnix(text)
		routes, _ := parseRoutes(b, false, parseRoute)
		routes6, _ := parseRoutes(b, false, parseRoute6)
		parseMapping(text)
		parseTaint(text)
		accounts := parsePasswd(b)
		applyShadow(accounts, b)
		applyGroups(accounts, b)
		u := Unit{Kind: "timer"}
		parseUnit(b, &u)
		if _, err := json.Marshal([]any{p, mounts, modules, socket, unix, routes, routes6, accounts, u}); err != nil {
			t.Error(err)
		}
		if kept, n := withoutHashes(b); n == 0 && !bytes.Equal(kept, b) {
			t.Error("changed without a word")
		}
	})
}
