package parse

// moreSamples are small files of the logs that are no JSON.
func moreSamples() []sample { return nil }
