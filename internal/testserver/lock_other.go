//go:build !unix

package testserver

import "os"

// Elsewhere one suite at a time may write traffic to a file.
func lockFile(*os.File)   {}
func unlockFile(*os.File) {}
