package parse

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"firebreak/internal/testkit/rpmdb"
	"firebreak/internal/testkit/winlog"
)

// seeds are lines, or records, of each parser.
func seeds() map[string][]string {
	return map[string][]string{
		"bodyfile":         {"0|/a|1|r/r|0|0|1|1|2|3|4\n", "md5|/a|b -> c|1|l/l|0|0|1|1.5|-1||x\n#\n"},
		"history":          {"#1700000000\na\n: 1:2;b\\\n- cmd: x\n  when: 1\n  paths:\n    - y\n"},
		"dpkg":             {"2026-08-03 15:25:53 install a b c\n"},
		"apt":              {"Start-Date: 2026-07-12  04:08:31\nInstall: x\nEnd-Date: x\n"},
		"packages":         {"[2026-01-01T10:00:00+0100] [ALPM] installed x\nJan 01 00:00:00 y\n"},
		"timesketch.jsonl": {`{"message":"a","datetime":"2026-01-02T03:04:05Z","x":{"y":[1]}}`, `{"message":"a","timestamp":1700000000123456}`, `, "event_1": {"message":"a","date_time":{"__class_name__":"Filetime","timestamp":132902282486494590},"timestamp":"1645754648649459","tag":{"labels":["x"]}}`},
		"timesketch.csv":   {"message,datetime\n\"a\nb\",2026-01-02T03:04:05Z\n"},
		"access": {
			`1.2.3.4 - - [10/Oct/2026:13:55:36 -0700] "GET / HTTP/1.0" 200 1 "a" "b"`,
			`{"time":"2026-10-10T13:55:36Z","remote_addr":"1.2.3.4","request":"GET / HTTP/1.1","status":200,"headers":{"User-Agent":["\u00e9"]}}`,
		},
		"audit":              {`type=EXECVE msg=audit(1.2:3): a0=2F a1="b" msg='c=d'`},
		"w3c":                {"#Fields: date time c-ip cs-uri-stem\n2026-01-01 00:00:00 1.2.3.4 /\n#Date: 2026-01-01\n#Fields: time\n00:00:00\n"},
		"vsftpd":             {"Mon Jun  6 18:43:28 2016 [pid 3] [jean] OK UPLOAD: Client \"1.2.3.4\", \"/x\", 1 bytes\n"},
		"syslog":             append(slices.Clone(hostileLines), "30 <13>Nov 18 08:30:20 h a: b\n", "2000-01-01 00:00\nOct 1 00:00:00 ", "2022-04-12 00:24:24.741 UTC [9] u@d FATAL:  x\n"),
		"fb.processes":       {`{"pid":1,"started":"2026-01-01T00:00:00Z","argv":["a"]}`},
		"fb.sockets":         {`{"proto":"tcp","owners":[{"pid":1}],"local":"1.2.3.4:5"}`},
		"fb.winprocesses":    {`{"pid":7,"ppid":1,"started":"2026-01-01T00:00:00.1234567Z","comm":"a.exe","services":["x"],"exe":"C:\\b.exe","exe_deleted":true}`},
		"fb.winsockets":      {`{"proto":"tcp","state":"established","local":"[fe80::1%5]:5","remote":"1.2.3.4:5","opened":"2026-01-01T00:00:00Z","pid":7,"process":"a"}`},
		"fb.units":           {`{"path":"/x","kind":"service","stat":{"modified":"2026-01-01T00:00:00Z"}}`},
		"fb.extents":         {`{"offset":0,"data":"QUFB","size":3}`},
		"journal":            {"LPKSHHRH\x00\x00\x00\x00"},
		"l2t.csv":            {"date,time,timezone,MACB,source,sourcetype\n01/22/2012,07:52:33,UTC,M...,LOG,x\n", strings.Join(l2tNames, ",") + "\n01/22/2012,07:52:33,CET,M.C.,FILE,x,Creation Time; x,-,-,a,b,2,c,-,-,firebreak/x,a: b; c\n"},
		"mactime.csv":        {"Date,Size,Type,Mode,UID,GID,Meta,File Name\n2026-01-01T00:00:00Z,1,m...,r/r,0,0,1,/a\nXxx Xxx 00 0000 00:00:00,1,...b,r,0,0,1,\"a\"\nTue Nov 14 2023 22:13:20,1,m..b,l/l,0,0,1,\"a -> b\"\n"},
		"events.jsonl":       {`{"time":"2026-01-01T00:00:00Z","precision":"s","time_kind":"logged","source":"x","parser":"y","message":"z"}`},
		"events.csv":         {"time,precision,kind,source,host,user,message\n2026-01-01T00:00:00Z,s,logged,a,b,c,d\n"},
		"evtx":               evtxSeeds(),
		"evt":                {string(winlog.EvtLog(0, 48, 400, 2, 1, winlog.EvtRecord(1, "a", "b")))},
		"srum":               {string(madeSRUM().Bytes())},
		"rpmdb.ndb":          {string(rpmdb.NDB(1, rpmdb.Header("a", "1")))},
		"rpmdb.bdb":          {string(rpmdb.Berkeley(binary.LittleEndian, rpmdb.Header("a", "1")))},
		"defender.detection": {string(madeDetection())},
		"":                   {"x", "\xff\xfeN\x00o\x00v\x00"},
	}
}

// evtxSeeds are logs without the zeros at their end.
func evtxSeeds() []string {
	m := winlog.NewMaker(1)
	m.Logon("jd", 1)
	m.Event("PowerShell", 400, 0, "", "", "a", "", "b", "", "\tHostName=c\r\n\tHostApplication=d\r\n")
	m.Event("Microsoft-Windows-Security-Auditing", 4698, 0, "", "TaskContent", "<Task><Actions><Exec><Command>a</Command></Exec></Actions></Task>")
	n := len(m.B)
	b := winlog.File(false, 1, m.Next, m.Chunk())
	return []string{string(b[:4096+n]), string(b[4096 : 4096+n])}
}

// FuzzFile gives every parser anything. The account settles, texts are clean, and
// chunks of any size say what one reader of the whole says.
func FuzzFile(f *testing.F) {
	for _, s := range slices.Concat(samples(), moreSamples(), macSamples(), windowsSamples()) {
		f.Add(s.parser, uint16(40), []byte(s.text))
	}
	for _, parser := range append(Names(), "") {
		for _, s := range append(seeds()[parser], "", "\x00", strings.Join(hostileLines, "")) {
			f.Add(parser, uint16(7), []byte(s))
		}
	}
	f.Fuzz(func(t *testing.T, parser string, chunk uint16, data []byte) {
		if strings.HasPrefix(parser, "mapped.") || parser != "" && !slices.Contains(Names(), parser) {
			return
		}
		want := wholeOf(t, parser, data, 1, 1<<20, false)
		if got := wholeOf(t, parser, data, 3, int(chunk)+1, false); got != want {
			t.Errorf("chunks of %d differ:\n%s", int(chunk)+1, firstDifference(want, got))
		}
	})
}
