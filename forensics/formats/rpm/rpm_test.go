package rpm

import (
	"encoding/binary"
	"errors"
	"testing"
)

// header makes one of texts and numbers.
func header(tags map[uint32]any) []byte {
	var index, values []byte
	for tag, v := range tags {
		kind, at, count := uint32(4), len(values), uint32(1)
		switch v := v.(type) {
		case string:
			kind, values = 6, append(values, v+"\x00"...)
		case int:
			for len(values)%4 != 0 {
				values = append(values, 0)
			}
			at, values = len(values), binary.BigEndian.AppendUint32(values, uint32(v))
		case []string:
			kind, count = 8, uint32(len(v))
			for _, s := range v {
				values = append(values, s+"\x00"...)
			}
		}
		for _, n := range []uint32{tag, kind, uint32(at), count} {
			index = binary.BigEndian.AppendUint32(index, n)
		}
	}
	out := binary.BigEndian.AppendUint32(nil, uint32(len(tags)))
	out = binary.BigEndian.AppendUint32(out, uint32(len(values)))
	return append(append(out, index...), values...)
}

func TestRead(t *testing.T) {
	b := header(map[uint32]any{
		tagName: "bash", tagVersion: "5.2.26", tagRelease: "3.el10", tagEpoch: 1, tagArch: "x86_64", tagInstallTime: 1763640000,
		tagBasenames: []string{"bash", "sh"}, tagRSA: 1, tagVendor: "Example", tagSize: 77, 9999: "unknown",
	})
	p, err := Read(b)
	if err != nil || p.Name != "bash" || p.EVR() != "1:5.2.26-3.el10" || p.InstallTime != 1763640000 || p.Files != 2 || !p.Signed || p.Vendor != "Example" || p.Size != 77 {
		t.Errorf("%+v %v", p, err)
	}
	for n := range len(b) {
		if _, err := Read(b[:n]); !errors.Is(err, ErrDamaged) {
			t.Fatalf("%d bytes: %v", n, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(header(map[uint32]any{tagName: "a", tagVersion: "1", tagInstallTime: 5, tagBasenames: []string{"x"}}))
	f.Fuzz(func(_ *testing.T, b []byte) {
		if p, err := Read(b); err == nil && (p.Name == "" || p.Files < 0) {
			panic("a package without a name")
		}
	})
}
