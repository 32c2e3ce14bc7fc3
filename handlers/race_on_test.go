//go:build race

package handlers_test

// raced says that the race detector is on, under which what only one goroutine does is kept shorter;
// the checks run it whole without.
const raced = true
