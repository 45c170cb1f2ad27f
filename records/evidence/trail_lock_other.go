//go:build !unix

package evidence

import (
	"errors"
	"io/fs"
	"os"
)

// lockTrail makes the file at path, which only one process can. A crash leaves
// it behind; whoever knows that no writer runs removes it.
func lockTrail(path string) (unlock func() error, err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil, ErrTrailLocked
	}
	if err != nil {
		return nil, err
	}
	return func() error { return errors.Join(f.Close(), os.Remove(path)) }, nil
}
