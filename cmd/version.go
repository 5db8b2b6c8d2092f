package cmd

import (
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"firebreak/internal/term"
	"firebreak/response"
)

// version is set by the linker in releases.
var version = "" //nolint:gochecknoglobals // -ldflags -X needs a variable

// Version is the release, or the commit this was built from.
func Version() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "dev"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return "dev-" + s.Value[:12]
		}
	}
	return "dev"
}

// protection says how the workspace is protected, or why that cannot be seen:
// the version is printed in any case.
func (p *program) protection() string {
	paths, err := p.paths()
	if err == nil {
		var is response.Protection
		if is, err = response.ProtectionOf(paths.Home); err == nil {
			return is.String()
		}
	}
	return "unknown: " + err.Error()
}

type versionOptions struct{ p *program }

func newVersionCmd(p *program, run func(*versionOptions) error) *cobra.Command {
	o := &versionOptions{p: p}
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  exactly(0, "no arguments"),
		RunE:  func(*cobra.Command, []string) error { return run(o) },
	}
}

func runVersion(o *versionOptions) error {
	says := o.p.protection()
	if o.p.json {
		return o.p.printJSON(map[string]string{"version": Version(), "go": runtime.Version(), "os": runtime.GOOS, "arch": runtime.GOARCH, "workspace": says})
	}
	return o.p.printf("firebreak %s (%s, %s/%s)\nworkspace: %s\n", Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH, term.Safe(says))
}
