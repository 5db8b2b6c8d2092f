package cmd

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"firebreak/internal/term"
	"firebreak/response"
)

type custodyOptions struct {
	p        *program
	incident string
	exhibits []string
	form     string
	format   string
	caseFile string
}

func newCustodyCmd(p *program, run func(*cobra.Command, *custodyOptions) error) *cobra.Command {
	o := &custodyOptions{p: p}
	c := &cobra.Command{
		Use:   "custody INCIDENT [EXHIBIT…]",
		Short: "Show who took, held, checked and copied the evidence",
		Long: `Show the chain of custody of the exhibits: who took each, on whose authority,
with what, from where and when; each check, each look and copy, each handover
with its signatures; who holds it now, and what of the chain is not as it should
be. --form writes it as a form to print and sign by hand, --case as CASE/UCO
1.4.0 (JSON-LD) for other tools.`,
		Example: `  firebreak custody last
  firebreak custody last e1 e2 --form custody.html
  firebreak custody transfer last e1 --to bob --reason "imaging in the lab"
  firebreak custody accept last t1 --as bob`,
		Args:              atLeast(1, "an incident"),
		ValidArgsFunction: p.completeIncidents,
		RunE: func(c *cobra.Command, args []string) error {
			o.incident, o.exhibits = args[0], args[1:]
			return run(c, o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.form, "form", "", "write the custody form to this `FILE`.html, .md or .txt; - is the standard output")
	f.StringVar(&o.format, "format", "", "html, md or txt, where the file's name does not say it")
	f.StringVar(&o.caseFile, "case", "", "write a CASE/UCO 1.4.0 file, JSON-LD, to this `FILE`; - is the standard output")
	c.AddCommand(newCustodyCheckCmd(p, runCustodyCheck), newCustodyTakeCmd(p, runCustodyTake), newCustodyTransferCmd(p, runCustodyTransfer),
		newCustodyAnswerCmd(p, false, runCustodyAnswer), newCustodyAnswerCmd(p, true, runCustodyAnswer))
	return c
}

func runCustody(c *cobra.Command, o *custodyOptions) error {
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	var written []string
	if o.caseFile != "" {
		b, err := s.CustodyCase(c.Context(), id, o.exhibits)
		if err == nil {
			err = o.p.export(o.caseFile, b, &written)
		}
		if err != nil {
			return err
		}
		if o.form == "" {
			return o.wrote(written)
		}
	}
	chains, err := s.Custody(c.Context(), id)
	if err != nil {
		return err
	}
	chains, missing := chains.Only(o.exhibits)
	if len(missing) > 0 {
		return &response.Error{Code: response.CodeNotFound, Hint: "firebreak show " + string(id) + " evidence lists them", Err: fmt.Errorf("exhibit %q: not found", missing[0])}
	}
	if o.form != "" {
		b, err := o.write(chains)
		if err == nil {
			err = o.p.export(o.form, b, &written)
		}
		if err != nil {
			return err
		}
		return o.wrote(written)
	}
	if o.p.json {
		for _, x := range chains.Exhibits {
			if err := o.p.printJSON(x); err != nil {
				return err
			}
		}
		return nil
	}
	return o.show(chains)
}

// write makes the form in the format that was asked for.
func (o *custodyOptions) write(c response.CustodyChains) ([]byte, error) {
	format := o.format
	if format == "" && o.form != "-" {
		format = strings.TrimPrefix(strings.ToLower(filepath.Ext(o.form)), ".")
	}
	switch format {
	case "html", "htm":
		return c.HTML()
	case "md", "markdown":
		return c.Markdown(), nil
	case "txt", "text", "":
		return c.Text(), nil
	}
	return nil, errFlag{fmt.Errorf("--form %s: the format %q: want html, md or txt", o.form, format)}
}

// export writes a file that only its owner may read, or to the standard output.
func (p *program) export(name string, b []byte, written *[]string) error {
	if name == "-" {
		return p.printf("%s", b)
	}
	*written = append(*written, name)
	return p.service.WriteFile(name, b)
}

func (o *custodyOptions) wrote(files []string) error {
	for _, name := range files {
		var err error
		if o.p.json {
			err = o.p.printJSON(map[string]string{"file": name})
		} else {
			err = o.p.printf("%s\n", term.Safe(name))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// show prints the chains short enough for a screen.
func (o *custodyOptions) show(c response.CustodyChains) error {
	var w strings.Builder
	for _, g := range c.Gaps {
		fmt.Fprintf(&w, "! %s\n", term.Safe(g))
	}
	for _, x := range c.Exhibits {
		fmt.Fprintf(&w, "%s  %s\n", x.ID, term.Safe(x.Title))
		row := func(name, value string) { w.WriteString(o.p.wrap(fmt.Sprintf("  %-11s", name), term.Safe(value), 13)) }
		row("sha256", x.SHA256)
		authority := x.Authority
		if authority == "" {
			authority = "not said"
		}
		row("authority", authority)
		held := x.Holder + " since " + utc(x.Since)
		if x.Open != "" {
			held += "; " + x.Open + " was not answered"
		}
		row("held by", held)
		if x.Erased != "" {
			row("erased", x.Erased)
		}
		for _, g := range x.Gaps {
			row("! gap", g)
		}
		for _, ev := range x.Events {
			w.WriteString(o.p.wrap(fmt.Sprintf("  %s  #%-4d %-9s ", utc(ev.Time), ev.Seq, ev.What), term.Safe(ev.By)+": "+term.Safe(ev.Text), 6))
			for _, s := range ev.Signers {
				fmt.Fprintf(&w, "      %s\n", term.Safe(s.Words()))
			}
		}
	}
	if len(c.Exhibits) == 0 {
		fmt.Fprintf(&w, "%s has no exhibits\n", c.Incident.ID)
	}
	return o.p.printf("%s", w.String())
}

type custodyCheckOptions struct {
	p        *program
	incident string
	exhibits []string
}

func newCustodyCheckCmd(p *program, run func(*cobra.Command, *custodyCheckOptions) error) *cobra.Command {
	o := &custodyCheckOptions{p: p}
	return &cobra.Command{
		Use:   "check INCIDENT [EXHIBIT…]",
		Short: "Hash exhibits again and record what was found",
		Long: `Read the sealed bytes of the exhibits, of all when none is named, compare them
with what was recorded, and record what was found. firebreak verify does the same
and more, and records nothing. Exits with 6 when an exhibit is not as it was.`,
		Args:              atLeast(1, "an incident"),
		ValidArgsFunction: p.completeIncidents,
		RunE: func(c *cobra.Command, args []string) error {
			o.incident, o.exhibits = args[0], args[1:]
			return run(c, o)
		},
	}
}

func runCustodyCheck(c *cobra.Command, o *custodyCheckOptions) error {
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	checks, err := s.CheckExhibits(c.Context(), id, o.exhibits, o.p.progress())
	bad := false
	for _, k := range checks {
		bad = bad || !k.OK
		var perr error
		word := map[bool]string{true: "as sealed", false: "NOT AS SEALED"}[k.OK]
		if o.p.json {
			perr = o.p.printJSON(k)
		} else {
			perr = o.p.printf("%-5s %s  %s\n", k.Exhibit, word, term.Safe(k.Found))
		}
		err = errors.Join(err, perr)
	}
	if err == nil && bad {
		err = errVerification
	}
	return err
}

type custodyTakeOptions struct {
	p                              *program
	incident, exhibit, to, purpose string
}

func newCustodyTakeCmd(p *program, run func(*cobra.Command, *custodyTakeOptions) error) *cobra.Command {
	o := &custodyTakeOptions{p: p}
	c := &cobra.Command{
		Use:   "take INCIDENT EXHIBIT --to FILE --purpose TEXT",
		Short: "Write a copy of an exhibit into a file, and record it",
		Long: `Write the plain bytes of an exhibit into a new file that only you may read, and
record who took the copy, where it went and what for. The bytes are checked
against the seal on the way; a file that is there is never replaced. Evidence is
hostile: the file may be malware.`,
		Args:              exactly(2, "an incident and an exhibit"),
		ValidArgsFunction: p.completeIncidents,
		RunE: func(c *cobra.Command, args []string) error {
			o.incident, o.exhibit = args[0], args[1]
			return run(c, o)
		},
	}
	c.Flags().StringVar(&o.to, "to", "", "the new `FILE` (required)")
	c.Flags().StringVar(&o.purpose, "purpose", "", "what the copy is for (required)")
	return c
}

func runCustodyTake(c *cobra.Command, o *custodyTakeOptions) error {
	if o.to == "" || o.purpose == "" {
		return errFlag{errors.New("custody take wants --to FILE and --purpose TEXT")}
	}
	s, id, err := o.p.incident(o.incident)
	if err != nil {
		return err
	}
	t, err := s.TakeExhibit(c.Context(), id, o.exhibit, o.to, o.purpose, o.p.progress())
	if err != nil {
		return err
	}
	if o.p.json {
		return o.p.printJSON(t)
	}
	return o.p.printf("%s  %d bytes to %s, sha256 %s\n", t.Exhibit, t.Bytes, term.Safe(t.To), t.SHA256)
}
