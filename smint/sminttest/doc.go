// Package sminttest lends the fake Smint.io to tests, in the manner of
// net/http/httptest.
package sminttest
