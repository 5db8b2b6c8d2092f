package document

// ShareOut shares the width of a page out to columns: each gets its need and, of
// what is left, a part of what it wants besides; when there is too little for the
// needs, all are cut alike. No need is above its want.
func ShareOut(need, want []float64, total float64) []float64 {
	var needs, wants float64
	for i := range need {
		want[i] = max(want[i], need[i])
		needs += need[i]
		wants += want[i] - need[i]
	}
	out := make([]float64, len(need))
	for i := range need {
		switch {
		case needs >= total && needs > 0:
			out[i] = need[i] * total / needs
		case wants > total-needs:
			out[i] = need[i] + (want[i]-need[i])*(total-needs)/wants
		default:
			out[i] = want[i]
		}
	}
	if spare := total - sum(out); spare > 0 && len(out) > 0 {
		out[len(out)-1] += spare
	}
	return out
}

func sum(all []float64) float64 {
	s := 0.0
	for _, x := range all {
		s += x
	}
	return s
}
