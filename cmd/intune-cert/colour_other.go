//go:build !windows

package main

import "os"

// enableColour has nothing to do: terminals of other systems understand escape sequences.
func enableColour(*os.File) bool { return true }
