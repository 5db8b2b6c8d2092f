package registry

import (
	"bytes"
	"testing"
)

func TestComputerName(t *testing.T) {
	system := func(current uint32, sets ...string) []byte {
		m := newMaker()
		below := []uint32{m.key("Select", 0, []val{{"Current", Number, le32.AppendUint32(nil, current)}})}
		for i, name := range sets {
			c := m.key("ComputerName", 0, []val{{"ComputerName", Text, wide(name)}})
			c = m.key("ComputerName", 0, nil, c)
			c = m.key("Control", 0, nil, c)
			below = append(below, m.key("ControlSet00"+string(rune('1'+i)), 0, nil, c))
		}
		return m.hive(5, 5, m.key("ROOT", 4, nil, below...))
	}
	plain, _ := small()
	for want, b := range map[string][]byte{"WEB-1": system(2, "OLD", "WEB-1"), "ONE": system(1, "ONE"), "": plain} {
		h, err := Open(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := h.ComputerName(); got != want || err != nil {
			t.Errorf("%q, %v; want %q", got, err, want)
		}
	}
	b := system(7, "NONE")
	h, err := Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := h.ComputerName(); got != "" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}
