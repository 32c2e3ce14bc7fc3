package casework

import (
	"context"

	"terang/models"
)

// A draft is filed under a retry key made of its own token, which only its writer holds. So
// whoever sends it again, because they pressed twice, or because the first answer never
// came, gets that answer with the key of the case, from any instance and after any crash,
// for as long as retries are remembered. The key itself is stored nowhere.
const draftScope = "draft"

func draftRetry(token string) FileInput {
	return FileInput{Scope: draftScope, IdempotencyKey: draftHash(token)}
}

// sent gives again what a draft became, to who holds its token; NotFound when nothing was
// filed from it.
func (s *Service) sent(ctx context.Context, token string) (Filed, error) {
	stored, _, key := s.idempotency(draftRetry(token))
	r := s.store.Read(ctx)
	row, err := r.Idempotent(stored)
	if err != nil {
		return Filed{}, err
	}
	if row == nil {
		return Filed{}, models.Refuse(models.NotFound, "draft_not_found")
	}
	f, _, err := s.replay(ctx, stored, row.Request, key)
	if err != nil || f.Case.RequesterID == nil {
		return f, err
	}
	who, err := r.Requester(*f.Case.RequesterID)
	if err != nil {
		return Filed{}, err
	}
	f.Email = who.Email
	return f, nil
}
