package integrations

import (
	"context"
	"io"
)

// Collector is implemented by actions that only read and whose answer is
// evidence: an audit log, the log of an incident. What it writes is sealed before
// anything is read from it.
type Collector interface {
	// Collect writes what the other side has, as a rule one line of JSON for each
	// record, as it came. Its error is like that of Do; what was written before is
	// kept and said to be cut.
	Collect(ctx context.Context, c Call, w io.Writer) (Taken, error)
}

// Taken says what was written.
type Taken struct {
	Kind    string // pagerduty.log
	Title   string // what people call it
	Source  string // the URL it was asked from, without secrets
	Records int
	// Mapping is the text of a mapping file by which the records are read into the
	// timeline; "" where a parser knows them.
	Mapping string
	// Notes say what is known to be missing, and what was changed on the way.
	Notes []string
}
