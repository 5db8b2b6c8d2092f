package cmd

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"firebreak/incident"
	"firebreak/internal/term"
	"firebreak/playbooks"
	"firebreak/response"
)

type playbookNewOptions struct {
	p      *program
	folder string
	roles  []string
	playbooks.Beginning
}

func newPlaybookNewCmd(p *program, run func(*cobra.Command, *playbookNewOptions) error) *cobra.Command {
	o := &playbookNewOptions{p: p}
	c := &cobra.Command{
		Use:   "new [ID]",
		Short: "Begin a playbook of your own, with its tests",
		Long: `Begin a playbook of your own: ask a few questions and write ID.yaml and
ID.test.yaml. Both are right as they are (lint --strict and test pass), so that
each change can be tried at once. What is answered by a flag is not asked; without
a terminal nothing is asked, and what has a default takes it. A file that is
there is never written over.`,
		Example: `  firebreak playbook new lost-laptop
  firebreak playbook new lost-laptop --name "Lost laptop" --kind host --personal-data --notify pagerduty`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return exactly(1, "an id")(c, args)
		},
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 1 {
				o.ID = args[0]
			}
			return run(c, o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.Name, "name", "", "its `NAME`")
	f.StringVar(&o.Severity, "severity", "sev2", "sev1 to sev4")
	f.StringVar(&o.Kind, "kind", "other", "what it is about: "+strings.Join(playbooks.Kinds(), ", "))
	f.StringArrayVar(&o.roles, "role", nil, "a `ROLE` it wants besides commander and investigator")
	f.StringArrayVar(&o.Notify, "notify", nil, "a `CONNECTION` that is told first")
	f.BoolVar(&o.PersonalData, "personal-data", false, "personal data may be touched: ask for it, and start the clock")
	f.StringVar(&o.folder, "to", ".", "the `FOLDER` to write to")
	return c
}

// begunPlaybook is what "playbook new --json" prints.
type begunPlaybook struct {
	ID       string `json:"id"`
	Playbook string `json:"playbook"`
	Tests    string `json:"tests"`
}

func runPlaybookNew(c *cobra.Command, o *playbookNewOptions) error {
	s, err := o.p.session()
	if err != nil {
		return err
	}
	linter, err := s.Service().Linter()
	if err != nil {
		return err
	}
	if o.p.IsTerminal && !o.p.json && c.Flags().NFlag() == 0 {
		if err := o.askAll(linter); err != nil {
			return err
		}
	}
	if o.ID == "" {
		return &response.Error{Code: response.CodeUsage, Hint: "as in: firebreak playbook new lost-laptop", Err: errors.New("the playbook has no id")}
	}
	if o.Name == "" {
		o.Name = titled(o.ID)
	}
	for _, r := range o.roles {
		o.Roles = append(o.Roles, incident.Role(r))
	}
	book, tests, err := o.Files()
	if err != nil {
		return &response.Error{Code: response.CodeUsage, Err: err}
	}
	out := begunPlaybook{o.ID, filepath.Join(o.folder, o.ID+".yaml"), filepath.Join(o.folder, o.ID+".test.yaml")}
	problems, err := linter.Source(out.Playbook, "", book)
	if err != nil {
		return err
	}
	if len(problems) > 0 { // a connection that is not there, a name that cannot be shown
		return &response.Error{Code: response.CodeUsage, Err: problems}
	}
	if err := writeBoth(out, book, tests); err != nil {
		return err
	}
	if o.p.json {
		return o.p.printJSON(out)
	}
	return o.p.printf("%s\n%s\n\nNext:\n  edit %s\n  firebreak playbook lint --strict %s\n  firebreak playbook test %s\n",
		term.Safe(out.Playbook), term.Safe(out.Tests), term.Safe(out.Playbook), term.Safe(out.Playbook), term.Safe(out.Playbook))
}

// titled is an id as a name: "Lost laptop" of lost-laptop.
func titled(id string) string {
	name := strings.ReplaceAll(id, "-", " ")
	return strings.ToUpper(name[:1]) + name[1:]
}

// askAll asks what a person at the terminal can say in a minute. An empty answer
// takes what stands in brackets; one that cannot be is asked for again.
func (o *playbookNewOptions) askAll(l *response.Linter) error {
	yes := "no"
	roles, notify := "", ""
	for _, q := range []struct {
		text string
		to   *string
	}{
		{"Id (lower-case letters, digits, hyphens)", &o.ID},
		{"Name", &o.Name},
		{"Severity: sev1, sev2, sev3, sev4", &o.Severity},
		{"What is it about: " + strings.Join(playbooks.Kinds(), ", "), &o.Kind},
		{"More roles besides commander and investigator, as in: legal, comms", &roles},
		{"Connections that are told first, as in: pagerduty, webhook", &notify},
		{"Could personal data be touched? yes, no", &yes},
	} {
		if q.to == &o.ID && o.ID != "" && o.wrong(l, "", "") == nil {
			continue // the command line said it
		}
		if q.to == &o.Name {
			o.Name = titled(o.ID)
		}
		if err := o.askFor(q.text, q.to, func() error { return o.wrong(l, roles, notify) }); err != nil {
			return err
		}
	}
	o.roles, o.Notify = listed(roles), listed(notify)
	o.PersonalData = strings.HasPrefix(strings.ToLower(yes), "y")
	return nil
}

// mostTries bounds how often an answer is asked for: where the input has ended,
// each is empty.
const mostTries = 5

func (o *playbookNewOptions) askFor(text string, to *string, wrong func() error) error {
	def := *to
	if def != "" {
		text += " [" + term.Safe(def) + "]"
	}
	for try := 1; ; try++ {
		answer, err := o.p.ask(text + ": ")
		if err != nil {
			return err
		}
		if *to = answer; answer == "" {
			*to = def
		}
		err = wrong()
		if err == nil {
			return nil
		}
		if try == mostTries {
			return &response.Error{Code: response.CodeUsage, Err: err}
		}
		o.p.errf("  %s\n", term.Safe(err.Error()))
	}
}

// wrong says what cannot be of the answers so far. What is still to come has a
// default that can.
func (o *playbookNewOptions) wrong(l *response.Linter, roles, notify string) error {
	b := o.Beginning
	if b.Name == "" {
		b.Name = "to come"
	}
	for _, r := range listed(roles) {
		b.Roles = append(b.Roles, incident.Role(r))
	}
	b.Notify = listed(notify)
	book, _, err := b.Files()
	if err != nil {
		return err //nolint:wrapcheck // it says what it wants
	}
	problems, err := l.Source(b.ID+".yaml", "", book)
	if err != nil || len(problems) == 0 {
		return err //nolint:wrapcheck // it says what it is
	}
	pr := problems[0]
	if pr.Hint != "" {
		return fmt.Errorf("%s (%s)", pr.Message, pr.Hint)
	}
	return errors.New(pr.Message)
}

// listed splits what a person typed with commas or spaces between.
func listed(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' })
}

// writeBoth writes the playbook and its tests, both or none, and nothing over
// what is there.
func writeBoth(to begunPlaybook, book, tests []byte) error {
	if err := writeNew(to.Playbook, book); err != nil {
		return err
	}
	if err := writeNew(to.Tests, tests); err != nil {
		return errors.Join(err, os.Remove(to.Playbook))
	}
	return nil
}

// writeNew writes a file that others may read and that must not be there yet.
func writeNew(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644) //nolint:gosec // a playbook is for the team to read
	if errors.Is(err, fs.ErrExist) {
		return &response.Error{Code: response.CodeRefused, Hint: "choose another name: nothing is overwritten", Err: fmt.Errorf("write %s: it is there already", path)}
	}
	if err != nil {
		return fmt.Errorf("write playbook: %w", err)
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", path, err), os.Remove(path))
	}
	return nil
}
