package response

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReadSource(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, c := range map[string]struct {
		size int
		code Code
		says string
	}{
		"fits":  {8, "", ""},
		"large": {9, CodeUsage, "more than 8 bytes"},
		"none":  {-1, CodeNotFound, "no such file"},
	} {
		file := filepath.Join(dir, name)
		if c.size >= 0 {
			if err := os.WriteFile(file, bytes.Repeat([]byte("x"), c.size), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		b, err := readSource("thing", file, "", 8)
		if c.says == "" {
			if err != nil || len(b) != c.size {
				t.Errorf("%s: %q, %v", name, b, err)
			}
			continue
		}
		if CodeOf(err) != c.code || !strings.Contains(err.Error(), "thing "+file+": "+c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := readSource("thing", dir, "", 8); CodeOf(err) != CodeUsage || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("a folder: %v", err)
	}
}
