package forensics

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
)

// madeNode is a key in memory.
type madeNode struct {
	names  []string
	keys   map[string]*madeNode
	vals   []RegistryValue
	denied error
}

var madeTime = time.Date(2026, 11, 19, 2, 14, 5, 100, time.UTC)

func (n *madeNode) stat() (time.Time, uint32, uint32, error) {
	return madeTime, uint32(len(n.keys)), uint32(len(n.vals)), nil
}

func (n *madeNode) below(most int) (out []registryName, err error) {
	for _, name := range n.names[:min(len(n.names), most)] {
		out = append(out, registryName{utf16.Encode([]rune(name)), madeTime})
	}
	return out, nil
}

func (n *madeNode) values(ctx context.Context, f func([]uint16, RegistryValue) error) error {
	for _, v := range n.vals {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := f(utf16.Encode([]rune(v.Name)), v); err != nil {
			return err
		}
	}
	return nil
}

func (n *madeNode) open(name []uint16) (registryNode, error) {
	k := n.keys[string(utf16.Decode(name))]
	if k.denied != nil {
		return nil, k.denied
	}
	return k, nil
}

func (n *madeNode) close() {}

// key makes a key at a path.
func (n *madeNode) key(path string) *madeNode {
	for name := range strings.SplitSeq(path, `\`) {
		if n.keys[name] == nil {
			if n.keys == nil {
				n.keys = map[string]*madeNode{}
			}
			n.keys[name] = &madeNode{}
			n.names = append(n.names, name)
		}
		n = n.keys[name]
	}
	return n
}

// told reads a made hive, and answers its lines and refusals.
func toldKeys(t *testing.T, root *madeNode, patterns []string, change func(*registryReading)) (lines []RegistryKey, refused []string) {
	t.Helper()
	r := &registryReading{most: maxRegistryKeys, room: 1 << 30, denied: map[string]int{}}
	r.add = func(line any) error {
		b, err := json.Marshal(line)
		if err != nil || len(b) >= 1<<20 {
			t.Errorf("line of %d bytes: %v", len(b), err)
		}
		lines = append(lines, line.(RegistryKey))
		return nil
	}
	r.refuse = func(source string, err error) { refused = append(refused, source+": "+err.Error()) }
	if change != nil {
		change(r)
	}
	if err := r.hive(t.Context(), root, `HKLM\Test`, "eve", patterns); err != nil {
		t.Fatal(err)
	}
	r.summary()
	return lines, refused
}

func paths(lines []RegistryKey) (out []string) {
	for _, k := range lines {
		out = append(out, k.Path)
	}
	return out
}

// Every pattern can be read, is in lower case, and leads where it says.
func TestRegistryPatterns(t *testing.T) {
	const current = `Microsoft\Windows\CurrentVersion\`
	want := map[string][]string{
		"system": {
			`ControlSet003\Services\Evil`, `ControlSet003\Services\Evil\Parameters`, `ControlSet003\Services\bam\State\UserSettings\S-1-5-21-1`, `ControlSet003\Control\Lsa`, `ControlSet003\Control\Session Manager`,
			`ControlSet003\Control\Session Manager\AppCompatCache`, `ControlSet003\Control\Print\Monitors\Evil`, `ControlSet003\Control\NetworkProvider\Order`, `ControlSet003\Control\TimeZoneInformation`, `Select`,
			`ControlSet003\Enum\USBSTOR\Disk\1`, `ControlSet003\Enum\USBSTOR\Disk\1\Properties\{83da6326-97a6-4088-9453-a1923f573b29}\0066`, `ControlSet003\Services\PortProxy\v4tov4\tcp`,
		},
		"software": {
			current + "Run", `WOW6432Node\` + current + "RunOnce", `Microsoft\Windows NT\CurrentVersion\Winlogon`, `Microsoft\Windows NT\CurrentVersion\Image File Execution Options\sethc.exe`,
			`Microsoft\Windows NT\CurrentVersion\SilentProcessExit\x.exe`, `Microsoft\Windows NT\CurrentVersion\Schedule\TaskCache\Tasks\{1}`, `Microsoft\Windows NT\CurrentVersion\Schedule\TaskCache\Tree\A\B`,
			`Microsoft\Active Setup\Installed Components\{1}`, `Microsoft\Command Processor`, current + `Uninstall\x`, `Microsoft\Windows NT\CurrentVersion\NetworkList\Profiles\{1}`, `Microsoft\Windows NT\CurrentVersion\Windows`,
			`Microsoft\Windows NT\CurrentVersion`, `Microsoft\Windows NT\CurrentVersion\ProfileList\S-1-5-21-1`, `Classes\*\shellex\ContextMenuHandlers\x`, `Policies\Microsoft\Windows Defender\Exclusions\Paths`,
		},
		"user": {
			`Software\` + current + "Run", `Environment`, `Software\` + current + `Explorer\UserAssist\{1}\Count`, `Software\` + current + `Explorer\RunMRU`, `Software\` + current + `Explorer\RecentDocs\.txt`,
			`Software\Microsoft\Internet Explorer\TypedURLsTime`, `Software\Microsoft\Internet Explorer\TypedURLs`, `Software\Microsoft\Terminal Server Client\Servers\srv`, `Software\Classes\CLSID\{1}\InprocServer32`,
			`Software\Microsoft\Office\16.0\Word\Security\Trusted Documents\TrustRecords`,
		},
		"classes": {`CLSID\{1}\InprocServer32`, `ms-settings\shell\open\command`, `Local Settings\Software\Microsoft\Windows\Shell\BagMRU\1\2`},
	}
	for hive, patterns := range map[string][]string{"system": machineSystem("ControlSet003"), "software": machineSoftware(), "user": userKeys(), "classes": userClasses()} {
		root := &madeNode{}
		for _, p := range patterns {
			if p != strings.ToLower(p) {
				t.Errorf("%s", p)
			}
		}
		for _, p := range append(want[hive], `ControlSet001\Services\Old`, `Other\Run`, `Microsoft\Other`) {
			root.key(p)
		}
		lines, _ := toldKeys(t, root, patterns, nil)
		got := paths(lines)
		for _, p := range want[hive] {
			if !slices.Contains(got, p) {
				t.Errorf("%s: no %s", hive, p)
			}
		}
		for _, p := range []string{`ControlSet001\Services\Old`, `Other\Run`, `Microsoft\Other`, "Microsoft"} {
			if slices.Contains(got, p) {
				t.Errorf("%s: %s", hive, p)
			}
		}
		for i, p := range got {
			if slices.Contains(got[:i], p) {
				t.Errorf("%s: %s twice", hive, p)
			}
		}
		if at := slices.Index(got, `Software\Microsoft\Internet Explorer\TypedURLs`); hive == "user" && slices.Index(got, `Software\Microsoft\Internet Explorer\TypedURLsTime`) > at {
			t.Error("the times of addresses stand behind the addresses")
		}
	}
}

func TestRegistryLimits(t *testing.T) {
	root := &madeNode{}
	for i := range 50 {
		root.key(fmt.Sprintf(`A\k%02d`, i)).denied = errors.New("access is denied")
	}
	root.key(`A\ok`)
	lines, refused := toldKeys(t, root, []string{"/**5/*"}, nil)
	if len(lines) != 52 || lines[1].Refused != "access is denied" || lines[1].Written != madeTime || !slices.Equal(refused, []string{"HKLM, HKU: 50 keys could not be read: access is denied"}) {
		t.Errorf("%d lines, %q", len(lines), refused)
	}
	for _, limit := range []func(*registryReading){func(r *registryReading) { r.most = 10 }, func(r *registryReading) { r.room = 2000 }} {
		lines, refused = toldKeys(t, root, []string{"/**5/*"}, limit)
		if len(lines) > 12 || !strings.Contains(strings.Join(refused, "\n"), "the rest of the registry is not read") {
			t.Errorf("%d lines, %q", len(lines), refused)
		}
	}
	deep := &madeNode{}
	deep.key(strings.TrimSuffix(strings.Repeat(`d\`, 200), `\`))
	if lines, _ = toldKeys(t, deep, []string{"/**" + "/*"}, nil); len(lines) != maxRegistryDepth+1 {
		t.Errorf("%d deep", len(lines))
	}
	// many values fill several lines, large ones are cut
	root = &madeNode{}
	k := root.key("A")
	for i := range 9 {
		k.vals = append(k.vals, RegistryValue{Name: fmt.Sprint(i), Type: 3, Size: 300 << 10, Data: make([]byte, 300<<10)})
	}
	for i := range 300 {
		k.vals = append(k.vals, RegistryValue{Name: fmt.Sprint(i) + strings.Repeat("\x01", 10_000), Type: 3})
	}
	lines, _ = toldKeys(t, root, []string{"/*"}, nil)
	n := 0
	for i, l := range lines {
		for _, v := range l.Values {
			n++
			if v.Size > 0 && (!v.Cut || len(v.Data) != maxRegistryData) {
				t.Errorf("value %+v", v)
			}
		}
		if i > 0 && l.Part != i+1 || l.Count != 309 {
			t.Errorf("line %d is part %d of %d values", i, l.Part, l.Count)
		}
	}
	if n != 309 || len(lines) < 4 {
		t.Errorf("%d values in %d lines", n, len(lines))
	}
}

func TestRegistrySecrets(t *testing.T) {
	for _, tt := range []struct{ path, name, flag string }{
		{`Microsoft\Windows NT\CurrentVersion\Winlogon`, "DefaultPassword", "--secrets"},
		{`Microsoft\Windows NT\CurrentVersion\Winlogon`, "Shell", ""},
		{`Software\SimonTatham\PuTTY\Sessions\x`, "ProxyPassword", "--secrets"},
		{`Microsoft\Windows\CurrentVersion\Run`, "Password", ""},
		{`Environment`, "TOKEN", "--environment"},
		{`Environment`, "Path", ""},
		{`Volatile Environment\1`, "CLIENTNAME", ""},
		{`ControlSet001\Control\Session Manager\Environment`, "AWS_SECRET_ACCESS_KEY", "--environment"},
		{`Environment`, "COR_PROFILER_PATH", ""},
	} {
		if _, flag := secretName(tt.path, tt.name); flag != tt.flag {
			t.Errorf("%s %s: %q", tt.path, tt.name, flag)
		}
	}
	root := &madeNode{}
	root.key("Environment").vals = []RegistryValue{{Name: "TOKEN", Type: 1, Size: 4, Data: []byte("h\x00\x00\x00")}}
	lines, refused := toldKeys(t, root, []string{"/*"}, nil)
	if v := lines[0].Values[0]; !v.Withheld || v.Data != nil || len(refused) != 1 || !strings.Contains(refused[0], "unless --environment asks for it (TOKEN)") {
		t.Errorf("%+v %q", v, refused)
	}
	lines, refused = toldKeys(t, root, []string{"/*"}, func(r *registryReading) { r.environment = true })
	if v := lines[0].Values[0]; v.Withheld || v.Data == nil || len(refused) != 0 {
		t.Errorf("%+v %q", v, refused)
	}
}

func TestNameText(t *testing.T) {
	for _, tt := range []struct {
		units []uint16
		text  string
		raw   string
	}{{[]uint16{'a', 'b'}, "ab", ""}, {nil, "", ""}, {[]uint16{0, 'x'}, "\x00x", ""}, {[]uint16{0xd83d, 0xde00}, "😀", ""}, {[]uint16{0xd83d}, "\ufffd", "\x3d\xd8"}} {
		if text, raw := nameText(tt.units); text != tt.text || string(raw) != tt.raw {
			t.Errorf("%x: %q %x", tt.units, text, raw)
		}
	}
}
