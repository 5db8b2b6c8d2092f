// Package disk tells what an image of a disk holds: a file system at once, or
// partitions by a table (MBR with its chain of logical ones, GPT), and of which
// kind each is. It reads no file system.
//
// Reference: UEFI specification 2.10, 5.3 (GPT); for the MBR, the layout that
// every system writes: four entries of 16 bytes at 446. Sectors have 512 or 4096
// bytes.
package disk

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"unicode/utf16"

	"firebreak/forensics/formats/ext4"
)

// Volume is a part of an image.
type Volume struct {
	Number int // of the partition, from 1; 0 is the whole image
	Offset int64
	Size   int64
	Kind   string // ext, xfs, btrfs, ntfs, fat, luks, lvm, swap, …; "" is unknown
	Name   string // what the table calls it; foreign text
}

// maxPartitions bounds a table.
const maxPartitions = 512

// Kind says what begins with those bytes (128 KiB are plenty), "" for what is not
// known. An image in a form of its own (qcow2, VHDX, EWF…) is named by it.
func Kind(head []byte) string {
	at := func(off int, magic string) bool {
		return len(head) >= off+len(magic) && string(head[off:off+len(magic)]) == magic
	}
	switch {
	case at(0, "QFI\xfb"):
		return "qcow2"
	case at(0, "vhdxfile"):
		return "vhdx"
	case at(0, "conectix"):
		return "vhd"
	case at(0, "EVF\x09\x0d\x0a\xff\x00"):
		return "ewf"
	case at(0, "KDMV"), at(0, "# Disk DescriptorFile"):
		return "vmdk"
	case ext4.Is(head):
		return "ext"
	case at(0, "XFSB"):
		return "xfs"
	case at(0x10040, "_BHRfS_M"):
		return "btrfs"
	case at(0, "LUKS\xba\xbe"):
		return "luks"
	case at(512+24, "LVM2 001"), at(24, "LVM2 001"):
		return "lvm"
	case at(3, "NTFS    "):
		return "ntfs"
	case at(3, "-FVE-FS-"):
		return "bitlocker"
	case at(3, "EXFAT   "):
		return "exfat"
	case at(0, "hsqs"):
		return "squashfs"
	case at(0x400, "\x10\x20\xf5\xf2"):
		return "f2fs"
	case at(32, "NXSB"):
		return "apfs"
	case at(0x400, "H+"), at(0x400, "HX"):
		return "hfs"
	case at(0x8001, "CD001"):
		return "iso9660"
	case at(4086, "SWAPSPACE2"):
		return "swap"
	case at(54, "FAT1"), at(82, "FAT32   "):
		return "fat"
	case len(head) > 264 && binary.LittleEndian.Uint32(head) == 0x00bab10c:
		return "zfs"
	case at(4096, "\xfc\x4e\x2b\xa9"), at(0, "\xfc\x4e\x2b\xa9"):
		return "raid"
	}
	return ""
}

// Hint is what to do with a kind that is not read, "" for ext.
func Hint(kind string) string {
	switch kind {
	case "ext":
		return ""
	case "qcow2", "vhdx", "vhd", "vmdk":
		return "convert it to a raw image (qemu-img convert -O raw), or attach it read-only and give its mount point"
	case "ewf":
		return "mount it with ewfmount and give the raw file"
	case "luks", "bitlocker":
		return "it is encrypted: open it read-only and give the open device"
	case "lvm", "raid":
		return "activate it read-only and give the volume's device or its mount point"
	case "swap":
		return "it holds no files"
	case "":
		return "no known file system"
	case "ntfs":
		return "mount it read-only (ntfs-3g -o ro,show_sys_files,streams_interface=windows) and give its mount point"
	case "fat":
		return "mount it read-only (ro) and give its mount point"
	}
	return "mount it read-only (ro, noload) and give its mount point"
}

// Volumes lists what an image holds. One without a table is one volume. A table
// that is damaged gives what could be read beside the error.
func Volumes(r io.ReaderAt, size int64) ([]Volume, error) {
	whole, err := volume(r, Volume{Size: size})
	if err != nil {
		return nil, err
	}
	if whole.Kind != "" {
		return []Volume{whole}, nil
	}
	mbr := make([]byte, 512)
	if err := read(r, mbr, 0); err != nil || mbr[510] != 0x55 || mbr[511] != 0xaa {
		return []Volume{whole}, nil //nolint:nilerr // too short for a table
	}
	for _, sector := range []int64{512, 4096} {
		if list, ok, err := gpt(r, size, sector); ok {
			return list, err
		}
	}
	list, err := chain(r, size, mbr)
	if len(list) == 0 && err == nil {
		return []Volume{whole}, nil
	}
	return list, err
}

// volume finds out of which kind a part is.
func volume(r io.ReaderAt, v Volume) (Volume, error) {
	head := make([]byte, min(v.Size, 128<<10))
	if err := read(r, head, v.Offset); err != nil {
		return v, fmt.Errorf("read at %d: %w", v.Offset, err)
	}
	v.Kind = Kind(head)
	return v, nil
}

func read(r io.ReaderAt, b []byte, off int64) error {
	n, err := r.ReadAt(b, off)
	if n == len(b) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// within cuts a partition at the end of the image.
func within(r io.ReaderAt, size int64, v Volume) (Volume, error) {
	if v.Offset <= 0 || v.Offset >= size || v.Size <= 0 {
		return v, fmt.Errorf("partition %d begins at %d, the image has %d bytes", v.Number, v.Offset, size)
	}
	v.Size = min(v.Size, size-v.Offset)
	return volume(r, v)
}

// chain reads the four primary partitions, and the logical ones: each extended
// sector has one, and where the next stands.
func chain(r io.ReaderAt, size int64, mbr []byte) (list []Volume, err error) {
	const sector = 512
	for i := range 4 {
		e := mbr[446+16*i:]
		kind, start, count := e[4], int64(binary.LittleEndian.Uint32(e[8:])), int64(binary.LittleEndian.Uint32(e[12:]))
		switch kind {
		case 0:
			continue
		case 0x05, 0x0f, 0x85:
			more, e := logical(r, size, start*sector)
			list, err = append(list, more...), errors.Join(err, e)
			continue
		}
		v, e2 := within(r, size, Volume{Number: i + 1, Offset: start * sector, Size: count * sector})
		if e2 != nil {
			err = errors.Join(err, e2)
			continue
		}
		list = append(list, v)
	}
	return list, err
}

func logical(r io.ReaderAt, size, base int64) (list []Volume, err error) {
	const sector = 512
	seen := map[int64]bool{}
	b := make([]byte, 512)
	for at, number := base, 5; !seen[at] && number < maxPartitions; number++ {
		seen[at] = true
		if err := read(r, b, at); err != nil || b[510] != 0x55 || b[511] != 0xaa {
			return list, fmt.Errorf("the chain of logical partitions is cut at %d", at)
		}
		e, next := b[446:], b[462:]
		if e[4] != 0 {
			v, e2 := within(r, size, Volume{
				Number: number, Offset: at + int64(binary.LittleEndian.Uint32(e[8:]))*sector, Size: int64(binary.LittleEndian.Uint32(e[12:])) * sector,
			})
			if e2 != nil {
				return list, e2
			}
			list = append(list, v)
		}
		if next[4] == 0 {
			return list, nil
		}
		at = base + int64(binary.LittleEndian.Uint32(next[8:]))*sector
	}
	return list, errors.New("the chain of logical partitions is a loop")
}

// gpt reads the table behind the protective MBR. ok is false where there is none.
func gpt(r io.ReaderAt, size, sector int64) (list []Volume, ok bool, err error) {
	le := binary.LittleEndian
	h := make([]byte, 92)
	if read(r, h, sector) != nil || string(h[:8]) != "EFI PART" {
		return nil, false, nil
	}
	at, count, each := int64(le.Uint64(h[72:])), le.Uint32(h[80:]), int64(le.Uint32(h[84:])) //nolint:gosec // judged below
	if each < 128 || each > 4096 || at <= 0 || at > size/sector {
		return nil, true, errors.New("the GPT says what cannot be")
	}
	b := make([]byte, each)
	for i := range min(count, maxPartitions) {
		if err := read(r, b, at*sector+int64(i)*each); err != nil {
			return list, true, fmt.Errorf("entry %d of the GPT: %w", i+1, err)
		}
		if bytes.Equal(b[:16], make([]byte, 16)) {
			continue
		}
		first, last := int64(le.Uint64(b[32:])), int64(le.Uint64(b[40:])) //nolint:gosec // judged in within
		if first <= 0 || first > size/sector || last < first {
			err = errors.Join(err, fmt.Errorf("partition %d lies outside of the image", i+1))
			continue
		}
		last = min(last, size/sector)
		v, e := within(r, size, Volume{Number: int(i) + 1, Offset: first * sector, Size: (last - first + 1) * sector, Name: name(b[56:128])})
		if e != nil {
			err = errors.Join(err, e)
			continue
		}
		list = append(list, v)
	}
	return list, true, err
}

// name is UTF-16 up to its first zero.
func name(b []byte) string {
	var u []uint16
	for i := 0; i+1 < len(b); i += 2 {
		c := binary.LittleEndian.Uint16(b[i:])
		if c == 0 {
			break
		}
		u = append(u, c)
	}
	return string(utf16.Decode(u))
}
