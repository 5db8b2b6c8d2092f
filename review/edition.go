package review

import "firebreak/record"

// Edition says for whom a review was made, and whether it is frozen.
type Edition struct {
	Release string         `json:"release,omitempty"` // v1; "" for one that is written anew each time
	Profile record.Profile `json:"profile"`
	For     string         `json:"for,omitempty"`
	// Draft says that nobody had reviewed it when it was released.
	Draft bool `json:"draft,omitempty"`
}

// Title is the edition in a few words, "" for one that needs none.
func (e *Edition) Title() string {
	switch {
	case e == nil:
		return ""
	case e.Release == "" && e.Profile == record.FullProfile:
		return ""
	case e.Release == "":
		return "profile " + string(e.Profile)
	}
	s := "release " + e.Release + ", profile " + string(e.Profile)
	if e.For != "" {
		s += ", for " + e.For
	}
	return s
}
