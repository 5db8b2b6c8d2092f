package drill

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"firebreak/internal/box"
	"firebreak/internal/durable"
)

// state is all that the drill's world holds, as its file has it.
type state struct {
	Secrets    secrets        `json:"secrets"`
	Last       int64          `json:"last"` // the last id given away
	Workflows  []workflow     `json:"workflows"`
	Keys       []key          `json:"keys"`
	Issues     []issue        `json:"issues"`
	Incidents  []pdCase       `json:"incidents"`
	Deliveries []delivery     `json:"deliveries"`
	Host       host           `json:"host"`
	Slack      []slackChannel `json:"slack"`
	Mails      []mailed       `json:"mails,omitempty"`
	Cards      []posted       `json:"cards,omitempty"`
	Jira       []jiraIssue    `json:"jira"`
	Effects    []Effect       `json:"effects"`
	Faults     []armed        `json:"faults,omitempty"`
	// Docs are GitHub's other things by their paths. A world from before they
	// were kept gets those of a new one.
	Docs    map[string]doc `json:"docs,omitempty"`
	Revoked bool           `json:"revoked,omitempty"` // the leaked token is

	Cluster map[string]map[string]any `json:"cluster"`
	Cloud   *cloud                    `json:"cloud"`
}

// secrets open the drill's servers. They are drawn when a world is made and
// open nothing else.
type secrets struct {
	GitHub     string `json:"github"`
	PagerDuty  string `json:"pagerduty"`
	Routing    string `json:"routing"`
	Webhook    string `json:"webhook"`
	Slack      string `json:"slack"`
	SlackUser  string `json:"slack_user"`
	Teams      string `json:"teams"`
	Mail       string `json:"mail"`
	Jira       string `json:"jira"`
	Kubernetes string `json:"kubernetes"`
}

// Effect is one change of the world, in the order in which they came.
type Effect struct {
	System string    `json:"system"`
	What   string    `json:"what"`
	Target string    `json:"target"`
	Key    string    `json:"key,omitempty"` // the idempotency key it carried
	At     time.Time `json:"at"`
}

type workflow struct {
	Repo  string `json:"repo"`
	ID    int64  `json:"id"`
	Name  string `json:"name"`
	Path  string `json:"path"`
	State string `json:"state"`
}

type key struct {
	Repo     string    `json:"repo"`
	ID       int64     `json:"id"`
	Title    string    `json:"title"`
	Key      string    `json:"key"`
	ReadOnly bool      `json:"read_only"`
	Created  time.Time `json:"created"`
}

type issue struct {
	Repo     string    `json:"repo"`
	Number   int       `json:"number"`
	Title    string    `json:"title"`
	Body     string    `json:"body"`
	State    string    `json:"state"`
	Labels   []string  `json:"labels,omitempty"`
	Created  time.Time `json:"created"`
	Comments []comment `json:"comments,omitempty"`
}

type comment struct {
	ID      int64     `json:"id"`
	Body    string    `json:"body"`
	Created time.Time `json:"created"`
}

type delivery struct {
	ID   string          `json:"id"`
	At   time.Time       `json:"at"`
	Body json.RawMessage `json:"body"`
}

// id gives away a new id.
func (s *state) id() int64 {
	s.Last++
	return s.Last
}

func (w *World) file() string { return filepath.Join(w.dir, StateFile) }

// view reads the world as it is now.
func (w *World) view() (*state, error) {
	b, err := os.ReadFile(w.file())
	if err != nil {
		return nil, fmt.Errorf("read drill: %w", err)
	}
	if b, err = w.opened(b); err != nil {
		return nil, fmt.Errorf("read drill %s: %w", w.file(), err)
	}
	s := &state{}
	if err := json.Unmarshal(b, s); err != nil {
		return nil, fmt.Errorf("read drill %s: %w", w.file(), err)
	}
	return s, nil
}

// change lets f change the world. No other process can change it meanwhile, and
// a process that dies leaves it as it was before or after, never in between.
func (w *World) change(f func(*state) error) (err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	held, err := os.OpenFile(filepath.Join(w.dir, "drill.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("lock drill: %w", err)
	}
	defer func() { err = errors.Join(err, held.Close()) }() // which also unlocks
	if err := lock(held); err != nil {
		return fmt.Errorf("lock drill: %w", err)
	}
	s, err := w.view()
	if errors.Is(err, fs.ErrNotExist) {
		s, err = seed(w.now())
	}
	if err != nil {
		return err
	}
	if err := f(s); err != nil {
		return err
	}
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("encode drill: %w", err)
	}
	if w.seal != nil {
		if b, err = box.Seal(w.seal, StateFile, b, rand.Reader); err != nil {
			return fmt.Errorf("seal drill: %w", err)
		}
	}
	return w.write(b)
}

// StateFile is the file with the state, and the context it is sealed in.
const StateFile = "drill.json"

// opened takes the seal from what the state file holds. One from before the
// incident was encrypted has none.
func (w *World) opened(b []byte) ([]byte, error) {
	if w.seal == nil || !box.Is(b) {
		return b, nil
	}
	return box.Open(w.seal, StateFile, b)
}

// write replaces the state file at once. It does not wait for the disk: an
// exercise must outlive its processes, not a power cut.
func (w *World) write(b []byte) (err error) {
	tmp, err := os.CreateTemp(w.dir, ".drill-*")
	if err != nil {
		return fmt.Errorf("write drill: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("write drill: %w", err), os.Remove(tmp.Name()))
		}
	}()
	_, err = tmp.Write(b)
	if err = errors.Join(err, tmp.Close()); err != nil {
		return err
	}
	return durable.Rename(tmp.Name(), w.file())
}

// draw returns a new random secret with a prefix.
func draw(prefix string) (string, error) {
	b := make([]byte, 24)
	if _, err := rand.Read(b); err != nil {
		return "", fmt.Errorf("draw drill secret: %w", err)
	}
	return prefix + base64.StdEncoding.EncodeToString(b), nil
}
