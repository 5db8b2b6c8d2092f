package parse

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"firebreak/forensics/formats/ntfs"
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

// The table of an NTFS volume tells the paths and times that the Sleuth Kit reads
// of the same volume, of the standard information and of the names. plaso counts
// each of those attributes.
func TestMFTOracle(t *testing.T) {
	image := filepath.Join(testkit.Corpus(t, "plaso/vsstest.qcow2"), "plaso", "vsstest.qcow2")
	for _, tool := range []string{"qemu-img", "icat", "fls"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(tool + " is not installed (apt-get install qemu-utils sleuthkit)")
		}
	}
	raw := filepath.Join(t.TempDir(), "raw") // sparse: a gigabyte of which half a megabyte is written
	must(t, exec.CommandContext(t.Context(), "qemu-img", "convert", "-O", "raw", image, raw).Run())
	table, err := exec.CommandContext(t.Context(), "icat", raw, "0").Output()
	must(t, err)
	attributes := 0
	for n := 0; n+1024 <= len(table); n += 1024 {
		if rec, kind := ntfs.Parse(bytes.Clone(table[n:n+1024]), uint64(n/1024)); kind == ntfs.Usable {
			attributes += len(rec.Names)
			if rec.HasTimes {
				attributes++
			}
		}
	}
	if attributes != 71 {
		t.Errorf("%d attributes with times, plaso's test expects 71", attributes)
	}
	type when struct {
		inode, letter, of string
	}
	times, paths := map[when]string{}, map[string]string{}
	events, ing := run(t, "", "$MFT", table)
	for _, e := range events {
		inode, _, _ := strings.Cut(e.Attributes.Get("inode"), "-")
		paths[inode] = e.Attributes.Get("path")
		for _, letter := range strings.Trim(e.Attributes.Get("macb"), ".") {
			if letter != '.' {
				times[when{inode, string(letter), e.Attributes.Get("times")}] = strconv.FormatInt(e.Time.Unix(), 10)
			}
		}
	}
	list, err := exec.CommandContext(t.Context(), "fls", "-r", "-m", "/", raw).Output()
	must(t, err)
	seen := 0
	for line := range strings.Lines(string(list)) {
		f := strings.Split(strings.TrimSpace(line), "|")
		inode, _, _ := strings.Cut(f[2], "-")
		name, named := strings.CutSuffix(f[1], " ($FILE_NAME)")
		if strings.Contains(name, "$OrphanFiles") || strings.Contains(name, ":") { // the Sleuth Kit's own, and streams
			continue
		}
		seen++
		if want := strings.ReplaceAll(name, "/", `\`); paths[inode] != want {
			t.Errorf("record %s is %q, want %q", inode, paths[inode], want)
		}
		for i, letter := range []string{"a", "m", "c", "b"} {
			got := times[when{inode, letter, ""}]
			if named {
				if other, ok := times[when{inode, letter, "file_name"}]; ok {
					got = other
				}
			}
			if got != f[7+i] {
				t.Errorf("%s: %s is %s, want %s", f[1], letter, got, f[7+i])
			}
		}
	}
	if ing.Parser != "mft" || ing.Rejected != 0 || seen < 50 {
		t.Errorf("%d lines; %s", seen, fmt.Sprintf("%+v", ing))
	}
}
