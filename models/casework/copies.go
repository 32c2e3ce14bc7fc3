package casework

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"terang/models"
	"terang/models/store"
)

// Copies multiplies cases that the verbs have made, for measuring: each copy has everything its
// pattern has, clocks, ledger, classes, rungs, decision, disclosure and events, under a
// reference, key, requester and text of its own. What holds of the pattern holds of the copy,
// because nothing that a rule looks at is changed.
type Copies struct {
	s      *Service
	groups []copied
}

// copied is a case with the objections to it.
type copied struct {
	members []pattern
}

type pattern struct {
	c           models.Case
	requester   *models.Requester
	clocks      []models.Clock
	entries     []models.ClockEntry
	classifieds []models.Classified
	rungs       []models.Rung
	decisions   []models.Decision
	messages    []models.Message
	disclosure  *models.Disclosure
	events      []models.Event
}

// Variation is what tells a copy from its pattern. More is put behind the texts, where no
// evidence of a rule's finding moves; it must be words that no rule looks for.
type Variation struct {
	SubjectMore, TextMore string
	Requester             RequesterInput
}

// CopiedKey is how a copy can be tracked.
type CopiedKey struct {
	Reference, Key string
	Subject, Text  string
}

// Copies reads every case there is as a pattern. It is meant for some thousand.
func (s *Service) Copies(ctx context.Context) (*Copies, error) {
	out := &Copies{s: s}
	r := s.store.Read(ctx)
	at := map[int64]int{} // case: its group
	for after := int64(0); ; {
		cases, err := r.CasesAfter(after, 500)
		if err != nil || len(cases) == 0 {
			return out, err
		}
		for i := range cases {
			p := pattern{c: cases[i]}
			after = p.c.ID
			if err := p.read(r); err != nil {
				return nil, err
			}
			if p.c.ParentID != nil {
				g := at[*p.c.ParentID]
				at[p.c.ID] = g
				out.groups[g].members = append(out.groups[g].members, p)
				continue
			}
			at[p.c.ID] = len(out.groups)
			out.groups = append(out.groups, copied{members: []pattern{p}})
		}
	}
}

func (p *pattern) read(r *store.Reader) (err error) {
	id := p.c.ID
	if p.c.RequesterID != nil {
		if p.requester, err = r.Requester(*p.c.RequesterID); err != nil {
			return err
		}
	}
	if p.clocks, err = r.Clocks(id); err != nil {
		return err
	}
	if p.entries, err = r.ClockEntries(id); err != nil {
		return err
	}
	if p.classifieds, err = r.Classifieds(id); err != nil {
		return err
	}
	if p.rungs, err = r.Rungs(id); err != nil {
		return err
	}
	if p.decisions, err = r.Decisions(id); err != nil {
		return err
	}
	if p.messages, err = r.Messages(id, 0, 500); err != nil {
		return err
	}
	if p.disclosure, err = r.Disclosure(id); err != nil {
		return err
	}
	p.events, _, err = r.Events(store.EventFilter{CaseID: &id}, "", 500)
	slices.SortFunc(p.events, func(a, b models.Event) int { return cmp.Compare(a.ID, b.ID) })
	return err
}

// Groups is how many patterns there are; each may be more than one case.
func (c *Copies) Groups() int { return len(c.groups) }

// Size is how many cases the n-th pattern is, with its objections.
func (c *Copies) Size(n int) int { return len(c.groups[n%len(c.groups)].members) }

// Batch is copies that were prepared and not yet written.
type Batch struct {
	Keys    []CopiedKey
	members []pattern
	parent  []int // of each member: which member it objects to; -1 for none
}

// Prepare makes copies of the given patterns. It reads nothing, so that it may run beside Write.
func (c *Copies) Prepare(groups []int, vary func(kind models.Kind) Variation) *Batch {
	b := &Batch{}
	for _, n := range groups {
		first := len(b.members)
		var swap []string
		of := &c.groups[n%len(c.groups)]
		for i := range of.members {
			p := of.members[i].copy()
			key := models.NewKey()
			v := vary(p.c.Kind)
			was := textHash(&p.c)
			swap = append(swap, p.c.Reference, models.NewReference())
			p.c.Reference, p.c.KeyHash = swap[len(swap)-1], models.HashKey(key)
			if p.c.Kind != models.Objection {
				p.c.Subject += v.SubjectMore
				p.c.Text += v.TextMore
			}
			swap = append(swap, was, textHash(&p.c))
			if p.requester != nil {
				q := v.Requester.row(p.requester.CreatedAt)
				q.Kind = p.requester.Kind
				p.requester = q
			}
			b.Keys = append(b.Keys, CopiedKey{p.c.Reference, key, p.c.Subject, p.c.Text})
			b.members = append(b.members, p)
			at := -1
			if i > 0 {
				at = first
			}
			b.parent = append(b.parent, at)
		}
		replace := strings.NewReplacer(swap...)
		for i := first; i < len(b.members); i++ {
			p := &b.members[i]
			for j := range p.events {
				e := &p.events[j]
				e.Reference, e.Data = p.c.Reference, replace.Replace(e.Data)
				e.Leaf, e.Canonical, e.Salt, e.LeafHash = nil, "", "", ""
			}
			if p.disclosure != nil {
				p.disclosure.Reference = p.c.Reference
			}
		}
	}
	return b
}

func (p *pattern) copy() pattern {
	q := *p
	q.clocks, q.entries, q.classifieds, q.rungs = slices.Clone(p.clocks), slices.Clone(p.entries), slices.Clone(p.classifieds), slices.Clone(p.rungs)
	q.decisions, q.messages, q.events = slices.Clone(p.decisions), slices.Clone(p.messages), slices.Clone(p.events)
	if p.disclosure != nil {
		d := *p.disclosure
		q.disclosure = &d
	}
	return q
}

// Write writes a batch in one transaction, with its events in the log and its words in the index.
func (c *Copies) Write(ctx context.Context, b *Batch) error {
	return c.s.store.WithTx(ctx, func(tx *store.Tx) error {
		if err := b.cases(tx); err != nil {
			return err
		}
		if err := b.clocks(tx); err != nil {
			return err
		}
		var classifieds []models.Classified
		var rungs []models.Rung
		var decisions []models.Decision
		var messages []models.Message
		var disclosures []models.Disclosure
		type placed struct {
			was int64
			e   models.Event
		}
		var log []placed
		for i := range b.members {
			p := &b.members[i]
			id := p.c.ID
			for _, x := range p.classifieds {
				x.ID, x.CaseID = 0, id
				classifieds = append(classifieds, x)
			}
			for _, x := range p.rungs {
				x.ID, x.CaseID = 0, id
				rungs = append(rungs, x)
			}
			for _, x := range p.decisions {
				x.ID, x.CaseID = 0, id
				decisions = append(decisions, x)
			}
			for _, x := range p.messages {
				x.ID, x.CaseID = 0, id
				messages = append(messages, x)
			}
			if p.disclosure != nil {
				p.disclosure.ID, p.disclosure.CaseID = 0, id
				disclosures = append(disclosures, *p.disclosure)
			}
			for _, e := range p.events {
				was := e.ID
				own := id
				e.ID, e.CaseID = 0, &own
				log = append(log, placed{was, e})
			}
		}
		for _, err := range []error{
			insertAll(tx, classifieds), insertAll(tx, rungs), insertAll(tx, decisions), insertAll(tx, messages), insertAll(tx, disclosures),
		} {
			if err != nil {
				return err
			}
		}
		// In the order in which the patterns' were written: the last of a case stays the last.
		slices.SortStableFunc(log, func(a, b placed) int { return cmp.Compare(a.was, b.was) })
		events := make([]models.Event, len(log))
		for i := range log {
			events[i] = log[i].e
		}
		if err := tx.AppendPlaced(c.s.signer, events, c.s.now()); err != nil {
			return err
		}
		for i := range b.members {
			if err := tx.IndexCase(&b.members[i].c); err != nil {
				return err
			}
		}
		for i := range disclosures {
			if err := tx.IndexDisclosure(&disclosures[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

func insertAll[T any](tx *store.Tx, rows []T) error {
	if len(rows) == 0 {
		return nil
	}
	return tx.InsertAll(&rows)
}

// cases writes requesters, cases, and then the objections to them.
func (b *Batch) cases(tx *store.Tx) error {
	var requesters []models.Requester
	var whose []int
	for i := range b.members {
		if q := b.members[i].requester; q != nil {
			requesters = append(requesters, *q)
			whose = append(whose, i)
		}
	}
	if err := insertAll(tx, requesters); err != nil {
		return err
	}
	for k, i := range whose {
		id := requesters[k].ID
		b.members[i].c.RequesterID = &id
	}
	for _, objections := range []bool{false, true} {
		var rows []models.Case
		var at []int
		for i := range b.members {
			if p := &b.members[i]; (b.parent[i] >= 0) == objections {
				p.c.ID, p.c.SealKey = 0, ""
				if objections {
					parent := b.members[b.parent[i]].c.ID
					p.c.ParentID = &parent
				}
				rows = append(rows, p.c)
				at = append(at, i)
			}
		}
		if err := insertAll(tx, rows); err != nil {
			return err
		}
		for k, i := range at {
			b.members[i].c = rows[k]
		}
	}
	return nil
}

func (b *Batch) clocks(tx *store.Tx) error {
	var clocks []models.Clock
	for i := range b.members {
		for _, k := range b.members[i].clocks {
			k.CaseID, k.ID = b.members[i].c.ID, 0
			clocks = append(clocks, k)
		}
	}
	if err := insertAll(tx, clocks); err != nil {
		return err
	}
	var entries []models.ClockEntry
	n := 0
	for i := range b.members {
		ids := map[int64]int64{}
		for _, k := range b.members[i].clocks {
			ids[k.ID] = clocks[n].ID
			n++
		}
		for _, e := range b.members[i].entries {
			e.ID, e.CaseID, e.ClockID = 0, b.members[i].c.ID, ids[e.ClockID]
			entries = append(entries, e)
		}
	}
	return insertAll(tx, entries)
}
