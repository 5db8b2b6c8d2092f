package loggen_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"firebreak/internal/testkit"
	"firebreak/internal/testkit/loggen"
)

func whole(t *testing.T, r io.Reader, err error) []byte {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(bufio.NewReaderSize(r, 1000)) // lines fall on the edge of what is asked for
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestRepeats: the same seed makes the same bytes, in every version; another
// seed makes others.
func TestRepeats(t *testing.T) {
	log := func(seed uint64) []byte {
		l, err := loggen.New(loggen.Options{Lines: 20_000, Seed: seed})
		return whole(t, l, err)
	}
	first := log(1)
	if !bytes.Equal(first, log(1)) {
		t.Error("the same seed makes two logs")
	}
	if bytes.Equal(first, log(2)) {
		t.Error("two seeds make the same log")
	}
	if sum := sha256.Sum256(first); hex.EncodeToString(sum[:4]) != "ffe3d209" {
		t.Errorf("the log of seed 1 is another than it was: %x", sum[:4])
	}
}

// TestShape: what the benchmarks take for granted of a log.
func TestShape(t *testing.T) {
	t.Run("own templates", func(t *testing.T) { shape(t, "") })
	t.Run("loghub", func(t *testing.T) {
		shape(t, testkit.Corpus(t, "loghub/OpenSSH_2k.log", "loghub/Linux_2k.log"))
	})
}

func shape(t *testing.T, corpus string) {
	l, err := loggen.New(loggen.Options{Lines: 200_000, Seed: 1, Corpus: corpus})
	if err != nil {
		t.Fatal(err)
	}
	size, rows, seldom := 0, 0, 0
	sources, hosts, tokens := map[int]time.Time{}, map[string]int{}, map[string]bool{}
	var line []byte
	for row := l.Next(); row != nil; row = l.Next() {
		line = row.AppendLine(line[:0])
		size += len(line)
		rows++
		if bytes.Count(line, []byte("\n")) != 1 || row.Program == "" || len(row.Message) == 0 {
			t.Fatalf("a line of %q is %q", row.Kind, line)
		}
		if last := sources[row.Source]; row.Time.Before(last) {
			t.Fatal("a source goes back in time")
		}
		sources[row.Source] = row.Time
		hosts[row.Host]++
		if bytes.Contains(line, []byte("nc -e /bin/sh")) {
			seldom++
		}
		if rows <= 1<<16 {
			for _, w := range bytes.FieldsFunc(row.Message, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
				tokens[string(w)] = true
			}
		}
	}
	t.Logf("%s: %d B a line, %d different words in the first 65,536", l.Templates(), size/rows, len(tokens))
	if mean := size / rows; mean < 170 || mean > 194 {
		t.Errorf("a line has %d bytes, want about 180", mean)
	}
	if rows != 200_000 || len(sources) != 8 || len(hosts) < 200 {
		t.Errorf("%d rows, %d sources, %d hosts", rows, len(sources), len(hosts))
	}
	if seldom < 5 || seldom > 50 {
		t.Errorf("%d of 200,000 lines are planted, want about 20", seldom)
	}
	for source, last := range sources {
		if d := last.Sub(loggen.Begin); d < loggen.Span*9/10 || d > loggen.Span*11/10 {
			t.Errorf("source %d ends after %s", source, d)
		}
	}
}

func TestBodyfile(t *testing.T) {
	f, err := loggen.NewBodyfile(1000, 1)
	lines := strings.Split(strings.TrimSuffix(string(whole(t, f, err)), "\n"), "\n")
	if len(lines) != 1000 {
		t.Fatalf("%d lines", len(lines))
	}
	for _, line := range lines {
		if strings.Count(line, "|") != 10 {
			t.Fatalf("no line of a body file: %q", line)
		}
	}
}

// TestKeywords: there are a hundred different ones.
func TestKeywords(t *testing.T) {
	words := loggen.Keywords()
	slices.Sort(words)
	if n := len(slices.Compact(words)); n != 100 {
		t.Errorf("%d different keywords", n)
	}
}
