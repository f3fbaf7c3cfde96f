package console

import (
	"os"

	"golang.org/x/sys/windows"
)

// enableEscapes makes a Windows console understand escape sequences.
func enableEscapes(file *os.File) bool {
	handle := windows.Handle(file.Fd())
	var mode uint32
	if windows.GetConsoleMode(handle, &mode) != nil {
		return false
	}
	return windows.SetConsoleMode(handle, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) == nil
}
