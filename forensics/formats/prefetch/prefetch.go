// Package prefetch reads the prefetch files of Windows: how often a program ran,
// when it did the last times, on which volumes, and what it loaded.
//
// Versions: 17 (XP, 2003), 23 (Vista, 7), 26 (8.1), 30 (10) and 31 (11), the last
// two packed ("MAM"). Times are FILETIME, UTC.
//
// Reference: libscca, Windows Prefetch File (PF) format; [MS-XCA].
package prefetch

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"firebreak/forensics/formats/le"
	"firebreak/forensics/formats/xpress"
)

// ErrFormat says that it is no prefetch file.
var ErrFormat = errors.New("no prefetch file")

// Limits.
const (
	maxSize    = 64 << 20
	maxVolumes = 1024
	maxFiles   = 4096
	maxPath    = 4096
)

// Run is when the program was started.
type Run struct {
	Offset int64 // in the unpacked file
	Time   time.Time
}

// Volume is one that the program read from.
type Volume struct {
	Offset  int64
	Device  string
	Serial  string
	Created time.Time // zero where there is none
}

// File is a prefetch file.
type File struct {
	Version  int
	Packed   bool
	Name     string // of the program, cut to 29 characters
	Hash     string // of its path and, for some, its command line
	Count    int    // how often it ran
	Runs     []Run  // the last first
	Volumes  []Volume
	Files    []string // that it loaded
	More     bool     // there were more of them
	Problems []string // what could not be read
}

// Exe is the path of the program, "" where no file that it loaded has its name.
func (f *File) Exe() string {
	for _, p := range f.Files {
		base := p[strings.LastIndexByte(p, '\\')+1:]
		if f.Name != "" && (strings.EqualFold(base, f.Name) || len(f.Name) >= 28 && strings.HasPrefix(strings.ToUpper(base), strings.ToUpper(f.Name))) {
			return p
		}
	}
	return ""
}

// Is knows one by its beginning.
func Is(head []byte) bool {
	b := le.Bytes(head)
	return packed(b) || len(b) >= 84 && string(b[4:8]) == "SCCA" && layoutOf(b) != nil
}

func packed(b le.Bytes) bool {
	return len(b) > 8 && string(b[:3]) == "MAM" && b[3]&0x7f == 4 && b.U32(4) <= maxSize
}

// layout is where things stand in a version.
type layout struct {
	version      int
	times, runs  int
	count        int
	volume       int
	newerIfBelow int // where the metrics begin lower than that, the count stands 8 earlier
}

func layoutOf(b le.Bytes) *layout {
	for _, l := range []layout{{17, 120, 1, 144, 40, 0}, {23, 128, 1, 152, 104, 0}, {26, 128, 8, 208, 104, 0}, {30, 128, 8, 208, 96, 300}, {31, 128, 8, 208, 96, 300}} {
		if l.version == int(b.U32(0)) {
			if b.Int(84) < l.newerIfBelow {
				l.count -= 8
			}
			return &l
		}
	}
	return nil
}

// Read reads one.
func Read(r io.ReaderAt, size int64) (*File, error) {
	if size > maxSize {
		return nil, fmt.Errorf("%w: it is larger than %d MiB", ErrFormat, maxSize>>20)
	}
	b := make(le.Bytes, size)
	if n, err := r.ReadAt(b, 0); int64(n) < size {
		return nil, fmt.Errorf("read it: %w", err)
	}
	f := &File{}
	if packed(b) {
		f.Packed = true
		want, at := b.Int(4), 8
		if b[3]&0x80 != 0 {
			at += 4 // a checksum
		}
		out, err := xpress.Huffman(b.From(at), want)
		if err != nil {
			f.problem("%v: %d of %d bytes were read", err, len(out), want)
		}
		b = out
	}
	l := layoutOf(b)
	if l == nil || string(b.Cut(4, 4)) != "SCCA" {
		return nil, fmt.Errorf("%w: version %d", ErrFormat, b.U32(0))
	}
	f.Version, f.Name, f.Hash = l.version, b.Wide(16, 60), fmt.Sprintf("%08X", b.U32(76))
	if !b.Has(l.count, 4) {
		f.problem("it is cut: the times of the runs are missing")
		return f, nil
	}
	f.Count = int(b.U32(l.count))
	for i := range l.runs {
		at := l.times + 8*i
		if t, ok := b.Filetime(at); ok {
			f.Runs = append(f.Runs, Run{int64(at), t})
		}
	}
	f.files(b)
	f.volumes(b, l.volume)
	return f, nil
}

func (f *File) problem(format string, a ...any) {
	f.Problems = append(f.Problems, fmt.Sprintf(format, a...))
}

func (f *File) files(b le.Bytes) {
	s := b.Cut(b.Int(100), b.Int(104))
	if s == nil && b.Int(104) != 0 {
		f.problem("the names of the files that it loaded are missing")
		s = b.From(b.Int(100))
	}
	for at := 0; at+1 < len(s); {
		name, n := s.WideZ(at, maxPath)
		if at += n; name == "" {
			continue
		}
		if len(f.Files) == maxFiles {
			f.More = true
			return
		}
		f.Files = append(f.Files, name)
	}
}

func (f *File) volumes(b le.Bytes, size int) {
	at, n := b.Int(108), b.Int(112)
	for i := range min(n, maxVolumes) {
		here := at + i*size
		v := b.Cut(here, size)
		if at < 0 || v == nil {
			f.problem("%d of %d volumes are missing", n-i, n)
			return
		}
		vol := Volume{Offset: int64(here), Serial: fmt.Sprintf("%08X", v.U32(16))}
		vol.Created, _ = v.Filetime(8)
		if d := v.Int(0); d >= 0 {
			vol.Device = b.Wide(at+d, min(max(v.Int(4), 0), maxPath)*2)
		}
		f.Volumes = append(f.Volumes, vol)
	}
	if n > maxVolumes {
		f.problem("%d of %d volumes were not read", n-maxVolumes, n)
	}
}
