package segment

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"testing"

	"firebreak/timeline"
)

// readAll reads everything that a reader can.
func readAll(r *Reader) error {
	if err := r.Check(); err != nil {
		return err
	}
	for row := range r.Meta().Rows {
		e, err := r.Event(row)
		if err != nil {
			return err
		}
		Tokens(e.Message, func(token string) {
			if err == nil {
				_, err = r.Word(token)
			}
		})
		if err != nil {
			return err
		}
	}
	l, err := r.Lexicon()
	if err != nil {
		return err
	}
	for i := range l.Len() {
		if _, err := l.Blocks(i); err != nil {
			return err
		}
		l.Token(i)
	}
	return nil
}

func sampleImage(t testing.TB, seed uint64, n int) *Image {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 7))
	b := NewBuilder()
	for i := range n {
		e := randomEvent(r, i)
		e.ID = timeline.EventID("sha", "p", int64(i)*77, 0)
		b.Add(&e)
	}
	image, err := b.Encode(newEncoder(t))
	if err != nil {
		t.Fatal(err)
	}
	return image
}

// Whatever the bytes of a part are, its checksum right, a reader reads it or says
// that it is damaged.
func FuzzDamagedParts(f *testing.F) {
	images := []*Image{sampleImage(f, 1, 60), sampleImage(f, 2, 2500)}
	f.Add(uint8(0), []byte{1, 0, 0, 5})
	f.Add(uint8(1), []byte{3, 0, 1, 255, 5, 0, 0, 0})
	f.Fuzz(func(t *testing.T, which uint8, changes []byte) {
		image := images[int(which)%len(images)]
		parts := memory{}
		for i, p := range image.Parts {
			data := bytes.Clone(p.Data[:len(p.Data)-sumSize])
			for c := changes; len(c) >= 4; c = c[4:] {
				if at := int(binary.BigEndian.Uint16(c[1:])); int(c[0])%len(image.Parts) == i && at < len(data) {
					data[at] = c[3]
				} else if int(c[0])%len(image.Parts) == i && len(data) > 0 {
					data = data[:at%len(data)]
				}
			}
			meta, err := ParseMeta(image.Meta)
			if err != nil {
				t.Fatal(err)
			}
			parts[[2]int{int(p.Kind), p.N}] = binary.LittleEndian.AppendUint32(data, checksum(meta.mark, p.Kind, p.N, data))
		}
		meta, err := ParseMeta(image.Meta)
		if err != nil {
			t.Fatal(err)
		}
		r := NewReader()
		r.Open(meta, parts)
		if err := readAll(r); err != nil && !errors.Is(err, ErrDamaged) {
			t.Fatal(err)
		}
	})
}

// The same for a meta, whose parts then do not belong to it.
func FuzzMeta(f *testing.F) {
	image := sampleImage(f, 3, 300)
	body := image.Meta[:len(image.Meta)-sumSize]
	f.Add(body)
	parts := memory{}
	for _, p := range image.Parts {
		parts[[2]int{int(p.Kind), p.N}] = p.Data
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := ParseMeta(binary.LittleEndian.AppendUint32(bytes.Clone(body), checksum(0, kindMeta, 0, body)))
		if err != nil {
			if !errors.Is(err, ErrDamaged) {
				t.Fatal(err)
			}
			return
		}
		r := NewReader()
		r.Open(m, parts)
		if err := readAll(r); err != nil && !errors.Is(err, ErrDamaged) {
			t.Fatal(err)
		}
	})
}

// Every bit of every part is under its checksum, and a part in the place of
// another is noticed.
func TestChecksums(t *testing.T) {
	image := sampleImage(t, 4, 500)
	meta, err := ParseMeta(image.Meta)
	if err != nil {
		t.Fatal(err)
	}
	parts := memory{}
	for _, p := range image.Parts {
		parts[[2]int{int(p.Kind), p.N}] = bytes.Clone(p.Data)
	}
	r := NewReader()
	r.Open(meta, parts)
	if err := readAll(r); err != nil {
		t.Fatal(err)
	}
	rnd := rand.New(rand.NewPCG(1, 1))
	for range 300 {
		p := image.Parts[rnd.IntN(len(image.Parts))]
		data := parts[[2]int{int(p.Kind), p.N}]
		bit := rnd.IntN(8 * len(data))
		data[bit/8] ^= 1 << (bit % 8)
		r.Open(meta, parts)
		if err := r.Check(); !errors.Is(err, ErrDamaged) {
			t.Fatalf("bit %d of part %d of kind %d: %v", bit, p.N, p.Kind, err)
		}
		data[bit/8] ^= 1 << (bit % 8)
	}
	for i := range 8 * len(image.Meta) {
		image.Meta[i/8] ^= 1 << (i % 8)
		if _, err := ParseMeta(image.Meta); !errors.Is(err, ErrDamaged) {
			t.Fatalf("bit %d of the meta: %v", i, err)
		}
		image.Meta[i/8] ^= 1 << (i % 8)
	}
	a, b := [2]int{int(KindDictionary), int(Host)}, [2]int{int(KindDictionary), int(User)}
	parts[a], parts[b] = parts[b], parts[a]
	r.Open(meta, parts)
	if err := r.Check(); !errors.Is(err, ErrDamaged) {
		t.Errorf("parts that changed places: %v", err)
	}
}
