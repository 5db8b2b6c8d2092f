package store

import (
	"context"
	"testing"
	"time"

	"firebreak/incident"
	"firebreak/internal/testkit"
	"firebreak/record"
)

// A clock that was set is an entry before the act; one that only runs a little
// differently, a machine that slept and a reboot are none.
func TestClockJumps(t *testing.T) {
	t.Parallel()
	self := incident.Actor{ID: "u-fb", Name: "firebreak"}
	jumps := 0
	cases := []struct {
		name  string
		move  func(c *testkit.Clock)
		by    time.Duration // 0: no entry
		notes int           // that verify makes of it
	}{
		{"an hour passes", func(c *testkit.Clock) { c.Advance(time.Hour) }, 0, 0},
		{"back a day", func(c *testkit.Clock) { c.Set(testkit.Start().Add(-24 * time.Hour)) }, -24 * time.Hour, 1},
		{"ten years on", func(c *testkit.Clock) { c.Set(testkit.Start().Add(10 * 365 * 24 * time.Hour)) }, 10 * 365 * 24 * time.Hour, 0},
		{"the wall clock stands still for an hour", func(c *testkit.Clock) { c.Advance(time.Hour); c.Set(testkit.Start()) }, -time.Hour, 0},
		{"a leap second", func(c *testkit.Clock) { c.Advance(time.Minute); c.Set(testkit.Start().Add(59 * time.Second)) }, 0, 0},
		{"the chip's whole second after a night's sleep", func(c *testkit.Clock) {
			c.Advance(8 * time.Hour)
			c.Set(testkit.Start().Add(8*time.Hour - 990*time.Millisecond))
		}, 0, 0},
		{"three seconds on", func(c *testkit.Clock) { c.Set(testkit.Start().Add(3 * time.Second)) }, 3 * time.Second, 0},
		{"a reboot", func(c *testkit.Clock) { c.Advance(time.Hour); c.Reboot("boot-2") }, 0, 0},
		{"a reboot, and back an hour", func(c *testkit.Clock) { c.Reboot("boot-2"); c.Set(testkit.Start().Add(-time.Hour)) }, -time.Hour, 1},
		{"a reboot, and ten years on: that may be true", func(c *testkit.Clock) { c.Reboot("boot-2"); c.Set(testkit.Start().Add(87600 * time.Hour)) }, 0, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			clock := testkit.NewClock(0)
			o := testOptions(t)
			o.Now, o.Monotonic, o.Self = clock.Now, clock.Monotonic, self
			s := create(t, o)
			add(t, s, record.Noted, record.Note{Text: "before"})
			c.move(clock)
			e := add(t, s, record.Noted, record.Note{Text: "after"})
			again := add(t, s, record.Noted, record.Note{Text: "once is enough"})
			if again.Seq != e.Seq+1 {
				t.Errorf("the jump is told twice: entries %d and %d", e.Seq, again.Seq)
			}
			var told []record.Entry
			view(t, s, func(tx *Tx) (err error) { told, err = tx.EntriesOf(record.ClockJumped); return err })
			if c.by == 0 {
				if len(told) != 0 || e.Seq != 3 {
					t.Fatalf("told %+v", told)
				}
				return
			}
			jumps++
			if len(told) != 1 || told[0].Seq != 3 || e.Seq != 4 || e.Kind != record.Noted || told[0].Actor != self {
				t.Fatalf("entry %d (%s), told %+v", e.Seq, e.Kind, told)
			}
			var j record.ClockJump
			if err := told[0].Decode(&j); err != nil || j.By != c.by || !j.Before.Equal(testkit.Start()) {
				t.Errorf("jump %+v, %v, want %s", j, err, c.by)
			}
			r, err := s.Verify(context.Background(), VerifyOptions{})
			if err != nil || !r.OK() || len(r.Notes) < c.notes {
				t.Errorf("report %+v, %v", r, err)
			}
		})
	}
	testkit.Tell(t, testkit.Figure{
		Name: "clocks that are set", Rounds: len(cases), Detected: testkit.N(jumps), Harmless: testkit.N(len(cases) - jumps), Lost: testkit.N(0),
		Note: "-1 day, +10 years, standing still, across a reboot; harmless: time that passed, a leap second, sleep, a reboot",
	})
}

// What decides may take its time: both clocks are read before.
func TestSlowDecisionIsNoJump(t *testing.T) {
	t.Parallel()
	clock := testkit.NewClock(0)
	o := testOptions(t)
	o.Now, o.Monotonic = clock.Now, clock.Monotonic
	s := create(t, o)
	_, err := s.Update(context.Background(), func(tx *Tx) (record.Draft, error) {
		clock.Advance(time.Hour)
		return note(t, "slow")(tx)
	})
	if err != nil {
		t.Fatal(err)
	}
	if e := add(t, s, record.Noted, record.Note{Text: "next"}); e.Seq != 3 {
		t.Errorf("entry %d", e.Seq)
	}
}
