package declared

import (
	"io/fs"
	"testing"
)

// What the first command that needs an action waits for.
func BenchmarkBuiltin(b *testing.B) {
	names, err := fs.Glob(files, "builtin/*.yaml")
	if err != nil {
		b.Fatal(err)
	}
	var sources []Source
	for _, name := range names {
		text, err := files.ReadFile(name)
		if err != nil {
			b.Fatal(err)
		}
		sources = append(sources, Source{name, withoutTests(text)})
	}
	for b.Loop() {
		if _, err := readAll(nil, sources); err != nil {
			b.Fatal(err)
		}
	}
}
