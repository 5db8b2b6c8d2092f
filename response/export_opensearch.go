package response

import (
	"io"
	"strings"

	"firebreak/timeline"
)

// newOpenSearchSink writes the bulk form, into the index of the incident unless
// another one is named.
func newOpenSearchSink(w io.Writer, r ExportRequest) (timeline.Sink, error) {
	index := r.Table
	if index == "" {
		index = "firebreak-" + strings.ToLower(string(r.of.incident))
	}
	if !timeline.IndexName(index) {
		return nil, usage("lower case letters, digits, - and _, a letter or digit first", "the index %q cannot be named so", index)
	}
	return timeline.NewBulk(w, timeline.BulkOptions{Index: index, Incident: string(r.of.incident), Sealed: r.of.said.sealed}), nil
}
