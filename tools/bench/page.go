package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"firebreak/tools/bench/ask"
)

// page writes docs/performance.md.
func (b *bench) page() []byte {
	var t strings.Builder
	t.WriteString("# Performance\n\nMade by `make bench`; not edited by hand.")
	if b.version != "" {
		fmt.Fprintf(&t, " Version %s.", b.version)
	}
	fmt.Fprintf(&t, ` One run, side by side: each work was done in turn by firebreak and by the programs that people would use instead.

%s

- *Time* is the median of %d runs. Where a question is answered faster than a program starts, it was asked many times inside one: then it is median / 95th percentile. *CPU* is user and system time of all threads and children; *memory* the greatest resident set of a process.
- *× firebreak* is how many times firebreak's time the other one took.
- First pages are asked of a database that was just opened; everything lies in the page cache of the system. A cold disk was not measured.
- The log is made from a seed (package loggen): 40 sources for ten million lines, each in order of time, which overlap over 90 days, 300 hosts, about 180 bytes a line; the lines' texts are %s, with addresses, numbers and users drawn anew. lnav was given the same lines sorted by time, as it expects them.
`, b.machine(), b.rounds, b.texts)
	if busy := b.busy(); busy > 0.5 {
		fmt.Fprintf(&t, "- **Others used the machine meanwhile**: at least %.1f processes besides this run wanted its %d cores. Times are longer than they would be and uneven; CPU seconds are what can be compared.\n", busy, runtime.NumCPU())
	}
	if b.scale != 1 {
		fmt.Fprintf(&t, "\n**This run was made with SCALE=%g: of %s lines, not of ten million.** The goals are for ten million; \"yes\" here says no more than that this size is within them.\n", b.scale, number(int64(b.lines())))
	}
	t.WriteString("\n| work | program | time | CPU | memory | × firebreak | goal | met |\n| --- | --- | ---: | ---: | ---: | ---: | --- | --- |\n")
	for _, r := range b.results {
		for i, l := range r.Lines {
			b.row(&t, r, i, l)
		}
	}
	b.growthTable(&t)
	b.notes(&t)
	return []byte(t.String())
}

// busy is the load that the machine had besides this run: what it was before the
// first step, or what it was in the median beyond what a step here makes of it.
func (b *bench) busy() float64 {
	if len(b.loads) == 0 {
		return 0
	}
	own := float64(runtime.NumCPU()) + 0.5
	return max(b.loads[0], ask.Percentile(b.loads, 0.5)-own)
}

// load is the mean number of processes that wanted to run in the last minute.
func load() float64 {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0
	}
	var one float64
	if _, err := fmt.Sscan(string(b), &one); err != nil {
		return 0
	}
	return one
}

func (b *bench) row(t *strings.Builder, r result, i int, l *line) {
	work, goal, met := "", "", ""
	if i == 0 {
		work, goal = r.Work, r.Goal
		if r.Met != nil {
			met = "no"
			if r.Met(l) {
				met = "yes"
			}
		}
	}
	who := l.Who
	if l.Extra != "" {
		who += " (" + l.Extra + ")"
	}
	if l.Why != "" {
		fmt.Fprintf(t, "| %s | %s | not run: %s | | | | %s | %s |\n", cell(work), cell(who), cell(short(l.Why)), cell(goal), met)
		return
	}
	took := clock(l.Wall)
	if l.P95 > 0 {
		took += " / " + clock(l.P95)
	}
	if l.Rounds == 1 && b.rounds > 1 {
		took += ", once"
	}
	times := ""
	if ours := r.Lines[0].Wall; i > 0 && ours > 0 {
		theirs := l.Wall.Seconds()
		if l.Scale > 0 {
			theirs /= l.Scale
		}
		times = factor(theirs / ours.Seconds())
		if l.Scale > 0 && l.Scale < 1 {
			times = "~" + times
		}
	}
	fmt.Fprintf(t, "| %s | %s | %s | %s | %s | %s | %s | %s |\n", cell(work), cell(who), took, clock(l.CPU), megabytes(l.RSS), cell(times), cell(goal), met)
}

// factor writes a ratio with two digits.
func factor(f float64) string {
	switch {
	case f >= 9.95:
		return fmt.Sprintf("%.0f", f)
	case f >= 0.995:
		return fmt.Sprintf("%.1f", f)
	case f >= 0.01:
		return fmt.Sprintf("%.2f", f)
	default:
		return "< 0.01"
	}
}

func (b *bench) growthTable(t *strings.Builder) {
	if len(b.growth) == 0 {
		return
	}
	t.WriteString("\n## Growth\n\nOne incident that grows, file by file. Rates and CPU are of the step alone, which was run once; of a question the first figure is the 95th percentile of its time, the second the CPU of one answer, in the mean; memory is that of one process that asked everything in the row.\n\n")
	head := []string{"events", "events a second", "CPU s a million", "memory of ingest", "B an event", "first screen, whole process"}
	for _, a := range b.growth[0].answers {
		head = append(head, a.Name)
	}
	head = append(head, "memory of asking")
	fmt.Fprintf(t, "| %s |\n|%s\n", strings.Join(head, " | "), strings.Repeat(" ---: |", len(head)))
	for _, g := range b.growth {
		fmt.Fprintf(t, "| %s |\n", strings.Join(g.cells(), " | "))
	}
}

func (b *bench) notes(t *strings.Builder) {
	t.WriteString("\n## Notes\n\n")
	missed := 0
	for _, r := range b.results {
		if r.Met != nil && !r.Met(r.Lines[0]) {
			missed++
		}
	}
	if missed > 0 {
		fmt.Fprintf(t, "- %d goals were not met in this run; they say \"no\" above.\n", missed)
	}
	if len(b.faults) == 0 {
		t.WriteString("- Wherever two programs answer the same question, the answers were compared: they agree.\n")
	}
	for _, f := range b.faults {
		fmt.Fprintf(t, "- %s.\n", cell(f))
	}
	t.WriteString("- rows + FTS5 is the same events as rows of one SQLite table with indexes over time and host and an FTS5 index over the message, through database/sql (tools/bench/rows). \"By trigger\" keeps the index all along and commits every 10,000 rows; the queries were asked of one whose indexes were made at the end, which is faster to fill. Its words are FTS5's, cut a little differently.\n")
	t.WriteString("- plaso is not in Debian 12 and was not run.\n")
	fmt.Fprintf(t, "- The run took %s.\n", clock(now().Sub(b.began)))
}

// machine says on what and with what it was run.
func (b *bench) machine() string {
	cpu := grepOne("/proc/cpuinfo", "model name")
	memory := "unknown size"
	var kilobytes int64
	if _, err := fmt.Sscan(grepOne("/proc/meminfo", "MemTotal"), &kilobytes); err == nil {
		memory = fmt.Sprintf("%.0f GB", float64(kilobytes)/1e6)
	}
	out := fmt.Sprintf("Machine: %s, %d cores, %s of memory, %s %s. %s.", cpu, runtime.NumCPU(), memory, runtime.GOOS, runtime.GOARCH, runtime.Version())
	for _, peer := range [][]string{{"lnav", "-V"}, {"rg", "--version"}, {"mactime", "-V"}, {"grep", "--version"}} {
		said, err := exec.Command(peer[0], peer[1]).CombinedOutput() //nolint:noctx // it only says its version
		first, _, _ := strings.Cut(strings.TrimSpace(string(said)), "\n")
		if err != nil && first == "" {
			out += " " + peer[0] + " is not here."
			continue
		}
		out += " " + strings.TrimSuffix(first, ".") + "."
	}
	return out
}

// grepOne is the value behind a name in a file of the kernel.
func grepOne(file, name string) string {
	b, err := os.ReadFile(file)
	if err != nil {
		return "unknown"
	}
	for text := range strings.Lines(string(b)) {
		if k, v, ok := strings.Cut(text, ":"); ok && strings.TrimSpace(k) == name {
			return strings.TrimSpace(v)
		}
	}
	return "unknown"
}

func short(s string) string {
	if s, _, _ = strings.Cut(s, "\n"); len(s) > 100 {
		return s[:100] + "…"
	}
	return s
}

// cell keeps text inside its cell of a table.
func cell(s string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;", "*", `\*`).Replace(s)
}
