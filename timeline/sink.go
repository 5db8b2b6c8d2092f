package timeline

// Sink takes events out of the program, one by one, in the order of time. A
// text format is one, and so are a database's file and a server.
//
// A sink that holds something besides memory is an io.Closer too, and closed
// whether or not it was flushed.
type Sink interface {
	// Write takes one event and what people said of it. It keeps neither.
	Write(e *Event, m Mark) error
	// Flush is called once, behind the last event: all is where it belongs
	// when it returns.
	Flush() error
}

// Selective is a sink that has no place for some events.
type Selective interface {
	Sink
	// LeftOut is how many of the events it did not take, and which they are.
	LeftOut() (n int64, which string)
}
