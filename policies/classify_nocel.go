//go:build !cel

package policies

import "errors"

// conditions stands in where cel-go is not built in. A condition that cannot be read is refused, never skipped.
type conditions struct{}

func newConditions() (*conditions, error) { return &conditions{}, nil }

func (*conditions) compile(string) (condition, error) {
	return nil, errors.New("this build reads no conditions; use kinds, anonymity or requester_kinds, or build with -tags cel")
}
