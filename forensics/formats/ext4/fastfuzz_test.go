package ext4

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// FuzzFast reads tags between a head and a tail that fit, and lays them over a
// folder and a file.
func FuzzFast(f *testing.F) {
	le := binary.LittleEndian
	inode := func(number uint32, flags byte) []byte {
		b := le.AppendUint16(nil, fastInode)
		b = le.AppendUint16(b, 4+160)
		b = le.AppendUint32(b, number)
		raw := make([]byte, 160)
		raw[1], raw[4], raw[0x22], raw[0x64] = 0x81, 200, flags, 7
		return append(b, raw...)
	}
	f.Add(inode(12, 8))
	f.Add(append(inode(12, 8), 1, 0, 16, 0, 12, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 5, 0, 0, 0))
	f.Add([]byte{2, 0, 12, 0, 12, 0, 0, 0, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0x7f, 3, 0, 9, 0, 2, 0, 0, 0, 12, 0, 0, 0, 'n', 5, 0, 9, 0, 2, 0, 0, 0, 12, 0, 0, 0, 'n'})
	f.Fuzz(func(t *testing.T, tags []byte) {
		const block, blocks = 1024, 4
		area := le.AppendUint32(le.AppendUint32(le.AppendUint16(le.AppendUint16(nil, fastHead), 8), 0), 9)
		area = append(area, tags[:min(len(tags), block-len(area)-12)]...)
		area = le.AppendUint32(le.AppendUint16(le.AppendUint16(area, fastTail), 8), 9)
		area = le.AppendUint32(area, crc32c(0, area))
		disk := make([]byte, 64*block)
		copy(disk[2*block:], area) // behind the block that is the circle's end
		x := &FS{r: bytes.NewReader(disk), size: int64(len(disk)), block: block, blocks: 64, inodes: 64, perGroup: 64, groups: 1, blocksPer: 64, inodeSize: 256, descSize: 32, first: 1}
		j := &journal{f: x, file: &File{f: x, n: &Inode{Size: blocks * block}, runs: []run{{0, 0, blocks}}}, incompat: journalFastCommit, sequence: 9, end: 1}
		all, _, _ := j.fastCommits(blocks)
		x.fast = all
		for number := range all {
			old := make([]byte, 256)
			b, _ := all[number].laid(old)
			n := x.decode(number, b)
			if c, err := x.Open(n); err == nil {
				for i := 1; i < len(c.runs); i++ {
					if c.runs[i].logical < c.runs[i-1].logical+c.runs[i-1].count {
						t.Fatal("two stretches for one part of it")
					}
				}
				_, _ = c.ReadAt(make([]byte, 5000), 0)
			}
			_ = x.ReadDir(n, true, func(Entry) error { return nil })
		}
	})
}
