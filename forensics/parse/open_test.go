package parse

import (
	"bytes"
	"encoding/base64"
	"io"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"

	"firebreak/record"
	"firebreak/timeline"
)

const oneLine = "Jan  1 00:00:00 h sshd[1]: hello\n"

// squeeze compresses text by every means that Go can write.
func squeeze(t *testing.T, text []byte) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	pack := func(name string, open func(io.Writer) (io.WriteCloser, error)) {
		var b bytes.Buffer
		w, err := open(&b)
		must(t, err)
		_, err = w.Write(text)
		must(t, err)
		must(t, w.Close())
		out[name] = b.Bytes()
	}
	pack("gz", func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil })
	pack("zst", func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) })
	pack("xz", func(w io.Writer) (io.WriteCloser, error) { return xz.NewWriter(w) })
	return out
}

func TestCompressed(t *testing.T) {
	text := []byte(strings.Repeat(oneLine, 5000))
	packed := squeeze(t, text)
	plain, _ := run(t, "", "auth.log", text)
	for name, data := range packed {
		got, ing := run(t, "", "/var/log/auth.log.2."+name, data)
		if len(got) != 5000 || ing.Rejected != 0 || ing.Parser != "syslog" {
			t.Fatalf("%s: %d events, %+v", name, len(got), ing)
		}
		if got[4999].Offset != plain[4999].Offset || got[0].Time != plain[0].Time {
			t.Errorf("%s: %+v", name, got[4999])
		}
		// Read once, without a way to begin again.
		n := 0
		_, err := File(t.Context(), io.MultiReader(bytes.NewReader(data)), Source{Collected: collected}, func(b []timeline.Event) error {
			n += len(b)
			return nil
		})
		if err != nil || n != 5000 {
			t.Errorf("%s read once: %d events, %v", name, n, err)
		}
		cut, ing := run(t, "syslog", "x", data[:len(data)*2/3])
		if ing.Rejected == 0 || len(cut) >= 5000 {
			t.Errorf("%s cut: %d events, %+v", name, len(cut), ing)
		}
		broken := bytes.Clone(data)
		for i := len(broken) / 2; i < len(broken)/2+8; i++ {
			broken[i] ^= 0x55
		}
		if _, ing := run(t, "syslog", "x", broken); ing.Rejected == 0 {
			t.Errorf("%s broken: %+v", name, ing)
		}
		run(t, "syslog", "x", data[:8])
	}
}

// "Jan  1 00:00:00 h sshd[1]: hello\n", by bzip2: Go only reads it.
const bzip2Line = "QlpoOTFBWSZTWa4jwHoAAAlfgAAQQABgEAAQAAomRYgAIAAhqYI2oMhTAATSqh4z5VDKEO2B7PCJtKu0d/i7kinChIVxHgPQ"

func TestBzip2(t *testing.T) {
	data, err := base64.StdEncoding.DecodeString(bzip2Line)
	must(t, err)
	got, ing := run(t, "syslog", "auth.log.bz2", data)
	if len(got) != 1 || ing.Rejected != 0 || got[0].Message != "sshd[1]: hello" {
		t.Errorf("%+v, %+v", got, ing)
	}
}

// A bomb is cut where its ratio passes the limit, and the rest is never
// unpacked. The bomb here is zeros, 2 GiB of them.
func TestBomb(t *testing.T) {
	if testing.Short() {
		t.Skip("unpacks half a gigabyte")
	}
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b, zstd.WithEncoderConcurrency(1))
	must(t, err)
	_, err = io.Copy(w, io.LimitReader(zeros{}, 64<<20))
	must(t, err)
	must(t, w.Close())
	b.Write(bytes.Repeat(b.Bytes(), 31)) // frames may follow one another
	ing, err := File(t.Context(), &b, Source{Exhibit: record.Exhibit{ID: "e1"}, Parser: "text"}, func([]timeline.Event) error { return nil })
	if err != nil || ing.Rejected != 1 || !strings.Contains(strings.Join(ing.Samples, ""), "over the limit") {
		t.Errorf("%+v, %v", ing, err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// An xz header may ask for a dictionary of 4 GiB.
func TestXzDictionary(t *testing.T) {
	packed := squeeze(t, []byte(oneLine))["xz"]
	i := bytes.Index(packed, []byte{0x21, 0x01})
	packed[i+2] = 40
	_, ing := run(t, "syslog", "x", packed)
	if ing.Rejected != 1 || !strings.Contains(ing.Samples[0], "dictionary") {
		t.Errorf("%+v", ing)
	}
}

// A failing reader is an error, not damage of the stream.
func TestCompressedReaderFails(t *testing.T) {
	for name, data := range squeeze(t, []byte(strings.Repeat(oneLine, 50_000))) {
		r := io.MultiReader(bytes.NewReader(data[:len(data)/2]), failing{io.ErrClosedPipe})
		_, err := File(t.Context(), r, Source{Parser: "syslog", Collected: collected}, func([]timeline.Event) error { return nil })
		if err == nil || !strings.Contains(err.Error(), io.ErrClosedPipe.Error()) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDetect(t *testing.T) {
	tests := []struct{ name, head, want string }{
		{"/var/log/auth.log", oneLine, "syslog"},
		{"anything", "<13>1 2003-10-11T22:14:15Z h a - - - x\n", "syslog"},
		{"messages-20260101.gz", oneLine, "syslog"},
		{"wtmp", "", "utmp"},
		{"/var/log/btmp", "", "btmp"},
		{"lastlog", "", "lastlog"},
		{"x", "LPKSHHRH\x00", "journal"},
		{"x", "0|/a|1|r/rrw-r--r--|0|0|1|1|2|3|4\n", "bodyfile"},
		{".bash_history", "ls\n", "history"},
		{"x", ": 1700000000:0;ls\n", "history"},
		{"x", "2026-08-03 15:25:53 status installed a 1\n", "dpkg"},
		{"x", "\nStart-Date: 2026-07-12  04:08:31\n", "apt"},
		{"x", "{\"message\":\"a\",\"datetime\":\"b\"}\n", "timesketch.jsonl"},
		{"x", "datetime,timestamp_desc,message\n", "timesketch.csv"},
		{"x", "type=LOGIN msg=audit(1.2:3): a=b\n", "audit"},
		{"x", "1.2.3.4 - - [10/Oct/2026:13:55:36 -0700] \"GET / HTTP/1.0\" 200 1\n", "access"},
		{"passwd", "root:x:0:0:root:/root:/bin/bash\n", "text"},
		{"x", "", "text"},
		{"x", "\x00\x01\x02\x03", "text"},
		{"x", "{\"a\":1}\n", "text"},
	}
	for _, tt := range tests {
		if got := Detect(tt.name, []byte(tt.head)); got != tt.want {
			t.Errorf("Detect(%q, %q) = %s, want %s", tt.name, tt.head, got, tt.want)
		}
	}
}

func FuzzOpen(f *testing.F) {
	for _, data := range squeeze(&testing.T{}, []byte(oneLine)) {
		f.Add(data)
	}
	f.Add([]byte("BZh91AY&SY"))
	f.Fuzz(func(t *testing.T, data []byte) {
		Detect("x", data)
		run(t, "", "x", data)
	})
}
