package response

import (
	"context"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"firebreak/config"
	"firebreak/internal/testkit"
	"firebreak/timeline"
)

// oddEvents are events of all kinds, the same for the same seed.
func oddEvents(seed uint64, n int) []timeline.Event {
	r := rand.New(rand.NewPCG(seed, 1))
	pick := func(s ...string) string { return s[r.IntN(len(s))] }
	words := []string{
		"Failed", "FAILED", "password", "pass_word", "for", "root", "пароль", "ПАРОЛЬ", "größe", "GRÖßE", "\u212aelvin", "Kelvin", "a.b", "x-y", "/etc/passwd", "C:\\Windows", "f(x)", "10.0.0.5", "10.0.0.55",
		"203.0.113.9:22", "[2001:db8::5]:443", "::ffff:10.1.2.3", "src:10.0.0.7", "1.2.3.4.5", "sshd[4711]:", "it's", `"quoted"`, "tab\there", "line\nbreak", "per%cent", "null\x00byte", "{p1:String}", "\\d+", "T1110.001", "ошибка,", "ﬁ", "e\u0301",
	}
	day := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	all := make([]timeline.Event, n)
	for i := range all {
		var m []string
		for range r.IntN(8) {
			m = append(m, words[r.IntN(len(words))])
		}
		e := timeline.Event{
			Precision: timeline.Second, TimeKind: timeline.Logged, Source: pick("auth", "syslog", "web", "Файл"), Parser: pick("syslog", "bodyfile"), Host: pick("web-1", "WEB-1", "db-1", "", "10.0.0.5", "größe"),
			User: pick("root", "Ann Example", "", "o'brien", "ПЁТР"), Message: strings.Join(m, pick(" ", " ", ", ", "=")), Exhibit: pick("e1", "e2"), Offset: int64(r.IntN(5000)), Technique: pick("", "", "T1110", "T1110.001", "t1110.002", "T1111"),
		}
		if r.IntN(20) > 0 {
			e.Time = day.Add(time.Duration(r.Int64N(int64(48 * time.Hour))))
		}
		if r.IntN(50) == 0 {
			e.Time = time.Date(1950+r.IntN(200), 3, 4, 5, 6, 7, 8, time.UTC)
		}
		if r.IntN(2) == 0 {
			e.Attributes.Set("bytes", pick("0", "5", "100", "150", "200", "-7", "+3", " 42 ", "1e3", "1.5", ".5", "5.", "x", "", "1e999", "007", "0x10", "1_0"))
		}
		if r.IntN(3) == 0 {
			e.Attributes.Set("sp ace.'\"", words[r.IntN(len(words))])
		}
		if r.IntN(3) == 0 {
			e.Attributes.Set("cmd", strings.Join([]string{words[r.IntN(len(words))], words[r.IntN(len(words))]}, " "))
		}
		e.ID = timeline.EventID(e.Exhibit, e.Parser, int64(i), 0)
		all[i] = e
	}
	return all
}

// What a filter finds here it finds in ClickHouse too.
func TestTheSameFilterInClickHouse(t *testing.T) {
	url := testkit.ClickHouse(t)
	b := newBench(t, config.Config{})
	b.open()
	ctx := t.Context()
	for name, text := range map[string]string{"one.log": authLog, "two.log": strings.ReplaceAll(authLog, "web-1", "web-2")} { // for exhibits with a date
		_, err := b.s.Ingest(ctx, b.id, []string{b.file(name, text)}, IngestOptions{}, nil)
		b.must(err)
	}
	f, err := b.s.s.open(ctx, b.id)
	b.must(err)
	db, err := b.s.s.timeline(ctx, f)
	b.must(err)
	b.must(db.Clear(ctx))
	all := oddEvents(7, 10_000)
	_, err = db.Append(ctx, all)
	b.must(err)
	yes := true
	for i, r := range []MarkRequest{{Star: &yes, Tags: []string{"pivot"}}, {Tags: []string{"Pivot 2", "c2"}}, {Comment: "the FIRST Größe"}, {Star: &yes, Comment: "second"}} {
		b.must(b.s.MarkAll(ctx, b.id, []MarkedEvent{{Event: all[i]}, {Event: all[100+i]}}, r))
	}
	t.Setenv("FIREBREAK_TEST_CLICKHOUSE", testkit.ClickHousePassword)
	r := ExportRequest{To: "clickhouse=" + url + "/default", Secret: "env:FIREBREAK_TEST_CLICKHOUSE"}
	for range 2 { // the same twice is there once
		sum, err := b.s.ExportEvents(ctx, b.id, r, nil)
		b.must(err)
		if sum.Events != int64(len(all)) || sum.Format != "clickhouse" || sum.To != url+"/default" {
			t.Fatalf("%+v", sum)
		}
	}
	r.To = url
	filters := []string{
		``, `failed`, `FAILED password`, `fail*`, `*ail*`, `*word`, `p*d`, `"failed password"`, `"password, for"`, `пароль`, `паро*`, `größe`, `k*`, `kelvin`, `a.b`, `x`, `x-y`, `/etc/passwd`, `C:\Windows`, `f(x)`, `sshd[4711]:`, `4711`, `it's`, `"\"quoted\""`,
		`"tab	here"`, `per%cent`, `"{p1:String}"`, `\d+`, `ﬁ`, `*`, `message:failed`, `message:a,пароль`, `message:*`, `message:""`,
		`/Fail/`, `/fail/i`, `/^failed/i`, `/word$/`, `/a.b/`, `/line.break/`, `/(?s)line.break/`, `/\bfor\b/`, `/[А-Я]+/`, `/(?i)k/`, `/\x00/`, `/p{2,3}|s{2}/`, `/(?P<x>root|for)/`, `/\Qa.b\E/`,
		`host:web-1`, `host:web-*`, `host:*1`, `host:web-1,db-1`, `host:""`, `host:*`, `host:/^w.b/`, `host:größe`, `host:GR*`, `user:"Ann Example"`, `user:o'brien`, `user:пётр`, `source:файл`, `source:auth,web parser:bodyfile`, `exhibit:e2`, `kind:logged precision:s`,
		`technique:T1110`, `technique:t1110.001`, `technique:T11*`, `technique:""`, `technique:*`, `technique:/10$/`, `id:` + all[3].ID.String(), `offset:100`, `offset:>4000`, `offset:10..20`, `offset:<=10.5`,
		`attr.bytes:*`, `attr.bytes:""`, `attr.bytes:5`, `attr.bytes:>0`, `attr.bytes:>=100`, `attr.bytes:<1.5`, `attr.bytes:<=0`, `attr.bytes:100..200`, `attr.bytes:..3`, `attr.bytes:[42 TO 42]`, `attr.bytes:{0.5 TO *]`, `attr.bytes:>1e2`, `attr."sp ace.'\"":*`, `attr."sp ace.'\"":failed`, `attr.cmd:*password*`, `attr.none:""`, `attr.none:x`,
		`ip:10.0.0.5`, `ip:10.0.0.0/8`, `ip:10.0.*`, `ip:203.0.113.0/24,2001:db8::/32`, `ip:::/0`, `ip:0.0.0.0/0`, `ip:10.0.0.1-10.0.0.7`, `ip:1.2.3.4`, `ip:2001:db8::5`,
		`after:2026-11-20T12:00`, `before:2026-11-20T12:00`, `time:2026-11-21`, `around:2026-11-20T12:00,2h`, `-after:1900-01-01`, `after:2000-01-01 before:2100-01-01 -time:2026-11`,
		`star:`, `star:no`, `tag:pivot`, `tag:piv*`, `tag:*`, `comment:größe`, `comment:*`, `discovered:>=2000-01-01`, `discovered:<2000-01-01`, `-discovered:2026-11-20`,
		`failed or password`, `failed -password`, `-(failed or host:web-1)`, `(failed password) or (root -host:db-1)`, `not not failed`, `exists:user missing:technique`, `host=web-1`,
	}
	counts := map[int64]bool{}
	for _, text := range filters {
		here, err := b.s.Count(ctx, b.id, text)
		b.must(err)
		there, err := b.s.CountIn(ctx, b.id, text, r)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if here != there {
			t.Errorf("%s: %d events here, %d in ClickHouse", text, here, there)
		}
		counts[here] = true
	}
	t.Logf("%d filters, %d different counts", len(filters), len(counts))
	if len(counts) < 50 {
		t.Errorf("the filters gave only %d different counts", len(counts))
	}
	_, err = b.s.CountIn(ctx, b.id, `before:9000-01-01`, r)
	b.want(CodeUsage, err)
	_, err = b.s.CountIn(ctx, b.id, `x`, ExportRequest{To: url, Secret: "env:PATH"})
	b.want(CodeAuth, err)
	if strings.Contains(err.Error(), os.Getenv("PATH")) {
		t.Errorf("the secret stands in %v", err)
	}
	b.verified()
}

// A batch whose answer is lost is sent again, and adds nothing.
func TestAnExportThatIsCancelled(t *testing.T) {
	url := testkit.ClickHouse(t)
	b := newBench(t, config.Config{})
	b.open()
	f, err := b.s.s.open(t.Context(), b.id)
	b.must(err)
	db, err := b.s.s.timeline(t.Context(), f)
	b.must(err)
	_, err = db.Append(t.Context(), oddEvents(9, 2000))
	b.must(err)
	t.Setenv("FIREBREAK_TEST_CLICKHOUSE", testkit.ClickHousePassword)
	ctx, cancel := context.WithCancel(t.Context())
	r := ExportRequest{To: url, Format: "clickhouse", Secret: "env:FIREBREAK_TEST_CLICKHOUSE", Table: "t2"}
	_, err = b.s.ExportEvents(ctx, b.id, r, func(g Progress) {
		if g.What == "counting" {
			cancel()
		}
	})
	if ctx.Err() == nil || err == nil {
		t.Fatalf("it went on: %v", err)
	}
	_, err = b.s.ExportEvents(t.Context(), b.id, r, nil)
	b.must(err)
	n, err := b.s.CountIn(t.Context(), b.id, "", r)
	b.must(err)
	if n != 2000 {
		t.Errorf("%d events", n)
	}
	r.Table = "no; table"
	_, err = b.s.ExportEvents(t.Context(), b.id, r, nil)
	b.want(CodeUsage, err)
}
