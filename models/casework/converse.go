package casework

import (
	"context"

	"terang/models"
	"terang/policies"
)

// AskClarification asks the requester something. Whether clocks stop meanwhile
// is the pack's to say; UU 14/2008 has no such pause.
func (s *Service) AskClarification(ctx context.Context, a models.Actor, ref string, in TextInput) (*models.Case, error) {
	return s.change(ctx, a, ref, in.Version, policies.ActAskClarification, func(w *work) error {
		words, err := reason("text", in.Text, models.MaxText)
		if err != nil {
			return err
		}
		if err := w.c.Move(models.ActAsk); err != nil {
			return err
		}
		if err := w.say(models.ClarificationAsked, true, words); err != nil {
			return err
		}
		if err := w.record("case.clarification_asked", "", "", models.EventData{TextHash: models.HashSecret(words)}); err != nil {
			return err
		}
		if err := w.pauseFor("clarification", true); err != nil {
			return err
		}
		return w.tell("clarification_asked", w.notice(words))
	})
}

// Say adds a message. From the requester, while a clarification is awaited, it is the
// clarification and the case goes on.
func (s *Service) Say(ctx context.Context, a models.Actor, ref string, in TextInput) (*models.Case, error) {
	return s.change(ctx, a, ref, in.Version, actSay, func(w *work) error {
		words, err := reason("text", in.Text, models.MaxText)
		if err != nil {
			return err
		}
		if a.Kind == models.ByRequester && w.c.State == models.StateAwaitingClarification {
			if err := w.c.Move(models.ActClarify); err != nil {
				return err
			}
			if err := w.say(models.ClarificationGiven, false, words); err != nil {
				return err
			}
			if err := w.record("case.clarified", "", "", models.EventData{TextHash: models.HashSecret(words)}); err != nil {
				return err
			}
			return w.pauseFor("clarification", false)
		}
		if err := w.c.Move(models.ActMessage); err != nil {
			return err
		}
		fromBody := a.Kind == models.ByOfficer
		if err := w.say(models.PlainMessage, fromBody, words); err != nil {
			return err
		}
		if err := w.record("message.added", "", "", models.EventData{TextHash: models.HashSecret(words)}); err != nil {
			return err
		}
		if fromBody {
			return w.tell("message", w.notice(""))
		}
		return nil
	})
}

// Note adds something only officers read.
func (s *Service) Note(ctx context.Context, a models.Actor, ref string, in TextInput) (*models.Case, error) {
	return s.change(ctx, a, ref, in.Version, policies.ActNote, func(w *work) error {
		words, err := reason("text", in.Text, models.MaxText)
		if err != nil {
			return err
		}
		if err := w.c.Move(models.ActNote); err != nil {
			return err
		}
		if err := w.say(models.InternalNote, true, words); err != nil {
			return err
		}
		return w.record("note.added", "", "", models.EventData{TextHash: models.HashSecret(words)})
	})
}

func (w *work) say(kind models.MessageKind, fromBody bool, words string) error {
	m := &models.Message{CaseID: w.c.ID, Kind: kind, FromBody: fromBody, Text: words, At: w.at}
	if fromBody {
		m.Author = w.actor.Name
	}
	return w.Insert(m)
}

// Withdraw ends a case at its requester's wish.
func (s *Service) Withdraw(ctx context.Context, a models.Actor, ref string, in TextInput) (*models.Case, error) {
	return s.change(ctx, a, ref, in.Version, actWithdraw, func(w *work) error {
		why := clean(in.Text)
		var c models.Check
		text(&c, "reason", why, maxReason, false)
		if err := c.Err(); err != nil {
			return err
		}
		if err := w.c.Move(models.ActWithdraw); err != nil {
			return err
		}
		at := w.at
		w.c.ClosedAt = &at
		if err := w.closeChain(models.RungClosed, "case.withdrawn"); err != nil {
			return err
		}
		return w.record("case.withdrawn", why, "", models.EventData{})
	})
}

// Close ends a decided case, or an incomplete one that was not completed.
func (s *Service) Close(ctx context.Context, a models.Actor, ref string, in TextInput) (*models.Case, error) {
	return s.change(ctx, a, ref, in.Version, actClose, func(w *work) error {
		why, err := reason("reason", in.Text, maxReason)
		if err != nil {
			return err
		}
		return w.close(why)
	})
}

func (w *work) close(why string) error {
	if err := w.c.Move(models.ActClose); err != nil {
		return err
	}
	at := w.at
	w.c.ClosedAt = &at
	return w.record("case.closed", why, "", models.EventData{})
}
