package main

import (
	"archive/zip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"terang/models/store"
)

// A backup is a zip of the database as it was at one instant and of every
// attachment. Keys are left out: whoever finds a backup must not be able to sign the log.
const backupFormat = "terang-backup-v1"

type backupNote struct {
	Format string    `json:"format"`
	Made   time.Time `json:"made"`
	Schema int       `json:"schema"`
	Events int64     `json:"events"` // size of the signed log
	Files  int       `json:"files"`
	// FilesAt is the bucket that holds the attachments, which a backup leaves where they are.
	FilesAt string `json:"files_at,omitempty"`
}

func backupCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "backup --out FILE",
		Short: "Write a consistent copy of database and attachments, while serving",
		Long: "Write a consistent copy of database and attachments into one zip file, while serving. The keys in <data>/keys are\n" +
			"left out: keep a copy of them elsewhere. On PostgreSQL use pg_dump, and copy <data>/files after it.",
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			name, err := need(cmd, "out", "a file to write")
			if err != nil {
				return err
			}
			return withApp(cmd, existing, func(ctx context.Context, a *app) error {
				if a.Database != "" {
					return errors.New("backup copies SQLite databases; on PostgreSQL use pg_dump, and copy " + a.files.String() + " after it")
				}
				var note backupNote
				step := progress(cmd.ErrOrStderr(), "copying attachments")
				if err := writeFile(name, func(w io.Writer) (err error) {
					note, err = a.backup(ctx, w, step)
					return err
				}); err != nil {
					return err
				}
				if wantsJSON(cmd) {
					return printJSON(cmd.OutOrStdout(), note)
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s: %d events, %d attachments; keep %s apart from it\n", name, note.Events, note.Files, a.keyFile())
				return nil
			})
		},
	}
	cmd.Flags().String("out", "", "`FILE` to write")
	return cmd
}

func (a *app) backup(ctx context.Context, w io.Writer, step func(done, of int64)) (backupNote, error) {
	note := backupNote{Format: backupFormat, Made: time.Now().UTC().Truncate(time.Second)}
	dir, err := os.MkdirTemp(a.Data, ".backup-*")
	if err != nil {
		return note, err
	}
	defer os.RemoveAll(dir)
	// The database first: an attachment is on disk before the row that names it, so
	// every file that the copy names is there.
	copied := filepath.Join(dir, databaseName)
	if err := a.store.Copy(ctx, copied); err != nil {
		return note, err
	}
	st, err := a.store.Status(ctx)
	if err != nil {
		return note, err
	}
	note.Schema = st.Current
	if cp, err := a.store.Checkpoint(ctx); err == nil {
		note.Events = cp.Size
	}
	z := zip.NewWriter(w)
	if err := zipFile(z, databaseName, copied); err != nil {
		return note, err
	}
	// A bucket is not copied: its own versions and copies are its owner's.
	if folder, ok := a.files.(fileStore); ok {
		err = folder.Each(ctx, func(name string, _ time.Time) error {
			err := zipFile(z, path.Join("files", name[:2], name), filepath.Join(folder.dir, name[:2], name))
			if errors.Is(err, fs.ErrNotExist) {
				return nil // erased since the copy was made
			}
			note.Files++
			step(int64(note.Files), 0)
			return err
		})
	} else {
		note.FilesAt = a.files.String()
	}
	if err != nil {
		return note, err
	}
	last, err := z.Create("backup.json")
	if err != nil {
		return note, err
	}
	if err := json.NewEncoder(last).Encode(note); err != nil {
		return note, err
	}
	return note, z.Close()
}

func zipFile(z *zip.Writer, name, from string) error {
	f, err := os.Open(from)
	if err != nil {
		return err
	}
	defer f.Close()
	w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate})
	if err != nil {
		return err
	}
	_, err = io.Copy(w, f)
	return err
}

func restoreCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "restore FILE --data DIR",
		Short: "Put a backup into an empty data folder",
		Long: "Put a backup into a data folder that has no database yet. Put the keys back into <data>/keys first: without its\n" +
			"master.key nothing in the backup can be read and it is refused, and without its log.key a new one is made and the log\n" +
			"cannot be continued under its old name. Then check with `terang verify --data DIR`.",
		Args: exactly("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			set, err := readSettings(cmd)
			if err != nil {
				return err
			}
			note, err := restore(cmd.Context(), args[0], set.Data, set.keyFile(masterKeyName))
			if err != nil {
				return err
			}
			if wantsJSON(cmd) {
				return printJSON(cmd.OutOrStdout(), note)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "restored into %s: %d events, %d attachments, as of %s; check it with `terang verify --data %s`\n",
				set.Data, note.Events, note.Files, note.Made.Format(time.RFC3339), set.Data)
			return nil
		},
	}
}

// backupName is what a backup may hold; anything else could leave the folder.
var backupName = regexp.MustCompile(`^(terang\.db|files/([0-9a-f]{2})/[0-9a-f]{40})$`)

// restore unpacks into a folder beside and renames last, so that a backup that breaks
// off leaves no half database.
func restore(ctx context.Context, name, data, masterKey string) (note backupNote, err error) {
	if _, err := os.Stat(filepath.Join(data, databaseName)); err == nil {
		return note, fmt.Errorf("--data %s: there is a database here already; restore wants a folder without one", data)
	}
	z, err := zip.OpenReader(name)
	if err != nil {
		return note, usageErrorf("restore %s: not a backup: %w", name, err)
	}
	defer z.Close()
	raw, err := fs.ReadFile(z, "backup.json")
	if err != nil || json.Unmarshal(raw, &note) != nil || note.Format != backupFormat {
		return note, usageErrorf("restore %s: not a backup: it has no backup.json of %s", name, backupFormat)
	}
	if err := os.MkdirAll(data, 0o700); err != nil {
		return note, err
	}
	dir, err := os.MkdirTemp(data, ".restore-*")
	if err != nil {
		return note, err
	}
	defer os.RemoveAll(dir)
	files := 0
	for _, f := range z.File {
		if err := ctx.Err(); err != nil {
			return note, err
		}
		if f.Name == "backup.json" {
			continue
		}
		if !backupName.MatchString(f.Name) {
			return note, fmt.Errorf("restore %s: %q does not belong in a backup", name, f.Name)
		}
		if strings.HasPrefix(f.Name, "files/") {
			files++
		}
		if err := unzip(f, filepath.Join(dir, filepath.FromSlash(f.Name))); err != nil {
			return note, fmt.Errorf("restore %s: %s: %w", name, f.Name, err)
		}
	}
	if files != note.Files {
		return note, fmt.Errorf("restore %s: %d attachments, backup.json says %d", name, files, note.Files)
	}
	if err := opens(ctx, filepath.Join(dir, databaseName), masterKey); err != nil {
		return note, fmt.Errorf("restore %s: %w", name, err)
	}
	if files > 0 {
		if err := os.Rename(filepath.Join(dir, "files"), filepath.Join(data, "files")); err != nil {
			return note, fmt.Errorf("--data %s: %w", data, err)
		}
	}
	if err := os.Rename(filepath.Join(dir, databaseName), filepath.Join(data, databaseName)); err != nil {
		return note, err
	}
	return note, syncDir(data)
}

// opens says whether a database can be opened with the master key in a file. One from before
// anything was sealed needs none.
func opens(ctx context.Context, database, masterKey string) error {
	master, err := store.OpenMasterKey(masterKey)
	if err != nil {
		return err
	}
	st, err := store.Open(ctx, store.Config{Path: database, Keys: master})
	if err != nil {
		return err
	}
	sealed, err := st.Sealed(ctx)
	if err == nil && sealed {
		err = st.Unlock(ctx)
	}
	return errors.Join(err, st.Close())
}

func unzip(f *zip.File, to string) (err error) {
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	r, err := f.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	w, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, r) // the zip's own checksum is checked at its end
	return errors.Join(err, w.Sync(), w.Close())
}
