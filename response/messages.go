package response

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"firebreak/playbooks/library"
)

// maxTemplate is how long a message template may be.
const maxTemplate = 64 << 10

// messageTemplate is the text of a message template: of the workspace, else the
// built-in one of that name.
func (s *Service) messageTemplate(name string) (string, error) {
	text, _, err := s.addressedTemplate(name)
	return text, err
}

// addressedTemplate is the text of a message template, and whom its head names as
// its readers.
func (s *Service) addressedTemplate(name string) (text, audience string, err error) {
	if name != filepath.Base(name) || strings.ContainsAny(name, `/\.`) {
		return "", "", usage("", "message template %q: want a name without a folder", name)
	}
	file := filepath.Join(s.o.Home, "templates", name+".txt")
	info, err := os.Lstat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		text, err := library.Template(name)
		if err != nil {
			return "", "", notFound("write it to "+file, "%w", err)
		}
		return strings.TrimRight(text, "\n"), library.TemplateAudience(name), nil
	case err != nil:
		return "", "", fmt.Errorf("read message template: %w", err)
	case !info.Mode().IsRegular() || info.Size() > maxTemplate:
		return "", "", usage("", "message template %s: not a regular file of at most %d bytes", file, maxTemplate)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return "", "", fmt.Errorf("read message template: %w", err)
	}
	if !utf8.Valid(b) || strings.ContainsRune(string(b), 0) {
		return "", "", usage("", "message template %s: not a text in UTF-8", file)
	}
	file = strings.ReplaceAll(string(b), "\r\n", "\n")
	return strings.TrimRight(library.Message(file), "\n"), library.Audience(file), nil
}
