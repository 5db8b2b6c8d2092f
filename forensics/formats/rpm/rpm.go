// Package rpm reads the headers of installed packages as rpm's database keeps
// them: an index of tags, and their values behind it, big endian.
//
// Reference: rpm, docs/manual/format_header.md and include/rpm/rpmtag.h.
package rpm

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
)

// ErrDamaged is returned for bytes that are no header.
var ErrDamaged = errors.New("damaged header of a package")

// Limits of a header: rpm's own are 65,535 tags and 256 MiB.
const (
	maxTags = 0xffff
	maxText = 64 << 10 // bytes of one text
)

// Package is what a header says of a package.
type Package struct {
	Name, Epoch, Version, Release, Arch string
	Summary, Vendor, Packager, License  string
	BuildHost, SourceRPM                string
	InstallTime, BuildTime              int64 // seconds since 1970, 0 where there is none
	InstallTID                          int64 // of the transaction: as a rule its time
	Size                                int64 // bytes of its files
	Files                               int
	Signed                              bool // its header has a signature; nobody has checked it
}

// Tags of a header.
const (
	tagSigPGP, tagSigGPG, tagDSA, tagRSA, tagOpenPGP = 259, 262, 267, 268, 278
	tagName, tagVersion, tagRelease, tagEpoch        = 1000, 1001, 1002, 1003
	tagSummary, tagBuildTime, tagBuildHost           = 1004, 1006, 1007
	tagInstallTime, tagSize, tagVendor               = 1008, 1009, 1011
	tagLicense, tagPackager, tagArch                 = 1014, 1015, 1022
	tagOldFiles, tagSourceRPM                        = 1027, 1044
	tagBasenames, tagInstallTID, tagLongSize         = 1117, 1128, 5009
)

// EVR is the package's version as rpm writes it: [EPOCH:]VERSION-RELEASE.
func (p Package) EVR() string {
	s := p.Version + "-" + p.Release
	if p.Epoch != "" && p.Epoch != "0" {
		s = p.Epoch + ":" + s
	}
	return s
}

// Read reads a header: the number of tags, the bytes of values, the index, and
// the values. Tags that it does not know cost nothing.
func Read(b []byte) (Package, error) {
	var p Package
	if len(b) < 8 {
		return p, fmt.Errorf("%w: %d bytes", ErrDamaged, len(b))
	}
	tags, size := binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
	if tags == 0 || tags > maxTags || uint64(tags)*16+uint64(size) > uint64(len(b)-8) { //nolint:gosec // at least 8
		return p, fmt.Errorf("%w: %d tags and %d bytes of values in %d", ErrDamaged, tags, size, len(b))
	}
	index, values := b[8:8+tags*16], b[8+tags*16:][:size]
	for ; len(index) > 0; index = index[16:] {
		e := entry{
			kind: binary.BigEndian.Uint32(index[4:]), count: binary.BigEndian.Uint32(index[12:]),
		}
		at := binary.BigEndian.Uint32(index[8:])
		if uint64(at) > uint64(len(values)) {
			continue // a region's trailer may point elsewhere
		}
		e.b = values[at:]
		p.take(binary.BigEndian.Uint32(index), e)
	}
	if p.Name == "" || p.Version == "" {
		return p, fmt.Errorf("%w: it has no name and version", ErrDamaged)
	}
	return p, nil
}

// entry is a tag's value.
type entry struct {
	kind, count uint32
	b           []byte
}

func (p *Package) take(tag uint32, e entry) {
	switch tag {
	case tagName:
		p.Name = e.text()
	case tagVersion:
		p.Version = e.text()
	case tagRelease:
		p.Release = e.text()
	case tagEpoch:
		if n, ok := e.number(); ok {
			p.Epoch = strconv.FormatInt(n, 10)
		}
	case tagArch:
		p.Arch = e.text()
	case tagSummary:
		p.Summary = e.text()
	case tagVendor:
		p.Vendor = e.text()
	case tagPackager:
		p.Packager = e.text()
	case tagLicense:
		p.License = e.text()
	case tagBuildHost:
		p.BuildHost = e.text()
	case tagSourceRPM:
		p.SourceRPM = e.text()
	case tagInstallTime:
		p.InstallTime, _ = e.number()
	case tagBuildTime:
		p.BuildTime, _ = e.number()
	case tagInstallTID:
		p.InstallTID, _ = e.number()
	case tagSize, tagLongSize:
		p.Size, _ = e.number()
	case tagBasenames, tagOldFiles:
		p.Files = int(min(e.count, uint32(len(e.b)))) //nolint:gosec // a name has a byte at least
	case tagSigPGP, tagSigGPG, tagDSA, tagRSA, tagOpenPGP:
		p.Signed = p.Signed || e.count > 0
	}
}

// text is a text, or the first of several.
func (e entry) text() string {
	if e.kind != 6 && e.kind != 8 && e.kind != 9 { // string, array of strings, translated string
		return ""
	}
	b := e.b[:min(len(e.b), maxText)]
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	return string(b)
}

// number is the first of a value of 32 or 64 bits.
func (e entry) number() (int64, bool) {
	switch {
	case e.count == 0:
	case e.kind == 4 && len(e.b) >= 4:
		return int64(binary.BigEndian.Uint32(e.b)), true
	case e.kind == 5 && len(e.b) >= 8:
		return int64(binary.BigEndian.Uint64(e.b)), true //nolint:gosec // sizes of files
	}
	return 0, false
}
