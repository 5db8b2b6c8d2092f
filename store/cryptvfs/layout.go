package cryptvfs

// How a file lies on disk. SQLite sees the logical file, with the offsets and
// sizes it expects; what is stored is cut into units, each encrypted and
// authenticated by itself.
//
// A page of a database stays 4096 bytes: SQLite keeps the last 32 of each free
// (its reserved bytes), and they take what the encryption adds.
//
//	4064 ciphertext | 16 tag | 12 nonce | 4 mark
//
// A write-ahead log has no such room, as its checksums cover all 4096 bytes of
// a page. Its units are 28 bytes longer on disk, and offsets are translated.
//
//	logical    32 header | 24 frame header | 4096 page | 24 frame header | …
//	on disk    60        | 52              | 4124      | 52              | …
//
//	unit       ciphertext | 16 tag | 12 nonce
const (
	PageSize = 4096
	Reserve  = 32 // reserved bytes of each page

	nonceSize = 12
	tagSize   = 16
	extra     = tagSize + nonceSize
	content   = PageSize - Reserve

	logHeader     = 32
	frameHeader   = 24
	frame         = frameHeader + PageSize
	sealedHeader  = logHeader + extra
	sealedFrameHd = frameHeader + extra
	sealedPage    = PageSize + extra
	sealedFrame   = sealedFrameHd + sealedPage
)

// mark ends every page on disk: the version of this layout.
var mark = [4]byte{'F', 'B', 0, 1}

// part says what a unit is; it is authenticated, so that none can stand in
// for another.
type part byte

const (
	partPage        part = 'p' // of a database
	partLogHeader   part = 'h'
	partFrameHeader part = 'f'
	partFramePage   part = 'w'
)

// unit is a piece of the log that is encrypted by itself.
type unit struct {
	part  part
	index int64 // of the frame, from 1
	at    int64 // in the logical file
	size  int
	disk  int64 // on disk; it takes size+extra there
}

// end is where the unit ends in the logical file.
func (u unit) end() int64 { return u.at + int64(u.size) }

// diskEnd is where it ends on disk.
func (u unit) diskEnd() int64 { return u.disk + int64(u.size) + extra }

// unitAt is the unit of the log that holds the byte at off.
func unitAt(off int64) unit {
	if off < logHeader {
		return unit{part: partLogHeader, size: logHeader}
	}
	n := (off - logHeader) / frame
	at, disk := logHeader+n*frame, sealedHeader+n*sealedFrame
	if off-at < frameHeader {
		return unit{partFrameHeader, n + 1, at, frameHeader, disk}
	}
	return unit{partFramePage, n + 1, at + frameHeader, PageSize, disk + sealedFrameHd}
}

// logicalSize is how much of the log a file of that size holds. A unit that is
// not whole does not count: a writer was killed before it was.
func logicalSize(disk int64) int64 {
	if disk < sealedHeader {
		return 0
	}
	n, rest := (disk-sealedHeader)/sealedFrame, (disk-sealedHeader)%sealedFrame
	size := logHeader + n*frame
	if rest >= sealedFrameHd {
		size += frameHeader
	}
	return size
}

// diskSize is the size of a file that holds that much of the log. Inside a
// unit it is rounded up: less must not be kept than SQLite asked for.
func diskSize(logical int64) int64 {
	if logical <= 0 {
		return 0
	}
	return unitAt(logical - 1).diskEnd()
}
