package store

import (
	"context"
	"database/sql"
	"errors"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"terang/models"
)

// Rows are read and written by plans that are made once, from what gorm reads off a struct.
// gorm's own way through a row of thirty columns takes as long as SQLite's.

// plan is how a type lies in its table.
type plan struct {
	table   string
	fields  []*schema.Field // those with a column
	columns string          // theirs, quoted
	id      *schema.Field   // numbered by the database; nil where rows bring keys of their own
	stamped []*schema.Field // filled in with the time of writing where they are zero
	given   []*schema.Field // fields without id
	insert  string          // INSERT INTO … (given) VALUES
}

var (
	schemas sync.Map // gorm's cache of parsed structs
	plans   sync.Map // reflect.Type -> *plan
)

func planFor(t reflect.Type) (*plan, error) {
	if p, ok := plans.Load(t); ok {
		return p.(*plan), nil
	}
	s, err := schema.Parse(reflect.New(t).Interface(), &schemas, schema.NamingStrategy{})
	if err != nil {
		return nil, err
	}
	p := &plan{table: s.Table}
	var all, given []string
	for _, f := range s.Fields {
		if f.DBName == "" {
			continue
		}
		name := `"` + f.DBName + `"`
		p.fields, all = append(p.fields, f), append(all, name)
		if f.AutoIncrement {
			p.id = f
			continue
		}
		p.given, given = append(p.given, f), append(given, name)
		if f.AutoCreateTime != 0 || f.AutoUpdateTime != 0 {
			p.stamped = append(p.stamped, f)
		}
	}
	p.columns = strings.Join(all, ", ")
	p.insert = "INSERT INTO " + p.table + " (" + strings.Join(given, ", ") + ") VALUES "
	plans.Store(t, p)
	return p, nil
}

// by names the index of SQLite's that a table is to be read by, "" for whichever it takes. SQLite is
// left without statistics, and would rather walk a table by its key, or all that is open, than use an
// index made for the few rows that are asked for.
func (s *Store) by(index string) string {
	if s.dialect != dialectSQLite || index == "" {
		return ""
	}
	return " INDEXED BY " + index
}

// direct is a statement as SQLite takes it, its lists spread out; ok is false where it is for gorm,
// which writes each text anew for whatever dialect, and takes long over it.
func (r *Reader) direct(q string, args []any) (text string, flat []any, ok bool) {
	if r.s.dialect != dialectSQLite {
		return "", nil, false
	}
	lists := false
	for _, a := range args {
		lists = lists || isList(a)
	}
	if !lists {
		return q, args, true
	}
	var b strings.Builder
	for _, a := range args {
		before, after, found := strings.Cut(q, "?") // no statement of ours has one in a text
		if !found {
			return "", nil, false
		}
		b.WriteString(before)
		q = after
		if !isList(a) {
			b.WriteByte('?')
			flat = append(flat, a)
			continue
		}
		v := reflect.ValueOf(a)
		if v.Len() == 0 {
			b.WriteString("(NULL)")
			continue
		}
		b.WriteString("(?" + strings.Repeat(", ?", v.Len()-1) + ")")
		for i := range v.Len() {
			flat = append(flat, v.Index(i).Interface())
		}
	}
	b.WriteString(q)
	return b.String(), flat, true
}

func isList(a any) bool {
	switch a.(type) {
	case nil, []byte, string, int64, int, time.Time:
		return false
	}
	return reflect.TypeOf(a).Kind() == reflect.Slice
}

// query asks for rows.
func (r *Reader) query(q string, args ...any) (*sql.Rows, error) {
	text, flat, ok := r.direct(q, args)
	if !ok {
		return r.db.Raw(q, args...).Rows()
	}
	begun := time.Now()
	rows, err := r.db.Statement.ConnPool.QueryContext(r.db.Statement.Context, text, flat...)
	r.traced(begun, text, flat, err)
	return rows, r.translated(err)
}

// run runs a statement that gives no rows.
func (tx *Tx) run(q string, args ...any) (sql.Result, error) {
	text, flat, ok := tx.direct(q, args)
	if !ok {
		res := gorm.WithResult()
		err := tx.db.Clauses(res).Exec(q, args...).Error
		return res.Result, err
	}
	begun := time.Now()
	done, err := tx.db.Statement.ConnPool.ExecContext(tx.db.Statement.Context, text, flat...)
	tx.traced(begun, text, flat, err)
	return done, tx.translated(err)
}

// traced tells of a statement as gorm does.
func (r *Reader) traced(begun time.Time, text string, args []any, err error) {
	if t := r.s.tracer; t != nil {
		t.Trace(r.db.Statement.Context, begun, func() (string, int64) {
			shown, params := t.ParamsFilter(r.db.Statement.Context, text, args...)
			return r.db.Dialector.Explain(shown, params...), -1
		}, err)
	}
}

func (r *Reader) translated(err error) error {
	if err == nil {
		return nil
	}
	return r.db.Dialector.(gorm.ErrorTranslator).Translate(err)
}

// selectRows reads rows of a type by an index: what follows WHERE, with its arguments.
func selectRows[T any](r *Reader, index, tail string, args ...any) ([]T, error) {
	return selectRowsAs[T](r, "", index, tail, args...)
}

// selectRowsAs is selectRows where the table has another name in what follows.
func selectRowsAs[T any](r *Reader, name, index, tail string, args ...any) ([]T, error) {
	p, err := planFor(reflect.TypeFor[T]())
	if err != nil {
		return nil, wrap(err)
	}
	rows, err := r.query("SELECT "+p.columns+" FROM "+p.table+" "+name+r.s.by(index)+" WHERE "+tail, args...)
	if err != nil {
		return nil, wrap(err)
	}
	defer rows.Close()
	var out []T
	into := make([]any, len(p.fields))
	for rows.Next() {
		out = append(out, *new(T))
		v := reflect.ValueOf(&out[len(out)-1]).Elem()
		for i, f := range p.fields {
			into[i] = v.FieldByIndex(f.StructField.Index).Addr().Interface()
		}
		if err := rows.Scan(into...); err != nil {
			return nil, wrap(err)
		}
	}
	return out, wrap(rows.Err())
}

var errOnlyLooks = errors.New("store: a look puts on record that something was looked at, and changes nothing")

// insertRows writes rows of one type and fills in the ids they got. Either all bring an id of
// their own or none does.
func (tx *Tx) insertRows(rows []reflect.Value) error {
	p, err := planFor(rows[0].Type())
	if err != nil {
		return err
	}
	for _, v := range rows {
		if e, ok := v.Addr().Interface().(*models.Event); tx.look && (!ok || !e.Look()) {
			return errOnlyLooks
		}
	}
	ctx, fields, insert := context.Background(), p.given, p.insert
	numbered := p.id == nil || !rows[0].FieldByIndex(p.id.StructField.Index).IsZero()
	if numbered && p.id != nil {
		fields, insert = p.fields, "INSERT INTO "+p.table+" ("+p.columns+") VALUES "
	}
	values := make([]any, 0, len(rows)*len(fields))
	for _, v := range rows {
		if p.id != nil && v.FieldByIndex(p.id.StructField.Index).IsZero() == numbered {
			return errors.New(p.table + ": some rows have an id and some have none")
		}
		for _, f := range p.stamped {
			if at := v.FieldByIndex(f.StructField.Index); at.Type() == timeType && at.Interface().(time.Time).IsZero() {
				at.Set(reflect.ValueOf(tx.db.NowFunc()))
			}
		}
		for _, f := range fields {
			x, _ := f.ValueOf(ctx, v)
			values = append(values, x)
		}
	}
	row := "(" + strings.Repeat("?, ", len(fields)-1) + "?)"
	statement := insert + row + strings.Repeat(", "+row, len(rows)-1)
	switch {
	case numbered:
		_, err := tx.run(statement, values...)
		return err
	case tx.s.dialect == dialectPostgres:
		ids := make([]int64, 0, len(rows))
		if err := tx.db.Raw(statement+" RETURNING "+p.id.DBName, values...).Scan(&ids).Error; err != nil {
			return tx.translated(err) // which gorm leaves out for rows
		}
		for i, v := range rows {
			v.FieldByIndex(p.id.StructField.Index).SetInt(ids[i])
		}
		return nil
	}
	// SQLite numbers the rows of one statement one after the other.
	done, err := tx.run(statement, values...)
	if err != nil {
		return err
	}
	last, err := done.LastInsertId()
	for i, v := range rows {
		v.FieldByIndex(p.id.StructField.Index).SetInt(last - int64(len(rows)-1-i))
	}
	return err
}

// limited is a LIMIT, or nothing for 0.
func limited(n int) string {
	if n <= 0 {
		return ""
	}
	return " LIMIT " + strconv.Itoa(n)
}
