// Command terang serves a portal for information requests and complaints, and
// keeps what stands behind it: bodies, officers, packs of law, imports, exports.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"terang/models"
	"terang/views/text"
)

// Exit codes of every command.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// run is main with its surroundings as arguments, and gives the exit code.
func run(args []string, in io.Reader, out, errOut io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// A second signal ends the process at once: NotifyContext would swallow it.
	context.AfterFunc(ctx, stop)

	root := rootCommand()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errOut)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	var use *usageError
	if errors.As(err, &use) {
		complain(errOut, use.Error())
		return exitUsage
	}
	if !errors.Is(err, errReported) {
		complain(errOut, explain(err))
	}
	return exitFailed
}

// complain prints one line that begins with the program's name, or the command's.
func complain(w io.Writer, msg string) {
	if msg = oneLine(msg); !strings.HasPrefix(msg, "terang") {
		msg = "terang: " + msg
	}
	fmt.Fprintln(w, msg)
}

// errReported fails a command whose findings are already printed.
var errReported = errors.New("reported")

// usageError is a wrong option, value or file: exit code 2.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// usageErrorf names what was wrong and what was expected.
func usageErrorf(format string, args ...any) error {
	return &usageError{fmt.Errorf(format, args...)}
}

// explain turns an error into one line for an operator. Codes of the domain are put
// into words; the cause of an internal one is shown, because here the reader is who
// runs the machine.
func explain(err error) string {
	var e *models.Error
	if !errors.As(err, &e) {
		return err.Error()
	}
	var parts []string
	for _, f := range e.Fields {
		parts = append(parts, f.Field+": "+words(f.Code, f.Args))
	}
	if len(parts) == 0 {
		parts = append(parts, words(e.Code, e.Args))
	}
	if e.Err != nil {
		parts = append(parts, e.Err.Error())
	}
	return strings.Join(parts, "; ")
}

// words is a code in English, with the code itself kept for searching.
func words(code string, args []string) string {
	if !text.Has("error." + code) {
		return strings.TrimSpace(strings.ReplaceAll(code, "_", " ") + " " + strings.Join(args, ", "))
	}
	list := make([]any, len(args))
	for i, a := range args {
		list[i] = a
	}
	return text.English.Error(code, list...)
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// printJSON writes one document.
func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "terang",
		Short: "Information requests and complaints to public bodies, under the law",
		Long: "Terang serves a portal where anyone files information requests and complaints to public bodies, officers answer\n" +
			"them under the clocks of the law, and auditors check that nothing was dropped.\n\n" +
			"Every option may also be given as TERANG_<OPTION> in the environment or in a file named by --config\n" +
			"(YAML, or KEY=VALUE a line); the command line wins over the environment, the environment over the file.",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	flags := root.PersistentFlags()
	flags.String("config", "", "`FILE` with options: YAML, or KEY=VALUE a line")
	flags.Bool("json", false, "print JSON: one document, or one a line where it lists")
	flags.String("data", "./data", "`DIR` for the database and attachments, and for keys where --keys names no other")
	flags.String("keys", "", "`DIR` of keys, the same for every instance on one database; <data>/keys, when not given")
	flags.String("packs", "", "`DIR` of law packs beside those built in: new laws, or new versions of a law")
	flags.String("database", "", "postgres://… `URL`; without it SQLite in --data")
	flags.String("database-file", "", "`FILE` that holds the database URL, to keep its password off the command line")
	flags.String("files", "", "`DIR` for attachments that every instance sees, or s3://BUCKET/PREFIX?endpoint=URL&region=NAME; <data>/files, when not given")
	flags.String("files-key-file", "", "`FILE` of two lines, a key's id and its secret, for the bucket of --files; AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, when not given")
	flags.String("clamd", "", "`ADDRESS` of ClamAV's daemon, which looks at each upload: unix:/run/clamav/clamd.ctl or HOST:PORT")
	flags.String("base-url", "", "`URL` under which the portal is reached, for links; without it that of the request")
	flags.String("operator", "", "`NAME` of who runs the command, for the audit trail; terang, when not given")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageErrorf("%s: %w; see `%s --help`", cmd.CommandPath(), err, cmd.CommandPath())
	})
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error { return fillOptions(cmd, os.Environ()) }
	group(root)
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(
		serveCommand(), migrateCommand(), bodyCommand(), officerCommand(), importCommand(), packCommand(),
		holidaysCommand(), sweepCommand(), exportCommand(), reportCommand(), verifyCommand(), backupCommand(), restoreCommand(), witnessCommand(), outboxCommand(), securityCommand(), logCommand(), keysCommand(), filesCommand(), versionCommand(), benchCommand(),
	)
	return root
}

// group makes a command that only holds others: called by itself or with a word it does
// not know it says which there are.
func group(cmd *cobra.Command) *cobra.Command {
	cmd.Args = cobra.ArbitraryArgs
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		var names []string
		for _, c := range cmd.Commands() {
			if c.IsAvailableCommand() && c.Name() != "help" && c.Name() != "completion" {
				names = append(names, c.Name())
			}
		}
		said := "no command given"
		if len(args) > 0 {
			said = fmt.Sprintf("unknown command %q", args[0])
		}
		return usageErrorf("%s: %s; expected one of %s", cmd.CommandPath(), said, strings.Join(names, ", "))
	}
	return cmd
}

// exactly takes n arguments, named for the reader.
func exactly(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return usageErrorf("%s: %s is missing; see `%s --help`", cmd.CommandPath(), names[len(args)], cmd.CommandPath())
		case len(args) > len(names):
			return usageErrorf("%s: %q was not expected; see `%s --help`", cmd.CommandPath(), args[len(names)], cmd.CommandPath())
		}
		return nil
	}
}

// wantsJSON says whether --json is set.
func wantsJSON(cmd *cobra.Command) bool {
	b, err := cmd.Flags().GetBool("json")
	return err == nil && b
}
