package store

import (
	"time"

	"terang/models"
)

// one reads the row a condition names, or gives NotFound with the code.
func one[T any](r *Reader, code, where string, args ...any) (*T, error) {
	row, err := maybe[T](r, where, args...)
	if err == nil && row == nil {
		return nil, models.Refuse(models.NotFound, code)
	}
	return row, err
}

// maybe is one without the error: nil when there is no row.
func maybe[T any](r *Reader, where string, args ...any) (*T, error) {
	rows, err := selectRows[T](r, "", where+limited(1), args...)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return &rows[0], openRows(r, rows)
}

// many reads rows in an order, at most limit (0: all).
func many[T any](r *Reader, order string, limit int, where string, args ...any) ([]T, error) {
	return manyBy[T](r, "", order, limit, where, args...)
}

// manyBy is many by an index of SQLite's, see Store.by.
func manyBy[T any](r *Reader, index, order string, limit int, where string, args ...any) ([]T, error) {
	rows, err := selectRows[T](r, index, where+" ORDER BY "+order+limited(limit), args...)
	if err != nil {
		return nil, err
	}
	return rows, openRows(r, rows)
}

// CaseByReference reads a case by its reference in normal form.
func (r *Reader) CaseByReference(ref string) (*models.Case, error) {
	return one[models.Case](r, "case_not_found", "reference = ?", ref)
}

// CaseByID reads a case.
func (r *Reader) CaseByID(id int64) (*models.Case, error) {
	return one[models.Case](r, "case_not_found", "id = ?", id)
}

// CaseBySource reads an imported case by its id where it came from.
func (r *Reader) CaseBySource(body int64, source, id string) (*models.Case, error) {
	return one[models.Case](r, "case_not_found", "body_id = ? AND source = ? AND source <> '' AND source_id = ?", body, source, id)
}

// Imported says whether that source's row was imported before.
func (r *Reader) Imported(body int64, source, id string) (bool, error) {
	var n int64
	err := r.db.Model(&models.Case{}).Where("body_id = ? AND source = ? AND source <> '' AND source_id = ?", body, source, id).Count(&n).Error
	return n > 0, wrap(err)
}

// Children are the objections raised from a case.
func (r *Reader) Children(caseID int64) ([]models.Case, error) {
	return many[models.Case](r, "id", 0, "parent_id = ?", caseID)
}

// Requester reads who filed.
func (r *Reader) Requester(id int64) (*models.Requester, error) {
	return one[models.Requester](r, "requester_not_found", "id = ?", id)
}

// Body reads a public body.
func (r *Reader) Body(id int64) (*models.Body, error) {
	return one[models.Body](r, "body_not_found", "id = ?", id)
}

// BodyBySlug reads a public body by its slug.
func (r *Reader) BodyBySlug(slug string) (*models.Body, error) {
	return one[models.Body](r, "body_not_found", "slug = ?", slug)
}

// Bodies lists bodies after an id.
func (r *Reader) Bodies(after int64, limit int) ([]models.Body, error) {
	return many[models.Body](r, "id", limit, "id > ?", after)
}

// Units lists a body's units.
func (r *Reader) Units(body int64) ([]models.Unit, error) {
	return many[models.Unit](r, "id", 0, "body_id = ?", body)
}

// Unit reads a unit.
func (r *Reader) Unit(id int64) (*models.Unit, error) {
	return one[models.Unit](r, "unit_not_found", "id = ?", id)
}

// UnitBySlug reads a body's unit by its slug.
func (r *Reader) UnitBySlug(body int64, slug string) (*models.Unit, error) {
	return one[models.Unit](r, "unit_not_found", "body_id = ? AND slug = ?", body, slug)
}

// Officer reads an account.
func (r *Reader) Officer(id int64) (*models.Officer, error) {
	return one[models.Officer](r, "officer_not_found", "id = ?", id)
}

// OfficerByEmail reads an account by its address in lower case.
func (r *Reader) OfficerByEmail(email string) (*models.Officer, error) {
	return one[models.Officer](r, "officer_not_found", "email = ?", email)
}

// Officers lists accounts after an id; of one body, or of all when body is nil.
func (r *Reader) Officers(body *int64, after int64, limit int) ([]models.Officer, error) {
	if body == nil {
		return many[models.Officer](r, "id", limit, "id > ?", after)
	}
	return many[models.Officer](r, "id", limit, "body_id = ? AND id > ?", *body, after)
}

// OfficersFor lists the enabled officers of a body in a role who are cleared for a class.
func (r *Reader) OfficersFor(body int64, role models.Role, class models.Class) ([]models.Officer, error) {
	return many[models.Officer](r, "id", 0, "body_id = ? AND role = ? AND NOT disabled AND clearance IN ?",
		body, role, models.Classes[class.Level():])
}

// DelegatedTo lists the officers who named an officer to act for them.
func (r *Reader) DelegatedTo(officer int64) ([]models.Officer, error) {
	return many[models.Officer](r, "id", 0, "delegate_id = ?", officer)
}

// Clocks lists a case's clocks in the order they started.
func (r *Reader) Clocks(caseID int64) ([]models.Clock, error) {
	return many[models.Clock](r, "id", 0, "case_id = ?", caseID)
}

// ClockEntries is the ledger of a case's clocks.
func (r *Reader) ClockEntries(caseID int64) ([]models.ClockEntry, error) {
	return many[models.ClockEntry](r, "id", 0, "case_id = ?", caseID)
}

// Messages lists what was said in a case after an id.
func (r *Reader) Messages(caseID, after int64, limit int) ([]models.Message, error) {
	return many[models.Message](r, "id", limit, "case_id = ? AND id > ?", caseID, after)
}

// Attachments lists a case's documents.
func (r *Reader) Attachments(caseID int64) ([]models.Attachment, error) {
	return many[models.Attachment](r, "id", 0, "case_id = ?", caseID)
}

// DraftAttachments lists a draft's documents.
func (r *Reader) DraftAttachments(draft int64) ([]models.Attachment, error) {
	return many[models.Attachment](r, "id", 0, "draft_id = ?", draft)
}

// Attachment reads one document's row.
func (r *Reader) Attachment(id int64) (*models.Attachment, error) {
	return one[models.Attachment](r, "attachment_not_found", "id = ?", id)
}

// Classifieds lists the acts of classifying a case and its documents.
func (r *Reader) Classifieds(caseID int64) ([]models.Classified, error) {
	return many[models.Classified](r, "id", 0, "case_id = ?", caseID)
}

// Rungs lists the rungs a case has reached, in order.
func (r *Reader) Rungs(caseID int64) ([]models.Rung, error) {
	return many[models.Rung](r, "id", 0, "case_id = ?", caseID)
}

// Decisions lists the answers given in a case.
func (r *Reader) Decisions(caseID int64) ([]models.Decision, error) {
	return many[models.Decision](r, "id", 0, "case_id = ?", caseID)
}

// Disclosure is a case's entry in the disclosure log; nil when it has none.
func (r *Reader) Disclosure(caseID int64) (*models.Disclosure, error) {
	return maybe[models.Disclosure](r, "case_id = ?", caseID)
}

// DisclosureByReference reads a published entry. Like the search it shows nothing whose
// case is public no longer.
func (r *Reader) DisclosureByReference(ref string) (*models.Disclosure, error) {
	return one[models.Disclosure](r, "case_not_found", "reference = ? AND "+disclosed("disclosures"), ref)
}

// Draft reads an unfinished intake.
func (r *Reader) Draft(tokenHash string) (*models.Draft, error) {
	return one[models.Draft](r, "draft_not_found", "token_hash = ?", tokenHash)
}

// StaleDrafts lists drafts not touched since an instant.
func (r *Reader) StaleDrafts(before time.Time, limit int) ([]models.Draft, error) {
	return many[models.Draft](r, "updated_at, id", limit, "updated_at < ?", before.UTC())
}

// Session reads a signed-in browser by its token, or by the one before its last rotation.
func (r *Reader) Session(tokenHash string) (*models.Session, error) {
	return one[models.Session](r, "no_session", "token_hash = ? OR prev_hash <> '' AND prev_hash = ?", tokenHash, tokenHash)
}

// Sessions lists an officer's sessions, the newest first.
func (r *Reader) Sessions(officer int64) ([]models.Session, error) {
	return many[models.Session](r, "id DESC", 0, "officer_id = ?", officer)
}

// Token reads a token of one purpose; a password link is never an API token.
func (r *Reader) Token(hash string, purpose models.TokenPurpose) (*models.Token, error) {
	return one[models.Token](r, "no_token", "token_hash = ? AND purpose = ?", hash, purpose)
}

// Throttle reads a counter; nil when there is none.
func (r *Reader) Throttle(key string) (*models.Throttle, error) {
	return maybe[models.Throttle](r, "key = ?", key)
}

// Idempotent reads the answer once given to a key; nil when there is none.
func (r *Reader) Idempotent(key string) (*models.Idempotency, error) {
	return maybe[models.Idempotency](r, "key = ?", key)
}
