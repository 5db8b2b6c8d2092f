package events

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"firebreak/timeline"
)

// Of a host that alone fills its blocks a gap can lie within a block, between two,
// or around those that are not looked at.
func TestGapsOfSourcesOfTheirOwn(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	db := openTest(t)
	var all []timeline.Event
	for host := range 3 {
		at := day
		var own []timeline.Event
		for i := range 5000 {
			at = at.Add(time.Second)
			if r.IntN(700) == 0 || i == 2048 {
				at = at.Add(time.Duration(r.IntN(120)) * time.Minute)
			}
			exhibit := fmt.Sprint("e", host)
			e := timeline.Event{
				ID: timeline.EventID(exhibit, "syslog", int64(i), 0), Time: at, Precision: timeline.Second, Source: "syslog", Parser: "syslog",
				Host: fmt.Sprint("web-", host), Message: "session opened", Exhibit: exhibit, Offset: int64(i),
			}
			if i > 4990 {
				e.Time = time.Time{}
			}
			if i%3 == 0 {
				e.User = "root"
			}
			own = append(own, e)
		}
		mustAppend(t, db, own)
		all = append(all, own...)
	}
	for _, text := range []string{"", "host:web-1", "user:root", "-host:web-1"} {
		f := parse(t, text)
		o := oracle{t: t, db: db, r: r, f: f, all: all}
		for _, e := range all {
			if f.Match(e) {
				o.want = append(o.want, e)
			}
		}
		sortEvents(o.want)
		o.gaps()
	}
}
