package main

import (
	"archive/zip"
	"bufio"
	"database/sql"
	"encoding/json"
	"io"
	"os"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// Commands of the scripts about the log:
//
//	witness ARG…             starts `terang witness serve` and waits for its address, $WITNESS
//	pick NAME FIELD          keeps a field of the last output, a JSON object, as $NAME
//	sql DIR STATEMENT        changes the database of an installation, as someone on the machine could
//	without NAME IN OUT      copies a zip and leaves a file out
func withScriptCommands(cmds map[string]func(*testscript.TestScript, bool, []string)) map[string]func(*testscript.TestScript, bool, []string) {
	cmds["witness"], cmds["pick"], cmds["sql"], cmds["without"] = scriptWitness, scriptPick, scriptSQL, scriptWithout
	return cmds
}

func scriptWitness(ts *testscript.TestScript, _ bool, args []string) {
	cmd := program(ts, append([]string{"witness", "serve", "--addr", "127.0.0.1:0"}, args...))
	pipe, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	ready := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(pipe)
		for lines.Scan() {
			if url, ok := strings.CutPrefix(lines.Text(), "listening on "); ok {
				ready <- url
			}
		}
	}()
	ts.Defer(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	select {
	case url := <-ready:
		ts.Setenv("WITNESS", url)
	case <-time.After(time.Minute):
		ts.Fatalf("the witness has no address after a minute")
	}
}

func scriptPick(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: pick NAME FIELD")
	}
	var doc map[string]any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &doc))
	v, ok := doc[args[1]].(string)
	if !ok {
		ts.Fatalf("no %s in %v", args[1], doc)
	}
	ts.Setenv(args[0], v)
}

func scriptSQL(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: sql DIR STATEMENT")
	}
	db, err := sql.Open("sqlite", "file:"+ts.MkAbs(args[0])+"/"+databaseName)
	ts.Check(err)
	defer db.Close()
	for statement := range strings.SplitSeq(args[1], ";") {
		res, err := db.Exec(statement)
		ts.Check(err)
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			ts.Fatalf("%s: changed %d rows, %v", statement, n, err)
		}
	}
}

func scriptWithout(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: without NAME IN OUT")
	}
	in, err := zip.OpenReader(ts.MkAbs(args[1]))
	ts.Check(err)
	defer in.Close()
	file, err := os.Create(ts.MkAbs(args[2]))
	ts.Check(err)
	out := zip.NewWriter(file)
	left := 0
	for _, f := range in.File {
		if f.Name == args[0] {
			left++
			continue
		}
		r, err := f.Open()
		ts.Check(err)
		w, err := out.Create(f.Name)
		ts.Check(err)
		_, err = io.Copy(w, r)
		ts.Check(err)
	}
	ts.Check(out.Close())
	ts.Check(file.Close())
	if left != 1 {
		ts.Fatalf("%d files named %s", left, args[0])
	}
}
