package response

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"

	"firebreak/forensics/parse"
	"firebreak/incident"
	"firebreak/integrations"
	"firebreak/playbooks"
	"firebreak/record"
)

// CollectFrom has a connected system give evidence by one of its actions, such as
// the log of an incident or an audit log: what it writes is sealed as it comes,
// then read into the timeline. What came before a failure is kept, and said to be
// cut.
func (s *Session) CollectFrom(ctx context.Context, id incident.ID, r PlanRequest, o IngestOptions, p ProgressFunc) (Ingested, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return Ingested{}, err
	}
	reg, err := s.s.systems(f)
	if err != nil {
		return Ingested{}, err
	}
	impl, connection, err := reg.Lookup(r.Action, r.Connection)
	if err != nil {
		return Ingested{}, usage("firebreak actions lists what the configured connections can do", "%w", err)
	}
	c, ok := impl.(integrations.Collector)
	if !ok {
		return Ingested{}, usage("", "%s gives no evidence: it is carried out with firebreak plan and firebreak do", r.Action)
	}
	if err := integrations.Check(impl.Describe(), r.Params); err != nil {
		return Ingested{}, usage("", "%w", err)
	}
	f.busy.Lock()
	defer f.busy.Unlock()
	call := integrations.Call{Action: r.Action, Connection: connection, Params: r.Params, Incident: f.id, Step: r.Step}
	return s.collectFrom(ctx, f, c, call, o, p)
}

func (s *Session) collectFrom(ctx context.Context, f *folder, c integrations.Collector, call integrations.Call, o IngestOptions, p ProgressFunc) (Ingested, error) {
	o.stream, o.Step = true, call.Step
	return s.ingestEach(ctx, f, []string{call.Action}, p, func(name string) (record.Ingestion, record.Exhibit, error) {
		return s.ingestAnswer(ctx, f, name, c, call, o, p)
	})
}

// answered is what a system gave, and how it ended.
type answered struct {
	integrations.Taken
	err error
}

// ingestAnswer seals what one action writes, and reads it.
func (s *Session) ingestAnswer(ctx context.Context, f *folder, name string, c integrations.Collector, call integrations.Call, o IngestOptions, p ProgressFunc) (record.Ingestion, record.Exhibit, error) {
	x, err := s.given(name, o)
	if err != nil {
		return record.Ingestion{}, record.Exhibit{}, err
	}
	out, in := io.Pipe()
	defer out.Close() //nolint:errcheck // who still writes is told that nobody reads
	ended := make(chan answered, 1)
	go func() {
		taken, err := c.Collect(ctx, call, in)
		ended <- answered{taken, err}
		_ = in.Close() // a cut is told by what ended says, beside the bytes that came
	}()
	content := bufio.NewReader(out)
	if _, err := content.Peek(1); err != nil { // nothing came: there is nothing to seal
		got := <-ended
		if got.err != nil {
			return record.Ingestion{}, record.Exhibit{}, actionError("ask "+call.Connection, got.err)
		}
		note := record.NotePrefix + got.Title + ": there is nothing"
		return record.Ingestion{Samples: append([]string{note}, noted(got.Notes)...)}, record.Exhibit{}, nil
	}
	tell(p, "sealing what "+call.Connection+" gives", 0, 0)
	sealed, err := f.locker.SealInput(ctx, content, x)
	if err != nil {
		_ = out.CloseWithError(err)
		return record.Ingestion{}, record.Exhibit{}, errors.Join(err, (<-ended).err)
	}
	got := <-ended
	sealed.Kind, sealed.Title, sealed.Source, sealed.Collector = got.Kind, got.Title, got.Source, call.Action
	sealed.Origin, sealed.Method = record.OriginSystem, "asked of connection "+call.Connection+", action "+call.Action
	sealed.Deviations = append(sealed.Deviations, got.Notes...)
	if got.err != nil {
		sealed.Deviations = append(sealed.Deviations, "it is cut: "+got.err.Error())
	}
	if got.Mapping != "" {
		m, err := parse.NewMapping(call.Action+".yaml", []byte(got.Mapping))
		if err != nil {
			return record.Ingestion{}, record.Exhibit{}, fmt.Errorf("read the mapping of %s: %w", call.Action, err)
		}
		o.Mapping, sealed.Mapping = m, m.Record()
	}
	ing, numbered, err := s.ingestSealed(ctx, f, name, sealed, o, p, &ahead{})
	ing.Samples = append(ing.Samples, noted(got.Notes)...)
	if got.err != nil {
		err = errors.Join(err, &Error{Code: CodePartial, Hint: HintOf(actionError("", got.err)), Err: fmt.Errorf("%s ended early; what came is exhibit %s: %w", call.Action, numbered.ID, got.err)})
	}
	return ing, numbered, err
}

func noted(notes []string) []string {
	out := make([]string, len(notes))
	for i, n := range notes {
		out[i] = record.NotePrefix + n
	}
	return out
}

// collectAction performs an action step whose answer is evidence.
func (s *Session) collectAction(ctx context.Context, f *folder, st *playbooks.Step, impl integrations.Action, c integrations.Collector, w wish) (map[string]any, error) {
	if err := integrations.Check(impl.Describe(), w.params); err != nil {
		return nil, usage("", "%w", err)
	}
	call := integrations.Call{Action: w.name, Connection: w.connection, Params: w.params, Incident: f.id, Step: st.ID}
	in, err := s.collectFrom(ctx, f, c, call, IngestOptions{}, nil)
	exhibits := make([]any, len(in.Exhibits))
	for i, x := range in.Exhibits {
		exhibits[i] = x
	}
	return map[string]any{"exhibits": exhibits, "events": in.Events, "rejected": in.Rejected}, err
}
