package cmd

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"firebreak/incident"
	"firebreak/internal/durable"
	"firebreak/internal/term"
	"firebreak/response"
)

type exportOptions struct {
	p        *program
	incident string
	portable bool
	person   string
	to       string
	evidence bool
	events   int
	timeline response.ExportRequest
}

func newExportCmd(p *program, run func(*cobra.Command, *exportOptions) error) *cobra.Command {
	o := &exportOptions{p: p}
	c := &cobra.Command{
		Use:   "export [INCIDENT] [FILTER…] --to FILE",
		Short: "Write the events of a timeline, or everything about an incident",
		Long: `Write the events of the timeline that match the filter, oldest first, in one of
these formats (docs/formats.md):

` + formatList() + `
Without --format the end of the file's name says which. Text is compressed where
the name ends in .gz or .zst. --to - writes to the standard output. The record
says what left. Cells of CSV that a spreadsheet would calculate get a ' in
front; --exact leaves them as they are.

With --portable: write everything that is held about an incident as one
documented JSON document (docs/portable.md): entries with their fields, exhibits,
actions, marks and the events of the timeline. With --person only what names that person, mail address
or host; without an incident, in all of them. It is what a person who asks for
their data is given, and what another program can read.

The file appears whole or not at all, and the same record gives the same bytes.
--to - writes to the standard output. --evidence writes the plain bytes of the
exhibits into a folder beside the file, and records that they were handed out.
Nothing of it is encrypted: from an encrypted workspace it goes to a folder
elsewhere only.`,
		Example: `  firebreak export last --to events.jsonl.gz
  firebreak export last 'host:web-1 after:-2d' --format timesketch-csv --to sketch.csv
  firebreak export last --format opensearch --to - | gzip >bulk.ndjson.gz
  firebreak export last --to clickhouse=https://ada@db.example:8443/dfir --password-from env:CH_PASSWORD
  firebreak export last --portable --to everything.json`,
		Args: func(c *cobra.Command, args []string) error {
			switch {
			case o.portable && o.person != "" && len(args) == 0:
				return nil
			case o.portable:
				return exactly(1, "an incident, or --person")(c, args)
			}
			return atLeast(1, "an incident, and a filter")(c, args)
		},
		ValidArgsFunction: p.completeIncidents,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				o.incident, o.timeline.Filter = args[0], strings.Join(args[1:], " ")
			}
			return run(c, o)
		},
	}
	f := c.Flags()
	f.BoolVar(&o.portable, "portable", false, "everything that is held, as one portable JSON document")
	f.StringVar(&o.person, "person", "", "with --portable: only what holds this `NAME`, mail address or host")
	f.StringVar(&o.to, "to", "", "the `FILE` to write, - for the standard output; or FORMAT=URL of a server")
	f.StringVar(&o.timeline.Table, "table", "", "the `NAME` of the table of ClickHouse, or the index of OpenSearch")
	f.StringVar(&o.timeline.Secret, "password-from", "", "the server's password is at this `REFERENCE`: env:NAME, file:/path, exec:program")
	f.StringVar(&o.timeline.Format, "format", "", "the `FORMAT` of the events (default: by the file's name)")
	f.BoolVar(&o.timeline.Exact, "exact", false, "CSV for a reader that is no spreadsheet: no ' before formulas")
	f.BoolVar(&o.evidence, "evidence", false, "with --portable: write the bytes of the exhibits too, into FILE.evidence")
	f.IntVar(&o.events, "events", 100_000, "with --portable: `N` events of each timeline at most; 0 is all")
	c.MarkFlagsMutuallyExclusive("portable", "format")
	c.MarkFlagsMutuallyExclusive("portable", "exact")
	return c
}

func runExport(c *cobra.Command, o *exportOptions) (err error) {
	switch {
	case !o.portable && (o.person != "" || o.evidence):
		return errFlag{errors.New("export: --person and --evidence go with --portable")}
	case !o.portable:
		return runExportEvents(c, o)
	case o.to == "":
		return errFlag{errors.New("export: say where to: --to FILE, or --to -")}
	case o.to == "-" && o.evidence:
		return errFlag{errors.New("export: --evidence needs a file: --to FILE")}
	case o.events < 0:
		return errFlag{fmt.Errorf("--events %d: want 0 or more", o.events)}
	}
	s, err := o.p.session()
	if err != nil {
		return err
	}
	what := response.PortableOptions{Person: o.person, Events: o.events}
	if o.incident != "" {
		if what.Incident, err = s.Service().ParseID(o.incident); err != nil {
			return err
		}
	}
	if o.to == "-" {
		w := &harmless{w: o.p.Out}
		if _, err = s.Portable(c.Context(), what, w, o.p.progress()); err != nil {
			return err
		}
		return w.flush()
	}
	inTheClear, err := s.Service().InTheClear(o.to)
	if err != nil {
		return err
	}
	var sum response.PortableSum
	if err := o.file(func(w io.Writer, beside func(incident.ID, string, io.Reader) (string, error)) error {
		what.Evidence = beside
		sum, err = s.Portable(c.Context(), what, w, o.p.progress())
		return err
	}); err != nil {
		return err
	}
	if inTheClear {
		o.p.errf("  NOTE: the workspace is encrypted, and %s is not: whoever has the file reads it.\n", term.Safe(o.to))
	}
	if o.p.json {
		return o.p.printJSON(map[string]any{"export": o.to, "incidents": sum.Incidents, "entries": sum.Entries, "exhibits": sum.Exhibits, "events": sum.Events, "events_left_out": sum.LeftOut})
	}
	left := ""
	if sum.LeftOut > 0 {
		left = fmt.Sprintf("  %d events left out: --events 0 takes all\n", sum.LeftOut)
	}
	return o.p.printf("%s: %d incidents, %d entries, %d exhibits, %d events\n%s", term.Safe(o.to), sum.Incidents, sum.Entries, sum.Exhibits, sum.Events, left)
}

// file writes the export under a working name and gives it its own when it is
// whole. What was begun is taken back when it fails.
func (o *exportOptions) file(write func(io.Writer, func(incident.ID, string, io.Reader) (string, error)) error) (err error) {
	folder := o.to + ".evidence"
	var beside func(incident.ID, string, io.Reader) (string, error)
	if o.evidence {
		if err := os.Mkdir(folder, 0o700); err != nil {
			return fmt.Errorf("export: make a folder for the evidence: %w", err)
		}
		defer func() {
			if err != nil {
				err = errors.Join(err, os.RemoveAll(folder))
			}
		}()
		beside = func(id incident.ID, exhibit string, plain io.Reader) (string, error) {
			return keepExhibit(folder, string(id)+"-"+exhibit, plain)
		}
	}
	f, err := durable.Rewrite(o.to)
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	defer func() { err = errors.Join(err, f.Drop()) }()
	w := &harmless{w: f}
	err = write(w, beside)
	if err == nil {
		err = w.flush()
	}
	if err != nil {
		return err
	}
	if err := f.Publish(); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	return nil
}

// keepExhibit writes the plain bytes of one exhibit and returns where they are,
// as seen from beside the export.
func keepExhibit(folder, name string, plain io.Reader) (string, error) {
	f, err := os.OpenFile(filepath.Join(folder, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	_, err = io.Copy(f, plain)
	if err == nil {
		err = f.Sync()
	}
	return filepath.ToSlash(filepath.Join(filepath.Base(folder), name)), errors.Join(err, f.Close())
}

// harmless passes JSON on line by line, in a form that no terminal obeys.
type harmless struct {
	w    io.Writer
	line bytes.Buffer
}

// Write keeps what is no whole line yet.
func (h *harmless) Write(b []byte) (int, error) {
	n := len(b)
	for {
		end := bytes.IndexByte(b, '\n')
		if end < 0 {
			h.line.Write(b)
			return n, nil
		}
		h.line.Write(b[:end+1])
		b = b[end+1:]
		if err := h.flush(); err != nil {
			return 0, err
		}
	}
}

func (h *harmless) flush() error {
	_, err := io.WriteString(h.w, term.JSON(h.line.String()))
	h.line.Reset()
	return err
}
