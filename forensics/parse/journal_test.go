package parse

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/ulikunitz/xz"

	"firebreak/timeline"
)

// journalFile builds journal files object by object.
type journalFile struct {
	t       *testing.T
	compact bool
	b       []byte
	entries uint64
}

func newJournalFile(t *testing.T, compact bool) *journalFile {
	f := &journalFile{t: t, compact: compact, b: make([]byte, 256)}
	copy(f.b, "LPKSHHRH")
	if compact {
		binary.LittleEndian.PutUint32(f.b[12:], journalCompact)
	}
	binary.LittleEndian.PutUint64(f.b[88:], 256)
	return f
}

func (f *journalFile) object(kind, flags byte, body []byte) uint64 {
	at := len(f.b)
	head := make([]byte, 16)
	head[0], head[1] = kind, flags
	binary.LittleEndian.PutUint64(head[8:], uint64(16+len(body)))
	f.b = append(append(f.b, head...), body...)
	for len(f.b)%8 != 0 {
		f.b = append(f.b, 0)
	}
	return uint64(at)
}

func (f *journalFile) datum(flags byte, refs uint64, payload []byte) uint64 {
	f.t.Helper()
	size := 48
	if f.compact {
		size = 56
	}
	body := make([]byte, size)
	binary.LittleEndian.PutUint64(body[40:], refs)
	var packed bytes.Buffer
	switch flags {
	case journalZSTD:
		w, err := zstd.NewWriter(&packed)
		must(f.t, err)
		_, err = w.Write(payload)
		must(f.t, err)
		must(f.t, w.Close())
	case journalXZ:
		w, err := xz.WriterConfig{DictCap: 1 << 20}.NewWriter(&packed)
		must(f.t, err)
		_, err = w.Write(payload)
		must(f.t, err)
		must(f.t, w.Close())
	case journalLZ4:
		out := make([]byte, lz4.CompressBlockBound(len(payload)))
		n, err := lz4.CompressBlock(payload, out, nil)
		must(f.t, err)
		must(f.t, binary.Write(&packed, binary.LittleEndian, uint64(len(payload))))
		packed.Write(out[:n])
	default:
		packed.Write(payload)
	}
	return f.object(journalData, flags, append(body, packed.Bytes()...))
}

func (f *journalFile) entry(realtime uint64, items ...uint64) uint64 {
	f.entries++
	body := make([]byte, 48)
	binary.LittleEndian.PutUint64(body, f.entries)
	binary.LittleEndian.PutUint64(body[8:], realtime)
	for _, at := range items {
		if f.compact {
			body = binary.LittleEndian.AppendUint32(body, uint32(at))
		} else {
			body = binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(body, at), 0)
		}
	}
	return f.object(journalEntry, 0, body)
}

func (f *journalFile) bytes() []byte {
	binary.LittleEndian.PutUint64(f.b[96:], uint64(len(f.b)-256))
	binary.LittleEndian.PutUint64(f.b[152:], f.entries)
	return f.b
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

const journalTime = 1_600_000_000_123_456

func TestJournalForms(t *testing.T) {
	long := "MESSAGE=Accepted password for " + strings.Repeat("eve", 400) + " from 10.1.2.3 port 22 ssh2"
	for _, compact := range []bool{false, true} {
		for flags, name := range map[byte]string{0: "plain", journalXZ: "xz", journalLZ4: "lz4", journalZSTD: "zstd"} {
			t.Run(fmt.Sprintf("%s compact=%v", name, compact), func(t *testing.T) {
				f := newJournalFile(t, compact)
				host := f.datum(0, 2, []byte("_HOSTNAME=db-1"))
				ident := f.datum(0, 2, []byte("SYSLOG_IDENTIFIER=sshd"))
				at := f.entry(journalTime, host, ident, f.datum(flags, 1, []byte(long)), f.datum(0, 1, []byte("_PID=7")))
				f.entry(journalTime+1, host, ident, f.datum(flags, 1, []byte(long)), f.datum(0, 1, []byte("X=\xff\x00")),
					f.datum(0, 1, []byte("X=two")))
				got, ing := run(t, "", "system.journal", f.bytes())
				if len(got) != 2 || ing.Rejected != 0 || ing.Parser != "journal" {
					t.Fatalf("%d events, %+v", len(got), ing)
				}
				e := got[0]
				if e.Offset != int64(at) || e.Host != "db-1" || e.Message != "sshd[7]: "+long[8:] || e.Source != "auth" || e.User != strings.Repeat("eve", 400) {
					t.Errorf("%+v", e)
				}
				if e.Time.UnixMicro() != journalTime || e.Precision != timeline.Microsecond || e.Attributes.Get("src_ip") != "10.1.2.3" {
					t.Errorf("%+v", e)
				}
				if a := got[1].Attributes; a.Get("X") != `\xff\x00` || a.Get("X.2") != "two" || a.Get("encoding") != "escaped: X" {
					t.Errorf("%q", a)
				}
			})
		}
	}
}

func TestJournalDamage(t *testing.T) {
	f := newJournalFile(t, false)
	msg := f.datum(0, 3, []byte("MESSAGE=hello"))
	f.entry(journalTime, msg)
	hole := len(f.b)
	f.entry(journalTime+1, msg)
	last := int(f.entry(journalTime+2, msg))
	whole := f.bytes()

	t.Run("cut", func(t *testing.T) {
		for n := range whole {
			got, ing := run(t, "journal", "x", whole[:n])
			if n >= 256 && len(got)+int(ing.Rejected) < 3 {
				t.Fatalf("cut at %d: %d events, %d rejected of 3", n, len(got), ing.Rejected)
			}
		}
	})
	t.Run("hole", func(t *testing.T) {
		b := bytes.Clone(whole)
		for i := hole; i < hole+24; i++ {
			b[i] = 0xee
		}
		got, ing := run(t, "journal", "x", b)
		if len(got) != 2 || ing.Rejected != 1 || got[1].Offset != int64(last) || got[1].Attributes.Get("recovered") == "" {
			t.Fatalf("%d events, %+v", len(got), ing)
		}
	})
	t.Run("open file with room left", func(t *testing.T) {
		b := append(bytes.Clone(whole), make([]byte, 1<<16)...)
		b[16] = 1
		got, ing := run(t, "journal", "x", b)
		if len(got) != 3 || ing.Rejected != 0 || len(ing.Samples) != 1 {
			t.Fatalf("%d events, %+v", len(got), ing)
		}
	})
	t.Run("unknown feature", func(t *testing.T) {
		b := bytes.Clone(whole)
		b[13] = 1
		got, ing := run(t, "journal", "x", b)
		if len(got) != 0 || ing.Rejected != 3 {
			t.Fatalf("%d events, %+v", len(got), ing)
		}
	})
}

func TestJournalHostile(t *testing.T) {
	f := newJournalFile(t, false)
	big := f.datum(0, 99, append([]byte("BIG="), bytes.Repeat([]byte("x"), 200<<10)...))
	bomb := f.datum(journalZSTD, 1, append([]byte("BOMB="), make([]byte, 32<<20)...))
	lie := f.object(journalData, journalLZ4, append(make([]byte, 48), 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1, 2, 3))
	items := make([]uint64, 1000)
	for i := range items {
		items[i] = big
	}
	f.entry(journalTime, items...)
	f.entry(journalTime, bomb, lie, 12345678)
	got, ing := run(t, "journal", "x", f.bytes())
	if len(got) != 2 || ing.Rejected != 0 {
		t.Fatalf("%d events, %+v", len(got), ing)
	}
	size := 0
	for _, v := range got[0].Attributes {
		size += len(v.Value)
	}
	if size > 2<<20 || got[0].Attributes.Get("fields_missing") == "" {
		t.Errorf("one entry grew to %d bytes", size)
	}
	a := got[1].Attributes
	if len(a.Get("BOMB")) > 4*maxJournalValue+8 || a.Get("truncated") == "" || !strings.Contains(a.Get("UNREADABLE"), "over the limit") || a.Get("fields_missing") != "1" {
		t.Errorf("%d bytes of bomb, truncated %q, unreadable %q, missing %q", len(a.Get("BOMB")), a.Get("truncated"), a.Get("UNREADABLE"), a.Get("fields_missing"))
	}
}

// TestJournalOracle has systemd write journals, and compares every field with
// what journalctl reads out of them.
func TestJournalOracle(t *testing.T) {
	const remote = "/lib/systemd/systemd-journal-remote"
	if _, err := os.Stat(remote); err != nil {
		t.Skip("systemd-journal-remote is not installed")
	}
	if _, err := exec.LookPath("journalctl"); err != nil {
		t.Skip("journalctl is not installed")
	}
	for _, compact := range []string{"0", "1"} {
		t.Run("compact="+compact, func(t *testing.T) {
			name := filepath.Join(t.TempDir(), "x.journal")
			cmd := exec.CommandContext(t.Context(), remote, "-o", name, "-")
			cmd.Env = append(os.Environ(), "SYSTEMD_JOURNAL_COMPACT="+compact)
			cmd.Stdin = journalExport(300)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Skipf("systemd-journal-remote: %v: %s", err, out)
			}
			data, err := os.ReadFile(name)
			must(t, err)
			got, ing := run(t, "journal", name, data)
			want := journalctl(t, name)
			if len(want) != 300 || len(got) != len(want) || ing.Rejected != 0 {
				t.Fatalf("%d events of %d, %+v", len(got), len(want), ing)
			}
			for i, w := range want {
				compareEntry(t, got[i], w)
			}
		})
	}
}

// journalExport is text in journalctl's export format.
func journalExport(n int) *bytes.Buffer {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, "__REALTIME_TIMESTAMP=%d\n__MONOTONIC_TIMESTAMP=%d\n", journalTime+i*1_000_003, 5_000_000+i)
		fmt.Fprintf(&b, "_BOOT_ID=0123456789abcdef0123456789abcdef\n_HOSTNAME=web-1\nSYSLOG_IDENTIFIER=app\n_PID=%d\nTAG=a\nTAG=b%d\n", i%7, i%3)
		value := fmt.Sprintf("line %d\nsecond \xff\x00 %s", i, strings.Repeat("compress me ", i%200))
		b.WriteString("MESSAGE\n")
		_ = binary.Write(&b, binary.LittleEndian, uint64(len(value)))
		b.WriteString(value + "\n\n")
	}
	return &b
}

func journalctl(t *testing.T, name string) []map[string]any {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "journalctl", "--file", name, "--all", "-o", "json").Output()
	must(t, err)
	var all []map[string]any
	s := bufio.NewScanner(bytes.NewReader(out))
	s.Buffer(nil, 16<<20)
	for s.Scan() {
		var m map[string]any
		must(t, json.Unmarshal(s.Bytes(), &m))
		all = append(all, m)
	}
	return all
}

func compareEntry(t *testing.T, e timeline.Event, want map[string]any) {
	t.Helper()
	if at := strconv.FormatInt(e.Time.UnixMicro(), 10); at != want["__REALTIME_TIMESTAMP"] {
		t.Fatalf("time %s, want %v", at, want["__REALTIME_TIMESTAMP"])
	}
	for name, v := range want {
		if name == "__CURSOR" || name == "__REALTIME_TIMESTAMP" {
			continue
		}
		texts := []string{}
		switch v := v.(type) {
		case string:
			texts = append(texts, v)
		case []any:
			if _, isByte := v[0].(float64); isByte {
				raw := make([]byte, len(v))
				for i := range v {
					raw[i] = byte(v[i].(float64))
				}
				s, _ := clean(raw)
				texts = append(texts, s)
				break
			}
			for _, s := range v {
				texts = append(texts, s.(string))
			}
		}
		for _, text := range texts {
			found := false
			for n := 1; n < 4 && !found; n++ {
				key := name
				if n > 1 {
					key += "." + strconv.Itoa(n)
				}
				found = e.Attributes.Get(key) == text
			}
			if !found {
				t.Fatalf("field %s: %q, want %q", name, e.Attributes.Get(name), text)
			}
		}
	}
}

func FuzzJournal(f *testing.F) {
	j := newJournalFile(&testing.T{}, false)
	j.entry(journalTime, j.datum(0, 1, []byte("MESSAGE=hello")), j.datum(journalZSTD, 1, []byte("A=b")), j.datum(journalLZ4, 1, bytes.Repeat([]byte("A=b"), 99)))
	f.Add(j.bytes())
	c := newJournalFile(&testing.T{}, true)
	c.entry(journalTime, c.datum(journalXZ, 1, []byte("MESSAGE=hello")))
	f.Add(c.bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		run(t, "journal", "x", data)
		within(t, data, Window{After: time.UnixMicro(journalTime), At: bytes.NewReader(data)})
	})
}
