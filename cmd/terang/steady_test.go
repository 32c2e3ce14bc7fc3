package main

import (
	"testing"
	"time"
)

// A clock that is set back a little is waited for; one that is set back by much is followed,
// and that is told once.
func TestSteadyClock(t *testing.T) {
	wall := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	type step struct{ from, to time.Time }
	told := make(chan step, 10)
	c := &steady{wall: func() time.Time { return wall }, back: func(from, to time.Time) { told <- step{from, to} }}
	at := func(set time.Time, want time.Time) {
		t.Helper()
		wall = set
		if got := c.Now(); !got.Equal(want) {
			t.Errorf("at %s the time is %s, want %s", set.Format(time.TimeOnly), got.Format(time.TimeOnly), want.Format(time.TimeOnly))
		}
	}
	nine := wall
	at(nine, nine)
	at(nine.Add(time.Minute), nine.Add(time.Minute))
	at(nine.Add(-heldBack+2*time.Minute), nine.Add(time.Minute))
	at(nine.Add(30*time.Second), nine.Add(time.Minute))
	at(nine.Add(2*time.Minute), nine.Add(2*time.Minute))
	if len(told) != 0 {
		t.Error("a small step was told")
	}
	// It had run a year ahead, and is put right.
	ahead := nine.AddDate(1, 0, 0)
	at(ahead, ahead)
	at(nine, nine)
	if got := <-told; !got.from.Equal(ahead) || !got.to.Equal(nine) {
		t.Errorf("told of %+v", got)
	}
	at(nine.Add(time.Second), nine.Add(time.Second))
	// A restart begins where the record ends.
	c.notBefore(nine.Add(5 * time.Minute))
	at(nine.Add(2*time.Second), nine.Add(5*time.Minute))
	if len(told) != 0 {
		t.Error("told of what was not")
	}
}
