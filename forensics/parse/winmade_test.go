package parse

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"firebreak/forensics/formats/lnk"
	"firebreak/forensics/formats/registry"
	"firebreak/record"
	"firebreak/timeline"
)

// Inputs of our own, laid out as Windows does.

func utf16le(s string) []byte {
	var b []byte
	for _, c := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, c)
	}
	return b
}

func u64(n ...uint64) []byte {
	var b []byte
	for _, v := range n {
		b = binary.LittleEndian.AppendUint64(b, v)
	}
	return b
}

func u32(n ...uint32) []byte {
	var b []byte
	for _, v := range n {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	return b
}

// december is 2025-12-01 22:00:00.
const december = 134091000000000000

// madePrefetch is of Windows 8.1, with two runs and a volume.
func madePrefetch() []byte {
	b := make([]byte, 512)
	le := binary.LittleEndian
	le.PutUint32(b, 26)
	copy(b[4:], "SCCA")
	copy(b[16:], utf16le("EVIL.EXE"))
	names := append(utf16le(`\VOLUME{1}\EVIL.EXE`), 0, 0)
	copy(b[84:], u32(296, 0, 0, 0, 512, uint32(len(names)), uint32(512+len(names)), 1))
	copy(b[128:], u64(december, december-600_000_000))
	le.PutUint32(b[208:], 9)
	v := make([]byte, 104)
	copy(v, u32(104, 10))
	copy(v[8:], u64(december-1))
	copy(v[16:], u32(0xcafe1234))
	return append(append(append(b, names...), v...), utf16le(`\VOLUME{1}`)...)
}

func madeLink() []byte {
	b := make([]byte, 76)
	copy(b, lnk.Signature)
	copy(b[20:], u32(8|0x20|0x80))
	copy(b[28:], u64(december, december, december+10_000_000))
	b = append(b, 5, 0)
	b = append(b, utf16le("x.exe")...)
	b = append(b, 2, 0)
	b = append(b, utf16le("-a")...)
	return append(b, 0, 0, 0, 0)
}

func madeRecycled() []byte {
	b := append(u64(2, 42, december), u32(9)...)
	return append(b, utf16le("C:\\x.doc\x00")...)
}

// mftAttr is a resident attribute without a name.
func mftAttr(kind uint32, content []byte) []byte {
	n := (24 + len(content) + 7) &^ 7
	b := append(u32(kind, uint32(n), 0, 0, uint32(len(content)), 24), content...)
	return append(b, make([]byte, n-len(b))...)
}

func mftTimes(born, modified, changed, accessed uint64) []byte {
	return u64(born, modified, changed, accessed)
}

func mftName(parent uint64, at []byte, name string) []byte {
	b := append(u64(parent), at...)
	b = append(b, make([]byte, 24)...)
	b = append(b, byte(len(name)), 1)
	return mftAttr(0x30, append(b, utf16le(name)...))
}

func mftRecord(seq, flags uint16, attrs ...[]byte) []byte {
	b := make([]byte, 56)
	copy(b, "FILE")
	le := binary.LittleEndian
	le.PutUint16(b[4:], 48)
	le.PutUint16(b[6:], 3)
	le.PutUint16(b[16:], seq)
	le.PutUint16(b[20:], 56)
	le.PutUint16(b[22:], flags)
	le.PutUint32(b[28:], 1024)
	b = append(b, slices.Concat(attrs...)...)
	b = append(b, 0xff, 0xff, 0xff, 0xff)
	le.PutUint32(b[24:], uint32(len(b)))
	return append(b, make([]byte, 1024-len(b))...)
}

// madeMFT has a file, one deleted in a folder, one whose folder is gone, a damaged
// record, an empty one, and the half of one.
func madeMFT() []byte {
	at := mftTimes(december, december, december, december)
	root := uint64(5 | 5<<48)
	std := func(b []byte) []byte { return mftAttr(0x10, append(slices.Clone(b), make([]byte, 40)...)) }
	var b []byte
	b = append(b, mftRecord(1, 1, std(at), mftName(root, at, "$MFT"))...)
	b = append(b, mftRecord(1, 3, std(at), mftName(root, at, "Temp"))...)
	old := mftTimes(december-864_000_000_000, december, december, december)
	b = append(b, mftRecord(4, 0, std(old), mftName(1|1<<48, at, "gone.exe"))...)
	b = append(b, mftRecord(1, 1, std(at), mftName(77|1<<48, at, "lost.txt"))...)
	b = append(b, append([]byte("BAAD"), make([]byte, 1020)...)...)
	b = append(b, make([]byte, 1024)...)
	return append(b, "FILE"...)
}

func madeUSN() []byte {
	b := make([]byte, 4096)
	for i, reason := range []uint32{0x100, 0x80000200, 0x1000} {
		r := append(u32(80, 2), u64(42|3<<48, 5|5<<48, uint64(i)*80, december)...)
		r = append(r, u32(reason, 0, 0, 0x20)...)
		r = append(r, 20, 0, 60, 0)
		b = append(append(b, r...), utf16le("secret.txt")...)
	}
	return append(b, bytes.Repeat([]byte{0xee}, 16)...)
}

func windowsMade() map[string]struct {
	source string
	data   []byte
	want   []string
	lost   int64
} {
	type m = struct {
		source string
		data   []byte
		want   []string
		lost   int64
	}
	return map[string]m{
		"prefetch": {"EVIL.EXE-1.pf", madePrefetch(), []string{
			`started run of \VOLUME{1}\EVIL.EXE, 9 in all`, `started run of \VOLUME{1}\EVIL.EXE`, `born volume CAFE1234 was created (\VOLUME{1}), read by EVIL.EXE`,
		}, 0},
		"lnk":      {`C:\Users\eve\x.lnk`, madeLink(), []string{"born .a.b target of a link: x.exe -a", "modified m... target of a link: x.exe -a"}, 0},
		"recycled": {`C:\$Recycle.Bin\S-1-5-21-1-2-3-1001\$IABC.doc`, madeRecycled(), []string{`logged deleted to the recycle bin: C:\x.doc`}, 0},
		"mft": {"$MFT", madeMFT(), []string{
			`born macb \$MFT`, `born macb \Temp`, `born ...b \Temp\gone.exe (deleted)`, `modified mac. \Temp\gone.exe (deleted)`, `born ...b \Temp\gone.exe (deleted) (by its name)`, `born macb \…\lost.txt`,
		}, 2},
		"usn": {"$UsnJrnl_$J", madeUSN(), []string{"logged created secret.txt", "logged deleted secret.txt", "logged renamed from secret.txt"}, 1},
		"task": {"Update", []byte(`<Task xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task"><RegistrationInfo><Date>2026-11-19T02:14:05</Date></RegistrationInfo>` +
			`<Triggers><TimeTrigger><StartBoundary>2026-11-20T03:00:00Z</StartBoundary></TimeTrigger></Triggers><Actions><Exec><Command>x.exe</Command></Exec></Actions></Task>`), []string{
			"born registered: task Update that runs x.exe", "logged task Update that runs x.exe, from then on: Time",
		}, 0},
	}
}

func TestWindowsMade(t *testing.T) {
	for parser, tt := range windowsMade() {
		events, ing := run(t, "", tt.source, tt.data)
		var got []string
		for _, e := range events {
			got = append(got, string(e.TimeKind)+" "+e.Message)
		}
		slices.Sort(got)
		slices.Sort(tt.want)
		if ing.Parser != parser || !slices.Equal(got, tt.want) || ing.Rejected != tt.lost {
			t.Errorf("%s: %d rejected by %s: %q\n got %q\nwant %q", parser, ing.Rejected, ing.Parser, ing.Samples, got, tt.want)
		}
	}
}

func TestWindowsAttributes(t *testing.T) {
	made := windowsMade()
	find := func(parser, message string) timeline.Event {
		events, _ := run(t, parser, made[parser].source, made[parser].data)
		i := slices.IndexFunc(events, func(e timeline.Event) bool { return strings.Contains(e.Message, message) })
		if i < 0 {
			t.Fatalf("%s: no %q", parser, message)
		}
		return events[i]
	}
	for _, tt := range []struct{ parser, message, attr, want string }{
		{"prefetch", "in all", "action", "exec"},
		{"prefetch", "in all", "process", "EVIL.EXE"},
		{"prefetch", "in all", "run_count", "9"},
		{"prefetch", "in all", "loaded_count", "1"},
		{"lnk", "macb", "", ""},
		{"lnk", ".a.b", "command", "x.exe -a"},
		{"recycled", "deleted", "recycled_as", "$RABC.doc"},
		{"recycled", "deleted", "user_sid", "S-1-5-21-1-2-3-1001"},
		{"recycled", "deleted", "action", "delete"},
		{"mft", "gone.exe", "deleted", "yes"},
		{"mft", "gone.exe", "timestomp", "born before its name, whole seconds"},
		{"mft", "lost.txt", "orphan", "yes"},
		{"mft", "gone.exe", "inode", "2-4"},
		{"usn", "deleted", "reason", "file_delete,close"},
		{"usn", "deleted", "action", "delete"},
		{"usn", "deleted", "inode", "42-3"},
		{"task", "registered", "action", "create"},
		{"task", "registered", "assumed", "zone UTC"},
		{"task", "from then on", "command", "x.exe"},
	} {
		if tt.attr == "" {
			continue
		}
		if e := find(tt.parser, tt.message); e.Attributes.Get(tt.attr) != tt.want {
			t.Errorf("%s, %s: %s is %q, want %q", tt.parser, tt.message, tt.attr, e.Attributes.Get(tt.attr), tt.want)
		}
	}
	if e := find("lnk", ".a.b"); e.User != "eve" {
		t.Errorf("user %q", e.User)
	}
}

// cacheOf is a cache of programs of that version, with one.
func cacheOf(version string) []byte {
	path := utf16le(`C:\evil.exe`)
	n := uint32(len(path))
	length := binary.LittleEndian.AppendUint16(nil, uint16(n))
	switch version {
	case "XP":
		b := append(u32(0xdeadbeef, 1, 1), make([]byte, 388)...)
		e := append(path, make([]byte, 528-len(path))...)
		return append(append(b, e...), u64(december, 0, 0)...)
	case "2003":
		b := append(u32(0xbadc0ffe, 1), length...)
		b = append(append(b, length...), u32(32)...)
		return append(append(b, u64(december, 9)...), path...)
	case "7":
		b := append(u32(0xbadc0fee, 1), make([]byte, 120)...)
		b = append(append(b, length...), length...)
		b = append(append(b, u32(0)...), u64(128+48, december)...)
		b = append(b, u32(2, 0, 0, 0, 0, 0)...)
		return append(b, path...)
	case "8":
		e := append(append(slices.Clone(length), path...), 0, 0)
		e = append(append(e, u32(2, 0)...), append(u64(december), u32(0)...)...)
		b := append(u32(0x80), make([]byte, 124)...)
		return append(append(append(b, "10ts"...), u32(0, uint32(len(e)))...), e...)
	default:
		e := append(slices.Clone(length), path...)
		e = append(append(e, u64(december)...), u32(0)...)
		b := append(u32(0x34), make([]byte, 48)...)
		return append(append(append(b, "10ts"...), u32(0, uint32(len(e)))...), e...)
	}
}

func TestShimCache(t *testing.T) {
	for _, version := range []string{"XP", "2003", "7", "8", "10"} {
		got, format := shimEntries(cacheOf(version))
		if format != version || len(got) != 1 || got[0].path != `C:\evil.exe` || got[0].modified != december || got[0].executed != (version == "7" || version == "8") {
			t.Errorf("%s: %q %+v", version, format, got)
		}
		for n := range cacheOf(version) {
			shimEntries(cacheOf(version)[:n])
		}
	}
}

// What keys tell beside their own event.
func TestArtefacts(t *testing.T) {
	sz := func(name, s string) registry.Value {
		return registry.Value{Offset: 8, Name: name, Type: registry.Text, Data: append(utf16le(s), 0, 0)}
	}
	bin := func(name string, b []byte) registry.Value {
		return registry.Value{Offset: 8, Name: name, Type: registry.Binary, Data: b}
	}
	num := func(name string, n uint32) registry.Value {
		return registry.Value{Offset: 8, Name: name, Type: registry.Number, Data: u32(n)}
	}
	assist := make([]byte, 72)
	copy(assist[4:], u32(7, 1, 1000))
	copy(assist[60:], u64(december))
	sam := make([]byte, 80)
	copy(sam[8:], u64(december, 0, december))
	copy(sam[48:], u32(500))
	account := make([]byte, 0xcc)
	copy(account[12:], u32(0, 6))
	actions := slices.Concat([]byte{3, 0}, u32(6), utf16le("eve"), []byte{0x66, 0x66}, u32(0), u32(10), utf16le("x.exe"), u32(4), utf16le("-a"), u32(0), []byte{0, 0})
	const run = `Microsoft\Windows\CurrentVersion\`
	for _, tt := range []struct {
		path string
		vals []registry.Value
		want []string
	}{
		{`Software\` + run + "Run", []registry.Value{sz("Up", `C:\u.exe`), num("n", 1)}, []string{`autorun startup runs at logon: Up: C:\u.exe`}},
		{`WOW6432Node\` + run + "RunOnce", []registry.Value{sz("Up", `C:\u.exe`)}, []string{`autorun startup runs at logon: Up: C:\u.exe`}},
		{`Software\` + run + `Explorer\UserAssist\{CEBFF5CD}\Count`, []registry.Value{bin(`{S38OS404-1Q43-42S2-9305-67QR0O28SP23}\rivy.rkr`, assist), bin("HRZR_PGYFRFFVBA", assist)}, []string{`userassist exec ran from the desktop: %SystemRoot%\evil.exe, 7 times`}},
		{`Software\` + run + `Explorer\UserAssist\{75048700}\Count`, []registry.Value{bin("HRZR_EHACNGU:P:\\n.rkr", append(u32(1, 9), u64(december)...))}, []string{`userassist exec ran from the desktop: C:\a.exe, 4 times`}},
		{`Software\` + run + `Explorer\RunMRU`, []registry.Value{sz("a", `cmd\1`), sz("b", `calc\1`), sz("MRUList", "ba")}, []string{"runmru exec run by the Run dialogue: cmd", "runmru exec run by the Run dialogue: calc"}},
		{`Software\` + run + `Explorer\RecentDocs\.txt`, []registry.Value{bin("0", append(utf16le("old.txt"), 0, 0)), bin("1", append(utf16le("new.txt"), 0, 0)), bin("MRUListEx", u32(1, 0, 0xffffffff))}, []string{"recentdocs open opened last: new.txt"}},
		{`Software\` + run + `Explorer\MountPoints2\##srv#share`, nil, []string{`mountpoint mount mounted the share \\srv\share`}},
		{`Microsoft\Windows NT\CurrentVersion\Winlogon`, []registry.Value{sz("Shell", "explorer.exe, evil.exe"), sz("Other", "x")}, []string{"winlogon startup winlogon: Winlogon Shell = explorer.exe, evil.exe"}},
		{`Microsoft\Windows NT\CurrentVersion\Image File Execution Options\sethc.exe`, []registry.Value{sz("Debugger", "cmd.exe")}, []string{"image file execution options startup image file execution options: sethc.exe Debugger = cmd.exe"}},
		{`Microsoft\Windows NT\CurrentVersion\Schedule\TaskCache\Tasks\{1}`, []registry.Value{sz("Path", `\Up`), bin("DynamicInfo", append(u32(3), u64(december, december)...)), bin("Actions", actions)}, []string{`task create registered: task \Up`, `task exec last run of task \Up`}},
		{`ControlSet001\Services\Evil`, []registry.Value{sz("ImagePath", `C:\e.exe`), num("Start", 2), num("Type", 16)}, []string{`service startup service Evil (auto): C:\e.exe`}},
		{`ControlSet001\Services\Evil`, []registry.Value{sz("ImagePath", `e.sys`), num("Start", 0), num("Type", 1)}, []string{`service startup driver Evil (boot): e.sys`}},
		{`ControlSet002\Services\Evil\Parameters`, []registry.Value{sz("ServiceDll", `C:\e.dll`)}, []string{`service dll startup library of the service Evil: C:\e.dll`}},
		{`ControlSet001\Services\bam\State\UserSettings\S-1-5-21-1`, []registry.Value{bin(`\Device\HarddiskVolume1\e.exe`, append(u64(december), u64(0, 0)...)), num("Version", 1)}, []string{`bam exec ran: \Device\HarddiskVolume1\e.exe`}},
		{`ControlSet001\Control\Session Manager\AppCompatCache`, []registry.Value{bin("AppCompatCache", cacheOf("7"))}, []string{`shimcache exec program seen by the compatibility cache: C:\evil.exe`}},
		{`ControlSet001\Control\TimeZoneInformation`, []registry.Value{sz("TimeZoneKeyName", "India Standard Time"), num("ActiveTimeBias", 0xfffffeb6)}, []string{"time zone  time zone: India Standard Time, UTC+05:30"}},
		{`ControlSet001\Control\Lsa`, []registry.Value{{Offset: 8, Name: "Security Packages", Type: registry.MultiSZ, Data: utf16le("kerberos\x00evil\x00\x00")}}, []string{"lsa  lsa: Lsa Security Packages = kerberos, evil"}},
		{`ControlSet001\Enum\USBSTOR\Disk&Ven_X\1234&0`, []registry.Value{sz("FriendlyName", "X USB")}, []string{"usb connect USB storage: X USB (1234&0)"}},
		{`ControlSet001\Enum\USBSTOR\Disk&Ven_X\1234&0\Properties\{83da6326-97a6-4088-9453-a1923f573b29}\0066`, []registry.Value{bin("", u64(december))}, []string{"usb connect USB storage last plugged in: Disk&Ven_X (1234&0)"}},
		{`Root\InventoryApplicationFile\e.exe|1`, []registry.Value{sz("LowerCaseLongPath", `c:\e.exe`), sz("FileId", "0000"+strings.Repeat("ab", 20))}, []string{`amcache  program in the inventory: c:\e.exe`}},
		{`SAM\Domains\Account\Users\000001F4`, []registry.Value{bin("F", sam), bin("V", append(account, utf16le("eve")...))}, []string{"sam login last login of eve (RID 500)", "sam password password set of eve (RID 500)", "sam  account eve (RID 500)"}},
		{`Software\Nothing\Run`, []registry.Value{sz("a", "b")}, nil},
		{`Other\ControlSet001\Services\Evil`, []registry.Value{sz("ImagePath", "x")}, nil},
	} {
		var got []string
		var last []timeline.Event
		j := newJob(t.Context(), Source{Exhibit: record.Exhibit{ID: "e1", SHA256: "feed", Source: "x"}, Parser: "registry"}, nil, func(es []timeline.Event) error {
			for i := range es {
				e := es[i].Clone()
				last = append(last, e)
				got = append(got, e.Attributes.Get("artifact")+" "+e.Attributes.Get(attrAction)+" "+e.Message)
			}
			return nil
		})
		written := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		h := &hive{job: j, key: &registry.Key{Offset: 4, Path: tt.path, Name: tt.path[strings.LastIndexByte(tt.path, '\\')+1:], Written: written}, vals: tt.vals}
		for _, a := range artefactsOf(tt.path) {
			must(t, a.tell(h))
		}
		must(t, j.flush())
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s:\n got %q\nwant %q", tt.path, got, tt.want)
		}
		if hive := liveHiveOf(tt.path); hive != "" { // a running system tells the same
			live, want := artefactsOfLine(t, hive, tt.path, written, tt.vals), slices.Sorted(slices.Values(tt.want))
			if slices.Sort(live); !slices.Equal(live, want) {
				t.Errorf("%s, of a line:\n got %q\nwant %q", tt.path, live, want)
			}
		}
		for _, e := range last {
			if e.Attributes.Get("key") != tt.path || !e.Time.IsZero() && !e.Time.Equal(written) && !e.Time.Equal(fileTime(december)) {
				t.Errorf("%s: %v %v", tt.path, e.Time, e.Attributes)
			}
		}
		if strings.Contains(tt.path, "TaskCache") && last[0].Attributes.Get(attrCommand) != "x.exe -a" {
			t.Errorf("actions: %v", last[0].Attributes)
		}
	}
}

// FuzzWindows gives the readers of Windows' artefacts anything.
func FuzzWindows(f *testing.F) {
	for parser, m := range windowsMade() {
		f.Add(parser, m.data)
	}
	f.Add("registry", []byte("regf"))
	f.Add("shimcache", cacheOf("10"))
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		if name == "shimcache" {
			shimEntries(data)
			return
		}
		if slices.ContainsFunc(windowsParsers(), func(p parser) bool { return p.name == name }) {
			run(t, name, "x", data)
		}
	})
}
