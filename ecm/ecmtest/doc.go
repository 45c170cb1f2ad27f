// Package ecmtest lends the fake Extended ECM to tests, in the manner of
// net/http/httptest.
package ecmtest
