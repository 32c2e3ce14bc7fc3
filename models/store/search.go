package store

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"

	"terang/models"
)

// Both databases are given terms that Go has made, each in its own query
// language, so that they find the same. Terms are letters and digits only
// (terms.go), so quoting them is enough.

// match is the condition that a document has every term, or any.
func (s *Store) match(terms []string, any bool) string {
	quote, sep := `"`, " AND "
	if s.dialect == dialectPostgres {
		quote, sep = `'`, " & "
	}
	if any {
		sep = strings.NewReplacer("AND", "OR", "&", "|").Replace(sep)
	}
	q := make([]string, len(terms))
	for i, t := range terms {
		q[i] = quote + t + quote
	}
	return strings.Join(q, sep)
}

// matchEach is the condition that a document has one of each group.
func (s *Store) matchEach(groups [][]string) string {
	sep := " AND "
	if s.dialect == dialectPostgres {
		sep = " & "
	}
	all := make([]string, len(groups))
	for i, g := range groups {
		all[i] = "(" + s.match(g, true) + ")"
	}
	return strings.Join(all, sep)
}

// blinded are words as the index holds them, each in as many ways as there are bodies that the
// search may find something of.
func (r *Reader) blinded(sight models.Sight, f QueueFilter, words []string) ([][]string, error) {
	root, err := r.s.rootKeys(r.db)
	if err != nil {
		return nil, err
	}
	var bodies []int64
	switch {
	case sight.Desk && sight.BodyID != nil:
		bodies = []int64{*sight.BodyID}
	case f.Body != nil:
		bodies = []int64{*f.Body}
	default:
		if err := r.db.Raw("SELECT id FROM bodies ORDER BY id").Scan(&bodies).Error; err != nil {
			return nil, wrap(err)
		}
	}
	out := make([][]string, len(words))
	for _, b := range bodies {
		for i, w := range root.blind(b, words) {
			out[i] = append(out[i], w)
		}
	}
	return out, nil
}

// splitTerms sets references apart from words. A query with two references asks for a
// case that is both.
func splitTerms(terms []string) (refs, words []string) {
	for _, t := range terms {
		if ref, ok := models.NormalReference(t); ok {
			refs = append(refs, ref)
		} else if w := safeTerm(t); w != "" {
			words = append(words, w)
		}
	}
	return refs, words
}

const (
	// When a word is in more than this many cases and a queue has fewer than that many, SQLite
	// goes through the queue and looks into the words of each case, and otherwise through
	// the index and looks whether each hit is of the queue.
	manyHits = 3000
	fewCases = 1500
)

// narrow are the queues that an index of cases leads to.
var narrow = map[string]bool{"mine": true, "unit": true, "unassigned": true, "escalated": true, "due_soon": true, "overdue": true}

// matched is a condition on cases c with the terms of a search in it.
type matched struct {
	from  string
	where string
	args  []any
	key   string // what the page is ordered by
}

// matchSQL adds the filter's terms to a condition on cases c; nil where nothing can match.
func (r *Reader) matchSQL(sight models.Sight, where string, args []any, f QueueFilter) (*matched, error) {
	refs, words := splitTerms(f.Terms)
	if len(refs)+len(words) == 0 || len(refs) > 1 {
		return nil, nil
	}
	m := &matched{from: "cases c", where: where, args: args, key: "c.id"}
	for _, ref := range refs {
		m.where += " AND c.reference = ?"
		m.args = append(m.args, ref)
	}
	if len(words) == 0 {
		return m, nil
	}
	groups, err := r.blinded(sight, f, words)
	if err != nil || len(groups[0]) == 0 {
		return nil, err
	}
	match := r.s.matchEach(groups)
	if r.s.dialect == dialectPostgres {
		m.from += " JOIN case_fts f ON f.id = c.id"
		m.where = "f.terms @@ CAST(? AS tsquery) AND " + m.where
		m.args = append([]any{match}, m.args...)
		return m, nil
	}
	if narrow[f.Queue] {
		hits, err := r.count("case_fts f", "f.case_fts MATCH ?", []any{match}, manyHits)
		if err != nil {
			return nil, err
		}
		cases := fewCases
		if hits == manyHits {
			if cases, err = r.count(m.from, m.where, m.args, fewCases); err != nil {
				return nil, err
			}
		}
		if cases < fewCases {
			m.from += " CROSS JOIN case_words w ON w.id = c.id"
			for _, g := range groups {
				m.where += " AND (" + strings.Repeat("instr(w.terms, ?) > 0 OR ", len(g)-1) + "instr(w.terms, ?) > 0)"
				for _, w := range g {
					m.args = append(m.args, " "+w+" ")
				}
			}
			return m, nil
		}
	}
	// CROSS JOIN keeps SQLite from doing it the other way round: the index gives rowids in
	// descending order without sorting, and the page ends the walk.
	m.from = "case_fts f CROSS JOIN cases c ON c.id = f.rowid"
	m.where = "f.case_fts MATCH ? AND " + m.where
	m.args = append([]any{match}, m.args...)
	m.key = "f.rowid"
	return m, nil
}

// Search is Queue for a filter with terms: the newest filed first. Confidential cases are in no
// index. Of those that the actor may see, the newest are opened and read one by one; short says
// that there were more of them than that.
func (r *Reader) Search(sight models.Sight, f QueueFilter, after string, limit int) (rows []QueueRow, next string, short bool, err error) {
	limit = pageSize(limit)
	where, args, err := r.s.queueSQL(sight, f)
	if err != nil {
		return nil, "", false, err
	}
	below := int64(0)
	if after != "" {
		if below, err = parseIDCursor(after, "s"); err != nil {
			return nil, "", false, err
		}
	}
	m, err := r.matchSQL(sight, where, slices.Clone(args), f)
	if m == nil {
		return nil, "", false, err
	}
	if below > 0 {
		m.where += " AND " + m.key + " < ?"
		m.args = append(m.args, below)
	}
	page := fmt.Sprintf("SELECT %s FROM %s WHERE %s ORDER BY %s DESC LIMIT %d", queueColumns, m.from, m.where, m.key, limit+1)
	if rows, err = r.listed(page, "p.id DESC", m.args); err != nil {
		return nil, "", false, err
	}
	hits, short, err := r.confidentialHits(sight, where, args, f, below)
	if err != nil {
		return nil, "", false, err
	}
	if len(hits) > 0 {
		more, err := r.listed(fmt.Sprintf("SELECT %s FROM cases c WHERE c.id IN ? ORDER BY c.id DESC LIMIT %d", queueColumns, limit+1), "p.id DESC", []any{hits})
		if err != nil {
			return nil, "", false, err
		}
		rows = append(rows, more...)
		slices.SortFunc(rows, func(a, b QueueRow) int { return cmp.Compare(b.ID, a.ID) })
	}
	if len(rows) > limit {
		rows = rows[:limit]
		next = idCursor("s", rows[limit-1].ID)
	}
	return rows, next, short, openRows(r, rows)
}

const (
	// How many confidential cases one search opens, and how much text: some 30 ms of work.
	walkCases = 500
	walkBytes = 4 << 20
)

// confidentialHits goes through the newest confidential cases of a queue and gives the ids of
// those with every word, the newest first; below an id where one is given. It is told about
// short of what comes after all it has read, whatever page is asked for.
func (r *Reader) confidentialHits(sight models.Sight, where string, args []any, f QueueFilter, below int64) (ids []int64, short bool, err error) {
	if !sight.Everything && (!sight.Desk || sight.Clearance.Level() < models.Confidential.Level()) {
		return nil, false, nil
	}
	refs, words := splitTerms(f.Terms)
	if len(words) == 0 {
		return nil, false, nil // found by reference, without any index
	}
	args = slices.Clone(args)
	for _, ref := range refs {
		where += " AND c.reference = ?"
		args = append(args, ref)
	}
	rows, err := r.query(fmt.Sprintf(`SELECT c.id, c.version, c.seal_key FROM cases c
		WHERE %s AND c.classification NOT IN ('public', 'restricted') ORDER BY c.id DESC LIMIT %d`, where, walkCases+1), args...)
	if err != nil {
		return nil, false, wrap(err)
	}
	defer rows.Close()
	var walk []readCase
	var unread []int64
	for rows.Next() {
		var k readCase
		if err := rows.Scan(&k.id, &k.version, &k.key); err != nil {
			return nil, false, wrap(err)
		}
		if walk = append(walk, k); len(walk) <= walkCases && r.s.words.get(k) == nil {
			unread = append(unread, k.id)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, false, wrap(err)
	}
	known, err := r.readCases(unread)
	if err != nil {
		return nil, false, err
	}
	bytes := 0
	for i, k := range walk {
		if i == walkCases || bytes > walkBytes {
			return ids, true, nil
		}
		c := known[k.id]
		if c == nil {
			c = r.s.words.get(k)
		}
		if c == nil { // changed since the list was read: what it says now is found by the next search
			continue
		}
		bytes += c.size
		if (below == 0 || k.id < below) && hasAll(c.terms, words) {
			ids = append(ids, k.id)
		}
	}
	return ids, false, nil
}

// readCase is a confidential case as it was read: its text cannot change under a version and a key.
type readCase struct {
	id, version int64
	key         string
}

// caseTerms are the words of one.
type caseTerms struct {
	terms []string
	size  int
}

// readCases opens and reads cases, and keeps their words.
func (r *Reader) readCases(ids []int64) (map[int64]*caseTerms, error) {
	out := make(map[int64]*caseTerms, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	in, list := r.s.among(ids)
	rows, err := r.query("SELECT id, reference, subject, text, version, seal_key FROM cases WHERE id "+in, list)
	if err != nil {
		return nil, wrap(err)
	}
	defer rows.Close()
	for rows.Next() {
		c := make([]models.Case, 1)
		if err := rows.Scan(&c[0].ID, &c[0].Reference, &c[0].Subject, &c[0].Text, &c[0].Version, &c[0].SealKey); err != nil {
			return nil, wrap(err)
		}
		if err := openRows(r, c); err != nil { // asks the database nothing: the key is in the row
			return nil, err
		}
		t := &caseTerms{documentTerms(c[0].Subject, c[0].Text), len(c[0].Text)}
		out[c[0].ID] = t
		r.s.words.put(readCase{c[0].ID, c[0].Version, c[0].SealKey}, t)
	}
	return out, wrap(rows.Err())
}

// hasAll says whether every word is among sorted terms.
func hasAll(terms, words []string) bool {
	for _, w := range words {
		if _, ok := slices.BinarySearch(terms, w); !ok {
			return false
		}
	}
	return true
}

const disclosureColumns = "d.id, d.case_id, d.body_id, d.reference, d.title, d.summary, d.answer, d.outcome, d.received_on, d.answered_on, d.by, d.published_at"

// SearchDisclosures lists what was published, the newest first. Without terms it
// lists all.
func (r *Reader) SearchDisclosures(terms []string, body *int64, after string, limit int) ([]models.Disclosure, string, error) {
	limit = pageSize(limit)
	from, where, key := "disclosures d", disclosed("d"), "d.id"
	var args []any
	if len(terms) > 0 {
		refs, words := splitTerms(terms)
		if len(refs)+len(words) == 0 || len(refs) > 1 {
			return nil, "", nil
		}
		for _, ref := range refs {
			where += " AND d.reference = ?"
			args = append(args, ref)
		}
		if len(words) > 0 {
			from, where, key = r.s.disclosureMatch(where)
			args = append([]any{r.s.match(words, false)}, args...)
		}
	}
	if body != nil {
		where += " AND d.body_id = ?"
		args = append(args, *body)
	}
	if after != "" {
		id, err := parseIDCursor(after, "p")
		if err != nil {
			return nil, "", err
		}
		where += " AND " + key + " < ?"
		args = append(args, id)
	}
	var rows []models.Disclosure
	err := r.db.Raw(fmt.Sprintf("SELECT %s FROM %s WHERE %s ORDER BY %s DESC LIMIT %d", disclosureColumns, from, where, key, limit+1), args...).Scan(&rows).Error
	if err != nil {
		return nil, "", wrap(err)
	}
	if len(rows) <= limit {
		return rows, "", nil
	}
	rows = rows[:limit]
	return rows, idCursor("p", rows[limit-1].ID), nil
}

// disclosureMatch is a condition on disclosures d with that of a search, and the key to order by:
// SQLite's index gives its own in order.
func (s *Store) disclosureMatch(where string) (from, match, key string) {
	if s.dialect == dialectPostgres {
		return "disclosures d JOIN disclosure_fts f ON f.id = d.id", "f.terms @@ CAST(? AS tsquery) AND " + where, "d.id"
	}
	return "disclosure_fts f CROSS JOIN disclosures d ON d.id = f.rowid", "f.disclosure_fts MATCH ? AND " + where, "f.rowid"
}

// similarPool is how many of the newest matches are ranked.
const similarPool = 200

// SimilarDisclosures lists what was published on nearly the same: any term may
// match, those with more of them come first, then the newer.
func (r *Reader) SimilarDisclosures(terms []string, body *int64, limit int) ([]models.Disclosure, error) {
	_, words := splitTerms(terms)
	if len(words) == 0 {
		return nil, nil
	}
	from, where, key := r.s.disclosureMatch(disclosed("d"))
	args := []any{r.s.match(words, true)}
	if body != nil {
		where += " AND d.body_id = ?"
		args = append(args, *body)
	}
	var rows []models.Disclosure
	err := r.db.Raw(fmt.Sprintf("SELECT %s FROM %s WHERE %s ORDER BY %s DESC LIMIT %d", disclosureColumns, from, where, key, similarPool), args...).Scan(&rows).Error
	if err != nil {
		return nil, wrap(err)
	}
	hits := make(map[int64]int, len(rows))
	for i := range rows {
		has := documentTerms(rows[i].Title, rows[i].Summary, rows[i].Answer)
		for _, w := range words {
			if _, ok := slices.BinarySearch(has, w); ok {
				hits[rows[i].ID]++
			}
		}
	}
	slices.SortStableFunc(rows, func(a, b models.Disclosure) int { return hits[b.ID] - hits[a.ID] })
	if len(rows) > limit {
		rows = rows[:limit]
	}
	return rows, nil
}

// IndexCase makes a case findable by its words. A confidential case is taken out
// of the index instead: what is not there cannot leak.
func (tx *Tx) IndexCase(c *models.Case) error {
	if c.Classification.Level() >= models.Confidential.Level() {
		return tx.unindex("case_fts", c.ID)
	}
	words, err := tx.CaseWords(c.BodyID, c.Subject, c.Text)
	if err != nil {
		return err
	}
	if err := tx.unindex("case_fts", c.ID); err != nil {
		return err
	}
	return tx.index("case_fts", c.ID, words)
}

// indexName and indexForm say in the installation how the search index was made: 2 has the body
// in each word's hash.
const (
	indexName = "search index"
	indexForm = "2"
)

// indexed says whether the search index is of the present form.
func indexed(db *gorm.DB) (bool, error) {
	var form []string
	err := db.Raw("SELECT value FROM installation WHERE name = ?", indexName).Scan(&form).Error
	return len(form) > 0 && form[0] == indexForm, err
}

// reindex makes the search index anew where it is of an older form, in batches. Broken off, it
// begins again.
func (s *Store) reindex(ctx context.Context) (made bool, err error) {
	if ok, err := indexed(s.read.WithContext(ctx)); ok || err != nil {
		return false, wrap(err)
	}
	for after := int64(0); ; {
		n := 0
		err := s.WithTx(ctx, func(tx *Tx) error {
			cases, err := tx.CasesAfter(after, resealBatch)
			if err != nil {
				return err
			}
			for i := range cases {
				if cases[i].Erasure != models.WholeErased {
					if err := tx.IndexCase(&cases[i]); err != nil {
						return err
					}
				}
			}
			if n = len(cases); n > 0 {
				after = cases[n-1].ID
			}
			return nil
		})
		if err != nil {
			return made, err
		}
		made = made || n > 0
		if n < resealBatch {
			return made, s.AgreeAnew(ctx, indexName, indexForm)
		}
	}
}

// CaseWords are the words of a body's case as the index holds them: for IndexNew.
func (r *Reader) CaseWords(body int64, subject, text string) ([]string, error) {
	root, err := r.s.rootKeys(r.db)
	if err != nil {
		return nil, err
	}
	return root.blind(body, documentTerms(subject, text)), nil
}

// IndexNew is IndexCase for a case that was just written.
func (tx *Tx) IndexNew(c *models.Case, words []string) error {
	if c.Classification.Level() >= models.Confidential.Level() {
		return nil
	}
	return tx.index("case_fts", c.ID, words)
}

// IndexDisclosure makes an entry of the disclosure log findable by its words.
func (tx *Tx) IndexDisclosure(d *models.Disclosure) error {
	if err := tx.unindex("disclosure_fts", d.ID); err != nil {
		return err
	}
	return tx.index("disclosure_fts", d.ID, documentTerms(d.Title, d.Summary, d.Answer))
}

// UnindexDisclosure takes it out.
func (tx *Tx) UnindexDisclosure(d *models.Disclosure) error {
	return tx.unindex("disclosure_fts", d.ID)
}

func (tx *Tx) index(table string, id int64, terms []string) error {
	if tx.s.dialect == dialectPostgres {
		list, err := json.Marshal(terms)
		if err != nil {
			return wrap(err)
		}
		_, err = tx.exec(`INSERT INTO `+table+` (id, terms) VALUES (?, array_to_tsvector(ARRAY(SELECT json_array_elements_text(CAST(? AS json)))))
			ON CONFLICT (id) DO UPDATE SET terms = excluded.terms`, id, string(list))
		return err
	}
	joined := strings.Join(terms, " ")
	if table == "case_fts" {
		if _, err := tx.exec("INSERT INTO case_words (id, terms) VALUES (?, ?)", id, " "+joined+" "); err != nil {
			return err
		}
	}
	_, err := tx.exec("INSERT INTO "+table+" (rowid, terms) VALUES (?, ?)", id, joined)
	return err
}

func (tx *Tx) unindex(table string, id int64) error {
	key := "id"
	if tx.s.dialect == dialectSQLite {
		key = "rowid"
		if table == "case_fts" {
			if _, err := tx.exec("DELETE FROM case_words WHERE id = ?", id); err != nil {
				return err
			}
		}
	}
	_, err := tx.exec("DELETE FROM "+table+" WHERE "+key+" = ?", id)
	return err
}
