package forensics

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// maxBPF bounds the objects of one kind, maxBPFMaps the maps of a program.
const (
	maxBPF     = 100_000
	maxBPFMaps = 64
)

// bpfCall is bpf(2). Only commands that look are ever given: *_GET_NEXT_ID,
// *_GET_FD_BY_ID and OBJ_GET_INFO_BY_FD.
func bpfCall(command uintptr, attr []byte) (int, error) {
	fd, _, no := unix.Syscall(unix.SYS_BPF, command, uintptr(unsafe.Pointer(&attr[0])), uintptr(len(attr))) //nolint:gosec // bpf(2) takes a pointer to its union
	runtime.KeepAlive(attr)
	if no != 0 {
		return -1, no
	}
	return int(fd), nil
}

// bpfKind is a kind of objects and how it is walked.
type bpfKind struct {
	name       string
	next, byID uintptr
	size       int // of its info
	fill       func(c *collection, b *BPF, info []byte, boot time.Time)
}

func bpfKinds() []bpfKind {
	return []bpfKind{
		{"program", unix.BPF_PROG_GET_NEXT_ID, unix.BPF_PROG_GET_FD_BY_ID, 232, fillProgram},
		{"map", unix.BPF_MAP_GET_NEXT_ID, unix.BPF_MAP_GET_FD_BY_ID, 80, fillMap},
		{"link", unix.BPF_LINK_GET_NEXT_ID, unix.BPF_LINK_GET_FD_BY_ID, 64, fillLink},
	}
}

// bpf writes the "fb.bpf" snapshot.
func (c *collection) bpf(ctx context.Context) error {
	e := c.exhibit("eBPF programs, maps and links", "bpf(2)", FormatBPF, "bpf(2) in this process, commands that look only; no map's content is read")
	return c.snapshot(ctx, e, func(r *rows) error {
		held := map[string][]Held{}
		blind, err := c.eachHolder(ctx, func(h holder) error {
			return eachFD(h, func(fd int, link string) error {
				if !strings.HasPrefix(link, "anon_inode:bpf") {
					return nil
				}
				id := (&openOf{c: c, h: h}).object(fd)
				if len(held[id]) < maxHolders {
					held[id] = append(held[id], Held{PID: h.pid, FD: fd, Comm: h.comm})
				}
				return nil
			})
		})
		if err != nil {
			return err
		}
		if blind > 0 {
			c.refuse("/proc/*/fd", refuse("descriptors of %d processes: permission denied; their eBPF objects have no owner here", blind))
		}
		boot := monotonicZero(c.Now())
		for _, k := range bpfKinds() {
			if err := c.bpfObjects(ctx, k, held, boot, r); err != nil {
				return err
			}
		}
		return nil
	})
}

// bpfObjects writes the objects of one kind.
func (c *collection) bpfObjects(ctx context.Context, k bpfKind, held map[string][]Held, boot time.Time, r *rows) error {
	id := uint32(0)
	for range maxBPF {
		if err := ctx.Err(); err != nil {
			return err
		}
		attr := make([]byte, 16)
		binary.NativeEndian.PutUint32(attr, id)
		_, err := bpfCall(k.next, attr)
		switch {
		case errors.Is(err, unix.ENOENT):
			return nil
		case errors.Is(err, unix.EINVAL) && k.name == "link", errors.Is(err, unix.ENOSYS):
			c.refuse("bpf(2) "+k.name+"s", refuse("this kernel does not tell"))
			return nil
		case err != nil:
			c.refuse("bpf(2) "+k.name+"s", explain(err))
			return nil
		}
		id = binary.NativeEndian.Uint32(attr[4:])
		b := BPF{Kind: k.name, ID: id, Owners: held[bpfHeldKey(k.name, id)]}
		info, err := bpfInfo(k, id)
		if errors.Is(err, unix.ENOENT) {
			continue // it has gone
		}
		if err != nil {
			b.Refused = explain(err).Error()
		} else {
			k.fill(c, &b, info, boot)
		}
		if err := r.add(b); err != nil {
			return err
		}
	}
	r.noteOnce(fmt.Sprintf("more than %d eBPF %ss: the rest is not listed", maxBPF, k.name))
	return nil
}

// bpfHeldKey is how /proc/PID/fdinfo names an object.
func bpfHeldKey(kind string, id uint32) string {
	return map[string]string{"program": "prog_id", "map": "map_id", "link": "link_id"}[kind] + fmt.Sprintf(" %d", id)
}

// bpfInfo asks for what the kernel knows of an object. For a program the ids of
// its maps are appended to the info.
func bpfInfo(k bpfKind, id uint32) ([]byte, error) {
	attr := make([]byte, 16)
	binary.NativeEndian.PutUint32(attr, id)
	fd, err := bpfCall(k.byID, attr)
	if err != nil {
		return nil, err
	}
	defer func() { _ = unix.Close(fd) }()
	info := make([]byte, k.size)
	maps := make([]byte, 4*maxBPFMaps)
	if k.name == "program" {
		binary.NativeEndian.PutUint32(info[52:], maxBPFMaps)
		binary.NativeEndian.PutUint64(info[56:], uint64(uintptr(unsafe.Pointer(&maps[0])))) //nolint:gosec // where the kernel puts the ids
	}
	var pin runtime.Pinner
	defer pin.Unpin()
	pin.Pin(&info[0])
	pin.Pin(&maps[0])
	ask := make([]byte, 16)
	binary.NativeEndian.PutUint32(ask, uint32(fd))                                    //nolint:gosec // a descriptor
	binary.NativeEndian.PutUint32(ask[4:], uint32(len(info)))                         //nolint:gosec // some hundred bytes
	binary.NativeEndian.PutUint64(ask[8:], uint64(uintptr(unsafe.Pointer(&info[0])))) //nolint:gosec // where the kernel puts the info
	if _, err := bpfCall(unix.BPF_OBJ_GET_INFO_BY_FD, ask); err != nil {
		return nil, err
	}
	if k.name == "program" {
		info = append(info, maps...)
	}
	return info, nil
}

// fillProgram reads a struct bpf_prog_info with the map ids behind it.
func fillProgram(c *collection, b *BPF, info []byte, boot time.Time) {
	b.Type = bpfProgramType(native32(info))
	b.Tag = hex.EncodeToString(info[8:16])
	b.Size = native32(info[20:])
	if since := binary.NativeEndian.Uint64(info[40:]); since > 0 && !boot.IsZero() {
		b.Loaded = boot.Add(time.Duration(since)).UTC() //nolint:gosec // 2^63 ns are 292 years
	}
	b.UID = native32(info[48:])
	b.User = c.users[b.UID]
	for i := range min(native32(info[52:]), maxBPFMaps) {
		b.Maps = append(b.Maps, native32(info[232+4*i:]))
	}
	b.Name = zeroEnded(info[64:80])
	b.Raw = raw(b.Raw, "name", b.Name)
	b.Interface = native32(info[80:])
}

// fillMap reads a struct bpf_map_info.
func fillMap(_ *collection, b *BPF, info []byte, _ time.Time) {
	b.Type = bpfMapType(native32(info))
	b.Key, b.Value, b.Entries = native32(info[8:]), native32(info[12:]), native32(info[16:])
	b.Name = zeroEnded(info[24:40])
	b.Raw = raw(b.Raw, "name", b.Name)
	b.Interface = native32(info[40:])
}

// fillLink reads a struct bpf_link_info.
func fillLink(_ *collection, b *BPF, info []byte, _ time.Time) {
	b.Type, b.Program = bpfLinkType(native32(info)), native32(info[8:])
	if b.Type == "xdp" || b.Type == "tcx" || b.Type == "netkit" {
		b.Interface = native32(info[16:])
	}
}

// monotonicZero is when the kernel's monotonic clock stood at zero, by the
// machine's own clock. Time asleep is not counted by it.
func monotonicZero(now time.Time) time.Time {
	var up unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &up); err != nil {
		return time.Time{}
	}
	return now.Add(-time.Duration(up.Nano())).UTC()
}
