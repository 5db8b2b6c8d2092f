package cmd_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

type parsedFile struct {
	File, Parser                      string
	Events, Rejected, Recovered, Seen *int64
	Outside                           int64
	Samples, Notes                    []string
}

func parsedLines(t *testing.T, out string) []parsedFile {
	t.Helper()
	var all []parsedFile
	for line := range strings.Lines(out) {
		var p parsedFile
		if err := json.Unmarshal([]byte(line), &p); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if p.Events == nil || p.Rejected == nil || p.Recovered == nil || p.Seen == nil || *p.Events+*p.Rejected+*p.Recovered != *p.Seen {
			t.Errorf("the account of %s does not add up: %s", p.File, line)
		}
		all = append(all, p)
	}
	return all
}

// TestParse reads files without a workspace, and leaves nothing.
func TestParse(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	log := b.write("logs/auth.log", "this is a line of no log\n"+exportedLog)
	body := b.write("logs/deep/body", exportedBody)
	b.write("logs/deep/readme", "nothing in it\n")
	before := b.everything()
	all := parsedLines(t, b.want(0, "parse", log, body, "--json").out)
	if len(all) != 2 || all[0].File != log || all[0].Parser != "syslog" || *all[0].Events != 4 || *all[0].Rejected != 1 || len(all[0].Samples) != 1 || len(all[0].Notes) == 0 || all[1].Parser != "bodyfile" || *all[1].Events != 4 {
		t.Errorf("%+v", all)
	}
	deep := parsedLines(t, b.want(0, "parse", "-r", filepath.Join(b.dir, "logs"), "--json").out)
	if len(deep) != 3 || deep[0].File != log || deep[2].Parser != "text" {
		t.Errorf("%+v", deep)
	}
	r := b.want(5, "parse", log, filepath.Join(b.dir, "missing"), filepath.Join(b.dir, "logs"), "--json")
	if some := parsedLines(t, r.out); len(some) != 1 || !strings.Contains(r.err, "missing") || !strings.Contains(r.err, "it is a folder") {
		t.Errorf("%+v\n%s", some, r.err)
	}
	b.want(1, "parse", filepath.Join(b.dir, "missing"))
	events := b.want(0, "parse", "--events", "--year", "2025", "--host", "given", log, body).out
	if strings.Count(events, "\n") != 8 || !strings.Contains(events, `"time":"2025-11-20T03:12:01Z"`) || !strings.Contains(events, `"exhibit":"`+log+`"`) || !strings.Contains(events, `"host":"given"`) {
		t.Errorf("events:\n%s", events)
	}
	if out := b.want(0, "parse", "--events", "--format", "csv", log).out; !strings.HasPrefix(out, "time,precision,") || !strings.Contains(out, `\x1b]0;title`) {
		t.Errorf("csv:\n%s", out)
	}
	if out := b.want(0, "parse", log, "-q").out; !strings.Contains(out, "4 events, 1 rejected") || !strings.Contains(out, "rejected: at 0:") {
		t.Errorf("text: %s", out)
	}
	within := b.want(0, "parse", "--events", "--year", "2025", "--after", "2025-11-20T03:12:02Z", "--before", "2025-11-21", log)
	one := parsedLines(t, b.want(0, "parse", "--year", "2025", "--after", "2025-11-20T03:12:02Z", "--before", "2025-11-21", log, "--json").out)[0]
	if lines := strings.Count(within.out, "\n"); lines == 0 || lines > 3 || strings.Contains(within.out, "03:12:01Z") || *one.Events != int64(lines) || one.Outside != 4-int64(lines) {
		t.Errorf("within a time: %+v\n%s", one, within.out)
	}
	for _, args := range [][]string{{}, {"--after", "nonsense", log}, {"--after", "2025-11-21", "--before", "2025-11-20", log}, {"--as", "nothing", log}, {"--format", "csv", log}, {"--events", "--format", "xlsx", log}, {"--zone", "Nowhere/At", log}, {"--as", "mapped.csv", log}} {
		b.want(2, append([]string{"parse"}, args...)...)
	}
	if after := b.everything(); !slices.Equal(after, before) {
		t.Errorf("something was written: %q, before %q", after, before)
	}
}

// everything is all that there is in the scratch folder, which is HOME as well.
func (b *bench) everything() []string {
	b.t.Helper()
	var out []string
	if err := filepath.Walk(b.dir, func(path string, _ os.FileInfo, err error) error {
		out = append(out, path)
		return err
	}); err != nil {
		b.t.Fatal(err)
	}
	return out
}

// The ids are those that an ingestion gives, from a file and from a stream.
func TestParseGivesTheIDsOfIngest(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	log := b.write("app.log", exportedLog)
	ids := func(out string) []string {
		var all []string
		for line := range strings.Lines(out) {
			var e struct{ ID string }
			if err := json.Unmarshal([]byte(line), &e); err != nil {
				t.Fatal(err)
			}
			all = append(all, e.ID)
		}
		return all
	}
	id := b.open("odd process")
	b.want(0, "ingest", id, "--year", "2025", log)
	want := ids(b.want(0, "search", id, "--json").out)
	got := ids(b.want(0, "parse", "--events", "--year", "2025", log).out)
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	c := b.command(ctx, "parse", "--events", "--year", "2025", "-")
	c.Stdin = strings.NewReader(exportedLog)
	piped := ids(b.finish(c, []string{"parse", "-"}).out)
	if len(want) != 4 || !slices.Equal(got, want) || !slices.Equal(piped, want) {
		t.Errorf("%q, %q and %q", want, got, piped)
	}
}

// A stream of more than is kept in memory is read as well.
func TestParseLongStream(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	line := "Nov 20 03:12:01 web-1 app[1]: " + strings.Repeat("x", 1000) + "\n"
	stream := strings.Repeat(line, 70_000)
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	c := b.command(ctx, "parse", "--events", "--year", "2025", "-q", "-")
	c.Stdin = strings.NewReader(stream)
	var out bytes.Buffer
	c.Stdout = &out
	if err := c.Run(); err != nil || bytes.Count(out.Bytes(), []byte("\n")) != 70_000 {
		t.Errorf("%d lines, %v", bytes.Count(out.Bytes(), []byte("\n")), err)
	}
}

// A mapping is kept with the exhibit, and a rebuild reads by it.
func TestIngestByMapping(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.open("odd process")
	data := b.write("odd.jsonl", `{"when":1700000000,"what":"door opened","who":{"name":"ann"}}`+"\n"+`{"when":"?"}`+"\n")
	by := b.write("door.yaml", "mapping: v1\nformat: jsonl\ntime: {from: \"{when}\", epoch: s}\nuser: \"{who.name}\"\nmessage: \"{what}\"\n")
	if r := b.want(2, "ingest", id, data, "--mapping", b.write("bad.yaml", "mapping: v1\nformat: jsonl\nmessage: \"{what\"\ntime: x\n")); !strings.Contains(r.err, "bad.yaml:3:11: this { is not closed") {
		t.Errorf("%s", r.err)
	}
	b.want(0, "ingest", id, data, "--mapping", by)
	search := func() string {
		out := b.want(0, "search", id, "user:ann", "--json").out
		if !strings.Contains(out, `"time":"2023-11-14T22:13:20Z"`) || !strings.Contains(out, `"source":"door"`) || strings.Count(out, "\n") != 1 {
			t.Errorf("%s", out)
		}
		return out
	}
	first := search()
	if err := os.Remove(by); err != nil {
		t.Fatal(err)
	}
	b.want(0, "ingest", id, "--rebuild")
	if again := search(); again != first {
		t.Errorf("after a rebuild:\n%s\nbefore\n%s", again, first)
	}
	if out := b.want(0, "show", id, "e1", "--json").out; !strings.Contains(out, `"mapping":{"name":"door.yaml","sha256":"`) {
		t.Errorf("the record does not keep the mapping: %s", out)
	}
	// The same bytes by another mapping: the events are replaced.
	other := b.write("other.yaml", "mapping: v1\nformat: jsonl\ntime: {from: \"{when}\", epoch: s}\nuser: \"{who.name}\"\nmessage: \"other: {what}\"\nsource: door\n")
	if out := b.want(0, "ingest", id, data, "--mapping", other).out; !strings.Contains(out, "mapping: they replace its 1 event") {
		t.Errorf("%s", out)
	}
	if out := b.want(0, "search", id, "user:ann", "--json").out; strings.Count(out, "\n") != 1 || !strings.Contains(out, `"message":"other: door opened"`) {
		t.Errorf("%s", out)
	}
	b.verified(id)
	for _, args := range [][]string{{"--as", "syslog"}, {"--as", "mapped.csv"}} {
		b.want(2, append([]string{"parse", data, "--mapping", other}, args...)...)
	}
}
