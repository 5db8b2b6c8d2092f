package cmd_test

import (
	"crypto/sha256"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"firebreak/internal/term"
)

const sqlLog = `Nov 20 01:02:03 web-1 sshd[471]: Failed password for root from 10.0.0.5 port 22 ssh2
Nov 20 01:02:04 web-1 sshd[472]: Accepted password for alice from 10.0.0.6 port 22 ssh2
Nov 20 01:02:05 db-1 app[1]: =cmd|' /C calc'!A0` + "\x1b]0;owned\x07 \xff" + `
`

// sqlBench is an incident with a hostile title and a small log.
func sqlBench(t *testing.T) *bench {
	b := newBench(t)
	b.open("x'); drop table events; --")
	b.want(0, "ingest", "last", b.write("auth.log", sqlLog))
	return b
}

func TestSQL(t *testing.T) {
	t.Parallel()
	b := sqlBench(t)
	if got := b.want(0, "sql", "last", "select host, count(*) n from events group by host order by n desc").out; got != "host   n\n-----  -\nweb-1  2\ndb-1   1\n" {
		t.Errorf("the table is\n%s", got)
	}
	var row struct {
		Host string `json:"host"`
		PID  string `json:"pid"`
		Two  int    `json:"n_2"`
		Blob string `json:"b"`
	}
	r := b.want(0, "sql", "last", "--json", "select host, attributes ->> 'pid' pid, 1 n, 2 n, x'00ff' b from events where user = :u", "--param", "u=root")
	if err := json.Unmarshal([]byte(r.out), &row); err != nil || row.Host != "web-1" || row.PID != "471" || row.Two != 2 || row.Blob != "00ff" {
		t.Errorf("%s: %+v, %v", r.out, row, err)
	}
	// A query on the standard input, with a parameter that is a number.
	asked := b.command(t.Context(), "sql", "last", "--csv", "--param", ":n=-1")
	asked.Stdin = strings.NewReader("select offset > :n from events order by time limit 1")
	if r := b.finish(asked, nil); r.code != 0 || r.out != "offset > :n\n1\n" {
		t.Errorf("%+v", r)
	}
	// A cell that a spreadsheet would calculate, and one that a terminal would obey.
	cells, err := csv.NewReader(strings.NewReader(b.want(0, "sql", "last", "--csv", "select '=1+1', -5, message from events where host = 'db-1'").out)).ReadAll()
	if err != nil || len(cells) != 2 || cells[1][0] != "'=1+1" || cells[1][1] != "-5" {
		t.Errorf("%q, %v", cells, err)
	}
	if got := b.want(0, "sql", "last", "--csv", "--exact", "select '=1+1' x").out; got != "x\n=1+1\n" {
		t.Errorf("exact: %q", got)
	}
	for _, form := range []string{"--json", "--quiet"} {
		if got := b.want(0, "sql", "last", form, "select message, message as 'x\x1b[31m' from events").out; strings.ContainsAny(got, "\x1b\x07") || got != term.SafeLines(got) {
			t.Errorf("%s prints %q", form, got)
		}
	}
	for _, c := range strings.Split(strings.TrimSpace(b.want(0, "sql", "--schema", "--json").out), "\n") {
		var column struct{ Name, Type, Says string }
		if err := json.Unmarshal([]byte(c), &column); err != nil || column.Name == "" || column.Says == "" {
			t.Errorf("%s: %v", c, err)
		}
	}
}

func TestSQLFaults(t *testing.T) {
	t.Parallel()
	b := sqlBench(t)
	for _, c := range []struct {
		code int
		says string
		args []string
	}{
		{2, "select hosst from events\n       ^", []string{"select hosst from events"}},
		{2, "'single quotes'", []string{`select * from events where host = "web-1"`}},
		{2, "syntax error", []string{"selec"}},
		{2, "host:(\n     ^", []string{"select * from events('host:(')"}},
		{3, "nothing can be changed", []string{"drop table marks"}},
		{3, "nothing can be changed", []string{"attach '" + b.dir + "/x.db' as x"}},
		{2, "--param name=value", []string{"select :a"}},
		{2, "no parameter :b", []string{"select 1", "--param", "b=1"}},
		{2, "want NAME=VALUE", []string{"select 1", "--param", "b"}},
		{2, "not both", []string{"select 1", "--csv", "--json"}},
		{2, "one query, in quotes", []string{"select", "1"}},
		{2, "there is no query", nil},
	} {
		r := b.run(append([]string{"sql", "last"}, c.args...)...)
		if r.code != c.code || !strings.Contains(r.err, c.says) || r.out != "" {
			t.Errorf("%q: %+v", c.args, r)
		}
	}
}

// Ctrl-C ends a question that would never end.
func TestSQLIsInterrupted(t *testing.T) {
	t.Parallel()
	b := sqlBench(t)
	if code := b.stopped(os.Interrupt, 500*time.Millisecond, "sql", "last", "with recursive n(i) as (select 1 union all select i+1 from n) select count(*) from n"); code != 130 {
		t.Errorf("exit %d", code)
	}
}

// The table is read while another process fills it, and the answers are of whole
// batches.
func TestSQLWhileAnotherIngests(t *testing.T) {
	t.Parallel()
	b := sqlBench(t)
	var log strings.Builder
	for i := range 20000 {
		log.WriteString("Nov 20 02:02:0" + string(rune('0'+i%10)) + " web-2 app[" + strings.Repeat("1", 1+i%5) + "]: line\n")
	}
	file := b.write("more.log", log.String())
	var done sync.WaitGroup
	done.Go(func() { b.want(0, "ingest", "last", file) })
	for range 5 {
		r := b.run("sql", "last", "--csv", "select count(*) >= 3, count(*) = count(distinct id), min(time) from events")
		if r.code != 0 || !strings.HasSuffix(r.out, "\n1,1,2026-11-20T01:02:03.000000000Z\n") && !strings.Contains(r.out, "\n1,1,") {
			t.Errorf("%+v", r)
		}
	}
	done.Wait()
	if got := b.want(0, "sql", "last", "--csv", "select count(*) from events where host = 'web-2'").out; !strings.HasSuffix(got, "\n20000\n") {
		t.Error(got)
	}
}

// Nothing of an encrypted incident is readable beside the answer, and the files
// for other programs go elsewhere.
func TestSQLOfAnEncryptedIncident(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.want(0, "init", "--identity", ageKey(t))
	b.open("sealed")
	b.want(0, "ingest", "last", b.write("auth.log", sqlLog))
	if got := b.want(0, "sql", "last", "--csv", "select user from events where user <> '' order by user").out; got != "user\nalice\nroot\n" {
		t.Error(got)
	}
	for _, name := range []string{"x.sqlite", "x.parquet"} {
		if r := b.run("export", "last", "--to", b.home+"/"+name); r.code != 2 {
			t.Errorf("%s into the workspace: %+v", name, r)
		}
		r := b.want(0, "export", "last", "--to", b.dir+"/"+name)
		if !strings.Contains(r.err, "is not: whoever has the file reads it") {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func TestExportForTables(t *testing.T) {
	t.Parallel()
	b := sqlBench(t)
	for _, name := range []string{"x.sqlite", "x.parquet"} {
		var sum struct {
			Format string
			Events int64
			Bytes  int64
			SHA256 string
		}
		r := b.want(0, "export", "last", "host:web-1", "--to", b.dir+"/"+name, "--json")
		if err := json.Unmarshal([]byte(r.out), &sum); err != nil || sum.Events != 2 || sum.SHA256 != fmt.Sprintf("%x", sha256.Sum256([]byte(readFile(t, b.dir+"/"+name)))) {
			t.Errorf("%s: %s, %v", name, r.out, err)
		}
	}
	if got := b.want(0, "show", "last", "activity").out; strings.Count(got, "x.sqlite") != 1 || strings.Count(got, "x.parquet") != 1 {
		t.Errorf("the record says\n%s", got)
	}
	sqlite, err := exec.LookPath("sqlite3")
	if err != nil {
		t.Skip("needs the program sqlite3")
	}
	out, err := exec.CommandContext(t.Context(), sqlite, "-readonly", b.dir+"/x.sqlite", "select count(*), max(user) from events; pragma integrity_check").CombinedOutput()
	if err != nil || string(out) != "2|root\nok\n" {
		t.Errorf("%s, %v", out, err)
	}
}
