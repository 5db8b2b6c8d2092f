package cmd

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

func TestRecordedArgv(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ args, want []string }{
		{nil, []string{"firebreak"}},
		{[]string{"collect", "last", "--authority", "the CISO"}, []string{"firebreak", "collect", "last", "--authority", "…"}},
		{[]string{"--as=ada", "ingest", "--authority=order 17", "a=b"}, []string{"firebreak", "--as=…", "ingest", "--authority=…", "a=b"}},
		{[]string{"run", "--var", "token=hunter2"}, []string{"firebreak", "run", "--var", "token=…"}},
		{[]string{"run", "--answer=password=hunter2"}, []string{"firebreak", "run", "--answer=password=…"}},
		{[]string{"ingest", "\xff.log"}, []string{"firebreak", "ingest", "\uFFFD.log"}},
	} {
		if got := recordedArgv(c.args); !slices.Equal(got, c.want) {
			t.Errorf("%q is recorded as %q, want %q", c.args, got, c.want)
		}
	}
	many := slices.Repeat([]string{"/evidence/a-file.log"}, 5000)
	got := recordedArgv(many)
	if n := len(strings.Join(got, " ")); n > maxArgv+64 || !strings.Contains(got[len(got)-1], "more)") {
		t.Errorf("%d bytes, ending in %q", n, got[len(got)-1])
	}
}

// A command line goes into the record with every exhibit, so that no flag may
// take a secret. A new one that sounds like one has to be looked at.
func TestNoFlagTakesASecret(t *testing.T) {
	t.Parallel()
	// A flag with a value is followed by one blank and what the value is called.
	taking := regexp.MustCompile(`--(\S*(?:password|passphrase|secret|token|credential)\S*) \S`)
	var look func(c *cobra.Command)
	look = func(c *cobra.Command) {
		for _, f := range taking.FindAllStringSubmatch(c.Flags().FlagUsages(), -1) {
			if strings.HasSuffix(f[1], "-from") { // a reference to it
				continue
			}
			t.Errorf("%s --%s sounds as if it took a secret: take a reference, a file or a question instead", c.CommandPath(), f[1])
		}
		for _, sub := range c.Commands() {
			look(sub)
		}
	}
	look(Command(World{}))
}
