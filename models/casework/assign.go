package casework

import (
	"context"
	"strings"

	"terang/models"
	"terang/policies"
)

// Assign gives the case to an officer, to a unit, or both. The officer must be
// enabled, of the body, on the chain and cleared for the case's class.
func (s *Service) Assign(ctx context.Context, a models.Actor, ref string, in AssignInput) (*models.Case, error) {
	return s.change(ctx, a, ref, in.Version, laterCheck, func(w *work) error {
		var check models.Check
		check.Field(in.Officer != "" || in.Unit != "", "officer", "officer_or_unit_required")
		if err := check.Err(); err != nil {
			return err
		}
		// Taking a case oneself is open to more than handing it to others; asked
		// before the unit changes, so that a case cannot be pulled into reach.
		self := false
		if in.Officer != "" && in.Unit == "" && a.Kind == models.ByOfficer {
			if o, err := w.OfficerByEmail(strings.ToLower(in.Officer)); err == nil {
				self = o.ID == a.OfficerID
			}
		}
		action := policies.ActAssign
		if self {
			action = policies.ActAssignSelf
		}
		if err := w.allowed(action); err != nil {
			return err
		}
		data := models.EventData{}
		if in.Unit != "" {
			u, err := w.UnitBySlug(w.body.ID, in.Unit)
			if models.KindOf(err) == models.NotFound {
				check.Field(false, "unit", "unit_unknown")
			} else if err != nil {
				return err
			} else {
				w.c.UnitID, w.unit, w.c.OfficerID = &u.ID, u, nil
				data.New = u.Slug
			}
		}
		if in.Officer != "" {
			o, err := w.OfficerByEmail(strings.ToLower(in.Officer))
			switch {
			case models.KindOf(err) == models.NotFound:
				check.Field(false, "officer", "officer_unknown")
			case err != nil:
				return err
			case o.Disabled || o.BodyID == nil || *o.BodyID != w.body.ID || !o.Role.OnChain():
				check.Field(false, "officer", "officer_not_of_body")
			case o.Clearance.Level() < w.c.Classification.Level():
				check.Field(false, "officer", "officer_not_cleared")
			default:
				w.c.OfficerID = &o.ID
				data.Officer = o.Name
				if w.c.UnitID == nil && o.UnitID != nil {
					u, err := w.Unit(*o.UnitID)
					if err != nil {
						return err
					}
					w.c.UnitID, w.unit = &u.ID, u
				}
			}
		}
		if err := check.Err(); err != nil {
			return err
		}
		was := w.c.State
		if err := w.c.Move(models.ActAssign); err != nil {
			return err
		}
		if err := w.record("case.assigned", "", "", data); err != nil || was != models.StateRegistered {
			return err
		}
		return w.record("case.reviewed", "", "", models.EventData{})
	})
}
