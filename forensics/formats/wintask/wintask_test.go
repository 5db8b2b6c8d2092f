package wintask

import (
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
)

var order = binary.LittleEndian

func counted(s string) []byte {
	u := append(utf16.Encode([]rune(s)), 0)
	b := order.AppendUint16(nil, uint16(len(u)))
	for _, c := range u {
		b = order.AppendUint16(b, c)
	}
	return b
}

func job() []byte {
	b := make([]byte, 70)
	order.PutUint16(b, 0x0600)
	order.PutUint16(b[2:], 1)
	order.PutUint16(b[20:], 70)
	order.PutUint32(b[40:], 3)
	for i, v := range []uint16{2026, 11, 4, 19, 2, 14, 5, 250} {
		order.PutUint16(b[52+2*i:], v)
	}
	for _, s := range []string{`C:\x.exe`, "-a", `C:\`, "eve", "a comment"} {
		b = append(b, counted(s)...)
	}
	b = append(b, 0, 0, 0, 0)
	order.PutUint16(b[22:], uint16(len(b)))
	b = order.AppendUint16(b, 1)
	g := make([]byte, 48)
	for i, v := range []uint16{48, 0, 2026, 11, 1, 0, 0, 0, 3, 30} {
		order.PutUint16(g[2*i:], v)
	}
	order.PutUint32(g[20:], 60)
	order.PutUint32(g[24:], 10)
	order.PutUint32(g[32:], 2)
	return append(b, g...)
}

func TestJob(t *testing.T) {
	got, err := Job(job())
	if err != nil || got.Author != "eve" || got.Actions[0].Line() != `C:\x.exe -a` || got.ExitCode != 3 || got.LastRun.Format(time.RFC3339Nano) != "2026-11-19T02:14:05.25Z" || got.Problem != "" {
		t.Fatalf("%+v, %v", got, err)
	}
	if g := got.Triggers; len(g) != 1 || g[0].Begin.Format(time.DateTime) != "2026-11-01 03:30:00" || g[0].Kind != "weekly" || g[0].Interval != "every 10 minutes for 60" {
		t.Errorf("%+v", g)
	}
	for n := range job() {
		got, err := Job(job()[:n])
		if n < 76 != errors.Is(err, ErrFormat) || err == nil && got.Problem == "" {
			t.Fatalf("cut at %d: %+v, %v", n, got, err)
		}
	}
}

const task = `<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
<RegistrationInfo><Date>2026-11-19T02:14:05.123</Date><Author>CORP\eve</Author><URI>\Update</URI></RegistrationInfo>
<Triggers><LogonTrigger><UserId>CORP\bob</UserId></LogonTrigger><CalendarTrigger><StartBoundary>2026-11-20T03:00:00Z</StartBoundary><ScheduleByDay/><Repetition><Interval>PT1H</Interval></Repetition></CalendarTrigger></Triggers>
<Principals><Principal id="Author"><UserId>S-1-5-18</UserId><RunLevel>HighestAvailable</RunLevel></Principal></Principals>
<Settings><Hidden>true</Hidden></Settings>
<Actions><Exec><Command>powershell.exe</Command><Arguments>-enc AAAA</Arguments></Exec><ComHandler><ClassId>{1}</ClassId></ComHandler></Actions></Task>`

func TestXML(t *testing.T) {
	got, err := XML(strings.NewReader(task))
	if err != nil || got.Name != `\Update` || got.Author != `CORP\eve` || got.RunAs != "S-1-5-18" || !got.Hidden || got.Disabled || len(got.Actions) != 2 ||
		got.Actions[0].Line() != "powershell.exe -enc AAAA" || got.Actions[1].Line() != "COM {1}" {
		t.Fatalf("%+v, %v", got, err)
	}
	if g := got.Triggers; len(g) != 2 || g[0].Kind != "Logon" || g[0].Detail != `CORP\bob` || g[1].Kind != "daily" || g[1].Start != "2026-11-20T03:00:00Z" || g[1].Interval != "PT1H" {
		t.Errorf("%+v", g)
	}
	for name, s := range map[string]string{
		"none": "", "cut": task[:700], "deep": strings.Repeat("<a>", 100), "many": "<Task>" + strings.Repeat("<a/>", maxNodes), "other": "x",
	} {
		if _, err := XML(strings.NewReader(s)); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzTask(f *testing.F) {
	f.Add(job())
	f.Add([]byte(task))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := Job(b); err != nil && !errors.Is(err, ErrFormat) {
			t.Error(err)
		}
		if _, err := XML(strings.NewReader(string(b))); err != nil && !errors.Is(err, ErrFormat) {
			t.Error(err)
		}
	})
}
