package response

import (
	"context"
	"errors"
	"fmt"

	"firebreak/config"
	"firebreak/incident"
	"firebreak/integrations/clickhouse"
	"firebreak/timeline"
)

// ClickHouseTable is the table that events go to when none is named.
const ClickHouseTable = "firebreak_events"

// A batch is what one request carries. Few and large ones are what ClickHouse
// wants.
const (
	batchRows  = 50_000
	batchBytes = 16 << 20
)

// exported is what a sink needs to know of the export it is a part of.
type exported struct {
	service  *Service
	incident incident.ID
	said     *sayings
	version  int64 // entries of the record that the marks are of
}

// clickHouseSink sends events to a table of a ClickHouse server.
type clickHouseSink struct {
	ctx    context.Context //nolint:containedctx // a sink lives as long as the call that made it
	server *clickhouse.Server
	table  string
	of     exported
	rows   int
	batch  []byte
}

func newClickHouseSink(ctx context.Context, r ExportRequest) (timeline.Sink, error) {
	table := r.Table
	if table == "" {
		table = ClickHouseTable
	}
	if !timeline.SQLName(table) {
		return nil, usage("letters, digits and _, not a digit first", "the table %q cannot be named so", table)
	}
	server, err := r.of.service.clickHouse(r.To, r.Secret)
	if err != nil {
		return nil, err
	}
	if d := server.Database(); d != "" && !timeline.SQLName(d) {
		return nil, usage("letters, digits and _, not a digit first", "the database %q cannot be named so", d)
	}
	if err := server.Exec(ctx, timeline.ClickHouseTable(table)); err != nil {
		return nil, clickHouseError("make the table "+table, err)
	}
	return &clickHouseSink{ctx: ctx, server: server, table: table, of: r.of}, nil
}

// clickHouse is the server at that URL; secret refers to the password.
func (s *Service) clickHouse(url, secret string) (*clickhouse.Server, error) {
	o := clickhouse.Options{URL: url, Now: s.o.Now, Sleep: s.o.Sleep}
	if secret != "" {
		ref, err := config.ParseReference(secret)
		if err != nil {
			return nil, usage("env:NAME, file:/path or exec:program", "the reference to the password: %w", err)
		}
		o.Password = func(ctx context.Context) (string, error) {
			v, err := s.o.Secrets.Resolve(ctx, ref)
			if err != nil {
				return "", &Error{Code: CodeAuth, Err: err}
			}
			return v.Reveal(), nil
		}
	}
	server, err := clickhouse.Open(o)
	if err != nil {
		return nil, usage("as in --to clickhouse=https://user@host:8443/database --password-from env:NAME", "%w", err)
	}
	return server, nil
}

// clickHouseError gives a server's no its code.
func clickHouseError(what string, err error) error {
	var no *clickhouse.Refused
	switch {
	case errors.As(err, &no) && no.Denied():
		return &Error{Code: CodeAuth, Hint: "--password-from refers to the password, the user stands before the host", Err: fmt.Errorf("%s: %w", what, err)}
	case errors.As(err, &no):
		return fmt.Errorf("%s: %w", what, err)
	}
	return actionError(what, err)
}

// Write implements timeline.Sink.
func (k *clickHouseSink) Write(e *timeline.Event, m timeline.Mark) error {
	row, err := timeline.ClickHouseRow(string(k.of.incident), e, m, k.of.said.sealed[e.Exhibit], k.of.version)
	if err != nil {
		return err
	}
	k.batch = append(k.batch, row...)
	if k.rows++; k.rows < batchRows && len(k.batch) < batchBytes {
		return nil
	}
	return k.Flush()
}

// Flush implements timeline.Sink.
func (k *clickHouseSink) Flush() error {
	if k.rows == 0 {
		return nil
	}
	if err := k.server.Insert(k.ctx, k.table, "JSONEachRow", k.batch); err != nil {
		return clickHouseError("send events", err)
	}
	k.rows, k.batch = 0, k.batch[:0]
	return nil
}

// CountIn asks a ClickHouse server that events were exported to how many of
// the incident match the filter there.
func (s *Session) CountIn(ctx context.Context, id incident.ID, filter string, r ExportRequest) (int64, error) {
	sql, err := s.ClickHouseSQL(ctx, id, filter)
	if err != nil {
		return 0, err
	}
	table := r.Table
	if table == "" {
		table = ClickHouseTable
	}
	if !timeline.SQLName(table) {
		return 0, usage("letters, digits and _, not a digit first", "the table %q cannot be named so", table)
	}
	server, err := s.s.clickHouse(r.To, r.Secret)
	if err != nil {
		return 0, err
	}
	params := []clickhouse.Parameter{{Name: "of_incident", Type: "String", Value: string(id)}}
	for _, p := range sql.Params {
		params = append(params, clickhouse.Parameter(p))
	}
	out, err := server.Query(ctx, "SELECT count() FROM "+table+" FINAL WHERE incident = {of_incident:String} AND ("+sql.Where+")", params)
	if err != nil {
		return 0, clickHouseError("count events", err)
	}
	var n int64
	if _, err := fmt.Sscan(string(out), &n); err != nil {
		return 0, fmt.Errorf("count events: ClickHouse answered no number: %q", string(out[:min(len(out), 100)]))
	}
	return n, nil
}
