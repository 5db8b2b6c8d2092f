package parse

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"firebreak/internal/testkit"
)

// Every log of the corpus gives as many events as its chunks' headers count.
func TestEvtxExpected(t *testing.T) {
	dir := filepath.Join(testkit.Corpus(t, "evtx/expected.tsv"), "evtx")
	table, err := os.ReadFile(filepath.Join(dir, "expected.tsv"))
	must(t, err)
	for row := range strings.Lines(string(table)) {
		f := strings.Split(strings.TrimSpace(row), "\t")
		want, err := strconv.ParseInt(f[1], 10, 64)
		if err != nil {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, f[0]))
		must(t, err)
		events, ing := run(t, "", f[0], data)
		if ing.Parser != "evtx" || ing.Events != want || ing.Rejected != 0 {
			t.Errorf("%s: %s, %d events, %d recovered, %d rejected, want %d: %q", f[0], ing.Parser, ing.Events, ing.Recovered, ing.Rejected, want, ing.Samples)
		}
		if os.Getenv("SHOW") != "" {
			t.Log(f[0], ing.Samples)
			for _, e := range events {
				t.Log(e.Time, e.User, e.Message, e.Attributes.Get("recovered"))
			}
		}
	}
}

// plaso's tests expect 6501 records of its log, which was not closed.
func TestEvtExpected(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(testkit.Corpus(t, "plaso/SysEvent.Evt"), "plaso", "SysEvent.Evt"))
	must(t, err)
	events, ing := run(t, "", "SysEvent.Evt", data)
	if ing.Parser != "evt" || len(events) != 6501 || ing.Rejected != 0 {
		t.Errorf("%s: %d events, %d recovered, %d rejected: %q", ing.Parser, ing.Events, ing.Recovered, ing.Rejected, ing.Samples)
	}
	t.Log(ing.Events, ing.Recovered, events[0].Message, events[0].Attributes)
}

func BenchmarkEvtx(b *testing.B) {
	name := filepath.Join(testkit.Corpus(b, "evtx/expected.tsv"), "evtx", "de_unmanagedpowershell_psinject_sysmon_7_8_10.evtx")
	data, err := os.ReadFile(name)
	if err != nil {
		b.Fatal(err)
	}
	chunk := data[4096 : 4096+65536]
	big := append(bytes.Clone(data[:4096]), bytes.Repeat(chunk, 200)...)
	binary.LittleEndian.PutUint16(big[42:], 200)
	benchmark(b, "evtx", big)
}
