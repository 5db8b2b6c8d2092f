package response

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestFontsOfTheMachine(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{
		"b/NotoSansThai-Regular.ttf", "a/NotoSansThai-Bold.ttf", "a/NotoSansCJK-Regular.ttc", "Lohit-Devanagari.ttf",
		"FreeSans.otf", "readme.txt", "Secret.ttf", "NotoSansMono-Regular.ttf",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "NotoSans.ttf"), 0o700); err != nil { // a folder of that name
		t.Fatal(err)
	}
	var got []string
	for name, data := range fontsIn([]string{filepath.Join(dir, "none"), dir}) {
		if len(data) == 0 {
			t.Errorf("%s has no bytes", name)
		}
		got = append(got, name)
	}
	if want := []string{"NotoSansThai-Regular.ttf", "Lohit-Devanagari.ttf", "FreeSans.otf", "NotoSansCJK-Regular.ttc"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for name := range fontsIn([]string{dir}) {
		if name != "NotoSansThai-Regular.ttf" {
			t.Error("who has enough gets more")
		}
		break
	}
}
