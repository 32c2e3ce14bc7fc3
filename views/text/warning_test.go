package text

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// Every warning that the engine of the clocks can give has words of ours, in both languages: it
// stands on the requester's own page.
func TestEveryWarningHasWords(t *testing.T) {
	codes := map[string]bool{}
	files, err := filepath.Glob("../../policies/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`warnf\("([a-z_]+): |missingYear = "([a-z_]+)"`).FindAllSubmatch(source, -1) {
			codes[string(m[1])+string(m[2])] = true
		}
	}
	if len(codes) < 10 {
		t.Errorf("only %d warnings were found in the engine: %v", len(codes), codes)
	}
	for code := range codes {
		if !Has("warning." + code) {
			t.Errorf("no words for the warning %s", code)
		}
	}
}
