package library

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"firebreak/incident"
)

//go:embed templates/*.txt
var templates embed.FS

// Templates lists the names of the built-in message templates, sorted.
func Templates() ([]string, error) {
	files, err := fs.Glob(templates, "templates/*.txt")
	if err != nil {
		return nil, fmt.Errorf("list message templates: %w", err)
	}
	out := make([]string, 0, len(files))
	for _, f := range files {
		out = append(out, strings.TrimSuffix(path.Base(f), ".txt"))
	}
	return out, nil
}

// Template returns the text of a built-in message template, without the lines
// at its head that say what it is for. The text has names in double braces. The
// error wraps incident.ErrNotFound when there is none of that name.
func Template(name string) (string, error) {
	if name == "" || path.Base(name) != name {
		return "", fmt.Errorf("load message template %q: %w", name, incident.ErrNotFound)
	}
	src, err := templates.ReadFile("templates/" + name + ".txt")
	if err != nil {
		return "", fmt.Errorf("load message template %q: %w", name, incident.ErrNotFound)
	}
	return Message(string(src)), nil
}

// TemplateAudience is whom the head of a built-in message template names as its
// readers, "" where it names nobody.
func TemplateAudience(name string) string {
	src, err := templates.ReadFile("templates/" + path.Base(name) + ".txt")
	if err != nil {
		return ""
	}
	return Audience(string(src))
}

// Audience is whom the head of a template's file names as its readers.
func Audience(file string) string {
	for line := range strings.Lines(file) {
		if !strings.HasPrefix(line, "#") {
			break
		}
		if rest, ok := strings.CutPrefix(strings.TrimSpace(strings.TrimPrefix(line, "#")), "audience:"); ok {
			return strings.TrimSpace(rest)
		}
	}
	return ""
}

// Message takes the head off a template's file: the lines that begin with # and
// the empty line behind them.
func Message(file string) string {
	rest := file
	for strings.HasPrefix(rest, "#") {
		_, rest, _ = strings.Cut(rest, "\n")
	}
	return strings.TrimLeft(rest, "\n")
}
