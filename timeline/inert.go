package timeline

// Inert is a cell of a CSV file that no spreadsheet takes for a formula: one
// that would be gets a ' in front.
func Inert(cell string) string {
	if isFormula(cell) {
		return "'" + cell
	}
	return cell
}
