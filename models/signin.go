package models

import "time"

// SecondFactorRule is whom an installation asks for a second step at sign-in. The zero
// value is the strict one.
type SecondFactorRule int

const (
	// SecondFactorRequired: nobody cleared above public, and no administrator, reaches a
	// desk without one.
	SecondFactorRequired SecondFactorRule = iota
	// SecondFactorOffered: who has set one up is asked for it, nobody else. For
	// demonstrations, whose passwords are known.
	SecondFactorOffered
)

// Limits on proving who one is.
const (
	// ConfirmFor is how long after proving all they have someone may do what asks for it.
	ConfirmFor = 15 * time.Minute
	// ResetValid is how long the second person has to confirm the reset of a lost second factor.
	ResetValid = 7 * 24 * time.Hour
	// AskedLinkValid is how long a link holds that was asked for on the sign-in page.
	AskedLinkValid = time.Hour
	// CeremonyFor is how long a passkey's challenge stands.
	CeremonyFor = 5 * time.Minute
	// RecoveryCodes is how many one-time codes are made at a time.
	RecoveryCodes = 10
)

// NeedsSecondFactor says whether the account is worth more than a password: it opens
// what is not public, or makes accounts that do.
func (o *Officer) NeedsSecondFactor() bool {
	return o.Clearance.Level() > Public.Level() || o.Role == Administrator
}

// Ways into a session.
const (
	WayPassword = "password"
	WayPasskey  = "passkey"
	WayProvider = "provider" // a body's own sign-in service, by OpenID Connect
)

// Factor is something proved beside a password.
type Factor string

const (
	FactorApp      Factor = "app" // six digits of an app, RFC 6238
	FactorPasskey  Factor = "passkey"
	FactorRecovery Factor = "recovery"
	FactorProvider Factor = "provider" // proved to the body's own sign-in service
)

// Authenticator is an officer's app that shows six digits (TOTP, RFC 6238). Its secrets
// are sealed with a key derived from the installation's secret.
type Authenticator struct {
	OfficerID   int64     `gorm:"primaryKey;autoIncrement:false"`
	Sealed      string    // "" until the first code was right
	Coming      string    // the secret of an app being set up, perhaps in place of the other
	LastStep    int64     // of the last code that counted: a code counts once (RFC 6238, 5.2)
	CreatedAt   time.Time // of the last secret
	ConfirmedAt *time.Time
}

// Passkey is a discoverable credential (WebAuthn) of an officer.
type Passkey struct {
	ID           int64  `gorm:"primaryKey"`
	OfficerID    int64  `gorm:"index"`
	CredentialID string `gorm:"uniqueIndex"` // base64url
	Record       string // JSON: public key, sign count, flags; nothing that signs in
	Name         string // given by its holder, to tell it from others
	CreatedAt    time.Time
	UsedAt       *time.Time
}

// RecoveryCode is a one-time code on paper; only its keyed hash is kept.
type RecoveryCode struct {
	ID        int64 `gorm:"primaryKey"`
	OfficerID int64 `gorm:"index"`
	Hash      string
	CreatedAt time.Time
	UsedAt    *time.Time
}

// ProviderSubject pins an officer to one account of a body's own sign-in service.
type ProviderSubject struct {
	ID        int64 `gorm:"primaryKey"`
	OfficerID int64
	Issuer    string
	Subject   string
	CreatedAt time.Time
}

// FactorReset is a lost second factor whose reset waits for a second person.
type FactorReset struct {
	ID        int64 `gorm:"primaryKey"`
	OfficerID int64 `gorm:"uniqueIndex"`
	AskedID   *int64
	AskedBy   string
	AskedAt   time.Time
	ExpiresAt time.Time
}

// PasswordAsk is a password link somebody asked for at an address, known or not.
type PasswordAsk struct {
	ID      int64 `gorm:"primaryKey"`
	Email   string
	Lang    string
	AskedAt time.Time
}

// NewRecoveryCode makes a one-time code of 47 bits, such as 7K4M9-XQ2RD.
func NewRecoveryCode() string {
	s := randomText(recoveryLen)
	return s[:recoveryLen/2] + "-" + s[recoveryLen/2:]
}

const recoveryLen = 10

// PlainRecoveryCode reads a code as people type it; ok is false when it cannot be one.
func PlainRecoveryCode(s string) (string, bool) { return plain(s, recoveryLen) }
