package stix

import (
	"encoding/json"
	"fmt"

	"firebreak/internal/jcs"
	"firebreak/review"
	"firebreak/review/indicators"
)

// observables is the namespace of STIX 2.1 (section 2.9) for the ids of
// observables: whoever sees the same value makes the same id.
var observables = [16]byte{0x00, 0xab, 0xed, 0xb4, 0xaa, 0x42, 0x46, 0x6c, 0x9c, 0x01, 0xfe, 0xd2, 0x33, 0x15, 0xa9, 0xb7}

// observable adds what a value is. One of the attacker's has the id that the
// standard gives it, by the members that it names for that; any other has an id of
// this document alone, or two documents could be told to speak of the same host.
func (b *builder) observable(i indicators.Indicator, attackers bool) (string, error) {
	add := func(kind string, known []string, with object) (string, error) {
		with["type"], with["spec_version"], with["object_marking_refs"] = kind, "2.1", b.marking
		id := kind + "--" + review.UUID4(b.space, "observable\x00"+kind+"\x00"+i.Value)
		if attackers && len(known) > 0 {
			of := object{}
			for _, k := range known {
				if v, ok := with[k]; ok {
					of[k] = v
				}
			}
			name, err := json.Marshal(of)
			if err == nil {
				name, err = jcs.Canonical(name)
			}
			if err != nil {
				return "", fmt.Errorf("name a STIX %s: %w", kind, err)
			}
			id = kind + "--" + review.UUID(observables, string(name))
		}
		with["id"] = id
		return b.add(with), nil
	}
	value := []string{"value"}
	switch i.Kind {
	case indicators.IPv4, indicators.IPv6:
		return add(string(i.Kind)+"-addr", value, object{"value": i.Value})
	case indicators.Domain:
		return add("domain-name", value, object{"value": i.Value})
	case indicators.URL:
		return add("url", value, object{"value": i.Value})
	case indicators.Mail:
		return add("email-addr", value, object{"value": i.Value})
	case indicators.MD5, indicators.SHA1, indicators.SHA256, indicators.SHA512:
		return add("file", []string{"hashes", "name", "parent_directory_ref"}, object{"hashes": object{string(i.Kind): i.Value}})
	case indicators.Path:
		dir, name := split(i.Value)
		if name == "" {
			return add("directory", []string{"path"}, object{"path": dir})
		}
		file := object{"name": name}
		if dir != "" {
			folder, err := b.observable(indicators.Indicator{Kind: indicators.Path, Value: folder(dir)}, attackers)
			if err != nil {
				return "", err
			}
			file["parent_directory_ref"] = folder
		}
		return add("file", []string{"hashes", "name", "parent_directory_ref"}, file)
	case indicators.Process: // a process has no members that an id is made of
		return add("process", nil, object{"command_line": i.Value})
	case indicators.Account:
		return add("user-account", []string{"account_type", "user_id", "account_login"}, object{"account_login": i.Value})
	}
	return "", fmt.Errorf("name a STIX observable: no kind %q", i.Kind)
}

// folder writes a folder so that split takes it for one.
func folder(dir string) string {
	if last := dir[len(dir)-1]; last == '/' || last == '\\' {
		return dir
	}
	for i := len(dir) - 1; i >= 0; i-- {
		if dir[i] == '/' || dir[i] == '\\' {
			return dir + dir[i:i+1]
		}
	}
	return dir + "/"
}
