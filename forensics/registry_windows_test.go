package forensics

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
)

// liveRegistry collects the live state, and returns the keys of the registry.
func liveRegistry(t *testing.T, change func(*Options)) (keys []RegistryKey, refused func(source, reason string) bool) {
	t.Helper()
	root, ok := plainRoot()
	if !ok {
		t.Fatal("no root")
	}
	k := &kept{texts: map[string]string{}}
	o := Options{Sink: k, Now: time.Now, Profile: Volatile, Host: "pc", Progress: func(string, int64, int64) {}}
	if change != nil {
		change(&o)
	}
	if err := o.settle(); err != nil {
		t.Fatal(err)
	}
	c := &plainCollection{Options: o, system: "windows", origin: "live", now: "windows.live.registry"}
	c.sum.Root = root
	r := &rows{}
	e, err := sealWritten(t.Context(), k, c.exhibit("windows.live.registry", "Keys", "HKLM, HKU", FormatWindowsRegistry, "calls"), r.write(func(r *rows) error { return windowsRegistry(t.Context(), &liveReading{c, r}) }))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(k.texts[e.Source]) {
		var key RegistryKey
		if err := json.Unmarshal([]byte(line), &key); err != nil || len(line) > 1<<20 {
			t.Fatalf("line of %d bytes: %v", len(line), err)
		}
		keys = append(keys, key)
	}
	t.Logf("%d keys in %d bytes; refused: %+v", len(keys), e.Size, c.sum.Refused)
	return keys, func(source, reason string) bool { return refusedAs(c.sum, source, reason) }
}

// madeKey makes a key below one, and removes it with what lies below in the end.
func madeKey(t *testing.T, at registry.Key, path string) registry.Key {
	t.Helper()
	k, there, err := registry.CreateKey(at, path, registry.ALL_ACCESS)
	if err != nil {
		t.Fatalf("make %s: %v", path, err)
	}
	t.Cleanup(func() {
		_ = k.Close()
		if !there {
			_ = registry.DeleteKey(at, path)
		}
	})
	return k
}

func setValue(t *testing.T, k registry.Key, name []uint16, kind uint32, data []byte) {
	t.Helper()
	p := windows.NewLazySystemDLL("ntdll.dll").NewProc("NtSetValueKey")
	s := windows.NTUnicodeString{Length: uint16(2 * len(name)), MaximumLength: uint16(2 * len(name)), Buffer: unsafe.SliceData(name)}
	var at unsafe.Pointer
	if len(data) > 0 {
		at = unsafe.Pointer(&data[0])
	}
	if status, _, _ := p.Call(uintptr(k), uintptr(unsafe.Pointer(&s)), 0, uintptr(kind), uintptr(at), uintptr(len(data))); status != 0 {
		t.Fatal(windows.NTStatus(status))
	}
	t.Cleanup(func() {
		p := windows.NewLazySystemDLL("ntdll.dll").NewProc("NtDeleteValueKey")
		_, _, _ = p.Call(uintptr(k), uintptr(unsafe.Pointer(&s)))
	})
}

func units(s string) []uint16 {
	u, _ := syscall.UTF16FromString(s)
	return u[:len(u)-1]
}

// findKey is a key with the values of all its lines.
func findKey(keys []RegistryKey, hive, path string) (out *RegistryKey) {
	for _, k := range keys {
		switch {
		case k.Hive != hive || !strings.EqualFold(k.Path, path):
		case out == nil:
			out = &k
		case k.Part > 1:
			out.Values = append(out.Values, k.Values...)
		}
	}
	return out
}

func (k *RegistryKey) value(name string) *RegistryValue {
	if k == nil {
		return nil
	}
	i := slices.IndexFunc(k.Values, func(v RegistryValue) bool { return v.Name == name })
	if i < 0 {
		return nil
	}
	return &k.Values[i]
}

func TestWindowsRegistry(t *testing.T) {
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		t.Fatal(err)
	}
	me := `HKU\` + user.User.Sid.String()
	const current = `Software\Microsoft\Windows\CurrentVersion\`
	run := madeKey(t, registry.CURRENT_USER, current+"Run")
	if err := run.SetExpandStringValue("FirebreakTest", `%TEMP%\u.exe`); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = run.DeleteValue("FirebreakTest") })
	setValue(t, run, []uint16{0, 'h', 'i', 'd', 'e'}, registry.SZ, []byte("x\x00\x00\x00"))
	setValue(t, run, []uint16{'o', 0xd800, 'd'}, registry.BINARY, nil)
	big := make([]byte, maxRegistryData+10)
	for _, name := range []string{"big1", "big2", "big3"} {
		setValue(t, run, units("Firebreak"+name), registry.BINARY, big)
	}
	service := madeKey(t, registry.LOCAL_MACHINE, `SYSTEM\CurrentControlSet\Services\FirebreakTest`)
	if err := service.SetStringValue("ImagePath", `C:\evil.exe`); err != nil {
		t.Fatal(err)
	}
	params := madeKey(t, registry.LOCAL_MACHINE, `SYSTEM\CurrentControlSet\Services\FirebreakTest\Parameters`)
	if err := params.SetStringValue("Password", "hunter2hunter2"); err != nil {
		t.Fatal(err)
	}
	logon := madeKey(t, registry.LOCAL_MACHINE, `SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon`)
	if _, _, err := logon.GetStringValue("DefaultPassword"); err != nil {
		setValue(t, logon, units("DefaultPassword"), registry.SZ, []byte("h\x00u\x00n\x00t\x00\x00\x00"))
	}
	variables := madeKey(t, registry.CURRENT_USER, "Environment")
	setValue(t, variables, units("FIREBREAK_TOKEN"), registry.SZ, []byte("h\x00u\x00n\x00t\x00\x00\x00"))
	setValue(t, variables, units("UserInitMprLogonScript"), registry.SZ, []byte("x\x00\x00\x00"))
	hidden, made := nativeKey(t, registry.CURRENT_USER, current+"Uninstall", []uint16{0, 'F', 'b'}, 0)
	if made {
		setValue(t, hidden, units("DisplayName"), registry.SZ, []byte("x\x00\x00\x00"))
	}
	link, linked := nativeKey(t, registry.CURRENT_USER, current+"Policies", units("System"), createLink)
	if linked {
		setValue(t, link, units("SymbolicLinkValue"), registry.LINK, wide16(`\Registry\User\`+user.User.Sid.String()+`\Software\Microsoft\Windows\CurrentVersion\Run`))
	}

	calls, err := registryCallsOf()
	if err != nil {
		t.Fatal(err)
	}
	set, err := calls.controlSet()
	if err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	keys, refused := liveRegistry(t, nil)
	t.Logf("took %v", time.Since(begun))

	k := findKey(keys, me, current+"Run")
	if v := k.value("FirebreakTest"); v == nil || v.Type != registry.EXPAND_SZ || !strings.HasPrefix(string(v.Data), "%\x00T\x00") || int(v.Size) != len(v.Data) {
		t.Fatalf("of Run: %+v", v)
	}
	info, err := run.Stat()
	if err != nil || !k.Written.Equal(info.ModTime()) || time.Since(k.Written) > time.Hour || k.Count != info.ValueCount {
		t.Errorf("written %v, the key says %v: %v", k.Written, info.ModTime(), err)
	}
	if v := k.value("\x00hide"); v == nil || string(v.Data) != "x\x00\x00\x00" {
		t.Errorf("a value whose name begins with a NUL: %+v", v)
	}
	if v := k.value("o\ufffdd"); v == nil || string(v.Raw) != "o\x00\x00\xd8d\x00" {
		t.Errorf("a name that is no text: %+v", v)
	}
	found := 0
	for _, v := range k.Values {
		if strings.HasPrefix(v.Name, "Firebreakbig") && v.Cut && len(v.Data) == maxRegistryData && int(v.Size) == len(big) {
			found++
		}
	}
	if found != 3 {
		t.Errorf("%d of 3 large values", found)
	}
	if k := findKey(keys, `HKLM\System`, set+`\Services\FirebreakTest`); k.value("ImagePath") == nil || k.User != "" {
		t.Errorf("service %+v", k)
	}
	if k := findKey(keys, me, current+`Policies\System`); linked && (k.value("SymbolicLinkValue") == nil || k.value("FirebreakTest") != nil) {
		t.Errorf("a link was followed: %+v", k)
	}
	if made {
		if k := findKey(keys, me, current+"Uninstall\\\x00Fb"); k == nil || k.Refused != "" || k.value("DisplayName") == nil {
			t.Errorf("a key whose name begins with a NUL: %+v", k)
		}
	}
	seen := map[string]bool{}
	for _, k := range keys {
		at := strings.ToLower(k.Hive + `\` + k.Path)
		if seen[at] && k.Part == 0 {
			t.Errorf("%s twice", at)
		}
		seen[at] = true
		if k.Written.IsZero() {
			t.Errorf("%s has no time", at)
		}
		if strings.Contains(at, "currentcontrolset") || strings.EqualFold(k.Hive, `HKLM\SAM`) {
			t.Errorf("%s", at)
		}
	}
	secret := func(keys []RegistryKey) (withheld, taken int) {
		for _, at := range [][3]string{
			{`HKLM\System`, set + `\Services\FirebreakTest\Parameters`, "Password"},
			{`HKLM\Software`, `Microsoft\Windows NT\CurrentVersion\Winlogon`, "DefaultPassword"},
			{me, "Environment", "FIREBREAK_TOKEN"},
		} {
			switch v := findKey(keys, at[0], at[1]).value(at[2]); {
			case v == nil:
				t.Errorf("%q is not listed", at)
			case v.Withheld && v.Data == nil && v.Size > 0:
				withheld++
			case !v.Withheld && len(v.Data) > 0:
				taken++
			}
		}
		return withheld, taken
	}
	if n, _ := secret(keys); n != 3 {
		t.Errorf("%d of 3 secrets withheld", n)
	}
	if findKey(keys, me, "Environment").value("UserInitMprLogonScript").Withheld {
		t.Error("the script of the logon is withheld")
	}
	for source, reason := range map[string]string{
		`HKLM\SAM`: "password hashes", `HKLM\Security`: "password hashes", `HKLM\Software\Microsoft\Windows NT\CurrentVersion\Winlogon`: "(DefaultPassword)", me + `\Environment`: "unless --environment",
	} {
		if !refused(source, reason) {
			t.Errorf("%s is not refused as %q", source, reason)
		}
	}
	keys, _ = liveRegistry(t, func(o *Options) { o.Secrets, o.Environment = true, true })
	if _, n := secret(keys); n != 3 {
		t.Errorf("%d of 3 secrets taken when asked for", n)
	}
}

const createLink = 2

// nativeKey makes a key by the call that takes any name and makes links, if the
// system lets it.
func nativeKey(t *testing.T, at registry.Key, path string, name []uint16, options uintptr) (registry.Key, bool) {
	t.Helper()
	above := madeKey(t, at, path)
	p := windows.NewLazySystemDLL("ntdll.dll").NewProc("NtCreateKey")
	s := windows.NTUnicodeString{Length: uint16(2 * len(name)), MaximumLength: uint16(2 * len(name)), Buffer: unsafe.SliceData(name)}
	a := windows.OBJECT_ATTRIBUTES{RootDirectory: windows.Handle(above), ObjectName: &s, Attributes: windows.OBJ_OPENLINK}
	a.Length = uint32(unsafe.Sizeof(a))
	var h windows.Handle
	if status, _, _ := p.Call(uintptr(unsafe.Pointer(&h)), registry.ALL_ACCESS|registry.CREATE_LINK, uintptr(unsafe.Pointer(&a)), 0, 0, options, 0); status != 0 {
		t.Logf("no key %q: %v", windows.UTF16ToString(name), windows.NTStatus(status))
		return 0, false
	}
	t.Cleanup(func() {
		_, _, _ = windows.NewLazySystemDLL("ntdll.dll").NewProc("NtDeleteKey").Call(uintptr(h))
		_ = windows.RegCloseKey(h)
	})
	return registry.Key(h), true
}

func wide16(s string) (out []byte) {
	for _, u := range units(s) {
		out = append(out, byte(u), byte(u>>8))
	}
	return out
}

// A collection that is stopped ends.
func TestWindowsRegistryStopped(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	c := &plainCollection{Options: Options{Now: time.Now, Limits: Limits{}.withDefaults()}, system: "windows"}
	r := &rows{}
	err := windowsRegistry(ctx, &liveReading{c, r})
	if err == nil || r.n != 0 {
		t.Errorf("%d lines, %v", r.n, err)
	}
}
