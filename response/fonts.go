package response

import (
	"cmp"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// fontFolders are where the systems keep their fonts.
func fontFolders() []string {
	return []string{"/usr/share/fonts", "/usr/local/share/fonts", "/System/Library/Fonts", "/Library/Fonts", `C:\Windows\Fonts`}
}

// machineFonts are the fonts of the machine, and those that something was drawn with.
type machineFonts struct {
	folders []string          // nil: where the systems keep them
	used    map[string]string // file name → SHA-256
	// again is set where a release is made again: with the fonts that it was drawn
	// with, these by name and SHA-256, and with no other.
	again    bool
	released map[string]string
}

// offered hands out the fonts that may be drawn with.
func (m *machineFonts) offered() iter.Seq2[string, []byte] {
	all := fontsIn(m.where())
	if !m.again {
		return all
	}
	if len(m.released) == 0 {
		return nil
	}
	sums := map[string]bool{}
	for _, sum := range m.released {
		sums[sum] = true
	}
	return func(yield func(string, []byte) bool) {
		for name, data := range all {
			if sums[sumOf(data)] && !yield(name, data) {
				return
			}
		}
	}
}

func (m *machineFonts) where() []string {
	if m.folders == nil {
		return fontFolders()
	}
	return m.folders
}

// use keeps that a font was drawn with. Two files of one name are told apart.
func (m *machineFonts) use(name string, data []byte) {
	if m.used == nil {
		m.used = map[string]string{}
	}
	sum, key := sumOf(data), name
	for n := 2; m.used[key] != "" && m.used[key] != sum; n++ {
		key = fmt.Sprintf("%s (%d)", name, n)
	}
	m.used[key] = sum
}

// FontCheck is a font of the machine that makes a release differ.
type FontCheck struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`        // as it was released
	Now    string `json:"now,omitempty"` // of the one that is on this machine
	Why    string `json:"why"`
}

// compare says which fonts are not those that a release was drawn with.
func (m *machineFonts) compare(released map[string]string) []FontCheck {
	var out []FontCheck
	here := map[string][]string{} // file name → SHA-256 of all of them
	if len(released) > 0 {
		for _, path := range fontPaths(m.where()) {
			here[filepath.Base(path)] = append(here[filepath.Base(path)], path)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(released)) {
		sum := released[name]
		if m.used[name] == sum {
			continue
		}
		c := FontCheck{Name: name, SHA256: sum, Why: "it is not on this machine"}
		file, _, _ := strings.Cut(name, " (")
		for _, path := range here[file] {
			data, err := os.ReadFile(path)
			if err != nil {
				c.Why = "it cannot be read"
				continue
			}
			if c.Now, c.Why = sumOf(data), "the one on this machine is another"; c.Now == sum {
				c.Why = "it is here, and was not taken"
				break
			}
		}
		out = append(out, c)
	}
	return out
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
