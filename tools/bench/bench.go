package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// bench is one run.
type bench struct {
	scale   float64
	rounds  int
	dir     string
	corpus  string
	only    string
	version string
	uac     string // folder of UAC
	hide    string // folders that triages do not see
	say     io.Writer

	self, firebreak, rows string // programs
	log, sorted, body     string // what is read
	home, id, db          string // the workspace of the whole log, its incident and timeline
	rowsDB                string
	texts                 string // where the lines' texts are from

	results []result
	growth  []grown
	faults  []string // answers that differ
	began   time.Time
	loads   []float64 // of the machine, at each step
}

// lines is how many lines the log has.
func (b *bench) lines() int { return int(b.scale * 10_000_000) }

func (b *bench) tell(format string, args ...any) {
	fmt.Fprintf(b.say, "%s "+format+"\n", append([]any{now().Format("15:04:05")}, args...)...) //nolint:errcheck // a remark to the person in front
}

// all runs everything in turn.
func (b *bench) all(ctx context.Context) error {
	b.began = now()
	if err := b.prepare(ctx); err != nil {
		return err
	}
	for _, step := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"ingest", b.ingest},
		{"engine", b.engineAlone},
		{"first screen", b.firstScreen},
		{"pages", b.pages},
		{"sums", b.sums},
		{"substrings", b.searches},
		{"rules", b.rules},
		{"bodyfile", b.bodyfile},
		{"evtx", b.evtx},
		{"journal", b.journal},
		{"growth", b.grow},
		{"triage", b.triage},
	} {
		if !b.wanted(step.name) {
			continue
		}
		b.tell("%s", step.name)
		b.loads = append(b.loads, load())
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
	}
	return nil
}

func (b *bench) wanted(name string) bool {
	if b.only == "" {
		return true
	}
	needed := false
	for word := range strings.SplitSeq(b.only, ",") {
		if word = strings.TrimSpace(word); strings.Contains(name, word) {
			return true
		}
		if !strings.Contains("engine growth bodyfile evtx journal triage", word) { // they make what they need
			needed = true
		}
	}
	return name == "ingest" && needed
}

// prepare builds the programs and makes the evidence, where it is not there.
func (b *bench) prepare(ctx context.Context) error {
	var err error
	if b.dir, err = filepath.Abs(b.dir); err != nil {
		return err
	}
	if err := os.MkdirAll(b.dir, 0o700); err != nil {
		return err
	}
	if b.self, err = os.Executable(); err != nil {
		return err
	}
	b.firebreak, b.rows = filepath.Join(b.dir, "firebreak"), filepath.Join(b.dir, "rows")
	for _, build := range [][]string{
		{"go", "build", "-trimpath", "-o", b.firebreak, "./cmd/firebreak"},
		{"go", "build", "-trimpath", "-tags", "sqlite_fts5", "-o", b.rows, "./tools/bench/rows"},
	} {
		if _, err := run(ctx, job{args: build}); err != nil {
			return err
		}
	}
	if b.only == "triage" { // it takes what the machine has
		return nil
	}
	b.texts = "hand-written"
	if b.corpus != "" {
		b.texts = "loghub for sshd and Linux, hand-written for the rest"
	}
	if b.log, err = b.make(ctx, "log", b.lines(), 1); err != nil {
		return err
	}
	if b.body, err = b.make(ctx, "bodyfile", int(min(1, b.scale*10)*1_000_000), 1); err != nil {
		return err
	}
	b.sorted = strings.TrimSuffix(b.log, ".log") + ".sorted.log"
	if there(b.sorted) {
		return nil
	}
	b.tell("sorting the log for lnav")
	_, err = run(ctx, job{
		args: []string{"sort", "-S", "1G", "--parallel=2", "-T", b.dir, "-o", b.sorted, b.log},
		env:  append(os.Environ(), "LC_ALL=C"),
	})
	return err
}

// make writes a log or a body file, or finds it from an earlier run.
func (b *bench) make(ctx context.Context, what string, lines, seed int) (string, error) {
	name, from := fmt.Sprintf("%s-%d-%d", what, lines, seed), []string{what, fmt.Sprint(lines), fmt.Sprint(seed)}
	if what == "log" {
		from = append(from, b.corpus)
		if b.corpus == "" {
			name += "-own"
		}
	}
	path := filepath.Join(b.dir, name+"."+what)
	if there(path) {
		return path, nil
	}
	b.tell("making %s", filepath.Base(path))
	_, err := run(ctx, job{args: append([]string{"sh", "-c", `"$0" "$@" > "$OUT"`, b.self}, from...), env: append(os.Environ(), "OUT="+path+".part")})
	if err != nil {
		return "", err
	}
	return path, os.Rename(path+".part", path)
}

func there(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// environ is the environment of firebreak with that workspace.
func (b *bench) environ(home string) []string {
	return []string{"PATH=" + os.Getenv("PATH"), "HOME=" + b.dir, "FIREBREAK_HOME=" + home, "LANG=C.UTF-8", "TERM=xterm-256color"}
}

// incident makes a new workspace with an incident in it.
func (b *bench) incident(ctx context.Context, name string) (home, id string, err error) {
	home = filepath.Join(b.dir, name)
	if err := os.RemoveAll(home); err != nil {
		return "", "", err
	}
	s, err := run(ctx, job{args: []string{b.firebreak, "open", "benchmark", "--json"}, env: b.environ(home)})
	if err != nil {
		return "", "", err
	}
	var opened struct {
		Incident string `json:"incident"`
	}
	if err := json.Unmarshal([]byte(s.Out), &opened); err != nil {
		return "", "", fmt.Errorf("open an incident: %w in %q", err, s.Out)
	}
	return home, opened.Incident, nil
}

func timelineOf(home, id string) string { return filepath.Join(home, "incidents", id, "timeline.db") }

// size is how much of the disk a database takes, with its log.
func size(path string) int64 {
	n := int64(0)
	for _, name := range []string{path, path + "-wal"} {
		if info, err := os.Stat(name); err == nil {
			n += info.Size()
		}
	}
	return n
}

// turns runs each job in turn, rounds times, and returns the medians. One that
// takes more than a minute is run once; one that cannot be run says why.
func (b *bench) turns(ctx context.Context, lines []*line, jobs ...func(context.Context) (sample, error)) error {
	took := make([][]sample, len(jobs))
	for n := range b.rounds {
		for i, do := range jobs {
			if lines[i].Why != "" || n > 0 && took[i][0].Wall > slow {
				continue
			}
			s, err := do(ctx)
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if err != nil {
				if i == 0 {
					return err
				}
				lines[i].Why = err.Error()
				continue
			}
			took[i] = append(took[i], s)
		}
	}
	for i := range jobs {
		lines[i].sample, lines[i].Rounds = middle(took[i]), len(took[i])
	}
	return nil
}

const slow = time.Minute

// ask puts questions to a program that answers them in JSON: this one's probe,
// or rows.
func (b *bench) ask(ctx context.Context, args []string, questions, answers any) (sample, error) {
	q, err := json.Marshal(questions)
	if err != nil {
		return sample{}, err
	}
	in := filepath.Join(b.dir, "questions.json")
	if err := os.WriteFile(in, q, 0o600); err != nil {
		return sample{}, err
	}
	s, err := run(ctx, job{args: args, in: in})
	if err != nil {
		return s, err
	}
	if err := json.NewDecoder(bytes.NewReader([]byte(s.Out))).Decode(answers); err != nil {
		return s, fmt.Errorf("%s: %w", strings.Join(args, " "), err)
	}
	return s, nil
}
