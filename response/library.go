package response

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"firebreak/forensics"
	"firebreak/integrations"
	"firebreak/playbooks"
	"firebreak/playbooks/library"
	"firebreak/timeline"
)

// Playbooks lists the playbooks by id: the built-in ones, and those of the
// workspace and of the folders in the configuration, which take precedence.
func (s *Service) Playbooks() ([]*playbooks.Playbook, error) {
	out, _, err := s.playbooks()
	return out, err
}

// playbooks also says which ids a file would have had that cannot be read, and
// what is wrong with it: the playbook of that id is not the one to run.
func (s *Service) playbooks() ([]*playbooks.Playbook, map[string]error, error) {
	byID := map[string]*playbooks.Playbook{}
	builtin, err := library.List()
	if err != nil {
		return nil, nil, fmt.Errorf("list the built-in playbooks: %w", err)
	}
	for _, p := range builtin {
		byID[p.ID] = p
	}
	broken := map[string]error{}
	var errs []error
	for _, place := range append([]string{filepath.Join(s.o.Home, "playbooks")}, s.o.Config.Playbooks...) {
		files, err := playbookFiles(place)
		if err != nil {
			errs = append(errs, err)
		}
		for _, file := range files {
			p, err := parsePlaybook(file)
			if err != nil {
				errs = append(errs, err)
				for _, id := range meantIDs(file) {
					broken[id] = err
				}
				continue
			}
			byID[p.ID] = p
			delete(broken, p.ID) // it takes precedence over the broken one
		}
	}
	out := make([]*playbooks.Playbook, 0, len(byID))
	for _, p := range byID {
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b *playbooks.Playbook) int { return strings.Compare(a.ID, b.ID) })
	if len(errs) > 0 {
		return out, broken, &Error{Code: CodePartial, Hint: "firebreak playbook lint FILE shows every problem", Err: errors.Join(errs...)}
	}
	return out, nil, nil
}

var idLine = regexp.MustCompile(`(?m)^id:[ \t]*["']?([^\s"'#]+)`)

// meantIDs are the ids that a file which is no playbook may have been meant to
// have: its name, and what stands behind "id:".
func meantIDs(file string) []string {
	ids := []string{strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))}
	info, err := os.Stat(file)
	if err != nil || !info.Mode().IsRegular() || info.Size() > playbooks.MaxSize {
		return ids
	}
	src, err := os.ReadFile(file)
	if err != nil {
		return ids
	}
	for _, m := range idLine.FindAllSubmatch(src, -1) {
		ids = append(ids, string(m[1]))
	}
	return ids
}

// playbookFiles lists the playbooks of a folder, without their tests; a file
// stands for itself.
func playbookFiles(place string) ([]string, error) {
	info, err := os.Stat(place)
	if err != nil {
		return nil, fmt.Errorf("list playbooks: %w", err)
	}
	if !info.IsDir() {
		return []string{place}, nil
	}
	files, err := filepath.Glob(filepath.Join(place, "*.yaml"))
	if err != nil {
		return nil, fmt.Errorf("list playbooks: %w", err)
	}
	return slices.DeleteFunc(files, func(f string) bool { return strings.HasSuffix(f, ".test.yaml") }), nil
}

// Playbook returns the playbook of that id, or of that file. Where the file
// that should have the id is broken, no other takes its place.
func (s *Service) Playbook(idOrPath string) (*playbooks.Playbook, error) {
	if strings.ContainsAny(idOrPath, "/\\") || strings.HasSuffix(idOrPath, ".yaml") || strings.HasSuffix(idOrPath, ".yml") {
		return parsePlaybook(idOrPath)
	}
	all, broken, err := s.playbooks()
	if err != nil && CodeOf(err) != CodePartial {
		return nil, err
	}
	if err := broken[idOrPath]; err != nil {
		return nil, fmt.Errorf("playbook %s: %w", idOrPath, err)
	}
	ids := make([]string, len(all))
	for i, p := range all {
		if p.ID == idOrPath {
			return p, nil
		}
		ids[i] = p.ID
	}
	return nil, errors.Join(notFound("there are: "+strings.Join(ids, ", "), "playbook %q: not found", idOrPath), err)
}

func parsePlaybook(file string) (*playbooks.Playbook, error) {
	info, err := os.Stat(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, notFound("firebreak playbook list shows the ids", "playbook %s: no such file", file)
	}
	if err != nil {
		return nil, fmt.Errorf("read playbook: %w", err)
	}
	if !info.Mode().IsRegular() || info.Size() > playbooks.MaxSize {
		return nil, usage("", "playbook %s: not a regular file of at most %d bytes", file, playbooks.MaxSize)
	}
	src, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read playbook: %w", err)
	}
	p, err := playbooks.Parse(file, src)
	if err != nil {
		return nil, usage("firebreak playbook lint "+file, "%w", err)
	}
	return p, nil
}

// Lint checks a playbook against the actions there are, configured or not, the
// collectors, and the configured connections.
func (s *Service) Lint(p *playbooks.Playbook) (playbooks.Problems, error) {
	c, err := s.catalog()
	if err != nil {
		return nil, err
	}
	return playbooks.Lint(p, c), nil
}

func (s *Service) catalog() (playbooks.Catalog, error) {
	listed, err := allActions()
	if err != nil {
		return playbooks.Catalog{}, err
	}
	c := playbooks.Catalog{
		Actions: map[string]playbooks.ActionInfo{}, Collectors: []string{forensics.Volatile, forensics.Triage, forensics.Logs, "full", "container", "web"},
		Filter: func(text string) error {
			now := s.o.Now()
			_, err := timeline.ParseFilterAt(text, timeline.Moments{Now: now, Detected: now})
			return err
		},
	}
	for _, d := range forensics.Collectors() {
		c.Collectors = append(c.Collectors, d.Name)
	}
	for _, d := range listed {
		c.Actions[d.Name] = playbooks.ActionInfo{
			Params: paramInfo(d.Params), Result: paramInfo(d.Result), ReadOnly: d.ReadOnly, Reversible: d.Reversible, Danger: d.Danger,
		}
	}
	c.Notify = []string{"github", "pagerduty", "webhook"} // what a drill has; more come from the configuration
	for name := range s.o.Config.Connections {
		if !slices.Contains(c.Notify, name) {
			c.Notify = append(c.Notify, name)
		}
	}
	return c, nil
}

func paramInfo(ps []integrations.Param) []playbooks.ParamInfo {
	out := make([]playbooks.ParamInfo, len(ps))
	for i, p := range ps {
		out[i] = playbooks.ParamInfo{Name: p.Name, Type: p.Type, Required: p.Required, Match: p.Match}
	}
	return out
}

// CheckSecrets resolves every secret of a connection and says how that went,
// by setting. The values go nowhere.
func (s *Service) CheckSecrets(ctx context.Context, connection string) map[string]error {
	out := map[string]error{}
	for setting, ref := range s.o.Config.Connections[connection].Secrets {
		_, err := s.o.Secrets.Resolve(ctx, ref)
		out[setting] = err
	}
	return out
}
