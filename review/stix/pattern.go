package stix

import (
	"fmt"
	"strings"

	"firebreak/review/indicators"
)

// literal is a string of the STIX pattern language (STIX 2.1, 9.1): ' and \ are
// escaped, everything else stands as it is.
func literal(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

// pattern is what finds the indicator.
func pattern(i indicators.Indicator) string {
	compare := func(path, value string) string { return path + " = " + literal(value) }
	switch i.Kind {
	case indicators.IPv4, indicators.IPv6:
		if i.Network {
			return fmt.Sprintf("[%s-addr:value ISSUBSET %s]", i.Kind, literal(i.Value))
		}
		return "[" + compare(string(i.Kind)+"-addr:value", i.Value) + "]"
	case indicators.Domain:
		return "[" + compare("domain-name:value", i.Value) + "]"
	case indicators.URL:
		return "[" + compare("url:value", i.Value) + "]"
	case indicators.Mail:
		return "[" + compare("email-addr:value", i.Value) + "]"
	case indicators.MD5, indicators.SHA1, indicators.SHA256, indicators.SHA512:
		return "[" + compare("file:hashes."+literal(string(i.Kind)), i.Value) + "]"
	case indicators.Path:
		dir, name := split(i.Value)
		switch {
		case name == "":
			return "[" + compare("directory:path", dir) + "]"
		case dir == "":
			return "[" + compare("file:name", name) + "]"
		}
		return "[" + compare("file:name", name) + " AND " + compare("file:parent_directory_ref.path", dir) + "]"
	case indicators.Process:
		return "[" + compare("process:command_line", i.Value) + "]"
	case indicators.Account:
		return "[" + compare("user-account:account_login", i.Value) + "]"
	}
	return ""
}

// split parts a path, of Unix or of Windows, into its folder and its name. A path
// that ends with a separator is a folder.
func split(path string) (dir, name string) {
	at := strings.LastIndexAny(path, `/\`)
	if at < 0 {
		return "", path
	}
	dir, name = path[:at], path[at+1:]
	if dir == "" || strings.HasSuffix(dir, ":") {
		dir = path[:at+1] // the root
	}
	return dir, name
}
