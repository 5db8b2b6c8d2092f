package review

// Edition says what a frozen review is.
type Edition struct {
	Release string `json:"release"` // v1, v2, …
	For     string `json:"for,omitempty"`
	// Draft says that nobody had reviewed it when it was released.
	Draft bool `json:"draft,omitempty"`
}
