package timeline

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"firebreak/internal/lazyre"
)

// Bulk writes events in the bulk form of OpenSearch and Elasticsearch: for each
// a line with the action and a line with the document. A document's id is the
// event's, so one that is sent twice is there once.
//
// Names are those of the Elastic Common Schema where it has one; what is ours
// alone stands under firebreak, all attributes under labels, with _ for a dot in
// their names, since a.b and a cannot both be fields there.
type Bulk struct {
	out *bufio.Writer
	o   BulkOptions
}

// BulkOptions say where the documents belong.
type BulkOptions struct {
	Index    string
	Incident string
	Sealed   map[string]time.Time // when each exhibit was sealed
}

// NewBulk writes to w, which it does not close.
func NewBulk(w io.Writer, o BulkOptions) *Bulk {
	return &Bulk{out: bufio.NewWriterSize(w, 1<<16), o: o}
}

var indexName = lazyre.New(`^[a-z0-9][a-z0-9_-]{0,199}$`)

// IndexName reports whether an index can have that name.
func IndexName(s string) bool { return indexName.MatchString(s) }

// Flush implements Sink.
func (k *Bulk) Flush() error {
	if err := k.out.Flush(); err != nil {
		return fmt.Errorf("write events: %w", err)
	}
	return nil
}

// Write implements Sink.
func (k *Bulk) Write(e *Event, m Mark) error {
	var action struct {
		Index struct {
			Index string `json:"_index"`
			ID    string `json:"_id"`
		} `json:"index"`
	}
	action.Index.Index, action.Index.ID = k.o.Index, e.ID.String()
	lines := json.NewEncoder(k.out)
	lines.SetEscapeHTML(false)
	err := lines.Encode(action)
	if err == nil {
		err = lines.Encode(k.document(e, m))
	}
	if err != nil {
		return fmt.Errorf("write event %s: %w", e.ID, err)
	}
	return nil
}

type ecsDocument struct {
	Time    string            `json:"@timestamp,omitempty"`
	ECS     ecsVersion        `json:"ecs"`
	Message string            `json:"message"`
	Event   ecsEvent          `json:"event"`
	Host    *ecsName          `json:"host,omitempty"`
	User    *ecsName          `json:"user,omitempty"`
	Source  *ecsAddress       `json:"source,omitempty"`
	Dest    *ecsAddress       `json:"destination,omitempty"`
	Process *ecsProcess       `json:"process,omitempty"`
	Related *ecsRelated       `json:"related,omitempty"`
	Threat  *ecsThreat        `json:"threat,omitempty"`
	Tags    []string          `json:"tags,omitempty"`
	Labels  map[string]string `json:"labels,omitempty"`
	Ours    ecsFirebreak      `json:"firebreak"`
}

type (
	ecsVersion struct {
		Version string `json:"version"`
	}
	ecsEvent struct {
		ID      string `json:"id"`
		Kind    string `json:"kind"`
		Dataset string `json:"dataset,omitempty"`
		Module  string `json:"module,omitempty"`
		Created string `json:"created,omitempty"` // when the evidence was sealed
	}
	ecsName struct {
		Name string `json:"name"`
	}
	ecsAddress struct {
		IP   string `json:"ip,omitempty"`
		Port int    `json:"port,omitempty"`
	}
	ecsProcess struct {
		Name string `json:"name,omitempty"`
		PID  int64  `json:"pid,omitempty"`
	}
	ecsRelated struct {
		IP []string `json:"ip"`
	}
	ecsThreat struct {
		Framework string `json:"framework"`
		Technique struct {
			ID []string `json:"id"`
		} `json:"technique"`
	}
	ecsFirebreak struct {
		Incident  string    `json:"incident"`
		Exhibit   string    `json:"exhibit"`
		Offset    int64     `json:"offset"`
		TimeKind  TimeKind  `json:"time_kind"`
		Precision Precision `json:"precision"`
		Star      bool      `json:"star,omitempty"`
		Comments  []string  `json:"comments,omitempty"`
	}
)

func (k *Bulk) document(e *Event, m Mark) ecsDocument {
	d := ecsDocument{
		ECS: ecsVersion{"8.11.0"}, Message: e.Message,
		Event: ecsEvent{ID: e.ID.String(), Kind: "event", Dataset: e.Source, Module: e.Parser, Created: ecsTime(k.o.Sealed[e.Exhibit])},
		Tags:  m.Tags, Time: ecsTime(e.Time),
		Ours: ecsFirebreak{Incident: k.o.Incident, Exhibit: e.Exhibit, Offset: e.Offset, TimeKind: e.TimeKind, Precision: e.Precision, Star: m.Star, Comments: m.Comments},
	}
	if e.Host != "" {
		d.Host = &ecsName{e.Host}
	}
	if e.User != "" {
		d.User = &ecsName{e.User}
	}
	if e.Technique != "" {
		d.Threat = &ecsThreat{Framework: "MITRE ATT&CK"}
		d.Threat.Technique.ID = []string{e.Technique}
	}
	if found := Addresses(e); len(found) > 0 {
		d.Related = &ecsRelated{}
		for _, a := range found {
			d.Related.IP = append(d.Related.IP, a.String())
		}
	}
	if len(e.Attributes) > 0 {
		d.Labels = make(map[string]string, len(e.Attributes))
		for _, a := range e.Attributes {
			name := strings.ReplaceAll(a.Name, ".", "_")
			for d.Labels[name] != "" { // a.b and a_b
				name += "_"
			}
			d.Labels[name] = a.Value
		}
	}
	d.Source = ecsEndpoint(e.Attributes.Get("src_ip"), e.Attributes.Get("src_port"))
	d.Dest = ecsEndpoint(e.Attributes.Get("dst_ip"), e.Attributes.Get("dst_port"))
	pid, err := strconv.ParseInt(e.Attributes.Get("pid"), 10, 64)
	if err != nil || pid < 0 {
		pid = 0
	}
	if name := e.Attributes.Get("process"); name != "" || pid > 0 {
		d.Process = &ecsProcess{Name: name, PID: pid}
	}
	return d
}

// ecsTime is the time as a date of OpenSearch, empty where there is none that it
// can hold.
func ecsTime(t time.Time) string {
	if t.IsZero() || !writable(t) {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// ecsEndpoint is one end of a connection. What is no address is left out: the
// field takes nothing else.
func ecsEndpoint(ip, port string) *ecsAddress {
	a, err := netip.ParseAddr(ip)
	if err != nil || a.Zone() != "" {
		return nil
	}
	out := &ecsAddress{IP: a.String()}
	if n, err := strconv.ParseUint(port, 10, 16); err == nil {
		out.Port = int(n)
	}
	return out
}
