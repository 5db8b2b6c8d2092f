package cmd

import (
	"fmt"
	"strings"
)

// edit is a line of a difference: kept, taken away or added.
type edit struct {
	sign byte // ' ', '-', '+'
	text string
}

// around is how many lines a hunk shows around what changed.
const around = 3

// hunks is the difference of two lists of lines in the form of diff -u, "" when
// there is none. Lines have their line breaks.
func hunks(name string, a, b []string) string { return difference(name, name+" (formatted)", a, b) }

// difference is hunks between two texts of those names.
func difference(from, to string, a, b []string) string {
	edits := edits(a, b)
	var out strings.Builder
	for i := 0; i < len(edits); {
		for i < len(edits) && edits[i].sign == ' ' {
			i++
		}
		if i == len(edits) {
			break
		}
		first, last, same := max(0, i-around), i, 0
		for ; last < len(edits) && same <= 2*around; last++ {
			if edits[last].sign == ' ' {
				same++
			} else {
				same = 0
			}
		}
		last -= max(0, same-around)
		if out.Len() == 0 {
			fmt.Fprintf(&out, "--- %s\n+++ %s\n", from, to)
		}
		out.WriteString(hunk(edits, first, last))
		i = last
	}
	return out.String()
}

func hunk(all []edit, from, to int) string {
	atA, atB, inA, inB := 1, 1, 0, 0
	var body strings.Builder
	for i, e := range all[:to] {
		a, b := e.sign != '+', e.sign != '-'
		switch {
		case i < from:
			atA, atB = atA+count(a), atB+count(b)
			continue
		}
		inA, inB = inA+count(a), inB+count(b)
		body.WriteByte(e.sign)
		body.WriteString(strings.TrimSuffix(e.text, "\n") + "\n")
	}
	return fmt.Sprintf("@@ -%d,%d +%d,%d @@\n", atA, inA, atB, inB) + body.String()
}

func count(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// maxDistance bounds the search for the shortest difference; beyond it the rest
// is told as taken away and added.
const maxDistance = 2000

// edits finds the shortest way from a to b (Myers, 1986).
func edits(a, b []string) []edit {
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	end := 0
	for end < len(a)-head && end < len(b)-head && a[len(a)-1-end] == b[len(b)-1-end] {
		end++
	}
	var out []edit
	for _, l := range a[:head] {
		out = append(out, edit{' ', l})
	}
	out = append(out, middle(a[head:len(a)-end], b[head:len(b)-end])...)
	for _, l := range a[len(a)-end:] {
		out = append(out, edit{' ', l})
	}
	return out
}

func middle(a, b []string) []edit {
	n, m := len(a), len(b)
	most := min(n+m, maxDistance)
	v := map[int]int{1: 0}
	var trace []map[int]int
	for d := 0; d <= most; d++ {
		was := make(map[int]int, len(v))
		for k, x := range v {
			was[k] = x
		}
		trace = append(trace, was)
		for k := -d; k <= d; k += 2 {
			x := v[k-1] + 1
			if k == -d || k != d && v[k-1] < v[k+1] {
				x = v[k+1]
			}
			y := x - k
			for x < n && y < m && a[x] == b[y] {
				x, y = x+1, y+1
			}
			v[k] = x
			if x >= n && y >= m {
				return back(a, b, trace)
			}
		}
	}
	var out []edit
	for _, l := range a {
		out = append(out, edit{'-', l})
	}
	for _, l := range b {
		out = append(out, edit{'+', l})
	}
	return out
}

// back walks the trace from the end to the beginning.
func back(a, b []string, trace []map[int]int) []edit {
	x, y := len(a), len(b)
	var rev []edit
	for d := len(trace) - 1; d >= 0; d-- {
		v, k := trace[d], x-y
		prev := k - 1
		if k == -d || k != d && v[k-1] < v[k+1] {
			prev = k + 1
		}
		px := v[prev]
		py := px - prev
		for x > px && y > py && x > 0 && y > 0 {
			x, y = x-1, y-1
			rev = append(rev, edit{' ', a[x]})
		}
		if d == 0 {
			break
		}
		if x == px {
			y--
			rev = append(rev, edit{'+', b[y]})
		} else {
			x--
			rev = append(rev, edit{'-', a[x]})
		}
	}
	out := make([]edit, 0, len(rev))
	for i := len(rev) - 1; i >= 0; i-- {
		out = append(out, rev[i])
	}
	return out
}
