//go:build !unix

package evidence_test

import "time"

var began = time.Now()

// cpuTime is the time that passed, where nothing tells that of processors.
func cpuTime() time.Duration { return time.Since(began) }
