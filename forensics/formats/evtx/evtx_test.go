package evtx

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"firebreak/internal/testkit"
	"firebreak/internal/testkit/winlog"
)

// three is a chunk of three logons.
func three(first uint64) []byte {
	m := winlog.NewMaker(first)
	for i := range uint64(3) {
		m.Logon("jd", first+i)
	}
	return m.Chunk()
}

func TestFields(t *testing.T) {
	n := uint64(0)
	sum := readAll(t, winlog.File(false, 1, 4, three(1)), func(r *Record) {
		n++
		if r.ID != n || r.Time != winlog.When || r.Written != winlog.When || r.Err != nil || r.Lost != nil {
			t.Errorf("%+v", r)
		}
		system := r.System
		for i, want := range map[int]string{
			Provider: "Microsoft-Windows-Security-Auditing", ProviderGUID: "{54849625-5478-4994-A5BA-3E3B0328C30D}", EventID: "4624", Level: "0",
			Keywords: "0x8020000000000000", RecordID: strconv.FormatUint(n, 10), PID: "640", TID: "700", Channel: "Security", Computer: "dc1.corp", UserSID: "",
		} {
			if system[i] != want {
				t.Errorf("field %d of System is %q, want %q", i, system[i], want)
			}
		}
		var fields []string
		for _, f := range r.Fields {
			fields = append(fields, f.Name+"="+f.Value)
		}
		if got, want := strings.Join(fields, " "), "TargetUserName=jd TargetDomainName=CORP LogonType=3 TargetUserSid=S-1-5-32-544 TargetLogonId=0x3e7"; got != want {
			t.Errorf("%s, want %s", got, want)
		}
	})
	if sum.good != 3 || sum.promised != 3 || sum.found+sum.bad != 0 {
		t.Errorf("%+v", sum)
	}
}

// What lies behind the records, in chunks without a header, behind damage, and
// inside another record is found, and said to be.
func TestFound(t *testing.T) {
	le := binary.LittleEndian
	slack := three(1) // the header counts one record less
	last := le.Uint32(slack[44:])
	le.PutUint64(slack[32:], 2)
	le.PutUint32(slack[48:], last)
	winlog.Seal(slack)
	headless := three(1)
	copy(headless, "XXXXXXXX")
	damaged := three(1)
	copy(damaged[chunkHead:], "XXXX")
	m := winlog.NewMaker(1)
	m.Logon("jd", 1)
	second := len(m.B)
	m.Logon("jd", 2)
	inner := bytes.Clone(m.B[second:])
	m.Record(winlog.When, func() {
		m.B = append(append(m.B, inner[recordHead:len(inner)-4]...), inner...)
	})
	hidden := m.Chunk()
	for _, c := range []struct {
		name        string
		chunk       []byte
		good, found int64
		where       string
	}{
		{"slack", slack, 2, 1, FoundSlack},
		{"headless", headless, 0, 3, FoundLost},
		{"damaged", damaged, 0, 2, FoundBehind},
		{"hidden", hidden, 3, 1, FoundHidden},
	} {
		sum := readAll(t, winlog.File(false, 1, 4, c.chunk), func(r *Record) {
			if r.Found != "" && r.Found != c.where {
				t.Errorf("%s: found %q", c.name, r.Found)
			}
		})
		if sum.good != c.good || sum.found+sum.bad != c.found {
			t.Errorf("%s: %+v", c.name, sum)
		}
	}
	cut := chunkHead + int(le.Uint32(three(4)[chunkHead+4:])) + 10
	if sum := readAll(t, winlog.File(true, 0, 1, three(1), make([]byte, ChunkSize), three(4)[:cut]), nil); sum.good != 4 || sum.promised != 6 {
		t.Errorf("cut and not closed: %+v", sum)
	}
}

func TestSums(t *testing.T) {
	b := three(1)
	load := func(b []byte) Chunk {
		f, err := NewReader(bytes.NewReader(winlog.File(false, 1, 4, b)))
		if err != nil || !f.Checksum {
			t.Fatal(f, err)
		}
		c, err := f.Next(nil)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if c := load(b); !c.HeaderSum || !c.DataSum || c.Promised != 3 {
		t.Errorf("%+v", c)
	}
	b[chunkHead+100]++
	if c := load(b); !c.HeaderSum || c.DataSum {
		t.Errorf("data: %+v", c)
	}
	b[200]++
	if c := load(b); c.HeaderSum || !c.Valid {
		t.Errorf("header: %+v", c)
	}
	if _, err := NewReader(strings.NewReader("MZ")); !errors.Is(err, ErrFormat) {
		t.Error(err)
	}
}

func TestTexts(t *testing.T) {
	for _, c := range []struct {
		raw, want string
		escaped   bool
	}{
		{"a\x00b\x00c\x00d\x00e\x00\x00\x00", "abcde", false},
		{"a\x00\\\x00\x00\x00b\x00", `a\\\x00b`, true},
		{"\x3d\xd8\x00\xdea\x00", "😀a", false},
		{"\x3d\xd8a\x00", `\x3d\xd8a`, true},
		{"\xfc\x00\xac\x20", "ü€", false},
	} {
		got, escaped := appendUTF16(nil, []byte(c.raw))
		if string(got) != c.want || escaped != c.escaped {
			t.Errorf("%x is %q %v", c.raw, got, escaped)
		}
	}
	if got := AppendTime(nil, winlog.When); string(got) != "2026-11-28T01:00:00.1234567Z" {
		t.Errorf("%s", got)
	}
}

// Elements may be nested, but not without end.
func TestDeep(t *testing.T) {
	m := winlog.NewMaker(1)
	m.Deep(30)
	m.Deep(500)
	m.Logon("jd", 3)
	var lost []uint64
	sum := readAll(t, winlog.File(false, 1, 4, m.Chunk()), func(r *Record) {
		if r.Lost != nil && strings.Contains(r.Lost.Error(), "too deep") {
			lost = append(lost, r.ID)
		}
	})
	if sum.good != 3 || sum.lost != 0 || len(lost) != 1 || lost[0] != 2 {
		t.Errorf("%+v, %v", sum, lost)
	}
}

// Whatever is changed in a chunk, reading it ends, and soon.
func TestMutated(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	sound := winlog.File(false, 2, 7, three(1), three(4))
	for range testkit.Rounds(t, 800, 30_000) {
		b := bytes.Clone(sound)
		for range 1 + r.IntN(30) {
			b[headerSize+r.IntN(2)*ChunkSize+r.IntN(3000)] = byte(r.Uint32())
		}
		readAll(t, b, nil)
	}
}

func FuzzChunk(f *testing.F) {
	b := three(1)
	f.Add(b[:binary.LittleEndian.Uint32(b[48:])]) // small inputs are soon tried
	f.Add([]byte("ElfChnk\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		readAll(t, winlog.File(false, 1, 4, b), nil)
	})
}

func BenchmarkRead(b *testing.B) {
	m := winlog.NewMaker(1)
	for i := uint64(1); len(m.B) < ChunkSize-1000; i++ {
		m.Logon("jd", i)
	}
	chunk := m.Chunk()
	data := append(winlog.File(false, 16, 1), bytes.Repeat(chunk, 16)...)
	b.ReportAllocs()
	n := int64(0)
	for b.Loop() {
		n += readAll(b, data, nil).good
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "records/s")
}
