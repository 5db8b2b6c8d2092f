package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"firebreak/internal/testkit/loggen"
)

// expressions are what is looked for with a regular expression: with much
// literal text, with a little, and with none that would narrow it.
var expressions = [...]struct{ what, text string }{ //nolint:gochecknoglobals // a table
	{"much literal text", `Failed password for (invalid user )?\w+ from 10\.\d+`},
	{"a little", `session (opened|closed) for user r\w+t`},
	{"an address with a port", `\d+\.\d+\.\d+\.255 port 4\d{4}`},
	{"no literal text", `[a-f0-9]{13,16}&|[xyz]{3}q`},
}

// searches are those that no word of an index answers.
func (b *bench) searches(ctx context.Context) error {
	quick := func(l *line) bool { return l.P95 <= 250*time.Millisecond }
	substring, err := b.putAll(ctx, []asked{
		{question{Name: "any substring, exact count", Kind: "count", Filter: "*imikat*", Times: 5}, `SELECT count(*) FROM event WHERE message LIKE '%imikat%'`, "≤ 250 ms", quick},
		{question{Name: "any substring, first page", Kind: "first", Filter: "*imikat*", Times: 5}, "", "≤ 250 ms", quick},
	})
	if err != nil {
		return err
	}
	rg, grep := &line{Who: "rg -ciF"}, &line{Who: "grep -ciF"}
	err = b.turns(ctx, []*line{rg, grep}, b.rg("-iF", "imikat"), func(ctx context.Context) (sample, error) {
		return run(ctx, job{args: []string{"grep", "-ciF", "imikat", b.log}, ok: []int{1}, env: append(os.Environ(), "LC_ALL=C")})
	})
	if err != nil {
		return b.without(err, "rg")
	}
	b.same("substring", substring[0].Lines[0].Out, count(rg.Out))
	substring[0].Lines = append(substring[0].Lines, rg, grep)
	for _, e := range expressions {
		found, err := b.putAll(ctx, []asked{{question{Name: "regular expression, exact count: " + e.what, Kind: "count", Filter: "/" + e.text + "/", Times: 2}, "", "≤ 3 × rg", nil}})
		if err != nil {
			return err
		}
		peer := &line{Who: "rg -c"}
		if err := b.turns(ctx, []*line{peer}, b.rg(e.text)); err != nil {
			return b.without(err, "rg")
		}
		b.same("expression "+e.text, found[0].Lines[0].Out, count(peer.Out))
		found[0].Lines = append(found[0].Lines, peer)
		found[0].Met = func(l *line) bool { return l.Wall <= 3*peer.Wall }
	}
	return nil
}

// without says that a peer is not here, once.
func (b *bench) without(err error, who string) error {
	b.faults = append(b.faults, who+" could not be run: "+err.Error())
	return nil
}

// rules looks for all of them in one pass.
func (b *bench) rules(ctx context.Context) error {
	words := loggen.Keywords()
	list := filepath.Join(b.dir, "rules.txt")
	if err := os.WriteFile(list, []byte(strings.Join(words, "\n")+"\n"), 0o600); err != nil {
		return err
	}
	rules := make([]string, len(words))
	for i, w := range words {
		rules[i] = "*" + w + "*"
	}
	found, err := b.putAll(ctx, []asked{{question{Name: "100 keyword rules, each counted exactly", Kind: "sweep", Rules: rules, Times: 2}, "", "≤ 1.2 s", func(l *line) bool { return l.Wall <= 1200*time.Millisecond }}})
	if err != nil {
		return err
	}
	peer := &line{Who: "rg -ciF -f (lines with any of them)"}
	if err := b.turns(ctx, []*line{peer}, b.rg("-iF", "-f", list)); err != nil {
		return b.without(err, "rg")
	}
	// rg says how many lines have any of them; so does one filter of all.
	lines, err := b.search("--count", strings.Join(rules, " or "))(ctx)
	if err != nil {
		return err
	}
	b.same("lines with any of 100 keywords", strings.TrimSpace(lines.Out), count(peer.Out))
	total, hits := 0, 0
	for _, n := range strings.Fields(found[0].Lines[0].Out) {
		k := 0
		if _, err := fmt.Sscan(n, &k); err != nil {
			return err
		}
		total += k
		if k > 0 {
			hits++
		}
	}
	found[0].Lines[0].Extra = fmt.Sprintf("%d rules found something, %s hits", hits, number(int64(total)))
	found[0].Lines = append(found[0].Lines, peer)
	return nil
}
