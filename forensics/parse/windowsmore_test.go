package parse

import (
	"encoding/binary"
	"slices"
	"testing"

	"firebreak/forensics/formats/registry"
	"firebreak/timeline"
)

// item is a shell item: a volume, or a folder with a short name.
func item(kind byte, name string) []byte {
	body := append([]byte{kind}, name...)
	if kind == 0x31 {
		body = append(append([]byte{kind, 0}, make([]byte, 10)...), name...)
	}
	body = append(body, 0, 0, 0, 0)
	return append(binary.LittleEndian.AppendUint16(nil, uint16(len(body)+2)), body...)
}

func TestShellItems(t *testing.T) {
	var got []timeline.Event
	j := newJob(t.Context(), Source{}, nil, func(batch []timeline.Event) error {
		for _, e := range batch {
			got = append(got, e.Clone())
		}
		return nil
	})
	tell := func(path string, f func(*hive) error, h *hive, vals ...registry.Value) {
		h.job, h.key, h.vals = j, &registry.Key{Path: path, Written: fileTime(december), NumValues: uint32(len(vals))}, vals
		must(t, f(h))
	}
	bin := func(name string, b ...[]byte) registry.Value {
		return registry.Value{Name: name, Type: registry.Binary, Data: slices.Concat(b...)}
	}
	h := &hive{}
	order := bin("MRUListEx", u32(1, 0, 0xffffffff))
	tell(`Software\Microsoft\Windows\Shell\BagMRU`, shellBags, h, order, bin("0", item(0x2f, `C:\`)), bin("1", []byte{4, 0, 0x1f, 0}), bin("NodeSlot", []byte{1}))
	tell(`Software\Microsoft\Windows\Shell\BagMRU\0`, shellBags, h, bin("MRUListEx", u32(0, 0xffffffff)), bin("0", item(0x31, "secret")))
	tell(`Software\Microsoft\Windows\CurrentVersion\Explorer\ComDlg32\OpenSavePidlMRU\docx`, dialogItems, &hive{}, order, bin("0", item(0x2f, `D:\`), item(0x31, "a.docx")), bin("1", item(0x31, "b.docx")))
	tell(`Software\Microsoft\Windows\CurrentVersion\Explorer\ComDlg32\LastVisitedPidlMRU`, dialogItems, &hive{}, order, bin("1", utf16le("evil.exe\x00"), item(0x2f, `E:\`)))
	must(t, j.flush())
	tells(t, got, []string{
		"- undated : folder in the explorer: C:",
		"2025-12-01T22:00:00 accessed : folder in the explorer: (a folder of the shell)",
		`2025-12-01T22:00:00 accessed : folder in the explorer: C:\secret`,
		`- undated : opened or saved by a dialogue: D:\a.docx`,
		`2025-12-01T22:00:00 accessed : opened or saved by a dialogue: b.docx`,
		`2025-12-01T22:00:00 accessed : opened or saved by a dialogue: E:, by evil.exe`,
	}, map[string]string{"path": `C:\secret`, "extension": "docx", "process": "evil.exe"})
}

// madeDetection lays a detection out as Windows Defender does.
func madeDetection() []byte {
	var b []byte
	value := func(kind uint32, v []byte) {
		b = append(append(b, u32(uint32(len(v)), kind)...), v...)
		for len(b)%8 != 0 {
			b = append(b, 0)
		}
	}
	text := func(s string) { value(defenderText, append(utf16le(s), 0, 0)) }
	wide := func(s string) []byte {
		w := append(utf16le(s), 0, 0)
		return append(u32(uint32(len(w))), w...)
	}
	value(8, u64(7))
	value(defenderGUID, []byte("0123456789abcdef"))
	text("Magic.Version:1.2")
	text("Trojan:Win32/X")
	text("Magic.Version:1.2")
	text("file")
	text(`C:\x.exe`)
	pairs := slices.Concat(make([]byte, 24), wide("ThreatTrackingSize"), u32(4), u64(68), wide("ThreatTrackingIsEsuSig"), u32(5), []byte{0}, wide("ThreatTrackingSha256"), u32(6), wide("abcd"),
		wide("ThreatTrackingStartTime"), u32(4), u64(december))
	value(defenderPairs, pairs)
	value(defenderTime, u64(december+600_000_000))
	text(`PC\eve`)
	text(`C:\parent.exe`)
	text(`NT AUTHORITY\SYSTEM`)
	return b
}

func TestDefender(t *testing.T) {
	es, in := writtenFile(t, "6AFE33A0", madeDetection())
	tells(t, es, []string{`2025-12-01T22:00:00 logged PC\eve: Windows Defender found Trojan:Win32/X in C:\x.exe`},
		map[string]string{"sha256": "abcd", "resource": "file", "process": `C:\parent.exe`, "acted_as": `NT AUTHORITY\SYSTEM`, "detection_id": "33323130-3534-3736-3839-616263646566"})
	if in.Parser != "defender.detection" || in.Events != 1 {
		t.Errorf("%+v", in)
	}
	for n := 80; n < len(madeDetection()); n++ { // what is cut gives its event, and nothing more
		if es, in := writtenFile(t, "cut", madeDetection()[:n]); len(es) != 1 || in.Rejected != 0 {
			t.Fatalf("%d bytes: %+v", n, in)
		}
	}
}

func TestWindowsTimeline(t *testing.T) {
	path := madeDatabase(t, "ActivitiesCache.db", "", "PRAGMA secure_delete = OFF",
		"CREATE TABLE [Activity]([Id] GUID PRIMARY KEY NOT NULL, [AppId] TEXT NOT NULL, [AppActivityId] TEXT, [ActivityType] INT NOT NULL, [LastModifiedTime] DATETIME NOT NULL, [Payload] BLOB, [PlatformDeviceId] TEXT, [StartTime] DATETIME, [EndTime] DATETIME)",
		"CREATE TABLE [ActivityOperation]([OperationOrder] INTEGER PRIMARY KEY ASC NOT NULL, [Id] GUID NOT NULL, [AppId] TEXT NOT NULL, [ActivityType] INT NOT NULL, [LastModifiedTime] DATETIME NOT NULL, [Payload] BLOB, [StartTime] DATETIME NOT NULL, [EndTime] DATETIME)",
		"CREATE TABLE [Activity_PackageId]([ActivityId] GUID NOT NULL, [Platform] TEXT NOT NULL, [PackageName] TEXT NOT NULL, [ExpirationTime] DATETIME NOT NULL)",
		`INSERT INTO Activity VALUES (x'01', '[{"application":"Word","platform":"windows_win32"},{"application":"C:\\x.exe","platform":"x_exe_path"}]', 'a1', 5, 1763636401, CAST('{"displayText":"plan.docx","contentUri":"file://C:/plan.docx"}' AS BLOB), 'd', 1763636400, 0)`,
		`INSERT INTO Activity VALUES (x'02', 'no list', 'a2', 6, 1763636402, CAST('{"activeDurationSeconds":12}' AS BLOB), 'd', 1763636400, 1763636500)`,
		`INSERT INTO ActivityOperation VALUES (1, x'03', '[{"application":"y","platform":"p"}]', 99, 1763636403, NULL, 1763636403, 0)`)
	es, in := eventsOf(t, path)
	tells(t, es, []string{
		`2025-11-20T11:00:00 started : open of C:\x.exe: plan.docx`,
		"2025-11-20T11:00:00 started : use of (none), active for 12 s",
		"2025-11-20T11:00:03 started : activity 99 of y",
	}, map[string]string{"document": "file://C:/plan.docx", "ended": "2025-11-20T11:01:40Z"})
	if in.Parser != "windows.timeline" || in.Events != 3 {
		t.Errorf("%+v", in)
	}
}

func TestDnf5History(t *testing.T) {
	names := []string{
		"CREATE TABLE trans_state (id INTEGER PRIMARY KEY, name TEXT)", "INSERT INTO trans_state VALUES (1, 'Started'), (2, 'Ok'), (3, 'Error')",
		"CREATE TABLE repo (id INTEGER PRIMARY KEY, repoid TEXT NOT NULL)", "INSERT INTO repo VALUES (1, 'updates')",
		"CREATE TABLE trans_item_action (id INTEGER PRIMARY KEY, name TEXT)", "INSERT INTO trans_item_action VALUES (1, 'Install'), (5, 'Remove')",
		"CREATE TABLE trans_item_reason (id INTEGER PRIMARY KEY, name TEXT)", "INSERT INTO trans_item_reason VALUES (2, 'User')",
		"CREATE TABLE trans_item (id INTEGER PRIMARY KEY, trans_id INTEGER, item_id INTEGER, repo_id INTEGER, action_id INTEGER, reason_id INTEGER, state_id INTEGER)",
		"INSERT INTO trans_item VALUES (1, 7, 1, 1, 1, 2, 2)",
	}
	for form, more := range map[string][]string{
		"names apart": {
			"CREATE TABLE trans (id INTEGER PRIMARY KEY, dt_begin INTEGER, dt_end INTEGER, releasever TEXT, user_id INTEGER, description TEXT, comment TEXT, state_id INTEGER)",
			"INSERT INTO trans VALUES (7, 1763636400, 1763636460, '42', 1000, 'dnf5 install nmap', '', 2)",
			"CREATE TABLE pkg_names (id INTEGER PRIMARY KEY, name TEXT)", "INSERT INTO pkg_names VALUES (4, 'nmap')",
			"CREATE TABLE archs (id INTEGER PRIMARY KEY, name TEXT)", "INSERT INTO archs VALUES (3, 'x86_64')",
			"CREATE TABLE rpm (item_id INTEGER PRIMARY KEY, name_id INTEGER, epoch INTEGER, version TEXT, release TEXT, arch_id INTEGER)", "INSERT INTO rpm VALUES (1, 4, 3, '7.95', '1.fc42', 3)",
		},
		"names within": {
			"CREATE TABLE trans (id INTEGER PRIMARY KEY, dt_begin INTEGER, dt_end INTEGER, releasever TEXT, user_id INTEGER, cmdline TEXT, state_id INTEGER)",
			"INSERT INTO trans VALUES (7, 1763636400, 1763636460, '42', 1000, 'dnf5 install nmap', 2)",
			"CREATE TABLE rpm (item_id INTEGER PRIMARY KEY, name TEXT, epoch INTEGER, version TEXT, release TEXT, arch TEXT)", "INSERT INTO rpm VALUES (1, 'nmap', 3, '7.95', '1.fc42', 'x86_64')",
		},
	} {
		es, in := eventsOf(t, madeDatabase(t, "transaction_history.sqlite", "", append(slices.Clone(names), more...)...))
		tells(t, es, []string{
			"2025-11-20T11:00:00 started : dnf transaction 7: dnf5 install nmap",
			"2025-11-20T11:01:00 ended : end of dnf transaction 7: dnf5 install nmap",
			"2025-11-20T11:00:00 installed : install nmap 3:7.95-1.fc42.x86_64 (updates)",
		}, map[string]string{attrOutcome: "success", "uid": "1000", "reason": "user", "package": "nmap", "arch": "x86_64"})
		if in.Parser != "dnf5.history" {
			t.Errorf("%s: %+v", form, in)
		}
	}
}

func windowsSamples() []sample {
	return []sample{
		{
			"fb.winregistry", "HKLM, HKU", `{"hive":"HKU\\S-1-5-21-1","path":"Software\\Microsoft\\Windows\\CurrentVersion\\Run","written":"2026-11-19T02:14:05.1234567Z","user":"eve","value_count":1,"values":[{"name":"Up","type":1,"size":8,"data":"eAAuAGUAeABlAAAA"}]}` + "\nnot a key\n", 2, 1,
			`@user=eve|@message=HKCU\Software\Microsoft\Windows\CurrentVersion\Run|values=Up: x.exe|user_sid=S-1-5-21-1|@kind=modified|@time=2026-11-19T02:14:05.1234567Z`,
		},
		{
			"pca", "PcaAppLaunchDic.txt", "C:\\x.exe|2026-11-19 02:14:05.476\nno time|x\n", 1, 1,
			`exe=C:\x.exe|action=exec|@kind=started|@time=2026-11-19T02:14:05.476Z`,
		},
		{
			"pca", "PcaGeneralDb0.txt", "2026-11-19 02:14:05.476|2|%programfiles%\\x.exe|tool|eve inc|1.2|0000ab|Abnormal process exit with code 0x1\n", 1, 0,
			`exe=%programfiles%\x.exe|product=tool|vendor=eve inc|version=1.2|program_id=0000ab|@time=2026-11-19T02:14:05.476Z`,
		},
		{
			"defender.log", "MPLog-20261119-021405.log", "2026-11-19T02:14:05.476Z DETECTION Trojan:Win32/X file:C:\\x.exe\nmore of it\n2026-11-19T02:14:06.000Z ProcessImageName: evil.exe, Pid: 7, TotalTime: 77\n", 2, 0,
			`threat=Trojan:Win32/X|action=detect|path=C:\x.exe|lines=2|@source=antivirus|@time=2026-11-19T02:14:05.476Z`,
		},
		{
			"macos.wifi", "wifi.log", "Thu Nov 19 20:52:04.230 <airportd[88]> _doAutoJoin: Already associated to “CampusNet”. Bailing on auto-join.\nThu Nov 19 21:14:37.123 ***Starting Up***\nNov 20 00:10:15 mac newsyslog[5]: logfile turned over\nx\n", 3, 1,
			"ssid=CampusNet|process=airportd|pid=88|action=connect|@source=network",
		},
	}
}
