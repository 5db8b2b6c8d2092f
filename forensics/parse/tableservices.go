package parse

// serviceParsers are the logs of clouds, networks and applications.
func serviceParsers() []parser {
	return []parser{}
}
