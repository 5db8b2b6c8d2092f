package evtx

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"firebreak/internal/testkit"
	"firebreak/internal/testkit/winlog"
)

// renumber gives the records of a sound chunk numbers from first on.
func renumber(chunk []byte, first uint64) (next uint64) {
	le := binary.LittleEndian
	free := int(le.Uint32(chunk[48:]))
	next = first
	for at := chunkHead; at < free; at += recordSize(chunk, at) {
		le.PutUint64(chunk[at+8:], next)
		next++
	}
	for _, at := range []int{8, 24} {
		le.PutUint64(chunk[at:], first)
		le.PutUint64(chunk[at+8:], next-1)
	}
	clear(chunk[free:])
	winlog.Seal(chunk)
	return next
}

// logOf is a sound log of these chunks.
func logOf(chunks ...[]byte) []byte {
	next := uint64(1)
	for i := range chunks {
		chunks[i] = bytes.Clone(chunks[i])
		next = renumber(chunks[i], next)
	}
	return winlog.File(false, len(chunks), next, chunks...)
}

// rawRecords are the bytes of a sound log's records.
func rawRecords(data []byte) (out [][]byte) {
	for at := headerSize; at < len(data); at += ChunkSize {
		c := data[at : at+ChunkSize]
		for i := chunkHead; i < int(binary.LittleEndian.Uint32(c[48:])); i += recordSize(c, i) {
			out = append(out, c[i:i+recordSize(c, i)])
		}
	}
	return out
}

// damages are ways in which logs come to us.
func damages() map[string]func(*rand.Rand, []byte) []byte {
	le := binary.LittleEndian
	some := func(r *rand.Rand, b []byte) []byte { // one of its chunks
		n := r.IntN((len(b) - headerSize) / ChunkSize)
		return b[headerSize+n*ChunkSize:][:ChunkSize]
	}
	reseal := func(b []byte) { le.PutUint32(b[124:], crc32.ChecksumIEEE(b[:120])) }
	return map[string]func(*rand.Rand, []byte) []byte{
		"cut":    func(r *rand.Rand, b []byte) []byte { return b[:headerSize+r.IntN(len(b)-headerSize)] },
		"zeroed": func(r *rand.Rand, b []byte) []byte { clear(some(r, b)); return b },
		"zeros": func(r *rand.Rand, b []byte) []byte {
			at := headerSize + r.IntN(len(b)-headerSize)
			clear(b[at:min(len(b), at+r.IntN(100000))])
			return b
		},
		"taken out": func(r *rand.Rand, b []byte) []byte {
			at := headerSize + r.IntN(len(b)-headerSize)
			return append(b[:at:at], b[min(len(b), at+1+r.IntN(100000)):]...)
		},
		"put in": func(r *rand.Rand, b []byte) []byte {
			at := headerSize + r.IntN(len(b)-headerSize)
			return bytes.Join([][]byte{b[:at], make([]byte, 1+r.IntN(100000)), b[at:]}, nil)
		},
		"chunk gone": func(r *rand.Rand, b []byte) []byte {
			at := headerSize + ChunkSize*r.IntN((len(b)-headerSize)/ChunkSize)
			return append(b[:at:at], b[at+ChunkSize:]...)
		},
		"counts more": func(r *rand.Rand, b []byte) []byte { le.PutUint16(b[42:], uint16(r.IntN(60000))); reseal(b); return b },
		"counts none": func(_ *rand.Rand, b []byte) []byte { le.PutUint16(b[42:], 0); reseal(b); return b },
		"dirty": func(_ *rand.Rand, b []byte) []byte {
			b[120] = 1
			le.PutUint16(b[42:], 1)
			le.PutUint64(b[24:], 2)
			reseal(b)
			return b
		},
		"headless": func(_ *rand.Rand, b []byte) []byte { return b[headerSize:] },
		"short head": func(r *rand.Rand, b []byte) []byte {
			n := 128 + r.IntN(3000)
			return append(b[:n:n], b[n+1+r.IntN(900):]...)
		},
		"no magic": func(r *rand.Rand, b []byte) []byte { clear(some(r, b)[:8]); return b },
		"free less": func(r *rand.Rand, b []byte) []byte {
			c := some(r, b)
			le.PutUint32(c[48:], uint32(chunkHead+r.IntN(2000)))
			winlog.Seal(c)
			return b
		},
		"free more":   func(r *rand.Rand, b []byte) []byte { le.PutUint32(some(r, b)[48:], ChunkSize); return b },
		"free absurd": func(r *rand.Rand, b []byte) []byte { le.PutUint32(some(r, b)[48:], r.Uint32()); return b },
		"lies": func(r *rand.Rand, b []byte) []byte {
			c := some(r, b)
			le.PutUint64(c[32:], le.Uint64(c[24:])+uint64(r.IntN(2000)))
			winlog.Seal(c)
			return b
		},
		"lies beyond": func(r *rand.Rand, b []byte) []byte {
			c := some(r, b)
			le.PutUint64(c[24:], r.Uint64())
			le.PutUint64(c[32:], r.Uint64())
			winlog.Seal(c)
			return b
		},
		"twice": func(r *rand.Rand, b []byte) []byte { return append(b, some(r, b)...) },
		"shuffled": func(r *rand.Rand, b []byte) []byte {
			x, y := some(r, b), some(r, b)
			for i := range x {
				x[i], y[i] = y[i], x[i]
			}
			return b
		},
		"bytes": func(r *rand.Rand, b []byte) []byte {
			for range 1 + r.IntN(40) {
				b[headerSize+r.IntN(len(b)-headerSize)] ^= byte(1 + r.IntN(255))
			}
			return b
		},
		"sizes": func(r *rand.Rand, b []byte) []byte { // a record that says that it holds those behind it
			c := some(r, b)
			n := recordSize(c, chunkHead)
			if more := recordSize(c, chunkHead+n); more > 0 {
				le.PutUint32(c[chunkHead+4:], uint32(n+more))
				le.PutUint32(c[chunkHead+n+more-4:], uint32(n+more))
			}
			return b
		},
	}
}

// Every record whose bytes are whole is found once, wherever it stands, and every
// number that the log had is either found or said to be gone.
func TestDamaged(t *testing.T) {
	var chunks [][]byte
	for i := range 6 {
		m := winlog.NewMaker(1)
		for len(m.B) < ChunkSize-3000 {
			m.Logon(strings.Repeat("jd", 1+len(m.B)%(7+20*i)), m.Next)
		}
		chunks = append(chunks, m.Chunk())
	}
	for name, f := range damages() {
		r := rand.New(rand.NewPCG(7, uint64(len(name))))
		for range testkit.Rounds(t, 1, 40) {
			damaged(t, name, r, f, logOf(chunks...))
		}
	}
}

// The same with the chunks of real logs.
func TestDamagedCorpus(t *testing.T) {
	dir := filepath.Join(testkit.Corpus(t, "evtx/expected.tsv"), "evtx")
	names, err := filepath.Glob(filepath.Join(dir, "*.evtx"))
	if err != nil {
		t.Fatal(err)
	}
	var chunks [][]byte
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		chunks = append(chunks, data[headerSize:headerSize+ChunkSize])
	}
	for name, f := range damages() {
		r := rand.New(rand.NewPCG(8, uint64(len(name))))
		for range testkit.Rounds(t, 1, 20) {
			damaged(t, name, r, f, logOf(chunks...))
		}
	}
}

func damaged(t *testing.T, name string, r *rand.Rand, damage func(*rand.Rand, []byte) []byte, sound []byte) {
	t.Helper()
	records := rawRecords(sound)
	for i := range records {
		records[i] = bytes.Clone(records[i])
	}
	data := damage(r, sound)
	at := map[int64]int{}
	have := map[uint64]bool{}
	sum := readAll(t, data, func(r *Record) {
		at[r.Offset]++
		have[r.ID] = true
	})
	for offset, n := range at {
		if n > 1 {
			t.Errorf("%s: the record at %d is found %d times", name, offset, n)
		}
	}
	unknown := false // how many the chunks had that are gone
	for _, l := range sum.losses {
		unknown = unknown || l.Chunks > 0
		for id := l.First; l.Chunks == 0 && id <= l.Last; id++ {
			if have[id] && !strings.HasPrefix(name, "lies") {
				t.Errorf("%s: record %d is found, and said to be gone: %+v", name, id, l)
				break
			}
			have[id] = true
		}
	}
	for i, raw := range records {
		if !have[uint64(i+1)] && !unknown && name != "headless" && !strings.HasPrefix(name, "lies") {
			t.Errorf("%s: record %d of %d is neither found nor missed: %+v", name, i+1, len(records), sum.losses)
			break
		}
		for from := 0; ; {
			k := bytes.Index(data[from:], raw)
			if k < 0 {
				break
			}
			if at[int64(from+k)] == 0 {
				t.Errorf("%s: record %d at %d is whole and not found", name, i+1, from+k)
			}
			from += k + 1
		}
	}
}
