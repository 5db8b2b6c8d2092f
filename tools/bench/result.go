package main

import (
	"fmt"
	"time"

	"firebreak/tools/bench/ask"
)

// result is one work of the table: firebreak's line first, then its peers'.
type result struct {
	Work  string
	Goal  string
	Met   func(ours *line) bool // nil: there is no goal
	Lines []*line
	Notes []string
}

// line is what one program took for a work.
type line struct {
	sample
	Who    string
	P95    time.Duration // of a question asked many times; Wall is its median then
	Asked  int           // how often
	Rounds int
	Extra  string  // what else is to be said, in a word or two
	Why    string  // it could not be run
	Scale  float64 // its work was smaller by this; 0: the same
	Size   int64
}

func (b *bench) add(r result) *result {
	b.results = append(b.results, r)
	ours := r.Lines[0]
	b.tell("  %-50s %s %s", r.Work, clock(ours.Wall), ours.Extra)
	return &b.results[len(b.results)-1]
}

// answered is the line of a question.
func answered(who string, of []ask.Answer, rss int64) *line {
	l := &line{Who: who, Rounds: len(of)}
	var all ask.Answer
	for _, a := range of {
		if a.Error != "" {
			l.Why = a.Error
			return l
		}
		all.Took = append(all.Took, a.Took...)
		all.CPU += a.CPU / float64(len(of))
		all.Said = a.Said
	}
	all.Sum()
	l.Wall, l.P95, l.CPU = seconds(all.P50), seconds(all.P95), seconds(all.CPU)
	l.RSS, l.Asked, l.Out = rss, all.Times, all.Said
	return l
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// clock writes a time with three digits.
func clock(d time.Duration) string {
	switch s := d.Seconds(); {
	case d == 0:
		return ""
	case s >= 100:
		return fmt.Sprintf("%.0f s", s)
	case s >= 10:
		return fmt.Sprintf("%.1f s", s)
	case s >= 1:
		return fmt.Sprintf("%.2f s", s)
	case s >= 0.1:
		return fmt.Sprintf("%.0f ms", s*1000)
	case s >= 0.01:
		return fmt.Sprintf("%.1f ms", s*1000)
	default:
		return fmt.Sprintf("%.2f ms", s*1000)
	}
}

func megabytes(n int64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%.0f MB", float64(n)/1e6)
}

// number groups digits by commas.
func number(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
