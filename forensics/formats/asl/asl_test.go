package asl

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"firebreak/internal/testkit"
)

// maker writes a file as syslogd does.
type maker struct {
	b    []byte
	last int // offset of the last message
}

func newMaker() *maker {
	b := append([]byte(Magic), make([]byte, headerSize-len(Magic))...)
	binary.BigEndian.PutUint32(b[12:], 2)
	binary.BigEndian.PutUint64(b[24:], 1763640000)
	return &maker{b: b}
}

// ref writes a text, or puts it into its reference.
func (m *maker) ref(s string) uint64 {
	if s == "" {
		return 0
	}
	if len(s) <= 7 {
		b := append([]byte{0x80 | byte(len(s))}, s...)
		return binary.BigEndian.Uint64(append(b, make([]byte, 8-len(b))...))
	}
	at := len(m.b)
	m.b = binary.BigEndian.AppendUint16(m.b, 1)
	m.b = binary.BigEndian.AppendUint32(m.b, uint32(len(s)+1))
	m.b = append(m.b, s+"\x00"...)
	return uint64(at)
}

func (m *maker) message(x Message) {
	var refs []uint64
	for _, s := range []string{x.Host, x.Sender, x.Facility, x.Text, x.RefProc, x.Session} {
		refs = append(refs, m.ref(s))
	}
	for _, p := range x.Pairs {
		refs = append(refs, m.ref(p.Key), m.ref(p.Value))
	}
	at := len(m.b)
	var b []byte
	b = binary.BigEndian.AppendUint16(b, 0)
	b = binary.BigEndian.AppendUint32(b, uint32(fixedSize+16*len(x.Pairs)+8))
	for _, n := range []uint64{0, x.ID, x.Seconds} {
		b = binary.BigEndian.AppendUint64(b, n)
	}
	b = binary.BigEndian.AppendUint32(b, x.Nanoseconds)
	b = binary.BigEndian.AppendUint16(b, x.Level)
	b = binary.BigEndian.AppendUint16(b, x.Flags)
	for _, n := range []uint32{x.PID, x.UID, x.GID, x.ReadUID, x.ReadGID, x.RefPID, uint32(2 * len(x.Pairs))} {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	for _, n := range append(refs, uint64(m.last)) {
		b = binary.BigEndian.AppendUint64(b, n)
	}
	m.b = append(m.b, b...)
	if m.last == 0 {
		binary.BigEndian.PutUint64(m.b[16:], uint64(at))
	} else {
		binary.BigEndian.PutUint64(m.b[m.last+6:], uint64(at))
	}
	binary.BigEndian.PutUint64(m.b[36:], uint64(at))
	m.last = at
}

func made() []byte {
	m := newMaker()
	m.message(Message{ID: 1, Seconds: 1763640000, Nanoseconds: 5, Level: 5, PID: 7, UID: 0, Host: "mac", Sender: "sshd", Facility: "com.example.long", Text: "Accepted publickey for ann", Pairs: []Pair{{"Key", "a value that is long"}}})
	m.message(Message{ID: 2, Seconds: 1763640001, Level: 3, PID: 8, UID: 501, Host: "mac", Sender: "com.example.long", Text: "short"})
	m.message(Message{ID: 3, Seconds: 1763640002, Host: "mac", Sender: "x"})
	return m.b
}

func walked(t testing.TB, b []byte) (ms []Message, wrong int) {
	t.Helper()
	f, err := Open(bytes.NewReader(b), int64(len(b)))
	if errors.Is(err, ErrFormat) {
		return nil, -1
	}
	if err != nil {
		t.Fatal(err)
	}
	err = f.Walk(context.Background(), func(m *Message) error {
		ms = append(ms, *m)
		return nil
	}, func(at int64, _ error) error {
		if at < 0 {
			t.Fatalf("at %d of %d", at, len(b))
		}
		wrong++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return ms, wrong
}

func TestWalk(t *testing.T) {
	ms, wrong := walked(t, made())
	if len(ms) != 3 || wrong != 0 || ms[0].Text != "Accepted publickey for ann" || ms[0].Facility != "com.example.long" || ms[1].Text != "short" || ms[1].Sender != "com.example.long" || !ms[2].Listed || ms[0].UID != 0 || ms[1].UID != 501 || ms[0].Nanoseconds != 5 {
		t.Fatalf("%d %+v", wrong, ms)
	}
	if p := ms[0].Pairs; len(p) != 1 || p[0] != (Pair{"Key", "a value that is long"}) {
		t.Errorf("%v", p)
	}
}

func TestDamage(t *testing.T) {
	b := made()
	ms, _ := walked(t, b)
	second := ms[1].Offset
	lost := bytes.Clone(b)
	binary.BigEndian.PutUint64(lost[ms[0].Offset+6:], uint64(ms[2].Offset)) // the list leaves the second out
	if got, wrong := walked(t, lost); len(got) != 3 || wrong != 0 || got[1].Listed || !got[2].Listed {
		t.Errorf("%d %+v", wrong, got)
	}
	broken := bytes.Clone(b)
	binary.BigEndian.PutUint16(broken[second:], 77)
	if got, wrong := walked(t, broken); len(got) != 2 || wrong != 2 || got[1].ID != 3 || !got[1].Listed {
		t.Errorf("%d %+v", wrong, got)
	}
	loop := bytes.Clone(b)
	binary.BigEndian.PutUint64(loop[ms[2].Offset+6:], uint64(ms[0].Offset))
	if got, wrong := walked(t, loop); len(got) != 3 || wrong != 1 {
		t.Errorf("%d %+v", wrong, got)
	}
	for n := range len(b) {
		walked(t, b[:n])
	}
}

func TestCorpus(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(testkit.Corpus(t, "plaso/2019.09.26.asl"), "plaso", "2019.09.26.asl"))
	if err != nil {
		t.Fatal(err)
	}
	ms, wrong := walked(t, b)
	lost := 0
	for _, m := range ms {
		lost += m.Lost
		if !m.Listed {
			t.Errorf("the message at %d is not in the list", m.Offset)
		}
	}
	if len(ms) != 318 || // plaso: 319, with one for the file itself
		wrong != 0 || lost != 0 {
		t.Errorf("%d messages, %d wrong, %d texts lost", len(ms), wrong, lost)
	}
}

func FuzzWalk(f *testing.F) {
	f.Add(made())
	f.Add(made()[:200])
	f.Fuzz(func(t *testing.T, b []byte) { walked(t, b) })
}
