//go:build !windows

package console

import "os"

// enableEscapes has nothing to do: terminals of other systems understand escape sequences.
func enableEscapes(*os.File) bool { return true }
