package parse

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"firebreak/internal/testkit"
	"firebreak/record"
	"firebreak/timeline"
)

// hostileLines are what a log can hold, and what it should not.
var hostileLines = []string{
	"Dec 30 23:59:59 h sshd[1]: Failed password for invalid user x from 1.2.3.4 port 5 ssh2\n", "Jan  1 00:00:00 h a: b\r\n",
	"Dec 31 23:59:59 h late: one\n", "Jan  2 00:00:01 h a: b\n", "Jul 14 00:00:01 h a: b\n", "Feb 29 00:00:01 h a: leap\n", "Jun 30 23:59:60 h a: b\n",
	"Nov 05 08:30:20 h a: b\n", "Oct 25 02:30:00 h twice: b\n", "Mar 29 02:30:00 h never: b\n", "Mar  1 2019 00:00:00 h a: year\n",
	"\tindented\n", "  more\n", "plain text\n", "\n", "\r\n", "\x00\x00\x00\n", "\x00\x00Nov 18 08:30:20 h a: behind zeros\n", "\xff\xfe bad bytes\n",
	"2026-05-31T02:00:45.698463+02:00 h systemd[1]: Reloaded\n", "2026-05-31 02:00:45,5 h app: trace\n", "at x.y.Z(File.java:1)\n", "2026-13-31T02:00:45Z h a: b\n",
	"<34>Oct 11 22:14:15 m su: 'su root' failed\n", "<165>1 2003-10-11T22:14:15.003Z m ev 8 ID47 [e@1 i=\"3\"] An event\n", "<165>1 - m ev 8 - - undated\n", "<999>x\n",
	"10.0.0.1 - frank [10/Oct/2026:13:55:36 -0700] \"GET /a HTTP/1.0\" 200 2326\n", "0|/etc/passwd|12|r/rrw-r--r--|0|0|116|1337961564|1337961563|1337961563|0\n",
	"{\"message\":\"a\",\"datetime\":\"2026-01-02 03:04:05\"}\n", "type=LOGIN msg=audit(1783414613.166:447): pid=2124 res=1\n", "2026-08-03 15:25:53 install nc:amd64 <none> 1.2\n",
	"[2026-01-01T10:00:00+0100] [ALPM] installed nmap (7.9)\n", strings.Repeat("x", 300) + "\n",
}

// hostileLog draws lines, with long ones among them.
func hostileLog(seed uint64, n int) []byte {
	r := rand.New(rand.NewPCG(seed, 7))
	var b bytes.Buffer
	for range n {
		s := hostileLines[r.IntN(len(hostileLines))]
		for range 1 + r.IntN(4)*r.IntN(2) {
			b.WriteString(s)
		}
		switch r.IntN(400) {
		case 0:
			b.WriteString("Jan  3 00:00:00 h long: " + strings.Repeat("y", maxLine+r.IntN(3)-1) + "\n")
		case 1:
			b.WriteString("\t" + strings.Repeat("z", 300_000) + "\n")
		}
	}
	if r.IntN(2) == 0 {
		b.WriteString("no line feed at the end")
	}
	return b.Bytes()
}

// wholeOf is all that a run said, in one text.
func wholeOf(t *testing.T, parser string, data []byte, workers, chunk int, once bool) string {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	must(t, err)
	src := Source{
		Exhibit: record.Exhibit{ID: "e1", SHA256: "feed", Source: "x"}, Parser: parser, Collected: collected, Zone: zone, Workers: workers, chunk: chunk,
	}
	var got []timeline.Event
	lock := make(chan struct{}, 1)
	var r io.Reader = bytes.NewReader(data)
	if once {
		r = io.MultiReader(r)
	}
	ing, err := File(t.Context(), r, src, func(batch []timeline.Event) error {
		lock <- struct{}{}
		defer func() { <-lock }()
		for i := range batch {
			got = append(got, batch[i].Clone())
		}
		return nil
	})
	must(t, err)
	settle(t, got, ing)
	sortEvents(got)
	var b strings.Builder
	fmt.Fprintf(&b, "%+v\n", ing)
	for i := range got {
		fmt.Fprintf(&b, "%+v\n", got[i])
	}
	return b.String()
}

// Whatever the input, chunks of any size read by any number at once say what
// one reader of the whole says.
func TestChunksSayTheSame(t *testing.T) {
	for seed := range uint64(testkit.Rounds(t, 1, 20)) {
		data := hostileLog(seed, 250)
		for _, parser := range []string{"syslog", "packages", "bodyfile", "access", "timesketch.jsonl", "dpkg"} {
			for _, once := range []bool{false, true} {
				want := wholeOf(t, parser, data, 1, 1<<26, once)
				if strings.Count(want, "\n") < 5 {
					t.Fatalf("%s, seed %d says next to nothing: %s", parser, seed, want)
				}
				for _, o := range []struct{ workers, chunk int }{{1, 1}, {4, 1}, {3, 7}, {4, 300}, {2, 5000}, {4, 1 << 20}} {
					if got := wholeOf(t, parser, data, o.workers, o.chunk, once); got != want {
						t.Fatalf("%s, seed %d, read once %v: %d at once in chunks of %d differ:\n%s", parser, seed, once, o.workers, o.chunk, firstDifference(want, got))
					}
				}
			}
		}
	}
}

func firstDifference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return "want " + x[i] + "\n got " + y[i]
		}
	}
	return fmt.Sprintf("%d lines and %d", len(x), len(y))
}
