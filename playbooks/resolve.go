package playbooks

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"firebreak/record"
)

// Resolved is a step with its values in place. Only the members of its verb are
// filled.
type Resolved struct {
	Step       *Step
	Text       string   // manual: the instructions; review: its kind; notify: the message
	Argv       []string // run
	Action     string
	Connection string
	With       map[string]any // parameters, a notify's without its message
	Collect    []string       // profiles and collectors
	Paths      []string       // ingest
	Filters    []string       // detect
	Notify     []string       // connections
	Secrets    []string       // members of With that hold a secret's reference
	Wait       time.Duration
	Timeout    time.Duration // 0 for none
	HTTP       *Sent
	Env        map[string]string // of run
	EnvSecrets []string          // members of Env that hold a secret's reference
	On         string            // of run: "" for this machine, else the ssh connection's name
	Template   string            // notify: the message's template, which Message fills
	Verify     *Check
	Rollback   *Undo
}

// Check is what to verify with. Action "" is the read-back of the step's own
// action.
type Check struct {
	Action  string
	With    map[string]any
	Secrets []string
	Expect  string
}

// Undo is how the step is undone. What the step itself finds out is not known
// before it ran: Missing names the parameters that still have no value.
type Undo struct {
	Action  string
	With    map[string]any
	Secrets []string
	Missing []string
	Argv    []string
	HTTP    *Sent
	Text    string
}

// Resolve puts the run's values into a step. A value that is needed and not
// known is an *UnsetError.
func (r *Run) Resolve(s *Step) (Resolved, error) {
	c := Resolved{
		Step: s, Action: s.Action, Connection: s.Connection, Wait: s.Wait.Time, Timeout: s.Timeout.Time,
	}
	v := r.values(s)
	err := v.fill(&c, s)
	if err != nil {
		return Resolved{}, fmt.Errorf("step %s: %w", s.ID, err)
	}
	return c, nil
}

func (v values) fill(c *Resolved, s *Step) error {
	c.Text = v.prose(s.Manual + s.Review)
	var err error
	if c.Argv, err = v.argv(s.Run); err != nil {
		return err
	}
	for _, l := range []struct {
		to   *[]string
		from []string
	}{{&c.Collect, s.Collect}, {&c.Paths, s.Ingest}, {&c.Notify, s.Notify}} {
		if *l.to, err = v.words(l.from); err != nil {
			return err
		}
	}
	if c.Filters, err = v.filters(s.Detect); err != nil {
		return err
	}
	with := s.With
	if s.Verb == VerbDetect && s.With["among"] != nil {
		among, err := v.filters([]string{show(s.With["among"])})
		if err != nil {
			return fmt.Errorf("among: %w", err)
		}
		with = maps.Clone(s.With)
		with["among"] = strings.ReplaceAll(among[0], "{{", `\{{`)
	}
	if s.Verb == VerbNotify {
		c.Text, with = v.prose(show(s.With["message"])), without(s.With, "message")
	}
	if c.With, c.Secrets, err = v.params(with); err != nil {
		return err
	}
	if c.HTTP, err = v.request(s.HTTP); err != nil {
		return err
	}
	if c.Env, c.EnvSecrets, err = v.environment(s.Env); err != nil {
		return err
	}
	c.On, c.Template = strings.TrimPrefix(s.On, "ssh:"), s.Template
	if c.On == "local" {
		c.On = ""
	}
	if s.Verify != nil {
		c.Verify = &Check{Action: s.Verify.Action, Expect: s.Verify.Expect}
		if c.Verify.With, c.Verify.Secrets, err = v.params(s.Verify.With); err != nil {
			return fmt.Errorf("verify: %w", err)
		}
	}
	return v.undo(c, s.Rollback)
}

func (v values) undo(c *Resolved, r *Rollback) error {
	if r == nil {
		return nil
	}
	u := &Undo{Action: r.Action, Text: v.prose(r.Manual)}
	var unset *UnsetError
	var err error
	if u.Argv, err = v.argv(r.Run); errors.As(err, &unset) {
		u.Argv, u.Missing = nil, []string{unset.Name}
	} else if err != nil {
		return fmt.Errorf("rollback: %w", err)
	}
	if u.HTTP, err = v.request(r.HTTP); errors.As(err, &unset) {
		u.HTTP, u.Missing = nil, append(u.Missing, unset.Name)
	} else if err != nil {
		return fmt.Errorf("rollback: %w", err)
	}
	known := maps.Clone(r.With)
	for _, name := range slices.Sorted(maps.Keys(r.With)) {
		if _, err := v.tree(r.With[name]); errors.As(err, &unset) {
			u.Missing = append(u.Missing, name)
			delete(known, name)
		}
	}
	if u.With, u.Secrets, err = v.params(known); err != nil {
		return fmt.Errorf("rollback: %w", err)
	}
	c.Rollback = u
	return nil
}

func without(m map[string]any, names ...string) map[string]any {
	out := maps.Clone(m)
	for _, n := range names {
		delete(out, n)
	}
	return out
}

// params renders parameters and names those that are a secret's reference.
func (v values) params(with map[string]any) (map[string]any, []string, error) {
	if with == nil {
		return nil, nil, nil
	}
	out := make(map[string]any, len(with))
	var secrets []string
	for _, name := range slices.Sorted(maps.Keys(with)) {
		value, err := v.tree(with[name])
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", name, err)
		}
		if text, ok := with[name].(string); ok {
			if of, ok := single(text); ok && v.secrets[of] {
				secrets = append(secrets, name)
			}
		}
		out[name] = value
	}
	return out, secrets, nil
}

// argv renders a command: each value is one element, a list is several. After
// a value that begins with a hyphen a program would see an option, so such a
// value is refused unless "--" comes before it.
func (v values) argv(argv []string) ([]string, error) {
	var out []string
	for _, word := range argv {
		value, err := v.exact(word)
		if err != nil {
			return nil, err
		}
		if _, isValue := single(word); !isValue {
			out = append(out, show(value))
			continue
		}
		items, ok := asTexts(value)
		if !ok {
			items = []string{show(value)}
		}
		for _, item := range items {
			switch {
			case strings.HasPrefix(item, "-") && !slices.Contains(out, "--"):
				return nil, fmt.Errorf("value %s would be read as an option; put -- before it", brief(item))
			case strings.ContainsRune(item, 0):
				return nil, errors.New("value holds a NUL byte")
			}
			out = append(out, item)
		}
	}
	return out, nil
}

// words renders a list of names; a value that is a list gives several.
func (v values) words(in []string) ([]string, error) {
	var out []string
	for _, word := range in {
		value, err := v.exact(word)
		if err != nil {
			return nil, err
		}
		if items, ok := asTexts(value); ok {
			out = append(out, items...)
			continue
		}
		out = append(out, show(value))
	}
	return out, nil
}

// asTexts returns the items of a list.
func asTexts(value any) ([]string, bool) {
	switch list := value.(type) {
	case []string:
		return list, true
	case []any:
		out := make([]string, len(list))
		for i, item := range list {
			out[i] = show(item)
		}
		return out, true
	}
	return nil, false
}

// Answers checks what a person typed to the step's questions and returns the
// values to record. A question without an answer is an error; the answer
// "unknown" leaves the variable without a value.
func (r *Run) Answers(s *Step, typed map[string]string) (map[string]any, error) {
	out := map[string]any{}
	var bad []error
	for _, q := range s.Ask {
		v, ok := r.BookOf(s).Var(q.Name)
		if !ok {
			continue // Parse refuses such a step
		}
		text, given := typed[q.Name]
		if !given || (strings.TrimSpace(text) == "" && v.Default == nil) {
			bad = append(bad, fmt.Errorf("%s: no answer to %q (say unknown if nobody knows)", q.Name, q.Text))
			continue
		}
		value, err := v.Read(text)
		if err != nil {
			bad = append(bad, err)
			continue
		}
		if value != nil {
			out[q.Name] = value
		}
	}
	for name := range typed {
		if !slices.ContainsFunc(s.Ask, func(q Question) bool { return q.Name == name }) {
			bad = append(bad, fmt.Errorf("%s: the step does not ask for it", name))
		}
	}
	if len(bad) > 0 {
		return nil, errors.Join(bad...)
	}
	return out, nil
}

// Sets evaluates the step's assignments over the answers it was given and the
// result it returned.
func (r *Run) Sets(s *Step, answers, result map[string]any) (map[string]any, error) {
	if len(s.Set) == 0 {
		return nil, nil
	}
	env := r.env(s)
	maps.Copy(env, answers)
	env["result"] = plain(result)
	out := make(map[string]any, len(s.Set))
	for _, a := range s.Set {
		value, err := a.program.eval(env)
		if err != nil {
			return nil, fmt.Errorf("set %s: %w", a.Name, err)
		}
		v, ok := r.BookOf(s).Var(a.Name)
		if !ok {
			continue // Parse refuses such a step
		}
		if out[a.Name], err = v.Check(value); err != nil {
			return nil, fmt.Errorf("set %w", err)
		}
	}
	return out, nil
}

// Expect evaluates a condition of s over the result of a check. It may read the
// step's item, and the variables of the playbook that it is of.
func (r *Run) Expect(s *Step, condition string, result map[string]any) (bool, error) {
	return truth(condition, r.reads(s, anyResult()), r.env(s), result)
}

func truth(condition string, in scope, env, result map[string]any) (bool, error) {
	e, err := compile(condition, in, reflect.Bool)
	if err != nil {
		return false, fmt.Errorf("expect %s: %w", condition, err)
	}
	env["result"] = plain(result)
	return e.truth(env)
}

// Success is the entry to record when the attempt at s that is on has come to a
// good end: what it sets, and whether it repeats. Of a called playbook the
// result is what its variables are.
func (r *Run) Success(s *Step, answers, result map[string]any, now time.Time) (record.StepEnd, error) {
	if s.Verb == VerbPlaybook {
		result = r.outcome(s)
	}
	end := record.StepEnd{Run: r.id, Answers: answers, Result: result}
	var err error
	if end.Set, err = r.Sets(s, answers, result); err != nil {
		return end, err
	}
	if s.Repeat == nil || s.repeats() {
		return end, nil
	}
	if s.Repeat.Until != "" {
		env := maps.Clone(answers)
		if env == nil {
			env = map[string]any{}
		}
		maps.Copy(env, end.Set)
		enough, err := r.until(s, env, result)
		if err != nil || enough {
			return end, err
		}
	}
	p := r.of(s)
	first, next := p.first, now.Add(s.Repeat.Every.Time)
	if first.IsZero() {
		first = now
	}
	if s.Repeat.Max > 0 && p.rounds+1 >= s.Repeat.Max || s.Repeat.For.Time > 0 && next.After(first.Add(s.Repeat.For.Time)) {
		return end, nil
	}
	end.AgainAt = next
	return end, nil
}

// until says whether a step that repeats has found what it is done for; set are
// the variables as they are after it.
func (r *Run) until(s *Step, set, result map[string]any) (bool, error) {
	env := r.env(s)
	e, err := compile(s.Repeat.Until, r.reads(s, anyResult()), reflect.Bool)
	if err != nil {
		return false, fmt.Errorf("until %s: %w", s.Repeat.Until, err)
	}
	maps.Copy(env, set)
	env["result"] = plain(result)
	yes, err := e.truth(env)
	if err != nil {
		return false, fmt.Errorf("until %s: %w", s.Repeat.Until, err)
	}
	return yes, nil
}

// Lapse is the entry to record when nobody approved s in the time that it
// gives: it fails, or it is skipped. The kind is "" where it goes on waiting.
func (r *Run) Lapse(s *Step, now time.Time) (record.Kind, any) {
	if s.Approve == nil || s.Approve.Timeout.IsZero() {
		return "", nil
	}
	why := "nobody approved it within " + s.Approve.Timeout.Text
	switch s.Approve.OnTimeout {
	case "fail":
		f := r.Failure(s, errors.New(why), now, false)
		return record.StepFailed, f
	case "skip":
		return record.StepSkipped, record.StepSkip{Run: r.id, Reason: why}
	}
	return "", nil
}

// Message puts values into the text of a message template: what the step has
// under with, its variables and incident.
func (r *Run) Message(s *Step, text string, with map[string]any) string {
	v := r.values(s)
	for name, value := range with {
		v.env[name] = value
	}
	return v.prose(text)
}

// Fill puts the values that s sees into parameters, as Resolve does with its own.
func (r *Run) Fill(s *Step, with map[string]any) (map[string]any, error) {
	out, _, err := r.values(s).params(with)
	return out, err
}

// Text says in a line or more what a step asks of people or will do. Values
// that are not known yet show as their names in angle brackets.
func (r *Run) Text(s *Step) string {
	v := r.values(s)
	switch s.Verb {
	case VerbManual:
		return v.prose(s.Manual)
	case VerbRun:
		words := make([]string, len(s.Run))
		for i, w := range s.Run {
			words[i] = quoteWord(v.prose(w))
		}
		return "run " + strings.Join(words, " ")
	case VerbAction:
		return v.describe(s.Action, s.With)
	case VerbCollect:
		return v.describe("collect "+strings.Join(s.Collect, ", "), s.With)
	case VerbIngest:
		return v.describe("ingest "+v.prose(strings.Join(s.Ingest, ", ")), s.With)
	case VerbDetect:
		return v.describe("look for "+v.prose(strings.Join(s.Detect, ", or ")), s.With)
	case VerbNotify:
		return "notify " + v.prose(strings.Join(s.Notify, ", ")) + ":\n" + v.prose(show(s.With["message"]))
	case VerbIf:
		return "decides whether " + s.If
	case VerbParallel:
		return "its steps go on side by side"
	case VerbHTTP:
		return v.describe(s.HTTP.Method+" "+v.prose(s.HTTP.URL), nil)
	case VerbSwitch:
		return "decides by " + s.Switch
	case VerbForEach:
		return "for each " + s.variable() + " of " + s.ForEach + ": " + inLine(s.Do)
	case VerbPlaybook:
		return v.describe("playbook "+s.Playbook.String(), s.With)
	case VerbWait:
		return "wait " + s.Wait.Text
	case VerbReview:
		return v.prose(s.Review) + " review"
	}
	return ""
}

// describe is a name with its parameters, one a line.
func (v values) describe(name string, with map[string]any) string {
	var b strings.Builder
	b.WriteString(name)
	for _, k := range slices.Sorted(maps.Keys(with)) {
		fmt.Fprintf(&b, "\n  %s: %s", k, v.prose(show(with[k])))
	}
	return b.String()
}

// inLine are the names of steps, in a line.
func inLine(list []*Step) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = s.Name()
	}
	return strings.Join(out, ", ")
}

// quoteWord makes an argument's borders visible.
func quoteWord(w string) string {
	if w == "" || strings.ContainsAny(w, " \t\n'\"\\$`;&|<>*?") {
		return strconv.Quote(w)
	}
	return w
}

// Failure is the entry to record when the attempt at s that is on failed: it
// says whether another is left and when. With again false none is, whatever
// the step's retry says: an outcome that is unknown must not be repeated.
func (r *Run) Failure(s *Step, cause error, now time.Time, again bool) record.StepFailure {
	p := r.of(s)
	attempt := p.attempts
	if p.state != Running {
		attempt++
	}
	out := record.StepFailure{Run: r.id, Error: cause.Error(), Attempt: attempt, Final: true}
	if again && s.Retry != nil && attempt < s.Retry.Max {
		out.Final = false
		out.RetryAt = now.Add(s.Retry.Every)
	}
	return out
}
