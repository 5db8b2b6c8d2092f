package forensics

import (
	"bufio"
	"crypto/md5"  //nolint:gosec // what dpkg's and old rpm's databases hold
	"crypto/sha1" //nolint:gosec // what apk's database holds
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"strconv"
	"strings"

	"firebreak/forensics/packages"
)

// hashOf makes a digest of a kind, nil of one that is not known.
func hashOf(algorithm string) hash.Hash {
	switch algorithm {
	case "md5":
		return md5.New() //nolint:gosec // see above
	case "sha1":
		return sha1.New() //nolint:gosec // see above
	case "sha224":
		return sha256.New224()
	case "sha256":
		return sha256.New()
	case "sha384":
		return sha512.New384()
	case "sha512":
		return sha512.New()
	}
	return nil
}

const maxIDs = 4 << 20 // bytes of passwd(5) and group(5) that are read

// idsOf reads the names and numbers of passwd(5) or group(5): the third field of
// both. Without the file no owner is compared.
func idsOf(root fs.FS, name string) map[string]uint32 {
	f, err := root.Open(name)
	if err != nil {
		return nil
	}
	defer func() { _ = f.Close() }()
	out := map[string]uint32{}
	for s := bufio.NewScanner(io.LimitReader(f, maxIDs)); s.Scan(); {
		p := strings.SplitN(s.Text(), ":", 4)
		if len(p) < 3 {
			continue
		}
		if id, err := strconv.ParseUint(p[2], 10, 32); err == nil {
			out[p[0]] = uint32(id)
		}
	}
	return out
}

// rights says how a file's rights and owner differ from what its package gave it,
// "" where they do not, or where that is not known.
func (v *verifier) rights(f packages.File, h *handle) string {
	if f.Rights == nil {
		return ""
	}
	var out []string
	if got := uint32(h.raw.Mode) & 0o7777; got != f.Rights.Mode {
		out = append(out, fmt.Sprintf("its mode is %04o, its package has %04o", got, f.Rights.Mode))
	}
	if want, known := v.users[f.Rights.User]; known && want != h.raw.Uid {
		out = append(out, fmt.Sprintf("it belongs to user %d, by its package to %s (%d)", h.raw.Uid, f.Rights.User, want))
	}
	if want, known := v.groups[f.Rights.Group]; known && want != h.raw.Gid {
		out = append(out, fmt.Sprintf("it belongs to group %d, by its package to %s (%d)", h.raw.Gid, f.Rights.Group, want))
	}
	return strings.Join(out, "; ")
}
