package parse

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"firebreak/record"
	"firebreak/timeline"
)

// login makes one record in a layout.
func login(l utmpLayout, kind int16, line, user, host string, at time.Time, ip ...byte) []byte {
	b := make([]byte, l.size)
	l.order.PutUint16(b, uint16(kind))
	l.order.PutUint32(b[4:], 4711)
	copy(b[8:40], line)
	copy(b[40:44], "ts/0")
	copy(b[44:76], user)
	copy(b[76:332], host)
	addr := 348
	if l.wide {
		l.order.PutUint64(b[344:], uint64(at.Unix()))
		l.order.PutUint64(b[352:], uint64(at.Nanosecond()/1000))
		addr = 360
	} else {
		l.order.PutUint32(b[340:], uint32(at.Unix()))
		l.order.PutUint32(b[344:], uint32(at.Nanosecond()/1000))
	}
	copy(b[addr:], ip)
	return b
}

func TestUtmpLayouts(t *testing.T) {
	at := time.Date(2026, 11, 19, 1, 2, 3, 456789000, time.UTC)
	for _, l := range utmpLayouts() {
		t.Run(l.name, func(t *testing.T) {
			data := slicesConcat(
				login(l, utmpBoot, "~", "reboot", "6.1.0", at),
				login(l, utmpUser, "pts/0", "root", "evil.example", at.Add(time.Hour), 10, 1, 2, 3),
				login(l, utmpUser, "pts/1", "bob", "", at.Add(time.Hour), 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1),
				login(l, utmpDead, "pts/0", "", "", at.Add(2*time.Hour)),
				login(l, utmpRunLevel, "~", "shutdown", "6.1.0", at.Add(3*time.Hour)),
				make([]byte, l.size),
			)
			got, ing := run(t, "", "/var/log/wtmp", data)
			if ing.Parser != "utmp" || len(got) != 6 || ing.Rejected != 0 || ing.Samples[0] != "note: records of "+l.name {
				t.Fatalf("%d events, %+v", len(got), ing)
			}
			want := []struct {
				kind          timeline.TimeKind
				user, message string
			}{
				{timeline.Started, "", "boot, kernel 6.1.0"},
				{timeline.Started, "root", "login of root on pts/0 from evil.example"},
				{timeline.Started, "bob", "login of bob on pts/1 from 2001:db8::1"},
				{timeline.Ended, "", "end of session on pts/0"},
				{timeline.Ended, "", "shutdown, kernel 6.1.0"},
				{timeline.Undated, "", "record of zeros: a slot never used, or wiped"},
			}
			for i, w := range want {
				if e := got[i]; e.TimeKind != w.kind || e.User != w.user || e.Message != w.message || e.Offset != int64(i*l.size) {
					t.Errorf("%d: %+v", i, e)
				}
			}
			if !got[0].Time.Equal(at) || got[1].Attributes.Get("src_ip") != "10.1.2.3" || got[1].Attributes.Get("outcome") != "success" {
				t.Errorf("%+v", got[:2])
			}
		})
	}
}

func slicesConcat(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func TestUtmpDamage(t *testing.T) {
	l := utmpLayouts()[0]
	good := login(l, utmpUser, "pts/0", "root\x1b]0;x\x07", "h\xff", collected)
	bad := login(l, 99, "x", "y", "z", collected)
	late := login(l, utmpUser, "x", "y", "z", collected)
	binary.LittleEndian.PutUint32(late[344:], 2_000_000)
	got, ing := run(t, "utmp", "wtmp", slicesConcat(good, bad, late, good[:100]))
	if len(got) != 1 || ing.Rejected != 3 || got[0].User != "root\x1b]0;x\x07" || got[0].Attributes.Get("ut_host") != `h\xff` {
		t.Errorf("%+v, %+v", got, ing)
	}
}

func TestBtmp(t *testing.T) {
	l := utmpLayouts()[0]
	data := login(l, utmpLogin, "ssh:notty", "admin", "1.2.3.4", collected, 1, 2, 3, 4)
	for _, parser := range []string{"", "utmp", "btmp"} {
		got, _ := run(t, parser, "/var/log/btmp.1", data)
		if e := got[0]; e.Attributes.Get("outcome") != "failure" || e.User != "admin" || e.Message != "failed login of admin on ssh:notty from 1.2.3.4" {
			t.Errorf("%q: %+v", parser, e)
		}
	}
}

func TestLastlog(t *testing.T) {
	data := make([]byte, 1003*lastlogSize+10)
	put := func(uid int) {
		b := data[uid*lastlogSize:]
		binary.LittleEndian.PutUint32(b, uint32(collected.Unix()))
		copy(b[4:], "pts/3")
		copy(b[36:], "10.0.0.9")
	}
	put(0)
	put(1000)
	copy(data[5*lastlogSize:], "garbage\x01\x02")
	got, ing := run(t, "", "/var/log/lastlog", data)
	if ing.Parser != "lastlog" || len(got) != 2 || ing.Rejected != 2 {
		t.Fatalf("%d events, %+v", len(got), ing)
	}
	e := got[1]
	if e.Attributes.Get("uid") != "1000" || e.Attributes.Get("src_ip") != "10.0.0.9" || e.Offset != 1000*lastlogSize || !e.Time.Equal(collected) {
		t.Errorf("%+v", e)
	}

	// The same, sealed as runs of data that begin and end inside records.
	line := func(from, to int) string {
		return fmt.Sprintf(`{"offset":%d,"data":"%s","size":%d}`+"\n", from, base64.StdEncoding.EncodeToString(data[from:to]), len(data))
	}
	sparse, ing2 := run(t, "", "/var/log/lastlog", []byte(line(0, 100)+line(100, 4096)+line(290_816, 292_864)+"{}x\n"+line(0, 10)))
	if ing2.Parser != "fb.extents" || len(sparse) != 2 || ing2.Rejected != 3 {
		t.Fatalf("%d events, %+v", len(sparse), ing2)
	}
	if sparse[1].Message != e.Message || sparse[1].Offset != e.Offset {
		t.Errorf("%+v", sparse[1])
	}
}

func TestLastlogExtentsBounds(t *testing.T) {
	for _, text := range []string{`{"offset":-5,"data":"QUFB","size":1}`, `{"offset":9223372036854775807,"data":"QUFB","size":1}`} {
		got, ing := runSource(t, Source{Exhibit: record.Exhibit{ID: "e1", Source: "lastlog"}, Parser: "fb.extents"}, []byte(text))
		if len(got) != 0 || ing.Rejected != 1 {
			t.Errorf("%s: %+v", text, ing)
		}
	}
}

func FuzzUtmp(f *testing.F) {
	for _, l := range utmpLayouts() {
		f.Add("utmp", login(l, utmpUser, "pts/0", "root", "h", collected, 1, 2, 3, 4))
	}
	f.Add("lastlog", bytes.Repeat([]byte{1, 2, 3, 0}, 73))
	f.Add("fb.extents", []byte(`{"offset":4096,"data":"`+strings.Repeat("QUFB", 200)+`","size":9}`))
	f.Fuzz(func(t *testing.T, parser string, data []byte) {
		if parser != "utmp" && parser != "lastlog" && parser != "btmp" && parser != "fb.extents" {
			return
		}
		run(t, parser, "lastlog", data)
	})
}
