package registry

import (
	"testing"

	"firebreak/forensics/formats/le"
)

// Values of the tests of .NET's Marvin.
func TestMarvin(t *testing.T) {
	for _, tt := range []struct {
		data string
		want uint64
	}{{"", 0x30ed35c100cd3c7d}, {"\xaf", 0x48e73fc77d75ddc1}, {"\xe7\x0f", 0xb5f6e1fc485dbff8}, {"\x37\xf4\x95", 0xf0b07c789b8cf7e8}} {
		if got := marvinOf(le.Bytes(tt.data), 0x004fb61a001bdbcc); got != tt.want {
			t.Errorf("%x: %x, want %x", tt.data, got, tt.want)
		}
	}
}
