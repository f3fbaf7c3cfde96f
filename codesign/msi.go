package codesign

import (
	"bytes"
	"errors"

	"github.com/seed-230b9595/intune-go/codesign/internal/compound"
)

// isMSI says whether a file is an OLE compound file, as those of Windows Installer are: .msi, .msp and .msm.
func isMSI(start []byte) bool { return bytes.HasPrefix(start, []byte(compound.Magic)) }

// readMSI reads the signature of an installer, a stream of the root storage.
// See https://learn.microsoft.com/windows/win32/msi/digital-signatures-and-windows-installer.
func readMSI(file source) (*contents, error) {
	reader, err := compound.Open(file, file.size)
	if err != nil {
		return nil, bad("begins as an installer, but is damaged or truncated", err)
	}
	signature, err := reader.Stream("\x05DigitalSignature", maxSignature)
	switch {
	case errors.Is(err, compound.ErrNotFound):
		return nil, bad("is an installer, or another OLE compound file, that is not signed", nil)
	case errors.Is(err, compound.ErrTooLarge):
		return nil, signatureTooLarge(maxSignature)
	case err != nil:
		return nil, bad("begins as an installer, but is damaged or truncated", err)
	}
	return readSignature(signature, FormatMSI)
}
