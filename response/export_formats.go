package response

import (
	"context"
	"io"
	"slices"
	"strings"

	"firebreak/timeline"
)

// ExportFormat is a form in which events leave.
type ExportFormat struct {
	Name  string   // as in --format
	For   string   // who reads it
	Files []string // what a file's name ends in that asks for it by itself
}

// exportFormat is one row of the table: one of stream, file and server.
type exportFormat struct {
	ExportFormat
	// stream writes text; it goes to the standard output too, and a file's
	// name that ends in .gz or .zst has it compressed.
	stream func(w io.Writer, r ExportRequest) (timeline.Sink, error)
	// file writes a file of its own at path, where an empty one is.
	file func(ctx context.Context, path string, r ExportRequest) (timeline.Sink, error)
	// server sends to r.To, a URL.
	server func(ctx context.Context, r ExportRequest) (timeline.Sink, error)
	scheme string // of the URLs that ask for it by themselves

	binary bool // a stream that is no text: neither compressed nor for a terminal
}

// exportFormats is the table of forms.
func exportFormats() []exportFormat {
	return append([]exportFormat{
		text(timeline.JSONL, "programs: one JSON object a line, and back into firebreak", ".jsonl", ".ndjson"),
		text(timeline.CSV, "spreadsheets, where no cell is a formula, and back into firebreak", ".csv"),
		text(timeline.TimesketchJSONL, "Timesketch; each attribute is a field there"),
		text(timeline.TimesketchCSV, "Timesketch, in columns"),
		text(timeline.L2TCSV, "readers of log2timeline's 17 columns"),
		text(timeline.Bodyfile, "mactime; times of files only", ".body", ".bodyfile"),
		{
			ExportFormat: ExportFormat{Name: "opensearch", For: "OpenSearch and Elasticsearch: their bulk form, with the names of ECS", Files: []string{".bulk", ".bulk.ndjson"}},
			stream:       newOpenSearchSink,
		},
		{
			ExportFormat: ExportFormat{Name: "clickhouse", For: "a ClickHouse server: --to clickhouse=https://user@host:8443/database"},
			server:       newClickHouseSink,
		},
	}, columnFormats()...)
}

// text is the row of a text format.
func text(f timeline.Format, reader string, files ...string) exportFormat {
	return exportFormat{
		ExportFormat: ExportFormat{string(f), reader, files},
		stream: func(w io.Writer, r ExportRequest) (timeline.Sink, error) {
			out, err := timeline.NewWriter(w, f)
			if err == nil && r.Exact {
				out.Exact()
			}
			return out, err
		},
	}
}

// ExportsText says whether a format is text; a name that is none is.
func ExportsText(format string) bool {
	return !slices.ContainsFunc(exportFormats(), func(f exportFormat) bool { return f.Name == format && (f.binary || f.stream == nil) })
}

// ExportFormats lists the forms in which events leave.
func ExportFormats() []ExportFormat {
	var out []ExportFormat
	for _, f := range exportFormats() {
		out = append(out, f.ExportFormat)
	}
	return out
}

// form finds out in which form they leave, and how a file is compressed.
func (r ExportRequest) form() (form exportFormat, packing string, err error) {
	table := exportFormats()
	var names []string
	for _, f := range table {
		names = append(names, f.Name)
	}
	hint := "there are: " + strings.Join(names, ", ")
	if r.To == "" {
		return form, "", usage("--to FILE, or --to -", "export: say where to")
	}
	server, isServer := serverURL(r.To)
	name := strings.ToLower(r.To)
	for _, suffix := range []string{".gz", ".zst"} {
		if !isServer && strings.HasSuffix(name, suffix) {
			name, packing = strings.TrimSuffix(name, suffix), suffix
		}
	}
	at := slices.IndexFunc(table, func(f exportFormat) bool {
		switch {
		case r.Format != "":
			return f.Name == r.Format
		case isServer:
			return f.scheme != "" && f.scheme == server.Scheme
		}
		return slices.ContainsFunc(f.Files, func(end string) bool { return strings.HasSuffix(name, end) })
	})
	switch {
	case at < 0 && r.Format != "":
		return form, "", usage(hint, "export: there is no format %q", r.Format)
	case at < 0:
		if r.To == "-" {
			return form, "", usage(hint, "export: say in which format: --format NAME")
		}
		return form, "", usage("--format NAME; "+hint, "export: the name %s does not say in which format", r.recorded())
	}
	form = table[at]
	switch {
	case isServer != (form.server != nil):
		return form, "", usage("", "export: %s goes to %s", form.Name, map[bool]string{true: "a server, --to URL", false: "a file, --to FILE"}[form.server != nil])
	case form.file != nil && (r.To == "-" || packing != ""):
		return form, "", usage("--to FILE", "export: %s is a file of its own: it goes neither to the standard output nor into a compressed one", form.Name)
	case form.binary && packing != "":
		return form, "", usage("--to FILE without "+packing, "export: %s is compressed by itself", form.Name)
	}
	return form, packing, nil
}
