package pdf

import "firebreak/review/document"

func (s *sheet) figure(f document.Figure) {
	if f.Facts != nil {
		s.table(*f.Facts)
	}
}
