package rpm

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"path"
)

// File is a file that a package brought, as its header says.
type File struct {
	Path      string
	Mode      uint16 // type and rights, as of stat(2)
	Size      int64
	Digest    []byte // nil: none, as of folders and links
	Algorithm string // of the digest: md5, sha1, sha224, sha256, sha384, sha512
	User      string
	Group     string
	Link      string // where a link leads
	Config    bool   // people change it
	Ghost     bool   // it is made later, and need not be there
}

// Flags of a file, as rpmfiles.h has them.
const (
	flagConfig = 1 << 0
	flagGhost  = 1 << 6
	maxOfFiles = 4 << 20 // files of one package
)

// Tags of files.
const (
	tagFileSizes, tagFileModes, tagFileDigests, tagFileLinks   = 1028, 1030, 1035, 1036
	tagFileFlags, tagFileUser, tagFileGroup, tagFileAlgorithm  = 1037, 1039, 1040, 5011
	tagDirIndexes, tagBaseNames, tagDirNames, tagLongFileSizes = 1116, 1117, 1118, 5008
)

// Files tells the files of a package whose header was read.
func Files(header []byte, tell func(File) error) error {
	if _, err := Read(header); err != nil {
		return err
	}
	tags, size := binary.BigEndian.Uint32(header), binary.BigEndian.Uint32(header[4:])
	index, values := header[8:8+tags*16], header[8+tags*16:][:size]
	has := map[uint32]entry{}
	for ; len(index) > 0; index = index[16:] {
		at := binary.BigEndian.Uint32(index[8:])
		if uint64(at) > uint64(len(values)) {
			continue
		}
		has[binary.BigEndian.Uint32(index)] = entry{binary.BigEndian.Uint32(index[4:]), binary.BigEndian.Uint32(index[12:]), values[at:]}
	}
	folders := texts(has[tagDirNames])
	algorithm, _ := has[tagFileAlgorithm].number()
	names := reader{e: has[tagBaseNames]}
	old := names.e.count == 0
	if old {
		names.e = has[tagOldFiles] // before rpm 4
	}
	digests, links := reader{e: has[tagFileDigests]}, reader{e: has[tagFileLinks]}
	users, groups := reader{e: has[tagFileUser]}, reader{e: has[tagFileGroup]}
	for i := range min(int(names.e.count), maxOfFiles) {
		name, ok := names.next()
		if !ok {
			return nil
		}
		f := File{Path: name}
		if !old {
			f.Path = path.Join(pick(folders, has[tagDirIndexes].at(i)), name)
		}
		sum, _ := digests.next()
		f.Link, _ = links.next()
		f.User, _ = users.next()
		f.Group, _ = groups.next()
		if f.Digest, f.Algorithm = digestOf(sum, algorithm); f.Digest == nil {
			f.Algorithm = ""
		}
		f.Mode = uint16(has[tagFileModes].at(i)) //nolint:gosec // 16 bits
		f.Size = max(has[tagFileSizes].at(i), has[tagLongFileSizes].at(i))
		flags := has[tagFileFlags].at(i)
		f.Config, f.Ghost = flags&flagConfig != 0, flags&flagGhost != 0
		if f.Path == "" { // of a damaged header
			continue
		}
		if err := tell(f); err != nil {
			return err
		}
	}
	return nil
}

// digestOf reads a digest; the number of its kind is that of OpenPGP, none is MD5.
func digestOf(sum string, algorithm int64) (b []byte, name string) {
	kinds := map[int64]struct {
		name string
		size int
	}{0: {"md5", 16}, 1: {"md5", 16}, 2: {"sha1", 20}, 8: {"sha256", 32}, 9: {"sha384", 48}, 10: {"sha512", 64}, 11: {"sha224", 28}}
	k := kinds[algorithm]
	b, err := hex.DecodeString(sum)
	if err != nil || len(b) != k.size || k.size == 0 {
		return nil, ""
	}
	return b, k.name
}

func pick(list []string, i int64) string {
	if i < 0 || i >= int64(len(list)) {
		return "/"
	}
	return list[i]
}

// at is the i-th number of a value; 0 where there is none.
func (e entry) at(i int) int64 {
	if i >= int(e.count) {
		return 0
	}
	switch {
	case e.kind == 3 && len(e.b) >= 2*(i+1):
		return int64(binary.BigEndian.Uint16(e.b[2*i:]))
	case e.kind == 4 && len(e.b) >= 4*(i+1):
		return int64(binary.BigEndian.Uint32(e.b[4*i:]))
	case e.kind == 5 && len(e.b) >= 8*(i+1):
		return int64(binary.BigEndian.Uint64(e.b[8*i:])) //nolint:gosec // sizes of files
	}
	return 0
}

// reader gives the texts of a list one behind the other.
type reader struct {
	e entry
	n uint32
}

func (r *reader) next() (string, bool) {
	if r.e.kind != 8 || r.n >= r.e.count {
		return "", false
	}
	end := bytes.IndexByte(r.e.b, 0)
	if end < 0 || end > maxText {
		r.n = r.e.count
		return "", false
	}
	s := string(r.e.b[:end])
	r.e.b = r.e.b[end+1:]
	r.n++
	return s, true
}

func texts(e entry) []string {
	var out []string
	r := reader{e: e}
	for {
		s, ok := r.next()
		if !ok {
			return out
		}
		out = append(out, s)
	}
}
