package models

import "time"

// Clock is one running or stopped count of time on a case, pinned to the pack
// it was started under. Its due date re-derives from the ledger.
type Clock struct {
	ID        int64 `gorm:"primaryKey"`
	CaseID    int64 `gorm:"index"`
	Name      string
	Primary   bool // the clock the case is judged by
	StartedAt time.Time
	DayOne    string // YYYY-MM-DD in the body's zone
	DueOn     string
	DueAt     time.Time
	StoppedAt *time.Time
	Met       *bool      // set when it stopped
	LapsedAt  *time.Time // when its lapse was recorded; it may still be running
	Extended  bool
	Basis     string // JSON of the policies.Deadline that produced DueOn
	Version   int64
}

// Running says whether the clock still counts.
func (c *Clock) Running() bool { return c.StoppedAt == nil }

// ClockEntry is one line of the ledger of a clock: what started, paused,
// resumed, restarted, extended or stopped it, by whom, under which article.
type ClockEntry struct {
	ID      int64  `gorm:"primaryKey"`
	ClockID int64  `gorm:"index"`
	CaseID  int64  `gorm:"index"`
	Event   string // started paused resumed restarted extended recomputed stopped
	At      time.Time
	Why     string
	Article string
	Actor   string
	OldDue  string
	NewDue  string
}

// HolidayDecree is a decree of days off that an administrator added to a pack's own.
type HolidayDecree struct {
	ID        int64 `gorm:"primaryKey"`
	Pack      string
	Decree    string // its number, as it is cited
	Year      int
	Issued    string // YYYY-MM-DD
	Days      string // JSON of []policies.DecreedDay
	By        string
	CreatedAt time.Time
}
