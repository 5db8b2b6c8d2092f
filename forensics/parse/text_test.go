package parse

import (
	"bytes"
	"compress/gzip"
	"strings"
	"testing"
)

// What gives no events says why.
func TestNoEvents(t *testing.T) {
	packed := func(b []byte) []byte {
		var out bytes.Buffer
		z := gzip.NewWriter(&out)
		_, err := z.Write(b)
		must(t, err)
		must(t, z.Close())
		return out.Bytes()
	}
	nulls := bytes.Repeat([]byte{0}, 3*headSize+1)
	for _, tt := range []struct {
		name string
		data []byte
		want string
	}{
		{"empty", nil, "the file is empty"},
		{"empty.gz", packed(nil), "the file is empty"},
		{"auth.log", nulls, "NULs and nothing else"},
		{"one.log", nulls[:1], "NULs and nothing else"},
		{"late.bin", append(bytes.Clone(nulls), 'x'), "no parser here"},
		{"twice.gz", packed(packed([]byte("Nov 18 08:30:20 h a: b\n"))), "packed twice"},
		{"README", []byte("read me\n"), "no parser here"},
	} {
		got, ing := run(t, "", "/var/log/"+tt.name, tt.data)
		if len(got) != 0 || ing.Seen != 0 || ing.Parser != "text" || !strings.Contains(strings.Join(ing.Samples, "\n"), tt.want) {
			t.Errorf("%s: %+v", tt.name, ing)
		}
	}
}
