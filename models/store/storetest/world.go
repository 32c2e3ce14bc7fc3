package storetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"terang/models"
	"terang/models/store"
)

// Start is the instant tests begin at.
var Start = time.Date(2026, 3, 2, 1, 2, 3, 0, time.UTC)

// World is a populated database.
type World struct {
	T        testing.TB
	S        *store.Store
	R        *rand.Rand
	Bodies   []models.Body
	Units    []models.Unit // two a body
	Officers []models.Officer
}

// NewWorld makes bodies, units and officers. The same seed makes the same world.
func NewWorld(t testing.TB, s *store.Store, seed uint64) *World {
	t.Helper()
	w := &World{T: t, S: s, R: rand.New(rand.NewPCG(seed, 1))}
	w.Tx(func(tx *store.Tx) error {
		for i := range 3 {
			b := models.Body{Slug: fmt.Sprintf("body-%d", i), Name: fmt.Sprintf("Body %d", i), Pack: "id", Version: 1, CreatedAt: Start}
			if err := tx.Insert(&b); err != nil {
				return err
			}
			w.Bodies = append(w.Bodies, b)
			for j := range 2 {
				u := models.Unit{BodyID: b.ID, Slug: fmt.Sprintf("unit-%d", j), Name: fmt.Sprintf("Unit %d of %d", j, i), CreatedAt: Start}
				if err := tx.Insert(&u); err != nil {
					return err
				}
				w.Units = append(w.Units, u)
			}
			for j, role := range models.Roles {
				o := models.Officer{
					Email: fmt.Sprintf("o%d-%d@example.org", i, j), Name: fmt.Sprintf("Officer %d-%d", i, j), Role: role, BodyID: new(b.ID),
					UnitID: new(w.Units[2*i+j%2].ID), Clearance: models.Classes[j%3], Version: 1, CreatedAt: Start,
				}
				if err := tx.Insert(&o); err != nil {
					return err
				}
				w.Officers = append(w.Officers, o)
			}
		}
		return nil
	})
	return w
}

// Tx runs one transaction that must succeed.
func (w *World) Tx(fn func(*store.Tx) error) {
	w.T.Helper()
	if err := w.S.WithTx(context.Background(), fn); err != nil {
		w.T.Fatal(err)
	}
}

func pick[T any](r *rand.Rand, list ...T) T { return list[r.IntN(len(list))] }

// words that cases are made of.
var caseWords = strings.Fields(`anggaran pendidikan jalan rusak pelayanan kesehatan dokumen pengadaan permohonan informasi
	tentang penggunaan dana desa keputusan kepala dinas laporan keuangan daerah izin lingkungan budget report school road hospital documents`)

// Text makes a text of n words.
func (w *World) Text(n int) string {
	out := make([]string, n)
	for i := range out {
		out[i] = pick(w.R, caseWords...)
	}
	return strings.Join(out, " ")
}

// Case makes a plausible case at random; it is not stored.
func (w *World) Case() *models.Case {
	b := pick(w.R, w.Bodies...)
	c := &models.Case{
		Reference: models.NewReference(), Kind: pick(w.R, models.Request, models.Complaint, models.Question, models.Objection), Channel: models.ChannelWeb, Lang: "id",
		BodyID: b.ID, Subject: w.Text(4), Text: w.Text(30), Anonymity: models.Open, Delivery: models.Electronic,
		State: pick(w.R, models.States...), Classification: pick(w.R, models.Public, models.Restricted, models.Confidential, models.Confidential, "unknown"),
		Pack: "id", PackVersion: "1", PackHash: "h",
		ReceivedAt: Start.Add(time.Duration(w.R.IntN(1000)) * time.Hour), RecordedAt: Start, Version: 1, UpdatedAt: Start,
	}
	if w.R.IntN(4) > 0 {
		// Few different instants, so that ties must be broken by id.
		due := Start.Add(time.Duration(w.R.IntN(60)) * 12 * time.Hour)
		c.DueAt, c.DueOn, c.Clock = &due, due.Format(time.DateOnly), "answer"
	}
	if w.R.IntN(2) == 0 {
		for _, u := range w.Units {
			if u.BodyID == b.ID && w.R.IntN(2) == 0 {
				c.UnitID = &u.ID
			}
		}
	}
	if w.R.IntN(2) == 0 {
		c.OfficerID = &w.Officers[w.R.IntN(len(w.Officers))].ID
	}
	if c.State.Ended() {
		c.Outcome = pick(w.R, models.Outcomes...)
		at := c.ReceivedAt.Add(time.Duration(w.R.IntN(500)) * time.Hour)
		c.AnsweredAt = &at
		if c.Classification == models.Public && w.R.IntN(2) == 0 {
			c.PublishedAt = &at
		}
	}
	return c
}

// Store writes a case, its terms, and sometimes rungs, of which it gives the roles.
func (w *World) Store(tx *store.Tx, c *models.Case) ([]models.Role, error) {
	n := w.R.IntN(3)
	if n > 0 {
		c.RungLevel = n
		c.RungRole = models.Roles[n]
	}
	if err := tx.Insert(c); err != nil {
		return nil, err
	}
	var roles []models.Role
	for i := 1; i <= n; i++ {
		r := models.Rung{CaseID: c.ID, Chain: "confidential", Level: i, Role: models.Roles[i], State: models.RungRaised, OpenedAt: Start, DueAt: Start.Add(time.Duration(w.R.IntN(100)) * time.Hour), Version: 1}
		if i == n {
			r.State = pick(w.R, models.RungOpen, models.RungAcknowledged)
			if r.State == models.RungAcknowledged {
				r.HolderID = &w.Officers[w.R.IntN(len(w.Officers))].ID
			}
		}
		if err := tx.Insert(&r); err != nil {
			return nil, err
		}
		roles = append(roles, r.Role)
	}
	return roles, tx.IndexCase(c)
}

// Event makes an event about a case as it stands.
func Event(c *models.Case, kind string, at time.Time) *models.Event {
	return &models.Event{
		Time: at, Kind: kind, CaseID: &c.ID, Reference: c.Reference, CaseKind: c.Kind, BodyID: &c.BodyID, Body: "body",
		ActorRole: "system", Actor: "terang", Classification: c.Classification, State: c.State, Outcome: c.Outcome,
		Clock: c.Clock, DueOn: c.DueOn, Pack: c.Pack, PackVersion: c.PackVersion, Data: "{}",
	}
}

// fill sets every field of a row to something other than its zero value. Ids of other
// rows become 1.
func fill(row any) {
	v := reflect.ValueOf(row).Elem()
	for i := range v.NumField() {
		name, f := v.Type().Field(i).Name, v.Field(i)
		if name == "ID" || name == "SealKey" || name == "WhoEmail" || name == "WhoIdentity" || name == "Sealed" { // the store's own
			continue
		}
		if f.Kind() == reflect.Pointer {
			f.Set(reflect.New(f.Type().Elem()))
			f = f.Elem()
		}
		switch {
		case f.Type() == reflect.TypeFor[time.Time]():
			// Another zone and nanoseconds: what comes back must be what was written.
			f.Set(reflect.ValueOf(Start.Add(time.Duration(i)*time.Hour + 123456789).In(time.FixedZone("WIB", 7*3600))))
		case f.Kind() == reflect.String:
			f.SetString(fmt.Sprintf("%s ‹%d› \"'?\n", name, i))
		case f.Kind() == reflect.Bool:
			f.SetBool(true)
		default:
			f.SetInt(1)
		}
	}
}
