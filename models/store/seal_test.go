package store

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gorm.io/gorm/schema"

	"terang/models"
)

// entities are all the rows there are. Their string fields are sealed (sealedOf), or named
// here as plain with the reason in their kind: a code, a name of an officer or of a part of
// the body, a date, a hash, or something published.
var entities = []struct {
	row   any
	plain string
}{
	{&models.Body{}, "Slug Name About Pack Zone"},
	{&models.Unit{}, "Slug Name"},
	{&models.Officer{}, "Email Name Role Clearance PasswordHash AwayFrom AwayUntil Lang"},
	{&models.Session{}, "TokenHash PrevHash Device Address Way"},
	{&models.Token{}, "TokenHash Purpose"},
	{&models.Throttle{}, "Key"},
	{&models.Idempotency{}, "Key Request Answer"},
	{&models.HolidayDecree{}, "Pack Decree Issued Days By"},
	{&models.Requester{}, "Kind WhoEmail WhoIdentity SealKey"},
	{&models.Case{}, `Reference KeyHash Kind Channel Lang Delivery Anonymity Ground State Outcome Classification Exemption ClassExpiresOn
		Pack PackVersion PackHash Clock DueOn RungRole Erasure Source SourceID SealKey`},
	{&models.Draft{}, "TokenHash SealKey"},
	{&models.Message{}, "Kind Author"},
	{&models.Attachment{}, "Type Stored Classification Ground ExpiresOn Covered Cleaned Scan ScanFound SealKey"},
	{&models.Clock{}, "Name DayOne DueOn Basis"},
	{&models.ClockEntry{}, "Event Article Actor OldDue NewDue"},
	{&models.Classified{}, "Class Was Exemption Rule Article ExpiresOn By"},
	{&models.RepeatFinding{}, "Rule Article Earlier"},
	{&models.Rung{}, "Chain Role State Basis"},
	{&models.Decision{}, "Outcome Exemptions ObjectBy Basis By ByRole"},
	{&models.Disclosure{}, "Reference Title Summary Answer Outcome ReceivedOn AnsweredOn By Question Withheld Why Until"},
	{&models.PublishedDocument{}, "Name Basis By"},
	{&models.Redaction{}, "Boxes By"},
	{&models.Grant{}, "Kind GrantedBy GrantedRole RevokedBy SeenBy"},
	{&models.Authenticator{}, "Sealed Coming"},
	{&models.Passkey{}, "CredentialID Record Name"},
	{&models.RecoveryCode{}, "Hash"},
	{&models.ProviderSubject{}, "Issuer Subject"},
	{&models.FactorReset{}, "AskedBy"},
	{&models.PasswordAsk{}, "Email Lang"},
	{&models.Job{}, "Kind Payload LeasedBy LastError"},
	{&models.Outgoing{}, "Kind Lang LastError"},
	{&models.Erasure{}, "Rule Scope Article ProposedBy ProposedRole SettledBy SettledRole"},
	// Of an event of a case, Reason, Data, Canonical and Salt are sealed in one piece.
	{&models.Event{}, `Kind Reference CaseKind Body Unit ActorRole Actor Classification State Outcome Clock DueOn Standing Pack PackVersion
		Article Reason Data CaseClass Canonical Salt LeafHash`},
}

// TestEveryTextIsSealedOrPlain fails on a string field, or a whole entity, of which nobody has
// said whether it is sealed.
func TestEveryTextIsSealedOrPlain(t *testing.T) {
	known := map[string]bool{}
	for _, x := range entities {
		v := reflect.ValueOf(x.row).Elem()
		known[v.Type().Name()] = true
		s, err := schema.Parse(x.row, &schemas, schema.NamingStrategy{})
		if err != nil {
			t.Fatal(err)
		}
		var e envelope
		sealedOf(x.row, &e)
		if e.n > 0 && e.table != s.Table {
			t.Errorf("%s is sealed for table %q and kept in %q", v.Type().Name(), e.table, s.Table)
		}
		plain := strings.Fields(x.plain)
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if f.Type.Kind() != reflect.String {
				continue
			}
			sealed := slices.ContainsFunc(e.fields[:e.n], func(sf sealedField) bool {
				if sf.text != v.Field(i).Addr().Interface() {
					return false
				}
				if c := s.LookUpField(f.Name).DBName; sf.column != c {
					t.Errorf("%s.%s is sealed for column %q and kept in %q", v.Type().Name(), f.Name, sf.column, c)
				}
				return true
			})
			switch {
			case sealed && slices.Contains(plain, f.Name):
				t.Errorf("%s.%s is sealed and listed as plain", v.Type().Name(), f.Name)
			case !sealed && !slices.Contains(plain, f.Name):
				t.Errorf("%s.%s is a text of which nobody has said whether it is sealed: see sealedOf in seal.go, or list it here as plain", v.Type().Name(), f.Name)
			}
		}
		for _, name := range plain {
			if !v.FieldByName(name).IsValid() {
				t.Errorf("%s has no field %s", v.Type().Name(), name)
			}
		}
	}
	for _, name := range rowsOfModels(t) {
		if !known[name] {
			t.Errorf("models.%s is kept in the database and of its texts nobody has said whether they are sealed", name)
		}
	}
}

// rowsOfModels names the structs of models that have a primary key.
func rowsOfModels(t *testing.T) (names []string) {
	t.Helper()
	files, err := filepath.Glob("../*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			if st, ok := spec.Type.(*ast.StructType); ok {
				for _, field := range st.Fields.List {
					if field.Tag != nil && strings.Contains(field.Tag.Value, "primaryKey") {
						names = append(names, spec.Name.Name)
					}
				}
			}
			return true
		})
	}
	if len(names) < 20 {
		t.Fatalf("only %d entities were found", len(names))
	}
	return names
}
