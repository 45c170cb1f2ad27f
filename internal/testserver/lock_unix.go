//go:build unix

package testserver

import (
	"os"
	"syscall"
)

// lockFile keeps other processes from writing; the system gives the lock back
// when the process ends, however it ends.
func lockFile(f *os.File)   { _ = syscall.Flock(int(f.Fd()), syscall.LOCK_EX) }
func unlockFile(f *os.File) { _ = syscall.Flock(int(f.Fd()), syscall.LOCK_UN) }
