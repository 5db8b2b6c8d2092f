package response

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"firebreak/forensics"
	"firebreak/incident"
	"firebreak/integrations"
	"firebreak/integrations/drill"
	"firebreak/playbooks"
	"firebreak/playbooks/library"
	"firebreak/timeline"
)

// Playbooks lists the playbooks by id: the built-in ones, over them those of
// packs, and over these those of the workspace and of the folders in the
// configuration.
func (s *Service) Playbooks() ([]*playbooks.Playbook, error) {
	sh, err := s.shelf()
	if err != nil && CodeOf(err) != CodePartial {
		return nil, err
	}
	builtin, berr := library.List()
	if berr != nil {
		return nil, fmt.Errorf("list the built-in playbooks: %w", berr)
	}
	for _, p := range builtin {
		if sh.books[p.ID] == nil {
			sh.books[p.ID] = p
		}
	}
	out := slices.Collect(maps.Values(sh.books))
	slices.SortFunc(out, func(a, b *playbooks.Playbook) int { return strings.Compare(a.ID, b.ID) })
	return out, err
}

// shelf is every playbook there is besides the built-in ones, by id.
type shelf struct {
	books  map[string]*playbooks.Playbook
	broken map[string]error // ids a file would have had that cannot be read: the playbook of that id is not the one to run
	packs  map[string]*Pack // of which pack the playbook of that id is
}

func (s *Service) shelf() (shelf, error) {
	sh := shelf{map[string]*playbooks.Playbook{}, map[string]error{}, map[string]*Pack{}}
	errs := s.shelvePacks(sh)
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
					sh.broken[id] = err
				}
				continue
			}
			sh.books[p.ID] = p
			delete(sh.packs, p.ID)
			delete(sh.broken, p.ID) // it takes precedence over the broken one
		}
	}
	if len(errs) > 0 {
		err := errors.Join(errs...)
		hint := HintOf(err)
		var problems playbooks.Problems
		if errors.As(err, &problems) {
			hint = "firebreak playbook lint FILE shows every problem"
		}
		return sh, &Error{Code: CodePartial, Hint: hint, Err: err}
	}
	return sh, nil
}

// shelvePacks adds the playbooks of packs. Of two packs with a playbook of the
// same id the first is taken, and the other told. One that may not run never
// hides a built-in playbook.
func (s *Service) shelvePacks(sh shelf) []error {
	var errs []error
	packs, err := s.Packs()
	if err != nil {
		errs = append(errs, err)
	}
	for _, p := range packs {
		if p.bad != nil {
			errs = append(errs, fmt.Errorf("pack %s: %w", p.ID, p.bad))
		}
		for _, b := range p.books {
			if first := sh.packs[b.ID]; first != nil {
				errs = append(errs, fmt.Errorf("playbook %s: pack %s has it, and pack %s", b.ID, first.ID, p.ID))
				continue
			}
			if p.State != PackAccepted && slices.Contains(p.Replaces, b.ID) {
				continue
			}
			sh.books[b.ID], sh.packs[b.ID] = b, p
		}
	}
	return errs
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
	if isPack(place) {
		return nil, nil // shelved as one
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
	if isPath(idOrPath) {
		return parsePlaybook(idOrPath)
	}
	p, _, err := s.named(idOrPath)
	return p, err
}

// Runnable is Playbook for one that is going to be run: of a pack that is a
// preview only it is refused.
func (s *Service) Runnable(idOrPath string) (*playbooks.Playbook, error) {
	if isPath(idOrPath) {
		folder := filepath.Dir(idOrPath)
		if !isPack(folder) {
			return parsePlaybook(idOrPath)
		}
		of, err := s.packIn(folder)
		if err != nil {
			return nil, err
		}
		for _, p := range of.books {
			if filepath.Base(p.File) == filepath.Base(idOrPath) {
				return p, of.mayRun(p.ID)
			}
		}
		return nil, notFound("", "playbook %s: pack %s has no such file", idOrPath, of.ID)
	}
	p, of, err := s.named(idOrPath)
	if err == nil && of != nil {
		err = of.mayRun(p.ID)
	}
	return p, err
}

// named is the playbook of an id, and the pack that it is of. Of the built-in
// ones only that one is read.
func (s *Service) named(id string) (*playbooks.Playbook, *Pack, error) {
	sh, err := s.shelf()
	if err != nil && CodeOf(err) != CodePartial {
		return nil, nil, err
	}
	if err := sh.broken[id]; err != nil {
		return nil, nil, fmt.Errorf("playbook %s: %w", id, err)
	}
	if p := sh.books[id]; p != nil {
		return p, sh.packs[id], nil
	}
	p, lerr := library.Load(id)
	if lerr == nil {
		return p, nil, nil
	}
	if !errors.Is(lerr, incident.ErrNotFound) {
		return nil, nil, lerr //nolint:wrapcheck // it names the playbook
	}
	ids, lerr := library.IDs()
	if lerr != nil {
		return nil, nil, lerr //nolint:wrapcheck // it says what it is
	}
	ids = slices.AppendSeq(ids, maps.Keys(sh.books))
	slices.Sort(ids)
	return nil, nil, errors.Join(notFound(meantInstead(id, slices.Compact(ids)), "playbook %q: not found", id), err)
}

// meantInstead is the hint for an id that no playbook has: the file of that name
// that lies here, an id that is almost the same, or where the ids are shown.
func meantInstead(id string, ids []string) string {
	for _, file := range []string{id + ".yaml", id + ".yml"} {
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() {
			return "a playbook of yours is named by its file: " + file
		}
	}
	if near := playbooks.Nearest(id, ids); near != "" {
		return "did you mean " + near + "?"
	}
	return "firebreak playbook list shows the ids; a playbook of yours is named by its file, as in ./mine.yaml"
}

func isPath(s string) bool {
	return strings.ContainsAny(s, "/\\") || strings.HasSuffix(s, ".yaml") || strings.HasSuffix(s, ".yml")
}

func parsePlaybook(file string) (*playbooks.Playbook, error) {
	src, err := readSource("playbook", file, "firebreak playbook list shows the ids", playbooks.MaxSize)
	if err != nil {
		return nil, err
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
	listed, err := s.allActions()
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
	c.Connections = drill.Talks() // what a drill has; more come from the configuration
	c.Notify = slices.Sorted(maps.Keys(c.Connections))
	for name, conn := range s.o.Config.Connections {
		c.Connections[name] = conn.Kind
		if !slices.Contains(c.Notify, name) {
			c.Notify = append(c.Notify, name)
		}
	}
	c.Calendars = slices.Sorted(maps.Keys(s.o.Config.Calendars))
	if c.Calendars == nil {
		c.Calendars = []string{}
	}
	return c, s.callable(&c)
}

// callable adds to a catalog the playbooks that a step can run. Some files that
// cannot be read do not keep the others from being found.
func (s *Service) callable(c *playbooks.Catalog) error {
	all, err := s.Playbooks()
	if err != nil && CodeOf(err) != CodePartial {
		return err
	}
	byID := make(map[string]*playbooks.Playbook, len(all))
	for _, p := range all {
		byID[p.ID] = p
	}
	c.Playbooks = func(id string) (*playbooks.Playbook, bool) { p, ok := byID[id]; return p, ok }
	c.PlaybookIDs = func() []string { return slices.Sorted(maps.Keys(byID)) }
	c.Templates = map[string]string{}
	names, err := library.Templates()
	if err != nil {
		return fmt.Errorf("list message templates: %w", err)
	}
	own, err := filepath.Glob(filepath.Join(s.o.Home, "templates", "*.txt"))
	if err != nil {
		return fmt.Errorf("list message templates: %w", err)
	}
	for _, f := range own {
		names = append(names, strings.TrimSuffix(filepath.Base(f), ".txt"))
	}
	for _, name := range names {
		if c.Templates[name], err = s.messageTemplate(name); err != nil {
			return err
		}
	}
	return nil
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
