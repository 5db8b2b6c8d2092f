// Command bench measures the timeline side by side with the programs that
// people would use instead, in one run, and writes docs/performance.md. It
// makes its own evidence, from a seed, in a folder that can be deleted.
//
//	bench -scale 0.1 -o docs/performance.md
//	bench -only triage -uac ../uac -hide "$HOME/.cargo,$HOME/.rustup"
//
// Everything that is timed runs in a process of its own: its wall time, the CPU
// seconds of all its threads and children, and the greatest memory it had.
// What is faster than a process starts is asked many times inside one.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"firebreak/internal/testkit/loggen"
)

func now() time.Time { return time.Now() } //nolint:forbidigo // a clock is what this is

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := start(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr) //nolint:forbidigo // a program's own streams
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err) //nolint:forbidigo // as above
		os.Exit(1)
	}
}

func start(ctx context.Context, args []string, in io.Reader, out, say io.Writer) error {
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		return part(ctx, args, in, out)
	}
	b := &bench{say: say, corpus: os.Getenv("FIREBREAK_CORPUS")}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(say)
	flags.Float64Var(&b.scale, "scale", 1, "of ten million lines")
	flags.IntVar(&b.rounds, "rounds", 5, "how often each is run; the median counts")
	flags.StringVar(&b.dir, "dir", "bin/bench", "folder for what is made; kept for the next run")
	flags.StringVar(&b.only, "only", "", "only these works, by the words of their names, with commas")
	flags.StringVar(&b.uac, "uac", os.Getenv("FIREBREAK_UAC"), "folder of UAC, to compare the triage with")
	flags.StringVar(&b.hide, "hide", "", "folders that the triages do not see besides Go's caches, with commas")
	flags.StringVar(&b.version, "version", "", "the release the figures are of")
	page := flags.String("o", "", "write the page to this file, whole or not at all; with -only, put these works' rows into the page that is there")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if b.scale <= 0 || b.rounds < 1 {
		return errors.New("scale and rounds have to be above 0")
	}
	if b.corpus == "" {
		b.corpus = filepath.Join("..", "shared", "corpus") // as the tests do
	}
	if !there(filepath.Join(b.corpus, "loghub")) {
		b.corpus = ""
	}
	if err := b.all(ctx); err != nil {
		return err
	}
	text, err := b.text(*page)
	if err != nil {
		return err
	}
	if *page == "" {
		_, err := out.Write(text)
		return err
	}
	if err := os.WriteFile(*page+".part", text, 0o644); err != nil {
		return err
	}
	return os.Rename(*page+".part", *page)
}

// text is the page: of a run of everything a new one, else the one that is there
// with the rows of this run.
func (b *bench) text(file string) ([]byte, error) {
	if b.only == "" || file == "" {
		return b.page(), nil
	}
	old, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return b.mend(string(old))
}

// part is what this program does in a process of its own, so that its memory is
// not counted for what is measured.
func part(ctx context.Context, args []string, in io.Reader, out io.Writer) error {
	switch {
	case len(args) == 4 && args[0] == "log": // LINES SEED CORPUS
		lines, seed, err := numbers(args[1:3])
		if err != nil {
			return err
		}
		l, err := loggen.New(loggen.Options{Lines: lines, Seed: uint64(seed), Corpus: args[3]})
		if err != nil {
			return err
		}
		return write(out, l)
	case len(args) == 3 && args[0] == "bodyfile": // LINES SEED
		lines, seed, err := numbers(args[1:3])
		if err != nil {
			return err
		}
		f, err := loggen.NewBodyfile(lines, uint64(seed))
		if err != nil {
			return err
		}
		return write(out, f)
	case len(args) > 3 && args[0] == "hidden": // COUNT DIR... COMMAND...
		return execHidden(args[1:])
	case len(args) == 2 && args[0] == "names": // DIR
		return countNames(args[1], out)
	case len(args) == 2 && args[0] == "evtx": // FILE
		return readEvtx(ctx, args[1], out)
	case len(args) == 2 && args[0] == "journal": // ENTRIES
		entries, err := strconv.Atoi(args[1])
		if err != nil {
			return err
		}
		return exportJournal(out, entries)
	case len(args) == 2 && args[0] == "probe": // DB
		return probe(ctx, args[1], in, out)
	case len(args) == 3 && args[0] == "engine": // LOG DB
		return engine(ctx, args[1], args[2], out)
	}
	return fmt.Errorf("there is no %q", strings.Join(args, " "))
}

func numbers(args []string) (a, b int, err error) {
	if a, err = strconv.Atoi(args[0]); err != nil {
		return 0, 0, err
	}
	b, err = strconv.Atoi(args[1])
	return a, b, err
}

func write(out io.Writer, from io.Reader) error {
	w := bufio.NewWriterSize(out, 1<<20)
	if _, err := io.Copy(w, from); err != nil {
		return err
	}
	return w.Flush()
}
