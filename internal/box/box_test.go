package box

import (
	"bytes"
	"crypto/rand"
	"errors"
	"testing"
	"testing/iotest"
)

var key = [32]byte{1, 2, 3}

func TestSealAndOpen(t *testing.T) {
	for _, plain := range [][]byte{nil, []byte("x"), bytes.Repeat([]byte("long "), 10_000)} {
		b, err := Seal(&key, "here", plain, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if len(b) != len(plain)+Overhead || !Is(b) {
			t.Errorf("a box of %d bytes for %d", len(b), len(plain))
		}
		if len(plain) > 4 && bytes.Contains(b, plain[:5]) {
			t.Error("the box shows what is in it")
		}
		got, err := Open(&key, "here", b)
		if err != nil || !bytes.Equal(got, plain) {
			t.Errorf("opened %d bytes, %v", len(got), err)
		}
	}
}

func TestWhatDoesNotOpen(t *testing.T) {
	b, err := Seal(&key, "here", []byte("secret"), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	other := [32]byte{9}
	for name, open := range map[string]func() ([]byte, error){
		"other key":     func() ([]byte, error) { return Open(&other, "here", b) },
		"other context": func() ([]byte, error) { return Open(&key, "there", b) },
		"cut":           func() ([]byte, error) { return Open(&key, "here", b[:len(b)-1]) },
		"empty":         func() ([]byte, error) { return Open(&key, "here", nil) },
		"plain":         func() ([]byte, error) { return Open(&key, "here", bytes.Repeat([]byte("a"), 100)) },
	} {
		if got, err := open(); !errors.Is(err, ErrDamaged) || got != nil {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	for i := range len(b) * 8 {
		flipped := bytes.Clone(b)
		flipped[i/8] ^= 1 << (i % 8)
		if got, err := Open(&key, "here", flipped); !errors.Is(err, ErrDamaged) {
			t.Fatalf("bit %d: %q, %v", i, got, err)
		}
	}
}

func TestNoRandomness(t *testing.T) {
	broken := errors.New("broken")
	if b, err := Seal(&key, "here", nil, iotest.ErrReader(broken)); !errors.Is(err, broken) || b != nil {
		t.Errorf("%v, %v", b, err)
	}
}

func FuzzOpen(f *testing.F) {
	b, err := Seal(&key, "here", []byte("secret"), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, b []byte) {
		if got, err := Open(&key, "here", b); err == nil && !bytes.Equal(got, []byte("secret")) {
			t.Errorf("%q was opened as %q", b, got)
		}
	})
}
