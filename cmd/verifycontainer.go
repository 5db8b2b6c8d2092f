package cmd

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"firebreak/internal/term"
	"firebreak/response"
)

// runVerifyContainer reads a container to its end and keeps nothing.
func runVerifyContainer(c *cobra.Command, p *program, o bundleVerification, identities []string) error {
	in, file := p.In, o.container
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return fmt.Errorf("verify container: %w", err)
		}
		defer f.Close() //nolint:errcheck // read only
		in = f
	}
	r, err := response.OpenContainer(in, identities, p.askSecret)
	if err != nil {
		return err
	}
	defer r.Close()
	report, listed, err := response.ListTaken(c.Context(), r, o.taken)
	stamped, serr := p.stampBeside(c.Context(), file)
	if serr != nil {
		return errors.Join(serr, err)
	}
	if p.json {
		if err := p.printJSON(response.VerifiedContainer{Report: report, Stamp: stamped}); err != nil {
			return err
		}
	} else {
		h := report.Head
		if serr := p.printf("container  %s of %s, made %s by %s\nitems      %d (%d bytes), %d dropped\nsigned     by %s\n", term.Safe(h.ID), term.Safe(h.Host), h.Created.UTC().Format("2006-01-02T15:04:05Z"), term.Safe(h.Tool),
			report.Items, report.Bytes, report.Dropped, term.Safe(report.Fingerprint)); serr != nil {
			return serr
		}
		if stamped != nil {
			if serr := p.printf("%s", sayStamp(*stamped)); serr != nil {
				return serr
			}
		}
		for _, s := range report.CutItems {
			if serr := p.printf("cut        %s\n", term.Safe(s)); serr != nil {
				return serr
			}
		}
	}
	if o.taken != "" && err == nil && !p.json {
		if serr := p.printf("listed     %d files in %s; on the host: firebreak collect --to ANOTHER --resume-from %s\n", listed, term.Safe(o.taken), term.Safe(o.taken)); serr != nil {
			return serr
		}
	}
	var coded *response.Error
	switch {
	case c.Context().Err() != nil, errors.As(err, &coded):
		return err
	case err != nil:
		return &response.Error{Code: response.CodeIntegrity, Hint: "what was sound before the damage can be taken in", Err: err}
	case report.Cut != "":
		return &response.Error{Code: response.CodePartial, Hint: "what came can be taken in; the rest is missing", Err: fmt.Errorf("the container was cut: %s", report.Cut)}
	case p.json:
		return nil
	}
	return p.printf("verified: whole, as it was signed\nnote: compare the key with the one that was printed when it was made\n")
}

// stampBeside checks the time-stamp that lies beside a container; nil is none.
func (p *program) stampBeside(ctx context.Context, file string) (*response.FileStamp, error) {
	if file == "-" {
		return nil, nil //nolint:nilnil // a stream has none
	}
	w, err := p.withoutWorkspace()
	if err != nil {
		return nil, err
	}
	return response.CheckFileStamp(ctx, w, file, p.progress())
}
