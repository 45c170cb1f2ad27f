//go:build !unix

package smint

import (
	"errors"
	"io/fs"
	"os"
	"time"
)

// tryLockFile makes the file at path, which only one process can, or returns
// no unlock if it is there. A lock that a crash left is taken over after five
// minutes.
func tryLockFile(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		return func() { _ = f.Close(); _ = os.Remove(path) }, nil
	}
	if !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	if info, err := os.Stat(path); err == nil && time.Since(info.ModTime()) > 5*time.Minute {
		_ = os.Remove(path)
	}
	return nil, nil
}
