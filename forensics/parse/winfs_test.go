package parse

import (
	"os"
	"path/filepath"
	"testing"

	"firebreak/internal/testkit"
)

// What Windows left, with the counts of plaso's tests, or why ours are others.
func TestWindowsExpected(t *testing.T) {
	for _, tt := range []struct {
		file, parser                string
		events, recovered, rejected int64
	}{
		{"winprefetch/AM_DELTA_PATCH_1.443.990.0.EX-7037CF86.pf", "prefetch", 2, 0, 0},
		{"winprefetch/CMD.EXE-087B4001.pf", "prefetch", 2, 0, 0},
		{"winprefetch/NOTEPAD.EXE-D8414F97.pf", "prefetch", 3, 0, 0}, // plaso: one for both runs
		{"winprefetch/WUAUCLT.EXE-830BCC14.pf", "prefetch", 6, 0, 0},
		{"customDestinations-ms/368d807282ccde9d.customDestinations-ms", "jumplist.custom", 12, 0, 0}, // three links: plaso has an event for each, for its item and its ids; here for each time
		{"recycler/$II3DF3L.zip", "recycled", 1, 0, 0},
		{"recycler/INFO2", "info2", 4, 0, 0},
		{"wintask.job", "winjob", 2, 0, 0},
		{"powershell_transcript.txt", "powershell.transcript", 1, 0, 0},
		{"setupapi.dev.log", "setupapi", 194, 0, 0},
		{"NTUSER.DAT", "registry", 1252, 0, 0},         // 1127 keys, and 125 artefacts of them
		{"NTUSER-RunTests.DAT", "registry", 895, 0, 0}, // 893 keys, and two commands of Run; plaso counts those of one key
		{"regf/NTUSER.DAT", "registry", 1627, 0, 0},    // 1597 keys; of 30 artefacts 11 are of UserAssist, in two lists: plaso counts one
		{"ntuser.dat.LOG", "registry.log", 0, 0, 0},
	} {
		data, err := os.ReadFile(filepath.Join(testkit.Corpus(t, "plaso/expected.tsv"), "plaso", filepath.FromSlash(tt.file)))
		must(t, err)
		events, ing := run(t, "", tt.file, data)
		if ing.Parser != tt.parser || ing.Events != tt.events || ing.Recovered != tt.recovered || ing.Rejected != tt.rejected {
			t.Errorf("%s: %s, %d events, %d recovered, %d rejected, want %d, %d, %d: %q", tt.file, ing.Parser, ing.Events, ing.Recovered, ing.Rejected, tt.events, tt.recovered, tt.rejected, ing.Samples)
		}
		if os.Getenv("SHOW") != "" {
			t.Log(tt.file, ing.Samples)
			for i, e := range events {
				if i < 40 {
					t.Log(e.Time, e.TimeKind, e.User, e.Message, e.Attributes)
				}
			}
		}
	}
}
