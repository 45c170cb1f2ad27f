//go:build race

package evidence_test

// stride is that of the tamper matrices: the race detector slows them down
// many times, and what it looks for does not depend on which byte was changed.
const stride = 41
