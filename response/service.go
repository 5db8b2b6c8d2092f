package response

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"firebreak/config"
	"firebreak/incident"
	"firebreak/integrations"
	"firebreak/playbooks"
	"firebreak/store/archive"
)

// Options are what a Service takes from its surroundings. Every field without
// a default in its comment is required.
type Options struct {
	Home       string        // the workspace: design.md section 4
	Config     config.Config // connections, protected targets, folders
	Secrets    config.Env    // how references to secrets are resolved
	Now        func() time.Time
	Monotonic  func() (ns int64, boot string)
	Rand       io.Reader
	Host       string // this machine's name
	Tool       string // program and version, as evidence records it
	ToolSHA256 func() (string, error)
	Argv       []string // the command line, as evidence records it; may be nil
	KnownHosts []string // files of ssh host keys that are known
	User       string   // whom to be on other hosts, where nobody says
	SSHClient  string   // address this session came from, "" when local: never blocked
	Sleep      func(context.Context, time.Duration) error
	Reached    func(step string) // called between the steps of an erasure, for tests; may be nil
	// Agent reaches the ssh-agent of the person at the keyboard; nil when there
	// is none.
	Agent func(context.Context) (net.Conn, error)
	// Passphrase asks for one without showing it; nil where nobody can be asked.
	Passphrase func(ctx context.Context, question string) ([]byte, error)
	Unlock     Unlock // what there is to open an encrypted workspace with
	// SegmentRows is as events.Options has it, for tests; 0 otherwise.
	SegmentRows int
}

// Service is the open workspace. It is safe for concurrent use, and several
// processes may have the same workspace open.
type Service struct {
	o     Options
	key   instanceKey
	vault *vault // nil: the workspace is plain
	leave func() // gives up the workspace to those who change its keys

	mu      sync.Mutex
	folders map[incident.ID]*folder

	breakerOpen time.Duration // for tests: instead of what is the rule
	mostWait    time.Duration // for tests: between two tries
	fontFolders []string      // for tests: instead of those of the machine

	replayedMu sync.Mutex
	replayed   map[incident.ID]replayed

	parsedMu sync.Mutex
	parsed   map[string]*playbooks.Playbook // pinned playbooks by SHA-256
}

// New opens the workspace, making it when it is not there. One that is
// encrypted is unlocked; where that fails the code is CodeAuth.
func New(o Options) (*Service, error) {
	if err := makeHome(o.Home); err != nil {
		return nil, err
	}
	// What a killed backup or restore unpacked does not stay; where nothing can be
	// written there is nothing to take away.
	if _, err := archive.Sweep(filepath.Join(o.Home, "incidents")); err != nil && !errors.Is(err, fs.ErrPermission) && !errors.Is(err, syscall.EROFS) {
		return nil, fmt.Errorf("open workspace: %w", err)
	}
	leave, err := share(o.Home)
	if err != nil {
		return nil, err
	}
	v, err := unlock(o)
	if err != nil {
		leave()
		return nil, err
	}
	key, err := loadInstanceKey(filepath.Join(o.Home, "keys"), o.Rand, v)
	if err != nil {
		leave()
		return nil, err
	}
	return &Service{o: o, key: key, vault: v, leave: leave, folders: map[incident.ID]*folder{}, parsed: map[string]*playbooks.Playbook{}}, nil
}

// Close closes every incident the service has open.
func (s *Service) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for id, f := range s.folders {
		if !f.readOnly {
			errs = append(errs, s.learn(context.Background(), id, f.store))
		}
		errs = append(errs, f.close())
		delete(s.folders, id)
	}
	s.leave()
	return errors.Join(errs...)
}

// Session is one person at the workspace.
type Session struct {
	s  *Service
	by incident.Actor

	signWith string // a signing key other than the configuration's
	glass    bool   // its approvals break glass
	looked   *looks
}

// As returns the session of that person. An actor without an ID gets the
// pseudonym that this workspace derives from the name.
func (s *Service) As(by incident.Actor) *Session {
	if by.ID == "" {
		by.ID = s.key.pseudonym(by.Name)
	}
	return &Session{s: s, by: by, looked: &looks{}}
}

// Actor is who the session acts for.
func (s *Session) Actor() incident.Actor { return s.by }

// Service is the workspace the session works in.
func (s *Session) Service() *Service { return s.s }

func (s *Service) incidentsDir() string { return filepath.Join(s.o.Home, "incidents") }

// Dir is the folder of an incident.
func (s *Service) Dir(id incident.ID) string { return filepath.Join(s.incidentsDir(), string(id)) }

// Catalogue lists the actions of the configured connections.
func (s *Service) Catalogue() ([]integrations.Listed, error) {
	r, err := s.liveRegistry()
	if err != nil {
		return nil, err
	}
	return r.List(), nil
}

// ids lists the incident folders, newest first.
func (s *Service) ids() ([]incident.ID, error) {
	entries, err := os.ReadDir(s.incidentsDir())
	if err != nil {
		return nil, fmt.Errorf("list incidents: %w", err)
	}
	var out []incident.ID
	for _, e := range entries {
		if id, err := incident.ParseID(e.Name()); err == nil && e.IsDir() {
			out = append(out, id)
		}
	}
	slices.SortFunc(out, func(a, b incident.ID) int { return strings.Compare(string(b), string(a)) })
	return out, nil
}

// ParseID accepts a full id, a running number of this workspace ("7"), or
// "last" for the newest incident.
func (s *Service) ParseID(text string) (incident.ID, error) {
	ids, err := s.ids()
	if err != nil {
		return "", err
	}
	if text == "last" && len(ids) > 0 {
		return ids[0], nil
	}
	for _, id := range ids {
		year, number, _ := strings.Cut(string(id), "-")
		if string(id) == text || strings.TrimLeft(number, "0") == text || year+"-"+strings.TrimLeft(number, "0") == text {
			return id, nil
		}
	}
	if len(ids) == 0 {
		return "", notFound("open one: firebreak open TITLE", "incident %q: there are no incidents here: %w", text, incident.ErrNotFound)
	}
	return "", notFound("firebreak list shows them all", "incident %q: %w", text, incident.ErrNotFound)
}

// draws fills b from the randomness of the options.
func (s *Service) draws(b []byte) error {
	if _, err := io.ReadFull(s.o.Rand, b); err != nil {
		return fmt.Errorf("draw random bytes: %w", err)
	}
	return nil
}

// IDs are the incidents that the texts name, as for ParseID; without any, all
// of them, oldest first.
func (s *Service) IDs(texts []string) ([]incident.ID, error) {
	if len(texts) == 0 {
		ids, err := s.ids()
		slices.Reverse(ids)
		return ids, err
	}
	var out []incident.ID
	for _, text := range texts {
		id, err := s.ParseID(text)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out, nil
}
