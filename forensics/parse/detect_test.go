package parse

import (
	"bufio"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"firebreak/internal/testkit"
	"firebreak/internal/testkit/loggen"
)

// TestSyslogIsSyslog: whatever lines a system log begins with, no other format
// takes it for its own.
func TestSyslogIsSyslog(t *testing.T) {
	log, err := loggen.New(loggen.Options{Lines: 2_000, Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := b.ReadFrom(log); err != nil {
		t.Fatal(err)
	}
	windows(t, "made.log", b.Bytes())
	dir := testkit.Corpus(t, "loghub")
	for _, name := range []string{"Linux_2k.log", "OpenSSH_2k.log"} {
		b, err := os.ReadFile(filepath.Join(dir, "loghub", name))
		if err != nil {
			t.Fatal(err)
		}
		windows(t, name, b)
	}
}

// windows looks at a log from many of its lines on.
func windows(t *testing.T, name string, b []byte) {
	t.Helper()
	in := bufio.NewScanner(bytes.NewReader(b))
	var lines []string
	for in.Scan() {
		lines = append(lines, in.Text())
	}
	other := map[string]int{}
	n := 0
	for at := 0; at < len(lines); at += 7 {
		for _, k := range []int{1, 3, 20} {
			n++
			head := strings.Join(lines[at:min(at+k, len(lines))], "\n") + "\n"
			if as := Detect(name, []byte(head)); as != "syslog" {
				if other[as]++; other[as] == 1 {
					t.Errorf("%s from line %d, %d lines: %s: %.200q", name, at+1, k, as, head)
				}
			}
		}
	}
	if len(other) > 0 {
		t.Errorf("of %d: %v", n, other)
	}
}
