package parse

// macParsers are the logs and databases of macOS.
func macParsers() []parser {
	return []parser{}
}
