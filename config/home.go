package config

import (
	"maps"
	"path/filepath"
	"strings"
)

// InHome returns the configuration with "~/" at the beginning of its folders
// and files replaced by home. Without a home they stay as they are.
func (c Config) InHome(home string) Config {
	c.Playbooks = inHome(c.Playbooks, home)
	c.Packs = inHome(c.Packs, home)
	c.AgeKeys = inHome(c.AgeKeys, home)
	c.Collect.Folders = inHome(c.Collect.Folders, home)
	if len(c.Calendars) > 0 {
		c.Calendars = maps.Clone(c.Calendars)
		for name, cal := range c.Calendars {
			cal.File = inHome([]string{cal.File}, home)[0]
			c.Calendars[name] = cal
		}
	}
	if c.SigningKey != "" {
		c.SigningKey = inHome([]string{c.SigningKey}, home)[0]
	}
	return c
}

func inHome(paths []string, home string) []string {
	if home == "" || paths == nil {
		return paths
	}
	out := make([]string, len(paths))
	for i, p := range paths {
		out[i] = p
		if rest, ok := strings.CutPrefix(p, "~/"); ok {
			out[i] = filepath.Join(home, rest)
		}
	}
	return out
}
