package store

// For the tests outside the package.
var (
	StemIndonesian = stemIndonesian
	DocumentTerms  = documentTerms
)
