package store

import (
	"strconv"
	"strings"
)

// pgArray is a PostgreSQL array literal of numbers.
func pgArray(list []int64) string {
	var b strings.Builder
	b.WriteByte('{')
	for i, x := range list {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.FormatInt(x, 10))
	}
	b.WriteByte('}')
	return b.String()
}
