// Command sbom writes the CycloneDX 1.5 bill of materials of a Go binary, from
// the build information inside it: sbom BINARY OUTPUT [VERSION]. VERSION is that
// of the release, which a binary built outside a module cache does not know.
package main

import (
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

type component struct {
	Type    string `json:"type"`
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
	PURL    string `json:"purl,omitempty"`
}

type bom struct {
	Format     string         `json:"bomFormat"`
	Spec       string         `json:"specVersion"`
	Version    int            `json:"version"`
	Metadata   map[string]any `json:"metadata"`
	Components []component    `json:"components"`
}

func main() {
	if len(os.Args) < 3 || len(os.Args) > 4 {
		fmt.Fprintln(os.Stderr, "usage: sbom BINARY OUTPUT [VERSION]") //nolint:forbidigo // a program of its own
		os.Exit(2)
	}
	if err := write(os.Args[1], os.Args[2], os.Args[3:]...); err != nil {
		fmt.Fprintln(os.Stderr, "sbom:", err) //nolint:forbidigo // as above
		os.Exit(1)
	}
}

func write(binary, output string, version ...string) error {
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return err
	}
	if len(version) > 0 {
		info.Main.Version = version[0]
	}
	b := bom{Format: "CycloneDX", Spec: "1.5", Version: 1, Metadata: map[string]any{
		"component": component{Type: "application", Name: info.Main.Path, Version: info.Main.Version},
	}, Components: []component{
		{Type: "library", Name: "std", Version: strings.TrimPrefix(info.GoVersion, "go"), PURL: "pkg:golang/std@" + strings.TrimPrefix(info.GoVersion, "go")},
	}}
	for _, d := range info.Deps {
		if d.Replace != nil {
			d = d.Replace
		}
		b.Components = append(b.Components, component{Type: "library", Name: d.Path, Version: d.Version, PURL: "pkg:golang/" + d.Path + "@" + d.Version})
	}
	out, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(output, append(out, '\n'), 0o644)
}
