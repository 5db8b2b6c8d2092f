// Package sqliteuri writes the names under which SQLite opens files.
package sqliteuri

import (
	"net/url"
	"path/filepath"
	"strings"
)

// Of is the URI of a file, with the parameters that its opening takes. The path
// is absolute. See sqlite.org/uri.html: a drive of Windows stands behind a slash.
func Of(path string, q url.Values) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	u := url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}
	return u.String()
}
