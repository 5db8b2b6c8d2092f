package response

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"firebreak/incident"
	"firebreak/record"
	"firebreak/review"
	"firebreak/review/audience"
	"firebreak/review/clocks"
	"firebreak/review/metrics"
	"firebreak/store"
	"firebreak/store/keys"
)

// Stats are many incidents side by side.
type Stats = metrics.Stats

// StatsStyle says how their page for a terminal looks.
type StatsStyle = metrics.Style

// StatsTally is what they count, and do not measure.
type StatsTally = metrics.Tally

// StatsKeys are the names of what they measure and count.
func StatsKeys() []string { return metrics.Keys() }

// StatsRequest says which incidents are put side by side.
type StatsRequest struct {
	Since      time.Time // opened then or later
	Until      time.Time // opened before
	Severities []incident.Severity
	Playbooks  []string // "none" are those without one
	Drills     bool     // drills, and no real incidents
	Zone       string   // whose nights are counted; the configuration's without
	Profile    record.Profile
}

// Stats reads all incidents of the workspace, beside each other, and puts those
// that are asked for side by side. One that is locked, damaged or written by a
// newer version is named, and not counted. Nothing is written, and none is kept
// open.
func (s *Session) Stats(ctx context.Context, r StatsRequest, p ProgressFunc) (Stats, error) {
	if r.Profile == "" {
		r.Profile = record.FullProfile
	}
	if r.Profile == record.PublicProfile {
		return Stats{}, refused("the executive profile shows numbers and ids, and no names", "statistics with every value are not for the public: few incidents name themselves")
	}
	if r.Zone == "" {
		r.Zone = s.s.o.Config.Zone
	}
	zone, err := time.LoadLocation(r.Zone)
	if err != nil {
		return Stats{}, usage("an IANA name, as in Europe/Berlin", "zone %.100q: %w", r.Zone, err)
	}
	ids, err := s.s.ids()
	if err != nil {
		return Stats{}, err
	}
	ask := metrics.Request{
		Since: r.Since, Until: r.Until, Severities: r.Severities, Playbooks: r.Playbooks, Drills: r.Drills, Zone: zone.String(),
		Made: s.s.o.Now().UTC(), Tool: s.s.o.Tool,
	}
	cases, not, err := s.s.cases(ctx, ids, ask, zone, r.Profile, p)
	if err != nil {
		return Stats{}, err
	}
	return metrics.Compute(cases, not, ask).For(r.Profile), nil
}

// cases reads the incidents, as many beside each other as there are processors.
func (s *Service) cases(ctx context.Context, ids []incident.ID, ask metrics.Request, zone *time.Location, profile record.Profile, p ProgressFunc) ([]metrics.Case, []metrics.NotCounted, error) {
	var mu sync.Mutex
	var cases []metrics.Case
	var not []metrics.NotCounted
	next := make(chan incident.ID)
	var readers sync.WaitGroup
	for range min(max(runtime.GOMAXPROCS(0), 1), 8) {
		readers.Go(func() {
			for id := range next {
				c, err := s.caseOf(ctx, id, ask, zone, profile)
				mu.Lock()
				if err != nil {
					not = append(not, metrics.NotCounted{Incident: id, Why: err.Error()})
				} else {
					cases = append(cases, c)
				}
				tell(p, "reading incidents", int64(len(cases)+len(not)), int64(len(ids)))
				mu.Unlock()
			}
		})
	}
	for _, id := range ids {
		if ctx.Err() != nil {
			break
		}
		next <- id
	}
	close(next)
	readers.Wait()
	if ctx.Err() != nil {
		return nil, nil, context.Cause(ctx)
	}
	return cases, not, nil
}

// caseOf reads one incident. Of one that is not asked for only its head data is
// read. A title is masked for its readers, as everything else is.
func (s *Service) caseOf(ctx context.Context, id incident.ID, ask metrics.Request, zone *time.Location, p record.Profile) (metrics.Case, error) {
	var inc incident.Incident
	var entries []record.Entry
	err := s.glance(ctx, id, func(tx *store.Tx) (err error) {
		if inc, err = tx.Incident(); err != nil || !ask.Wants(inc) {
			return err
		}
		entries, err = tx.Entries(0, 0)
		return err
	})
	if err != nil {
		return metrics.Case{}, err
	}
	if !ask.Wants(inc) {
		return metrics.Passed(inc), nil
	}
	src := metrics.Source{ID: id, Entries: entries, Zone: zone, Now: ask.Made}
	if src.Review, err = review.Outline(entries, review.Extra{Now: ask.Made, Clocks: clocks.ForReview(entries, ask.Made), Parse: s.parseOnce}); err != nil {
		return metrics.Case{}, err
	}
	c := metrics.Of(src)
	if hides(p) {
		c.Title = audience.New(entries, audience.Options{Profile: p, Key: s.toldKey(id, "statistics"), Secrets: s.o.Secrets.Sink.Text}).Text(c.Title, "title")
	}
	return c, nil
}

// glance looks at the record of an incident without keeping it open.
func (s *Service) glance(ctx context.Context, id incident.ID, look func(*store.Tx) error) (err error) {
	s.mu.Lock()
	f := s.folders[id]
	s.mu.Unlock()
	if f != nil {
		return f.store.Sound(ctx, look)
	}
	dir := s.Dir(id)
	if _, err := os.Stat(filepath.Join(dir, store.DatabaseFile)); errors.Is(err, fs.ErrNotExist) {
		return errors.New("its record is not there")
	}
	data, err := s.dataKey(id, dir)
	if err != nil {
		return err
	}
	defer data.Wipe()
	st, err := s.lookAt(ctx, dir, data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	if st.ID() != id {
		return fmt.Errorf("the folder holds incident %s", st.ID())
	}
	return st.Sound(ctx, look)
}

// lookAt opens a record to be looked at. One of an older version is brought up to
// date first, as any command does.
func (s *Service) lookAt(ctx context.Context, dir string, data *keys.DataKey) (*store.Store, error) {
	o := s.storeOptions(data)
	o.ReadOnly = true
	st, err := store.Open(ctx, dir, o)
	if errors.Is(err, store.ErrReadOnly) {
		o.ReadOnly = false
		if up, uperr := store.Open(ctx, dir, o); uperr == nil {
			return up, nil
		}
	}
	return st, err
}
