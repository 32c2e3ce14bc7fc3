package storetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"terang/models"
	"terang/models/store"
)

// Texts with what engines read in their own ways, if they are let.
var odd = strings.Fields(`1e5 -2025 2025/2026 https://ppid.go.id/x?q=1 a@b.go.id 3.14 Rp1.000.000,00 naïve NAÏVE ½ ﬁle Ärger 数据 п'ять O'Neil "quoted" <b>tag</b>
	anggaran penganggaran dianggarkan requests request kebijakan-kebijakan T7-K4M9-XQ2R NOT AND OR NEAR * ^ : \ ' " x_y ÇELİK straße STRASSE ͏ e` + "\u0301" + `cole`)

// Both databases find the same cases for the same words, in the same order, and a confidential
// one only for who is cleared for it.
func TestSearchIsTheSame(t *testing.T) {
	lite, pg := SQLite(t), Postgres(t)
	stores := []*store.Store{lite, pg}
	vocabulary := append(slices.Clone(caseWords), odd...)
	const n = 400
	var hidden []int64
	for _, s := range stores {
		hidden = nil
		w := NewWorld(t, s, 30)
		w.Tx(func(tx *store.Tx) error {
			for i := range n {
				c := w.Case()
				c.Reference = fmt.Sprintf("%04d", i)
				var words []string
				for range 3 + w.R.IntN(12) {
					words = append(words, pick(w.R, vocabulary...))
				}
				c.Subject, c.Text = words[0], strings.Join(words[1:], " ")
				if _, err := w.Store(tx, c); err != nil {
					return err
				}
				d := &models.Disclosure{CaseID: c.ID, BodyID: c.BodyID, Reference: c.Reference, Title: c.Subject, Summary: c.Text, PublishedAt: Start}
				c.PublishedAt = &Start
				if err := tx.UpdateCase(c); err != nil {
					return err
				}
				if err := tx.Insert(d); err != nil {
					return err
				}
				if err := tx.IndexDisclosure(d); err != nil {
					return err
				}
				if c.Classification.Level() >= models.Confidential.Level() {
					hidden = append(hidden, c.ID)
				}
			}
			return nil
		})
	}
	r := rand.New(rand.NewPCG(3, 4))
	found, opened := 0, 0
	for range 200 {
		var q []string
		for range 1 + r.IntN(3) {
			q = append(q, pick(r, vocabulary...))
		}
		query := strings.Join(q, " ")
		var cases, disclosures, similar [2][]int64
		for i, s := range stores {
			terms := s.Terms(query)
			if len(terms) == 0 {
				continue
			}
			rd := s.Read(ctx)
			for _, row := range pages(t, rd, models.Sight{Everything: true}, store.QueueFilter{Terms: terms}, 17) {
				cases[i] = append(cases[i], row.ID)
				if slices.Contains(hidden, row.ID) {
					opened++
				}
			}
			for _, row := range pages(t, rd, models.Sight{Desk: true, WholeBody: true, Clearance: models.Restricted}, store.QueueFilter{Terms: terms}, 17) {
				if slices.Contains(hidden, row.ID) {
					t.Fatalf("%q finds the confidential case %d", query, row.ID)
				}
			}
			if count, err := rd.QueueCount(models.Sight{Everything: true}, store.QueueFilter{Terms: terms}, 1000); err != nil || count != len(cases[i]) {
				t.Fatalf("%q: %d counted, %d listed: %v", query, count, len(cases[i]), err)
			}
			for next := ""; ; {
				rows, after, err := rd.SearchDisclosures(terms, nil, next, 13)
				if err != nil {
					t.Fatal(err)
				}
				for _, d := range rows {
					disclosures[i] = append(disclosures[i], d.ID)
				}
				if next = after; next == "" {
					break
				}
			}
			rows, err := rd.SimilarDisclosures(terms, nil, 10)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range rows {
				similar[i] = append(similar[i], d.ID)
			}
		}
		if !slices.Equal(cases[0], cases[1]) || !slices.Equal(disclosures[0], disclosures[1]) || !slices.Equal(similar[0], similar[1]) {
			t.Fatalf("%q finds\n%v\n%v\n%v\n%v\n%v\n%v", query, cases[0], cases[1], disclosures[0], disclosures[1], similar[0], similar[1])
		}
		if !slices.IsSortedFunc(cases[0], func(a, b int64) int { return int(b - a) }) {
			t.Fatal("not the newest first")
		}
		found += len(cases[0])
	}
	if found < 300 || opened < 100 {
		t.Errorf("only %d hits in 600 searches, %d of them confidential", found, opened)
	}
}

// What is found follows the case: its text as it is now, and nothing once it has become
// confidential.
func TestIndexFollows(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := NewWorld(t, s, 31)
		c := w.Case()
		c.Subject, c.Text, c.Classification, c.State = "Anggaran sekolah", "marker77", models.Public, models.StateRegistered
		index := func() {
			w.Tx(func(tx *store.Tx) error {
				if err := tx.UpdateCase(c); err != nil {
					return err
				}
				return tx.IndexCase(c)
			})
		}
		w.Tx(func(tx *store.Tx) error { return tx.Insert(c) })
		sight := models.Sight{Desk: true, WholeBody: true, Clearance: models.Restricted}
		hits := func(q string) int {
			t.Helper()
			n, err := s.Read(ctx).QueueCount(sight, store.QueueFilter{Terms: s.Terms(q)}, 10)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		index()
		index()
		if hits("marker77") != 1 || hits("penganggaran bersekolah") != 1 || hits("marker77 lain2") != 0 {
			t.Error("not found by its words")
		}
		c.Text = "other88"
		index()
		if hits("marker77") != 0 || hits("other88") != 1 {
			t.Error("found by words it no longer has")
		}
		for _, class := range []models.Class{models.Confidential, "unknown"} {
			c.Classification = class
			index()
			if hits("other88") != 0 || hits("anggaran") != 0 {
				t.Errorf("a %s case is in the index", class)
			}
			sight.Clearance = models.Confidential
			if hits(c.Reference) != 1 || hits("other88") != 1 || hits("penganggaran") != 1 || hits("marker77") != 0 {
				t.Error("neither its reference nor its words find it for one who may see it")
			}
			sight.Clearance = models.Restricted
			c.Classification = models.Restricted
			index()
			if hits("other88") != 1 {
				t.Error("not found again after it was declassified")
			}
		}
	})
}

// An index of an older form counts as a migration that waits, and is made anew by it.
func TestIndexOfAnOlderForm(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := NewWorld(t, s, 33)
		c := w.Case()
		c.Subject, c.Classification, c.State = "Anggaran marker99", models.Public, models.StateRegistered
		w.Tx(func(tx *store.Tx) error { return tx.Insert(c) }) // in no index
		found := func() int {
			n, err := s.Read(ctx).QueueCount(models.Sight{Desk: true, WholeBody: true, Clearance: models.Restricted}, store.QueueFilter{Terms: s.Terms("marker99")}, 10)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		if st, err := s.Status(ctx); err != nil || len(st.Pending) > 0 || found() != 0 {
			t.Fatal(st, err)
		}
		if err := s.AgreeAnew(ctx, "search index", "1"); err != nil {
			t.Fatal(err)
		}
		if st, err := s.Status(ctx); err != nil || len(st.Pending) != 1 {
			t.Error("nothing waits", st, err)
		}
		if applied, err := s.Migrate(ctx); err != nil || len(applied) != 1 {
			t.Error(applied, err)
		}
		if st, err := s.Status(ctx); err != nil || len(st.Pending) > 0 || found() != 1 {
			t.Error("not found after the migration", st, err)
		}
	})
}

// Confidential cases are opened one by one for who may see them, in order among the others, and
// where there are too many of them the search says so.
func TestSearchConfidential(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := NewWorld(t, s, 34)
		const walked = 500
		file := func(n int, class models.Class, text string) (ids []int64) {
			w.Tx(func(tx *store.Tx) error {
				for range n {
					c := w.Case()
					c.BodyID, c.State, c.Classification, c.Subject, c.Text, c.UnitID, c.OfficerID = w.Bodies[0].ID, models.StateRegistered, class, "Perihal", text, nil, nil
					if err := tx.Insert(c); err != nil {
						return err
					}
					if err := tx.IndexCase(c); err != nil {
						return err
					}
					ids = append(ids, c.ID)
				}
				return nil
			})
			return ids
		}
		old := file(1, models.Confidential, "langka sekali")
		var want []int64
		for i := range 20 {
			want = append(want, file(1, models.Classes[i%3], "langka pula")...)
		}
		slices.Reverse(want)
		r := s.Read(ctx)
		sight := models.Sight{Desk: true, BodyID: &w.Bodies[0].ID, WholeBody: true, Clearance: models.Confidential}
		f := store.QueueFilter{Terms: s.Terms("langka")}
		search := func(limit int) (ids []int64, short bool) {
			t.Helper()
			for next := ""; ; {
				rows, after, more, err := r.Search(sight, f, next, limit)
				if err != nil {
					t.Fatal(err)
				}
				short = short || more
				for _, row := range rows {
					if row.Subject != "Perihal" {
						t.Fatalf("subject %q", row.Subject)
					}
					ids = append(ids, row.ID)
				}
				if next = after; next == "" {
					return ids, short
				}
			}
		}
		for _, limit := range []int{1, 4, 50} {
			if got, short := search(limit); short || !slices.Equal(got, append(slices.Clone(want), old...)) {
				t.Errorf("pages of %d: %v, short %v", limit, got, short)
			}
		}
		file(walked, models.Confidential, "lain")
		if got, short := search(50); !short || len(got) != 14 { // the public and restricted ones, from the index
			t.Errorf("behind %d others: %d found, short %v", walked, len(got), short)
		}
		f.Terms = s.Terms("langka pula")
		sight.BodyID = &w.Bodies[1].ID
		if got, _ := search(50); len(got) != 0 {
			t.Errorf("another body's officer finds %v", got)
		}
		sight.BodyID, sight.WholeBody, sight.OfficerID = &w.Bodies[0].ID, false, w.Officers[0].ID
		if got, short := search(50); short || len(got) != 14 {
			t.Errorf("an officer without the need to know finds %d, short %v", len(got), short)
		}
	})
}

// The disclosure log shows nothing whose case is public no longer, by any door.
func TestDisclosureFollows(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := NewWorld(t, s, 32)
		c := w.Case()
		c.Classification, c.PublishedAt = models.Public, &Start
		d := &models.Disclosure{Title: "Anggaran sekolah", Summary: "ringkas", Answer: "jawab", PublishedAt: Start, BodyID: c.BodyID, Reference: c.Reference}
		w.Tx(func(tx *store.Tx) error {
			if err := tx.Insert(c); err != nil {
				return err
			}
			d.CaseID = c.ID
			if err := tx.Insert(d); err != nil {
				return err
			}
			return tx.IndexDisclosure(d)
		})
		shown := func() (n int) {
			t.Helper()
			r := s.Read(ctx)
			for _, terms := range [][]string{nil, s.Terms("anggaran"), s.Terms(d.Reference)} {
				rows, _, err := r.SearchDisclosures(terms, &d.BodyID, "", 10)
				if err != nil {
					t.Fatal(err)
				}
				n += len(rows)
			}
			rows, err := r.SimilarDisclosures(s.Terms("sekolah lain"), nil, 10)
			if err != nil {
				t.Fatal(err)
			}
			n += len(rows)
			if _, err := r.DisclosureByReference(d.Reference); err == nil {
				n++
			} else if models.CodeOf(err) != "case_not_found" {
				t.Fatal(err)
			}
			return n
		}
		if n := shown(); n != 5 {
			t.Errorf("%d of 5 doors show it", n)
		}
		c.Classification = models.Restricted
		w.Tx(func(tx *store.Tx) error { return tx.UpdateCase(c) })
		if n := shown(); n != 0 {
			t.Errorf("%d doors show a case that is not public", n)
		}
		c.Classification, c.PublishedAt = models.Public, nil
		w.Tx(func(tx *store.Tx) error { return tx.UpdateCase(c) })
		if n := shown(); n != 0 {
			t.Errorf("%d doors show a case that is not published", n)
		}
		c.PublishedAt = &Start
		w.Tx(func(tx *store.Tx) error {
			if err := tx.UpdateCase(c); err != nil {
				return err
			}
			return tx.UnindexDisclosure(d)
		})
		if n := shown(); n != 3 {
			t.Errorf("%d doors show an entry out of the index; expected the list, the reference and the page", n)
		}
	})
}

// Searching in a queue finds what is in both, whichever way the database goes about it.
func TestSearchInQueue(t *testing.T) {
	Each(t, func(t *testing.T, s *store.Store) {
		w := NewWorld(t, s, 33)
		w.Bulk(6000) // so that a common word is beyond what is asked case by case
		r := s.Read(ctx)
		o := w.Officers[2]
		sight := models.SightOf(models.Actor{Kind: models.ByOfficer, OfficerID: o.ID, Role: o.Role, BodyID: o.BodyID, Clearance: models.Restricted})
		now := Start.Add(3000 * 60e9)
		for _, terms := range [][]string{s.Terms("anggaran"), s.Terms("anggaran jalan"), s.Terms("tidakada"), s.Terms("dana desa sekolah budget")} {
			found := idsOf(pages(t, r, sight, store.QueueFilter{Terms: terms}, 500))
			for _, q := range []string{"mine", "unit", "unassigned", "due_soon", "overdue", "open", "ended"} {
				f := store.QueueFilter{Queue: q, OfficerID: o.ID, UnitIDs: []int64{*o.UnitID}, Now: now}
				var want []int64
				for _, id := range idsOf(pages(t, r, sight, f, 500)) {
					if _, ok := slices.BinarySearch(found, id); ok {
						want = append(want, id)
					}
				}
				f.Terms = terms
				if got := idsOf(pages(t, r, sight, f, 23)); !slices.Equal(got, want) {
					t.Errorf("%v in %s: %d found, expected %d", terms, q, len(got), len(want))
				}
				if n, err := r.QueueCount(sight, f, 10_000); err != nil || n != len(want) {
					t.Errorf("%v in %s: %d counted, expected %d: %v", terms, q, n, len(want), err)
				}
			}
		}
	})
}
