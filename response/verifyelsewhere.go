package response

import (
	"context"
	"fmt"

	"firebreak/record"
	"firebreak/store"
)

// compareElsewhere compares files with the exhibits that are known by their hash.
// An exhibit that none of the files is, is named; a file that is no such exhibit
// is a problem: it was given as one.
func compareElsewhere(ctx context.Context, report *record.Report, xs []store.Exhibit, files []string, p ProgressFunc) error {
	found := map[string]string{} // hash → file
	for _, file := range files {
		sum, _, err := hashFile(ctx, file, p)
		if err != nil {
			return err
		}
		found[sum] = file
	}
	known := map[string]bool{}
	for _, x := range xs {
		known[x.SHA256] = true
		if file, ok := found[x.SHA256]; ok {
			report.Notes = append(report.Notes, fmt.Sprintf("exhibit %s is kept elsewhere: %s is it, by its hash", x.ID, file))
			continue
		}
		report.Notes = append(report.Notes, fmt.Sprintf("exhibit %s is kept elsewhere and was not checked: %s, %d bytes; --at FILE compares it", x.ID, x.Source, x.Size))
	}
	for _, file := range files {
		for sum, of := range found {
			if of == file && !known[sum] {
				report.Problems = append(report.Problems, record.Problem{What: record.Damaged, Where: fmt.Sprintf("%s (sha256 %s) is none of the exhibits that are kept elsewhere", file, sum)})
			}
		}
	}
	return nil
}
