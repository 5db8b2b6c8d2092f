package forensics

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"unsafe"

	"golang.org/x/sys/windows"
)

// windowsDrivers writes the "fb.windrivers" snapshot.
func windowsDrivers(ctx context.Context, l *liveReading) error {
	b := make([]byte, 1<<20)
	for {
		var n uint32
		err := windows.NtQuerySystemInformation(windows.SystemModuleInformation, unsafe.Pointer(&b[0]), uint32(len(b)), &n) //nolint:gosec // of that length
		if err == nil {
			break
		}
		if !errors.Is(err, windows.STATUS_INFO_LENGTH_MISMATCH) || len(b) > 64<<20 {
			return refuse("%v", err)
		}
		b = make([]byte, max(int(n), len(b))+1<<20)
	}
	modules := (*windows.RTL_PROCESS_MODULES)(unsafe.Pointer(&b[0])) //nolint:gosec // as the system filled it
	most := uintptr(len(b)) / unsafe.Sizeof(modules.Modules[0])
	list := unsafe.Slice(&modules.Modules[0], min(uintptr(modules.NumberOfModules), most-1)) //nolint:gosec // within what was filled
	for i := range list {
		if err := ctx.Err(); err != nil {
			return err
		}
		m := &list[i]
		d := WindowsDriver{Path: windows.ByteSliceToString(m.FullPathName[:]), Loaded: int(m.LoadOrderIndex), Size: int64(m.ImageSize)}
		file := systemFile(d.Path)
		d.Name, d.Path = filepath.Base(file), strings.ToValidUTF8(file, "\ufffd")
		h := hashFile(ctx, file, l.Limits.File)
		d.SHA256, d.Modified = h.sum, h.modified
		if h.err != nil {
			d.Refused = h.err.Error()
		}
		if err := l.add(d); err != nil {
			return err
		}
	}
	return nil
}
