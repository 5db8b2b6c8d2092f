package main

import (
	"fmt"
	"regexp"
	"strings"
)

// mend puts the rows of this run into a page of an earlier one, in place of those
// of the same works, and says in each that it was measured apart. Everything else
// stays as it was.
func (b *bench) mend(page string) ([]byte, error) {
	lines := strings.SplitAfter(page, "\n")
	apart := "; measured apart, on " + b.began.UTC().Format("2006-01-02")
	if busy := b.busy(); busy > 0.5 {
		apart += fmt.Sprintf(", beside %.1f other processes", busy)
	}
	for _, r := range b.results {
		from, to, err := rowsOf(lines, r.Work)
		if err != nil {
			return nil, err
		}
		r.Work += apart
		var t strings.Builder
		for i, l := range r.Lines {
			b.row(&t, r, i, l)
		}
		lines = append(append(append([]string{}, lines[:from]...), t.String()), lines[to:]...)
		lines = strings.SplitAfter(strings.Join(lines, ""), "\n")
	}
	text := strings.Join(lines, "")
	if missed := strings.Count(text, "| no |\n"); goalsMissed.MatchString(text) {
		text = goalsMissed.ReplaceAllString(text, fmt.Sprintf("- %d goals were not met", missed))
	}
	return []byte(text), nil
}

var goalsMissed = regexp.MustCompile(`(?m)^- \d+ goals were not met`)

// rowsOf finds the rows of a work: by its whole name, else by what stands before
// its first figures.
func rowsOf(lines []string, work string) (from, to int, err error) {
	from = -1
	for _, name := range []string{cell(work) + " |", head(work)} {
		for i, l := range lines {
			if !strings.HasPrefix(l, "| "+name) {
				continue
			}
			if from >= 0 {
				return 0, 0, fmt.Errorf("%q names more than one work of the page", name)
			}
			from = i
		}
		if from >= 0 {
			break
		}
	}
	if from < 0 {
		return 0, 0, fmt.Errorf("the page has no work %q: run all of it once", work)
	}
	to = from + 1
	for to < len(lines) && strings.HasPrefix(lines[to], "|  |") {
		to++
	}
	return from, to, nil
}

// head is a work's name up to the first comma that is not within a number.
func head(work string) string {
	name, _, _ := strings.Cut(work, ", ")
	return cell(name)
}
