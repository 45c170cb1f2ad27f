//go:build unix

package evidence

import (
	"errors"
	"os"
	"syscall"
)

// lockTrail takes the lock at path, or fails at once with ErrTrailLocked. The
// system gives it back when the process ends, however it ends.
func lockTrail(path string) (unlock func() error, err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = ErrTrailLocked
		}
		return nil, errors.Join(err, f.Close())
	}
	// A process that is being started has the file open too, until it has
	// become its own program: closing ours alone would leave it the lock.
	return func() error { return errors.Join(syscall.Flock(int(f.Fd()), syscall.LOCK_UN), f.Close()) }, nil
}
