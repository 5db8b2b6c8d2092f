package response

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"firebreak/forensics"
	"firebreak/forensics/profiles"
)

// Profile is what one word collects.
type Profile = profiles.Profile

// Choices are what can be collected.
type Choices struct {
	Collectors []forensics.Description
	Profiles   []Profile
	Sources    int                // of imported definitions, those for Linux
	Taken      int                // of those, taken over
	Refused    []profiles.Refused // and those that are not, with the reason
}

// CollectChoices tells what can be collected: what is built in, and what the
// profile, when it is a file, and the folder of definitions bring.
func CollectChoices(profile, definitions string) (Choices, error) {
	set, _, err := chooseFrom(profile, definitions)
	if err != nil {
		return Choices{}, err
	}
	list, err := forensics.CollectorsOf(set)
	return Choices{list, set.Profiles, set.Sources, set.Taken, set.Refused}, err
}

// chooseFrom returns the artefacts and profiles to choose from, and the name of
// the profile that is meant: of a file that is the one it holds.
func chooseFrom(profile, definitions string) (*profiles.Set, string, error) {
	set, err := profiles.Builtin()
	if err != nil {
		return nil, "", err
	}
	if definitions != "" {
		if set, err = imported(set, definitions); err != nil {
			return nil, "", err
		}
	}
	if ext := filepath.Ext(profile); ext != ".yaml" && ext != ".yml" {
		return set, profile, nil
	}
	b, err := profileFile(profile)
	if err != nil {
		return nil, "", fmt.Errorf("read profile: %w", err)
	}
	theirs, err := profiles.Parse(profile, b)
	if err != nil {
		return nil, "", usage("firebreak collect --list shows the built-in ones", "%w", err)
	}
	var names []string
	switch len(theirs.Profiles) {
	case 0: // its collectors are what is meant
		for _, c := range theirs.Collectors {
			names = append(names, c.Name)
		}
		theirs.Profiles = []profiles.Profile{{Name: "given", Title: profile, Collectors: names, Place: profile + ":1:1"}}
	case 1:
	default:
		return nil, "", usage("keep one profile in a file", "%s holds %d profiles: it is not known which is meant", profile, len(theirs.Profiles))
	}
	if len(theirs.Profiles[0].Collectors)+len(theirs.Profiles[0].Include) == 0 {
		return nil, "", usage("", "%s: nothing is in it to be collected", profile)
	}
	return set.With(theirs), theirs.Profiles[0].Name, nil
}

// imported adds the definitions of a folder.
func imported(set *profiles.Set, folder string) (*profiles.Set, error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, notFound("give the folder that the definitions lie in", "read definitions: %w", err)
	}
	defer root.Close() //nolint:errcheck // it is only read
	theirs, err := profiles.Folder(root.FS())
	var wrong profiles.Problems
	if errors.As(err, &wrong) || errors.Is(err, profiles.ErrNone) {
		return nil, usage("a folder of ForensicArtifacts has files of definitions, one of UAC artifacts and profiles", "%w", err)
	}
	if err != nil {
		return nil, err
	}
	return set.With(theirs), nil
}

// profileFile reads a profile of a person's own.
func profileFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // it is only read
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, errors.Join(err, &fs.PathError{Op: "read", Path: name, Err: errors.New("not a regular file")})
	}
	b, err := io.ReadAll(io.LimitReader(f, profiles.MaxSize+1))
	if err == nil && strings.TrimSpace(string(b)) == "" {
		err = fmt.Errorf("%s is empty", name)
	}
	return b, err
}
