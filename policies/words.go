package policies

// The words that packs may use. They are the product's vocabulary, spelled here once
// more because this package imports nothing of ours.
var (
	kinds          = []string{"request", "complaint", "question", "objection"}
	anonymities    = []string{"open", "hidden", "anonymous"}
	requesterKinds = []string{"individual", "legal_entity", "group"}
	classes        = []string{ClassPublic, ClassRestricted, ClassConfidential}
	chainRoles     = []string{RoleAgent, RoleUnitHead, RoleOfficer, RoleSuperior}
	allRoles       = []string{RoleAgent, RoleUnitHead, RoleOfficer, RoleSuperior, RoleAuditor, RoleAdministrator}

	// startEvents start clocks. Where a case is complete when it is filed, received,
	// registered and completed happen at the same moment.
	startEvents = []string{
		"received", "registered", "completed", "incomplete", "decided", "answered", "lapsed", "objected",
		"reviewed", "disputed", "outside_decided", "expiry",
	}
	eventKinds = []string{
		"case.filed", "case.completed", "case.assigned", "case.reviewed", "case.clarification_asked",
		"case.clarified", "case.answered", "case.closed", "case.withdrawn", "case.published",
		"objection.filed", "message.added", "outside.filed", "outside.decided",
	}

	units     = []string{"working", "calendar", "hours", "weeks", "months", "years"}
	firstDays = []string{"next_working", "next_calendar", "next_business_then_calendar", "same_day"}
	rolls     = []string{"keep", "forward", "sunday_or_holiday"}
	holders   = []string{"body", "requester", "outside"}
	lapses    = []string{
		"none", "objection_opens", "deemed_refusal", "deemed_grant", "withdrawn", "right_lost", "outside_opens",
		"body_failure",
	}
	fieldNames = []string{
		"name", "contact", "address", "identity_number", "proxy", "subject", "text", "purpose", "delivery", "ground",
		"service", "service_date", "nationality",
	}
	fieldTypes = []string{"text", "line", "date", "years", "exemption", "officer", "choice"}
)
