package cryptvfs

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"
)

// slab is a file in memory.
type slab struct{ b []byte }

func (s *slab) read(p []byte, off int64) code {
	clear(p)
	if off < int64(len(s.b)) && copy(p, s.b[off:]) == len(p) {
		return ok
	}
	return shortRead
}

func (s *slab) write(p []byte, off int64) code {
	if need := int(off) + len(p); need > len(s.b) {
		s.b = append(s.b, make([]byte, need-len(s.b))...)
	}
	copy(s.b[off:], p)
	return ok
}

func (s *slab) truncate(size int64) code {
	if size < int64(len(s.b)) {
		s.b = s.b[:size]
	}
	return ok
}

func (s *slab) size() (int64, code) { return int64(len(s.b)), ok }
func (s *slab) sync(int32) code     { return ok }

func testKey(t testing.TB, first byte) *Key {
	t.Helper()
	k, err := NewKey(&[32]byte{first})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.Release)
	return k
}

func random(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// page is a page of a database; the first says how the pages are.
func page(r *rand.Rand, number int64) []byte {
	p := random(r, PageSize)
	if number == 1 {
		binary.BigEndian.PutUint16(p[16:], PageSize)
		p[20] = Reserve
	}
	clear(p[content:])
	return p
}

func mustWrite(t testing.TB, f *file, p []byte, off int64) {
	t.Helper()
	if rc := f.write(p, off); rc != ok {
		t.Fatalf("write %d at %d: %d", len(p), off, rc)
	}
}

// The log reads as if it were stored as it is, whatever is read and written of
// it in the shapes that SQLite uses, and in others.
func TestLogReadsAsWritten(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	disk := &slab{}
	f := &file{raw: disk, key: testKey(t, 1), log: true}
	var model []byte
	put := func(p []byte, off int64) {
		mustWrite(t, f, p, off)
		if need := int(off) + len(p); need > len(model) {
			model = append(model, make([]byte, need-len(model))...)
		}
		copy(model[off:], p)
	}
	header := random(r, logHeader)
	binary.BigEndian.PutUint32(header[8:], PageSize)
	put(header, 0)
	frames := int64(0)
	for range 4000 {
		switch r.IntN(8) {
		case 0: // one more frame, in two writes
			at := logHeader + frames*frame
			put(random(r, frameHeader), at)
			put(random(r, PageSize), at+frameHeader)
			frames++
		case 1: // a page that is written again
			if frames > 0 {
				put(random(r, PageSize), logHeader+r.Int64N(frames)*frame+frameHeader)
			}
		case 2: // a frame's checksums
			if frames > 0 {
				put(random(r, frameHeader), logHeader+r.Int64N(frames)*frame)
			}
		case 3:
			if r.IntN(50) == 0 {
				frames = r.Int64N(frames + 1)
				model = model[:logHeader+frames*frame]
				if rc := f.truncate(int64(len(model))); rc != ok {
					t.Fatal(rc)
				}
			}
		default:
			n := []int{4, 8, 24, 32, PageSize, frame, 2 * frame}[r.IntN(7)]
			off := r.Int64N(int64(len(model)))
			if r.IntN(2) == 0 && frames > 0 {
				off = logHeader + r.Int64N(frames)*frame
			}
			n = min(n, len(model)-int(off))
			got := bytes.Repeat([]byte{0xee}, n)
			if rc := f.read(got, off); rc != ok || !bytes.Equal(got, model[off:][:n]) {
				t.Fatalf("read %d at %d: %d, equal %t", n, off, rc, bytes.Equal(got, model[off:][:n]))
			}
		}
		if size, rc := f.size(); rc != ok || size != int64(len(model)) {
			t.Fatalf("size %d, want %d (%d)", size, len(model), rc)
		}
	}
	got := make([]byte, 8)
	if rc := f.read(got, int64(len(model))); rc != shortRead || !bytes.Equal(got, make([]byte, 8)) {
		t.Errorf("behind the end: %d, %x", rc, got)
	}
	for _, bad := range []struct {
		n   int
		off int64
	}{{8, 0}, {PageSize, logHeader}, {frameHeader, logHeader + 1}, {frame - 1, logHeader}} {
		if rc := f.write(make([]byte, bad.n), bad.off); rc == ok {
			t.Errorf("a write of %d at %d went through", bad.n, bad.off)
		}
	}
}

// Each single bit of a page on disk counts.
func TestEveryBitOfAPageIsCovered(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	disk := &slab{}
	f := &file{raw: disk, key: testKey(t, 1), name: "x.db"}
	want := page(r, 2)
	mustWrite(t, f, page(r, 1), 0)
	mustWrite(t, f, want, PageSize)
	got := make([]byte, PageSize)
	step := 7 // a prime: over the bytes every bit has its turn
	for bit := PageSize * 8; bit < 2*PageSize*8; bit += step {
		disk.b[bit/8] ^= 1 << (bit % 8)
		if rc := f.read(got, PageSize); rc != dataError || !bytes.Equal(got, make([]byte, PageSize)) {
			t.Fatalf("bit %d: %d", bit, rc)
		}
		disk.b[bit/8] ^= 1 << (bit % 8)
		if bit == PageSize*8+step*40 {
			step = 977 // a page that fails is read again some times, which takes a while
		}
	}
	if rc := f.read(got, PageSize); rc != ok || !bytes.Equal(got, want) {
		t.Errorf("the whole page: %d", rc)
	}
	if err := f.key.Damage(); err == nil || err.Error() != "page 2 of x.db does not decrypt" {
		t.Errorf("damage: %v", err)
	}
}

// Each single bit of a frame counts, and what it then is depends on who reads.
func TestDamagedFrames(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 6))
	disk := &slab{}
	f := &file{raw: disk, key: testKey(t, 1), name: "x.db-wal", log: true}
	header := random(r, logHeader)
	binary.BigEndian.PutUint32(header[8:], PageSize)
	mustWrite(t, f, header, 0)
	for i := range int64(3) {
		mustWrite(t, f, random(r, frameHeader), logHeader+i*frame)
		mustWrite(t, f, random(r, PageSize), logHeader+i*frame+frameHeader)
	}
	second := int64(logHeader + frame)
	whole, body := make([]byte, frame), make([]byte, PageSize)
	for bit := diskSize(second) * 8; bit < diskSize(second+frame)*8; bit += 7 {
		disk.b[bit/8] ^= 1 << (bit % 8)
		whole[0] = 1
		if rc := f.read(whole, second); rc != ok || !bytes.Equal(whole, make([]byte, frame)) {
			t.Fatalf("bit %d: recovery reads %d; want the end of the log", bit, rc)
		}
		if bit >= (diskSize(second)+sealedFrameHd)*8 {
			if rc := f.read(body, second+frameHeader); rc != dataError {
				t.Fatalf("bit %d: a reader gets %d", bit, rc)
			}
		}
		disk.b[bit/8] ^= 1 << (bit % 8)
	}
	// While checksums are computed anew, it is no end but an error.
	disk.b[diskSize(second)+100] ^= 1
	if rc := f.read(make([]byte, 8), 24); rc != ok {
		t.Fatal(rc)
	}
	if rc := f.read(whole, second); rc != dataError {
		t.Errorf("computing checksums over a damaged frame: %d", rc)
	}
	if _, rc := f.size(); rc != ok { // recovery begins with it
		t.Fatal(rc)
	}
	if rc := f.read(whole, second); rc != ok {
		t.Errorf("recovery after that: %d", rc)
	}
	disk.b[3] ^= 1
	if rc := f.read(make([]byte, logHeader), 0); rc != dataError {
		t.Errorf("a damaged header: %d", rc)
	}
}

// A page or frame is only good in its place, in its kind of file, and with its
// key.
func TestMovedUnitsDoNotDecrypt(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 8))
	disk, other := &slab{}, &slab{}
	f := &file{raw: disk, key: testKey(t, 1)}
	g := &file{raw: other, key: testKey(t, 2)}
	for n := int64(1); n <= 4; n++ {
		mustWrite(t, f, page(r, n), (n-1)*PageSize)
		mustWrite(t, g, page(r, n), (n-1)*PageSize)
	}
	good := bytes.Clone(disk.b)
	got := make([]byte, PageSize)
	for name, move := range map[string]func(){
		"page 3 in the place of page 2":  func() { copy(disk.b[PageSize:][:PageSize], good[2*PageSize:]) },
		"page 2 of another database":     func() { copy(disk.b[PageSize:][:PageSize], other.b[PageSize:]) },
		"the tag of page 3 under page 2": func() { copy(disk.b[PageSize+content:][:Reserve], good[2*PageSize+content:]) },
		"zeros":                          func() { clear(disk.b[PageSize:][:PageSize]) },
		"the file ends in the middle":    func() { disk.b = disk.b[:PageSize+100] },
		"a page of a log": func() {
			log := &slab{}
			l := &file{raw: log, key: f.key, log: true}
			mustWrite(t, l, random(r, PageSize), logHeader+frame+frameHeader)
			copy(disk.b[PageSize:][:PageSize], log.b[sealedHeader+sealedFrame+sealedFrameHd:])
		},
	} {
		disk.b = bytes.Clone(good)
		move()
		if rc := f.read(got, PageSize); rc != dataError {
			t.Errorf("%s: %d", name, rc)
		}
	}
	disk.b = bytes.Clone(good)
	strange := &file{raw: disk, key: testKey(t, 9)}
	if rc := strange.read(got[:100], 0); rc != notADB {
		t.Errorf("another key reads the head: %d", rc)
	}
	f.key.Release()
	if rc := f.read(got, 0); rc == ok {
		t.Error("a released key reads")
	}
	if rc := f.write(page(r, 2), PageSize); rc == ok || !bytes.Equal(disk.b, good) {
		t.Errorf("a released key writes: %d", rc)
	}
}

// The same page never has the same ciphertext, and pages of another shape are
// refused rather than cut.
func TestPagesOnDisk(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(9, 10))
	disk := &slab{}
	f := &file{raw: disk, key: testKey(t, 1)}
	head := make([]byte, 100)
	if rc := f.read(head, 0); rc != shortRead || head[16] != 16 || head[17] != 0 || head[20] != Reserve {
		t.Errorf("the head of an empty file: %d, %x", rc, head)
	}
	first := page(r, 1)
	mustWrite(t, f, first, 0)
	before := bytes.Clone(disk.b)
	mustWrite(t, f, first, 0)
	same := 0
	for i := range content {
		if before[i] == disk.b[i] {
			same++
		}
	}
	if same > content/64 {
		t.Errorf("%d of %d bytes are the same when a page is written again", same, content)
	}
	if rc := f.read(head, 0); rc != ok || !bytes.Equal(head, first[:100]) {
		t.Errorf("the head: %d", rc)
	}
	if rc := f.read(head[:16], 24); rc != ok || !bytes.Equal(head[:16], first[24:40]) {
		t.Errorf("16 bytes at 24: %d", rc)
	}
	noRoom := bytes.Clone(first)
	noRoom[20] = 0
	if rc := f.write(noRoom, 0); rc != writeError {
		t.Errorf("a page without room for the tag: %d", rc)
	}
	if rc := f.write(first[:512], 0); rc != writeError {
		t.Errorf("a page of 512 bytes: %d", rc)
	}
}
