package timeline

import "strings"

// Description is plaso's word for the time kind, which Timesketch shows as
// timestamp_desc.
func (k TimeKind) Description() string {
	switch k {
	case Logged:
		return "Recorded Time"
	case Started:
		return "Start Time"
	case Ended:
		return "End Time"
	case Modified:
		return "Content Modification Time"
	case Accessed:
		return "Last Access Time"
	case Changed:
		return "Metadata Modification Time"
	case Born:
		return "Creation Time"
	case Observed:
		return "Sample Time"
	case Installed:
		return "Installation Time"
	case Undated:
		return "Not a time"
	}
	return string(k)
}

// DescribedTimeKind is the time kind that plaso and Timesketch call so; it is
// false for words that stand for none.
func DescribedTimeKind(description string) (TimeKind, bool) {
	for _, k := range []TimeKind{Logged, Started, Ended, Modified, Accessed, Changed, Born, Observed, Installed, Undated} {
		if strings.EqualFold(k.Description(), strings.TrimSpace(description)) {
			return k, true
		}
	}
	return "", false
}
