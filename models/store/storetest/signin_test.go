package storetest

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"terang/models"
	"terang/models/store"
)

// What proves an officer counts once, whoever comes with it at the same time; and what is
// taken away is gone.
func TestSecondFactors(t *testing.T) {
	ctx := context.Background()
	Each(t, func(t *testing.T, s *store.Store) {
		w := NewWorld(t, s, 7)
		o, other := w.Officers[0].ID, w.Officers[1].ID
		r := s.Read(ctx)
		w.Tx(func(tx *store.Tx) error {
			for _, who := range []int64{o, other} {
				if err := tx.PutAuthenticator(&models.Authenticator{OfficerID: who, Coming: "a", CreatedAt: Start}); err != nil {
					return err
				}
				if err := tx.Insert(&models.RecoveryCode{OfficerID: who, Hash: "h", CreatedAt: Start}); err != nil {
					return err
				}
			}
			return tx.PutAuthenticator(&models.Authenticator{OfficerID: o, Sealed: "b", LastStep: 10, CreatedAt: Start, ConfirmedAt: &Start})
		})
		if a, err := r.Authenticator(o); err != nil || a == nil || a.Sealed != "b" || a.Coming != "" || a.LastStep != 10 || a.ConfirmedAt == nil || !a.ConfirmedAt.Equal(Start) {
			t.Fatalf("%+v %v", a, err)
		}
		once := func(what string, spend func(tx *store.Tx) (bool, error)) {
			t.Helper()
			var wg sync.WaitGroup
			var spent atomic.Int64
			for range 8 {
				wg.Go(func() {
					// PostgreSQL may run it again: what counts is what was committed.
					ok := false
					err := s.WithTx(ctx, func(tx *store.Tx) (err error) { ok, err = spend(tx); return err })
					if err != nil {
						t.Error(err)
					} else if ok {
						spent.Add(1)
					}
				})
			}
			wg.Wait()
			if spent.Load() != 1 {
				t.Errorf("%s counted %d times", what, spent.Load())
			}
		}
		once("a code of an app", func(tx *store.Tx) (bool, error) { return tx.SpendStep(o, 11) })
		once("a code on paper", func(tx *store.Tx) (bool, error) { return tx.SpendRecoveryCode(o, "h", Start) })
		w.Tx(func(tx *store.Tx) error {
			if ok, err := tx.SpendStep(o, 10); ok || err != nil {
				t.Error("an older code counted", err)
			}
			if ok, err := tx.SpendRecoveryCode(o, "x", Start); ok || err != nil {
				t.Error("a wrong code counted", err)
			}
			return nil
		})
		if n, err := r.RecoveryCodesLeft(o); n != 0 || err != nil {
			t.Error(n, err)
		}
		if n, err := r.RecoveryCodesLeft(other); n != 1 || err != nil {
			t.Error("another officer's code is gone:", n, err)
		}

		w.Tx(func(tx *store.Tx) error {
			return tx.Insert(&models.Passkey{OfficerID: o, CredentialID: "c", Record: "{}", Name: "n", CreatedAt: Start})
		})
		k, err := r.PasskeyByCredential("c")
		if err != nil || k == nil || k.OfficerID != o {
			t.Fatal(k, err)
		}
		if none, err := r.PasskeyByCredential("d"); none != nil || err != nil {
			t.Error(none, err)
		}
		w.Tx(func(tx *store.Tx) error {
			if ok, err := tx.DeletePasskey(other, k.ID); ok || err != nil {
				t.Error("another officer took the passkey away", err)
			}
			return tx.UsePasskey(k.ID, `{"n":1}`, Start.Add(time.Minute))
		})
		if list, err := r.Passkeys(o); err != nil || len(list) != 1 || list[0].Record != `{"n":1}` || list[0].UsedAt == nil {
			t.Errorf("%+v %v", list, err)
		}

		// A session that proves more ends its token at once; the others end when asked.
		a, b := &models.Session{TokenHash: "s1", OfficerID: o, CreatedAt: Start, RotatedAt: Start, SeenAt: Start, ExpiresAt: Start.Add(time.Hour), Way: models.WayPassword},
			&models.Session{TokenHash: "s2", OfficerID: o, CreatedAt: Start, RotatedAt: Start, SeenAt: Start, ExpiresAt: Start.Add(time.Hour), Way: models.WayPassword}
		w.Tx(func(tx *store.Tx) error {
			if err := tx.PutSession(a); err != nil {
				return err
			}
			if err := tx.PutSession(b); err != nil {
				return err
			}
			return tx.ProveSession(a.ID, "s3", true, Start.Add(time.Minute))
		})
		if _, err := r.Session("s1"); models.CodeOf(err) != "no_session" {
			t.Error("the token from before the proof opens the session:", err)
		}
		if got, err := r.Session("s3"); err != nil || got.ProvedAt == nil || got.ConfirmedAt == nil || !got.ProvedAt.Equal(Start.Add(time.Minute)) {
			t.Errorf("%+v %v", got, err)
		}
		w.Tx(func(tx *store.Tx) error {
			if ok, err := tx.DeleteSessionOf(other, a.ID); ok || err != nil {
				t.Error("another officer ended the session", err)
			}
			if n, err := tx.DeleteOtherSessions(o, a.ID); n != 1 || err != nil {
				t.Error(n, err)
			}
			return nil
		})
		if list, err := r.Sessions(o); err != nil || len(list) != 1 || list[0].ID != a.ID {
			t.Error(list, err)
		}

		// One account there is one account here.
		w.Tx(func(tx *store.Tx) error {
			return tx.Insert(&models.ProviderSubject{OfficerID: o, Issuer: "i", Subject: "s", CreatedAt: Start})
		})
		for _, twice := range []models.ProviderSubject{{OfficerID: other, Issuer: "i", Subject: "s", CreatedAt: Start}, {OfficerID: o, Issuer: "i", Subject: "t", CreatedAt: Start}} {
			err := s.WithTx(ctx, func(tx *store.Tx) error { return tx.Insert(&twice) })
			if models.CodeOf(err) != "duplicate" {
				t.Errorf("%+v: %v", twice, err)
			}
		}

		w.Tx(func(tx *store.Tx) error {
			if err := tx.Insert(&models.FactorReset{OfficerID: o, AskedID: &other, AskedBy: "x", AskedAt: Start, ExpiresAt: Start.Add(time.Hour)}); err != nil {
				return err
			}
			return tx.Insert(&models.PasswordAsk{Email: "e", Lang: "id", AskedAt: Start})
		})
		if list, err := r.FactorResets(w.Officers[0].BodyID, Start, 10); err != nil || len(list) != 1 {
			t.Error(list, err)
		}
		if list, err := r.FactorResets(nil, Start.Add(2*time.Hour), 10); err != nil || len(list) != 0 {
			t.Error("a reset outlived its time:", list, err)
		}
		if list, err := r.Confirmers(w.Officers[0].BodyID); err != nil || len(list) != 2 {
			t.Errorf("%d confirmers (%v)", len(list), err) // its administrator and its superior
		}
		asks, err := r.PasswordAsks(10)
		if err != nil || len(asks) != 1 {
			t.Fatal(asks, err)
		}
		once("a wish for a link", func(tx *store.Tx) (bool, error) { return tx.DeletePasswordAsk(asks[0].ID) })
	})
}
