package response

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"firebreak/config"
	"firebreak/forensics"
	"firebreak/incident"
	"firebreak/integrations"
	"firebreak/integrations/all"
	"firebreak/integrations/drill"
	"firebreak/integrations/ssh"
	"firebreak/store"
	"firebreak/store/events"
	"firebreak/store/keys"
)

// folder is one open incident: its record, its timeline, its locker and the
// systems its actions go to.
type folder struct {
	id       incident.ID
	dir      string
	drill    bool
	readOnly bool
	why      error // of readOnly
	store    *store.Store
	locker   *forensics.Locker
	key      *keys.DataKey // nil: the incident is plain

	mu       sync.Mutex // guards what is opened on first use, and unfinished
	events   *events.DB
	world    *drill.World
	registry *integrations.Registry

	said said // of events, as the record has it

	firsts firsts // of the exhibits, by their bytes

	unfinished string // why an erasure could not be finished when the folder was opened

	busy     sync.Mutex    // one long work at a time: collect, ingest, advance
	evidence chan struct{} // of the steps of an advance, those that take or read evidence
}

// writable is an error with the reason when the folder was opened to be looked
// at only.
func (f *folder) writable() error {
	if !f.readOnly {
		return nil
	}
	return storeError(f.id, f.why)
}

func (f *folder) close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var errs []error
	if f.events != nil {
		errs = append(errs, f.events.Close())
	}
	if f.world != nil {
		errs = append(errs, f.world.Close())
	}
	errs = append(errs, f.store.Close())
	f.key.Wipe()
	return errors.Join(errs...)
}

// storeOptions is how this workspace opens a record; data is the incident's
// key, nil for a plain one.
func (s *Service) storeOptions(data *keys.DataKey) store.Options {
	trust, _ := s.trust() // verify tells what in it is no key
	return store.Options{
		Now: s.o.Now, Monotonic: s.o.Monotonic, Rand: s.o.Rand, Key: s.key.Key, Trust: trust, Self: s.As(incident.Actor{Name: "firebreak"}).by,
		Secret: data.Subkey(keys.ForDatabase), Reached: s.o.Reached,
	}
}

// open returns the incident, opened once and kept. Whoever opens it first puts
// in order what an interrupted process left.
func (s *Service) open(ctx context.Context, id incident.ID) (*folder, error) {
	f, first, err := s.opened(ctx, id)
	if err != nil || !first {
		return f, err
	}
	return f, s.settleInterrupted(ctx, f)
}

// opened opens the folder, if nobody did; first says that it was opened now,
// to be written to.
func (s *Service) opened(ctx context.Context, id incident.ID) (f *folder, first bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.folders[id]; f != nil {
		return f, false, nil
	}
	dir := s.Dir(id)
	if _, err := os.Stat(filepath.Join(dir, "incident.db")); errors.Is(err, fs.ErrNotExist) {
		return nil, false, notFound("firebreak list shows them all", "incident %s: %w", id, incident.ErrNotFound)
	}
	data, err := s.dataKey(id, dir)
	if err != nil {
		return nil, false, err
	}
	o := s.storeOptions(data)
	st, err := store.Open(ctx, dir, o)
	if errors.Is(err, store.ErrReadOnly) || errors.Is(err, store.ErrFull) { // an archive, a mounted copy, a full disk: it can be looked at
		o.ReadOnly, o.Because = true, err
		st, err = store.Open(ctx, dir, o)
	}
	if err != nil {
		return nil, false, storeError(id, err)
	}
	if f, err = s.folderOf(ctx, id, dir, st, data); err != nil {
		return nil, false, errors.Join(err, st.Close())
	}
	if st.ID() != id {
		return nil, false, &Error{Code: CodeIntegrity, Hint: "put the folder back under its own name", Err: errors.Join(fmt.Errorf("open %s: the folder holds incident %s", id, st.ID()), st.Close())}
	}
	f.readOnly, f.why = o.ReadOnly, o.Because
	if !f.readOnly {
		if err := s.settleKnown(ctx, id, st); err != nil {
			return nil, false, errors.Join(err, st.Close())
		}
	}
	s.folders[id] = f
	return f, !o.ReadOnly, nil
}

func (s *Service) folderOf(ctx context.Context, id incident.ID, dir string, st *store.Store, data *keys.DataKey) (*folder, error) {
	locker, err := s.locker(id, data)
	if err != nil {
		return nil, err
	}
	f := &folder{id: id, dir: dir, store: st, locker: locker, key: data, evidence: make(chan struct{}, 1)}
	err = st.View(ctx, func(tx *store.Tx) error {
		inc, err := tx.Incident()
		f.drill = inc.Drill
		return err
	})
	return f, err
}

// timeline opens timeline.db on first use. It is derived: damaged, it is made
// again from the evidence.
func (s *Service) timeline(ctx context.Context, f *folder) (*events.DB, error) {
	return s.openTimeline(ctx, f, false)
}

// renewedTimeline is the timeline to read evidence into. That of an older program
// is emptied: what reads evidence reads all of it again.
func (s *Service) renewedTimeline(ctx context.Context, f *folder) (*events.DB, error) {
	return s.openTimeline(ctx, f, true)
}

func (s *Service) openTimeline(ctx context.Context, f *folder, renew bool) (*events.DB, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.events != nil {
		return f.events, nil
	}
	path := filepath.Join(f.dir, "timeline.db")
	db, err := events.Open(ctx, path, events.Options{Secret: f.key.Subkey(keys.ForTimeline), Renew: renew, Owners: events.Owners{Me: store.Owner(), Alive: store.Alive}, SegmentRows: s.o.SegmentRows})
	if errors.Is(err, events.ErrNewer) {
		return nil, refused("use the newer firebreak that wrote it; nothing was changed", "open timeline of %s: %w", f.id, err)
	}
	if errors.Is(err, events.ErrDamaged) {
		return nil, &Error{Code: CodeIntegrity, Hint: "firebreak ingest " + string(f.id) + " --rebuild makes it again from the evidence", Err: err}
	}
	if err != nil {
		return nil, fmt.Errorf("open timeline of %s: %w", f.id, err)
	}
	f.events = db
	return db, nil
}

// lookup finds actions; the registry of an incident is one.
type lookup = *integrations.Registry

// systems returns the actions of the incident: the configured connections, or
// in a drill the fakes that stand in for them. These outlive the call.
func (s *Service) systems(f *folder) (*integrations.Registry, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.registry != nil {
		return f.registry, nil
	}
	if !f.drill {
		r, err := s.liveRegistry()
		if err != nil {
			return nil, err
		}
		f.registry = r
		return r, nil
	}
	w, err := drill.OpenSealed(filepath.Join(f.dir, "drill"), s.o.Now, f.key.Subkey(keys.ForDrill))
	if err != nil {
		return nil, fmt.Errorf("start the drill's servers: %w", err)
	}
	r, err := integrations.NewRegistry(all.Systems(), w.Connections())
	if err != nil {
		return nil, errors.Join(err, w.Close())
	}
	f.world, f.registry = w, r
	return r, nil
}

func (s *Service) liveRegistry() (*integrations.Registry, error) {
	conns := s.connections()
	kinds := make([]string, len(conns))
	for i, c := range conns {
		kinds[i] = c.Kind
	}
	systems, err := s.systemsOf(kinds)
	if err != nil {
		return nil, err
	}
	r, err := integrations.NewRegistry(systems, conns)
	if err != nil {
		if systems, other := s.allSystems(); other == nil {
			_, err = integrations.NewRegistry(systems, conns) // names every kind that there is
		}
		return nil, usage("correct the connection in the configuration: firebreak config path", "%w", err)
	}
	return r, nil
}

// connections turns the configuration into connections. This machine is always
// there as the connection "host".
func (s *Service) connections() []integrations.Connection {
	host := integrations.Connection{Name: "host", Kind: "linux", Now: s.o.Now, Settings: map[string]string{"ssh_client": s.o.SSHClient}}
	host.Reveal = s.reveal
	out := []integrations.Connection{}
	open := integrations.Connection{Name: "http", Kind: "http", Now: s.o.Now, Reveal: s.reveal}
	for name, c := range s.o.Config.Connections {
		secrets := c.Secrets
		conn := integrations.Connection{
			Name: name, Kind: c.Kind, BaseURL: c.BaseURL, Settings: c.Settings, Now: s.o.Now, Reveal: s.reveal,
			Timeout: time.Duration(c.Timeout), Grace: time.Duration(c.Grace), Writes: float64(c.Writes) / 60,
			Has: func(setting string) bool { _, ok := secrets[setting]; return ok },
			Secret: func(ctx context.Context, setting string) (string, error) {
				ref, ok := secrets[setting]
				if !ok {
					return "", fail(CodeAuth, "add it under connections."+name+".secrets in the configuration", "connection %s has no secret %q", name, setting)
				}
				return s.secretFor(ctx, ref, name, setting)
			},
		}
		if name == host.Name {
			if conn.Settings == nil {
				conn.Settings = map[string]string{}
			}
			conn.Settings["ssh_client"] = s.o.SSHClient
			host = conn
			continue
		}
		if conn.Kind == "ssh" {
			conn.Host = s.remote(conn)
		}
		if name == open.Name {
			open = conn
			continue
		}
		out = append(out, conn)
	}
	return append(out, host, open)
}

// reveal fetches a secret that a step refers to. A playbook may name one, so no
// program is run for it.
func (s *Service) reveal(ctx context.Context, reference string) (string, error) {
	r, err := config.ParseReference(reference)
	if err != nil {
		return "", fail(CodeAuth, "", "a secret of the playbook: %w", err)
	}
	if r.RunsProgram() {
		return "", fail(CodeAuth, "give it as env:NAME or file:/path, or put it into a connection of the configuration", "a secret of the playbook: no program is run for it, and no keyring asked")
	}
	v, err := s.o.Secrets.Resolve(ctx, r)
	if err != nil {
		return "", &Error{Code: CodeAuth, Err: fmt.Errorf("a secret of the playbook: %w", err)}
	}
	return v.Reveal(), nil
}

// remote is the host of an ssh connection.
func (s *Service) remote(c integrations.Connection) integrations.Host {
	return ssh.NewHost(c.Settings["host"], func() (ssh.Target, ssh.Options, error) {
		place := SSHPlace{HostKey: c.Settings["host_key"], KnownHosts: s.o.KnownHosts, User: s.o.User}
		if key := c.Settings["key"]; key != "" {
			place.Keys = []string{key}
		}
		for j := range strings.SplitSeq(c.Settings["jump"], ",") {
			if j = strings.TrimSpace(j); j != "" {
				place.Jump = append(place.Jump, j)
			}
		}
		t, err := ssh.ParseTarget(c.Settings["host"], place.User)
		if err != nil {
			return t, ssh.Options{}, usage("", "connection %s: %w", c.Name, err)
		}
		o, err := place.options(s.o)
		return t, o, err
	})
}

// storeError gives the store's sentinels their codes and hints.
func storeError(id incident.ID, err error) error {
	switch {
	case errors.Is(err, store.ErrNewer):
		return refused("use the newer firebreak that wrote it; nothing was changed", "open %s: %w", id, err)
	case errors.Is(err, store.ErrTruncated):
		return &Error{Code: CodeIntegrity, Hint: "firebreak verify " + string(id) + " says what is missing; restore the folder from a copy", Err: fmt.Errorf("open %s: %w", id, err)}
	case errors.Is(err, store.ErrFileSystem):
		return refused(onLocalDisk, "%s: %w", id, err)
	case errors.Is(err, store.ErrReadOnly):
		return refused("it can be looked at, searched and verified, not changed", "%s: %w", id, err)
	}
	return fmt.Errorf("open %s: %w", id, err)
}
