package channels

import (
	"testing"

	"terang/models"
	"terang/models/store"
)

// breakRow puts a message into the outbox that nothing can be read from.
func (o *office) breakRow(t *testing.T, c *models.Case) {
	t.Helper()
	rows, err := o.Store.Read(o.Ctx).WaitingOutgoing(0, 9)
	if err != nil || len(rows) != 1 {
		t.Fatal(err)
	}
	if err := o.Store.WithTx(o.Ctx, func(tx *store.Tx) error {
		if err := tx.MarkSent(rows[0].ID, o.Now()); err != nil {
			return err
		}
		return tx.Insert(&models.Outgoing{CaseID: &c.ID, Kind: "filed", To: citizen, Lang: "id", Data: "{", CreatedAt: o.Now()})
	}); err != nil {
		t.Fatal(err)
	}
}
