package models

import (
	"context"
	"errors"
	"io/fs"
	"syscall"
)

// Codes of failures that are not of what was asked; see views/text/faults.yaml for what is
// said of each to the reader.
const (
	CodeDatabaseAway = "database_away"
	CodeReadOnly     = "read_only"
	CodeStorageFull  = "storage_full"
)

// DiskCode gives the code of a failure of a disk, or of the machine, that passes or that
// an operator must end: no room, only to be read, no file descriptor left. "" for any other.
func DiskCode(err error) string {
	is := func(any ...error) bool {
		for _, e := range any {
			if errors.Is(err, e) {
				return true
			}
		}
		return false
	}
	switch {
	case is(syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG, syscall.EIO):
		return CodeStorageFull
	case is(syscall.EROFS, fs.ErrPermission):
		return CodeReadOnly
	case is(syscall.EMFILE, syscall.ENFILE, syscall.ETIMEDOUT, context.DeadlineExceeded):
		return CodeDatabaseAway
	}
	return ""
}
