package parse

// windowsParsers are the artefacts of Windows.
func windowsParsers() []parser {
	return []parser{}
}
