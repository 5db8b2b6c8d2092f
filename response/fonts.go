package response

import (
	"cmp"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// fontFolders are where the systems keep their fonts.
func fontFolders() []string {
	return []string{"/usr/share/fonts", "/usr/local/share/fonts", "/System/Library/Fonts", "/Library/Fonts", `C:\Windows\Fonts`}
}

// fontNames are the beginnings of names of fonts that have scripts which ours
// lack, the best first: those that are there on many systems.
func fontNames() []string {
	return []string{
		"notosans", "notonaskh", "notoserif", "lohit", "loma", "waree", "garuda", "nirmala", "leelaw", "mangal", "tahoma",
		"kohinoor", "thonburi", "droidsansfallback", "wqy", "pingfang", "msyh", "malgun", "yugoth", "arial unicode",
		"freesans", "freeserif", "symbola", "unifont",
	}
}

const (
	maxFontFile  = 48 << 20
	maxFontFiles = 20_000 // names that are looked at
)

// fontsIn hands out the fonts in these folders that may have what others lack. It
// reads one at a time, and only as long as somebody asks.
func fontsIn(folders []string) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for _, path := range fontPaths(folders) {
			info, err := os.Stat(path)
			if err != nil || !info.Mode().IsRegular() || info.Size() > maxFontFile {
				continue
			}
			data, err := os.ReadFile(path)
			if err != nil {
				continue // a font that cannot be read is one that is not there
			}
			if !yield(filepath.Base(path), data) {
				return
			}
		}
	}
}

// fontPaths finds them, the same in the same order wherever they are the same.
func fontPaths(folders []string) []string {
	type found struct {
		path string
		rank int
	}
	var all []found
	seen := 0
	for _, folder := range folders {
		_ = filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
			if seen++; seen > maxFontFiles {
				return fs.SkipAll
			}
			if err != nil || d.IsDir() {
				return nil // what cannot be looked into has no fonts for us
			}
			if rank := fontRank(d.Name()); rank >= 0 {
				all = append(all, found{path, rank})
			}
			return nil
		})
	}
	slices.SortFunc(all, func(a, b found) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(filepath.Base(a.path), filepath.Base(b.path)), cmp.Compare(a.path, b.path))
	})
	out := make([]string, len(all))
	for i, f := range all {
		out[i] = f.path
	}
	return out
}

// fontRank is how good a font of that name is, less being better; -1 for one that
// is not looked into.
func fontRank(name string) int {
	name = strings.ToLower(name)
	stem, ending, _ := strings.Cut(name, ".")
	if ending != "ttf" && ending != "otf" && ending != "ttc" {
		return -1
	}
	for _, style := range []string{"bold", "italic", "oblique", "light", "thin", "black", "medium", "condensed", "emoji", "mono"} {
		if strings.Contains(stem, style) {
			return -1
		}
	}
	for i, beginning := range fontNames() {
		if strings.HasPrefix(stem, beginning) {
			if ending == "ttc" { // large
				return i + 100
			}
			return i
		}
	}
	return -1
}
