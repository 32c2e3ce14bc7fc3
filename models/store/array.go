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

// among is a condition that a column is one of many numbers, and the one argument it takes: the
// statement is the same however many there are.
func (s *Store) among(ids []int64) (condition, list string) {
	list = pgArray(ids)
	if s.dialect == dialectPostgres {
		return "= ANY(CAST(? AS bigint[]))", list
	}
	return "IN (SELECT value FROM json_each(?))", "[" + list[1:len(list)-1] + "]"
}
