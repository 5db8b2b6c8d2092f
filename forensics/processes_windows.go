package forensics

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
)

// windowsProcesses writes the "fb.winprocesses" snapshot.
func windowsProcesses(ctx context.Context, l *liveReading) error {
	list, err := processList()
	if err != nil {
		return refuse("the list of processes: %v", err)
	}
	services, err := servicesOf()
	if err != nil {
		l.noteOnce("services are not named: " + err.Error())
	}
	users, hashes := map[string]string{}, map[string]hashed{}
	blind := 0
	all := make([]WindowsProcess, 0, len(list))
	started := map[uint32]time.Time{}
	names := map[uint32]string{}
	for _, entry := range list {
		if err := ctx.Err(); err != nil {
			return err
		}
		p := WindowsProcess{
			PID: entry.ProcessID, PPID: entry.ParentProcessID, Threads: entry.Threads, Comm: windows.UTF16ToString(entry.ExeFile[:]),
			Self: int(entry.ProcessID) == os.Getpid(), Services: services[entry.ProcessID],
		}
		if p.PID != 0 { // which is what does nothing
			l.process(ctx, &p, users, hashes)
		}
		if len(p.Refused) > 0 {
			blind++
		}
		started[p.PID], names[p.PID] = p.Started, p.Comm
		all = append(all, p)
	}
	for _, p := range all {
		if name, ok := names[p.PPID]; ok && p.PPID != p.PID && !started[p.PPID].After(p.Started) {
			p.Parent = name
		}
		if err := l.add(p); err != nil {
			return err
		}
	}
	if blind > 0 {
		l.refuse("processes", refuse("%d of %d processes could not be read whole; each line says what is missing", blind, len(list)))
	}
	return nil
}

// processList is the system's list of processes.
func processList() (out []windows.ProcessEntry32, err error) {
	h, err := windows.CreateToolhelp32Snapshot(windows.TH32CS_SNAPPROCESS, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = windows.CloseHandle(h) }()
	e := windows.ProcessEntry32{Size: uint32(unsafe.Sizeof(windows.ProcessEntry32{}))}
	for err = windows.Process32First(h, &e); err == nil; err = windows.Process32Next(h, &e) {
		out = append(out, e)
	}
	if !errors.Is(err, windows.ERROR_NO_MORE_FILES) {
		return nil, err
	}
	return out, nil
}

// hashed is a file that was read once.
type hashed struct {
	sum      string
	size     int64
	modified time.Time
	err      error
}

// process fills in what the process itself tells.
func (l *liveReading) process(ctx context.Context, p *WindowsProcess, users map[string]string, hashes map[string]hashed) {
	miss := func(what string, err error) {
		if err != nil {
			p.Refused = append(p.Refused, what+": "+strings.ToValidUTF8(err.Error(), "\ufffd"))
		}
	}
	var session uint32
	if windows.ProcessIdToSessionId(p.PID, &session) == nil {
		p.Session = &session
	}
	h, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, p.PID)
	if errors.Is(err, windows.ERROR_INVALID_PARAMETER) {
		p.Refused = append(p.Refused, "it ended while it was being read")
		return
	}
	if err != nil {
		miss("process", err)
		return
	}
	defer func() { _ = windows.CloseHandle(h) }()
	var made, ended, kernel, user windows.Filetime
	if err := windows.GetProcessTimes(h, &made, &ended, &kernel, &user); err == nil {
		p.Started = filetime(uint64(made.HighDateTime)<<32 | uint64(made.LowDateTime))
	} else {
		miss("start", err)
	}
	miss("user", p.token(h, users))
	if p.Command, err = commandLine(h, p.PID); err != nil {
		miss("command", err)
	}
	buf := make([]uint16, windows.MAX_LONG_PATH)
	n := uint32(windows.MAX_LONG_PATH)
	if err := windows.QueryFullProcessImageName(h, 0, &buf[0], &n); err != nil {
		if !errors.Is(err, windows.ERROR_GEN_FAILURE) { // of the kernel's own, which run no file
			miss("exe", err)
		}
		return
	}
	p.Exe = windows.UTF16ToString(buf[:n])
	if !filepath.IsAbs(p.Exe) { // the kernel's own, as Registry
		return
	}
	f, ok := hashes[p.Exe]
	if !ok {
		f = hashFile(ctx, p.Exe, l.Limits.File)
		hashes[p.Exe] = f
	}
	p.Missing = errors.Is(f.err, fs.ErrNotExist)
	p.ExeSHA256, p.ExeSize, p.Modified = f.sum, f.size, f.modified
	miss("exe", f.err)
}

// hashFile is the SHA-256 of a file.
func hashFile(ctx context.Context, name string, limit int64) (h hashed) {
	f, err := os.Open(name) //nolint:gosec // the name is the system's
	if err != nil {
		return hashed{err: bare(err)}
	}
	defer func() { _ = f.Close() }() // it is read only
	info, err := f.Stat()
	if err != nil {
		return hashed{err: bare(err)}
	}
	h.size, h.modified = info.Size(), info.ModTime().UTC()
	switch {
	case !info.Mode().IsRegular():
		h.err = refuse("not a regular file")
		return h
	case h.size > limit:
		h.err = refuse("%d bytes: over the limit of %d for one file", h.size, limit)
		return h
	}
	sum := sha256.New()
	r := &plainReader{ctx: ctx, f: f, left: limit}
	if _, err := io.Copy(sum, r); err != nil {
		h.err = bare(err)
		return h
	}
	h.sum = hex.EncodeToString(sum.Sum(nil))
	return h
}

// bare is an error without the path, which stands beside it.
func bare(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// token says in whose name a process runs, and with which rights.
func (p *WindowsProcess) token(h windows.Handle, users map[string]string) error {
	var t windows.Token
	if err := windows.OpenProcessToken(h, windows.TOKEN_QUERY, &t); err != nil {
		return err
	}
	defer func() { _ = t.Close() }()
	u, err := t.GetTokenUser()
	if err != nil {
		return err
	}
	p.SID = u.User.Sid.String()
	name, ok := users[p.SID]
	if !ok {
		name = sidName(p.SID)
		users[p.SID] = name
	}
	p.User, p.Elevated = name, t.IsElevated()
	p.Integrity, err = integrity(t)
	return err
}

// integrity is the level that a token has.
func integrity(t windows.Token) (string, error) {
	var n uint32
	err := windows.GetTokenInformation(t, windows.TokenIntegrityLevel, nil, 0, &n)
	if !errors.Is(err, windows.ERROR_INSUFFICIENT_BUFFER) {
		return "", err
	}
	b := make([]byte, n)
	if err := windows.GetTokenInformation(t, windows.TokenIntegrityLevel, &b[0], n, &n); err != nil {
		return "", err
	}
	sid := (*windows.Tokenmandatorylabel)(unsafe.Pointer(&b[0])).Label.Sid //nolint:gosec // as the system filled it
	rid := uint32(0)
	if count := sid.SubAuthorityCount(); count > 0 {
		rid = sid.SubAuthority(uint32(count) - 1)
	}
	switch {
	case rid < 0x1000:
		return "untrusted", nil
	case rid < 0x2000:
		return "low", nil
	case rid < 0x3000:
		return "medium", nil
	case rid < 0x4000:
		return "high", nil
	}
	return "system", nil
}

// sidName is the name of an account as this machine's list of profiles has it: the
// name of its folder. Accounts of a domain are not looked up there.
func sidName(sid string) string {
	if name, ok := map[string]string{"S-1-5-18": "SYSTEM", "S-1-5-19": "LOCAL SERVICE", "S-1-5-20": "NETWORK SERVICE"}[sid]; ok {
		return name
	}
	k, err := registry.OpenKey(registry.LOCAL_MACHINE, `SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList\`+sid, registry.QUERY_VALUE)
	if err != nil {
		return ""
	}
	defer func() { _ = k.Close() }()
	dir := value(k, "ProfileImagePath")
	if dir == "" {
		return ""
	}
	return filepath.Base(dir)
}

// maxCommandLine bounds a command line, in bytes: 32,767 characters are the most
// that the system takes.
const maxCommandLine = 1 << 17

// commandLine is a process' command line, as the system has kept it since Windows
// 8.1. An older one keeps it in the process' own memory only, from where it is read
// then.
func commandLine(h windows.Handle, pid uint32) (string, error) {
	b := make([]byte, maxCommandLine)
	var n uint32
	err := windows.NtQueryInformationProcess(h, windows.ProcessCommandLineInformation, unsafe.Pointer(&b[0]), uint32(len(b)), &n) //nolint:gosec // of that length
	if err == nil {
		s := (*windows.NTUnicodeString)(unsafe.Pointer(&b[0])) //nolint:gosec // as the system filled it
		if s.Buffer == nil {
			return "", nil
		}
		return s.String(), nil
	}
	if !errors.Is(err, windows.STATUS_INVALID_INFO_CLASS) && !errors.Is(err, windows.STATUS_NOT_IMPLEMENTED) {
		return "", err
	}
	return commandInMemory(pid)
}

func commandInMemory(pid uint32) (string, error) {
	h, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION|windows.PROCESS_VM_READ, false, pid)
	if err != nil {
		return "", err
	}
	defer func() { _ = windows.CloseHandle(h) }()
	var basic windows.PROCESS_BASIC_INFORMATION
	err = windows.NtQueryInformationProcess(h, windows.ProcessBasicInformation, unsafe.Pointer(&basic), uint32(unsafe.Sizeof(basic)), nil) //nolint:gosec // of that size
	if err != nil {
		return "", err
	}
	read := func(at uintptr, into unsafe.Pointer, n uintptr) error {
		var done uintptr
		err := windows.ReadProcessMemory(h, at, (*byte)(into), n, &done)
		if err == nil && done != n {
			return fmt.Errorf("%d of %d bytes", done, n)
		}
		return err
	}
	var peb windows.PEB
	if err := read(uintptr(unsafe.Pointer(basic.PebBaseAddress)), unsafe.Pointer(&peb), unsafe.Sizeof(peb)); err != nil { //nolint:gosec // addresses of another process, never followed here
		return "", err
	}
	var params windows.RTL_USER_PROCESS_PARAMETERS
	if err := read(uintptr(unsafe.Pointer(peb.ProcessParameters)), unsafe.Pointer(&params), unsafe.Sizeof(params)); err != nil { //nolint:gosec // as above
		return "", err
	}
	text := make([]uint16, params.CommandLine.Length/2)
	if len(text) == 0 {
		return "", nil
	}
	if err := read(uintptr(unsafe.Pointer(params.CommandLine.Buffer)), unsafe.Pointer(&text[0]), uintptr(len(text)*2)); err != nil { //nolint:gosec // as above
		return "", err
	}
	return windows.UTF16ToString(text), nil
}

// servicesOf are the services that run, by the process they run in.
func servicesOf() (map[uint32][]string, error) {
	m, err := windows.OpenSCManager(nil, nil, windows.SC_MANAGER_ENUMERATE_SERVICE)
	if err != nil {
		return nil, err
	}
	defer func() { _ = windows.CloseServiceHandle(m) }()
	var need, count uint32
	var b []byte
	for size := uint32(64 << 10); ; size = need + 64<<10 {
		b = make([]byte, size)
		need, count = 0, 0
		err := windows.EnumServicesStatusEx(m, windows.SC_ENUM_PROCESS_INFO, windows.SERVICE_WIN32, windows.SERVICE_ACTIVE, &b[0], size, &need, &count, nil, nil)
		if err == nil {
			break
		}
		if !errors.Is(err, windows.ERROR_MORE_DATA) || size > 64<<20 {
			return nil, err
		}
	}
	out := map[uint32][]string{}
	if count == 0 {
		return out, nil
	}
	most := uintptr(len(b)) / unsafe.Sizeof(windows.ENUM_SERVICE_STATUS_PROCESS{})
	for _, s := range unsafe.Slice((*windows.ENUM_SERVICE_STATUS_PROCESS)(unsafe.Pointer(&b[0])), min(uintptr(count), most)) { //nolint:gosec // within what was filled
		pid := s.ServiceStatusProcess.ProcessId
		out[pid] = append(out[pid], windows.UTF16PtrToString(s.ServiceName))
	}
	return out, nil
}

func dotted(n ...uint32) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(n), " ", "."), "[]")
}
