// Package lnk reads shell links of Windows (.lnk), alone or out of jump lists:
// what they point at, its times when the link was written, the volume or share,
// the machine that the target lay on, and what the link runs.
//
// Times are FILETIME, UTC; those of shell items are FAT's, 2 s, UTC by what
// Windows writes. A link that is cut is read as far as it goes.
//
// Reference: [MS-SHLLINK] 8.0; libfwsi, Windows Shell Item format, for the items
// of files.
package lnk

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"firebreak/forensics/formats/le"
)

// ErrFormat says that it is no link.
var ErrFormat = errors.New("no shell link")

const (
	headerSize = 76
	class      = "\x01\x14\x02\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x46"
	maxItems   = 256
	maxBlocks  = 64
	maxText    = 32 << 10 // characters of one text
)

// Signature is what a link begins with.
const Signature = "\x4c\x00\x00\x00" + class

// Class is the link's class, which stands before links in other files.
const Class = class

// Flags of the header.
const (
	hasItems = 1 << iota
	hasInfo
	hasName
	hasRelative
	hasWorkingDir
	hasArguments
	hasIcon
	isUnicode
	noInfo
)

// Tracker is what the distributed link tracking service knows of the target.
type Tracker struct {
	Machine                string
	Volume, File           string // object ids
	BirthVolume, BirthFile string
	Made                   time.Time // of the file's object id; zero where it holds none
	MAC                    string    // of the machine that made it
	Offset                 int
}

// Link is one.
type Link struct {
	Size                       int // bytes that it takes
	Flags, Attributes          uint32
	Created, Accessed, Written time.Time
	FileSize                   uint32
	Show                       uint32
	HotKey                     uint16

	Path        string // of the target, the best that is known
	ItemPath    string // … by the shell items
	LocalPath   string // … by the volume
	Share       string // … of the network
	Environment string // … with variables of the environment

	Name, Relative, WorkingDir, Arguments, Icon string

	DriveType    uint32
	VolumeSerial string
	VolumeLabel  string
	MFT          uint64 // record of the target, by its shell item; 0 is none
	MFTSequence  uint16
	Tracker      *Tracker
	Problems     []string
}

// Is knows a link by its beginning.
func Is(head []byte) bool {
	return len(head) >= headerSize && string(head[:len(Signature)]) == Signature
}

// Read reads a link at the beginning of b.
func Read(b []byte) (*Link, error) {
	in := le.Bytes(b)
	if !Is(b) {
		return nil, ErrFormat
	}
	l := &Link{
		Flags: in.U32(20), Attributes: in.U32(24), FileSize: in.U32(52), Show: in.U32(60), HotKey: in.U16(64),
	}
	l.Created, _ = in.Filetime(28)
	l.Accessed, _ = in.Filetime(36)
	l.Written, _ = in.Filetime(44)
	at := headerSize
	if l.Flags&hasItems != 0 {
		n := int(in.U16(at))
		l.items(in.Cut(at+2, n))
		at += 2 + n
	}
	if l.Flags&hasInfo != 0 && l.Flags&noInfo == 0 {
		n := in.Int(at)
		if n < 4 || !in.Has(at, n) {
			return l.cut(in, "the link's information")
		}
		l.info(in.Cut(at, n))
		at += n
	}
	for _, s := range []struct {
		flag uint32
		to   *string
	}{{hasName, &l.Name}, {hasRelative, &l.Relative}, {hasWorkingDir, &l.WorkingDir}, {hasArguments, &l.Arguments}, {hasIcon, &l.Icon}} {
		if l.Flags&s.flag == 0 {
			continue
		}
		n := int(in.U16(at))
		if !in.Has(at, 2) {
			return l.cut(in, "its texts")
		}
		at += 2
		if l.Flags&isUnicode != 0 {
			*s.to = in.Wide(at, min(2*n, maxText*2))
			n *= 2
		} else {
			*s.to = in.Narrow(at, min(n, maxText))
		}
		if !in.Has(at, n) {
			return l.cut(in, "its texts")
		}
		at += n
	}
	for range maxBlocks {
		n := in.Int(at)
		if n >= 0 && n < 4 {
			at += 4
			break
		}
		if n < 8 || !in.Has(at, n) {
			if at < len(in) { // the end is missing, or what follows is another's
				l.problem("its last blocks")
			}
			break
		}
		l.extra(in.Cut(at, n), at)
		at += n
	}
	l.Size = min(at, len(in))
	l.settle()
	return l, nil
}

func (l *Link) problem(what string) {
	l.Problems = append(l.Problems, what+" cannot be read")
}

func (l *Link) cut(in le.Bytes, what string) (*Link, error) {
	l.problem(what)
	l.Size = len(in)
	l.settle()
	return l, nil
}

// settle chooses the path that says most.
func (l *Link) settle() {
	for _, p := range []string{l.LocalPath, l.Share, l.Environment, l.ItemPath, l.Relative} {
		if l.Path = p; p != "" {
			return
		}
	}
}

// info is the structure LinkInfo.
func (l *Link) info(b le.Bytes) {
	head, flags := b.Int(4), b.U32(8)
	text := func(narrow, wide int) string {
		if head >= 0x24 && b.Int(wide) > 0 {
			s, _ := b.WideZ(b.Int(wide), maxText)
			return s
		}
		if n := b.Int(narrow); n > 0 {
			return b.Narrow(n, len(b))
		}
		return ""
	}
	suffix := text(24, 32)
	if flags&1 != 0 {
		if v := b.From(b.Int(12)); v != nil {
			l.DriveType, l.VolumeSerial = v.U32(4), fmt.Sprintf("%08X", v.U32(8))
			if n := v.Int(12); n == 0x14 {
				l.VolumeLabel, _ = v.WideZ(v.Int(16), 512)
			} else if n > 0 {
				l.VolumeLabel = v.Narrow(n, 256)
			}
		}
		l.LocalPath = text(16, 28) + suffix
	}
	if flags&2 != 0 {
		n := b.From(b.Int(20))
		l.Share = n.Narrow(n.Int(8), 1024)
		if n.Int(8) > 0x14 {
			if s, _ := n.WideZ(n.Int(20), maxText); s != "" {
				l.Share = s
			}
		}
		if suffix != "" && l.Share != "" {
			l.Share = strings.TrimSuffix(l.Share, `\`) + `\` + suffix
		}
	}
}

// ItemPath is the path that a list of shell items names, as far as its parts are
// files, volumes and places in the network; "" where none is.
func ItemPath(items []byte) string {
	var l Link
	l.items(items)
	return l.ItemPath
}

// items are the shell items, from the desktop to the target.
func (l *Link) items(b le.Bytes) {
	var path []string
	for range maxItems {
		n := int(b.U16(0))
		if n < 2 || n > len(b) {
			break
		}
		it := b[2:n]
		b = b[n:]
		switch it.U8(0) & 0x70 {
		case 0x20: // a volume
			if s := it.Narrow(1, 3); len(s) >= 2 && s[1] == ':' {
				path = append(path, strings.TrimSuffix(s, `\`))
			}
		case 0x30: // a file or a folder
			path = append(path, l.file(it))
		case 0x40: // a place in the network
			if s := it.Narrow(3, 260); s != "" {
				path = []string{s}
			}
		}
	}
	l.ItemPath = strings.Join(path, `\`)
}

// file is the name in the item of a file; the last one's record is the target's.
func (l *Link) file(it le.Bytes) string {
	name := it.Narrow(12, 260)
	if it.U8(0)&4 != 0 {
		name, _ = it.WideZ(12, 520)
	}
	l.MFT, l.MFTSequence = 0, 0
	ext := int(it.U16(len(it) - 2)) // where the block stands, with the item's size before it
	e := it.From(ext - 2)
	if ext < 14 || e == nil || e.U32(4) != 0xbeef0004 {
		return name
	}
	at := 18
	if v := e.U16(2); v >= 7 {
		l.MFT, l.MFTSequence = e.U64(20)&(1<<48-1), e.U16(26)
		at = 36
	} else if v < 3 {
		return name
	}
	at += 2 // the size of a second text
	if e.U16(2) >= 9 {
		at += 4
	}
	if e.U16(2) >= 8 {
		at += 4
	}
	if s, _ := e.WideZ(at, 520); s != "" {
		return s
	}
	return name
}

// extra is one of the blocks behind the texts.
func (l *Link) extra(b le.Bytes, at int) {
	switch b.U32(4) {
	case 0xa0000001:
		if l.Environment = b.Wide(268, 520); l.Environment == "" {
			l.Environment = b.Narrow(8, 260)
		}
	case 0xa0000003:
		l.Tracker = NewTracker(b.Narrow(16, 16), b.From(32))
		l.Tracker.Offset = at
	}
}

// NewTracker reads the four ids: volume and file, then those at its birth.
func NewTracker(machine string, ids le.Bytes) *Tracker {
	t := &Tracker{Machine: machine, Volume: ids.GUID(0), File: ids.GUID(16), BirthVolume: ids.GUID(32), BirthFile: ids.GUID(48)}
	for _, at := range []int{48, 16} {
		if made, mac, ok := uuidTime(ids.Cut(at, 16)); ok {
			t.Made, t.MAC = made, mac
			break
		}
	}
	return t
}

// uuidTime is when and where a UUID of version 1 was made (RFC 9562, 5.1).
func uuidTime(b le.Bytes) (time.Time, string, bool) {
	if b.U16(6)>>12 != 1 || b.U8(8)&0xc0 != 0x80 {
		return time.Time{}, "", false
	}
	n := uint64(b.U32(0)) | uint64(b.U16(4))<<32 | uint64(b.U16(6)&0xfff)<<48
	const gregorian = 5748192000000000 // from October 1582 to 1601
	if n <= gregorian {
		return time.Time{}, "", false
	}
	t, ok := le.Filetime(n - gregorian)
	m := b[10:16]
	return t, fmt.Sprintf("%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]), ok
}
