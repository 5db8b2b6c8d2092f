package events

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"firebreak/timeline"
)

// Evidence that is made to be hard: more users than a code has numbers, names of
// attributes without end, words beyond what the lexicon keeps, bytes that are no
// text, a line of very many words. Every answer is what Filter.Match says. In a
// segment of full size that is asked of what has very many values alone, except in
// the soak form.
func TestHostileEvidenceIsFoundExactly(t *testing.T) {
	users := []string{`user:user6999*`, `user:user12*`, `attr.name65000:*`}
	t.Run("full size", func(t *testing.T) { hostile(t, openTest(t), 70_000, users) })
	db, times := openFew(t)
	hostile(t, db, 7000*times, append(users,
		`zzz*`, `*zzz`, giant, giant+"*", `"`+giant+`.7"`, `*zz.7*`, `attr.name4322:*`, `attr.name2:*zz3`, `w7919`, `w7920`, `"w7919 w15838"`,
		`strasse*`, `STRASSE`, `/\x{fffd}/`, `/ſtrasse.*9$/`, `ip:1.2.3.0/28`, `ip:1.2.3.4`, `1.2.3.299.5`, `"2.3.4.5"`, `not zzz* and not event`, `a97`, `*a96*`, `/z{150}\.1[02]/`, `number 5*`,
	))
}

var giant = strings.Repeat("z", 200)

func hostile(t *testing.T, db *DB, n int, filters []string) {
	t.Helper()
	r := rand.New(rand.NewPCG(7, 11))
	long := strings.Repeat("\xff\xc3a", 60) // a word of 180 bytes that is no UTF-8
	var words strings.Builder
	for i := range 150_000 {
		fmt.Fprintf(&words, "w%d ", i*7919%1_000_003)
	}
	events := numbered("e1", n)
	for i := range events {
		e := &events[i]
		e.User = fmt.Sprintf("user%d\x00", i)
		switch r.IntN(8) {
		case 0:
			e.Message = fmt.Sprintf("%s%d %s.%d", long, i%97, giant, i%13)
		case 1:
			e.Message = strings.Repeat("\u0301", i%70) + "ſTRASSE\xf0\x9f" + fmt.Sprint(i)
		case 2:
			e.Attributes = timeline.Attributes{{Name: fmt.Sprintf("name%d", i), Value: giant + fmt.Sprint(i%5)}}
		case 3:
			e.Message = "1.2.3." + fmt.Sprint(i%300) + ".5 ::ffff:1.2.3." + fmt.Sprint(i%256)
		}
	}
	events[777].Message = words.String()
	a := db.NewAppender(t.Context())
	if err := a.Add(events); err != nil {
		t.Fatal(err)
	}
	if added, err := a.Close(); added != int64(n) || err != nil {
		t.Fatalf("%d, %v", added, err)
	}
	for _, text := range filters {
		f, err := timeline.ParseFilter(text, day)
		if err != nil {
			t.Fatalf("%.60s: %v", text, err)
		}
		var want int64
		for i := range events {
			if f.Match(events[i]) {
				want++
			}
		}
		if got, err := db.Count(t.Context(), f); got != want || err != nil {
			t.Errorf("%.60s: %d, want %d, %v", text, got, want, err)
		}
	}
	if err := db.Check(t.Context()); err != nil {
		t.Error(err)
	}
}
