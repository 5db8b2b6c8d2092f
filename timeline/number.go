package timeline

import (
	"cmp"
	"math"
	"strconv"
	"strings"
)

// Op is a comparison.
type Op string

// The comparisons.
const (
	Less    Op = "<"
	AtMost  Op = "<="
	Greater Op = ">"
	AtLeast Op = ">="
)

func (o Op) holds(order int) bool {
	switch o {
	case Less:
		return order < 0
	case AtMost:
		return order <= 0
	case Greater:
		return order > 0
	case AtLeast:
		return order >= 0
	}
	return false
}

// Number is a whole number of 64 bits, kept exactly, or a decimal.
type Number struct {
	whole   int64
	decimal float64
	isWhole bool
}

// parseNumber reads a decimal number, white space around it allowed.
func parseNumber(s string) (Number, bool) {
	s = strings.TrimSpace(s)
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return Number{whole: n, isWhole: true}, true
	}
	if s == "" || strings.Trim(s, "+-.0123456789eE") != "" {
		return Number{}, false
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return Number{}, false
	}
	return Number{decimal: f}, true
}

// Whole is the number as an integer, and whether it is one.
func (n Number) Whole() (int64, bool) { return n.whole, n.isWhole }

// String writes the number so that it reads back the same.
func (n Number) String() string {
	if n.isWhole {
		return strconv.FormatInt(n.whole, 10)
	}
	return strconv.FormatFloat(n.decimal, 'e', -1, 64)
}

func (n Number) compare(m Number) int {
	if n.isWhole && m.isWhole {
		return cmp.Compare(n.whole, m.whole)
	}
	return cmp.Compare(n.float(), m.float())
}

func (n Number) float() float64 {
	if n.isWhole {
		return float64(n.whole)
	}
	return n.decimal
}
