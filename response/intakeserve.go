package response

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"firebreak/config"
	"firebreak/incident"
	"firebreak/integrations"
	"firebreak/integrations/intake"
	"firebreak/integrations/receive"
	"firebreak/internal/durable"
	"firebreak/store"
)

// ServeOptions say where alerts are taken in.
type ServeOptions struct {
	Listen string // address and port; "" is the configuration's, else this machine at port 9119
	// Ready is told the address; Said hears a line for what came, was opened, or was
	// refused. Neither holds any of what was sent but titles.
	Ready func(address string)
	Said  func(line string)
}

// defaultListen is this machine only.
const defaultListen = "127.0.0.1:9119"

// Serve takes in alerts by HTTP until the context ends. What was acknowledged is in
// the inbox before; what fits a rule is taken into an incident afterwards. What a
// former process acknowledged and did not get to is gone on with.
func (s *Session) Serve(ctx context.Context, o ServeOptions) error {
	conf := s.s.o.Config.Intake
	if len(conf.Sources) == 0 {
		return usage("add senders under intake.sources in the configuration (docs/intake.md)", "serve: nobody is known who might send")
	}
	for name, src := range conf.Sources {
		if src.Format != "" && (!slices.Contains(intake.Names(), src.Format) || src.Format == "mapped") {
			return usage("leave it out: the format is found out", "intake.sources.%s: there is no format %q", name, src.Format)
		}
	}
	for _, r := range conf.Rules {
		if r.Playbook != "" && r.Playbook != "-" {
			if _, err := s.s.Runnable(r.Playbook); err != nil {
				return fmt.Errorf("intake rule %s: %w", r.Name, err)
			}
		}
	}
	if o.Listen == "" {
		o.Listen = conf.Listen
	}
	if o.Listen == "" {
		o.Listen = defaultListen
	}
	host, _, err := net.SplitHostPort(o.Listen)
	if err != nil {
		return usage("as in 127.0.0.1:9119", "--listen: %w", err)
	}
	if !integrations.Local(host) && conf.TLS == nil {
		return refused("intake.tls names a certificate; or listen on 127.0.0.1 behind a proxy of your own", "serve on %s: without TLS only this machine may be listened on", o.Listen)
	}
	if err := s.s.sweepInbox(); err != nil {
		return err
	}
	unlock, err := s.serveAlone()
	if err != nil {
		return err
	}
	defer unlock()
	return s.serve(ctx, o, conf)
}

// serveAlone keeps a second process from working on the same inbox by rules.
func (s *Session) serveAlone() (func(), error) {
	hold, err := s.s.holdInbox()
	if err != nil {
		return nil, err
	}
	defer hold()
	f, err := os.OpenFile(filepath.Join(s.s.inboxDir(), ".serve"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, unwritable(fmt.Errorf("serve: %w", err))
	}
	ours, err := durable.Claim(f)
	if err == nil && !ours {
		err = refused("", "serve: another process serves this workspace")
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() { _ = f.Close() }, nil // that gives the lock up
}

func (s *Session) serve(ctx context.Context, o ServeOptions, conf config.Intake) error {
	said := func(format string, args ...any) {
		if o.Said != nil {
			o.Said(fmt.Sprintf(format, args...))
		}
	}
	var l net.ListenConfig
	ln, err := l.Listen(ctx, "tcp", o.Listen)
	if err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	w := &ruled{s: s, conf: conf, said: said, wake: make(chan struct{}, 1)}
	server := receive.New(s.senders(conf), s.s.o.Now, w.keep, said)
	if conf.TLS != nil {
		cert, err := receive.Certificate(conf.TLS.Cert, conf.TLS.Key)
		if err != nil {
			return errors.Join(fmt.Errorf("serve: %w", err), ln.Close())
		}
		return w.run(ctx, func(ctx context.Context) error { return server.Serve(ctx, ln, cert) }, o, ln)
	}
	return w.run(ctx, func(ctx context.Context) error { return server.Serve(ctx, ln, nil) }, o, ln)
}

// senders are the configured sources with their secrets, fetched when needed.
func (s *Session) senders(conf config.Intake) (out []receive.Source) {
	for name, src := range conf.Sources {
		out = append(out, receive.Source{
			Name: name, Kind: src.Kind, Format: src.Format, Window: src.Age(),
			Secrets: func(ctx context.Context) ([]string, error) {
				var values []string
				for _, ref := range src.Secret {
					v, err := s.s.o.Secrets.Resolve(ctx, ref)
					if err != nil {
						return nil, err
					}
					values = append(values, v.Reveal())
				}
				return values, nil
			},
		})
	}
	return out
}

// ruled keeps what comes, and takes what fits a rule into incidents, one after the
// other.
type ruled struct {
	s    *Session
	conf config.Intake
	said func(format string, args ...any)
	wake chan struct{}
	mu   sync.Mutex // Keep looks and writes: one at a time
}

func (w *ruled) run(ctx context.Context, serve func(context.Context) error, o ServeOptions, ln net.Listener) error {
	w.wake <- struct{}{} // what a former process left
	var worker sync.WaitGroup
	stop := make(chan struct{})
	worker.Add(1)
	go func() {
		defer worker.Done()
		for {
			select {
			case <-w.wake:
				w.work(context.WithoutCancel(ctx))
			case <-stop:
				select {
				case <-w.wake: // what was accepted last is not left to the next process
					w.work(context.WithoutCancel(ctx))
				default:
				}
				return
			}
		}
	}()
	if o.Ready != nil {
		o.Ready(ln.Addr().String())
	}
	err := serve(ctx)
	close(stop)
	worker.Wait()
	return err
}

// keep is what the receiver calls: on the disk when it returns.
func (w *ruled) keep(ctx context.Context, d receive.Delivery) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	item, fresh, err := w.s.s.Keep(ctx, d.Source, d.Event, d.Format, d.Body)
	switch {
	case err == nil:
	case Unreadable(err):
		return "", fmt.Errorf("%w: %w", receive.ErrBad, err)
	case InboxFull(err):
		return "", fmt.Errorf("%w: %w", receive.ErrFull, err)
	default:
		return "", err
	}
	if !fresh {
		return item.ID, nil
	}
	w.said("%s: %s: %s: %s", item.Source, item.ID, plural(item.Findings, "finding"), item.Title)
	select {
	case w.wake <- struct{}{}:
	default:
	}
	return item.ID, nil
}

// work takes what fits a rule, and what an open incident knows already.
func (w *ruled) work(ctx context.Context) {
	items, err := w.s.s.Inbox(false)
	if err != nil {
		w.said("inbox: %v", err)
	}
	for _, item := range items {
		if item.Failed != "" {
			continue // a person looks at it
		}
		if err := w.one(ctx, item); err != nil {
			w.said("%s: %s: %v", item.Source, item.ID, err)
			item.Failed = err.Error()
			if err := w.s.s.writeItem(filepath.Join(w.s.s.inboxDir(), item.ID+".json"), item); err != nil {
				w.said("%s: %v", item.ID, err)
			}
		}
	}
}

func (w *ruled) one(ctx context.Context, item InboxItem) error {
	unlock, err := w.s.s.holdInbox()
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := w.s.s.waiting(item.ID); err != nil {
		return nil //nolint:nilerr // somebody has taken or dropped it meanwhile
	}
	id, err := w.s.s.knowing(ctx, item)
	if err != nil {
		return err
	}
	rule := w.rule(item)
	if id == "" && rule == nil {
		return nil // it waits for a person
	}
	n, name := NewIncident{}, "known"
	if rule != nil && id == "" {
		n.Playbook, name = rule.Playbook, rule.Name
		if rule.Open != "" {
			if n.Severity, err = incident.ParseSeverity(rule.Open); err != nil {
				return err
			}
		}
	}
	taken, err := w.s.takeItem(ctx, item, id, n, name, nil)
	if err != nil {
		return err
	}
	if taken.Opened {
		w.said("%s: %s: opened %s by the rule %s: %s", item.Source, item.ID, taken.Incident, name, item.Title)
	} else {
		w.said("%s: %s: taken into %s", item.Source, item.ID, taken.Incident)
	}
	return nil
}

// rule is the first that fits, nil for none. What is not open any more opens
// nothing.
func (w *ruled) rule(item InboxItem) *config.IntakeRule {
	if item.Open == 0 {
		return nil
	}
	for i := range w.conf.Rules {
		r := &w.conf.Rules[i]
		if len(r.Kinds) > 0 && !slices.Contains(r.Kinds, string(item.Kind)) || len(r.Sources) > 0 && !slices.Contains(r.Sources, item.Source) ||
			r.Severity != "" && !item.Worst.AtLeast(intake.Severity(r.Severity)) {
			continue
		}
		return r
	}
	return nil
}

// eachOpen calls f with the ledger of each incident that is open.
func (s *Service) eachOpen(ctx context.Context, f func(id incident.ID, l *ledger) (stop bool)) error {
	ids, err := s.ids()
	if err != nil {
		return err
	}
	session := s.As(incident.Actor{Name: "intake"})
	for _, id := range ids {
		fo, err := s.open(ctx, id)
		if err != nil {
			continue // one that cannot be opened takes nothing in
		}
		var l *ledger
		err = fo.store.View(ctx, func(tx *store.Tx) error {
			inc, err := tx.Incident()
			if err != nil || inc.Status == incident.Closed || inc.Drill {
				return err
			}
			l, err = session.ledger(ctx, fo, tx)
			return err
		})
		if err != nil {
			return fmt.Errorf("look into %s: %w", id, err)
		}
		if l != nil && f(id, l) {
			return nil
		}
	}
	return nil
}

// knowing is the open incident that knows a finding of the item: what is said of
// it later belongs there.
func (s *Service) knowing(ctx context.Context, item InboxItem) (found incident.ID, err error) {
	err = s.eachOpen(ctx, func(id incident.ID, l *ledger) bool {
		if l.items[item.ID] != "" || l.opened[item.ID] || slices.ContainsFunc(item.Keys, func(k string) bool { _, ok := l.known[k]; return ok }) {
			found = id
		}
		return found != ""
	})
	return found, err
}

// openedFor is the incident that was opened for an item, "" for none.
func (s *Service) openedFor(ctx context.Context, item string) (found incident.ID, err error) {
	err = s.eachOpen(ctx, func(id incident.ID, l *ledger) bool {
		if l.opened[item] {
			found = id
		}
		return found != ""
	})
	return found, err
}
