package policies

// PersonalMode says which error costs more.
type PersonalMode int

const (
	// Precision is for classifying: a false find would hide a public record.
	Precision PersonalMode = iota
	// Recall is for publishing: a missed find would show somebody's data.
	Recall
)

// FindPersonal finds Indonesian personal data.
func FindPersonal(text string, mode PersonalMode) []Finding { return nil }
