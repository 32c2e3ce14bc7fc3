package casework_test

import (
	"slices"
	"testing"
	"time"

	"terang/models"
	"terang/models/casework"
	"terang/models/casework/caseworktest"
	"terang/models/store"
	"terang/models/store/storetest"
)

func TestStatistics(t *testing.T) { storetest.EachConfig(t, testStatistics) }

func testStatistics(t *testing.T, cfg store.Config) {
	st, err := store.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	s := caseworktest.On(t, st)
	start := s.Now()
	// Answered after 2, 5 and, late, 16 working days from Wednesday 7 January.
	for i, days := range []int{2, 7, 22} {
		s.Set(start)
		c, _, _ := s.Given(caseworktest.Request())
		s.Set(start.AddDate(0, 0, days))
		in := casework.DecideInput{Version: c.Version, Outcome: models.Granted, Text: "Terlampir."}
		if i == 1 {
			in = caseworktest.Refusal(c.Version)
		}
		if _, err := s.Decide(s.Ctx, s.As("officer"), c.Reference, in); err != nil {
			t.Fatal(err)
		}
	}
	s.Set(start)
	s.Given(caseworktest.Complaint())
	secret, _, _ := s.Given(caseworktest.Request())
	if _, err := s.Classify(s.Ctx, s.As("officer"), secret.Reference, casework.ClassifyInput{Version: secret.Version, Classification: models.Confidential, Exemption: "h", Reason: "Rahasia."}); err != nil {
		t.Fatal(err)
	}
	s.Set(start.AddDate(0, 1, 0))
	in := casework.StatInput{From: start.Add(-time.Hour), To: s.Now().Add(time.Hour)}
	got, err := s.Statistics(s.Ctx, s.As("auditor"), in)
	if err != nil {
		t.Fatal(err)
	}
	if want := []casework.KindFigure{{Kind: models.Complaint, N: 1}, {Kind: models.Request, N: 4}}; !slices.Equal(got.Received, want) || got.Suppressed {
		t.Errorf("received %+v", got.Received)
	}
	if want := []casework.OutcomeFigure{{models.Request, models.Granted, 2, 1}, {models.Request, models.Refused, 1, 0}}; !slices.Equal(got.Answered, want) {
		t.Errorf("answered %+v", got.Answered)
	}
	// 9, 14 and 29 January; 16 January is a holiday.
	if len(got.Days) != 1 || got.Days[0].MedianCalendar != 7 || got.Days[0].MedianWorking != 5 || got.Days[0].MeanWorking != (2.0+5+15)/3 || got.Days[0].N != 3 {
		t.Errorf("days %+v", got.Days)
	}
	if want := []casework.KeyFigure{{Key: "h", N: 1}}; !slices.Equal(got.Grounds, want) {
		t.Errorf("grounds %+v", got.Grounds)
	}
	// An auditor without clearance is not told of one confidential case.
	plain := s.AddPlain("terbatas@dinas.test", models.Auditor, "dinas", models.Public)
	if got, err = s.Statistics(s.Ctx, plain, in); err != nil || !got.Suppressed || got.Received[1].N != 3 {
		t.Errorf("%+v %v", got, err)
	}
	in.To = in.From
	if _, err := s.Statistics(s.Ctx, plain, in); models.KindOf(err) != models.Invalid {
		t.Errorf("nothing: %v", err)
	}
	in.To = s.Now()
	for _, who := range []string{"agent", "officer", "superior", "admin@terang.test"} {
		if _, err := s.Statistics(s.Ctx, s.As(who), in); models.KindOf(err) != models.Forbidden {
			t.Errorf("%s: %v", who, err)
		}
	}
	in.Body = "lain"
	if _, err := s.Statistics(s.Ctx, plain, in); models.KindOf(err) != models.NotFound {
		t.Errorf("another body: %v", err)
	}
}
