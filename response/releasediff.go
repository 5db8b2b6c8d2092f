package response

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"firebreak/record"
)

// maxCopy is how large a copy is that is looked at for what differs.
const maxCopy = 64 << 20

// whatDiffers says where a file that was made again departs from the one that was
// released, when a copy of that still lies where releases are written, and is known
// by its hash. Otherwise it says nothing: the record keeps hashes.
func (f *folder) whatDiffers(rel record.Release, name string, made []byte) string {
	path := filepath.Join(f.exports(), name)
	if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() || info.Size() > maxCopy {
		return ""
	}
	then, err := os.ReadFile(path)
	if err != nil || sumOf(then) != rel.Files[name] {
		return "" // a sealed one has another hash, too
	}
	return firstDifference(then, made)
}

// firstDifference is the first line in which two texts differ, or the first byte.
func firstDifference(then, now []byte) string {
	at := 0
	for at < len(then) && at < len(now) && then[at] == now[at] {
		at++
	}
	if !utf8.Valid(then) || !utf8.Valid(now) {
		return fmt.Sprintf("they differ from byte %d on; it had %d bytes, and has %d", at+1, len(then), len(now))
	}
	return fmt.Sprintf("line %d was %q, and is %q", 1+bytes.Count(then[:at], []byte("\n")), lineAround(then, at), lineAround(now, at))
}

// lineAround is what stands around a place in its line.
func lineAround(b []byte, at int) string {
	from := bytes.LastIndexByte(b[:at], '\n') + 1
	to := len(b)
	if n := bytes.IndexByte(b[at:], '\n'); n >= 0 {
		to = at + n
	}
	if at-from > 30 {
		from = at - 30
	}
	return strings.ToValidUTF8(string(b[from:min(to, from+80)]), "")
}
