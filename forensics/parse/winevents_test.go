package parse

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"firebreak/internal/testkit/winlog"
)

const (
	auditSuccess = 0x8020000000000000
	auditFailure = 0x8010000000000000
	auditing     = "Microsoft-Windows-Security-Auditing"
)

// evtxOf is a log of what make writes.
func evtxOf(m *winlog.Maker) []byte { return winlog.File(false, 1, m.Next, m.Chunk()) }

// What an event means stands in our attributes, whatever its provider calls it.
func TestWinEvents(t *testing.T) {
	task := `<?xml version="1.0" encoding="UTF-16"?><Task><RegistrationInfo><Author>CORP\eve</Author></RegistrationInfo>` +
		`<Principals><Principal id="a"><UserId>S-1-5-18</UserId></Principal></Principals>` +
		`<Actions><Exec><Command>cmd.exe</Command><Arguments>/c "calc &amp; x"</Arguments></Exec><Exec><Command>b</Command></Exec></Actions></Task>`
	details := "\tNewEngineState=Available\r\n\tHostName=ConsoleHost\r\n\tHostApplication=powershell -c \"a\r\nb = c\"\r\n\tEngineVersion=5.1\r\n\tCommandLine=\r\n"
	for _, c := range []struct {
		provider string
		id       int
		keywords uint64
		userData string
		pairs    string // name=value|…
		want     string // attribute=value|…
		user     string
		message  string // part of it
	}{
		{
			auditing, 4624, auditSuccess, "", `TargetUserName=jd|TargetDomainName=CORP|TargetLogonId=0x3e7|LogonType=10|IpAddress=::ffff:10.0.0.7|IpPort=50123|WorkstationName=-`,
			`action=login|outcome=success|src_ip=10.0.0.7|src_port=50123|session=0x3e7|src_host=|event_id=4624|computer=dc1.corp`, `CORP\jd`, "remote desktop",
		},
		{auditing, 4624, auditSuccess, "", `TargetUserName=jd|IpAddress=LOCAL`, `src_ip=|action=login`, "jd", "Logon of jd"},
		{
			auditing, 4625, auditFailure, "", `TargetUserName=root|LogonType=3|IpAddress=203.0.113.9|Status=0xc000006d|SubStatus=0xc000006a`,
			`action=login|outcome=failure|src_ip=203.0.113.9`, "root", "wrong password",
		},
		{
			auditing, 4688, auditSuccess, "", `SubjectUserName=eve|SubjectDomainName=C|NewProcessName=C:\a.exe|CommandLine=a -x|NewProcessId=0x1a4|ProcessId=0x10|ParentProcessName=C:\b.exe|SubjectLogonId=0x9`,
			`action=exec|exe=C:\a.exe|command=a -x|pid=420|ppid=16|parent=C:\b.exe|logger_pid=640|session=0x9`, `C\eve`, "C:\\a.exe: a -x",
		},
		{
			"Service Control Manager", 7045, 0, "", `ServiceName=evil|ImagePath=%COMSPEC% /c x|ServiceType=user mode|StartType=auto|AccountName=LocalSystem`,
			`action=install|service=evil|command=%COMSPEC% /c x|target_user=LocalSystem|user_sid=S-1-5-18`, `NT AUTHORITY\SYSTEM`, "Service evil was installed",
		},
		{"Microsoft-Windows-Eventlog", 1102, 0, "LogFileCleared", `SubjectUserName=eve|SubjectDomainName=CORP`, `action=delete|outcome=success`, `CORP\eve`, "log was cleared by"},
		{
			auditing, 4698, auditSuccess, "", `SubjectUserName=eve|TaskName=\x|TaskContent=` + strings.ReplaceAll(task, "|", ""),
			`action=create|command=cmd.exe /c "calc & x"; b|author=CORP\eve|target_user=S-1-5-18`, "eve", `task \x: cmd.exe`,
		},
		{
			"Microsoft-Windows-Sysmon", 1, 0, "", `User=C\u|Image=C:\a.exe|CommandLine=a|ProcessId=7|ParentProcessId=3|LogonId=0x5|Hashes=SHA1=AB,MD5=CD,SHA256=EF,IMPHASH=01`,
			`hash_sha1=ab|hash_md5=cd|sha256=ef|imphash=01|session=0x5|pid=7|ppid=3`, `C\u`, "started",
		},
		{"Microsoft-Windows-Sysmon", 13, 0, "", `Image=C:\a.exe|TargetObject=HKLM\x|Details=1`, `key=HKLM\x|value=1`, "", "set"},
		{"PowerShell", 400, 0, "", "=Available|=None|=" + details, "action=exec|command=powershell -c \"a\r\nb = c\"|HostName=ConsoleHost|EngineVersion=5.1|CommandLine=", `NT AUTHORITY\SYSTEM`, "PowerShell 5.1 started in ConsoleHost: powershell"},
		{
			"Microsoft-Windows-WMI-Activity", 5861, 0, "Operation_ESStoConsumerBinding", `Namespace=//./root/subscription|CONSUMER=c|PossibleCause=x { CommandLineTemplate = "cmd \"a\" \\b"; }`,
			`action=create|command=cmd "a" \b`, `NT AUTHORITY\SYSTEM`, "runs cmd",
		},
		// What an event says of itself in our words is not ours.
		{
			"Evil", 1, 0, "", `user=root|action=login|outcome=success|src_ip=1.2.3.4|recovered=no|time_suspect=no|event_id=4624|value=v|Value=V`,
			`action=|outcome=|src_ip=|recovered=|data.time_suspect=no|event_id=1|data.action=login|data.src_ip=1.2.3.4|data.event_id=4624|data.user=root|value=|Value=V`, `NT AUTHORITY\SYSTEM`, "Evil 1",
		},
	} {
		m := winlog.NewMaker(1)
		var pairs []string
		for pair := range strings.SplitSeq(c.pairs, "|") {
			name, value, _ := strings.Cut(pair, "=")
			pairs = append(pairs, name, value)
		}
		m.Event(c.provider, c.id, c.keywords, c.userData, pairs...)
		events, ing := run(t, "", "x.evtx", evtxOf(m))
		if len(events) != 1 || ing.Rejected != 0 || ing.Recovered != 0 {
			t.Fatalf("%s %d: %+v", c.provider, c.id, ing)
		}
		e := events[0]
		for pair := range strings.SplitSeq(c.want, "|") {
			if name, want, _ := strings.Cut(pair, "="); e.Attributes.Get(name) != want {
				t.Errorf("%s %d: %s is %q, want %q", c.provider, c.id, name, e.Attributes.Get(name), want)
			}
		}
		if e.User != c.user || e.Host != "dc1.corp" || !strings.Contains(e.Message, c.message) {
			t.Errorf("%s %d: %q on %q: %q", c.provider, c.id, e.User, e.Host, e.Message)
		}
	}
}

// Texts that Windows cannot have meant come as they are, or escaped.
func TestWinTexts(t *testing.T) {
	m := winlog.NewMaker(1)
	m.Event("P", 1, 0, "", "a", "x\x00y\\", "b", "\x1b[2J\a", "c", "😀", "d", strings.Repeat("z", 30000))
	events, ing := run(t, "", "x.evtx", evtxOf(m))
	if len(events) != 1 || ing.Rejected != 0 {
		t.Fatalf("%+v", ing)
	}
	a := events[0].Attributes
	if a.Get("a") != `x\x00y\\` || a.Get(attrEncoding) != "escaped" || a.Get("c") != "😀" || len(a.Get("d")) != 30000 || len(events[0].Message) > 4*maxWinField {
		t.Errorf("%q %q %q %d: %q", a.Get("a"), a.Get(attrEncoding), a.Get("c"), len(a.Get("d")), events[0].Message)
	}
}

// Times that no clock shows leave the event undated, or take that of writing.
func TestWinTimes(t *testing.T) {
	le := binary.LittleEndian
	raw := le.AppendUint64(nil, winlog.When)
	for _, c := range []struct {
		system, written uint64
		kind, assumed   string
		year            int
	}{
		{winlog.When, winlog.When, "logged", "", 2026},
		{0, winlog.When, "logged", "time of writing", 2026},
		{1<<64 - 1, winlog.When, "logged", "time of writing", 2026},
		{0, 0, "undated", "", 1},
		{1<<64 - 1, 1<<63 - 1, "undated", "", 1},
	} {
		m := winlog.NewMaker(1)
		m.Event("P", 1, 0, "")
		head := bytes.Index(m.B, raw)
		body := head + 8 + bytes.Index(m.B[head+8:], raw)
		le.PutUint64(m.B[head:], c.written)
		le.PutUint64(m.B[body:], c.system)
		events, ing := run(t, "", "x.evtx", evtxOf(m))
		if len(events) != 1 {
			t.Fatalf("%+v", ing)
		}
		if e := events[0]; string(e.TimeKind) != c.kind || e.Attributes.Get(attrAssumed) != c.assumed || e.Time.Year() != c.year {
			t.Errorf("%x, %x: %s %s %q", c.system, c.written, e.TimeKind, e.Time, e.Attributes.Get(attrAssumed))
		}
	}
}

// Chunks read by several at once, and a stream that cannot be read twice, say
// what one reader says; and what is gone is counted by its numbers.
func TestEvtxWorkers(t *testing.T) {
	var chunks [][]byte
	next := uint64(1)
	for i := range 12 {
		m := winlog.NewMaker(next)
		for range 20 + 9*i {
			m.Event("Service Control Manager", 7036, 0, "", "param1", strings.Repeat("s", i), "param2", "running")
		}
		next = m.Next
		chunks = append(chunks, m.Chunk())
	}
	first, last := binary.LittleEndian.Uint64(chunks[5][24:]), binary.LittleEndian.Uint64(chunks[5][32:])
	clear(chunks[5])
	data := winlog.File(false, len(chunks), next, chunks...)
	want := wholeOf(t, "evtx", data, 1, 1<<20, true)
	for _, workers := range []int{2, 3, 8} {
		if got := wholeOf(t, "evtx", data, workers, 1<<20, workers == 2); got != want {
			t.Errorf("%d at once differ:\n%s", workers, firstDifference(want, got))
		}
	}
	_, ing := run(t, "", "x.evtx", data)
	if gone := int64(last - first + 1); ing.Rejected != gone || ing.Events != int64(next-1)-gone || len(ing.Samples) == 0 || !strings.Contains(ing.Samples[0], "records 191 to 255 are missing") {
		t.Errorf("%+v", ing)
	}
}

// An old log's fields stand in the same attributes.
func TestEvtEvents(t *testing.T) {
	one := winlog.EvtRecord(1, "Spooler", "running")
	n := uint32(48 + len(one))
	events, ing := run(t, "", "x.evt", winlog.EvtLog(0, 48, n, 2, 1, one, winlog.EvtEnd(48, n, 2, 1)))
	if len(events) != 1 || ing.Parser != "evt" || ing.Rejected != 0 {
		t.Fatalf("%+v", ing)
	}
	e := events[0]
	for name, want := range map[string]string{"provider": "Service", "event_id": "7036", "record_id": "1", "user_sid": "S-1-5-18", "data1": "Spooler", "computer": "HOST", "binary": "010203"} {
		if got := e.Attributes.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if e.Message != "Service 7036: Spooler, running" || e.User != `NT AUTHORITY\SYSTEM` || e.Host != "HOST" {
		t.Errorf("%q %q %q", e.Message, e.User, e.Host)
	}
}
