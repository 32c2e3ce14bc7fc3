package casework_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"terang/models"
	"terang/models/casework"
	ct "terang/models/casework/caseworktest"
	"terang/models/store/storetest"
	"terang/policies"
)

// three opens a scene with two more instances beside it, on one PostgreSQL.
func three(t *testing.T) (*ct.Scene, []*casework.Service) {
	t.Helper()
	c := storetest.PostgresConfig(t)
	s := ct.On(t, storetest.Open(t, c))
	all := []*casework.Service{s.Service}
	for range 2 {
		st := storetest.Open(t, c)
		if err := st.Unlock(t.Context()); err != nil {
			t.Fatal(err)
		}
		all = append(all, ct.Another(s, st))
	}
	return s, all
}

// A decree that one instance adds dates what the others file from then on, and what
// recomputes after it misses none that was being filed meanwhile.
func TestDecreeOfAnotherInstance(t *testing.T) {
	s, all := three(t)
	for _, svc := range all {
		if _, err := svc.File(s.Ctx, ct.Anyone, ct.Request()); err != nil { // each has read the decrees
			t.Fatal(err)
		}
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for _, svc := range all {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := svc.File(s.Ctx, ct.Anyone, ct.Request()); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	time.Sleep(150 * time.Millisecond)
	list, err := policies.ParseHolidays("uji", strings.NewReader("2026-01-01\n2026-01-16\n2026-01-20\n2026-02-17\n"))
	if err != nil {
		t.Fatal(err)
	}
	if err := all[0].AddDecree(s.Ctx, models.System, casework.DecreeInput{Pack: "id", Decree: "SKB", Year: 2026, Issued: "2026-01-06", List: list}); err != nil {
		t.Fatal(err)
	}
	if _, err := all[0].Recompute(s.Ctx, models.System, "SKB", func(casework.Recomputed) {}); err != nil {
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond)
	close(stop)
	wg.Wait()
	last, err := all[2].File(s.Ctx, ct.Anyone, ct.Request())
	if err != nil {
		t.Fatal(err)
	}
	own, err := all[0].File(s.Ctx, ct.Anyone, ct.Request())
	if err != nil || own.Case.DueOn != last.Case.DueOn {
		t.Errorf("due %s at one instance and %s at another: %v", own.Case.DueOn, last.Case.DueOn, err)
	}
	s.Check()
}

// What is taken from an officer at one instance is gone at every other with the next request;
// failures at the door count wherever they happen.
func TestAuthorityOfAnotherInstance(t *testing.T) {
	s, all := three(t)
	token, _, err := all[0].SignIn(s.Ctx, "agent@dinas.test", ct.Password, "a")
	if err != nil {
		t.Fatal(err)
	}
	for _, svc := range all {
		if _, err := svc.Session(s.Ctx, token); err != nil {
			t.Error(err)
		}
	}
	if err := all[1].DisableOfficer(s.Ctx, s.As("admin@terang.test"), "agent@dinas.test"); err != nil {
		t.Fatal(err)
	}
	for _, svc := range all {
		if _, err := svc.Session(s.Ctx, token); models.KindOf(err) != models.Unauthorized {
			t.Errorf("a disabled officer is still let in: %v", err)
		}
	}
	for i := range 10 {
		if _, _, err := all[i%3].SignIn(s.Ctx, "unit_head@dinas.test", "salah sekali", "b"); models.KindOf(err) != models.Unauthorized {
			t.Errorf("try %d: %v", i, err)
		}
	}
	for _, svc := range all {
		if _, _, err := svc.SignIn(s.Ctx, "unit_head@dinas.test", ct.Password, "b"); models.CodeOf(err) != "too_many_tries" {
			t.Errorf("an instance does not know of the failures at the others: %v", err)
		}
	}
}

// A clock that was a day ahead and is put right keeps nobody out for that day, and lets
// nobody in for longer.
func TestClockPutRight(t *testing.T) {
	s := ct.New(t)
	c, _, key := s.Given(ct.Request())
	s.Pass(24 * time.Hour)
	token, _, err := s.SignIn(s.Ctx, "agent@dinas.test", ct.Password, "a")
	if err != nil {
		t.Fatal(err)
	}
	for range 11 {
		s.Unlock(s.Ctx, c.Reference, models.NewKey(), "a")
	}
	if _, _, err := s.Unlock(s.Ctx, c.Reference, key, "a"); models.CodeOf(err) != "too_many_tries" {
		t.Fatal(err)
	}
	s.Pass(-24 * time.Hour)
	if _, _, err := s.Unlock(s.Ctx, c.Reference, key, "a"); err != nil {
		t.Errorf("kept out by failures of a day that is not yet: %v", err)
	}
	for range 11 {
		s.Unlock(s.Ctx, c.Reference, models.NewKey(), "a")
	}
	if _, _, err := s.Unlock(s.Ctx, c.Reference, key, "a"); models.CodeOf(err) != "too_many_tries" {
		t.Errorf("failures are not counted after the clock was put right: %v", err)
	}
	if _, err := s.Session(s.Ctx, token); err != nil {
		t.Errorf("signed out by a clock that was put right: %v", err)
	}
	s.Pass(24*time.Hour + models.SessionAbsolute + time.Minute)
	if _, err := s.Session(s.Ctx, token); models.KindOf(err) != models.Unauthorized {
		t.Errorf("a session outlived its end: %v", err)
	}
	if err := s.ClockSetBack(s.Ctx, s.Now(), s.Now().Add(-24*time.Hour)); err != nil {
		t.Error(err)
	}
	s.Check()
}
