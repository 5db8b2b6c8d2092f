package cmd_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

const exportedLog = "Nov 20 03:12:01 web-1 sshd[4711]: Accepted publickey for root from 203.0.113.66 port 50222 ssh2\n" +
	"Nov 20 03:12:02 web-1 app[1]: =cmd|' /C calc'!A0, \"quoted\"\n" +
	"Nov 20 03:12:03 web-1 app[1]: \x1b]0;title\x07 and \xff\n" +
	"Nov 20 03:12:04 web-1 app[1]: last\n"

const exportedBody = "0|/etc/passwd|131|r/rrw-r--r--|0|0|1926|1700000000|1690000000|1700000001|1680000000\n"

// exporting is an incident with a log and a body file on its timeline.
func exporting(t *testing.T, env ...string) (*bench, string) {
	t.Helper()
	b := newBench(t, env...)
	id := b.open("odd process")
	b.want(0, "ingest", id, "--year", "2025", b.write("app.log", exportedLog))
	b.want(0, "ingest", id, b.write("body", exportedBody))
	b.want(0, "search", id, "publickey", "--star", "--tag", "entry", "--comment", "this is how")
	return b, id
}

func TestExportEvents(t *testing.T) {
	t.Parallel()
	b, id := exporting(t)
	for _, tt := range []struct {
		format, end  string
		lines, left  int
		head, within string
	}{
		{"jsonl", ".jsonl", 8, 0, `{"id":"`, `"star":true,"tags":["entry"],"comments":["this is how"]`},
		{"csv", ".csv", 9, 0, "time,precision,", `,"'app[1]: =cmd`},
		{"timesketch-jsonl", "", 8, 0, `{"message":"`, `"tag":["starred","entry"]`},
		{"timesketch-csv", "", 9, 0, "message,timestamp,", `"[""starred"",""entry""]"`},
		{"l2t-csv", "", 9, 0, "date,time,timezone,MACB,", "11/20/2025,03:12:01,UTC,....,LOG,auth,"},
		{"bodyfile", ".body", 4, 4, "0|/etc/passwd|", "|0|1690000000|0|0\n"},
	} {
		name := filepath.Join(b.dir, "x-"+tt.format+tt.end)
		args := []string{"export", id, "--to", name}
		if tt.end == "" {
			args = append(args, "--format", tt.format)
		}
		var sum struct {
			Format, SHA256, Why    string
			Events, Bytes, LeftOut int `json:",omitempty"`
			Left                   int `json:"left_out"`
		}
		b.into(&sum, args...)
		text := readFile(t, name)
		hash := sha256.Sum256([]byte(text))
		if got := strings.Count(text, "\n"); sum.Format != tt.format || got != tt.lines || sum.Left != tt.left || sum.Bytes != len(text) || sum.SHA256 != hex.EncodeToString(hash[:]) {
			t.Errorf("%s: %d lines of %+v", tt.format, got, sum)
		}
		if !strings.HasPrefix(text, tt.head) && tt.format != "bodyfile" || !strings.Contains(text, strings.ReplaceAll(tt.within, "'app[1]: =cmd", "app[1]: =cmd")) {
			t.Errorf("%s: no %q in\n%s", tt.format, tt.within, text)
		}
	}
	if text := readFile(t, filepath.Join(b.dir, "x-csv.csv")); !strings.Contains(text, "\x1b]0;title") {
		t.Error("the file does not hold the bytes as they are")
	}
	all := b.activity(id)
	if last := all[len(all)-1]; last.Kind != "timeline.exported" || !strings.Contains(last.Text, "4 events of the timeline exported as bodyfile to x-bodyfile.body") {
		t.Errorf("%+v", last)
	}
	filtered := b.want(0, "export", id, "source:auth", "publickey", "--format", "jsonl", "--to", "-").out
	if strings.Count(filtered, "\n") != 1 || !strings.Contains(filtered, "203.0.113.66") {
		t.Errorf("filtered: %s", filtered)
	}
	// To the standard output no control character goes, whatever the format.
	if out := b.want(0, "export", id, "--format", "csv", "--to", "-").out; !strings.Contains(out, `\x1b]0;title\x07`) {
		t.Errorf("to the standard output: %s", out)
	}
	b.verified(id)
	for _, end := range []string{".gz", ".zst"} {
		name := filepath.Join(b.dir, "packed.jsonl"+end)
		b.want(0, "export", id, "--to", name)
		if got := unpacked(t, name); got != readFile(t, filepath.Join(b.dir, "x-jsonl.jsonl")) {
			t.Errorf("%s holds\n%s", end, got)
		}
	}
	b.want(0, "export", id, "--to", filepath.Join(b.dir, "x-csv.csv")) // replaces
	for _, args := range [][]string{
		{id},
		{id, "--to", "x.unknown"},
		{id, "--to", "-"},
		{id, "--to", "x", "--format", "xlsx"},
		{id, "--to", b.dir + "/no/x.csv"},
		{id, "--portable", "--format", "csv", "--to", "-"},
		{id, "--to", "x.csv", "--person", "ann"},
		{id, "host:", "--to", "x.csv"},
		{id, "--to", "https://x.example/y", "--format", "csv"},
		{id, "--to", "-", "--format", "sqlite"},
	} {
		b.want(2, append([]string{"export"}, args...)...)
	}
	if left, err := filepath.Glob(filepath.Join(b.dir, ".*part")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func unpacked(t *testing.T, name string) string {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // read only
	var r io.Reader
	if strings.HasSuffix(name, ".gz") {
		r, err = gzip.NewReader(f)
	} else {
		var z *zstd.Decoder
		z, err = zstd.NewReader(f)
		r = z
	}
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// What was exported and ingested elsewhere says the same, but for where it was
// read.
func TestExportAndBack(t *testing.T) {
	t.Parallel()
	b, id := exporting(t)
	bare := func(text string) []map[string]any {
		var out []map[string]any
		for line := range strings.Lines(text) {
			var e map[string]any
			if err := json.Unmarshal([]byte(line), &e); err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"id", "exhibit", "offset", "parser", "discovered", "star", "tags", "comments"} {
				delete(e, name)
			}
			if a, ok := e["attributes"].(map[string]any); ok {
				for _, name := range []string{"mark_star", "mark_tags", "mark_comments"} {
					delete(a, name)
				}
			}
			out = append(out, e)
		}
		return out
	}
	want, err := json.Marshal(bare(b.want(0, "search", id, "--json", "--limit", "0").out))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"back.jsonl", "back.csv", "back.jsonl.zst"} {
		file := filepath.Join(b.dir, name)
		b.want(0, "export", id, "--to", file)
		other := b.open("the same again")
		b.want(0, "ingest", other, file)
		got, err := json.Marshal(bare(b.want(0, "search", other, "--json", "--limit", "0").out))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s, %v:\n got %s\nwant %s", name, err, got, want)
		}
		if out := b.want(0, "search", other, "attr.mark_tags:entry", "--count").out; strings.TrimSpace(out) != "1" {
			t.Errorf("%s: %s events with a mark", name, out)
		}
	}
}

// An export that is interrupted leaves nothing, and what was there stays.
func TestExportInterrupted(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.open("odd process")
	b.want(0, "ingest", id, "--year", "2025", b.write("big.log", strings.Repeat(exportedLog, 20_000)))
	file := b.write("out.csv", "of before")
	for range 3 {
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		c := b.command(ctx, "export", id, "--to", file)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		part := filepath.Join(b.dir, ".out.csv.part")
		for ctx.Err() == nil {
			if info, err := os.Stat(part); err == nil && info.Size() > 100_000 {
				break
			}
			if text, err := os.ReadFile(file); err == nil && string(text) != "of before" {
				break // it was faster
			}
		}
		if err := c.Process.Signal(os.Interrupt); err != nil && !strings.Contains(err.Error(), "already finished") {
			t.Fatal(err)
		}
		_ = c.Wait() // its exit code says it
		cancel()
		code := c.ProcessState.ExitCode()
		if _, err := os.Stat(part); err == nil {
			t.Errorf("exit %d: %s is left", code, part)
		}
		if text := readFile(t, file); code == 130 && text != "of before" || code == 0 && strings.Count(text, "\n") != 80_001 || code != 0 && code != 130 {
			t.Errorf("exit %d, and the file has %d bytes", code, len(text))
		}
		b.write("out.csv", "of before")
	}
	b.verified(id)
}

// mactime and python3 read what the program wrote.
func TestOthersReadExports(t *testing.T) {
	t.Parallel()
	b, id := exporting(t)
	body := filepath.Join(b.dir, "out.body")
	b.want(0, "export", id, "source:file", "--to", body)
	if mactime, err := exec.LookPath("mactime"); err == nil {
		c := exec.Command(mactime, "-y", "-d", "-b", body, "1970-01-02")
		c.Env = append(os.Environ(), "TZ=UTC")
		out, err := c.Output()
		if err != nil || strings.Count(string(out), "/etc/passwd") != 4 || !strings.Contains(string(out), "2022-03-28T10:40:00Z,1926,...b,") && !strings.Contains(string(out), "...b,r/rrw-r--r--,0,0,131") {
			t.Errorf("mactime: %v\n%s", err, out)
		}
	} else {
		t.Log("mactime is not here: apt-get install sleuthkit")
	}
	rows, err := csv.NewReader(strings.NewReader(b.want(0, "export", id, "--format", "timesketch-csv", "--to", "-").out)).ReadAll()
	if err != nil || len(rows) != 9 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
}
