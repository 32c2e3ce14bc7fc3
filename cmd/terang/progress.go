package main

import (
	"io"
	"os"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// progress gives a function that draws how far long work is, when errOut is a
// terminal, and does nothing otherwise. of is 0 or less where the end is not known.
func progress(errOut io.Writer, what string) func(done, of int64) {
	f, ok := errOut.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return func(int64, int64) {}
	}
	var bar *progressbar.ProgressBar
	return func(done, of int64) {
		if of <= 0 {
			of = -1
		}
		if bar == nil {
			bar = progressbar.NewOptions64(of, progressbar.OptionSetWriter(f), progressbar.OptionSetDescription(what),
				progressbar.OptionShowCount(), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100_000_000))
		}
		// A bar that cannot be drawn is no reason to stop the work it is about.
		_ = bar.Set64(done)
		if of > 0 && done >= of {
			_ = bar.Finish()
		}
	}
}
