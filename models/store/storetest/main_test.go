package storetest

import (
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	Main(benched{m})
}

// benched clears away what benchmarks made.
type benched struct{ m *testing.M }

func (b benched) Run() int {
	defer func() {
		for _, dir := range benchDirs {
			os.RemoveAll(dir)
		}
	}()
	return b.m.Run()
}
