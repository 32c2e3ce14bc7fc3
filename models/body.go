package models

import "time"

// Body is a public body that must answer. One installation serves several.
type Body struct {
	ID                     int64  `gorm:"primaryKey"`
	Slug                   string `gorm:"uniqueIndex"`
	Name                   string
	About                  string
	Pack                   string // law pack in force for new cases
	Zone                   string // IANA zone its office keeps, "" for the pack's
	WorksOnCollectiveLeave bool   // cuti bersama counts as a working day here
	Version                int64
	CreatedAt              time.Time
}

// Unit is a part of a body; units form a tree.
type Unit struct {
	ID        int64 `gorm:"primaryKey"`
	BodyID    int64 `gorm:"index"`
	ParentID  *int64
	Slug      string // unique in the body; the pack's routing names it
	Name      string
	CreatedAt time.Time
}

// Below lists root and every unit under it.
func Below(units []Unit, root int64) []int64 {
	ids := []int64{root}
	for i := 0; i < len(ids); i++ {
		for _, u := range units {
			if u.ParentID != nil && *u.ParentID == ids[i] {
				ids = append(ids, u.ID)
			}
		}
	}
	return ids
}
