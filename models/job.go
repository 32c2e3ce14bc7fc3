package models

import "time"

// Job is work that is done apart from the request that asked for it, by whichever
// instance takes it. It may be done more than once: whoever took it may die after the deed
// and before the note. Payload names rows by their ids and holds nothing of what people wrote.
type Job struct {
	ID        int64
	Kind      string
	Payload   string
	DedupeKey *string // one job at most bears it, for ever; nil for jobs that may repeat
	RunAt     time.Time
	LeaseTo   time.Time
	LeasedBy  string
	Attempts  int // the one under way included
	LastError string
	CreatedAt time.Time
	DoneAt    *time.Time
	DeadAt    *time.Time // given up after too many attempts: for a person to look at
}
