package timeline

import (
	"strings"
	"testing"
)

// In each text a | stands for the cursor.
func TestCompletionAt(t *testing.T) {
	for text, want := range map[string]struct {
		kind     CompletionKind
		prefix   string
		replaced string
	}{
		`|`:                      {CompleteName, "", ""},
		`ho|`:                    {CompleteName, "ho", "ho"},
		`a -ho|st:x`:             {CompleteName, "ho", "host:"},
		`(us|er`:                 {CompleteName, "us", "user"},
		`host:|`:                 {CompleteValue, "", ""},
		`host:we|`:               {CompleteValue, "we", "we"},
		`host:a,we|b,c x`:        {CompleteValue, "we", "web"},
		`host:"a,b",we|`:         {CompleteValue, "we", "we"},
		`user:"Ann E|"`:          {CompleteValue, "Ann E", `"Ann E"`},
		`user:"Ann E|`:           {CompleteValue, "Ann E", `"Ann E`},
		`hostname:w|`:            {CompleteValue, "w", "w"},
		`attr.|`:                 {CompleteAttribute, "", "attr."},
		`attr.pi|`:               {CompleteAttribute, "pi", "attr.pi"},
		`attr.pid:4|`:            {CompleteValue, "4", "4"},
		`attr."sp ace":v|`:       {CompleteValue, "v", "v"},
		`tag:pi|`:                {CompleteMark, "pi", "pi"},
		`after:yes|`:             {CompleteTime, "yes", "yes"},
		`star:|`:                 {CompleteWord, "", ""},
		`exists:us|`:             {CompleteWord, "us", "us"},
		`"failed pass|word" x`:   {CompleteNothing, "", ""},
		`/a b|c/`:                {CompleteNothing, "", ""},
		`message:fai|`:           {CompleteNothing, "", ""},
		`ip:10|`:                 {CompleteNothing, "", ""},
		`id:x|`:                  {CompleteNothing, "", ""},
		`host:web*|`:             {CompleteNothing, "", ""},
		`failed |host:x`:         {CompleteName, "", "host:"},
		`"a b" so|`:              {CompleteName, "so", "so"},
		`host:x) -(user:ro|`:     {CompleteValue, "ro", "ro"},
		`message:"x y" sourc|e:`: {CompleteName, "sourc", "source:"},
	} {
		before, after, _ := strings.Cut(text, "|")
		c := CompletionAt(before+after, len(before))
		got := (before + after)[c.From:c.To]
		if c.Kind != want.kind || c.Kind != CompleteNothing && (c.Prefix != want.prefix || got != want.replaced) {
			t.Errorf("%s: kind %d, prefix %q, replaces %q", text, c.Kind, c.Prefix, got)
		}
	}
	if got := CompletionAt("so", 2).Words(); len(got) != 1 || got[0] != "source:" {
		t.Errorf("words: %q", got)
	}
	if c := CompletionAt("attr.a b:x host:w", 17); c.Kind != CompleteValue || c.Field != FieldHost {
		t.Errorf("%+v", c)
	}
}

func FuzzCompletionAt(f *testing.F) {
	for _, seed := range []string{`host:a,"b c" attr."x`, `-(a /x y/ user:"`, `a\xff:"\`, `é: ü`} {
		f.Add(seed, 5)
	}
	f.Fuzz(func(t *testing.T, text string, cursor int) {
		c := CompletionAt(text, cursor)
		at := min(max(cursor, 0), len(text))
		if c.From < 0 || c.From > at || c.To < at || c.To > len(text) {
			t.Fatalf("%q at %d: %+v", text, cursor, c)
		}
		c.Words()
	})
}
