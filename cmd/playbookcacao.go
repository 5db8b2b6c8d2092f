package cmd

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"firebreak/config"
	"firebreak/internal/term"
	"firebreak/playbooks"
	"firebreak/playbooks/cacao"
	"firebreak/response"
)

type importPlaybookOptions struct {
	p     *program
	file  string
	to    string
	check bool
}

func newPlaybookImportCmd(p *program, run func(*importPlaybookOptions) error) *cobra.Command {
	o := &importPlaybookOptions{p: p}
	c := &cobra.Command{
		Use: "import FILE", Short: "Read a CACAO 2.0 playbook", Args: exactly(1, "a CACAO playbook: a JSON file, or - for the standard input"),
		Long: `Turn a CACAO 2.0 playbook into one of Firebreak's. What CACAO says and a playbook
has no words for stays verbatim under cacao:, so that an export is equal to the
file. What a person should look at is told on the standard error, with its place
in the file; with --json all of it is one object.

A command into which a value cannot be put so that it stays a value, and one
whose agent is a person, becomes a manual step with the exact text. Of a playbook
that describes an attack nothing is run.

With --check nothing is written: it says which rules of the standard the file
breaks, and exits with 1 when there is one.`,
		RunE: func(_ *cobra.Command, args []string) error {
			o.file = args[0]
			return run(o)
		},
	}
	c.Flags().StringVarP(&o.to, "output", "o", "", "write the playbook to `FILE`, which must not be there yet")
	c.Flags().BoolVar(&o.check, "check", false, "only check the file against the rules of CACAO 2.0")
	c.MarkFlagsMutuallyExclusive("output", "check")
	return c
}

// cacaoFile reads a CACAO file, which is foreign text.
func (p *program) cacaoFile(path string) ([]byte, error) {
	in := p.In
	if path != "-" {
		f, err := config.OpenFile(path)
		if err != nil {
			return nil, &response.Error{Code: response.CodeUsage, Err: fmt.Errorf("read playbook: %w", err)}
		}
		defer f.Close() //nolint:errcheck // read only
		in = f
	}
	b, err := io.ReadAll(io.LimitReader(in, cacao.MaxSize+1))
	if err != nil {
		return nil, &response.Error{Code: response.CodeUsage, Err: fmt.Errorf("read playbook: %w", err)}
	}
	return b, nil
}

// cacaoError gives what is wrong with a CACAO file the name of the file.
func cacaoError(path string, err error) error {
	hint := ""
	var refused *cacao.RefusedError
	if errors.As(err, &refused) {
		hint = refused.Hint
	}
	return &response.Error{Code: response.CodeInternal, Hint: hint, Err: fmt.Errorf("read %s: %w", path, err)}
}

// importedPlaybook is what "playbook import --json" says.
type importedPlaybook struct {
	*cacao.Imported
	File string `json:"file,omitempty"`
	YAML string `json:"yaml,omitempty"`
}

func runPlaybookImport(o *importPlaybookOptions) error {
	src, err := o.p.cacaoFile(o.file)
	if err != nil {
		return err
	}
	if o.check {
		return o.p.checkCacao(o.file, src)
	}
	in, err := cacao.Import(src)
	if err != nil {
		return cacaoError(o.file, err)
	}
	said := importedPlaybook{Imported: in, File: o.to}
	if o.to != "" {
		if err := writeNew(o.to, in.YAML); err != nil {
			return err
		}
	} else {
		said.YAML = string(in.YAML)
	}
	if o.p.json {
		return o.p.printJSON(said)
	}
	for _, n := range in.Changed {
		o.p.errf("changed   %s: %s\n", term.Safe(n.At), term.Safe(n.Says))
	}
	for _, n := range in.Doubtful {
		o.p.errf("doubtful  %s: %s\n", term.Safe(n.At), term.Safe(n.Says))
	}
	for _, pr := range in.Problems {
		o.p.errf("problem   %s\n", term.Safe(pr.String()))
	}
	if o.to == "" {
		return o.p.printf("%s", term.SafeLines(string(in.YAML)))
	}
	return o.p.printf("%s: playbook %s, %s; %s kept verbatim, %d doubtful\n", term.Safe(o.to), in.ID, plural(int64(in.Steps), "step"), plural(int64(len(in.Kept)), "place"), len(in.Doubtful))
}

// checkCacao prints which rules of the standard a file breaks.
func (p *program) checkCacao(file string, src []byte) error {
	doc, err := cacao.Read(src)
	if err != nil {
		return cacaoError(file, err)
	}
	failed := false
	problems := cacao.Validate(doc)
	for _, pr := range problems {
		failed = failed || pr.Severity == "error"
		if p.json {
			err = p.printJSON(pr)
		} else {
			err = p.printf("%s %s\n", term.Safe(file), term.Safe(pr.String()))
		}
		if err != nil {
			return err
		}
	}
	if len(problems) == 0 && !p.json {
		if err := p.printf("%s: ok\n", term.Safe(file)); err != nil {
			return err
		}
	}
	if failed {
		return errReported{Failed}
	}
	return nil
}

type exportPlaybookOptions struct {
	p       *program
	which   string
	to      string
	profile string
	at      string
}

func newPlaybookExportCmd(p *program, run func(*exportPlaybookOptions) error) *cobra.Command {
	o := &exportPlaybookOptions{p: p}
	c := &cobra.Command{
		Use: "export PLAYBOOK", Short: "Write a playbook as CACAO 2.0", Args: exactly(1, "a playbook: an id or a file"), ValidArgsFunction: p.completePlaybooks,
		Long: `Write a playbook as CACAO 2.0. What CACAO has no words for goes into one
extension, so that an import gives the playbook back. The same playbook gives the
same file, wherever and whenever it is exported.

CACAO knows versions by their time of modification. A playbook has none, so one
stands for its version; one that was imported keeps its own, and gets the present
when it was changed since. --modified TIME says another.

With --profile strict or soarca it says on the standard error what others will not
do as it is written: strict, any program that knows the standard and not our
extension; soarca, the orchestrator SOARCA.`,
		RunE: func(_ *cobra.Command, args []string) error {
			o.which = args[0]
			return run(o)
		},
	}
	c.Flags().StringVarP(&o.to, "output", "o", "", "write to `FILE`, which must not be there yet")
	c.Flags().StringVar(&o.profile, "profile", "", "say what degrades for this `PROFILE`: strict or soarca")
	c.Flags().StringVar(&o.at, "modified", "", "the `TIME` of modification, as in 2026-11-20T03:00:00Z")
	return c
}

// exportedPlaybook is what "playbook export --json" says.
type exportedPlaybook struct {
	*cacao.Exported
	File  string `json:"file,omitempty"`
	Cacao string `json:"cacao,omitempty"`
}

func runPlaybookExport(o *exportPlaybookOptions) error {
	options := cacao.Options{Profile: cacao.Profile(o.profile), Modified: o.p.Now()}
	switch options.Profile {
	case cacao.Full, cacao.Strict, cacao.SOARCA:
	default:
		return errFlag{fmt.Errorf("--profile %s: want strict or soarca", o.profile)}
	}
	if o.at != "" {
		t, err := time.Parse(time.RFC3339, o.at)
		if err != nil {
			return errFlag{fmt.Errorf("--modified %s: want a time as in 2026-11-20T03:00:00Z", o.at)}
		}
		options.Modified, options.Always = t, true
	}
	book, err := o.p.playbook(o.which)
	if err != nil {
		return err
	}
	return o.p.exported(book, options, o.to)
}

func (p *program) exported(book *playbooks.Playbook, options cacao.Options, to string) error {
	out, err := cacao.Export(book, options)
	if err != nil {
		return err
	}
	text := cacao.Indented(out.Doc)
	said := exportedPlaybook{Exported: out, File: to}
	if to != "" {
		if err := writeNew(to, text); err != nil {
			return err
		}
	} else {
		said.Cacao = string(text)
	}
	if p.json {
		return p.printJSON(said)
	}
	for _, n := range out.Degraded {
		p.errf("degrades  %s: %s\n", term.Safe(n.At), term.Safe(n.Says))
	}
	for _, at := range out.Lost {
		p.errf("overruled %s: the playbook was changed since the import\n", term.Safe(at))
	}
	if out.Changed && out.Doc.Has("signatures") {
		p.warn("the playbook was changed since it was signed: its signatures no longer hold")
	}
	for _, pr := range out.Problems {
		p.errf("problem   %s\n", term.Safe(pr.String()))
	}
	if to == "" {
		return p.printf("%s", term.SafeLines(string(text)))
	}
	return p.printf("%s: %s, %s\n", term.Safe(to), out.ID, plural(int64(out.Steps), "step"))
}
