package cmd

import (
	"net/url"
	"path/filepath"
	"slices"

	"firebreak/playbooks"
	drills "firebreak/playbooks/drill"
)

// The part of SARIF 2.1.0 that code hosts read (OASIS sarif-v2.1.0, section 3).
type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool       sarifTool     `json:"tool"`
	ColumnKind string        `json:"columnKind"`
	Results    []sarifResult `json:"results"`
}

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name    string      `json:"name"`
	Version string      `json:"version,omitempty"`
	Rules   []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID            string      `json:"id"`
	Short         sarifText   `json:"shortDescription"`
	Help          sarifText   `json:"help"`
	Configuration sarifConfig `json:"defaultConfiguration"`
}

type sarifConfig struct {
	Level string `json:"level"`
}

type sarifText struct {
	Text string `json:"text"`
}

type sarifResult struct {
	RuleID    string          `json:"ruleId"`
	RuleIndex int             `json:"ruleIndex"`
	Level     string          `json:"level"`
	Message   sarifText       `json:"message"`
	Locations []sarifLocation `json:"locations"`
}

type sarifLocation struct {
	Physical sarifPhysical `json:"physicalLocation"`
}

type sarifPhysical struct {
	Artifact sarifArtifact `json:"artifactLocation"`
	Region   sarifRegion   `json:"region"`
}

type sarifArtifact struct {
	URI string `json:"uri"`
}

type sarifRegion struct {
	Line   int `json:"startLine"`
	Column int `json:"startColumn"`
}

// writeSARIF writes problems as one run. All codes are named as rules, so that a
// host can show what was looked for; with strict a warning has the level error.
func writeSARIF(p *program, problems playbooks.Problems, strict bool) error {
	driver := sarifDriver{Name: "firebreak playbook lint", Version: Version()}
	codes := slices.Concat(playbooks.Codes(), playbooks.TestCodes())
	for _, c := range drills.Codes() {
		codes = append(codes, playbooks.Code{Code: c.Code, Title: c.What, Severity: playbooks.Error})
	}
	for _, c := range codes {
		page := "docs/playbook-lint.md"
		switch c.Code[:2] {
		case "PT":
			page = "docs/playbook-test.md"
		case "DR":
			page = "docs/drills.md"
		}
		driver.Rules = append(driver.Rules, sarifRule{
			ID: c.Code, Short: sarifText{c.Title}, Help: sarifText{c.Title + ". " + page + " says why it matters and what to do."},
			Configuration: sarifConfig{string(c.Severity)},
		})
	}
	run := sarifRun{Tool: sarifTool{driver}, ColumnKind: "unicodeCodePoints", Results: []sarifResult{}}
	for _, pr := range problems {
		level := string(pr.Severity)
		if strict {
			level = string(playbooks.Error)
		}
		text := pr.Message
		if pr.Hint != "" {
			text += " (" + pr.Hint + ")"
		}
		run.Results = append(run.Results, sarifResult{
			RuleID: pr.Code, RuleIndex: slices.IndexFunc(codes, func(c playbooks.Code) bool { return c.Code == pr.Code }),
			Level: level, Message: sarifText{text},
			Locations: []sarifLocation{{sarifPhysical{sarifArtifact{fileURI(pr.File)}, sarifRegion{pr.Line, pr.Column}}}},
		})
	}
	return p.printJSON(sarifLog{Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run}})
}

// fileURI is a path as a URI: relative where the path is, so that a host finds
// it in the repository.
func fileURI(file string) string {
	u := url.URL{Path: filepath.ToSlash(filepath.Clean(file))}
	if filepath.IsAbs(file) {
		u.Scheme = "file"
	}
	return u.String()
}
