package cmd_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"unicode/utf16"
)

// TestHostileIngest reads files that no logger wrote. Each is taken: what can be
// read is on the timeline, the rest is counted, and little memory is used.
func TestHostileIngest(t *testing.T) {
	t.Parallel()
	parsers := []string{"", "syslog", "bodyfile", "timesketch.jsonl", "access"}
	if raceDetector {
		parsers = parsers[:2]
	}
	for name, file := range hostileLogs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, parser := range parsers {
				b := newBench(t)
				id := b.open("odd process")
				path := b.write("x.log", string(file.content))
				args := []string{"ingest", id, path, "--json"}
				if parser != "" {
					args = append(args, "--parser", parser)
				}
				r, peak := b.measured(args...)
				if r.code != 0 {
					t.Fatalf("as %q: exit %d\n%s%s", parser, r.code, r.out, r.err)
				}
				var sum struct {
					Events, Added, Rejected int64
					Notes                   []string
				}
				if err := json.Unmarshal([]byte(r.out), &sum); err != nil {
					t.Fatal(err)
				}
				if sum.Events+sum.Rejected == 0 && len(sum.Notes) == 0 {
					t.Errorf("as %q: nothing was read, and nothing is said: %s", parser, r.out)
				}
				if parser == "syslog" && sum.Events < file.good {
					t.Errorf("%d events, and there are %d lines that can be read: %s", sum.Events, file.good, r.out)
				}
				if sum.Added != sum.Events {
					t.Errorf("as %q: %d events, %d of them new", parser, sum.Events, sum.Added)
				}
				if len(r.out) > 64<<10 {
					t.Errorf("as %q: %d bytes are said", parser, len(r.out))
				}
				if most := int64(300 << 20); !raceDetector && peak > most { // the race detector's memory is not the program's
					t.Errorf("as %q: %d MiB of memory", parser, peak>>20)
				}
				b.verified(id)
				b.want(0, "check", id)
				b.want(0, "search", id, "--limit", "5")
				if err := os.Remove(path); err != nil { // they are large
					t.Fatal(err)
				}
			}
		})
	}
}

type hostileLog struct {
	content []byte
	good    int64 // lines of syslog that a reader of syslog has to find
}

func hostileLogs() map[string]hostileLog {
	const line = "2025-11-20T03:12:01+00:00 web-1 sshd[4711]: Failed password for root from 203.0.113.66 port 50222 ssh2\n"
	r := rand.NewChaCha8([32]byte{7})
	noise := make([]byte, 4<<20)
	if _, err := r.Read(noise); err != nil {
		panic(err) // it never fails
	}
	long := bytes.Repeat([]byte("x"), 100<<20)
	if raceDetector {
		long = long[:20<<20]
	}
	mixed := line + "2025-11-20T03:12:02+00:00 web-1 app[1]: caf\xe9 in Latin-1 \xff\xfe\n" + "\xef\xbb\xbf" + line +
		"2025-11-20T03:12:03+00:00 web-1 app[1]: 失敗 σφάλμα ошибка 🔥 \u202e\n"
	var wide []byte
	for _, u := range utf16.Encode([]rune("\ufeff" + strings.Repeat(line, 1000))) {
		wide = append(wide, byte(u), byte(u>>8))
	}
	cut := strings.Repeat(line, 1000)
	return map[string]hostileLog{
		"random bytes":               {noise, 0},
		"random bytes between lines": {together([]byte(cut), noise, []byte("\n"+cut)), 2000},
		"a very long line":           {together([]byte(line), long, []byte("\n"+line)), 2},
		"a very long line, at last":  {together([]byte(line), []byte(strings.TrimSuffix(line, "\n")), long), 1},
		"mixed encodings":            {[]byte(strings.Repeat(mixed, 500)), 1000},
		"UTF-16":                     {wide, 0},
		"NULs":                       {together([]byte(cut), make([]byte, 8<<20), []byte("\n"+cut)), 2000},
		"NULs in lines":              {[]byte(strings.ReplaceAll(cut, "root", "ro\x00ot")), 1000},
		"empty lines":                {[]byte(strings.Repeat("\n", 1<<20) + cut), 1000},
		"carriage returns":           {[]byte(strings.ReplaceAll(cut, "\n", "\r\n")), 1000},
	}
}

func together(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
