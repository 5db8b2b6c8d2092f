package parse

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"firebreak/forensics"
	"firebreak/forensics/formats/registry"
	"firebreak/internal/testkit"
	"firebreak/timeline"
)

// linesOf writes the keys of a hive as a running system has them: those that the
// tree has, the times of addresses first.
func linesOf(t *testing.T, hive []byte, name, user string) []byte {
	t.Helper()
	h, err := registry.Open(bytes.NewReader(hive), int64(len(hive)))
	must(t, err)
	var first, out bytes.Buffer
	must(t, h.Walk(t.Context(), func(k *registry.Key) error {
		if k.Found != "" {
			return nil
		}
		vals, _, err := k.Values(64 << 10)
		if err != nil {
			return err
		}
		line := forensics.RegistryKey{Hive: name, User: user, Path: k.Path, Written: k.Written, Subkeys: k.Subkeys, Count: k.NumValues}
		for _, v := range vals {
			line.Values = append(line.Values, forensics.RegistryValue{Name: v.Name, Type: v.Type, Size: uint32(v.Size), Data: v.Data})
		}
		to := &out
		if strings.HasSuffix(k.Path, "TypedURLsTime") {
			to = &first
		}
		enc := json.NewEncoder(to)
		enc.SetEscapeHTML(false)
		return enc.Encode(line)
	}, func(int64, string) error { return nil }))
	return append(first.Bytes(), out.Bytes()...)
}

// toldBy is what events say, without where they stand.
func toldBy(events []timeline.Event) []string {
	var out []string
	for _, e := range events {
		if e.Attributes.Get(attrRecovered) != "" {
			continue
		}
		attrs := strings.Builder{}
		m := e.Attributes.Map()
		delete(m, "user_sid")
		for _, name := range slices.Sorted(maps.Keys(m)) {
			fmt.Fprintf(&attrs, "|%s=%s", name, m[name])
		}
		out = append(out, fmt.Sprint(e.Time.Format(time.RFC3339Nano), " ", e.TimeKind, " ", e.Source, " ", e.User, " ", e.Message, attrs.String()))
	}
	slices.Sort(out)
	return out
}

func sameTold(t *testing.T, name string, hive, lines []timeline.Event, least int) {
	t.Helper()
	want, got := toldBy(hive), toldBy(lines)
	if len(want) < least {
		t.Errorf("%s: %d events", name, len(want))
	}
	for i := range min(len(want), len(got)) {
		if want[i] != got[i] {
			t.Errorf("%s:\nhive  %s\nlines %s", name, want[i], got[i])
			return
		}
	}
	if len(want) != len(got) {
		t.Errorf("%s: %d events of the hive, %d of the lines", name, len(want), len(got))
	}
}

// The lines of a hive's keys tell what the hive tells.
func TestLiveRegistryAsHive(t *testing.T) {
	dir := filepath.Join(testkit.Corpus(t, "plaso"), "plaso")
	for _, f := range []struct {
		file, source, hive, user string
		least                    int
	}{
		{"NTUSER.DAT", "C:/Users/eve/NTUSER.DAT", `HKU\S-1-5-21-1-2-3-1001`, "eve", 1200},
		{"regf/NTUSER.DAT", "C:/Users/eve/NTUSER.DAT", `HKU\S-1-5-21-1-2-3-1001`, "eve", 1500},
		{"NTUSER-RunTests.DAT", "C:/Users/eve/NTUSER.DAT", `HKU\S-1-5-21-1-2-3-1001`, "eve", 800},
	} {
		hive, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(f.file)))
		must(t, err)
		want, _ := run(t, "registry", f.source, hive)
		lines := linesOf(t, hive, f.hive, f.user)
		if got := Detect("0017", lines[:min(len(lines), headSize)]); got != "fb.winregistry" {
			t.Errorf("%s: detected as %s", f.file, got)
		}
		got, ing := run(t, "", "x", lines)
		if ing.Rejected != 0 {
			t.Errorf("%s: %d lines rejected: %q", f.file, ing.Rejected, ing.Samples)
		}
		sameTold(t, f.file, want, got, f.least)
	}
}

// liveHiveOf is the hive that a path of TestArtefacts is of.
func liveHiveOf(path string) string {
	for prefix, hive := range map[string]string{`Software\`: `HKU\S-1-5-21-1`, "ControlSet": `HKLM\System`, `SAM\`: `HKLM\SAM`, `Microsoft\`: `HKLM\Software`, `WOW6432Node\`: `HKLM\Software`} {
		if strings.HasPrefix(path, prefix) {
			return hive
		}
	}
	return ""
}

// artefactsOfLine is what the line of a key tells beside the key's own event.
func artefactsOfLine(t *testing.T, hive, path string, written time.Time, vals []registry.Value) (out []string) {
	t.Helper()
	k := forensics.RegistryKey{Hive: hive, Path: path, Written: written, Count: uint32(len(vals))}
	for _, v := range vals {
		k.Values = append(k.Values, forensics.RegistryValue{Name: v.Name, Type: v.Type, Size: uint32(len(v.Data)), Data: v.Data})
	}
	events, _ := run(t, "", "x", keyLines(t, k))
	for _, e := range events {
		if a := e.Attributes.Get("artifact"); a != "" {
			out = append(out, a+" "+e.Attributes.Get(attrAction)+" "+e.Message)
		}
	}
	return out
}

func keyLines(t *testing.T, keys ...forensics.RegistryKey) []byte {
	t.Helper()
	var out []byte
	for _, k := range keys {
		b, err := json.Marshal(k)
		must(t, err)
		out = append(append(out, b...), '\n')
	}
	return out
}

func TestLiveRegistry(t *testing.T) {
	at := time.Date(2026, 11, 19, 2, 14, 5, 123456700, time.UTC)
	sz := func(name, s string) forensics.RegistryValue {
		return forensics.RegistryValue{Name: name, Type: registry.Text, Data: append(utf16le(s), 0, 0)}
	}
	const current, eve = `Software\Microsoft\Windows\CurrentVersion\`, `HKU\S-1-5-21-1`
	got, ing := run(t, "", "HKLM, HKU", keyLines(t,
		forensics.RegistryKey{Hive: `HKLM\System`, Path: `ControlSet001\Services\Evil`, Written: at, Count: 1, Values: []forensics.RegistryValue{sz("ImagePath", `C:\e.exe`)}},
		forensics.RegistryKey{Hive: eve, User: "eve", Path: current + "Run", Written: at, Count: 1, Values: []forensics.RegistryValue{sz("Up\x00date", `C:\u.exe`)}},
		forensics.RegistryKey{Hive: eve, User: "eve", Path: `Environment`, Written: at, Count: 2, Values: []forensics.RegistryValue{{Name: "TOKEN", Type: 1, Size: 20, Withheld: true}, sz("UserInitMprLogonScript", `C:\l.cmd`)}},
		forensics.RegistryKey{Hive: eve, User: "eve", Path: `Software\Microsoft\Internet Explorer\TypedURLsTime`, Written: at, Count: 1, Values: []forensics.RegistryValue{{Name: "url2", Type: registry.Binary, Data: u64(december)}}},
		forensics.RegistryKey{Hive: eve, User: "eve", Path: `Software\Microsoft\Internet Explorer\TypedURLs`, Written: at, Count: 1, Values: []forensics.RegistryValue{sz("url2", "http://evil.example/")}},
		forensics.RegistryKey{Hive: `HKU\S-1-5-21-2_Classes`, Path: `CLSID\{1}\InprocServer32`, Written: at, Count: 1, Values: []forensics.RegistryValue{sz("", `C:\e.dll`)}},
		forensics.RegistryKey{Hive: `HKLM\Software`, Path: `Microsoft\Secret`, Written: at, Refused: "Access is denied."},
		forensics.RegistryKey{Hive: `HKLM\Software`, Path: `Microsoft\Windows NT\CurrentVersion\Winlogon`, Count: 3, Part: 2, Values: []forensics.RegistryValue{sz("Shell", "e.exe")}},
	))
	if ing.Parser != "fb.winregistry" || ing.Rejected != 0 || ing.Recovered != 0 {
		t.Errorf("%+v", ing)
	}
	tell := func(e timeline.Event) string {
		return fmt.Sprint(e.Time.Format("05.0000000 "), e.TimeKind, " ", e.User, " ", e.Message, " ", e.Attributes.Get(attrAction))
	}
	var said []string
	for _, e := range got {
		said = append(said, tell(e))
	}
	for _, want := range []string{
		`05.1234567 modified  HKLM\System\ControlSet001\Services\Evil `,
		`05.1234567 modified  service Evil ((none)): C:\e.exe startup`,
		`05.1234567 modified eve HKCU\Software\Microsoft\Windows\CurrentVersion\Run `,
		`05.1234567 modified eve runs at logon: Up\x00date: C:\u.exe startup`,
		`05.1234567 modified eve logon script: Environment UserInitMprLogonScript = C:\l.cmd startup`,
		`00.0000000 accessed eve typed: http://evil.example/ visit`,
		`05.1234567 modified S-1-5-21-2 class {1} of this user: C:\e.dll `,
		`05.1234567 modified  HKLM\Software\Microsoft\Secret `,
		`00.0000000 undated  winlogon: Winlogon Shell = e.exe startup`,
	} {
		if !slices.Contains(said, want) {
			t.Errorf("no %q", want)
		}
	}
	if t.Failed() {
		t.Logf("%s", strings.Join(said, "\n"))
	}
	for _, tt := range []struct{ key, attr, want string }{
		{`HKCU\Environment`, "withheld", "TOKEN"},
		{`HKCU\Environment`, "user_sid", "S-1-5-21-1"},
		{`HKLM\Software\Microsoft\Secret`, "refused", "Access is denied."},
		{`HKLM\Software\Microsoft\Windows NT\CurrentVersion\Winlogon`, "part", "2"},
	} {
		i := slices.IndexFunc(got, func(e timeline.Event) bool {
			return e.Attributes.Get("key") == tt.key && e.Attributes.Get("artifact") == ""
		})
		if i < 0 || got[i].Attributes.Get(tt.attr) != tt.want {
			t.Errorf("%s: %s is not %q", tt.key, tt.attr, tt.want)
		}
	}
}

// Lines that lie are rejected, and the others are read.
func TestLiveRegistryHostile(t *testing.T) {
	const good = `{"hive":"HKLM\\Software","path":"A","written":"2026-01-01T00:00:00Z"}` + "\n"
	for _, bad := range []string{
		"", "{", "[]", "null", "1", `{"hive":"HKLM\\Software"}`, `{"hive":"HKLM\\Nothing","path":"A"}`, `{"hive":"HKCR","path":"A"}`, `{"hive":"HKU\\","path":"A"}`,
		`{"hive":"HKLM\\Software","path":1}`, `{"hive":"HKLM\\Software","path":"A","written":"never"}`, `{"hive":"HKLM\\Software","path":"A","subkeys":-1}`,
		`{"hive":"HKLM\\Software","path":"A","values":[{"data":"?"}]}`, `{"hive":"HKLM\\Software","path":"A","values":[{"type":4294967296}]}`, `{"hive":"HKLM\\Software","path":"` + "\xff" + `"}`,
		`{"hive":"HKLM\\Software","path":"` + strings.Repeat(`a\\`, 10_000) + `"}`,
		`{"hive":"HKLM\\Software","path":"A","x":"` + strings.Repeat("x", maxLine) + `"}`,
	} {
		events, ing := run(t, "fb.winregistry", "x", []byte(good+bad+"\n"+good))
		rejected := int64(1)
		if bad == "" {
			rejected = 0
		}
		if len(events) != 2 || ing.Rejected != rejected {
			t.Errorf("%.80q: %d events, %d rejected", bad, len(events), ing.Rejected)
		}
	}
	// strange, and a key all the same
	for _, odd := range []string{
		`{"hive":"HKU\\a\\b\u0000","path":"\\\\\u0000\\","written":"0001-01-01T00:00:00Z","value_count":4294967295,"part":-7}`,
		`{"hive":"HKU\\_Classes","path":"","written":"9999-12-31T23:59:59Z","values":[{},{"size":4294967295,"type":1,"data":"QQ=="}]}`,
		`{"hive":"HKLM\\System","path":"` + strings.Repeat(`a\\`, 5_000) + `BagMRU\\1","values":[{"name":"1","type":3,"data":"FAAfUA=="}]}`,
		`{"hive":"HKU\\x","path":"Software\\Microsoft\\Windows\\CurrentVersion\\Explorer\\RecentDocs","values":[{"name":"MRUListEx","type":3,"data":"AAAAAA=="},{"name":"0","type":3}]}`,
	} {
		events, ing := run(t, "fb.winregistry", "x", []byte(odd+"\n"))
		if len(events) == 0 || ing.Rejected != 0 {
			t.Errorf("%.80q: %d events, %q", odd, len(events), ing.Samples)
		}
	}
}

// FuzzLiveRegistry gives a key's path and value anything: no panic, the account
// settles, and texts are clean.
func FuzzLiveRegistry(f *testing.F) {
	f.Add(`HKU\S-1-5-21-1`, `Software\Microsoft\Windows\CurrentVersion\Run`, "Up", uint32(1), utf16le("x.exe"))
	f.Add(`HKLM\System`, `ControlSet001\Control\Session Manager\AppCompatCache`, "AppCompatCache", uint32(3), cacheOf("10"))
	f.Add(`HKLM\Software`, `Microsoft\Windows NT\CurrentVersion\Schedule\TaskCache\Tasks\{1}`, "Actions", uint32(3), []byte{3, 0, 0, 0, 0, 0, 0x66, 0x66})
	f.Add(`HKU\S-1_Classes`, `Local Settings\Software\Microsoft\Windows\Shell\BagMRU`, "0", uint32(3), []byte{20, 0, 0x1f, 0x50})
	f.Fuzz(func(t *testing.T, hive, path, name string, kind uint32, data []byte) {
		k := forensics.RegistryKey{Hive: hive, Path: path, Written: collected, Values: []forensics.RegistryValue{{Name: name, Type: kind, Data: data}, {Name: "Path", Type: 1, Data: data}}}
		run(t, "fb.winregistry", "x", keyLines(t, k, k))
	})
}
