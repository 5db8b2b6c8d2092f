package response

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"firebreak/integrations"
)

const (
	checkLimit  = 10 * time.Second    // for all that one connection is asked
	expiresSoon = 7 * 24 * time.Hour  // what ends within it is told
	secretOld   = 90 * 24 * time.Hour // what is older should be made anew
	namedAtMost = 5                   // actions in one line
)

// Health is one line on a connection's credential.
type Health struct {
	Connection string
	State      string // ok, warn, fail
	Says       string
}

// CheckCredentials asks the system of each configured connection who its credential
// stands for and what it may do, all at the same time. Nothing is changed. What
// one of them does not answer hinders none of the others.
func (s *Service) CheckCredentials(ctx context.Context) ([]Health, error) {
	systems, err := s.allSystems()
	if err != nil {
		return nil, err
	}
	byKind := map[string]integrations.System{}
	for _, y := range systems {
		byKind[y.Kind] = y
	}
	var conns []integrations.Connection
	for _, c := range s.connections() {
		if _, configured := s.o.Config.Connections[c.Name]; configured {
			conns = append(conns, s.prefetched(ctx, c))
		}
	}
	slices.SortFunc(conns, func(a, b integrations.Connection) int { return strings.Compare(a.Name, b.Name) })
	said := make([][]Health, len(conns))
	var all sync.WaitGroup
	for i, c := range conns {
		all.Go(func() { said[i] = s.checkOne(ctx, byKind[c.Kind], c) })
	}
	all.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return slices.Concat(said...), nil
}

// prefetched is the connection with its secrets fetched, one after the other: a
// person may have to type a passphrase, which neither the time that a system has
// for its answer nor two questions at once should disturb. They go with it.
func (s *Service) prefetched(ctx context.Context, c integrations.Connection) integrations.Connection {
	type fetched struct {
		value string
		err   error
	}
	have := map[string]fetched{}
	for _, setting := range slices.Sorted(maps.Keys(s.o.Config.Connections[c.Name].Secrets)) {
		v, err := c.Secret(ctx, setting)
		have[setting] = fetched{v, err}
	}
	ask := c.Secret
	c.Secret = func(ctx context.Context, setting string) (string, error) {
		if f, ok := have[setting]; ok {
			return f.value, f.err
		}
		return ask(ctx, setting)
	}
	return c
}

func (s *Service) checkOne(ctx context.Context, y integrations.System, c integrations.Connection) []Health {
	if y.Check == nil {
		return []Health{{c.Name, "ok", "it cannot be asked: " + y.Title}}
	}
	actions, err := y.Actions(c)
	if err != nil {
		return []Health{{c.Name, "fail", err.Error()}}
	}
	about := make([]integrations.Description, len(actions))
	for i, a := range actions {
		about[i] = a.Describe()
	}
	within, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	cred, err := y.Check(within, c)
	if err != nil && within.Err() != nil && ctx.Err() == nil {
		err = fmt.Errorf("it did not answer within %s", checkLimit)
	}
	return judgeCredential(c.Name, s.o.Now(), about, cred, err)
}

// lack is a scope that is missing, in its alternatives, and what cannot be done
// without it.
type lack struct {
	scopes  []string
	actions []string
}

// compareScopes holds what a credential may do against what the actions need.
func compareScopes(actions []integrations.Description, c integrations.Credential) (lacks []lack, excess []string) {
	if !c.Listed {
		return nil, nil
	}
	has := map[string]bool{}
	for _, g := range slices.Concat(c.Granted, c.Implied) {
		has[g] = true
	}
	needed := map[string]bool{}
	for _, h := range c.Helps {
		needed[h] = true
	}
	at := map[string]int{}
	for _, a := range actions {
		other := len(a.Available) > 0 && len(c.Editions) > 0 && !slices.ContainsFunc(a.Available, func(e string) bool { return slices.Contains(c.Editions, e) })
		if other {
			continue // another edition's
		}
		enough := len(a.Scopes) == 0
		for _, n := range a.Scopes {
			needed[n], enough = true, enough || has[n]
		}
		if enough {
			continue
		}
		key := strings.Join(a.Scopes, "\n")
		i, ok := at[key]
		if !ok {
			i = len(lacks)
			at[key], lacks = i, append(lacks, lack{scopes: a.Scopes})
		}
		lacks[i].actions = append(lacks[i].actions, a.Name)
	}
	for _, g := range c.Granted {
		if !needed[g] && !slices.Contains(excess, g) {
			excess = append(excess, g)
		}
	}
	return lacks, excess
}

// judgeCredential says what there is to say of a credential: first who it is.
func judgeCredential(name string, now time.Time, actions []integrations.Description, c integrations.Credential, err error) []Health {
	if errors.Is(err, integrations.ErrNotAsked) {
		return []Health{{name, "ok", err.Error()}}
	}
	if err != nil {
		says := err.Error()
		var e *integrations.Error
		if errors.As(err, &e) && e.Hint != "" {
			says += ": " + e.Hint
		}
		return []Health{{name, "fail", says}}
	}
	says := c.Identity
	if says == "" {
		says = "it is taken, and does not say who it is"
	}
	first := Health{name, "ok", says}
	switch left := c.Expires.Sub(now); {
	case c.Expires.IsZero():
	case left <= 0:
		first.State, first.Says = "fail", says+": it expired on "+c.Expires.UTC().Format(time.DateOnly)
	case left < expiresSoon:
		first.State, first.Says = "warn", says+": it expires on "+c.Expires.UTC().Format(time.DateOnly)+", within a week: make a new one"
	default:
		first.Says += ", until " + c.Expires.UTC().Format(time.DateOnly)
	}
	if c.Note != "" {
		first.Says += "; " + c.Note
	}
	out := []Health{first}
	lacks, excess := compareScopes(actions, c)
	for _, l := range lacks {
		out = append(out, Health{name, "warn", "it lacks " + strings.Join(l.scopes, " or ") + ": it cannot do " + some(l.actions)})
	}
	if len(excess) > 0 {
		out = append(out, Health{name, "warn", "it may do more than any action needs: " + some(excess) + ": make one without"})
	}
	return out
}

// some is a list, cut where it is long.
func some(list []string) string {
	if len(list) <= namedAtMost {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:namedAtMost], ", "), len(list)-namedAtMost)
}

// SecretAge says how long ago the file of a connection's secret was written, and
// whether that is long. "" where it is no file.
func (s *Service) SecretAge(connection, setting string) (says string, old bool) {
	at, ok := s.o.Secrets.Written(s.o.Config.Connections[connection].Secrets[setting])
	if !ok {
		return "", false
	}
	age := max(s.o.Now().Sub(at), 0)
	days := int(age / (24 * time.Hour))
	switch days {
	case 0:
		says = "written today"
	case 1:
		says = "written a day ago"
	default:
		says = fmt.Sprintf("written %d days ago", days)
	}
	return says, age > secretOld
}
