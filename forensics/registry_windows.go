package forensics

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
)

// registryAccess is how keys are opened: to read, and those of 64 bits.
const registryAccess = registry.QUERY_VALUE | registry.ENUMERATE_SUB_KEYS | registry.WOW64_64KEY

// windowsRegistry writes the "fb.winregistry" snapshot.
func windowsRegistry(ctx context.Context, l *liveReading) error {
	runtime.LockOSThread() // as a list of keys wants it
	defer runtime.UnlockOSThread()
	calls, err := registryCallsOf()
	if err != nil {
		return refuse("%v", err)
	}
	r := &registryReading{
		secrets: l.Secrets, environment: l.Environment, add: l.add, refuse: l.refuse, most: maxRegistryKeys, room: l.Limits.File, denied: map[string]int{},
	}
	defer r.summary()
	set, err := calls.controlSet()
	if err != nil {
		l.refuse(`HKLM\System`, refuse("which control set runs: %v", err))
	}
	hives := []registryHive{
		{root: registry.LOCAL_MACHINE, key: "SYSTEM", name: `HKLM\System`, keys: machineSystem(set)},
		{root: registry.LOCAL_MACHINE, key: "SOFTWARE", name: `HKLM\Software`, keys: machineSoftware()},
	}
	hives = append(hives, l.userHives()...)
	whole := []string{"/**20/*"}
	for _, h := range []registryHive{
		{root: registry.LOCAL_MACHINE, key: "SAM", name: `HKLM\SAM`, keys: whole},
		{root: registry.LOCAL_MACHINE, key: "SECURITY", name: `HKLM\Security`, keys: whole},
	} {
		if l.Secrets {
			hives = append(hives, h)
		} else {
			l.refuse(h.name, refuse("holds password hashes: listed, not taken unless --secrets asks for it"))
		}
	}
	for _, h := range hives {
		if err := ctx.Err(); err != nil {
			return err
		}
		node, err := calls.root(h.root, h.key)
		if err != nil {
			if !errors.Is(err, fs.ErrNotExist) {
				l.refuse(h.name, refuse("%v", err))
			}
			continue
		}
		err = r.hive(ctx, node, h.name, h.user, h.keys)
		node.close()
		if err != nil {
			return err
		}
	}
	return nil
}

// registryHive is one that is loaded, and what is read of it.
type registryHive struct {
	root            registry.Key
	key, name, user string
	keys            []string
}

// userHives are those of the users that are logged on, and of services.
func (l *liveReading) userHives() (out []registryHive) {
	names, err := registry.USERS.ReadSubKeyNames(0)
	if err != nil {
		l.refuse("HKU", refuse("%v", err))
	}
	for _, name := range names {
		if name == "S-1-5-18" { // a link to .DEFAULT
			continue
		}
		h := registryHive{root: registry.USERS, key: name, name: `HKU\` + strings.ToValidUTF8(name, "\ufffd"), keys: userKeys()}
		sid, classes := strings.CutSuffix(name, "_Classes")
		if classes {
			h.keys = userClasses()
		}
		h.user = sidName(sid)
		out = append(out, h)
	}
	return out
}

// registryCalls are calls that package windows does not have.
type registryCalls struct{ openKey, enumValue *windows.LazyProc }

func registryCallsOf() (*registryCalls, error) {
	c := &registryCalls{windows.NewLazySystemDLL("ntdll.dll").NewProc("NtOpenKey"), windows.NewLazySystemDLL("advapi32.dll").NewProc("RegEnumValueW")}
	return c, errors.Join(c.openKey.Find(), c.enumValue.Find())
}

// controlSet is the name of the control set that runs, of which CurrentControlSet
// is a link.
func (c *registryCalls) controlSet() (string, error) {
	k, err := registry.OpenKey(registry.LOCAL_MACHINE, `SYSTEM\Select`, registry.QUERY_VALUE|registry.WOW64_64KEY)
	if err != nil {
		return "ControlSet001", err //nolint:wrapcheck // told with what it is of
	}
	defer func() { _ = k.Close() }() // it was read only
	n, _, err := k.GetIntegerValue("Current")
	if err != nil {
		return "ControlSet001", err //nolint:wrapcheck // as above
	}
	if n == 0 || n > 999 {
		return "ControlSet001", fmt.Errorf("it has the number %d", n)
	}
	return fmt.Sprintf("ControlSet%03d", n), nil
}

// root opens a key below one of the system's own, and not what a link leads to.
func (c *registryCalls) root(at registry.Key, name string) (*openKey, error) {
	const openLink = 8
	p, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return nil, err //nolint:wrapcheck // told with its name
	}
	var h windows.Handle
	if err := windows.RegOpenKeyEx(windows.Handle(at), p, openLink, registryAccess, &h); err != nil {
		return nil, err //nolint:wrapcheck // as above
	}
	return &openKey{c, h}, nil
}

// openKey is a registryNode of Windows.
type openKey struct {
	*registryCalls
	h windows.Handle
}

func (k *openKey) close() { _ = windows.RegCloseKey(k.h) } // it was read only

// open takes names that have a NUL in them, which RegOpenKeyEx cannot: keys that
// regedit does not open.
func (k *openKey) open(name []uint16) (registryNode, error) {
	s := windows.NTUnicodeString{Length: uint16(2 * len(name)), MaximumLength: uint16(2 * len(name)), Buffer: unsafe.SliceData(name)} //nolint:gosec // of 255 units
	a := windows.OBJECT_ATTRIBUTES{RootDirectory: k.h, ObjectName: &s, Attributes: windows.OBJ_CASE_INSENSITIVE | windows.OBJ_OPENLINK}
	a.Length = uint32(unsafe.Sizeof(a))
	var h windows.Handle
	status, _, _ := k.openKey.Call(uintptr(unsafe.Pointer(&h)), registryAccess, uintptr(unsafe.Pointer(&a))) //nolint:gosec // as NtOpenKey wants them
	if status != 0 {
		return nil, windows.NTStatus(uint32(status)).Errno() //nolint:gosec // of 32 bits
	}
	return &openKey{k.registryCalls, h}, nil
}

func (k *openKey) stat() (written time.Time, subkeys, values uint32, err error) {
	var t windows.Filetime
	err = windows.RegQueryInfoKey(k.h, nil, nil, nil, &subkeys, nil, nil, &values, nil, nil, nil, &t)
	return ofFiletime(t), subkeys, values, err //nolint:wrapcheck // told with its key
}

func ofFiletime(t windows.Filetime) time.Time {
	return filetime(uint64(t.HighDateTime)<<32 | uint64(t.LowDateTime))
}

func (k *openKey) below(most int) (out []registryName, err error) {
	const room = 256 // a name has 255 at most
	buf := make([]uint16, room)
	for i := range uint32(most) { //nolint:gosec // maxRegistryNames
		n := uint32(room)
		var t windows.Filetime
		err := windows.RegEnumKeyEx(k.h, i, &buf[0], &n, nil, nil, nil, &t)
		if errors.Is(err, windows.ERROR_NO_MORE_ITEMS) {
			break
		}
		if err != nil {
			return out, err //nolint:wrapcheck // told with its key
		}
		out = append(out, registryName{append([]uint16(nil), buf[:min(n, room)]...), ofFiletime(t)})
	}
	return out, nil
}

// maxRegistryRead is the largest value that is read: of larger ones there is the
// name only.
const maxRegistryRead = 16 << 20

func (k *openKey) values(ctx context.Context, f func([]uint16, RegistryValue) error) error {
	const room = 16 << 10 // a name has 16383 at most
	name, data := make([]uint16, room), make([]byte, 4<<10)
	for i, into := uint32(0), unsafe.Pointer(&data[0]); ; { //nolint:gosec // of that length
		if err := ctx.Err(); err != nil {
			return err //nolint:wrapcheck // of the context
		}
		v := RegistryValue{}
		n, size := uint32(room), uint32(len(data)) //nolint:gosec // maxRegistryRead
		status, _, _ := k.enumValue.Call(uintptr(k.h), uintptr(i), uintptr(unsafe.Pointer(&name[0])), uintptr(unsafe.Pointer(&n)), 0,
			uintptr(unsafe.Pointer(&v.Type)), uintptr(into), uintptr(unsafe.Pointer(&size))) //nolint:gosec // as RegEnumValueW wants them
		switch err := syscall.Errno(status); {
		case errors.Is(err, windows.ERROR_NO_MORE_ITEMS):
			return nil
		case errors.Is(err, windows.ERROR_MORE_DATA) && into != nil && size > maxRegistryRead:
			into = nil // its name, then
			continue
		case errors.Is(err, windows.ERROR_MORE_DATA) && into != nil && size > uint32(len(data)): //nolint:gosec // as above
			data = make([]byte, size)
			into = unsafe.Pointer(&data[0])
			continue
		case status != 0:
			return err
		}
		if v.Size, v.Cut = size, into == nil; into != nil {
			v.Data = append([]byte(nil), data[:min(size, uint32(len(data)))]...) //nolint:gosec // as above
		}
		if err := f(append([]uint16(nil), name[:min(n, room)]...), v); err != nil {
			return err
		}
		i, into = i+1, unsafe.Pointer(&data[0])
	}
}
