package cmd

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"firebreak/config"
	"firebreak/internal/term"
	"firebreak/response"
)

type configOptions struct{ p *program }

func newConfigCmd(p *program) *cobra.Command {
	o := &configOptions{p: p}
	c := &cobra.Command{Use: "config", Short: "Show, check and start the configuration", Args: subcommand, RunE: helpOnly}
	for _, sub := range []struct {
		use, short string
		run        func(*configOptions) error
	}{
		{"path", "Print where the configuration and the workspace are", runConfigPath},
		{"show", "Print the configuration as it is understood; secrets stand as references", runConfigShow},
		{"init", "Write a commented configuration to start from", runConfigInit},
		{"actions", "List what the configured connections can do", runConfigActions},
	} {
		c.AddCommand(&cobra.Command{
			Use: sub.use, Short: sub.short, Args: exactly(0, "no arguments"),
			RunE: func(*cobra.Command, []string) error { return sub.run(o) },
		})
	}
	return c
}

func runConfigPath(o *configOptions) error {
	paths, err := o.p.paths()
	if err != nil {
		return err
	}
	is, err := response.ProtectionOf(paths.Home)
	if err != nil {
		return err
	}
	if o.p.json {
		return o.p.printJSON(map[string]any{"config": paths.Config, "home": paths.Home, "encryption": is})
	}
	return o.p.printf("config  %s\nhome    %s\n        %s\n", paths.Config, paths.Home, term.Safe(is.String()))
}

func runConfigShow(o *configOptions) error {
	c, err := o.p.config()
	if err != nil {
		return err
	}
	if o.p.json {
		return o.p.printJSON(c)
	}
	var b strings.Builder // the file's own keys, and JSON is YAML too
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(c); err != nil {
		return fmt.Errorf("show configuration: %w", err)
	}
	return o.p.printf("%s", term.JSON(b.String()))
}

func runConfigInit(o *configOptions) error {
	paths, err := o.p.paths()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(paths.Config), 0o700); err != nil {
		return fmt.Errorf("write configuration: %w", err)
	}
	f, err := os.OpenFile(paths.Config, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return &response.Error{Code: response.CodeRefused, Hint: "edit it, or move it away first", Err: fmt.Errorf("%s is there already", paths.Config)}
	}
	if err != nil {
		return fmt.Errorf("write configuration: %w", err)
	}
	if _, err := f.WriteString(config.Default); err != nil {
		return errors.Join(fmt.Errorf("write configuration: %w", err), f.Close())
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("write configuration: %w", err)
	}
	if o.p.json {
		return o.p.printJSON(map[string]string{"config": paths.Config})
	}
	return o.p.printf("%s\n", paths.Config)
}

func runConfigActions(o *configOptions) error {
	s, err := o.p.session()
	if err != nil {
		return err
	}
	list, err := s.Service().Catalogue()
	if err != nil {
		return err
	}
	for _, l := range list {
		if o.p.json {
			err = o.p.printJSON(l)
		} else {
			d := l.Description
			params := make([]string, len(d.Params))
			for i, p := range d.Params {
				params[i] = p.Name
				if !p.Required {
					params[i] = "[" + p.Name + "]"
				}
			}
			err = o.p.printf("%-30s %-12s %-6s %s  (%s)\n", d.Name, term.Safe(l.Connection), d.Danger, d.Title, strings.Join(params, " "))
		}
		if err != nil {
			return err
		}
	}
	return nil
}
