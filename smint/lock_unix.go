//go:build unix

package smint

import (
	"errors"
	"os"
	"syscall"
)

// tryLockFile takes the lock at path for this process, or returns no unlock if
// it is taken; the system gives it back when the process ends, however it ends.
func tryLockFile(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		// Unlocked, not only closed: a process that is being started has the file
		// open too, until it has become its own program.
		return func() {
			_ = syscall.Flock(int(f.Fd()), syscall.LOCK_UN)
			_ = f.Close()
		}, nil
	}
	_ = f.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) || errors.Is(err, syscall.EINTR) {
		return nil, nil
	}
	return nil, err
}
