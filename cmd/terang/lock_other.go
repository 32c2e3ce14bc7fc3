//go:build !unix

package main

// lockFolder does nothing where there is no such lock: start the first instance alone.
func lockFolder(string) (func(), error) { return func() {}, nil }
