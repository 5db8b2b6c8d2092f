package config

import (
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
)

// Paths says where Firebreak keeps what.
type Paths struct {
	Home   string // incidents, keys and trust; see docs
	Config string // config.yaml
}

// FindPaths works the folders out from the environment: FIREBREAK_HOME, else
// firebreak in the XDG data folder, which is ~/.local/share where XDG_DATA_HOME
// is not an absolute path (XDG Base Directory Specification 0.8); config.yaml
// likewise, below XDG_CONFIG_HOME or ~/.config. Windows has LOCALAPPDATA and
// APPDATA for that.
func FindPaths(getenv func(string) string) (Paths, error) {
	var p Paths
	var err error
	if home := getenv("FIREBREAK_HOME"); home != "" {
		if p.Home, err = filepath.Abs(home); err != nil {
			return Paths{}, fmt.Errorf("find FIREBREAK_HOME: %w", err)
		}
	} else if p.Home, err = xdg(getenv, "XDG_DATA_HOME", ".local", "share"); err != nil {
		return Paths{}, fmt.Errorf("find the data folder: %w; set FIREBREAK_HOME", err)
	}
	dir, err := xdg(getenv, "XDG_CONFIG_HOME", ".config")
	if err != nil {
		if getenv("FIREBREAK_HOME") == "" {
			return Paths{}, fmt.Errorf("find the configuration: %w; set XDG_CONFIG_HOME", err)
		}
		dir = p.Home // a service with nothing but FIREBREAK_HOME keeps it all there
	}
	p.Config = filepath.Join(dir, "config.yaml")
	return p, nil
}

func xdg(getenv func(string) string, variable string, below ...string) (string, error) {
	if dir := getenv(variable); filepath.IsAbs(dir) {
		return filepath.Join(dir, "firebreak"), nil
	}
	if dir := getenv(map[string]string{"XDG_DATA_HOME": "LOCALAPPDATA", "XDG_CONFIG_HOME": "APPDATA"}[variable]); runtime.GOOS == "windows" && filepath.IsAbs(dir) {
		return filepath.Join(dir, "firebreak"), nil
	}
	home := getenv("HOME")
	if !filepath.IsAbs(home) {
		return "", errors.New("HOME is not set")
	}
	return filepath.Join(append(append([]string{home}, below...), "firebreak")...), nil
}
