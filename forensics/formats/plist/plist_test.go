package plist

import (
	"encoding/binary"
	"errors"
	"math"
	"reflect"
	"testing"
	"time"
	"unicode/utf16"
)

// maker writes a binary list.
type maker struct{ objects [][]byte }

func sized(kind byte, n int) []byte {
	if n < 15 {
		return []byte{kind<<4 | byte(n)}
	}
	return binary.BigEndian.AppendUint16([]byte{kind<<4 | 15, 0x11}, uint16(n))
}

func (m *maker) add(v any) uint16 {
	n := uint16(len(m.objects))
	m.objects = append(m.objects, nil)
	var b []byte
	switch v := v.(type) {
	case bool:
		b = []byte{8}
		if v {
			b = []byte{9}
		}
	case int64:
		b = binary.BigEndian.AppendUint64([]byte{0x13}, uint64(v))
	case float64:
		b = binary.BigEndian.AppendUint64([]byte{0x23}, math.Float64bits(v))
	case time.Time:
		b = binary.BigEndian.AppendUint64([]byte{0x33}, math.Float64bits(float64(v.Unix()-cocoaEpoch)))
	case []byte:
		b = append(sized(4, len(v)), v...)
	case string:
		units := utf16.Encode([]rune(v))
		if len(units) == len(v) {
			b = append(sized(5, len(v)), v...)
			break
		}
		b = sized(6, len(units))
		for _, u := range units {
			b = binary.BigEndian.AppendUint16(b, u)
		}
	case []any:
		b = sized(10, len(v))
		for _, x := range v {
			b = binary.BigEndian.AppendUint16(b, m.add(x))
		}
	case Dict:
		b = sized(13, len(v))
		var values []byte
		for k, x := range v {
			b = binary.BigEndian.AppendUint16(b, m.add(k))
			values = binary.BigEndian.AppendUint16(values, m.add(x))
		}
		b = append(b, values...)
	}
	m.objects[n] = b
	return n
}

func (m *maker) bytes() []byte {
	out := []byte("bplist00")
	var table []byte
	for _, o := range m.objects {
		table = binary.BigEndian.AppendUint32(table, uint32(len(out)))
		out = append(out, o...)
	}
	at := len(out)
	out = append(append(out, table...), 0, 0, 0, 0, 0, 0, 4, 2)
	out = binary.BigEndian.AppendUint64(out, uint64(len(m.objects)))
	out = binary.BigEndian.AppendUint64(out, 0)
	return binary.BigEndian.AppendUint64(out, uint64(at))
}

func sample() Dict {
	return Dict{
		"Label": "com.example.évil", "Args": []any{"/bin/sh", "-c", "a text that is longer than fifteen bytes"}, "Run": true, "Not": false,
		"N": int64(-5), "F": 1.5, "At": time.Date(2025, 11, 20, 12, 0, 0, 0, time.UTC), "B": []byte{1, 2}, "D": Dict{"x": int64(1)},
	}
}

func made(v any) []byte {
	m := &maker{}
	m.add(v)
	return m.bytes()
}

const sampleXML = `<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict><key>Label</key><string>com.example.évil</string><key>Args</key><array><string>/bin/sh</string><string>-c</string><string>a text that is longer than fifteen bytes</string></array>
<key>Run</key><true/><key>Not</key><false/><key>N</key><integer>-5</integer><key>F</key><real>1.5</real><key>At</key><date>2025-11-20T12:00:00Z</date><key>B</key><data>
AQI=
</data><!-- a remark --><key>D</key><dict><key>x</key><integer>1</integer></dict></dict></plist>`

func TestRead(t *testing.T) {
	for name, b := range map[string][]byte{"binary": made(sample()), "XML": []byte(sampleXML)} {
		got, err := Read(b)
		if err != nil || !reflect.DeepEqual(got, any(sample())) || !Is(b) {
			t.Errorf("%s: %v\n%#v", name, err, got)
		}
		for n := range len(b) - 8 {
			if _, err := Read(b[:n]); !errors.Is(err, ErrFormat) {
				t.Fatalf("%s: %d bytes: %v", name, n, err)
			}
		}
	}
	if d := sample(); d.Text("Label") == "" || len(d.Texts("Args")) != 3 || d.Texts("Label")[0] != d.Text("Label") || d.Texts("N") != nil {
		t.Error("texts")
	}
}

// Lists that are made to cost much are refused.
func TestHostile(t *testing.T) {
	self := &maker{objects: [][]byte{{0xa1, 0, 0}}}
	bomb := &maker{}
	for i := range uint16(40) { // each names the next one twice
		bomb.objects = append(bomb.objects, []byte{0xa2, 0, byte(i + 1), 0, byte(i + 1)})
	}
	bomb.objects = append(bomb.objects, []byte{9})
	for name, b := range map[string][]byte{
		"itself": self.bytes(), "bomb": bomb.bytes(), "entities": []byte(`<plist><!DOCTYPE a [<!ENTITY b "c">]><string>&b;</string></plist>`),
		"no list": []byte("<html/>"), "empty": []byte("<plist></plist>"), "large": make([]byte, MaxSize+1),
	} {
		if _, err := Read(b); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(made(sample()))
	f.Add([]byte(sampleXML))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := Read(b); err != nil && !errors.Is(err, ErrFormat) {
			t.Fatal(err)
		}
	})
}
