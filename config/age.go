package config

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"time"
)

// Written says when the file of a reference was written last: nothing else tells
// how old a secret is. false where it refers to no file, or to none that
// can be opened.
func (e Env) Written(r Reference) (time.Time, bool) {
	if r.scheme != "file" && r.scheme != "age" || e.Open == nil {
		return time.Time{}, false
	}
	path, err := e.locate(r.name)
	if err != nil {
		return time.Time{}, false
	}
	f, err := e.Open(path)
	if err != nil {
		return time.Time{}, false
	}
	defer f.Close() //nolint:errcheck // nothing was written
	var info fs.FileInfo
	if info, err = f.Stat(); err != nil || !info.Mode().IsRegular() {
		return time.Time{}, false
	}
	return info.ModTime(), true
}

// locate is the path that a reference means.
func (e Env) locate(path string) (string, error) {
	rest, ok := strings.CutPrefix(path, "~/")
	if !ok {
		return path, nil
	}
	home, _ := e.Lookup("HOME")
	if !filepath.IsAbs(home) {
		return "", errors.New("HOME is not set")
	}
	return filepath.Join(home, rest), nil
}
