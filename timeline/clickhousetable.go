package timeline

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"firebreak/internal/lazyre"
)

// ClickHouseColumns are the columns of the table, in its order, with their
// types.
const ClickHouseColumns = `incident String,
id String,
dated UInt8,
time_ns Int64,
precision String,
kind String,
source String,
parser String,
host String,
user String,
message String,
attr_names Array(String),
attr_values Array(String),
exhibit String,
offset Int64,
technique String,
star UInt8,
tags Array(String),
comments Array(String),
addresses Array(String),
discovered_ns Int64,
version UInt64,
time DateTime MATERIALIZED toDateTime(if(dated = 1 AND time_ns >= 0 AND time_ns < 4294967295000000000, intDiv(time_ns, 1000000000), 0))`

// ClickHouseTable is the statement that makes the table where it is missing.
// Rows with the same incident, time and id become one, the one of the highest
// version: an event that is sent twice is there once, for whoever asks with
// FINAL. The name is checked by the caller.
func ClickHouseTable(name string) string {
	return "CREATE TABLE IF NOT EXISTS " + name + " (\n" + ClickHouseColumns +
		"\n) ENGINE = ReplacingMergeTree(version) PARTITION BY incident ORDER BY (incident, time_ns, id)"
}

var sqlName = lazyre.New(`^[A-Za-z_][A-Za-z0-9_]{0,99}$`)

// SQLName reports whether the text can name a table or a database without
// quotes.
func SQLName(s string) bool { return sqlName.MatchString(s) }

type clickHouseRow struct {
	Incident   string    `json:"incident"`
	ID         string    `json:"id"`
	Dated      int       `json:"dated"`
	Time       int64     `json:"time_ns"`
	Precision  Precision `json:"precision"`
	Kind       TimeKind  `json:"kind"`
	Source     string    `json:"source"`
	Parser     string    `json:"parser"`
	Host       string    `json:"host"`
	User       string    `json:"user"`
	Message    string    `json:"message"`
	Names      []string  `json:"attr_names"`
	Values     []string  `json:"attr_values"`
	Exhibit    string    `json:"exhibit"`
	Offset     int64     `json:"offset"`
	Technique  string    `json:"technique"`
	Star       int       `json:"star"`
	Tags       []string  `json:"tags"`
	Comments   []string  `json:"comments"`
	Addresses  []string  `json:"addresses"`
	Discovered int64     `json:"discovered_ns"`
	Version    int64     `json:"version"`
}

// ClickHouseRow is one row of the table as a line of JSONEachRow. discovered is
// when the exhibit was sealed, version the size of the record that the marks are
// of.
func ClickHouseRow(incident string, e *Event, m Mark, discovered time.Time, version int64) ([]byte, error) {
	r := clickHouseRow{
		Incident: incident, ID: e.ID.String(), Precision: e.Precision, Kind: e.TimeKind, Source: e.Source, Parser: e.Parser, Host: e.Host, User: e.User,
		Message: e.Message, Names: []string{}, Values: []string{}, Exhibit: e.Exhibit, Offset: e.Offset, Technique: e.Technique,
		Tags: append([]string{}, m.Tags...), Comments: append([]string{}, m.Comments...), Addresses: []string{}, Version: version,
	}
	if !e.Time.IsZero() {
		r.Dated, r.Time = 1, sqlTime(e.Time)
	}
	if m.Star {
		r.Star = 1
	}
	if !discovered.IsZero() {
		r.Discovered = sqlTime(discovered)
	}
	for _, a := range e.Attributes {
		r.Names, r.Values = append(r.Names, a.Name), append(r.Values, a.Value)
	}
	for _, a := range Addresses(e) {
		r.Addresses = append(r.Addresses, hexAddress(a))
	}
	var b strings.Builder
	out := json.NewEncoder(&b)
	out.SetEscapeHTML(false)
	if err := out.Encode(r); err != nil {
		return nil, fmt.Errorf("write event %s: %w", e.ID, err)
	}
	return []byte(b.String()), nil
}

// sqlTime is the time in nanoseconds since 1970; what lies beyond them is as far
// out as can be.
func sqlTime(t time.Time) int64 {
	switch {
	case t.Before(sqlFirst):
		t = sqlFirst.Add(-1)
	case t.After(sqlLast):
		t = sqlLast.Add(1)
	}
	return t.UnixNano()
}

// Addresses are the IP addresses that stand in the event, where ip: looks for
// them; each once.
func Addresses(e *Event) []netip.Addr {
	var all []netip.Addr
	add := func(a netip.Addr) bool {
		if a = a.WithZone(""); !slices.Contains(all, a) {
			all = append(all, a)
		}
		return len(all) < mostAddresses
	}
	eachAddress(e.Message, add)
	eachAddress(e.Host, add)
	for _, a := range e.Attributes {
		eachAddress(a.Value, add)
	}
	return all
}

// mostAddresses is how many addresses of an event are kept apart.
const mostAddresses = 1000
