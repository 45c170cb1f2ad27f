//go:build unix

package evidence_test

import (
	"syscall"
	"time"
)

// cpuTime is what this process has spent of all processors' time.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
