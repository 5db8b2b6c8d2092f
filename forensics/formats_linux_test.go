package forensics_test

import (
	"slices"
	"testing"

	"firebreak/forensics"
	"firebreak/forensics/parse"
)

// A format that no parser reads would make evidence silent.
func TestFormatsHaveParsers(t *testing.T) {
	for _, f := range []string{
		forensics.FormatSystem, forensics.FormatProcesses, forensics.FormatSockets, forensics.FormatOpenFiles, forensics.FormatRoutes,
		forensics.FormatModules, forensics.FormatMounts, forensics.FormatUnits, forensics.FormatAccounts, forensics.FormatExtents, forensics.FormatFiles,
		forensics.FormatBodyfile, forensics.FormatUtmp, forensics.FormatBtmp, forensics.FormatLastlog, forensics.FormatSyslog,
		forensics.FormatAudit, forensics.FormatJournal, forensics.FormatHistory, forensics.FormatDpkg, forensics.FormatApt,
		forensics.FormatPackages, forensics.FormatText,
	} {
		if !slices.Contains(parse.Names(), f) {
			t.Errorf("no parser reads %q", f)
		}
	}
}
