package xpress

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// The examples of [MS-XCA] 3.1.
func TestPlain(t *testing.T) {
	for want, in := range map[string]string{
		"abcdefghijklmnopqrstuvwxyz": "\x3f\x00\x00\x00abcdefghijklmnopqrstuvwxyz",
		strings.Repeat("abc", 100):   "\xff\xff\xff\x1fabc\x17\x00\x0f\xff\x26\x01",
	} {
		got, err := Plain([]byte(in), len(want))
		if err != nil || string(got) != want {
			t.Errorf("%q %v", got, err)
		}
		for n := range len(in) {
			if got, err := Plain([]byte(in)[:n], len(want)); !errors.Is(err, ErrDamaged) || !strings.HasPrefix(want, string(got)) {
				t.Errorf("%d bytes: %q %v", n, got, err)
			}
		}
	}
	// two long matches share a byte of lengths: 1+7+3 and 2+7+3
	if got, err := Plain([]byte("\x00\x00\x00\x80\x07\x00\x21"), 24); err == nil {
		t.Errorf("a match before the beginning: %q", got)
	}
	got, err := Plain([]byte("\xff\xff\xff\x7fa\x07\x00\x21\x07\x00"), 24)
	if err != nil || !bytes.Equal(got, bytes.Repeat([]byte("a"), 24)) {
		t.Errorf("%q %v", got, err)
	}
}

func FuzzPlain(f *testing.F) {
	f.Add([]byte("\xff\xff\xff\x1fabc\x17\x00\x0f\xff\x26\x01"), uint16(300))
	f.Add([]byte("\xff\xff\xff\x7fa\x07\x00\x21\x07\x00"), uint16(24))
	f.Fuzz(func(t *testing.T, in []byte, size uint16) {
		if got, err := Plain(in, int(size)); len(got) > int(size) || err == nil && len(got) != int(size) {
			t.Errorf("%d of %d bytes, %v", len(got), size, err)
		}
	})
}
