package plist

import (
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"
)

// What Python's plistlib writes, binary and in XML, is read as it was meant.
func TestAsPlistlib(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not installed (apt-get install python3)")
	}
	dir := t.TempDir()
	const script = `
import datetime, plistlib, sys
v = {"Label": "com.example.\u00fc\u6f22", "RunAtLoad": True, "Disabled": False, "Empty": "", "StartInterval": 60, "Minus": -5,
     "Big": 2**40, "Real": 1.5, "Data": b"\x00\x01\xff", "When": datetime.datetime(2025, 11, 20, 12, 0, 0),
     "ProgramArguments": ["/bin/sh", "-c", "a & b < c"] + ["x%d" % i for i in range(300)], "Nested": {"a": {"b": [1, [2, {}], []]}}, "Long": "y" * 70000}
for fmt, name in ((plistlib.FMT_BINARY, "binary"), (plistlib.FMT_XML, "xml")):
    plistlib.dump(v, open(sys.argv[1] + "/" + name, "wb"), fmt=fmt)
`
	if out, err := exec.CommandContext(t.Context(), python, "-c", script, dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	arguments := []any{"/bin/sh", "-c", "a & b < c"}
	for i := range 300 {
		arguments = append(arguments, "x"+strconv.Itoa(i))
	}
	want := Dict{
		"Label": "com.example.ü漢", "RunAtLoad": true, "Disabled": false, "Empty": "", "StartInterval": int64(60), "Minus": int64(-5),
		"Big": int64(1) << 40, "Real": 1.5, "Data": []byte{0, 1, 255}, "When": time.Date(2025, 11, 20, 12, 0, 0, 0, time.UTC),
		"ProgramArguments": arguments, "Nested": Dict{"a": Dict{"b": []any{int64(1), []any{int64(2), Dict{}}, []any(nil)}}}, "Long": strings.Repeat("y", 70000),
	}
	for _, name := range []string{"binary", "xml"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		v, err := Read(b)
		got, _ := v.(Dict)
		if err != nil || len(got) != len(want) {
			t.Fatalf("%s: %d keys, %v", name, len(got), err)
		}
		for k := range want {
			if !reflect.DeepEqual(got[k], want[k]) {
				t.Errorf("%s: %s is %.200v, want %.200v", name, k, got[k], want[k])
			}
		}
	}
}
