package parse

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
	"time"

	"firebreak/internal/testkit/edb"
	"firebreak/record"
	"firebreak/timeline"
)

// written is the events of a file of that name.
func writtenFile(t testing.TB, name string, b []byte) ([]timeline.Event, record.Ingestion) {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return eventsOf(t, path)
}

var (
	night = time.Date(2026, 11, 28, 2, 14, 0, 0, time.UTC)
	// S-1-5-21-1-2-3-1001
	someSID = []byte{1, 5, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0xe9, 3, 0, 0}
	someID  = []byte("0123456789abcdef") // 33323130-3534-3736-3839-616263646566
)

func madeSRUM() *edb.File {
	f := edb.New(4096)
	f.Table("SruDbIdMapTable", []edb.Column{{Name: "IdType", Kind: 2}, {Name: "IdIndex", Kind: 4}, {Name: "IdBlob", Kind: 11}},
		[]any{0, 1, edb.Wide(`\Device\HarddiskVolume3\Users\bob\AppData\Local\Temp\x.exe`)},
		[]any{0, 2, edb.Wide("!!svchost.exe!1972/12/14:16:22:50!1c364![netsvcs] [BITS]!")},
		[]any{3, 3, someSID})
	head := []edb.Column{{Name: "AutoIncId", Kind: 4}, {Name: "TimeStamp", Kind: 8}, {Name: "AppId", Kind: 4}, {Name: "UserId", Kind: 4}}
	f.Table("{973F5D5C-1D90-4944-BE8E-24B94231A174}", append(head[:4:4], edb.Column{Name: "InterfaceLuid", Kind: 15}, edb.Column{Name: "BytesSent", Kind: 15}, edb.Column{Name: "BytesRecvd", Kind: 15}),
		[]any{1, night, 1, 3, int64(1689399632855040), 734003200, 1234},
		[]any{edb.Deleted{2, night.Add(time.Hour), 2, 3, 0, 5, 6}})
	f.Table("{DD6636C4-8929-4683-974E-22C046A43763}", append(head[:4:4], edb.Column{Name: "ConnectedTime", Kind: 4}, edb.Column{Name: "ConnectStartTime", Kind: 15}),
		[]any{1, night, 9, 3, 3600, int64(edb.Filetime(night.Add(-time.Hour)))})
	f.Table("{00000000-1111-2222-3333-444444444444}", append(head[:4:4], edb.Column{Name: "Novelty", Kind: 4}),
		[]any{1, night, 2, 9, 77})
	return f
}

func TestSRUM(t *testing.T) {
	f := madeSRUM()
	f.State = 2
	es, in := writtenFile(t, "SRUDB.dat", f.Bytes())
	tells(t, es, []string{
		`2026-11-28T02:14:00 logged S-1-5-21-1-2-3-1001: network use of \Device\HarddiskVolume3\Users\bob\AppData\Local\Temp\x.exe: 734003200 bytes sent, 1234 received, for S-1-5-21-1-2-3-1001`,
		`2026-11-28T03:14:00 logged S-1-5-21-1-2-3-1001: network use of svchost.exe: 5 bytes sent, 6 received, for S-1-5-21-1-2-3-1001`,
		`2026-11-28T02:14:00 logged S-1-5-21-1-2-3-1001: network connection for 3600 s, for S-1-5-21-1-2-3-1001`,
		`2026-11-28T02:14:00 logged : provider {00000000-1111-2222-3333-444444444444} use by svchost.exe`,
	}, map[string]string{
		"exe": `\Device\HarddiskVolume3\Users\bob\AppData\Local\Temp\x.exe`, "bytes_sent": "734003200", "bytes_received": "1234", "connected": "2026-11-28T01:14:00Z",
		"build": "1972/12/14:16:22:50!1c364![netsvcs] [BITS]", "Novelty": "77", "InterfaceLuid": "1689399632855040", "recovered": "a deleted row of the database",
	})
	if in.Parser != "srum" || in.Events != 3 || in.Recovered != 1 || in.Rejected != 0 || len(in.Samples) != 1 {
		t.Errorf("%+v", in)
	}
}

func TestWebCache(t *testing.T) {
	at := func(d time.Duration) int64 { return int64(edb.Filetime(night.Add(d))) }
	f := edb.New(32 << 10)
	f.Table("Containers", []edb.Column{{Name: "ContainerId", Kind: 15}, {Name: "Name", Kind: 10, Wide: true}, {Name: "Directory", Kind: 12, Wide: true}},
		[]any{1, "History", `C:\Users\bob\History`}, []any{2, "Cookies", `C:\Users\bob\Cookies`}, []any{3, "iedownload", ""}, []any{4, "Content", `C:\Users\bob\INetCache`}, []any{5, "gone", ""})
	entry := []edb.Column{
		{Name: "EntryId", Kind: 15},
		{Name: "AccessedTime", Kind: 15},
		{Name: "ModifiedTime", Kind: 15},
		{Name: "CreationTime", Kind: 15},
		{Name: "AccessCount", Kind: 14},
		{Name: "Filename", Kind: 10, Wide: true},
		{Name: "Url", Kind: 12, Wide: true},
		{Name: "ResponseHeaders", Kind: 11},
	}
	f.Table("Container_1", entry,
		[]any{1, at(0), at(-time.Hour), 0, 3, nil, "Visited: bob@https://evil.example/kit"},
		[]any{2, at(time.Minute), 0, 0, 1, nil, ":2026112820261129: bob@file:///C:/Users/bob/passwords.txt"},
		[]any{3, at(0), 0, 0, 1, nil, nil})
	f.Table("Container_2", entry, []any{1, 0, at(time.Second), 0, 0, "ABC.cookie", "cookie:bob@evil.example/"})
	f.Table("Container_3", entry, []any{1, at(2 * time.Minute), 0, 0, 0, nil, "iedownload:{1}", append(append([]byte{1, 0, 0, 0}, edb.Wide("https://evil.example/x.exe")...), edb.Wide("\x00C:\\x.exe\x00")...)})
	f.Table("Container_4", entry, []any{1, 0, 0, at(3 * time.Minute), 0, "x[1].js", "https://evil.example/x.js"}, []any{2, 0, 0, 0, 0, "y", "https://evil.example/undated"})
	es, in := writtenFile(t, "WebCacheV01.dat", f.Bytes())
	tells(t, es, []string{
		"2026-11-28T02:14:00 accessed bob: visit of https://evil.example/kit",
		"2026-11-28T02:15:00 accessed bob: opened file:///C:/Users/bob/passwords.txt",
		"2026-11-28T02:14:01 modified : cookie of cookie:bob@evil.example/",
		"2026-11-28T02:16:00 accessed : download of iedownload:{1}",
		"2026-11-28T02:17:00 born : in the cache (Content): https://evil.example/x.js",
		"- undated : in the cache (Content): https://evil.example/undated",
	}, map[string]string{
		"count": "3", "modified": "2026-11-28T01:14:00Z", "response": "https://evil.example/x.exe\nC:\\x.exe", "path": "C:/Users/bob/INetCache/x[1].js", "container": "History",
	})
	if in.Parser != "webcache" || in.Events != 6 || in.Rejected != 0 {
		t.Errorf("%+v", in)
	}
}

func TestUserAccess(t *testing.T) {
	f := edb.New(4096)
	clients := []edb.Column{
		{Name: "RoleGuid", Kind: 16},
		{Name: "TotalAccesses", Kind: 14},
		{Name: "InsertDate", Kind: 8},
		{Name: "LastAccess", Kind: 8},
		{Name: "Day332", Kind: 17},
		{Name: "Address", Kind: 9},
		{Name: "AuthenticatedUserName", Kind: 10, Wide: true},
	}
	files := []byte{0x6f, 0x22, 0xa9, 0x10, 0xee, 0x50, 0xd8, 0x49, 0xa3, 0x93, 0x9a, 0x50, 0x1d, 0x47, 0xce, 0x04}
	ole := func(t time.Time) []byte { return binary.LittleEndian.AppendUint64(nil, edb.Filetime(t)) } // as the service writes it
	f.Table("CLIENTS", clients,
		[]any{files, 12, ole(night), ole(night.Add(time.Hour)), 12, []byte{198, 51, 100, 7}, `corp\eve`},
		[]any{someID, 1, ole(night), ole(night), nil, []byte{1, 2}, nil})
	f.Table("ROLE_ACCESS", []edb.Column{{Name: "RoleGuid", Kind: 16}, {Name: "FirstSeen", Kind: 8}, {Name: "LastSeen", Kind: 8}}, []any{files, ole(night), ole(night.Add(time.Minute))})
	f.Table("DNS", []edb.Column{{Name: "LastSeen", Kind: 8}, {Name: "Address", Kind: 10, Wide: true}, {Name: "HostName", Kind: 10, Wide: true}}, []any{night, "198.51.100.7", "laptop-eve"})
	es, in := writtenFile(t, "Current.mdb", f.Bytes())
	tells(t, es, []string{
		`2026-11-28T02:14:00 started corp\eve: first access by corp\eve from 198.51.100.7 at File Server, 12 times in all`,
		`2026-11-28T03:14:00 accessed corp\eve: last access by corp\eve from 198.51.100.7 at File Server, 12 times in all`,
		"2026-11-28T02:14:00 started : access by (none) at 33323130-3534-3736-3839-616263646566, 1 times in all",
		"2026-11-28T02:14:00 logged : first seen: use of the role File Server",
		"2026-11-28T02:15:00 logged : last seen: use of the role File Server",
		"2026-11-28T02:14:00 logged : address 198.51.100.7 is laptop-eve",
	}, map[string]string{"days": "332:12", "src_ip": "198.51.100.7", "role": "File Server", "src_host": "laptop-eve"})
	if in.Parser != "ual" || in.Events != 6 {
		t.Errorf("%+v", in)
	}
}

// madeJob lays out a job as BITS does.
func madeJob(command string) []byte {
	text := func(b []byte, s string) []byte {
		w := append(edb.Wide(s), 0, 0)
		return append(binary.LittleEndian.AppendUint32(b, uint32(len(w)/2)), w...)
	}
	b := make([]byte, 16)
	for _, n := range []uint32{0, 2, 6, 0} {
		b = binary.LittleEndian.AppendUint32(b, n)
	}
	b = append(b, someID...)
	for _, s := range []string{"update", "", command, "-nop", "S-1-5-18"} {
		b = text(b, s)
	}
	b = append(append(b, 3, 0, 0, 0), bitsMark...)
	b = append(append(binary.LittleEndian.AppendUint32(b, 1), someID...), bitsMark...)
	b = append(b, make([]byte, 16)...)
	b = binary.LittleEndian.AppendUint64(b, edb.Filetime(night))
	return binary.LittleEndian.AppendUint64(b, edb.Filetime(night.Add(time.Minute)))
}

func TestBITS(t *testing.T) {
	file := make([]byte, 16)
	for _, s := range []string{`C:\x.exe`, "http://evil.example/x.exe", `C:\BIT1.tmp`} {
		w := append(edb.Wide(s), 0, 0)
		file = append(binary.LittleEndian.AppendUint32(file, uint32(len(w)/2)), w...)
	}
	file = binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(file, 77), 1<<64-1)
	f := edb.New(16 << 10)
	columns := []edb.Column{{Name: "Id", Kind: 16}, {Name: "Blob", Kind: 11}}
	f.Table("Jobs", columns, []any{someID, edb.Separate(madeJob(`C:\x.exe`))}, []any{someID, []byte("no job")})
	f.Table("Files", columns, []any{someID, file}, []any{[]byte("fedcba9876543210"), file}, []any{someID, []byte{1}})
	es, in := writtenFile(t, "qmgr.db", f.Bytes())
	tells(t, es, []string{
		`2026-11-28T02:14:00 born S-1-5-18: BITS job update (transferred), runs at its end: C:\x.exe -nop`,
		`2026-11-28T02:14:00 born S-1-5-18: BITS download of http://evil.example/x.exe to C:\x.exe`,
		`- undated : BITS transfer of http://evil.example/x.exe to C:\x.exe`,
	}, map[string]string{attrCommand: `C:\x.exe -nop`, "url": "http://evil.example/x.exe", "transferred": "77", "modified": "2026-11-28T02:15:00Z"})
	if in.Parser != "bits" || in.Events != 3 || in.Rejected != 2 {
		t.Errorf("%+v", in)
	}
}

// A database is known by its tables, whatever its name; another one is kept.
func TestOtherESE(t *testing.T) {
	if _, in := writtenFile(t, "copy.bin", madeSRUM().Bytes()); in.Parser != "srum" || in.Events != 3 {
		t.Errorf("renamed: %+v", in)
	}
	f := edb.New(4096)
	f.Table("datatable", []edb.Column{{Name: "x", Kind: 4}}, []any{1})
	if _, in := writtenFile(t, "ntds.dit", f.Bytes()); in.Parser != "ese" || in.Seen != 0 || len(in.Samples) != 1 {
		t.Errorf("another: %+v", in)
	}
	if _, in := writtenFile(t, "SRUDB.dat", f.Bytes()[:9000]); in.Parser != "srum" || in.Rejected != 1 {
		t.Errorf("cut: %+v", in)
	}
}
