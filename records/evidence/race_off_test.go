//go:build !race

package evidence_test

// stride is that of the tamper matrices: every byte.
const stride = 1
