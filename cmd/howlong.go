package cmd

import (
	"fmt"
	"strings"
	"time"
)

// howLong is a length of time as --silent and filters take it, to three units:
// 229d2h37m, 1h, 1m30s. What is shorter than a second is as Go writes it.
func howLong(d time.Duration) string {
	if d < time.Second {
		return d.String()
	}
	d = d.Round(time.Second)
	var b strings.Builder
	units := 0
	for _, u := range []struct {
		name string
		is   time.Duration
	}{{"d", 24 * time.Hour}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}} {
		n := d / u.is
		d -= n * u.is
		if n > 0 && units < 3 {
			fmt.Fprintf(&b, "%d%s", n, u.name)
		}
		if b.Len() > 0 {
			units++
		}
	}
	return b.String()
}
